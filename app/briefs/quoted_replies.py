"""What the customer answered to one earlier message, which they quote by its id alone: `yes, this one please`.

The words say little without those they quote. Whether they agree or decline is told by the moves that are known for it
and by the fitted classifiers; where neither is sure, it is told as an answer and taken for no wish.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from app.briefs.reading import Utterance
from app.briefs.sentence_roles import tells, wants
from app.models import Actor, Interaction, Kind
from app.nlu import Act
from app.nlu.answered_messages import answered_by
from app.nlu.read_rows import Nature, nature_of
from app.nlu.reply_moves import Reply, reply_of

_REFUSES, _WISHES, _TURNS_DOWN = 0.25, 0.5, 0.5
_LONGEST_REPLY = 12
_EMPTY = (Act.GREETING, Act.THANKS, Act.FAREWELL)
_BOILERPLATE = 0.5


class Stance(StrEnum):
    """What a reply does to what it answers."""

    AGREES = "agrees"
    DECLINES = "declines"
    ANSWERS = "answers"


class QuotedReply(NamedTuple):
    """A sentence of the customer's with what it answers: the most telling sentences of one earlier message."""

    reply: Utterance
    answered: tuple[Utterance, ...]
    stance: Stance

    @property
    def wants(self) -> bool:
        """Whether the customer wants what our side said there."""
        return self.stance is Stance.AGREES and not self.answered[0].by_customer


class QuotedReplies(NamedTuple):
    """The customer's short answers to messages that they quote by id, in their order.

    `agreed` is the last of them, where it agrees to what our side said and nothing else is wanted since.
    """

    every: tuple[QuotedReply, ...] = ()
    agreed: QuotedReply | None = None

    @property
    def last(self) -> QuotedReply | None:
        """The last of them."""
        return self.every[-1] if self.every else None

    @property
    def declined(self) -> Iterator[Utterance]:
        """What our side said and the customer turned down."""
        for reply in self.every:
            if reply.stance is Stance.DECLINES:
                yield from (utterance for utterance in reply.answered if not utterance.by_customer)

    @property
    def quoted(self) -> Iterator[Utterance]:
        """What was declined, or is told with the answer to it."""
        yield from self.declined
        yield from self.last.answered if self.last is not None else ()


NO_REPLIES = QuotedReplies()


def quoted_replies(rows: Sequence[Interaction], utterances: Sequence[Utterance]) -> QuotedReplies:
    """The answers of the customer's that quote a message by its id, read."""
    spoken: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        spoken.setdefault(utterance.interaction.interaction_id, []).append(utterance)
    every = tuple(_replies(rows, spoken))
    return QuotedReplies(every, every[-1] if every and _stands(every[-1], utterances) else None)


def _stands(reply: QuotedReply, utterances: Sequence[Utterance]) -> bool:
    """Whether the customer wants what they agreed to, and nothing else since."""
    position = next(index for index, utterance in enumerate(utterances) if utterance is reply.reply)
    since = utterances[position + 1 :]
    return reply.wants and not any(each.by_customer and tells(each) and wants(each) for each in since)


def _replies(rows: Sequence[Interaction], spoken: Mapping[str, Sequence[Utterance]]) -> Iterator[QuotedReply]:
    earlier: dict[str | None, list[Interaction]] = {}
    for row in rows:
        before = earlier.setdefault(row.conversation_id, [])
        if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE and nature_of(row) is Nature.WORDS:
            target = answered_by(row, before)
            own = spoken.get(row.interaction_id, ())
            answered = _telling(spoken.get(target.interaction_id, ())) if target is not None else ()
            if own and answered and len(own[0].text.split()) <= _LONGEST_REPLY:
                yield QuotedReply(own[0], answered, _stance(own[0]))
        before.append(row)


def _telling(utterances: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """The sentences of a message that say something; all where none does."""
    telling = [
        utterance
        for utterance in utterances
        if utterance.act not in _EMPTY and utterance.reading.boilerplate < _BOILERPLATE
    ]
    return tuple(telling or utterances)


def _stance(utterance: Utterance) -> Stance:
    moves, reading = reply_of(utterance.text), utterance.reading
    declines = Reply.DECLINES in moves or Reply.DISLIKES in moves or reading.acts[Act.REFUSAL] >= _REFUSES
    if declines or reading.acts[Act.WITHDRAWAL] >= _TURNS_DOWN:
        return Stance.DECLINES
    if utterance.act is Act.QUESTION or utterance.text.endswith("?"):
        return Stance.ANSWERS
    return Stance.AGREES if Reply.AGREES in moves or reading.wish >= _WISHES else Stance.ANSWERS
