"""What became of a matter in the rest of the talk: taken back by the customer, carried out by our side, or over.

A later sentence closes an earlier one of the customer's where both are about the same and the later one, or a clause of
it, is read as a withdrawal, as something done, or as relief. A withdrawal that names no matter takes back what the
customer wanted last. What is said of the matter after that opens it again.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from app.budget import spend
from app.caching import text_cache
from app.nlu.act_labels import Act
from app.nlu.classifier import SentenceReading, read
from app.nlu.courtesies import is_courtesy
from app.nlu.features import Setting
from app.nlu.languages import function_words
from app.nlu.wish_states import MOST_LATER
from app.nlu.words import terms

SURE = 0.5
SURE_OF_DEED = 0.55
_SURE_OF_WITHDRAWAL = 0.35
_MAY_BE_CLOSED = (Act.REQUEST, Act.QUESTION, Act.REPORT, Act.COMPLAINT, Act.CONDITION)
_TROUBLE = (Act.REPORT, Act.COMPLAINT)
_DEED = (Act.REPORT, Act.ANSWER, Act.PROMISE, Act.OTHER)
_OPENING = (Act.COMPLAINT, Act.REQUEST, Act.QUESTION)
_PAUSE = re.compile(r"(?<=[,;:–—])\s+")
_FEWEST_WORDS = 3
_FEWEST_OF_TROUBLE = 2
_SHORTEST_ALIKE = 5
_LEAST_ALIKE = 0.7
_LEAST_SHARED = 0.5


class TalkSentence(NamedTuple):
    """A sentence of a talk: who says it, in which of the messages, what it does, and what it is about.

    `speaker` tells several people on the customer's side apart, where the platform does.
    """

    text: str
    by_customer: bool
    message: int
    reading: SentenceReading
    terms: tuple[str, ...]
    speaker: str | None = None


class Closed(Enum):
    """How a matter was closed."""

    DONE = "done"
    WITHDRAWN = "withdrawn"


class Ending(NamedTuple):
    """How a matter was closed, and by which of the sentences."""

    how: Closed
    by: int


def warns(reading: SentenceReading) -> bool:
    """Whether a sentence only says what the customer will do if the matter is not settled, and wants nothing more."""
    return reading.warning >= SURE and reading.warning > reading.wish


def wishes_anew(sentence: str, reading: SentenceReading, taken_back: Iterable[str]) -> bool:
    """Whether a sentence that takes something back goes on to a new wish: `don't send it, just refund me`.

    `taken_back` are the terms of what it takes back.
    """
    if reading.act is not Act.WITHDRAWAL:
        return False
    back = set(taken_back)
    others = (clause for clause in clauses(sentence)[1:] if not akin(terms(clause), back))
    return any(read_clause(clause).acts[Act.REQUEST] >= SURE for clause in others)


def akin(words: Iterable[str], others: Iterable[str]) -> bool:
    """Whether two sets of terms share one, or one that only ends otherwise: `umtauschen`, `Umtausch`."""
    first, second = set(words), set(others)
    if not first.isdisjoint(second):
        return True
    if _beginnings(first).isdisjoint(_beginnings(second)):
        return False
    return any(_alike(word, other) for word in first for other in second)


def _beginnings(words: Iterable[str]) -> frozenset[str]:
    """How words begin: two words can only be alike where this is the same."""
    return frozenset(word[:_SHORTEST_ALIKE] for word in words)


def _alike(word: str, other: str) -> bool:
    shorter, longer = sorted((word, other), key=len)
    least = max(_SHORTEST_ALIKE, _LEAST_ALIKE * len(longer))
    return len(shorter) >= least and shorter[:1] == longer[:1] and _common(shorter, longer) >= least


def _common(word: str, other: str) -> int:
    """So many letters two words begin with alike."""
    return next((at for at, pair in enumerate(zip(word, other, strict=False)) if pair[0] != pair[1]), len(word))


@text_cache(maxsize=4096)
def clauses(sentence: str) -> tuple[str, ...]:
    """The clauses of a sentence, by its commas; one of a word or two is joined to the next."""
    joined: list[str] = []
    for piece in _PAUSE.split(sentence):
        if joined and len(joined[-1].split()) < _FEWEST_WORDS:
            joined[-1] = f"{joined[-1]} {piece}"
        else:
            joined.append(piece)
    return tuple(joined)


def closings(spoken: Sequence[TalkSentence]) -> Mapping[int, Ending]:
    """Which of the customer's sentences were closed by a later one, by their places."""
    matters = [index for index, sentence in enumerate(spoken) if _may_be_closed(sentence)]
    words = [frozenset(sentence.terms) for sentence in spoken]
    beginnings = list(map(_beginnings, words))
    closed: dict[int, Ending] = {}
    for at, later in enumerate(spoken):
        spend()
        near = matters[bisect_left(matters, at - MOST_LATER) : bisect_left(matters, at)]
        earlier = [index for index in near if spoken[index].message != later.message]
        related = [
            index
            for index in earlier
            if not words[index].isdisjoint(words[at])
            or (not beginnings[index].isdisjoint(beginnings[at]) and akin(words[index], words[at]))
        ]
        if later.by_customer:
            if later.reading.relief >= SURE and not is_courtesy(later.text):
                relieved = _relieved(related, [index for index in earlier if is_trouble(spoken[index].reading)], spoken)
                closed.update({index: Ending(Closed.DONE, at) for index in relieved})
            taken_back = _taking_back(later) if earlier else []
            withdrawn = [index for index in related if any(akin(words[index], clause) for clause in taken_back)]
            if taken_back and not _names_any(later, [words[index] for index in related]) and _takes_back_alone(later):
                theirs = [index for index in earlier if _may_be_of_one(spoken[index], later)]
                withdrawn = [index for index in _wanted_last(theirs, spoken) if index not in closed]
            closed.update({index: Ending(Closed.WITHDRAWN, at) for index in withdrawn})
            if later.reading.act in _OPENING:
                for index in set(related).difference(withdrawn):
                    closed.pop(index, None)
        elif is_deed(later):
            is_bare = not related and _is_bare(later)
            meant = _wanted_last(earlier, spoken) if is_bare else _meant(related, later, spoken)
            closed.update({index: Ending(Closed.DONE, at) for index in meant if index not in closed})
    return closed


