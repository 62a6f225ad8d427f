"""Where continuity breaks: what the analytics of a tenant's journeys are asked and what they answer.

A **visit** is one conversation of a customer, or a stretch of self-service on one channel. A **journey** is a run of
visits of one customer without a long pause between them. An **escalation** is the moment at which an agent takes over.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from app.models.base import Channel, Confidence, Evidence, Moment, Record
from app.models.requests import HandoffReason
from app.models.signals import SignalType


class Aliased(Record):
    """A record with fields that Python cannot spell as the API does: `from` is `from_…` here."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class GroupBy(StrEnum):
    """By what escalations may be told apart."""

    BREAKPOINT = "breakpoint"
    DAY = "day"
    WEEK = "week"
    CHANNEL = "channel"
    FROM_CHANNEL = "from_channel"
    QUEUE = "queue"
    INTENT = "intent"
    REASON = "reason"


class ContinuityFilter(Aliased):
    """Which part of the tenant's journeys is looked at: from a moment on, before another, of one kind only.

    `channel` is either side of a breakpoint or of an edge, `intent` what the customer wanted when they were handed on.
    """

    since: Moment | None = Field(
        default=None, validation_alias="from", serialization_alias="from", description="at this time or later"
    )
    until: Moment | None = Field(
        default=None, validation_alias="to", serialization_alias="to", description="before this time"
    )
    channel: Channel | None = Field(default=None, description="the channel on either side")
    from_channel: Channel | None = Field(default=None, description="the channel that the customer came from")
    to_channel: Channel | None = Field(default=None, description="the channel that the customer came to")
    intent: Annotated[str, Field(max_length=256)] | None = Field(default=None, description="what the customer wanted")
    queue: Annotated[str, Field(max_length=256)] | None = Field(default=None, description="`to_queue` of the handoff")


class Metric(Record):
    """One figure, over how many cases, with its 95 % interval.

    `value` is null where there is no case; the interval is null where there are too few for one. A rate lies in 0..1
    (Wilson's score interval); a time is a median in milliseconds (interval by order statistics).
    """

    value: float | None = None
    count: int = 0
    ci_low: float | None = None
    ci_high: float | None = None


class ContinuityMetrics(Record):
    """The figures of some escalations; `count` is how many escalations these are, `handoffs` how many with a handoff.

    `unprepared_…` are the same over the escalations that nobody asked a handoff for, to compare with.
    """

    count: int
    handoffs: int
    repeat_information_rate: Metric
    context_gap_rate: Metric
    handoff_penalty_ms: Metric
    time_to_brief_ms: Metric
    override_rate: Metric
    unprepared_repeat_rate: Metric
    unprepared_penalty_ms: Metric


class Breakpoint(ContinuityMetrics):
    """Where customers are handed on: the figures of one pair of channels. Null: the channel is not known."""

    from_channel: Channel | None
    to_channel: Channel | None


class ContinuityPeriod(Aliased, ContinuityMetrics):
    """The figures of one day or week (Monday to Sunday), in UTC; a period without any escalation is there too."""

    since: datetime = Field(validation_alias="from", serialization_alias="from")
    until: datetime = Field(validation_alias="to", serialization_alias="to")


class ContinuityGroup(ContinuityMetrics):
    """The figures of one channel, queue, intent or reason; null: the escalations that have none."""

    name: str | None


class Definition(Record):
    """What a figure means, as a formula; `statistic` and `interval` tell how it is worked out."""

    label: str
    formula: str
    unit: Literal["share", "ms"]
    statistic: str
    interval: str


class Continuity(Record):
    """Where continuity breaks. `breakpoints` are always there, the most frequent first.

    `over_time` is filled when grouped by day or week, `groups` when grouped by channel, queue, intent or reason.
    `unread_conversations`: conversations whose intent has not been read yet; they count under no intent so far.
    """

    group_by: GroupBy
    filters: ContinuityFilter
    overall: ContinuityMetrics
    breakpoints: tuple[Breakpoint, ...]
    over_time: tuple[ContinuityPeriod, ...] = ()
    groups: tuple[ContinuityGroup, ...] = ()
    definitions: Mapping[str, Definition]
    unread_conversations: int = 0
    as_of_seq: int
    duration_ms: int


class GraphNode(Record):
    """Where customers are: visits on one channel about one thing. `id` is `channel:intent`, or the channel alone."""

    id: str
    channel: Channel
    intent: str | None
    count: int


class GraphEdge(Aliased):
    """How often customers went on from one node to another within a journey, and the share in which that broke.

    It broke where the customer had to say again what was known, or met an agent who knew nothing of it.
    """

    from_node: str = Field(validation_alias="from", serialization_alias="from")
    to_node: str = Field(validation_alias="to", serialization_alias="to")
    count: int
    median_gap_ms: int | None
    broke: int
    broke_share: Confidence
    ci_low: float
    ci_high: float


