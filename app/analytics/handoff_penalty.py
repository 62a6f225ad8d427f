"""How long an agent and a customer only collect again what was known: the handoff penalty.

A step re-collects when all it does is greet, excuse itself, ask to wait, verify who is speaking, ask for what the
ledger held already, or tell it again. A question is judged by its answer: one that brings something new was needed.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.analytics.repeats import CustomerSentence, RestatedFact, sentences_of
from app.caching import text_cache
from app.models import Actor, Interaction, Kind
from app.nlu.dialogue_acts import SpeechAct, customer_act, staff_act
from app.nlu.sentences import sentences

_OPENS = re.compile(
    r"\b(?:how (?:can|may|could) (?:i|we) (?:help|assist|be of)|what can (?:i|we) (?:do|help)"
    r"|(?:my name is|this is|i am|i[’']m) \w+(?: \w+)?(?:,| (?:from|with|at|and|speaking|here)\b|[.!]?$)"
    r"|you(?:[’']re| are) (?:now )?(?:speaking|chatting|talking|through|connected) (?:with|to)"
    r"|(?:thanks|thank you) for (?:calling|contacting|reaching|waiting|holding|your (?:patience|call|message))"
    r"|welcome to|good (?:morning|afternoon|evening|day)|(?:nice|pleased) to meet you"
    r"|(?:one|a|just a) (?:moment|second|minute)|bear with me|hold (?:on|the line)"
    r"|let me (?:just )?(?:have a look|take a look|look|check|see|pull|bring|open|find|read|get)"
    r"|i(?:[’']ll| will|[’']d| would|[’']m| am) (?:be )?(?:\w+ )?(?:happy|glad|here) to (?:help|assist)"
    r"|i (?:can|will|[’']ll) (?:\w+ )?(?:help|assist) you\b[^,;:]{0,20}[.!]?$"
    r"|i (?:can |do )?(?:understand|see)[.!]?$)",
    re.IGNORECASE,
)
# Who is asked for these is asked to prove who they are, whatever the ledger holds.
_VERIFIES = re.compile(
    r"\b(?:verif\w+|identif(?:y|ication)|security|identity|(?:date of )?birth\w*|birthday|last (?:four|4)"
    r"|pass ?(?:word|code)|pin|post ?code|zip|maiden name|(?:your|full) name|who am i (?:speaking|talking))\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?|\b(?:(?:can|could|may|might|would|will) (?:i|you|we)\b|please (?:provide|tell|give|confirm|share|send|describe"
    r"|explain|spell|repeat)|i(?:[’']ll| will)? (?:just )?need your|tell me|let me have|describe|explain)\b",
    re.IGNORECASE,
)
# Whoever is asked and has nothing to give tells nothing new.
_EMPTY_HANDED = re.compile(
    r"\b(?:don[’']?t|do not|didn[’']?t|can[’']?t|cannot|can not|couldn[’']?t) (?:\w+ )?(?:have|know|remember"
    r"|recall|find|see|understand)\b|\b(?:no idea|not sure|i forgot)\b",
    re.IGNORECASE,
)
_WORDLESS = frozenset({SpeechAct.GREETING, SpeechAct.THANKS, SpeechAct.CONFIRMATION, SpeechAct.CLOSING})
_FEWEST_NEW = 2


class Penalty(NamedTuple):
    """How long it took, and the interaction with which the matter went on; None where it never did."""

    ms: int
    until: str | None


def penalty_of(rows: Sequence[Interaction], connected: datetime, history: RestatedFact, before: int) -> Penalty | None:
    """The time from connecting to the first step that does not re-collect what was known before a place.

    `rows` are those of the agent's conversation in order. Where the matter never went on, the time to the last of them;
    None where nothing came after the connecting.
    """
    after = [row for row in rows if row.occurred_at >= connected and row.actor is not Actor.SYSTEM]
    for index, row in enumerate(after):
        if _goes_on(after, index, history, before):
            return Penalty(_ms(row.occurred_at - connected), row.interaction_id)
    last = after[-1].occurred_at if after else connected
    return Penalty(_ms(last - connected), None) if last > connected else None


def _goes_on(rows: Sequence[Interaction], index: int, history: RestatedFact, before: int) -> bool:
    row = rows[index]
    if row.kind is not Kind.MESSAGE:
        return row.kind is not Kind.NOTE and row.actor is not Actor.CUSTOMER
    if row.actor is Actor.CUSTOMER:
        return not _only_repeats(rows, index, history, before)
    return any(
        _is_a_step(sentence) or (_asks(sentence) and _asks_for_more(rows, index, history, before))
        for sentence in _of(row.text)
    )


@text_cache(maxsize=4096)
def _of(text: str) -> tuple[str, ...]:
    return sentences(text)


@text_cache(maxsize=4096)
def _asks(sentence: str) -> bool:
    return _ASKS.search(sentence) is not None and not _OPENS.search(sentence) and not _VERIFIES.search(sentence)


@text_cache(maxsize=4096)
def _is_a_step(sentence: str) -> bool:
    if _OPENS.search(sentence) or _VERIFIES.search(sentence) or _ASKS.search(sentence):
        return False
    if customer_act(sentence) in _WORDLESS:
        return False
    return staff_act(sentence) is not SpeechAct.APOLOGY


def _asks_for_more(rows: Sequence[Interaction], index: int, history: RestatedFact, before: int) -> bool:
    """Whether the customer's answer brings something that the ledger did not hold."""
    for answer in range(index + 1, len(rows)):
        if rows[answer].actor is Actor.AGENT and rows[answer].kind is Kind.MESSAGE:
            break
        if rows[answer].actor is Actor.CUSTOMER and rows[answer].kind is Kind.MESSAGE:
            return not _only_repeats(rows, answer, history, before)
    return False


def _only_repeats(rows: Sequence[Interaction], index: int, history: RestatedFact, before: int) -> bool:
    row = rows[index]
    earlier = rows[:index]
    asked = next((interaction for interaction in reversed(earlier) if interaction.actor is not Actor.CUSTOMER), None)
    verifying = asked is not None and any(_VERIFIES.search(sentence) for sentence in _of(asked.text))
    beside = [
        interaction
        for interaction in earlier
        if interaction.actor is not Actor.CUSTOMER and interaction.kind is Kind.MESSAGE
    ]
    return all(_is_known(sentence, row, history, before, beside, verifying) for sentence in sentences_of(row))


def _is_known(
    sentence: CustomerSentence,
    row: Interaction,
    history: RestatedFact,
    before: int,
    beside: Sequence[Interaction],
    verifying: bool,
) -> bool:
    if not sentence.tells and not sentence.names:
        return True
    if not sentence.names and _EMPTY_HANDED.search(sentence.text):
        return True
    if history.in_sentence(sentence, row, before, beside=beside):
        return True
    # A bare answer to a question of who it is, or a word or two, tells nothing of the matter.
    return verifying or (not sentence.names and len(sentence.terms) < _FEWEST_NEW)


def _ms(span: timedelta) -> int:
    return max(0, round(span.total_seconds() * 1000))
