"""The records that every room shares: frozen, validated once at the door, and free of any vendor.

Times carry an offset, durations are integer milliseconds, scores and confidences lie in 0..1, and `evidence` is
always a tuple of `interaction_id`s (ours, not the caller's `id`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

Confidence = Annotated[float, Field(ge=0.0, le=1.0)]
Evidence = tuple[str, ...]
# Further away, some time zone's offset leads out of the years that a datetime can hold.
Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]

MAX_DATA_BYTES = 64 * 1024
MAX_BATCH = 1000


class Record(BaseModel):
    """A frozen value; unknown fields are an error, so a misspelt field never vanishes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Channel(StrEnum):
    """Where an interaction happened."""

    APP = "app"
    WEB = "web"
    CHAT = "chat"
    VOICE = "voice"
    IVR = "ivr"
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    SOCIAL = "social"
    IN_PERSON = "in_person"
    OTHER = "other"


class Actor(StrEnum):
    """Who acted."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Kind(StrEnum):
    """What an interaction is."""

    MESSAGE = "message"
    EVENT = "event"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    NOTE = "note"


class Outcome(StrEnum):
    """How a step ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABANDONED = "abandoned"
    UNKNOWN = "unknown"


# --- interactions ---------------------------------------------------------------------------------------------------


class Identifier(Record):
    """One name by which a customer is known; its type is `email`, `phone`, `account_id`, `device_id` or any word."""

    type: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    value: Annotated[str, Field(min_length=1, max_length=512)]
    verified: bool = False
    verified_at: Moment | None = None
    method: Annotated[str, Field(max_length=128)] | None = None


class InteractionDraft(Record):
    """What a channel sends: an interaction before the ledger has numbered it."""

    id: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    occurred_at: Moment | None = None
    channel: Channel
    actor: Actor
    kind: Kind
    conversation_id: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    identifiers: Annotated[tuple[Identifier, ...], Field(max_length=32)] = ()
    text: Annotated[str, Field(max_length=200_000)] = ""
    name: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    outcome: Outcome | None = None
    data: Mapping[str, JsonValue] = Field(default_factory=dict)


class Interaction(Record):
    """A row of the ledger. It belongs for good to the identity it arrived with; merging customers rewrites no row."""

    interaction_id: str
    seq: int
    identity_id: str
    id: str | None = None
    occurred_at: datetime
    channel: Channel
    actor: Actor
    kind: Kind
    conversation_id: str | None = None
    text: str = ""
    name: str | None = None
    outcome: Outcome | None = None
    data: Mapping[str, Any] = Field(default_factory=dict)
    identifiers: tuple[Identifier, ...] = ()
    redacted: bool = False


class Problem(Record):
    """An RFC 9457 problem object."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    errors: tuple[Mapping[str, JsonValue], ...] = ()


class Recorded(Record):
    """What became of one interaction of a request: filed, known already, or refused with its own problem."""

    id: str | None = None
    interaction_id: str | None = None
    seq: int | None = None
    customer_id: str | None = None
    duplicate: bool = False
    problem: Problem | None = None


# --- customers ------------------------------------------------------------------------------------------------------


class Match(StrEnum):
    """How a set of identifiers met the customers already known."""

    EXACT = "exact"
    MERGED = "merged"
    NEW = "new"
    AMBIGUOUS = "ambiguous"


class VerificationStatus(StrEnum):
    """How sure we are of who it is."""

    VERIFIED = "verified"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"


class Verification(Record):
    """What need not be asked again: how and when the customer proved who they are."""

    method: str | None = None
    at: datetime | None = None
    evidence: Evidence = ()


class Customer(Record):
    """The set of identities joined so far, under the id that survives."""

    customer_id: str
    identity_ids: tuple[str, ...]
    identifiers: tuple[Identifier, ...] = ()
    verification_status: VerificationStatus = VerificationStatus.UNKNOWN
    verification: Verification | None = None
    created_at: datetime | None = None


class Resolution(Record):
    """Whom a set of identifiers names."""

    customer_id: str
    match: Match
    verification_status: VerificationStatus
    candidates: tuple[str, ...] = ()


class Passage(Record):
    """An interaction found by retrieval, with how well it answers the question."""

    interaction: Interaction
    score: Confidence


# --- signals --------------------------------------------------------------------------------------------------------


class SignalType(StrEnum):
    """What may go wrong in a journey while it can still be mended."""

    HESITATION = "hesitation"
    BACKTRACKING = "backtracking"
    REPETITION = "repetition"
    CHANNEL_SWITCH = "channel_switch"
    DELAYED_REPLY = "delayed_reply"
    SILENCE = "silence"
    REPEATED_FAILURE = "repeated_failure"
    BOT_LOOP = "bot_loop"
    NEGATIVE_SENTIMENT = "negative_sentiment"
    HUMAN_REQUEST = "human_request"


class Signal(Record):
    """One moment of friction. `signal_id` is derived from what it stands on, so the same moment has the same id."""

    signal_id: str
    customer_id: str
    conversation_id: str | None = None
    type: SignalType
    severity: Confidence
    at: datetime
    evidence: Evidence
    detail: str


# --- the brief ------------------------------------------------------------------------------------------------------


class ScoredName(Record):
    """A name with how sure we are of it."""

    name: str
    confidence: Confidence


class Intent(Record):
    """What the customer wants, in the tenant's own words; `name` is null when nothing fits well enough."""

    name: str | None = None
    confidence: Confidence = 0.0
    alternatives: tuple[ScoredName, ...] = ()


