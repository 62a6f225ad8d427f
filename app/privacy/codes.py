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
from app.privacy.vocabulary import (
    AFTERWARDS,
    ARTICLES,
    CAME,
    CARDS,
    INSTRUMENTS,
    JOINS,
    PREPOSITIONS,
    PRONOUNS,
    PROVING,
)

_TELLS = (
    FILLERS
    | JOINS
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
_NEAR_PLACE = 4
# One word that says where on something flat.
_ON_THE_BACK = frozenset({"hinten", "achterop"})
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
    "has_card_place",
    "is_clear",
    "is_code_name",
    "may_answer",
    "names_code",
    "stands_alone",
    "tells_only",
]


def codes(text: str, sequence: Sequence[Token], run: Sequence[Atom], *, asked: int) -> Iterator[tuple[int, int]]:
    """The atoms of a run that are a secret code, as (first, after the last).

    `asked`: somebody asked for one that is not given yet (ASKED), or a card's number or a code was told just now
    (LATELY), after which a number of a card's code that stands alone is one too, or a code that may be told again
    (REPEATED), which may be longer.
    """
    index = 0
    named = _is_named(text, sequence, run) or (
        asked > UNASKED and not _is_other(sequence, run[0].first) and _is_answer(text, sequence, run, asked)
    )
    while index < len(run):
        after = _code_from(text, run, index)
        if after > index and _is_measure(text, sequence, run, index, after):
            return
        if after > index and (named or _is_called_code(text, sequence, run[index].first, run[after - 1].last)):
            yield index, after
        if asked < ASKED or after == index:
            # Of several numbers the first is the code: what follows it is told for something else.
            return
        index = after


def stands_alone(text: str, sequence: Sequence[Token], run: Sequence[Atom]) -> bool:
    """Whether a number is told for itself: no word that it counts or names stands right beside it."""
    return _closes(text, sequence, run[-1].last) and _opens(text, sequence, run[0].first)


def may_answer(text: str, sequence: Sequence[Token], run: Sequence[Atom]) -> bool:
    """Whether a number among other words can be the code that was asked for.

    It is told for itself, or as what something was tried with: `it fails with 339127`, `I logged in using 339127`. A
    number behind a noun is that noun's, and behind another preposition a time, a place or an amount.
    """
    tried_with = run[0].first > 0 and sequence[run[0].first - 1].word in INSTRUMENTS
    return stands_alone(text, sequence, run) or (tried_with and _closes(text, sequence, run[-1].last))


def _closes(text: str, sequence: Sequence[Token], last: int) -> bool:
    after = sequence[last + 1] if last + 1 < len(sequence) else None
    if after is None or after.word in AFTERWARDS or after.word in FILLERS:
        return True
    return _pauses(text[sequence[last].end : after.start])


def _opens(text: str, sequence: Sequence[Token], first: int) -> bool:
    before = sequence[first - 1] if first else None
    return before is None or before.word in _TELLS or _pauses(text[before.end : sequence[first].start])


def tells_only(sequence: Sequence[Token], run: Sequence[Atom]) -> bool:
    """Whether there is nothing beside a number but words that tell it: `it's 7`, `ok, 7`."""
    return all(token.word in _TELLS for token in (*sequence[: run[0].first], *sequence[run[-1].last + 1 :]))


def has_card_place(text: str, sequence: Sequence[Token], run: Sequence[Atom]) -> bool:
    """Whether a place on a card is named beside a number that measures nothing."""
    first, last = run[0].first, run[-1].last
    if _is_measure(text, sequence, run, 0, len(run)) or _is_other(sequence, first):
        return False
    before = range(max(0, first - _NEAR_PLACE), first)
    after = range(last + 1, min(len(sequence), last + 1 + _NEAR_PLACE))
    return any(_is_place(sequence, index) for index in (*before, *after))


def _is_place(sequence: Sequence[Token], index: int) -> bool:
    """Whether this is a place of a card's: `on the back`, and neither `my money back` nor `the back of the house`."""
    if not is_back_of_card(sequence, index, named=True):
        return False
    return sequence[index].word in _ON_THE_BACK or (index > 0 and sequence[index - 1].word in _BEFORE_PLACE)


def is_code_name(words: str) -> bool:
    """Whether a field's name says that its value is a secret code: `cvv`, `securityCode`, `one_time_pin`."""
    bare = plain("".join(sign for sign in words if sign.isalnum()))
    if is_strong(bare):
        return True
    parts = [plain(part) for part in words.replace("-", " ").replace("_", " ").split()]
    if any(is_strong(part) for part in parts):
        return True
    return any(names_code_at(parts, index) for index in range(len(parts)))