class ConversationGraph(Record):
    """The conversation graph over channels and intents, the most frequent first."""

    filters: ContinuityFilter
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    unread_conversations: int = 0
    as_of_seq: int
    duration_ms: int


class Restated(Record):
    """Something the customer had to say again: where the ledger held it already, and where it was said again.

    `value` is the identifier, null where it was a matter told again.
    """

    kind: Literal["identifier", "meaning"]
    value: str | None = None
    known: str
    restated: str


class Visit(Record):
    """One conversation of a customer, or a stretch of self-service, for which `conversation_id` is null."""

    node: str
    channel: Channel
    intent: str | None
    conversation_id: str | None
    started_at: datetime
    ended_at: datetime
    interactions: int
    settled: bool


class GraphStep(Aliased):
    """A customer's way to a visit; `before` is the visit that they came from, null where their journey began here."""

    customer_id: str
    at: datetime
    before: Visit | None
    visit: Visit
    gap_ms: int | None
    broke: bool
    escalated: bool
    restated: tuple[Restated, ...] = ()


class GraphSteps(Record):
    """The conversations behind a node or an edge, the newest first; pass `next_after` as `after` until it is null."""

    steps: tuple[GraphStep, ...]
    next_after: str | None
    as_of_seq: int
    duration_ms: int


class ToldBy(StrEnum):
    """Who says so: the agent's feedback, or the ledger itself."""

    FEEDBACK = "feedback"
    LEDGER = "ledger"


class Escalation(Record):
    """One escalation with all that the figures are made of; null: it does not count in that figure."""

    escalation_id: str
    customer_id: str
    at: datetime
    from_channel: Channel | None
    to_channel: Channel | None
    intent: str | None
    queue: str | None
    reason: HandoffReason | None
    conversation_id: str | None
    agent_conversation_id: str | None
    handoff_id: str | None
    connected_at: datetime | None
    repeated: bool | None
    repeated_by: ToldBy | None
    restated: tuple[Restated, ...] = ()
    context_gap: bool | None
    context_gap_by: ToldBy | None
    context_gap_reason: Literal["no_handoff", "no_brief", "not_displayed", "displayed_late", "missing_context"] | None
    penalty_ms: int | None
    penalty_until: str | None = Field(description="the interaction with which the matter itself went on")
    time_to_brief_ms: int | None
    overridden: bool | None
    overrides: tuple[Literal["rejected", "edited", "other_disposition", "other_action"], ...] = ()


class EscalationsOnly(StrEnum):
    """Which of the escalations behind some figures are wanted."""

    HANDOFF = "handoff"
    NO_HANDOFF = "no_handoff"
    REPEATED = "repeated"
    CONTEXT_GAP = "context_gap"
    OVERRIDDEN = "overridden"


class Escalations(Record):
    """The escalations behind some figures, the newest first; pass `next_after` as `after` until it is null."""

    escalations: tuple[Escalation, ...]
    next_after: str | None
    as_of_seq: int
    duration_ms: int


class FrictionKind(StrEnum):
    """What went wrong at a moment: the signals of friction, and what breaks continuity itself."""

    HESITATION = SignalType.HESITATION.value
    BACKTRACKING = SignalType.BACKTRACKING.value
    REPETITION = SignalType.REPETITION.value
    CHANNEL_SWITCH = SignalType.CHANNEL_SWITCH.value
    DELAYED_REPLY = SignalType.DELAYED_REPLY.value
    SILENCE = SignalType.SILENCE.value
    REPEATED_FAILURE = SignalType.REPEATED_FAILURE.value
    BOT_LOOP = SignalType.BOT_LOOP.value
    NEGATIVE_SENTIMENT = SignalType.NEGATIVE_SENTIMENT.value
    HUMAN_REQUEST = SignalType.HUMAN_REQUEST.value
    INFORMATION_REPEATED = "information_repeated"
    CONTEXT_GAP = "context_gap"


class MomentSample(Record):
    """One case of a moment."""

    customer_id: str
    conversation_id: str | None
    at: datetime
    evidence: Evidence


class FrictionSpot(Record):
    """A kind of friction on one channel, about one thing, and how many journeys it cost.

    `journeys`: those with this friction that were then escalated or ended unsettled. `seen`: all journeys that had it.
    """

    kind: FrictionKind
    channel: Channel
    intent: str | None
    node: str
    journeys: int
    seen: int
    occurrences: int
    samples: tuple[MomentSample, ...]


class FrictionSpots(Record):
    """High-friction moments, those that cost most journeys first; `journeys` is how many journeys there are at all."""

    filters: ContinuityFilter
    moments: tuple[FrictionSpot, ...]
    journeys: int
    unread_conversations: int = 0
    as_of_seq: int
    duration_ms: int