class ActionTaken(Record):
    """A step somebody or something already took, with how it ended."""

    step: str
    actor: Actor
    channel: Channel
    outcome: Outcome
    at: datetime
    evidence: Evidence


class Commitment(Record):
    """What somebody promised."""

    by: Actor
    text: str
    due: str | None = None
    evidence: Evidence


class Entity(Record):
    """An order or account number, an amount, a date, a product, an error code."""

    type: str
    value: str
    evidence: Evidence


class HistoryItem(Record):
    """A prior interaction that matters here."""

    at: datetime
    channel: Channel
    text: str
    evidence: Evidence


class SentimentLabel(StrEnum):
    """How the customer feels."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    MIXED = "mixed"


class Trend(StrEnum):
    """Where the feeling is going."""

    IMPROVING = "improving"
    STEADY = "steady"
    WORSENING = "worsening"


class Sentiment(Record):
    """The customer's mood and where it is going."""

    label: SentimentLabel
    trend: Trend


class ResolutionStatus(StrEnum):
    """Whether what the customer came for is settled."""

    RESOLVED = "resolved"
    PARTIAL = "partial"
    UNRESOLVED = "unresolved"
    UNKNOWN = "unknown"


class Claim(Record):
    """A declarative sentence of the brief with what backs it."""

    text: str
    evidence: Evidence
    support: Confidence


class DroppedClaim(Record):
    """What a model said and the evidence did not bear out."""

    text: str
    why: str


class Brief(Record):
    """The warm-handoff brief. A field with nothing to say is null or empty, never "not mentioned"."""

    headline: Annotated[str, Field(max_length=120)] | None = None
    contact_reason: str | None = None
    intent: Intent = Intent()
    situation: str | None = None
    actions_taken: tuple[ActionTaken, ...] = ()
    resolution_status: ResolutionStatus = ResolutionStatus.UNKNOWN
    customer_expectation: str | None = None
    commitments: tuple[Commitment, ...] = ()
    open_questions: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()
    history: tuple[HistoryItem, ...] = ()
    sentiment: Sentiment | None = None
    suggested_opening: str | None = None
    suggested_disposition: ScoredName | None = None
    custom_sections: Mapping[str, str] = Field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    dropped_claims: tuple[DroppedClaim, ...] = ()


class Verdict(Record):
    """Whether one sentence is borne out by the interactions it was checked against."""

    text: str
    supported: bool
    score: Confidence
    evidence: Evidence
    why: str


# --- requests -------------------------------------------------------------------------------------------------------


class HandoffReason(StrEnum):
    """Why the conversation is being handed on."""

    CUSTOMER_REQUEST = "customer_request"
    BOT_FAILURE = "bot_failure"
    MISSING_KNOWLEDGE = "missing_knowledge"
    MISSING_TOOL = "missing_tool"
    POLICY_EXCEPTION = "policy_exception"
    PROHIBITED_TOPIC = "prohibited_topic"
    HIGH_FRICTION = "high_friction"
    OTHER = "other"


