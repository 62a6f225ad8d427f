"""Finds whole numbers of payment cards: by the issuer's prefix and length, Luhn's check digit, and how they stand.

A number of a length that cards usually have, in one piece or in a card's groups, counts wherever it stands, unless it
is named right before as something else (an order, a parcel, a device). Any other length or grouping counts only where
a card is spoken of nearby: one order number in fifty would pass prefix and check digit by chance.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from app.privacy.spoken import Atom, Token, gaps_of, shape_of

_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}(?:\d\d)?|35\d{14}"
    r"|(?:5[06-8]|6\d)\d{10,17}"
)
# Lengths by first digit, the likeliest first; of these only the first groups count without a card nearby.
_LENGTHS = {"2": (16,), "3": (16, 15, 14), "4": (16, 19, 13), "5": (16, 19, 18, 17, 15, 14, 13, 12)}
_LENGTHS["6"] = _LENGTHS["5"]
_COMMON = {("2", 16), ("3", 16), ("3", 15), ("3", 14), ("4", 16), ("4", 19), ("5", 16), ("6", 16), ("6", 19)}
_LIKE_A_CARD = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (6, 13), (4, 5, 6), (4, 4, 4, 2), (8, 8)}
_CARD_WORDS = frozenset(
    """card cards visa mastercard amex maestro discover diners jcb unionpay debit credit pan cvv cvc expiry expires exp
    karte karten kartennummer kreditkarte kreditkartennummer girokarte bankkarte debitkarte carte cartes cb tarjeta
    tarjetas cartao cartoes carta kaart kaartnummer creditcard creditcardnummer bankpas pas pago payment cardnumber
    bancomat postepay""".split()
)
_OTHER_NAMES = frozenset(
    """order orders booking reservation tracking parcel shipment package consignment invoice ticket case reference ref
    imei serial device sku ean isbn article item product customer member membership account contract policy policynr
    confirmation transaction bestellung bestellnummer auftrag auftragsnummer sendung sendungsnummer paket rechnung
    rechnungsnummer kundennummer vertragsnummer seriennummer kontonummer commande colis facture suivi client pedido
    envio factura seguimiento rastreio encomenda fatura ordine spedizione fattura bestelling pakket factuur klantnummer
    phone telephone mobile telefon handy call""".split()
)
_JOINTS = frozenset(
    """number numbers no nr num id ids is was the code ref it s of for my your our ist lautet nummer numero numero de
    del da di est es e the number""".split()
)
_NEAR = 12
_BEFORE = 6
_MOST_BESIDE = 3


def is_card(digits: str) -> bool:
    """Whether these digits are a card's number."""
    return bool(_ISSUERS.fullmatch(digits)) and passes_luhn(digits)


def passes_luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812: every second digit from the right doubled, the digits summed, modulo ten."""
    doubled = (divmod(2 * int(digit), 10) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(map(sum, doubled))) % 10 == 0


def cards(text: str, found: Sequence[Token], run: Sequence[Atom]) -> Iterator[tuple[int, int]]:
    """The atoms of a run that make a card's number, as (first, after the last), from left to right."""
    digits = "".join(one.digits for one in run)
    if len(digits) < 12:
        return
    ends = list(accumulate(len(one.digits) for one in run))
    place_of = {end: place for place, end in enumerate(ends, 1)}
    sums = _luhn_sums(digits)
    start, place = 0, 0
    while place < len(run):
        length = next((one for one in _lengths(digits, start) if _fits(digits, sums, start, one, place_of)), 0)
        after = place_of.get(start + length, 0)
        if length and _counts(text, found, run[place:after], digits[start : start + length]):
            yield place, after
            place = after
        else:
            place += 1
        start = ends[place - 1]


def _lengths(digits: str, start: int) -> tuple[int, ...]:
    return _LENGTHS.get(digits[start], ()) if start < len(digits) else ()


