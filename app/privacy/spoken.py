"""Reads the digits in a text, whether written in figures or told in words of seven languages.

A number is an `Atom`: the digits that a written group or a spoken word stands for, and where it stands. Atoms that
follow each other, with nothing between them but signs and the small words of somebody who reads a number out, are a
run. All is done in one pass over the words, so the time grows with the text's length and not faster.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_FIGURES = "0123456789"
_WORD = re.compile(r"[^\W\d_]+")
_TO_SPACES = {sign: " " for sign in range(128) if not chr(sign).isalpha()}
_LONGEST_GAP = 24
_MOST_FILLERS = 3
# Signs of amounts and shares, which stand in no number that is read out.
_PARTING = "%$€£="


class Token(NamedTuple):
    """A word in lower case without accents, or a group of figures (`digits`), at text[start:end]."""

    start: int
    end: int
    word: str
    digits: str


@dataclass(slots=True)
class Atom:
    """The digits that stand at text[start:end]; `value` is a spoken number's, `last` its last token's place."""

    start: int
    end: int
    digits: str
    first: int
    last: int
    value: int | None = None


def tokens(text: str) -> list[Token]:
    """The words and groups of figures of a text, in order."""
    sequence: list[Token] = []
    # Without the names of the fields, which cost more than all else where a text is nothing but figures.
    new = Token._make
    for match in _TOKEN.finditer(text):
        written = match.group()
        start, end = match.span()
        if written.isdigit():
            if written == "2" and sequence and sequence[-1].end == start and sequence[-1].word in _NAMED_WITH_A_FIGURE:
                continue  # CVV2 is a name
            digits = written if written.isascii() else "".join(str(unicodedata.digit(sign, 0)) for sign in written)
            sequence.append(new((start, end, "", digits)))
        else:
            word = written.lower() if written.isascii() else plain(written)
            sequence.append(new((start, end, word, "")))
    return sequence


def plain(word: str) -> str:
    """A word in lower case without accents."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def count_figures(text: str) -> int:
    """How many figures a text holds."""
    if text.isascii():
        return sum(map(text.count, _FIGURES))
    return sum(map(len, re.findall(r"\d+", text)))


def words_of(text: str) -> list[str]:
    """The words of a text in lower case and without accents; quick, for a first look."""
    if text.isascii():
        return text.lower().translate(_TO_SPACES).split()
    return _WORD.findall(plain(text))


def most_spoken_digits(words: Sequence[str]) -> int:
    """The most digits that the number words among these can stand for."""
    if _SPOKEN.isdisjoint(words):
        return 0
    return sum(_MOST_DIGITS.get(word, 0) for word in words)


def count_spoken(words: Sequence[str]) -> int:
    """How many of these words tell a number, or stand between numbers that are read out."""
    return sum(word in _MOST_DIGITS or word in FILLERS for word in words)


def runs(text: str, sequence: Sequence[Token]) -> list[list[Atom]]:
    """The runs of a text's tokens, in order."""
    numbers = _one_in_portuguese(sequence)
    groups: list[list[Atom]] = []
    run: list[Atom] = []
    fillers, repeats, since = 0, 1, 0
    for index, token in enumerate(sequence):
        if not token.digits and token.word in _TIMES and _starts_number(sequence, index + 1, numbers):
            repeats, since = _TIMES[token.word], index
            continue
        value = None if token.digits else _value(sequence, index, numbers, in_run=bool(run))
        if token.digits or value is not None:
            if run and (fillers > _MOST_FILLERS or _is_wide(text, run[-1].end, token.start)):
                groups.append(run)
                run = []
            _append(run, text, sequence, index, token, value, repeats, since)
            fillers, repeats = 0, 1
        elif token.word in FILLERS:
            fillers, repeats = fillers + 1, 1
        else:
            if run:
                groups.append(run)
                run = []
            fillers, repeats = 0, 1
    return [*groups, run] if run else groups


def _append(
    run: list[Atom],
    text: str,
    sequence: Sequence[Token],
    index: int,
    token: Token,
    value: int | None,
    repeats: int,
    since: int,
) -> None:
    if value is None and repeats == 1:
        run.append(Atom(token.start, token.end, token.digits, index, index))
        return
    first = since if repeats > 1 else index
    if value is None:
        run.append(Atom(sequence[first].start, token.end, _repeated(token.digits, repeats), first, index))
        return
    previous = run[-1] if run else None
    together = _together(previous.value, value, token.word) if previous and previous.value is not None else None
    if previous and together is not None and repeats == 1 and _adjoin(text, previous.end, token.start):
        previous.value, previous.digits, previous.end, previous.last = together, str(together), token.end, index
        return
    atom_value = value if repeats == 1 else None
    run.append(Atom(sequence[first].start, token.end, _repeated(str(value), repeats), first, index, atom_value))


