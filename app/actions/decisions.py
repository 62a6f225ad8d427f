"""Decides what to do next: tried steps are left out, then policy speaks, then Pega's formula ranks what is open.

`score = propensity × context × value × lever`. The context of an action is how well it fits what the customer wants,
how well it fits the level of intervention, or how much it is needed in place of something that policy closed: the best
of these, and a little less while a value it needs is not known.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, NamedTuple

from app.actions.case import Call, Case, denies
from app.actions.catalogue import Catalogue, CatalogueAction
from app.actions.intents import IntentReader
from app.actions.parameters import Filled, worded
from app.actions.policy import Closure
from app.ids import new_id
from app.language.steps import Step
from app.models import (
    Components,
    Decision,
    HandoffRequest,
    Intent,
    Intervention,
    NextActionRequest,
    OfferedAction,
    Outcome,
    Signal,
    Snapshot,
    SuppressedAction,
    SuppressionReason,
)
from app.ports import Archive, Embedder

IN_A_HANDOFF = 3
LEAST_CONTEXT = 0.02
# What a customer may faintly have meant is offered only where there is nothing better.
LEAST_WISH = 0.2
SURE_WISH = 0.5
WITH_A_GAP = 0.9
DECISIONS_READ = 50
MOST_EVIDENCE = 12
_ENDED = {
    Outcome.SUCCEEDED: "It was done already",
    Outcome.FAILED: "It was tried already and failed",
    Outcome.UNKNOWN: "It was tried already",
}


class _Judged(NamedTuple):
    action: CatalogueAction
    filled: Filled
    tried: Step | None
    closure: Closure | None


class _Ranked(NamedTuple):
    judged: _Judged
    call: Call
    components: Components
    instead: SuppressedAction | None

    @property
    def score(self) -> float:
        return self.components.propensity * self.components.context * self.components.value * self.components.lever


class DecisionMaker:
    """Reads what the customer wants and ranks what the catalogue allows."""

    def __init__(self, catalogue: Catalogue, embedder: Embedder, archive: Archive) -> None:
        self._catalogue = catalogue
        self._reader = IntentReader(catalogue, embedder)
        self._archive = archive

    async def warm_up(self) -> None:
        """Embed the catalogue's examples, so that no request has to wait for it. Raises RetrievalUnavailable."""
        await self._reader.warm_up()

    async def intent(self, snapshot: Snapshot) -> Intent:
        """What the customer wants, in the catalogue's words; its name is null when nothing fits well enough."""
        return (await self._reader.read(snapshot)).intent

    async def decide(
        self,
        snapshot: Snapshot,
        intent: Intent,
        signals: Sequence[Signal],
        intervention: Intervention,
        request: HandoffRequest | NextActionRequest,
        *,
        started: float,
    ) -> Decision:
        """What to do next, ranked, and what is held back. `started` is a reading of `time.perf_counter()`."""
        reading = await self._reader.read(snapshot)
        case = Case(self._catalogue, snapshot, intent, reading, signals, intervention, request)
        by_agent = isinstance(request, HandoffRequest) or request.audience == "agent"
        audience = "agent" if by_agent else "bot"
        limit = IN_A_HANDOFF if isinstance(request, HandoffRequest) else request.limit
        judged = [_judged(case, action) for action in self._catalogue.actions if audience in action.audience]
        ranked, suppressed = _arbitrated(case, judged)
        kept, capped = await self._within_caps(snapshot, ranked)
        return Decision(
            decision_id=new_id("dec"),
            customer_id=snapshot.customer.customer_id,
            conversation_id=snapshot.conversation_id,
            created_at=snapshot.now,
            as_of_seq=snapshot.as_of_seq,
            duration_ms=round((perf_counter() - started) * 1000),
            audience=audience,
            intervention=intervention,
            actions=tuple(_offered(case, one) for one in _worth_offering(kept)[:limit]),
            suppressed=(*suppressed, *capped),
        )

    async def _within_caps(
        self, snapshot: Snapshot, ranked: Sequence[_Ranked]
    ) -> tuple[Sequence[_Ranked], list[SuppressedAction]]:
        if not any(one.judged.action.contact_policy for one in ranked):
            return ranked, []
        decisions = await self._archive.of_customer(
            snapshot.tenant, "decisions", snapshot.customer.customer_id, limit=DECISIONS_READ
        )
        capped = {one.judged.action.id: _capped(one.judged.action, decisions, snapshot) for one in ranked}
        kept = [one for one in ranked if capped[one.judged.action.id] is None]
        return kept, [one for one in capped.values() if one is not None]


def _judged(case: Case, action: CatalogueAction) -> _Judged:
    filled = case.filled(action)
    tried = case.tried(action, filled)
    return _Judged(action, filled, tried, None if tried else case.judge.closure(action.policy))


