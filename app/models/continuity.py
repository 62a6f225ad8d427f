"""Where continuity breaks: what the analytics of a tenant's journeys are asked and what they answer.

A **visit** is one conversation of a customer, or a stretch of self-service on one channel. A **journey** is a run of
visits of one customer without a long pause between them. An **escalation** is the moment at which an agent takes over.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from app.models.base import Confidence, Evidence, Moment, Record
from app.models.channels import Channel
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

    value: float | None = Field(
        default=None, description="a share (0..1) or a median (ms), as `definitions` tells; null without a case"
    )
    count: int = Field(default=0, description="how many cases the figure is made of")
    ci_low: float | None = Field(
        default=None, description="lower end of the 95 % interval; null where there are too few cases"
    )
    ci_high: float | None = Field(
        default=None, description="upper end of the 95 % interval; null where there are too few cases"
    )


class ContinuityMetrics(Record):
    """The figures of some escalations; `count` is how many escalations these are, `handoffs` how many with a handoff.

    `unprepared_…` are the same over the escalations that nobody asked a handoff for, to compare with.
    """

    count: int = Field(
        description="number of escalations; of several handoffs before one agent's conversation, the last one"
    )
    handoffs: int = Field(
        description="number of handoffs, those included that another followed before the agent's conversation"
    )
    repeat_information_rate: Metric = Field(
        description="share of handoffs after which the customer had to repeat information, 0..1"
    )
    context_gap_rate: Metric = Field(
        description="share of all escalations in which the agent had no prior background, 0..1"
    )
    handoff_penalty_ms: Metric = Field(
        description="median over handoffs of the time from connect to the first step that is not collecting again, ms"
    )
    time_to_brief_ms: Metric = Field(
        description="median time from asking for the handoff until the agent had the brief, ms"
    )
    override_rate: Metric = Field(
        description="share of answered handoffs in which the agent overrode what was suggested, 0..1"
    )
    unprepared_repeat_rate: Metric = Field(
        description="as `repeat_information_rate`, over the escalations without a handoff"
    )
    unprepared_penalty_ms: Metric = Field(description="as `handoff_penalty_ms`, over the escalations without a handoff")


class Breakpoint(ContinuityMetrics):
    """Where customers are handed on: the figures of one pair of channels. Null: the channel is not known."""

    from_channel: Channel | None = Field(
        description="the channel that the customers came from; null where it is not known"
    )
    to_channel: Channel | None = Field(description="the channel that the customers came to; null where it is not known")


class ContinuityPeriod(Aliased, ContinuityMetrics):
    """The figures of one day or week (Monday to Sunday), in UTC; a period without any escalation is there too."""

    since: datetime = Field(
        validation_alias="from",
        serialization_alias="from",
        description="start of the day or week, midnight in UTC, RFC 3339",
    )
    until: datetime = Field(
        validation_alias="to",
        serialization_alias="to",
        description="end of the day or week, itself not included, midnight in UTC, RFC 3339",
    )


class ContinuityGroup(ContinuityMetrics):
    """The figures of one channel, queue, intent or reason; null: the escalations that have none."""

    name: str | None = Field(
        description="name of the channel, queue, intent or reason; null for the escalations that have none"
    )


class Definition(Record):
    """What a figure means, as a formula; `statistic` and `interval` tell how it is worked out."""

    label: str = Field(description="name of the figure as people read it")
    formula: str = Field(description="what the figure is, as a formula with its terms explained")
    unit: Literal["share", "ms"] = Field(description="unit of `value` and its interval: `share` (0..1) or `ms`")
    statistic: str = Field(description="what is taken over the cases: `share` or `median`")
    interval: str = Field(description="how the 95 % interval is worked out, with its source")


class Continuity(Record):
    """Where continuity breaks. `breakpoints` are always there, the most frequent first.

    `over_time` is filled when grouped by day or week, `groups` when grouped by channel, queue, intent or reason.
    `unread_conversations`: conversations whose intent has not been read yet; they count under no intent so far.
    """

    group_by: GroupBy = Field(description="what the escalations are grouped by")
    filters: ContinuityFilter = Field(description="the filters that were applied")
    overall: ContinuityMetrics = Field(description="figures of all escalations that the filters let through")
    breakpoints: tuple[Breakpoint, ...] = Field(description="figures of each pair of channels, the most frequent first")
    over_time: tuple[ContinuityPeriod, ...] = Field(
        default=(), description="figures of each day or week, the earliest first; empty unless grouped by one of these"
    )
    groups: tuple[ContinuityGroup, ...] = Field(
        default=(), description="figures of each channel, queue, intent or reason; empty unless grouped by one of these"
    )
    definitions: Mapping[str, Definition] = Field(description="what each figure means, by its field name")
    unread_conversations: int = Field(
        default=0, description="conversations whose intent has not been read yet; they count under no intent so far"
    )
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the answer took to compute, ms")


class GraphNode(Record):
    """Where customers are: visits on one channel about one thing. `id` is `channel:intent`, or the channel alone."""

    id: str = Field(
        description="`channel:intent`, such as `chat:request_refund`, or the channel alone where no intent is known"
    )
    channel: Channel = Field(description="the channel of the visits")
    intent: str | None = Field(description="name of the intent of the visits; null where none is known")
    count: int = Field(description="how many visits there were")


class GraphEdge(Aliased):
    """How often customers went on from one node to another within a journey, and the share in which that broke.

    It broke where the customer had to say again what was known, or met an agent who knew nothing of it.
    """

    from_node: str = Field(
        validation_alias="from", serialization_alias="from", description="`id` of the node that customers came from"
    )
    to_node: str = Field(
        validation_alias="to", serialization_alias="to", description="`id` of the node that customers went on to"
    )
    count: int = Field(description="how often customers went this way")
    median_gap_ms: int | None = Field(
        description="median time from the end of one visit to the start of the next, ms; null without any"
    )
    broke: int = Field(description="how often continuity broke on this way")
    broke_share: Confidence = Field(description="share of `count` in which continuity broke, 0..1")
    ci_low: float = Field(description="lower end of the 95 % interval of `broke_share`")
    ci_high: float = Field(description="upper end of the 95 % interval of `broke_share`")


class ConversationGraph(Record):
    """The conversation graph over channels and intents, the most frequent first."""

    filters: ContinuityFilter = Field(description="the filters that were applied")
    nodes: tuple[GraphNode, ...] = Field(description="channels with an intent, the most frequent first")
    edges: tuple[GraphEdge, ...] = Field(description="ways from one node to another, the most frequent first")
    unread_conversations: int = Field(
        default=0, description="conversations whose intent has not been read yet; they count under no intent so far"
    )
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the answer took to compute, ms")


class Restated(Record):
    """Something the customer had to say again: where the ledger held it already, and where it was said again.

    `value` is the identifier, null where it was a matter told again.
    """

    kind: Literal["identifier", "meaning"] = Field(
        description="`identifier` for a name such as an order number, `meaning` for a matter told again"
    )
    value: str | None = Field(
        default=None, description="the identifier as the customer said it again; null for a matter, or where it is gone"
    )
    known: str = Field(description="interaction_id of the interaction that held it before")
    restated: str = Field(description="interaction_id of the message in which it was said again")


class Visit(Record):
    """One conversation of a customer, or a stretch of self-service, for which `conversation_id` is null."""

    node: str = Field(description="`id` of its node in the graph")
    channel: Channel = Field(description="the channel of the visit")
    intent: str | None = Field(
        description="name of what the customer wanted; null where that is not known, or not read yet"
    )
    conversation_id: str | None = Field(
        description="the caller's id of the conversation; null for a stretch of self-service"
    )
    started_at: datetime = Field(description="when the first interaction of the visit happened, RFC 3339")
    ended_at: datetime = Field(description="when the last interaction of the visit happened, RFC 3339")
    interactions: int = Field(description="how many interactions it has")
    settled: bool = Field(description="whether the customer's matter was settled when it ended")


class GraphStep(Aliased):
    """A customer's way to a visit; `before` is the visit that they came from, null where their journey began here."""

    customer_id: str = Field(description="our id of the customer")
    at: datetime = Field(description="when the visit began, RFC 3339")
    before: Visit | None = Field(
        description="the visit that the customer came from; null where the journey began with this one"
    )
    visit: Visit = Field(description="the visit that the customer came to")
    gap_ms: int | None = Field(
        description="time from the end of `before` to the start of `visit`, ms; null without `before`"
    )
    broke: bool = Field(
        description="whether the customer had to say again what was known, or met an agent who knew nothing"
    )
    escalated: bool = Field(description="whether an agent took over in the visit")
    restated: tuple[Restated, ...] = Field(default=(), description="what the customer said again in the visit")