def _adjoin(text: str, start: int, end: int) -> bool:
    return text[start:end].strip(" -\u00a0").lower() in _AND


def _repeated(digits: str, repeats: int) -> str:
    return digits[0] * repeats + digits[1:] if repeats > 1 else digits


def _together(before: int, value: int, word: str) -> int | None:
    """The one number that two words make: forty two, cent vingt, quatre vingt, one hundred."""
    if word in _HUNDREDS:
        return before * 100 if 1 < before < 10 or (before == 1 and word == "hundred") else None
    if word in ("vingt", "vingts") and before == 4:
        return 80
    if before % 100 == 0 and 100 <= before <= 900 and value < 100:
        return before + value
    if before % 100 in (60, 80) and 10 <= value <= 19:
        return before + value
    return before + value if before % 100 >= 20 and before % 10 == 0 and 1 <= value <= 9 else None


def _value(sequence: Sequence[Token], index: int, numbers: Mapping[str, int], *, in_run: bool) -> int | None:
    word = sequence[index].word
    if word in _ONLY_INSIDE:
        # "oh", "o" and "cent" are other words too, unless numbers stand beside them.
        follows = _starts_number(sequence, index + 1, numbers)
        return _ONLY_INSIDE[word] if follows or (in_run and word in ("oh", "hundred")) else None
    return numbers.get(word)


def _starts_number(sequence: Sequence[Token], index: int, numbers: Mapping[str, int]) -> bool:
    if index >= len(sequence):
        return False
    token = sequence[index]
    return bool(token.digits) or token.word in numbers or token.word in ("oh", "o")


def _is_wide(text: str, start: int, end: int) -> bool:
    if end - start <= 1:
        return text[start] in _PARTING if end > start else False
    gap = text[start:end]
    if len(gap) > _LONGEST_GAP or any(sign in gap for sign in _PARTING):
        return True
    # An empty line between figures alone parts nothing: so a form or a page sets out a card's groups.
    return gap.count("\n") > 1 and not (gap.isspace() and text[start - 1].isdigit() and text[end].isdigit())


def _one_in_portuguese(sequence: Sequence[Token]) -> Mapping[str, int]:
    """The number words; "um" is a filler in English, and one where other words of Portuguese stand."""
    if any(token.word in _PORTUGUESE for token in sequence):
        return _WITH_PORTUGUESE
    return NUMBER_WORDS


def _counted(words: str, start: int, step: int = 1) -> Iterator[tuple[str, int]]:
    for index, same in enumerate(words.split()):
        for word in same.split("/"):
            yield word, start + index * step


def _glued(units: Sequence[str], tens: Sequence[str], teens: Sequence[str], hundred: str, joint: str) -> dict[str, int]:
    """The numbers up to 999 of a language that writes units before tens, in one word: dreiundzwanzig."""
    below: dict[str, int] = {}
    for unit, word in enumerate(units, 1):
        below[word] = unit
        for ten, name in enumerate(tens, 2):
            below[f"{word}{joint}{name}"] = ten * 10 + unit
    below |= {name: ten * 10 for ten, name in enumerate(tens, 2)}
    below |= {word: number for number, word in enumerate(teens, 10)}
    numbers = dict(below)
    for unit, word in (0, ""), *enumerate(units, 1):
        base = (unit or 1) * 100
        numbers[f"{word}{hundred}"] = base
        numbers |= {f"{word}{hundred}{name}": base + number for name, number in below.items()}
        numbers |= {
            f"{word}{hundred}und{name}": base + number for name, number in below.items() if hundred == "hundert"
        }
    return numbers


def _italian() -> dict[str, int]:
    units = "uno due tre quattro cinque sei sette otto nove".split()
    tens = "venti trenta quaranta cinquanta sessanta settanta ottanta novanta".split()
    teens = "dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove".split()
    below = dict(enumerate(teens, 10)) | dict(enumerate(units, 1))
    for ten, name in enumerate(tens, 2):
        below[ten * 10] = name
        for unit, word in enumerate(units, 1):
            below[ten * 10 + unit] = (name[:-1] if word[0] in "uo" else name) + word
    words = {word: number for number, word in below.items()}
    for unit, word in (1, ""), *list(enumerate(units, 1))[1:]:
        words[f"{word}cento"] = unit * 100
        words |= {f"{word}cento{name}": unit * 100 + number for number, name in below.items()}
    return words


