"""One moment's case as the decision sees it: what is known, what was tried, and how much each action is called for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal, NamedTuple

from app.actions.catalogue import ANY_INTENT, Catalogue, CatalogueAction
from app.actions.intents import IntentReading, WishRead
from app.actions.parameters import Filled, ParameterSources, trusted
from app.actions.policy import Closure, PolicyJudge
from app.caching import text_cache
from app.models import (
    Actor,
    HandoffRequest,
    Intent,
    Interaction,
    Intervention,
    InterventionLevel,
    Kind,
    NextActionRequest,
    Outcome,
    Signal,
    SignalType,
    Snapshot,
)
from app.nlu.analysis import analysis_of
from app.nlu.sentiment import mood
from app.nlu.steps import Step, step_name, steps
from app.nlu.tool_facts import Facts, read_facts, typed
from app.nlu.wants import CaseState
from app.nlu.words import terms

TRIED_WITHIN = timedelta(days=14)
# What staff or a bot has refused may still be open by policy, so it counts for less than what policy closed.
REFUSED = 0.7
# A wish is met once a step that fits it at least so well has succeeded; then little of it is left.
MEETS = 0.7
ONCE_MET = 0.25
# What cannot be undone is not offered on a fainter wish than this for just that.
LEAST_OWN_WISH = 0.15


class ActionDemand(NamedTuple):
    """How much an action is called for (0..1), and by what.

    That is the customer's wish, friction, an action it replaces, or that it is what usually helps.
    """

    strength: float
    by: Literal["wish", "level", "closed", "always", "usual"]
    closed: str | None = None


@dataclass(frozen=True)
class DecisionCase:
    """What a decision is made from. Everything is worked out once, when it is first asked for."""

    catalogue: Catalogue
    snapshot: Snapshot
    intent: Intent
    reading: IntentReading
    state: CaseState
    signals: Sequence[Signal]
    intervention: Intervention
    request: HandoffRequest | NextActionRequest

    @cached_property
    def _rows(self) -> Sequence[Interaction]:
        return self.snapshot.interactions

    @cached_property
    def facts(self) -> Facts:
        """The facts in tool results, of what went before and of the conversation."""
        return read_facts(self._rows, self.snapshot.now.tzinfo)

    @cached_property
    def context(self) -> Mapping[str, Any]:
        """What came with the request."""
        if isinstance(self.request, NextActionRequest):
            return typed(self.request.context, self.snapshot.now.tzinfo)
        asked = self.request
        fields = {"to_queue": asked.to_queue, "to_channel": asked.to_channel, "locale": asked.locale}
        fields["reason"] = asked.reason.code if asked.reason else None
        return {name: str(value) for name, value in fields.items() if value is not None}

    @cached_property
    def _wished(self) -> dict[str, float]:
        return {}

    @cached_property
    def wishes(self) -> Mapping[str, float]:
        """How sure we are of each intent."""
        confidences = {alternative.name: alternative.confidence for alternative in self.intent.alternatives}
        return {self.intent.name: self.intent.confidence, **confidences} if self.intent.name else confidences

    @cached_property
    def doubt(self) -> float:
        """How much of what the customer wants no intent accounts for, 0..1; nothing where they want nothing."""
        if self.state.is_settled or not self.reading.wishes:
            return 0.0
        return 1.0 - min(1.0, sum(self.wishes.values()))

    @cached_property
    def _wishes(self) -> Sequence[WishRead]:
        wishes = self.reading.wishes
        return [wish._replace(shares=_weakened(wish.shares)) if self._is_met(wish) else wish for wish in wishes]

    @cached_property
    def _wanted(self) -> Mapping[str, float]:
        """How sure we are of each intent that is still wanted; the sum is at most 1."""
        # What was read text by text is finer; but whoever hands in another intent knows better.
        if self.intent != self.reading.intent:
            return self.wishes
        together: dict[str, float] = {}
        for wish in self._wishes:
            for name, share in wish.shares.items():
                together[name] = together.get(name, 0.0) + share
        # What was met is not wanted, and leaves the rest as it is.
        most = max(1.0, sum(share for wish in self.reading.wishes for share in wish.shares.values()))
        return {name: share / most for name, share in together.items()}

    def _is_met(self, wish: WishRead) -> bool:
        wanted = max(wish.shares, key=lambda name: wish.shares[name], default="")
        at = wish.row.occurred_at
        done = {step.name for step in self.steps if step.outcome is Outcome.SUCCEEDED and step.at >= at}
        return any(
            action.intents.get(wanted, 0.0) >= MEETS and done & _step_names(action.id, action.aliases)
            for action in self.catalogue.actions
            if not action.repeatable
        )

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps taken lately, on any channel."""
        since = self.snapshot.now - TRIED_WITHIN
        own = {row.interaction_id for row in self.snapshot.conversation}
        return steps(row for row in self._rows if row.occurred_at >= since or row.interaction_id in own)

    @cached_property
    def _taken(self) -> frozenset[str]:
        return frozenset(step.name for step in self.steps)

    @cached_property
    def judge(self) -> PolicyJudge:
        """What holds policies against all this."""
        words = " \n".join(row.text for row in self._messages)
        return PolicyJudge(self._variables, words)

    @cached_property
    def _sources(self) -> ParameterSources:
        return ParameterSources(self.snapshot, self.facts, self.context)

    def filled(self, action: CatalogueAction) -> Filled:
        """The action's parameters, as far as they are known."""
        return self._sources.fill(action)

    def tried(self, action: CatalogueAction, filled: Filled) -> Step | None:
        """The latest attempt at this action, about the same thing where its parameters say what it is about.

        What was only begun may still be brought to its end, so an abandoned attempt is none.
        """
        if action.repeatable:
            return None
        names = _step_names(action.id, action.aliases)
        if not names.isdisjoint(self._taken):
            for step in reversed(self.steps):
                tried = step.name in names and step.outcome is not Outcome.ABANDONED
                if tried and _same_thing(action, filled, step):
                    return step
        return self._attempt_in_words(action)

    @cached_property
    def _attempts_in_words(self) -> Sequence[tuple[Step, frozenset[str]]]:
        """What customers say they tried lately, the newest first, each with its terms."""
        since = self.snapshot.now - TRIED_WITHIN
        return [(step, frozenset(terms(step.name))) for step in reversed(self.state.attempts) if step.at >= since]

    @cached_property
    def _words_of_the_talk(self) -> frozenset[str]:
        return frozenset(word for row in self._rows if row.kind is Kind.MESSAGE for word in analysis_of(row).terms)

    def _attempt_in_words(self, action: CatalogueAction) -> Step | None:
        """The newest attempt in words that is one at this action: it names the deed, and the talk what it is about.

        `I have restarted it twice` tells of `restart_router` where a router is spoken of. The words of an action's id
        are English mostly, so in other languages few attempts are recognised.
        """
        if not self._attempts_in_words:
            return None
        deed, *about = terms(action.id.replace("_", " ")) or ("",)
        if not about or not self._words_of_the_talk.issuperset(about):
            return None
        return next((step for step, words in self._attempts_in_words if deed in words), None)

    def called_for(self, action: CatalogueAction, closed: Mapping[str, float]) -> ActionDemand:
        """How much the action is called for; `closed` says how much each action out of reach would have been."""
        if self.state.is_settled:
            return ActionDemand(action.levels.get(InterventionLevel.WAIT, 0.0), "level")
        calls = [ActionDemand(0.0 if self._lacks_its_wish(action) else self.wished(action), "wish")]
        if action.levels:
            calls.append(ActionDemand(action.levels.get(self.intervention.level, 0.0), "level"))
        if ANY_INTENT in action.intents:
            calls.append(ActionDemand(action.intents[ANY_INTENT], "always"))
        for name, fit in action.instead_of.items():
            refused = REFUSED * self._refused(name)
            calls.append(ActionDemand(fit * max(closed.get(name, 0.0), refused), "closed", name))
        return calls[0] if len(calls) == 1 else max(calls, key=lambda call: call.strength)

    def wished(self, action: CatalogueAction) -> float:
        """How well the action fits what the customer wants."""
        fit = self._wished.get(action.id)
        if fit is None:
            by_intent = sum(fit * self._wanted.get(name, 0.0) for name, fit in action.intents.items())
            fit = self._wished[action.id] = min(1.0, max(by_intent, self.reading.likeness.get(action.id, 0.0)))
        return fit

    def _lacks_its_wish(self, action: CatalogueAction) -> bool:
        """Whether an irreversible action is one that the customer hardly wants, however well it fits what they do."""
        if not action.irreversible or self.reading.likeness.get(action.id, 0.0) >= MEETS:
            return False
        own = (self._wanted.get(name, 0.0) for name, fit in action.intents.items() if fit >= MEETS)
        return sum(own) < LEAST_OWN_WISH

    def wish_for(self, action: CatalogueAction) -> str | None:
        """The label of the wish that the action fits best, or None where it fits by its own examples alone."""
        best = self._fitting(action)
        return None if best is None else self.catalogue.intent_label(best)

    def confidence_in_wish_for(self, action: CatalogueAction) -> float:
        """How sure we are that the customer wants what the action fits best, however well it fits that."""
        best = self._fitting(action)
        if best is None:
            return 0.0
        named = self.intent.confidence if self.intent.name == best else 0.0
        return max(named, self._wanted.get(best, 0.0))

    def _fitting(self, action: CatalogueAction) -> str | None:
        """The name of the wish that the action fits best."""
        shares = {name: fit * self._wanted.get(name, 0.0) for name, fit in action.intents.items()}
        best = max(shares, key=lambda name: shares[name], default=None)
        return best if best is not None and shares[best] > 0 else None

    def _refused(self, action_id: str) -> float:
        if not self._anything_refused:
            return 0.0
        action = self.catalogue.action(action_id)
        refused = self.reading.refused
        return (
            max((fit * refused.get(name, 0.0) for name, fit in action.intents.items()), default=0.0) if action else 0.0
        )

    @cached_property
    def _anything_refused(self) -> bool:
        return any(self.reading.refused.values())

    @cached_property
    def _messages(self) -> list[Any]:
        rows = self.snapshot.conversation
        return [row for row in rows if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE and row.text]

    @cached_property
    def _variables(self) -> dict[str, Any]:
        snapshot, customer = self.snapshot, self.snapshot.customer
        severities = dict.fromkeys((signal_type.value for signal_type in SignalType), 0.0)
        for signal in self.signals:
            severities[signal.type.value] = max(severities[signal.type.value], signal.severity)
        last = snapshot.conversation[-1] if snapshot.conversation else None
        return {
            "customer": {
                "id": customer.customer_id,
                "verification_status": customer.verification_status.value,
                "identifiers": {
                    identifier.type: identifier.value for identifier in reversed(trusted(customer.identifiers))
                },
            },
            "conversation": {
                "id": snapshot.conversation_id or "",
                "channel": last.channel.value if last else "",
                "messages": len(self._messages),
                "settled": self.state.is_settled,
                "mood": mood([analysis_of(row).feeling for row in self._messages]).label.value,
                "steps": {step.name: step.outcome.value for step in self.steps},
                "intents": {intent.name: self.wishes.get(intent.name, 0.0) for intent in self.catalogue.intents},
            },
            "facts": dict(self.facts.tree),
            "records": {record.kind.removesuffix("_id"): record.fields for record in self.facts.records},
            "signals": severities,
            "context": dict(self.context),
            "now": snapshot.now,
            "today": snapshot.now.date().isoformat(),
        }


def denies(closure: Closure | None, tried: Step | None) -> bool:
    """Whether an action is out of reach for good: closed on what is known, or tried in vain."""
    if closure is not None:
        return not closure.unknown
    return tried is not None and tried.outcome is Outcome.FAILED


@text_cache(maxsize=4096)
def _step_names(action_id: str, aliases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(step_name(name) for name in (action_id, *aliases))


def _weakened(shares: Mapping[str, float]) -> Mapping[str, float]:
    return {name: share * ONCE_MET for name, share in shares.items()}


def _same_thing(action: CatalogueAction, filled: Filled, step: Step) -> bool:
    for parameter in action.parameters:
        name = parameter.name
        told_apart = parameter.identifies and name in filled.values and name in step.arguments
        if told_apart and str(filled.values[name]) != str(step.arguments[name]):
            return False
    return True