def _fits(digits: str, sums: tuple[list[int], list[int]], start: int, length: int, place_of: dict[int, int]) -> bool:
    end = start + length
    if end not in place_of:
        return False
    total = sums[end % 2][end] - sums[end % 2][start]
    return total % 10 == 0 and bool(_ISSUERS.fullmatch(digits, start, end))


def _luhn_sums(digits: str) -> tuple[list[int], list[int]]:
    """For numbers that end at an even, and at an odd place: what all digits up to each place add to the check sum."""
    plain = [int(one) for one in digits]
    doubled = [one * 2 - 9 if one > 4 else one * 2 for one in plain]
    even = [doubled[at] if at % 2 == 0 else plain[at] for at in range(len(plain))]
    odd = [plain[at] if at % 2 == 0 else doubled[at] for at in range(len(plain))]
    return list(accumulate(even, initial=0)), list(accumulate(odd, initial=0))


def _counts(text: str, found: Sequence[Token], atoms: Sequence[Atom], digits: str) -> bool:
    if _sticks(text, found, atoms):
        return False
    first = atoms[0].first
    if len(atoms) == 1 and _is_named_otherwise(found, first):
        return False
    if _speaks_of_card(found, first, atoms[-1].last):
        return True
    international = text[max(0, atoms[0].start - 1) : atoms[0].start] == "+"
    if international or len(set(digits)) == 1 or (digits[0], len(digits)) not in _COMMON:
        return False
    return len(atoms) == 1 or _is_written_like_a_card(text, found, atoms)


def _is_written_like_a_card(text: str, found: Sequence[Token], atoms: Sequence[Atom]) -> bool:
    spoken = sum(not text[one.start : one.end].strip()[:1].isdigit() for one in atoms)
    if spoken * 2 >= len(atoms):
        return True
    # Numbers with commas between them are a list, unless nothing else was said.
    listed = any("," in gap for gap in gaps_of(text, atoms)) and len(found) - len(atoms) > _MOST_BESIDE
    return not listed and _is_grouped(text, atoms)


def _sticks(text: str, found: Sequence[Token], atoms: Sequence[Atom]) -> bool:
    """Figures right behind letters are part of a name (AB1234), unless the letters say what they are (card4242)."""
    before = found[atoms[0].first - 1] if atoms[0].first else None
    if before and before.end == atoms[0].start and before.word and text[atoms[0].start].isdigit():
        return before.word not in _CARD_WORDS and before.word not in _JOINTS
    return False


def _is_grouped(text: str, atoms: Sequence[Atom]) -> bool:
    shape = shape_of(atoms)
    even = len(set(shape[:-1])) == 1 and shape[-1] <= shape[0] and shape[0] <= 6
    return (shape in _LIKE_A_CARD or even) and all(len(gap) <= 4 for gap in gaps_of(text, atoms))


def _speaks_of_card(found: Sequence[Token], first: int, last: int) -> bool:
    near = (*found[max(0, first - _NEAR) : first], *found[last + 1 : last + 1 + _BEFORE])
    return any(one.word in _CARD_WORDS for one in near)


def _is_named_otherwise(found: Sequence[Token], first: int) -> bool:
    for one in reversed(found[max(0, first - _BEFORE) : first]):
        if one.word in _OTHER_NAMES:
            return True
        if one.word not in _JOINTS:
            return False
    return False


def is_part(atoms: Sequence[Atom]) -> bool:
    """Whether a run may be a part of a card's number that is told piece by piece."""
    return 4 <= sum(shape_of(atoms)) <= 15 and all(len(one.digits) <= 12 for one in atoms)


def completes(before: str, run: Sequence[Atom]) -> int:
    """How many atoms of a run end the card's number that `before` (figures, grouped by spaces) begins; 0 if none."""
    groups = before.split()
    for start in range(len(groups)):
        begun = "".join(groups[start:])
        for after in range(1, min(len(run), 19) + 1):
            digits = begun + "".join(one.digits for one in run[:after])
            if len(digits) > 19:
                break
            if (digits[0], len(digits)) in _COMMON and is_card(digits) and len(begun) < len(digits):
                return after
    return 0