_GERMAN = _glued(
    "ein zwei drei vier funf sechs sieben acht neun".split(),
    "zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig".split(),
    "zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn".split(),
    "hundert",
    "und",
)
_DUTCH = _glued(
    "een twee drie vier vijf zes zeven acht negen".split(),
    "twintig dertig veertig vijftig zestig zeventig tachtig negentig".split(),
    "tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien".split(),
    "honderd",
    "en",
)
NUMBER_WORDS: Mapping[str, int] = {
    **_GERMAN,
    **_DUTCH,
    **_italian(),
    **dict(_counted("zero/nought/naught/null/nul/cero one two three four five six seven eight nine/niner", 0)),
    **dict(_counted("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 10)),
    **dict(_counted("twenty thirty forty/fourty fifty sixty seventy eighty ninety", 20, 10)),
    **dict(_counted("eins/un/une zwo/deux trois quatre/quatro cinq/cinco six/seis sept/sete huit/oito neuf/nove", 1)),
    **dict(_counted("dix/dez onze douze/doze treize/treze quatorze/catorze quinze seize", 10)),
    **dict(_counted("dixsept/dezessete/dezassete dixhuit/dezoito dixneuf/dezenove/dezanove", 17)),
    **dict(_counted("vingt/vingts/vinte/veinte trente/trinta/treinta quarante/quarenta/cuarenta", 20, 10)),
    **dict(_counted("cinquante/cinquenta/cincuenta soixante/sessenta/sesenta septante/setenta", 50, 10)),
    **dict(_counted("huitante/octante/oitenta/ochenta nonante/noventa", 80, 10)),
    **dict(_counted("uno/una dos/dois tres cuatro/quattro cinco seis siete ocho nueve diez onze doce trece", 1)),
    **dict(_counted("catorce quince dieciseis diecisiete dieciocho diecinueve veinte veintiuno/veintiun", 14)),
    **dict(_counted("veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve", 22)),
    **dict(_counted("ciento/cento doscientos/duzentos trescientos/trezentos cuatrocientos/quatrocentos", 100, 100)),
    **dict(_counted("quinientos/quinhentos seiscientos/seiscentos setecientos/setecentos", 500, 100)),
    **dict(_counted("ochocientos/oitocentos novecientos/novecentos", 800, 100)),
    "duas": 2,
    "meia": 6,
    "drieentwintig": 23,
    "tweeentwintig": 22,
    "fuenf": 5,
    "zwoelf": 12,
}
_NAMED_WITH_A_FIGURE = frozenset({"cvv", "cvc", "cvn", "cav"})
_ONLY_INSIDE: Mapping[str, int] = {"oh": 0, "o": 0, "once": 11, "cent": 100, "hundred": 100}
_HUNDREDS = frozenset({"cent", "cents", "hundred"})
# Some are Spanish or Italian too, where nobody fills a pause with "um".
_PORTUGUESE = frozenset(
    {"dois", "duas", "quatro", "oito", "sete", "seis", "cinco", "tres", "nove", "seguranca", "cartao"}
)
_WITH_PORTUGUESE: Mapping[str, int] = {**NUMBER_WORDS, "um": 1, "uma": 1}
_TIMES: Mapping[str, int] = {
    **dict.fromkeys("double dbl doppel doppelt doble duplo doppio dubbel dubbele".split(), 2),
    **dict.fromkeys("triple treble dreifach triplo tripel".split(), 3),
    "quadruple": 4,
}
_MOST_DIGITS: Mapping[str, int] = {
    **{word: len(str(value)) for word, value in (*NUMBER_WORDS.items(), *_ONLY_INSIDE.items())},
    **dict.fromkeys(_TIMES, 3),
    **dict.fromkeys(("um", "uma"), 1),
}
_SPOKEN = frozenset(_MOST_DIGITS)
_AND = frozenset({"", "and", "et", "y", "e", "und", "en"})
FILLERS = frozenset(
    """um uh uhm umm er erm ah eh hm hmm mm oh so then and dash hyphen space minus stroke slash next comma dot point
    aeh ahm ahem also dann und danach strich bindestrich leerzeichen euh ben puis et ensuite tiret espace este pues
    luego y guion espacio e depois traco ponto poi ecco trattino spazio dan en streepje spatie ok okay yes yeah like
    well sorry wait again""".split()
)


def shape_of(atoms: Sequence[Atom]) -> tuple[int, ...]:
    """How many digits each atom of a run has."""
    return tuple(len(atom.digits) for atom in atoms)


def gaps_of(text: str, atoms: Sequence[Atom]) -> set[str]:
    """What stands between the atoms of a run."""
    return {text[before.end : after.start] for before, after in pairwise(atoms)}
