"""Decisions and the actions they offer or hold back."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from app.models.base import Confidence, Evidence, Record
from app.models.knowledge import KnowledgePassage


class InterventionLevel(StrEnum):
    """How forward to be, from least to most."""

    WAIT = "wait"
    CLARIFY = "clarify"
    NUDGE = "nudge"
    ROUTE = "route"
    ESCALATE = "escalate"


class Intervention(Record):
    """How forward to be, and why: the signals that say so, and what the customer's last message tells, in words."""

    level: InterventionLevel = Field(description="how forward to be, from `wait` (least) to `escalate` (most)")
    friction: Confidence = Field(description="how much friction there is at this moment, 0 (none) to 1")
    reasons: tuple[str, ...] = Field(
        default=(), description="signal_ids of the signals that make up the friction, the gravest first"
    )
    causes: tuple[str, ...] = Field(
        default=(),
        description="what speaks for dissatisfaction in the customer's last message, as words after “they”; at most 4",
    )


class Components(Record):
    """The four factors whose product ranks an action (Pega's arbitration formula)."""

    propensity: Confidence = Field(
        description="probability that the action helps in this case, 0..1, learnt from outcomes"
    )
    context: Annotated[
        float,
        Field(
            ge=0.0,
            description="how well it fits the customer's wish, the intervention level or an action it replaces, 0..1",
        ),
    ]
    value: Annotated[
        float, Field(ge=0.0, description="what a success of the action is worth, as the catalogue sets it")
    ]
    lever: Annotated[
        float,
        Field(
            ge=0.0, description="weight by which the catalogue raises or lowers the action by hand; 1 changes nothing"
        ),
    ]


class OfferedAction(Record):
    """An action of the tenant's catalogue that may be taken now, or once what is `missing` is known.

    `propensity` is how probable it is that the action helps; `probability` how probable it was that this action and no
    other came at its place, given those before it. It is 1 unless the catalogue explores.
    """

    action_id: str = Field(description="id of the action in the tenant's catalogue")
    label: str = Field(description="name of the action as people read it, from the catalogue")
    script: str | None = Field(
        default=None,
        description="what to say to the customer, with known values filled in; null where there is nothing to say",
    )
    score: Annotated[
        float, Field(ge=0.0, description="propensity × context × value × lever; the higher, the better the action")
    ]
    propensity: Confidence = Field(
        description="probability that the action helps in this case, 0..1; the same as in `components`"
    )
    probability: Confidence = Field(
        default=1.0,
        description="probability of this action at this place, given those before it; 1 unless the catalogue explores",
    )
    components: Components = Field(description="the four factors of the score")
    reason: str = Field(description="why the action is offered, in one or two sentences")
    evidence: Evidence = Field(
        default=(), description="interaction_ids that the reason and the parameters stand on, at most 12"
    )
    requires_approval: bool = Field(
        default=False, description="whether a person must approve the action before it is carried out"
    )
    parameters: Mapping[str, JsonValue] = Field(
        default_factory=dict,
        description="values found for the action's parameters, by name; those not known are left out",
    )
    missing: tuple[str, ...] = Field(
        default=(),
        description="names of what must be known before the action may be taken: required parameters, and facts that "
        "its policy needs; empty where it may be taken now",
    )
    knowledge: tuple[KnowledgePassage, ...] = Field(
        default=(), description="passages of the tenant's articles that fit this action, the best first, at most 2"
    )


class SuppressionReason(StrEnum):
    """Why an action of the catalogue is not offered."""

    ALREADY_TRIED = "already_tried"
    INELIGIBLE = "ineligible"
    NOT_APPLICABLE = "not_applicable"
    UNSUITABLE = "unsuitable"
    CONTACT_POLICY = "contact_policy"


class SuppressedAction(Record):
    """An action that is not offered, and why."""

    action_id: str = Field(description="id of the action in the tenant's catalogue")
    reason: SuppressionReason = Field(description="code of the reason why the action is not offered")
    detail: str = Field(description="the reason in words, such as `It was tried already and failed, on app.`")
    evidence: Evidence = Field(default=(), description="interaction_ids that the reason stands on")