def names_code(text: str, *, clearly: bool = False) -> bool:
    """Whether a text names a secret code, or else some code that is not the name of a thing."""
    sequence = tokens(text)
    least = 2 if clearly else 1
    return any(_strength(sequence, index) >= least for index in range(len(sequence)))


def _pauses(gap: str) -> bool:
    return not _PAUSES.isdisjoint(gap)


def _is_answer(text: str, sequence: Sequence[Token], run: Sequence[Atom], asked: int) -> bool:
    beside = len(sequence) - sum(atom.last - atom.first + 1 for atom in run)
    if asked == ASKED:
        return beside <= BRIEF or may_answer(text, sequence, run)
    total = sum(len(atom.digits) for atom in run)
    return beside <= BRIEFER and total <= (4 if asked == LATELY else _MOST) and stands_alone(text, sequence, run)


def _code_from(text: str, run: Sequence[Atom], index: int) -> int:
    """Where the code ends that begins with an atom; the atom's own place if none can begin there."""
    total, after = 0, index
    while after < len(run):
        size = len(run[after].digits)
        if after > index and (total >= _LEAST and not _goes_on(text, run, index, after)):
            break
        if total + size > _MOST:
            break
        total, after = total + size, after + 1
    return after if total >= _LEAST else index


def _goes_on(text: str, run: Sequence[Atom], index: int, after: int) -> bool:
    """Whether an atom belongs to the same code: digits told one by one, or two groups of one size."""
    gap = text[run[after - 1].end : run[after].start]
    before, size = len(run[after - 1].digits), len(run[after].digits)
    if run[after].value is not None or run[after - 1].value is not None:
        return True
    if size <= 2 and before <= 2:
        return len(gap.strip()) <= 1 or not gap.strip(" ,.-")
    return after == index + 1 and size == before and gap in (" ", "-", "\u00a0", ".")


def _is_named(text: str, sequence: Sequence[Token], run: Sequence[Atom]) -> bool:
    """Whether the words before a number name it as a secret code, the nearest name first."""
    first, crossed = run[0].first, False
    for step in range(1, min(first, _FURTHEST + 4) + 1):
        index = first - step
        word, gap = sequence[index].word, text[sequence[index].end : sequence[index + 1].start]
        crossed = crossed or any(sign in gap for sign in ".!;\n")
        if not word and (_ends_card(sequence, index) or (step == 2 and sequence[index + 1].word in _OR)):
            continue
        if not word or ("?" in gap and "\n" not in gap) or len(gap) > _WIDEST:
            return False
        strength = _strength(sequence, index)
        if strength > 0:
            # The nearest name decides: what stands before a code's name is told of something else.
            decided = _names(text, sequence, run, index, strength)
            if decided or strength > 1:
                return decided and (step <= _FURTHEST or strength > 1)
        ends = strength == -1 or (word in OTHER and not _ends_card(sequence, index + 1))
        if ends or ((crossed or step >= _FURTHEST) and word not in _TELLS):
            return False
    return False


def _names(text: str, sequence: Sequence[Token], run: Sequence[Atom], index: int, strength: int) -> bool:
    """Whether the name of a code at a place names this number."""
    first = run[0].first
    total = sum(len(atom.digits) for atom in run)
    between = sequence[index + 1 : first]
    gap = text[sequence[index].end : sequence[first].start]
    joined = all(_may_stand_between(token) for token in between)
    tells = ":" in gap or "=" in gap or any(token.word in JOINS for token in between)
    if strength == PLACES_ONLY:
        return total in (3, 4)
    if strength == 2:
        return not is_postal(sequence, index, run) and (
            joined or (tells and sequence[index].word not in NAMES_TOO) or not is_word_too(sequence, index)
        )
    if total < 4 or not joined or tells:
        return total >= 4 and joined
    follows = sequence[run[-1].last + 1] if run[-1].last + 1 < len(sequence) else None
    if follows is not None and (follows.word in NAMING or follows.word in OTHER):
        return False
    around = (*sequence[max(0, index - 6) : first], *sequence[run[-1].last + 1 : run[-1].last + 6])
    return any(token.word in CAME for token in around)


def _may_stand_between(token: Token) -> bool:
    small = token.word in _TELLS or token.word in PREPOSITIONS or token.word in PRONOUNS
    return small or token.word in SECRET or len(token.word) == 1