class GraphSteps(Record):
    """The conversations behind a node or an edge, the newest first; pass `next_after` as `after` until it is null."""

    steps: tuple[GraphStep, ...] = Field(description="visits behind the node or the edge, the newest first")
    next_after: str | None = Field(description="pass it as `after` for the next page; null on the last")
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the answer took to compute, ms")


class ToldBy(StrEnum):
    """Who says so: the agent's feedback, or the ledger itself."""

    FEEDBACK = "feedback"
    LEDGER = "ledger"


class Escalation(Record):
    """One escalation with all that the figures are made of; null: it does not count in that figure."""

    escalation_id: str = Field(
        description="the handoff_id, or without a handoff the interaction_id of the agent's first message"
    )
    customer_id: str = Field(description="our id of the customer")
    at: datetime = Field(
        description="when the handoff was asked for or the agent took over, whichever came first, RFC 3339"
    )
    from_channel: Channel | None = Field(
        description="the channel that the customer came from; null where it is not known"
    )
    to_channel: Channel | None = Field(
        description="the channel on which the agent took over; null where it is not known"
    )
    intent: str | None = Field(description="name of what the customer wanted; null where that is not known")
    queue: str | None = Field(description="`to_queue` of the handoff; null where none was named")
    reason: HandoffReason | None = Field(description="reason code of the handoff; null where none was named")
    conversation_id: str | None = Field(
        description="the caller's id of the conversation that was handed on; null where there is none"
    )
    agent_conversation_id: str | None = Field(
        description="the caller's id of the agent's conversation; null where none came, or it has no id"
    )
    handoff_id: str | None = Field(description="our id of the handoff; null where nobody asked for one")
    connected_at: datetime | None = Field(
        description="when the agent was connected, as told, else their first message, RFC 3339; null without either"
    )
    repeated: bool | None = Field(
        description="whether the customer had to repeat information; null where it does not count"
    )
    repeated_by: ToldBy | None = Field(
        description="who tells `repeated`, the agent's feedback or the ledger; null where `repeated` is null"
    )
    restated: tuple[Restated, ...] = Field(default=(), description="what the customer said again to the agent")
    context_gap: bool | None = Field(
        description="whether the agent had no prior background; null where it does not count"
    )
    context_gap_by: ToldBy | None = Field(
        description="who tells `context_gap`, the agent's feedback or the ledger; null where that is null"
    )
    context_gap_reason: (
        Literal["no_handoff", "no_brief", "not_displayed", "displayed_late", "missing_context"] | None
    ) = Field(description="why the agent had no background; null where they had it, or it does not count")
    penalty_ms: int | None = Field(
        description="time from connect to the first step that is not collecting again, ms; null where it does not count"
    )
    penalty_until: str | None = Field(
        description="interaction_id of the first step that is not collecting again; null where there is none"
    )
    time_to_brief_ms: int | None = Field(
        description="time from asking for the handoff until the agent had the brief, ms; null without a brief"
    )
    overridden: bool | None = Field(
        description="whether the agent overrode what was suggested; null where they answered nothing"
    )
    overrides: tuple[Literal["rejected", "edited", "other_disposition", "other_action"], ...] = Field(
        default=(), description="in which ways the agent overrode what was suggested"
    )


