"""A tenant's catalogue: what customers come for, and what may be done about it under which conditions."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, ConfigDict, Field

from app.models import Confidence, InterventionLevel, Ladder, Record

ANY_INTENT = "any"
MOST_ITEMS = 500

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
Sentence = Annotated[str, Field(min_length=1, max_length=500)]
ParameterType = Literal["string", "number", "integer", "boolean", "date", "list", "object"]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | Mapping) else value


def _as_rule(value: Any) -> Any:
    return {"expression": value} if isinstance(value, str) else value


def _as_fits(value: Any) -> Any:
    return dict.fromkeys(cast(Sequence[Any], value), 1.0) if isinstance(value, list | tuple) else value


class Rule(Record):
    """A CEL expression that must hold; `otherwise` says in plain words what it means when it does not.

    `instead` names the action that is right where this rule closes its own, before all that stand in for it otherwise.
    `ask` is a question to the customer whose answer brings what the expression needs: while that is not known, the
    action stays on offer with the question as its script, and cannot be taken before.
    """

    expression: Annotated[str, Field(min_length=1, max_length=2000)]
    otherwise: Sentence | None = None
    instead: Name | None = None
    ask: Sentence | None = None


Rules = Annotated[tuple[Annotated[Rule, BeforeValidator(_as_rule)], ...], BeforeValidator(_as_list)]
Fits = Annotated[Mapping[str, Confidence], BeforeValidator(_as_fits)]


class EngagementPolicy(Record):
    """Whether an action may be offered: to this customer at all, in this matter, and as things stand. All must hold."""

    eligibility: Rules = ()
    applicability: Rules = ()
    suitability: Rules = ()


class ContactPolicy(Record):
    """A cap on how often an action is offered: in so many conversations within so many days, the present one apart."""

    max_offers: Annotated[int, Field(ge=1)]
    per_days: Annotated[float, Field(gt=0)]


class Parameter(Record):
    """A value that an action needs. `from` names where it may be found, the best place first.

    A place is `fact.<path>` (a tool's result), `argument.<name>` (what a tool was called with), `mention.<type>` (what
    the customer named: code, number, account, email, phone, amount, date), `identifier.<type>` (what the customer is
    known by; a claim never where one is verified) or `context.<path>` (what came with the request). `pattern` is what a
    mention must match as a whole, in RE2's syntax. `ask` is the question to the customer where a required value is not
    known: it is what the action's script says then. Where `identifies` is true, the action counts as tried only with
    the same value.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    name: Name
    type: ParameterType = "string"
    sources: Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(alias="from")] = ()
    pattern: Annotated[str, Field(max_length=200)] | None = None
    required: bool = True
    identifies: bool = False
    ask: Sentence | None = None
    description: Sentence | None = None


class CatalogueIntent(Record):
    """Something customers come for, with examples of how they say it."""

    name: Name
    label: Sentence
    description: Annotated[str, Field(max_length=2000)] | None = None
    examples: Annotated[tuple[Sentence, ...], Field(min_length=1, max_length=500)]


class CatalogueAction(Record):
    """Something that may be done. `id` is the name of the step that does it, as tools and events call it.

    `intents` says for which intents it is right, each with how well it fits (a list means 1.0; `any` stands for all);
    `levels` how well it fits a level of intervention; `instead_of` which actions it stands in for when policy closes
    them. The best of the three is its context. `aliases` are other names under which the same step is recorded. `after`
    names actions that have to be taken first where they are called for as well. What is `irreversible`, such as the end
    of a contract, is offered only where the customer wants one of the intents that it is right for, or where it stands
    in for what policy closed: never because it fits a little what they want.
    """

    id: Name
    label: Sentence
    description: Annotated[str, Field(max_length=2000)] | None = None
    audience: tuple[Literal["bot", "agent"], ...] = ("bot", "agent")
    intents: Fits = Field(default_factory=dict)
    levels: Mapping[InterventionLevel, Confidence] = Field(default_factory=dict[InterventionLevel, Confidence])
    instead_of: Fits = Field(default_factory=dict)
    after: Annotated[tuple[Name, ...], BeforeValidator(_as_list)] = ()
    examples: Annotated[tuple[Sentence, ...], Field(max_length=500)] = ()
    aliases: tuple[Name, ...] = ()
    repeatable: bool = False
    policy: EngagementPolicy = EngagementPolicy()
    contact_policy: ContactPolicy | None = None
    propensity: Confidence = 0.5
    value: Annotated[float, Field(ge=0, le=1000)] = 1.0
    lever: Annotated[float, Field(ge=0, le=1000)] = 1.0
    parameters: tuple[Parameter, ...] = ()
    script: Annotated[str, Field(max_length=2000)] | None = None
    requires_approval: bool = False
    irreversible: bool = False


class Catalogue(Record):
    """All intents and actions of one tenant.

    `policy_text` is the company's policy in its own words, for a model that ranks the actions; rules go by the actions'
    own `policy`. With `exploration`, now and then an action comes first that is not known to be the best, as often as
    it may yet turn out to be: so the tenant learns faster, and the log can tell how another catalogue would have fared.
    A `friction_ladder` takes the place of the one in the settings, a level left out keeping its default.
    """

    name: Name
    description: Annotated[str, Field(max_length=2000)] | None = None
    policy_text: Annotated[str, Field(max_length=40_000)] | None = None
    exploration: bool = False
    friction_ladder: Ladder | None = None
    intents: Annotated[tuple[CatalogueIntent, ...], Field(max_length=MOST_ITEMS)] = ()
    actions: Annotated[tuple[CatalogueAction, ...], Field(min_length=1, max_length=MOST_ITEMS)]

    def action(self, action_id: str) -> CatalogueAction | None:
        """The action with this id, or None."""
        return next((action for action in self.actions if action.id == action_id), None)

    def intent_label(self, name: str) -> str:
        """The label of an intent, or its name where the catalogue has none by that name."""
        return next((intent.label for intent in self.intents if intent.name == name), name)