def _relieved(related: Sequence[int], troubles: Sequence[int], spoken: Sequence[TalkSentence]) -> Sequence[int]:
    """Which troubles are over: those that are spoken of, or what one message told where no other trouble was told."""
    meant = [index for index in troubles if index in related]
    lone = len({spoken[index].message for index in troubles}) == 1
    return meant or (troubles if lone else [])


def _meant(related: Sequence[int], deed: TalkSentence, spoken: Sequence[TalkSentence]) -> list[int]:
    """Which of the matters a deed is about: those that share most with it, and at least half of what it tells.

    Of a deed that tells more than that, the course of the talk has to say whether it was what was wanted.
    """
    content = set(deed.terms) - function_words()
    counts = {index: shared(content, spoken[index].terms) for index in related}
    most = max(counts.values(), default=0)
    least = {index: _FEWEST_OF_TROUBLE if is_trouble(spoken[index].reading) else 1 for index in related}
    is_full = most >= _LEAST_SHARED * len(content)
    return [index for index, count in counts.items() if is_full and count == most and count >= least[index]]


def shared(words: Iterable[str], others: Iterable[str]) -> int:
    """How many of the words are akin to one of the others."""
    first, second = set(words), set(others)
    if _beginnings(first).isdisjoint(_beginnings(second)):
        return 0
    return len(first & second) + sum(akin((word,), second) for word in first - second)


def _may_be_closed(sentence: TalkSentence) -> bool:
    return sentence.by_customer and sentence.reading.act in _MAY_BE_CLOSED and bool(sentence.terms)


def _is_bare(deed: TalkSentence) -> bool:
    """Whether a deed names no matter, as `done` and `all set` do: it answers what was wanted last.

    Who reports at such length (`I have passed it on`) may have done something else.
    """
    return len(_content(deed.terms)) <= 1 and deed.reading.act is not Act.REPORT


def _names_any(sentence: TalkSentence, matters: Iterable[frozenset[str]]) -> bool:
    """Whether a sentence says what it is about: whether it shares a word with one of the matters."""
    content = _content(sentence.terms)
    return any(akin(matter, content) for matter in matters)


def _wanted_last(matters: Sequence[int], spoken: Sequence[TalkSentence]) -> list[int]:
    """What the newest of the messages wants in which any of these matters is wanted."""
    wanted = [index for index in matters if _wants(spoken[index])]
    newest = max((spoken[index].message for index in wanted), default=None)
    return [index for index in wanted if spoken[index].message == newest]


def _wants(sentence: TalkSentence) -> bool:
    reading = sentence.reading
    return not warns(reading) and (reading.wish >= SURE or reading.acts[Act.REQUEST] >= SURE)


def _may_be_of_one(sentence: TalkSentence, other: TalkSentence) -> bool:
    """Whether one person may have said both."""
    return None in (sentence.speaker, other.speaker) or sentence.speaker == other.speaker


def _takes_back_alone(sentence: TalkSentence) -> bool:
    """Whether a sentence takes something back as a whole, and neither wants anew nor tells that a trouble is over."""
    reading = sentence.reading
    if reading.act is not Act.WITHDRAWAL or reading.relief >= SURE or warns(reading):
        return False
    readings = map(read_clause, clauses(sentence.text))
    return not any(
        reading.acts[Act.REQUEST] >= SURE and reading.acts[Act.WITHDRAWAL] < _SURE_OF_WITHDRAWAL for reading in readings
    )


def _taking_back(sentence: TalkSentence) -> list[frozenset[str]]:
    """What the clauses of a customer's sentence that take something back are about, a set of terms for each."""
    if sentence.reading.acts[Act.WITHDRAWAL] >= SURE:
        return [_content(sentence.terms)]
    parts = clauses(sentence.text)
    if len(parts) == 1:
        is_sure = sentence.reading.acts[Act.WITHDRAWAL] >= _SURE_OF_WITHDRAWAL
        return [_content(sentence.terms)] if is_sure else []
    return [_content(terms(part)) for part in parts if read_clause(part).acts[Act.WITHDRAWAL] >= _SURE_OF_WITHDRAWAL]


def _content(words: Iterable[str]) -> frozenset[str]:
    """The terms that name something: `ich` and `es`, terms where only English has stop words, name nothing."""
    return frozenset(words) - function_words()


def read_clause(clause: str) -> SentenceReading:
    """The reading of a clause of a customer's, by itself."""
    return read(clause.strip(" ,;:–—"), Setting(by_customer=True, turn=1))


def is_trouble(reading: SentenceReading) -> bool:
    """Whether a customer's sentence tells of a trouble: neither that it is over, nor what else they will do."""
    return reading.act in _TROUBLE and reading.relief < SURE and not warns(reading)


def is_deed(sentence: TalkSentence) -> bool:
    """Whether our side tells in it what it has done."""
    return sentence.reading.done >= SURE_OF_DEED and sentence.reading.act in _DEED