class Reason(Record):
    """Why, in a code and in words."""

    code: HandoffReason
    detail: Annotated[str, Field(max_length=2000)] | None = None


class SectionRequest(Record):
    """A section of the brief that this tenant wants beside the standard ones."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    instruction: Annotated[str, Field(min_length=1, max_length=2000)]


class Subject(Record):
    """Whom a question is about: at least one of the three is needed."""

    customer_id: str | None = None
    identifiers: Annotated[tuple[Identifier, ...], Field(max_length=32)] = ()
    conversation_id: Annotated[str, Field(min_length=1, max_length=256)] | None = None


class HandoffRequest(Subject):
    """What a contact-centre platform sends on escalation."""

    from_channel: Channel | None = None
    to_channel: Channel | None = None
    from_actor: Actor | None = None
    to_queue: Annotated[str, Field(max_length=256)] | None = None
    agent_id: Annotated[str, Field(max_length=256)] | None = None
    locale: Annotated[str, Field(max_length=35)] | None = None
    reason: Reason | None = None
    deadline_ms: Annotated[int, Field(ge=1, le=120_000)] = 2000
    sections: Annotated[tuple[SectionRequest, ...], Field(max_length=8)] = ()
    now: Moment | None = None


class NextActionRequest(Subject):
    """What a bot or an agent's desktop sends when it asks what to do next."""

    audience: Literal["bot", "agent"] = "bot"
    limit: Annotated[int, Field(ge=1, le=5)] = 3
    context: Mapping[str, JsonValue] = Field(default_factory=dict)
    now: Moment | None = None


# --- what the workflow gathers ---------------------------------------------------------------------------------------


class Snapshot(Record):
    """All that is known of one customer's case at `as_of_seq`: the only input of brief, signals and decision.

    `conversation` is the conversation at hand and `prior` the interactions of other conversations that matter to it,
    both in the order they happened. `history` ranks what retrieval found in `prior`, best first.
    """

    tenant: str
    customer: Customer
    conversation_id: str | None
    conversation: tuple[Interaction, ...]
    prior: tuple[Interaction, ...] = ()
    history: tuple[Passage, ...] = ()
    as_of_seq: int
    now: datetime
    retrieval_available: bool = True

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """Everything the snapshot holds, oldest first."""
        return tuple(sorted((*self.prior, *self.conversation), key=lambda one: (one.occurred_at, one.seq)))


# --- actions --------------------------------------------------------------------------------------------------------


class InterventionLevel(StrEnum):
    """How forward to be, from least to most."""

    WAIT = "wait"
    CLARIFY = "clarify"
    NUDGE = "nudge"
    ROUTE = "route"
    ESCALATE = "escalate"


class Intervention(Record):
    """How forward to be, and the signals that say so."""

    level: InterventionLevel
    friction: Confidence
    reasons: tuple[str, ...] = ()


class Components(Record):
    """The four factors whose product ranks an action (Pega's arbitration formula)."""

    propensity: Confidence
    context: Annotated[float, Field(ge=0.0)]
    value: Annotated[float, Field(ge=0.0)]
    lever: Annotated[float, Field(ge=0.0)]


class OfferedAction(Record):
    """An action of the tenant's catalogue that may be taken now."""

    action_id: str
    label: str
    script: str | None = None
    score: Annotated[float, Field(ge=0.0)]
    propensity: Confidence
    components: Components
    reason: str
    evidence: Evidence = ()
    requires_approval: bool = False
    parameters: Mapping[str, JsonValue] = Field(default_factory=dict)


class SuppressionReason(StrEnum):
    """Why an action of the catalogue is not offered."""

    ALREADY_TRIED = "already_tried"
    INELIGIBLE = "ineligible"
    NOT_APPLICABLE = "not_applicable"
    UNSUITABLE = "unsuitable"
    CONTACT_POLICY = "contact_policy"


class SuppressedAction(Record):
    """An action that is not offered, and why."""

    action_id: str
    reason: SuppressionReason
    detail: str
    evidence: Evidence = ()