class OutcomeCount(Record):
    """How many outcomes had been reported when it was decided, each by how much its action was called for."""

    trials: Annotated[float, Field(ge=0.0, description="how many outcomes")] = 0.0
    successes: Annotated[float, Field(ge=0.0, description="the sum of their successes")] = 0.0


class ScoreBasis(Record):
    """What a score was made of before it was calibrated: what learning goes by."""

    prior: Confidence = Field(description="the catalogue's propensity")
    propensity: Confidence = Field(description="the propensity as learnt, before calibration")
    demand: Annotated[float, Field(ge=0.0, description="the context before calibration")]
    clear: bool = Field(description="whether a clear wish of the customer calls for it")
    own: OutcomeCount = Field(default=OutcomeCount(), description="outcomes of the action under the decision's intent")
    elsewhere: OutcomeCount = Field(default=OutcomeCount(), description="outcomes of it under all other intents")


class Candidate(Record):
    """An action that policy left open, offered or not, and how probable it was that it came first.

    The candidates of a decision are what another policy could have chosen from, so they are what one is judged by.
    """

    action_id: str = Field(description="id of the action in the tenant's catalogue")
    probability: Confidence = Field(
        description="probability that this action came first; 0 or 1 unless the catalogue explores"
    )
    components: Components = Field(description="the four factors of its score")
    basis: ScoreBasis | None = Field(
        default=None, description="what its score was made of; null where it was decided before this was noted"
    )


class FiledCatalogue(Record):
    """The catalogue in force for a tenant, as JSON; `put_at` is None where it is the service's own."""

    version: str = Field(description="id of this content of the catalogue; other content has another")
    put_at: datetime | None = Field(
        default=None, description="when the tenant put it, RFC 3339; null where it is the service's own"
    )
    catalogue: Mapping[str, JsonValue] = Field(description="the whole catalogue")


class Decision(Record):
    """What to do next: how forward to be, at most five actions, and those held back.

    `case_id` is the latest message that says what the customer wants, an interaction_id. `ranked_by` tells who
    ordered the actions and `engine` who worded them; `failure_code` why a model did neither, where one is set.
    """

    decision_id: str = Field(description="our id of the decision, to tell its outcome by")
    customer_id: str = Field(description="our id of the customer")
    conversation_id: str | None = Field(
        default=None,
        description="the caller's id of the conversation at hand, the latest where none was named; null without one",
    )
    created_at: datetime = Field(
        description="the moment as of which it was decided: `now` of the request, else the time of the request"
    )
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the answer took to compute, ms")
    audience: Literal["bot", "agent"] = Field(description="who is to take the actions")
    arm: Literal["champion", "challenger"] | None = Field(
        default=None, description="which catalogue decided, where a challenger is compared; null where none is"
    )
    experiment: str | None = Field(
        default=None, description="version of the challenger's catalogue, where one is compared; null where none is"
    )
    intent: str | None = Field(
        default=None,
        description="name of what the customer wants, an intent of the catalogue; null where nothing fits well enough",
    )
    case_id: str | None = Field(
        default=None,
        description="interaction_id of the latest message that says what the customer wants; null where none does",
    )
    intervention: Intervention = Field(description="how forward to be, and why")
    actions: tuple[OfferedAction, ...] = Field(description="actions that may be taken, the best first, at most 5")
    suppressed: tuple[SuppressedAction, ...] = Field(
        description="actions of the catalogue that are held back, each with the reason"
    )
    candidates: tuple[Candidate, ...] = Field(
        default=(), description="all actions that policy left open, offered or not, to judge another policy by"
    )
    ranked_by: Literal["rules", "model"] = Field(
        default="rules", description="who put the actions in their order: our rules, or the model of MODEL_RANK"
    )
    engine: Literal["model", "rules"] = Field(
        default="rules", description="who worded reasons and scripts: a model, or our rules and the catalogue"
    )
    failure_code: str | None = Field(
        default=None,
        description="why the model's words are missing, such as `model_timeout`; null where nothing failed",
    )

    @property
    def evidence(self) -> Evidence:
        """Every interaction that its actions name, offered or held back, each once."""
        judged = (*self.actions, *self.suppressed)
        return tuple(dict.fromkeys(chain.from_iterable(action.evidence for action in judged)))
