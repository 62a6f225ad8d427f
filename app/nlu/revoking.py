"""What a customer's sentence takes back of what our side has just done or promised: everything, one matter, or nothing.

`No, cancel that please, Tuesday does not suit me`. The classifiers know a withdrawal where it names its matter; a
demand to cancel, and a no to the day that was set, are told by what they name.
"""

import re
from collections.abc import Collection
from functools import cache
from typing import NamedTuple

from app.nlu.act_labels import Act
from app.nlu.classifier import SentenceReading
from app.nlu.closings import akin, clauses, read_clause
from app.nlu.conditions import opens_condition
from app.nlu.languages import function_words
from app.nlu.reply_moves import Reply, reply_of
from app.nlu.tables import LANGUAGES, Withdrawals, table, words_in_all
from app.nlu.words import terms

_SURE, _LIKELY, _SURE_OF_WITHDRAWAL = 0.5, 0.35, 0.8


class Withdrawal(NamedTuple):
    """What a sentence takes back: what it `names` does so, a set of terms for each clause.

    As a reply it takes back what was just arranged: where it is `alone` all of that, else what is among `declined`.
    It `calls_off` what it asks not to be done; `Thursday is too late` only says no to it.
    """

    names: tuple[frozenset[str], ...]
    alone: bool
    declined: frozenset[str]
    calls_off: bool

    def means(self, arranged: Collection[str], *, is_reply: bool) -> bool:
        """Whether it takes back what was arranged, by the terms of that."""
        if is_reply and (self.alone or akin(self.declined, arranged)):
            return True
        return any(akin(content, arranged) for content in self.names)


def withdrawal_in(sentence: str, reading: SentenceReading) -> Withdrawal | None:
    """What a sentence of the customer's takes back; None where it takes nothing back."""
    if reading.act is Act.QUESTION:
        return None
    names = [_content(clause) for clause in clauses(sentence) if _takes_back(clause)]
    declined, suits_nothing = _declined(sentence, reading)
    if not (names or declined or suits_nothing) or opens_condition(sentence):
        return None
    is_sure = reading.acts[Act.WITHDRAWAL] >= _SURE_OF_WITHDRAWAL
    names_nothing = any(
        content <= _unspecific() or (is_sure and not content.isdisjoint(_unspecific())) for content in names
    )
    asks = reading.acts[Act.WITHDRAWAL] + reading.acts[Act.REQUEST] >= _SURE
    return Withdrawal(tuple(names), names_nothing or suits_nothing, declined, calls_off=bool(names) or asks)


def _takes_back(clause: str) -> bool:
    """Whether a clause takes something back, by the classifier or by a word for it."""
    if _revoking().search(clause):
        return True
    return read_clause(clause).acts[Act.WITHDRAWAL] >= _SURE


def _declined(sentence: str, reading: SentenceReading) -> tuple[frozenset[str], bool]:
    """What a sentence names where it may say no to that, and whether it says of anything that it does not suit."""
    moves = reply_of(sentence, (Reply.DECLINES, Reply.DISLIKES))
    is_refusal = reading.acts[Act.REFUSAL] + reading.acts[Act.WITHDRAWAL] >= _SURE
    says_no = is_refusal or (Reply.DECLINES in moves and reading.acts[Act.REFUSAL] >= _LIKELY)
    suits_nothing = Reply.DISLIKES in moves and (is_refusal or Reply.DECLINES in moves)
    return (_content(sentence) if says_no or Reply.DISLIKES in moves else frozenset()), suits_nothing


def _content(clause: str) -> frozenset[str]:
    """What a clause names beside the words that take back, and small words."""
    return frozenset(terms(_revoking().sub(" ", clause))) - function_words()


@cache
def _unspecific() -> frozenset[str]:
    return frozenset(term for word in words_in_all(Withdrawals, "unspecific") for term in terms(word))


@cache
def _revoking() -> re.Pattern[str]:
    tables = (table(language, Withdrawals) for language in LANGUAGES)
    beginnings = {word for words in tables if words is not None for word in words.revoking}
    ordered = "|".join(re.escape(word) for word in sorted(beginnings, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{ordered})\w{{0,12}}", re.IGNORECASE)
