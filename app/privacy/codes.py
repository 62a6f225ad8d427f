"""Finds what proves who somebody is and has no shape of its own: card security codes, PINs, TANs, one-time codes.

They are told by the words around them: by a name before them (`CVV 123`, `the security code is one two three`), by
what is said of them after (`123 is your code`, `123 on the back`), or by the question that they answer. A code of
which the words beside it say that it names a thing (an order, an error, a box) is none.
"""

from collections.abc import Iterator, Sequence

from app.privacy.code_names import (
    ANY_CODE,
    NAMES_TOO,
    NAMING,
    OTHER,
    PLACES_ONLY,
    SECRET,
    is_back_of_card,
    is_clear,
    is_postal,
    is_strong,
    is_word_too,
    names_code_at,
    names_thing,
    spelled,
)
from app.privacy.spoken import FILLERS, Atom, Token, plain, tokens
from app.privacy.vocabulary import AFTERWARDS, ARTICLES, CAME, CARDS, INSTRUMENTS, IS, PREPOSITIONS, PRONOUNS, PROVING

_TELLS = (
    FILLERS
    | IS
    | CAME
    | ARTICLES
    | CARDS
    | frozenset(
        """it its that this here goes code number you me just now for on back of and hier et voici c aqui ecco three
        four six digit digits value field as follows login new again still today which den zijn""".split()
    )
)
_UNITS = frozenset(
    """dollars dollar euros euro eur usd gbp chf pounds pound cents percent times time days day weeks week hours hour
    minutes minute mins seconds second months month years year attempts tries people items mal tage tag stunden minuten
    sekunden wochen jahre fois jours heures minutes veces dias horas minutos vezes volte giorni ore minuti keer dagen
    uur uren kg km gb mb ml cm st street am pm uhr st nd rd th prozent points punkte puntos punti pontos
    punten""".split()
)
_OR = frozenset({"or", "oder", "ou", "o", "of"})
_BEFORE_PLACE = frozenset("the au al no auf der sul op de en el dem del".split())
_BETWEEN = frozenset("your my the a one time new dein ihr mein der die das le la mon il el su tu mi seu".split())
_SO_AS_TO = frozenset("to zum zur pour para per om voor a".split())
_ENDING = frozenset(
    "ending ends in last four auf endet endend par terminant en terminada con final op eindigend".split()
)
_OCLOCK = frozenset({"at", "um", "om", "alle", "around", "gegen", "vers", "las", "since"})
_PAUSES = frozenset(',.:;!?\n()[]"“”…–—')
_FURTHEST = 8
_WIDEST = 24
_LEAST, _MOST = 3, 8
# How many words may stand beside a number that is an answer, and beside one that nobody asked for.
BRIEF, BRIEFER = 6, 6

UNASKED, LATELY, REPEATED, ASKED = range(4)

__all__ = [
    "ASKED",
    "LATELY",
    "REPEATED",
    "UNASKED",
    "codes",
    "is_clear",
    "is_code_name",
    "may_answer",
    "names_code",
    "stands_alone",
]


def codes(text: str, found: Sequence[Token], run: Sequence[Atom], *, asked: int) -> Iterator[tuple[int, int]]:
    """The atoms of a run that are a secret code, as (first, after the last).

    `asked`: somebody asked for one that is not given yet (ASKED), or a card's number or a code was told just now
    (LATELY), after which a number of a card's code that stands alone is one too, or a code that may be told again
    (REPEATED), which may be longer.
    """
    place = 0
    named = _is_named(text, found, run) or (
        asked > UNASKED and not _is_other(found, run[0].first) and _is_answer(text, found, run, asked)
    )
    while place < len(run):
        after = _code_from(text, run, place)
        if after > place and _is_measure(text, found, run, place, after):
            return
        if after > place and (named or _is_called_code(text, found, run[place].first, run[after - 1].last)):
            yield place, after
        if asked < ASKED or after == place:
            # Of several numbers the first is the code: what follows it is told for something else.
            return
        place = after


def stands_alone(text: str, found: Sequence[Token], run: Sequence[Atom]) -> bool:
    """Whether a number is told for itself: no word that it counts or names stands right beside it."""
    return _closes(text, found, run[-1].last) and _opens(text, found, run[0].first)


def may_answer(text: str, found: Sequence[Token], run: Sequence[Atom]) -> bool:
    """Whether a number among other words can be the code that was asked for.

    It is told for itself, or as what something was tried with: `it fails with 339127`, `I logged in using 339127`. A
    number behind a noun is that noun's, and behind another preposition a time, a place or an amount.
    """
    tried_with = run[0].first > 0 and found[run[0].first - 1].word in INSTRUMENTS
    return stands_alone(text, found, run) or (tried_with and _closes(text, found, run[-1].last))