def _arbitrated(case: Case, judged: Sequence[_Judged]) -> tuple[list[_Ranked], list[SuppressedAction]]:
    closed = {one.action.id: case.wished(one.action) for one in judged if denies(one.closure, one.tried)}
    held_back = {one.action.id: _held_back(case, one) for one in judged}
    ranked: list[_Ranked] = []
    suppressed: list[SuppressedAction] = []
    for one in judged:
        call = case.called_for(one.action, closed)
        held = held_back[one.action.id]
        # What is not about this matter at all need not be explained.
        if held is not None and (call.strength >= LEAST_CONTEXT or held.reason is not SuppressionReason.NOT_APPLICABLE):
            suppressed.append(held)
        elif held is None and call.strength >= LEAST_CONTEXT:
            ranked.append(_Ranked(one, call, _components(one, call), held_back.get(call.closed or "")))
    return sorted(ranked, key=lambda one: -one.score), suppressed


def _worth_offering(ranked: Sequence[_Ranked]) -> Sequence[_Ranked]:
    clear = [one for one in ranked if one.call.by != "wish" or one.call.strength >= LEAST_WISH]
    return clear or ranked


def _components(one: _Judged, call: Call) -> Components:
    context = call.strength * (WITH_A_GAP if one.filled.missing else 1.0)
    action = one.action
    return Components(propensity=action.propensity, context=round(context, 4), value=action.value, lever=action.lever)


def _held_back(case: Case, one: _Judged) -> SuppressedAction | None:
    if one.tried is not None:
        step = one.tried
        detail = f"{_ENDED[step.outcome]}, on {step.channel.value}."
        reason = SuppressionReason.ALREADY_TRIED
        return SuppressedAction(action_id=one.action.id, reason=reason, detail=detail, evidence=step.evidence)
    if one.closure is None:
        return None
    return SuppressedAction(
        action_id=one.action.id,
        reason=one.closure.reason,
        detail=one.closure.detail,
        evidence=_sources(case, one.closure.facts),
    )


def _offered(case: Case, one: _Ranked) -> OfferedAction:
    action, filled = one.judged.action, one.judged.filled
    reason, evidence = _why(case, one)
    return OfferedAction(
        action_id=action.id,
        label=action.label,
        script=worded(action.script, filled.values),
        score=round(one.score, 6),
        propensity=action.propensity,
        components=one.components,
        reason=reason,
        evidence=tuple(dict.fromkeys((*evidence, *filled.evidence)))[:MOST_EVIDENCE],
        requires_approval=action.requires_approval,
        parameters=dict(filled.values),
    )


def _why(case: Case, one: _Ranked) -> tuple[str, tuple[str, ...]]:
    asked = tuple(row.interaction_id for row in case.reading.requests[-1:])
    call = one.call
    if call.by == "level":
        return _friction(case)
    if call.by == "closed":
        closed = case.catalogue.action(call.closed or "")
        label = closed.label if closed else ""
        if one.instead is None:
            return f"“{label}” has been refused, and this may be done instead.", asked
        return f"“{label}” is not possible: {one.instead.detail}", (*asked, *one.instead.evidence)
    if call.by == "wish":
        wish = case.wish_for(one.judged.action)
        told = "The customer wants" if call.strength >= SURE_WISH else "It may be about"
        what = f"{told}: {wish}" if wish else "It is close to what was asked for"
        return f"{what}. This fits by {call.strength:.0%}, and the policy allows it.", asked
    return "It is open whatever the customer wants.", asked


def _friction(case: Case) -> tuple[str, tuple[str, ...]]:
    known = {signal.signal_id: signal for signal in case.signals}
    grave = [known[one] for one in case.intervention.reasons if one in known][:3]
    kinds = ", ".join(dict.fromkeys(signal.type.replace("_", " ") for signal in grave))
    told = f" ({kinds})" if kinds else ""
    reason = f"Friction is {case.intervention.friction:.2f}{told}, which calls for “{case.intervention.level}”."
    return reason, tuple(one for signal in grave for one in signal.evidence)


def _sources(case: Case, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(case.facts.sources[name] for name in names if name in case.facts.sources))


def _capped(
    action: CatalogueAction, decisions: Sequence[Mapping[str, Any]], snapshot: Snapshot
) -> SuppressedAction | None:
    cap = action.contact_policy
    if cap is None:
        return None
    since = snapshot.now - timedelta(days=cap.per_days)
    count = len(_offers(decisions, action.id, snapshot, since))
    if count < cap.max_offers:
        return None
    return SuppressedAction(
        action_id=action.id,
        reason=SuppressionReason.CONTACT_POLICY,
        detail=f"It was offered in {count} conversations within {cap.per_days:g} days; {cap.max_offers} are allowed.",
    )


def _offers(decisions: Sequence[Mapping[str, Any]], action_id: str, snapshot: Snapshot, since: datetime) -> set[str]:
    # A bot asks after every message: one conversation is one offer, and the one at hand goes on with its own.
    found: set[str] = set()
    for decision in decisions:
        conversation = decision.get("conversation_id") or decision["decision_id"]
        if conversation == snapshot.conversation_id:
            continue
        at = datetime.fromisoformat(str(decision["created_at"]))
        if since < at <= snapshot.now and any(one["action_id"] == action_id for one in decision["actions"]):
            found.add(str(conversation))
    return found