def _strength(sequence: Sequence[Token], index: int) -> int:
    """3: the back of a card; 2: this ends the name of a secret; 1: it is some code; -1: a code that names a thing."""
    word = sequence[index].word
    if not word:
        return 0
    before = sequence[index - 1] if index else None
    if is_strong(word) or spelled(sequence, index) or (before and before.digits == "2" and word in ("fa", "factor")):
        if before and before.word in NAMING:
            return -1
        return 0 if before and before.word in ("a", "an") and word in ("tan", "pin") else 2
    if is_back_of_card(sequence, index):
        return PLACES_ONLY
    words = [token.word for token in sequence[max(0, index - 4) : index + 6]]
    here = min(index, 4)
    certain = names_code_at(words, here)
    if not certain and word not in ANY_CODE:
        return 0
    return -1 if names_thing(words, here, certain=certain) else 2 if certain else 1


def _ends_card(sequence: Sequence[Token], index: int) -> bool:
    """Whether the figures at a place are the last four by which a card is told from others."""
    if index >= len(sequence) or len(sequence[index].digits) != 4:
        return False
    before = [token.word for token in sequence[max(0, index - 4) : index]]
    return bool(before) and before[-1] in _ENDING and not CARDS.isdisjoint(before)


def _is_other(sequence: Sequence[Token], first: int) -> bool:
    """Whether the words before a number name something else than a code; what it is used for is not its name."""
    if first and sequence[first - 1].word in INSTRUMENTS:
        return False
    return any(token.word in OTHER for token in sequence[max(0, first - 3) : first])


def _is_called_code(text: str, sequence: Sequence[Token], first: int, last: int) -> bool:
    """`482913 is your login code`, `482913 to log in`, `123 on the back`."""
    after = sequence[last + 1 : last + 9]
    unknown = 0
    for step, token in enumerate(after):
        before = sequence[last + step]
        gap = text[before.end : token.start]
        parts = len(gap) > 4 or any(sign in gap for sign in "?!;\n") or (step > 0 and "." in gap)
        if parts or token.digits or token.word in OTHER or token.word in NAMING:
            return False
        if is_back_of_card(sequence, last + 1 + step, named=True):
            return _stands_on_card(text, sequence, first, last + 1 + step)
        if step == 1 and before.word in _SO_AS_TO and token.word in PROVING:
            return not _is_other(sequence, first)
        if after[0].word not in JOINS:
            continue
        if _strength(sequence, last + 1 + step) > 0:
            came = after[0].word != "as" or any(earlier.word in CAME for earlier in sequence[max(0, first - 8) : first])
            return step > 0 and came and not _is_other(sequence, first)
        unknown += step > 0 and token.word not in _BETWEEN and token.word not in SECRET
        if unknown > 1:
            return False
    return False


def _stands_on_card(text: str, sequence: Sequence[Token], first: int, index: int) -> bool:
    """Whether a number of a card's code is said to stand where it stands: `123 on the back`."""
    if not _opens(text, sequence, first) or sequence[index - 1].word not in _BEFORE_PLACE:
        return False
    english = sequence[index].word != "back" or sequence[index - 2].word == "on"
    return english and len(sequence[first].digits or "123") in (1, 3, 4)


def _is_measure(text: str, sequence: Sequence[Token], run: Sequence[Atom], index: int, after: int) -> bool:
    """An amount, a share, a duration, a time or a part of a longer name is no code."""
    start, end, first, last = run[index].start, run[after - 1].end, run[index].first, run[after - 1].last
    before = text[max(0, start - 2) : start].strip()[-1:]
    behind = text[end : end + 2]
    if before in ("$", "€", "£", "#") or behind.strip()[:1] in ("$", "€", "£", "%"):
        return True
    if behind[:1] in (".", ",", "-", "/", ":") and behind[1:2].isdigit():
        return True
    sticks = text[start].isdigit() and start and text[start - 1].isalpha() and not _ends_name(sequence, first)
    if sticks or "_" in (text[max(0, start - 1) : start], behind[:1]) or behind[:1].isalpha():
        return True
    clock = sequence[first - 1].word if first and sequence[first - 1].word in _OCLOCK else ""
    # A word that only fills a pause stands before the figures of a code too: `um, five eight nine`.
    is_time = all(len(atom.digits) <= 2 for atom in run[index:after]) and after - index < (3 if clock in FILLERS else 9)
    if clock and is_time:
        return True
    follows = sequence[last + 1] if last + 1 < len(sequence) else None
    return bool(follows and follows.word in _UNITS and len(text[end : follows.start]) <= 2)


def _ends_name(sequence: Sequence[Token], first: int) -> bool:
    return first > 0 and is_strong(sequence[first - 1].word)