def _closes(text: str, found: Sequence[Token], last: int) -> bool:
    after = found[last + 1] if last + 1 < len(found) else None
    if after is None or after.word in AFTERWARDS or after.word in FILLERS:
        return True
    return _pauses(text[found[last].end : after.start])


def _opens(text: str, found: Sequence[Token], first: int) -> bool:
    before = found[first - 1] if first else None
    return before is None or before.word in _TELLS or _pauses(text[before.end : found[first].start])


def is_code_name(words: str) -> bool:
    """Whether a field's name says that its value is a secret code: `cvv`, `securityCode`, `one_time_pin`."""
    bare = plain("".join(sign for sign in words if sign.isalnum()))
    if is_strong(bare):
        return True
    parts = [plain(one) for one in words.replace("-", " ").replace("_", " ").split()]
    if any(is_strong(one) for one in parts):
        return True
    return any(names_code_at(parts, place) for place in range(len(parts)))


def names_code(text: str, *, clearly: bool = False) -> bool:
    """Whether a text names a secret code, or else some code that is not the name of a thing."""
    found = tokens(text)
    least = 2 if clearly else 1
    return any(_strength(found, place) >= least for place in range(len(found)))


def _pauses(gap: str) -> bool:
    return not _PAUSES.isdisjoint(gap)


def _is_answer(text: str, found: Sequence[Token], run: Sequence[Atom], asked: int) -> bool:
    beside = len(found) - sum(one.last - one.first + 1 for one in run)
    if asked == ASKED:
        return beside <= BRIEF or may_answer(text, found, run)
    total = sum(len(one.digits) for one in run)
    return beside <= BRIEFER and total <= (4 if asked == LATELY else _MOST) and stands_alone(text, found, run)


def _code_from(text: str, run: Sequence[Atom], place: int) -> int:
    """Where the code ends that begins with an atom; the atom's own place if none can begin there."""
    total, after = 0, place
    while after < len(run):
        size = len(run[after].digits)
        if after > place and (total >= _LEAST and not _goes_on(text, run, place, after)):
            break
        if total + size > _MOST:
            break
        total, after = total + size, after + 1
    return after if total >= _LEAST else place


def _goes_on(text: str, run: Sequence[Atom], place: int, after: int) -> bool:
    """Whether an atom belongs to the same code: digits told one by one, or two groups of one size."""
    gap = text[run[after - 1].end : run[after].start]
    before, size = len(run[after - 1].digits), len(run[after].digits)
    if run[after].value is not None or run[after - 1].value is not None:
        return True
    if size <= 2 and before <= 2:
        return len(gap.strip()) <= 1 or not gap.strip(" ,.-")
    return after == place + 1 and size == before and gap in (" ", "-", "\u00a0", ".")


def _is_named(text: str, found: Sequence[Token], run: Sequence[Atom]) -> bool:
    """Whether the words before a number name it as a secret code, the nearest name first."""
    first, crossed = run[0].first, False
    for step in range(1, min(first, _FURTHEST + 4) + 1):
        place = first - step
        word, gap = found[place].word, text[found[place].end : found[place + 1].start]
        crossed = crossed or any(sign in gap for sign in ".!;\n")
        if not word and (_ends_card(found, place) or (step == 2 and found[place + 1].word in _OR)):
            continue
        if not word or ("?" in gap and "\n" not in gap) or len(gap) > _WIDEST:
            return False
        strength = _strength(found, place)
        if strength > 0:
            # The nearest name decides: what stands before a code's name is told of something else.
            decided = _names(text, found, run, place, strength)
            if decided or strength > 1:
                return decided and (step <= _FURTHEST or strength > 1)
        ends = strength == -1 or (word in OTHER and not _ends_card(found, place + 1))
        if ends or ((crossed or step >= _FURTHEST) and word not in _TELLS):
            return False
    return False


def _names(text: str, found: Sequence[Token], run: Sequence[Atom], place: int, strength: int) -> bool:
    """Whether the name of a code at a place names this number."""
    first = run[0].first
    total = sum(len(one.digits) for one in run)
    between = found[place + 1 : first]
    gap = text[found[place].end : found[first].start]
    joined = all(_may_stand_between(one) for one in between)
    tells = ":" in gap or "=" in gap or any(one.word in IS for one in between)
    if strength == PLACES_ONLY:
        return total in (3, 4)
    if strength == 2:
        return not is_postal(found, place, run) and (
            joined or (tells and found[place].word not in NAMES_TOO) or not is_word_too(found, place)
        )
    if total < 4 or not joined or tells:
        return total >= 4 and joined
    follows = found[run[-1].last + 1] if run[-1].last + 1 < len(found) else None
    if follows is not None and (follows.word in NAMING or follows.word in OTHER):
        return False
    around = (*found[max(0, place - 6) : first], *found[run[-1].last + 1 : run[-1].last + 6])
    return any(one.word in CAME for one in around)