class Decision(Record):
    """What to do next: how forward to be, at most five actions, and those held back."""

    decision_id: str
    customer_id: str
    conversation_id: str | None = None
    created_at: datetime
    as_of_seq: int
    duration_ms: int
    audience: Literal["bot", "agent"]
    intervention: Intervention
    actions: tuple[OfferedAction, ...]
    suppressed: tuple[SuppressedAction, ...]


# --- the handoff ----------------------------------------------------------------------------------------------------


class HandoffStatus(StrEnum):
    """Whether the brief is whole."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"


class FailureCode(StrEnum):
    """Which part is missing or was replaced by a fallback."""

    MODEL_TIMEOUT = "model_timeout"
    MODEL_UNAVAILABLE = "model_unavailable"
    INVALID_MODEL_OUTPUT = "invalid_model_output"
    RETRIEVAL_UNAVAILABLE = "retrieval_unavailable"
    INSUFFICIENT_CONTENT = "insufficient_content"


class PromptReference(Record):
    """Which released prompt was used, byte for byte."""

    name: str
    version: str
    sha256: str


class Usage(Record):
    """What a model's answer cost; `cost_usd` is null where the price of the model is not known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None


class Handoff(Record):
    """The answer to an escalation."""

    handoff_id: str
    customer_id: str
    conversation_id: str | None = None
    created_at: datetime
    as_of_seq: int
    duration_ms: int
    stale: bool = False
    status: HandoffStatus
    failure_code: FailureCode | None = None
    engine: Literal["model", "extractive"]
    model: str | None = None
    prompt: PromptReference | None = None
    usage: Usage | None = None
    verification_status: VerificationStatus
    verification: Verification | None = None
    brief: Brief
    signals: tuple[Signal, ...] = ()
    next_actions: Decision | None = None
    request: HandoffRequest


# --- what became of it -----------------------------------------------------------------------------------------------


class Feedback(Record):
    """What an agent's desktop tells of a handoff; it may be told in parts, as the contact goes on."""

    displayed_at: Moment | None = None
    accepted: bool | None = None
    edited_brief: JsonValue = None
    repeated_information: bool | None = None
    missing_context: bool | None = None
    connected_at: Moment | None = None
    resolved_at: Moment | None = None
    outcome: Annotated[str, Field(max_length=256)] | None = None
    disposition: Annotated[str, Field(max_length=256)] | None = None


class FiledFeedback(Feedback):
    """Feedback as it is kept, one document for each time something was told."""

    feedback_id: str
    handoff_id: str
    customer_id: str
    filed_at: datetime


class ActionOutcome(Record):
    """What became of one action of a decision."""

    action_id: Annotated[str, Field(min_length=1, max_length=256)]
    displayed: bool | None = None
    accepted: bool | None = None
    outcome: Literal["succeeded", "failed", "unknown"] = "unknown"
    reward: Annotated[float, Field(allow_inf_nan=False)] | None = None


class FiledOutcome(ActionOutcome):
    """An outcome as it is kept, the last one told of each action of a decision."""

    decision_id: str
    customer_id: str
    filed_at: datetime


# --- readiness -----------------------------------------------------------------------------------------------------


class Check(Record):
    """How one part is."""

    status: Literal["ok", "loading", "degraded", "failed"]
    detail: str


# --- keys -----------------------------------------------------------------------------------------------------------


class Scope(StrEnum):
    """What an API key allows; none of them includes another."""

    INGEST = "ingest"
    HANDOFF = "handoff"
    ACTIONS = "actions"
    ANALYTICS = "analytics"
    ADMIN = "admin"


class KeyGrant(Record):
    """What a caller may do, and as which tenant; `key_id` is None for a caller who was let in without a key."""

    tenant: str
    scopes: frozenset[Scope]
    key_id: str | None = None


class ApiKey(Record):
    """All that is known of an API key but its secret. `replaced_by` is the key it was rotated to; `last_used_at` may
    lag behind by ten minutes.
    """

    key_id: str
    tenant: str
    scopes: tuple[Scope, ...]
    label: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: str | None = None
    last_used_at: datetime | None = None


class IssuedKey(ApiKey):
    """A key that was just made. `key` is what its holder sends: it is shown this once and kept nowhere."""

    key: str = Field(repr=False)
