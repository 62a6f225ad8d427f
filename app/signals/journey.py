"""What every detector looks at: the interactions up to the moment of judgement, and how a moment becomes a signal."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.models import Actor, Interaction, Kind, Signal, SignalType, Snapshot
from app.nlu.analysis import analysis_of, once_per_row
from app.nlu.artefacts import speaks
from app.nlu.dialogue_acts import SpeechAct
from app.nlu.read_rows import as_read_all
from app.nlu.reply_moves import TurnEffect, turn_of
from app.nlu.steps import Step, steps

STAFF = frozenset({Actor.BOT, Actor.AGENT})
RECENT = timedelta(days=14)
DAY = timedelta(days=1)
# Of a text beyond this many characters the beginning and the end are read, and of all texts together these many, the
# newest first; what is older than that counts by its first words alone.
LONGEST_TEXT = 8_000
TAIL = 2_000
MOST_TEXT = 200_000
LEAST_TEXT = 200


class Moment(NamedTuple):
    """A finding of one detector; `at` is when it came true, by default the time of its last interaction."""

    severity: float
    evidence: Sequence[Interaction]
    detail: str
    at: datetime | None = None


@dataclass(frozen=True)
class Journey:
    """One customer's interactions up to `now`, oldest first: the conversation at hand, and what went before it."""

    snapshot: Snapshot
    conversation: tuple[Interaction, ...]
    prior: tuple[Interaction, ...]
    fresh: Collection[str] | None = None
    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict[str, NDArray[np.float32]])

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        *,
        fresh: Collection[str] | None = None,
        vectors: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> "Journey":
        """The journey that a snapshot shows; what lies after its `now` or is far in the past is left out."""
        past = [row for row in snapshot.prior if snapshot.now - RECENT <= row.occurred_at <= snapshot.now]
        present = [row for row in snapshot.conversation if row.occurred_at <= snapshot.now]
        return cls(
            snapshot=snapshot,
            conversation=_readable(present),
            prior=_readable(past),
            fresh=fresh,
            vectors=vectors or {},
        )

    def is_asked_about(self, row: Interaction) -> bool:
        """Whether a moment that ends here is wanted: all are, unless only fresh interactions were asked about."""
        return self.fresh is None or row.interaction_id in self.fresh

    @property
    def now(self) -> datetime:
        """The moment of judgement."""
        return self.snapshot.now

    @cached_property
    def everything(self) -> tuple[Interaction, ...]:
        """What went before and the conversation, oldest first."""
        return tuple(sorted((*self.prior, *self.conversation), key=lambda row: (row.occurred_at, row.seq)))

    @cached_property
    def own(self) -> frozenset[str]:
        """The ids of the conversation's interactions."""
        return frozenset(row.interaction_id for row in self.conversation)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps taken, before and in the conversation."""
        return steps(self.everything)

    @cached_property
    def last_day(self) -> tuple[Interaction, ...]:
        """The interactions of the day that ended with the newest one."""
        rows = self.everything
        return tuple(row for row in rows if row.occurred_at >= rows[-1].occurred_at - DAY)

    @cached_property
    def messages(self) -> tuple[Interaction, ...]:
        """What was said in the conversation by anyone, without empty messages and nobody's words."""
        messages = (row for row in self.conversation if row.kind is Kind.MESSAGE and row.text.strip())
        return tuple(row for row in messages if speaks(row))

    @cached_property
    def customer_messages(self) -> tuple[Interaction, ...]:
        """What the customer said in the conversation."""
        return tuple(row for row in self.messages if row.actor is Actor.CUSTOMER)

    def signal(self, signal_type: SignalType, moment: Moment) -> Signal:
        """The signal of a moment; its id is a hash of the type, the conversation and the evidence."""
        evidence = tuple(row.interaction_id for row in moment.evidence)
        conversation_id = self.snapshot.conversation_id
        content = "\n".join((signal_type, conversation_id or "", *evidence))
        return Signal(
            signal_id=f"sig_{sha256(content.encode()).hexdigest()[:32]}",
            customer_id=self.snapshot.customer.customer_id,
            conversation_id=conversation_id,
            type=signal_type,
            severity=round(min(1.0, max(0.0, moment.severity)), 3),
            at=moment.at or moment.evidence[-1].occurred_at,
            evidence=evidence,
            detail=moment.detail,
        )


def _readable(rows: Sequence[Interaction]) -> tuple[Interaction, ...]:
    """The rows, of overlong texts only the beginning and the end, and of far too much text only what is newest.

    Whoever records an interaction waits for its signals, so the work of finding them has to have an end.
    """
    rows = as_read_all(rows)
    if sum(len(row.text) for row in rows) <= LONGEST_TEXT:
        return tuple(rows)
    left = MOST_TEXT
    read: list[Interaction] = []
    for row in reversed(rows):
        text = row.text
        if len(text) > LONGEST_TEXT:
            text = f"{text[: LONGEST_TEXT - TAIL]}\n{text[-TAIL:]}"
        if len(text) > left:
            text = text[:LEAST_TEXT]
        left = max(0, left - len(text))
        read.append(row if text is row.text else row.model_copy(update={"text": text}))
    return tuple(reversed(read))


@once_per_row
def asks_something(row: Interaction) -> bool:
    """Whether a message of ours asks the customer something; `Is there anything else?` leaves them free to go."""
    analysis = analysis_of(row)
    asked = (
        sentence
        for sentence, act in zip(analysis.sentences, analysis.acts, strict=True)
        if act in (SpeechAct.QUESTION, SpeechAct.REQUEST)
    )
    return any(TurnEffect.ASKS_FOR_MORE not in turn_of(sentence) for sentence in asked)


def span(length: timedelta) -> str:
    """A length of time in words: `40 seconds`, `12 minutes`, `3 hours`, `2 days`."""
    seconds = length.total_seconds()
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        count = round(seconds / size)
        if seconds >= 1.5 * size or size == 1:
            return f"{count} {word}" if count == 1 else f"{count} {word}s"
    return "no time"


def quote(text: str, words: int = 12) -> str:
    """The beginning of a text, for a sentence that speaks of it."""
    parts = text.split()
    return " ".join(parts[:words]) + (" …" if len(parts) > words else "")


def times(count: int) -> str:
    """How often, in words."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
