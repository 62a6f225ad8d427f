"""What was read of customers' journeys, beside the ledger: rows without a word of what anybody said.

Rows hang on the customer under whom they were read. Who has news since, or is another customer by now, is read anew;
times are milliseconds since 1970 in UTC.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from app.models import Interaction

# Where the documents lie that tell of handoffs and what became of them.
TOLD_IN = ("handoffs", "feedback", "outcomes")


class ReadSignal(NamedTuple):
    """A signal that fired in a visit: its type, when, and the interactions it stands on."""

    type: str
    at: int
    evidence: tuple[str, ...]


class Reading(NamedTuple):
    """What the visit was about, as it stood with so many interactions up to a sequence number."""

    visit_id: str
    identity_id: str
    interactions: int
    last_seq: int
    intent: str | None
    signals: tuple[ReadSignal, ...]


class Due(NamedTuple):
    """A customer whose journeys must be read anew, with how often each identity was noted by then."""

    customer_id: str
    identity_ids: tuple[str, ...]
    noted: Mapping[str, int]


class Material(NamedTuple):
    """All that a customer's journeys are read from: the newest interactions in the order of `seq`, and documents."""

    customer_id: str
    rows: Sequence[Interaction]
    documents: Mapping[str, Sequence[Mapping[str, Any]]]
    readings: Mapping[str, Reading]


class VisitRow(NamedTuple):
    """A visit, and how the customer came to it. `restated` are (kind, known, restated), the latter two interactions."""

    visit_id: str
    identity_id: str
    customer_id: str
    journey_id: str
    at: int
    until: int
    channel: str
    intent: str | None
    queue: str | None
    conversation_id: str | None
    interactions: int
    last_seq: int
    settled: bool
    escalated: bool
    is_read: bool
    before_id: str | None
    before_channel: str | None
    before_intent: str | None
    gap_ms: int | None
    broke: bool
    restated: tuple[tuple[str, str, str], ...]


class VisitFigures(NamedTuple):
    """What of a visit tells which node and edge of the graph it is behind."""

    visit_id: str
    at: int
    channel: str
    intent: str | None
    queue: str | None
    before_channel: str | None
    before_intent: str | None
    gap_ms: int | None
    broke: bool


class Moves(NamedTuple):
    """Visits that are alike in all that the graph tells apart: how many, and after how long those came that did."""

    channel: str
    intent: str | None
    queue: str | None
    before_channel: str | None
    before_intent: str | None
    broke: bool
    visits: int
    gaps_ms: tuple[int, ...]


class EscalationRow(NamedTuple):
    """An escalation with all that is made of it; what does not count in a figure is None there."""

    escalation_id: str
    customer_id: str
    at: int
    from_channel: str | None
    to_channel: str | None
    intent: str | None
    queue: str | None
    reason: str | None
    conversation_id: str | None
    agent_conversation_id: str | None
    handoff_id: str | None
    connected_at: int | None
    repeated: bool | None
    repeated_by: str | None
    restated: tuple[tuple[str, str, str], ...]
    gap: bool | None
    gap_by: str | None
    gap_reason: str | None
    penalty_ms: int | None
    penalty_until: str | None
    brief_ms: int | None
    overridden: bool | None
    overrides: tuple[str, ...]


class EscalationFigures(NamedTuple):
    """What of an escalation the figures are made of."""

    escalation_id: str
    at: int
    from_channel: str | None
    to_channel: str | None
    intent: str | None
    queue: str | None
    reason: str | None
    handoff_id: str | None
    repeated: bool | None
    gap: bool | None
    penalty_ms: int | None
    brief_ms: int | None
    overridden: bool | None


class SpotRow(NamedTuple):
    """A moment of friction; `cost` tells whether its journey was escalated after it or ended unsettled."""

    spot_id: str
    customer_id: str
    journey_id: str
    at: int
    kind: str
    channel: str
    intent: str | None
    before_channel: str | None
    queue: str | None
    conversation_id: str | None
    cost: bool
    evidence: tuple[str, ...]


class SpotFigures(NamedTuple):
    """What of a moment of friction they are ranked by."""

    spot_id: str
    journey_id: str
    at: int
    kind: str
    channel: str
    intent: str | None
    before_channel: str | None
    queue: str | None
    cost: bool


class Digest(NamedTuple):
    """What was read of one customer's journeys."""

    visits: Sequence[VisitRow]
    escalations: Sequence[EscalationRow]
    spots: Sequence[SpotRow]


class ContinuityStore(Protocol):
    """Digests of journeys, and whose must be made anew. Several processes may share one."""

    async def note(self, tenant: str) -> int:
        """Note everybody with news: interactions, documents of `TOLD_IN`, joinings and partings; what nobody owns goes.

        Gives the tenant's highest sequence number, up to which that is now true.
        """
        ...

    async def touch(self, tenant: str, identity_ids: Collection[str], *, readings_hold: bool = False) -> None:
        """Note identities whose interactions or documents were changed or removed, or that are no more.

        What their visits were about is read anew, unless that holds.
        """
        ...

    async def tenants(self) -> Sequence[str]:
        """The tenants with new interactions, with somebody noted or with visits that are not read."""
        ...

    async def due(self, tenant: str, limit: int) -> Sequence[Due]:
        """Some of the customers noted that must be read anew; none when all are."""
        ...

    async def unread(self, tenant: str, until: int, limit: int) -> Sequence[Due]:
        """Some of the customers who have visits that are not read and ended before a moment."""
        ...

    async def material(self, tenant: str, due: Sequence[Due], most: int) -> Sequence[Material]:
        """What the journeys of these customers are read from, at most so many interactions of each."""
        ...

    async def replace(self, tenant: str, made: Sequence[tuple[Due, Digest]], readings: Sequence[Reading] = ()) -> int:
        """Put digests in the place of those there were, and keep readings; tells of how many customers.

        Nothing is written of a customer who was noted again since: they are due still.
        """
        ...

    async def unread_count(self, tenant: str) -> int:
        """How many visits are not read."""
        ...

    async def escalations(self, tenant: str, since: int | None, until: int | None) -> Sequence[EscalationFigures]:
        """The escalations from a moment on and before another, the oldest first."""
        ...

    async def visits(self, tenant: str, since: int | None, until: int | None) -> Sequence[VisitFigures]:
        """The visits that began from a moment on and before another, the oldest first."""
        ...

    async def moves(self, tenant: str, since: int | None, until: int | None) -> Sequence[Moves]:
        """The visits that began from a moment on and before another, put together where they are alike."""
        ...

    async def spots(self, tenant: str, since: int | None, until: int | None) -> Sequence[SpotFigures]:
        """The moments of friction from a moment on and before another, the oldest first."""
        ...

    async def journeys(self, tenant: str, since: int | None, until: int | None) -> int:
        """How many journeys have a visit that began from a moment on and before another."""
        ...

    async def escalation_rows(self, tenant: str, ids: Collection[str]) -> Sequence[EscalationRow]:
        """The escalations with these ids that exist."""
        ...

    async def visit_rows(self, tenant: str, ids: Collection[str]) -> Sequence[VisitRow]:
        """The visits with these ids that exist."""
        ...

    async def spot_rows(self, tenant: str, ids: Collection[str]) -> Sequence[SpotRow]:
        """The moments of friction with these ids that exist."""
        ...