def _may_stand_between(one: Token) -> bool:
    told = one.word in _TELLS or one.word in PREPOSITIONS or one.word in PRONOUNS
    return told or one.word in SECRET or len(one.word) == 1


def _strength(found: Sequence[Token], place: int) -> int:
    """3: the back of a card; 2: this ends the name of a secret; 1: it is some code; -1: a code that names a thing."""
    word = found[place].word
    if not word:
        return 0
    before = found[place - 1] if place else None
    if is_strong(word) or spelled(found, place) or (before and before.digits == "2" and word in ("fa", "factor")):
        if before and before.word in NAMING:
            return -1
        return 0 if before and before.word in ("a", "an") and word in ("tan", "pin") else 2
    if is_back_of_card(found, place):
        return PLACES_ONLY
    words = [one.word for one in found[max(0, place - 4) : place + 6]]
    here = min(place, 4)
    certain = names_code_at(words, here)
    if not certain and word not in ANY_CODE:
        return 0
    return -1 if names_thing(words, here, certain=certain) else 2 if certain else 1


def _ends_card(found: Sequence[Token], place: int) -> bool:
    """Whether the figures at a place are the last four by which a card is told from others."""
    if place >= len(found) or len(found[place].digits) != 4:
        return False
    before = [one.word for one in found[max(0, place - 4) : place]]
    return bool(before) and before[-1] in _ENDING and not CARDS.isdisjoint(before)


def _is_other(found: Sequence[Token], first: int) -> bool:
    """Whether the words before a number name something else than a code; what it is used for is not its name."""
    if first and found[first - 1].word in INSTRUMENTS:
        return False
    return any(one.word in OTHER for one in found[max(0, first - 3) : first])


def _is_called_code(text: str, found: Sequence[Token], first: int, last: int) -> bool:
    """`482913 is your login code`, `482913 to log in`, `123 on the back`."""
    after = found[last + 1 : last + 9]
    unknown = 0
    for step, one in enumerate(after):
        before = found[last + step]
        gap = text[before.end : one.start]
        parts = len(gap) > 4 or any(sign in gap for sign in "?!;\n") or (step > 0 and "." in gap)
        if parts or one.digits or one.word in OTHER or one.word in NAMING:
            return False
        if is_back_of_card(found, last + 1 + step, named=True):
            return _stands_on_card(text, found, first, last + 1 + step)
        if step == 1 and before.word in _SO_AS_TO and one.word in PROVING:
            return not _is_other(found, first)
        if after[0].word not in IS:
            continue
        if _strength(found, last + 1 + step) > 0:
            came = after[0].word != "as" or any(two.word in CAME for two in found[max(0, first - 8) : first])
            return step > 0 and came and not _is_other(found, first)
        unknown += step > 0 and one.word not in _BETWEEN and one.word not in SECRET
        if unknown > 1:
            return False
    return False


def _stands_on_card(text: str, found: Sequence[Token], first: int, place: int) -> bool:
    """Whether a number of a card's code is said to stand where it stands: `123 on the back`."""
    if not _opens(text, found, first) or found[place - 1].word not in _BEFORE_PLACE:
        return False
    english = found[place].word != "back" or found[place - 2].word == "on"
    return english and len(found[first].digits or "123") in (1, 3, 4)


def _is_measure(text: str, found: Sequence[Token], run: Sequence[Atom], place: int, after: int) -> bool:
    """An amount, a share, a duration, a time or a part of a longer name is no code."""
    start, end, first, last = run[place].start, run[after - 1].end, run[place].first, run[after - 1].last
    before = text[max(0, start - 2) : start].strip()[-1:]
    behind = text[end : end + 2]
    if before in ("$", "€", "£", "#") or behind.strip()[:1] in ("$", "€", "£", "%"):
        return True
    if behind[:1] in (".", ",", "-", "/", ":") and behind[1:2].isdigit():
        return True
    sticks = text[start].isdigit() and start and text[start - 1].isalpha() and not _ends_name(found, first)
    if sticks or "_" in (text[max(0, start - 1) : start], behind[:1]) or behind[:1].isalpha():
        return True
    if first and found[first - 1].word in _OCLOCK and all(len(one.digits) <= 2 for one in run[place:after]):
        return True
    follows = found[last + 1] if last + 1 < len(found) else None
    return bool(follows and follows.word in _UNITS and len(text[end : follows.start]) <= 2)


def _ends_name(found: Sequence[Token], first: int) -> bool:
    return first > 0 and is_strong(found[first - 1].word)