class EscalationsOnly(StrEnum):
    """Which of the escalations behind some figures are wanted."""

    HANDOFF = "handoff"
    NO_HANDOFF = "no_handoff"
    REPEATED = "repeated"
    CONTEXT_GAP = "context_gap"
    OVERRIDDEN = "overridden"


class Escalations(Record):
    """The escalations behind some figures, the newest first; pass `next_after` as `after` until it is null."""

    escalations: tuple[Escalation, ...] = Field(description="the escalations, the newest first")
    next_after: str | None = Field(description="pass it as `after` for the next page; null on the last")
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the answer took to compute, ms")


class FrictionKind(StrEnum):
    """What went wrong at a moment: the signals of friction, and what breaks continuity itself."""

    _ignore_ = "signal"
    for signal in SignalType:
        vars()[signal.name] = signal.value
    INFORMATION_REPEATED = "information_repeated"
    CONTEXT_GAP = "context_gap"


class MomentSample(Record):
    """One case of a moment."""

    customer_id: str = Field(description="our id of the customer")
    conversation_id: str | None = Field(description="the caller's id of the conversation; null where there is none")
    at: datetime = Field(description="when it happened, RFC 3339")
    evidence: Evidence = Field(description="interaction_ids in which it shows")


class FrictionSpot(Record):
    """A kind of friction on one channel, about one thing, and how many journeys it cost.

    `journeys`: those with this friction that were then escalated or ended unsettled. `seen`: all journeys that had it.
    """

    kind: FrictionKind = Field(description="what went wrong")
    channel: Channel = Field(description="the channel on which it went wrong")
    intent: str | None = Field(description="name of what the customers wanted; null where that is not known")
    node: str = Field(description="`id` of its node in the graph")
    journeys: int = Field(description="how many journeys with this friction were then escalated or ended unsettled")
    seen: int = Field(description="how many journeys had this friction")
    occurrences: int = Field(description="how often this friction occurred")
    samples: tuple[MomentSample, ...] = Field(
        description="some of the cases, those that cost a journey first, then the newest; at most 5"
    )


class FrictionSpots(Record):
    """High-friction moments, those that cost most journeys first; `journeys` is how many journeys there are at all."""

    filters: ContinuityFilter = Field(description="the filters that were applied")
    moments: tuple[FrictionSpot, ...] = Field(
        description="kinds of friction by channel and intent, those that cost most journeys first"
    )
    journeys: int = Field(description="how many journeys there are between `from` and `to`, with friction or without")
    unread_conversations: int = Field(
        default=0, description="conversations whose intent has not been read yet; they count under no intent so far"
    )
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the answer took to compute, ms")
