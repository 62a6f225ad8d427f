"""Decides what to do next: tried steps are left out, then policy speaks, then Pega's formula ranks what is open.

`score = propensity × context × value × lever`. The propensity is learnt from outcomes, those of similar cases
counting for more. The context of an action is how
well it fits what the customer wants, how well it fits the level of intervention, or how much it is needed in place of
something that policy closed: the best of these, and a little less while a value it needs is not known.
"""

import asyncio
from collections.abc import Mapping, Sequence
from random import Random
from time import perf_counter
from typing import Literal, NamedTuple

from app.actions.arbitration import calls_of
from app.actions.case import ActionDemand, DecisionCase, denies
from app.actions.catalogue import Catalogue, CatalogueAction
from app.actions.catalogue_store import CatalogueStore
from app.actions.challenger import Challenger, Challengers
from app.actions.contact_policy import ContactPolicies, Offers, capped
from app.actions.intents import IntentReading
from app.actions.learning import Learner
from app.actions.parameters import Filled, asked_first, worded
from app.actions.policy import Closure
from app.actions.ranking import OpenAction, OpenCase, Ranker, ranked_by_model
from app.actions.rates import CLEAR
from app.actions.similar_cases import NOTHING, Similar, SimilarCases
from app.ids import id_of_work
from app.models import (
    Brief,
    Candidate,
    Components,
    Decision,
    HandoffRequest,
    Intent,
    Intervention,
    Ladder,
    NextActionRequest,
    OfferedAction,
    Outcome,
    Signal,
    Snapshot,
    SuppressedAction,
    SuppressionReason,
)
from app.nlu.steps import Step
from app.nlu.wants import CaseState
from app.ports import Archive, CaseVectors, Embedder

IN_A_HANDOFF = 3
LEAST_CONTEXT = 0.02
# What a customer may faintly have meant is offered only where there is nothing better.
LEAST_WISH = 0.2
SURE_WISH = 0.5
WITH_A_GAP = 0.9
MOST_EVIDENCE = 12
# Fewer cases say nothing in general, and might say something of somebody.
LEAST_CASES_TOLD = 3
_ENDED = {
    Outcome.SUCCEEDED: "It was done already",
    Outcome.FAILED: "It was tried already and failed",
    Outcome.UNKNOWN: "It was tried already",
}


class _JudgedAction(NamedTuple):
    action: CatalogueAction
    filled: Filled
    tried: Step | None
    closure: Closure | None


class _RankedAction(NamedTuple):
    judged: _JudgedAction
    call: ActionDemand
    components: Components
    instead: SuppressedAction | None

    @property
    def score(self) -> float:
        return self.components.propensity * self.components.context * self.components.value * self.components.lever

    @property
    def by_clear_wish(self) -> bool:
        """Whether a clear wish of the customer calls for it."""
        return self.call.by == "wish" and self.components.context >= CLEAR


class _Offer(NamedTuple):
    ranked: _RankedAction
    probability: float


class Understanding(NamedTuple):
    """What the customer of one snapshot wants, read once for the brief and the decision, by one catalogue."""

    catalogue: Catalogue
    reading: IntentReading
    state: CaseState = CaseState()

    @property
    def intent(self) -> Intent:
        """The likeliest intent; its name is None when none fits well enough."""
        return self.reading.intent


class DecisionMaker:
    """Reads what the customer wants and ranks what the catalogue allows."""

    def __init__(
        self,
        catalogue: Catalogue,
        embedder: Embedder,
        archive: Archive,
        *,
        vectors: CaseVectors,
        ranker: Ranker | None = None,
    ) -> None:
        self._ranker = ranker
        self.catalogues = CatalogueStore(catalogue, embedder, archive)
        self.challengers = Challengers(archive)
        self._contact = ContactPolicies(archive)
        self.learner = Learner(archive)
        self.similar = SimilarCases(archive, vectors, self.learner)

    async def warm_up(self) -> None:
        """Embed the catalogue's examples, so that no request has to wait for it. Raises RetrievalUnavailable."""
        await self.catalogues.warm_up()

    async def warm_up_model(self) -> None:
        """Load the ranking model's client, where there is one."""
        if self._ranker is not None:
            await self._ranker.warm_up()

    async def close(self) -> None:
        """Let go of the embeddings under way and of the ranking model."""
        await self.catalogues.close()
        if self._ranker is not None:
            await self._ranker.close()

    @property
    def ranks_by_model(self) -> bool:
        """Whether a model ranks what a bot or a desktop asks for; a handoff's actions are ranked by rules."""
        return self._ranker is not None

    async def ladder(self, tenant: str) -> Ladder | None:
        """The friction from which on to be that forward, where the tenant's catalogue says so."""
        return (await self.catalogues.of(tenant)).catalogue.friction_ladder

    async def challenger(self, tenant: str) -> Challenger | None:
        """The catalogue that decides for a share of the tenant's customers, where one is compared."""
        return await self.challengers.of(tenant, (await self.catalogues.of(tenant)).version)

    async def understand(self, tenant: str, state: CaseState) -> Understanding:
        """What the customer wants, in the words of the catalogue in force; the intent has no name when none fits."""
        in_force = await self.catalogues.of(tenant)
        reading = await in_force.reader.read(state.wants)
        labels = {intent.name: intent.label for intent in in_force.catalogue.intents}
        labelled = reading.intent.model_copy(update={"label": labels.get(reading.intent.name or "")})
        return Understanding(in_force.catalogue, reading._replace(intent=labelled), state)

    async def decide(
        self,
        snapshot: Snapshot,
        understanding: Understanding,
        signals: Sequence[Signal],
        intervention: Intervention,
        request: HandoffRequest | NextActionRequest,
        *,
        started: float,
        brief: Brief | None = None,
        rehearsal: bool = False,
    ) -> Decision:
        """What to do next, ranked, and what is held back. `started` is a reading of `time.perf_counter()`.

        `brief` is what a model that ranks is told of the case, beside its interactions. Of a rehearsal nothing is
        noted: its actions are offered to nobody.
        """
        understanding, arm, experiment = await self._assigned(snapshot, understanding)
        catalogue, reading, state = understanding
        intent = understanding.intent
        case = DecisionCase(catalogue, snapshot, intent, reading, state, signals, intervention, request)
        by_agent = isinstance(request, HandoffRequest) or request.audience == "agent"
        audience = "agent" if by_agent else "bot"
        limit = IN_A_HANDOFF if isinstance(request, HandoffRequest) else request.limit
        judged = [_judged(case, action) for action in catalogue.actions if audience in action.audience]
        usual: Mapping[str, float] = await self.learner.usual(snapshot.tenant, audience) if case.doubt else {}
        fitting, others, suppressed = _arbitrated(case, judged, usual)
        past_offers, similar = await asyncio.gather(
            self._contact.offers(snapshot, [ranked.judged.action for ranked in (*fitting, *others)]),
            self._similar_to(case),
        )
        within_caps, held_off = _within_caps(snapshot, fitting, past_offers)
        decision_id = id_of_work("dec")
        worth = _worth_offering(within_caps)
        offers, candidates = await self._in_order(case, worth, limit, decision_id, similar, audience)
        decision = Decision(
            decision_id=decision_id,
            customer_id=snapshot.customer.customer_id,
            conversation_id=snapshot.conversation_id,
            created_at=snapshot.now,
            as_of_seq=snapshot.as_of_seq,
            duration_ms=round((perf_counter() - started) * 1000),
            audience=audience,
            arm=arm,
            experiment=experiment,
            intent=intent.name,
            case_id=reading.wanted.interaction_id if reading.wanted else None,
            intervention=intervention,
            actions=tuple(_offered(case, offer, similar) for offer in offers),
            suppressed=(*suppressed, *held_off),
            candidates=candidates,
        )
        if self._ranker is not None and isinstance(request, NextActionRequest):
            also_open, _ = _within_caps(snapshot, others, past_offers)
            open_case = _open_case(case, decision, (*within_caps, *also_open), similar, brief, request)
            decision = await _ranked(self._ranker, open_case, decision, request, started)
        offered = [ranked.judged.action for ranked in (*within_caps, *others)]
        if not rehearsal:
            await self._contact.note(snapshot, decision, offered, past_offers)
        return decision.model_copy(update={"duration_ms": round((perf_counter() - started) * 1000)})

    async def _assigned(
        self, snapshot: Snapshot, understanding: Understanding
    ) -> tuple[Understanding, Literal["champion", "challenger"] | None, str | None]:
        """The understanding by the catalogue that decides for this customer, its arm, and the challenger's version."""
        challenger = await self.challenger(snapshot.tenant)
        if challenger is None:
            return understanding, None, None
        if challenger.decides_for(snapshot.customer.customer_id):
            return understanding._replace(catalogue=challenger.catalogue), "challenger", challenger.version
        return understanding, "champion", challenger.version

    async def _similar_to(self, case: DecisionCase) -> Similar:
        wanted = case.reading.wanted
        if wanted is None:
            return NOTHING
        return await self.similar.to(case.snapshot.tenant, wanted.interaction_id, wanted.vector)

    async def _in_order(
        self,
        case: DecisionCase,
        fitting: Sequence[_RankedAction],
        limit: int,
        decision_id: str,
        similar: Similar,
        audience: str,
    ) -> tuple[list[_Offer], tuple[Candidate, ...]]:
        """The actions to offer, by what outcomes say of them, and how probable each was to come first."""
        # Drawn by the decision's own id, so that it can be told again how the draw came out.
        chance = Random(decision_id) if case.catalogue.exploration else None  # noqa: S311 - no secret hangs on it
        components = {ranked.judged.action.id: ranked.components for ranked in fitting}
        arranged = await self.learner.arrange(
            case.snapshot.tenant,
            case.intent.name,
            components,
            places=limit,
            chance=chance,
            leaning=similar.leaning,
            audience=audience,
            faint=frozenset(ranked.judged.action.id for ranked in fitting if not ranked.by_clear_wish),
        )
        learnt = {candidate.action_id: candidate.components for candidate in arranged.candidates}
        by_id = {
            ranked.judged.action.id: ranked._replace(components=learnt[ranked.judged.action.id]) for ranked in fitting
        }
        offers = [_Offer(by_id[action_id], probability) for action_id, probability in arranged.order]
        return offers, arranged.candidates


async def _ranked(
    ranker: Ranker, open_case: OpenCase, decision: Decision, request: NextActionRequest, started: float
) -> Decision:
    """The decision in a model's order, where it comes before the request's deadline."""
    left = request.deadline_ms / 1000 - (perf_counter() - started)
    return await ranked_by_model(ranker, open_case, decision, timeout_s=left)


def _judged(case: DecisionCase, action: CatalogueAction) -> _JudgedAction:
    filled = case.filled(action)
    tried = case.tried(action, filled)
    closure = None if tried else case.judge.closure(action.policy)
    if closure is not None and closure.ask is not None:
        missing = (*filled.missing, closure.missing or "")
        return _JudgedAction(action, filled._replace(missing=missing, questions=(closure.ask,)), tried, None)
    return _JudgedAction(action, filled, tried, closure)


def _arbitrated(
    case: DecisionCase, judged: Sequence[_JudgedAction], usual: Mapping[str, float]
) -> tuple[list[_RankedAction], list[_RankedAction], list[SuppressedAction]]:
    """The open actions that the case calls for, best first, those that it does not, and what is held back."""
    out_of_reach = {
        judgement.action.id: judgement.closure for judgement in judged if denies(judgement.closure, judgement.tried)
    }
    held_back = {judgement.action.id: _held_back(case, judgement) for judgement in judged}
    calls = calls_of(
        case,
        [judgement.action for judgement in judged],
        out_of_reach,
        {name for name, suppressed_action in held_back.items() if suppressed_action},
    )
    fitting: list[_RankedAction] = []
    others: list[_RankedAction] = []
    suppressed: list[SuppressedAction] = []
    for judgement in judged:
        call = _with_the_usual(calls[judgement.action.id], case.doubt * usual.get(judgement.action.id, 0.0))
        suppressed_action = held_back[judgement.action.id]
        # What is not about this matter at all need not be explained.
        if suppressed_action is not None and (
            call.strength >= LEAST_CONTEXT or suppressed_action.reason is not SuppressionReason.NOT_APPLICABLE
        ):
            suppressed.append(suppressed_action)
        elif suppressed_action is None:
            ranked = _RankedAction(judgement, call, _components(judgement, call), held_back.get(call.closed or ""))
            (fitting if call.strength >= LEAST_CONTEXT else others).append(ranked)
    # Where the case is settled nothing else is open: not even a model may offer it.
    return sorted(fitting, key=lambda ranked: -ranked.score), [] if case.state.is_settled else others, suppressed


def _open_case(
    case: DecisionCase,
    decision: Decision,
    open_actions: Sequence[_RankedAction],
    similar: Similar,
    brief: Brief | None,
    request: NextActionRequest,
) -> OpenCase:
    """What a ranker is given: the offered actions in their order, and all others that are open."""
    offered = {offer.action_id: offer for offer in decision.actions}
    by_id = {ranked.judged.action.id: ranked for ranked in open_actions}
    # What was drawn by chance stays as it was drawn.
    others = () if case.catalogue.exploration else by_id
    order = dict.fromkeys((*(name for name in offered if name in by_id), *others))
    actions = [
        OpenAction(
            by_id[name].judged.action,
            offered.get(name) or _offered(case, _Offer(by_id[name], 0.0), similar),
            by_id[name].judged.filled.missing,
            by_id[name].judged.filled.evidence,
            asks=asked_first(by_id[name].judged.action, by_id[name].judged.filled) is not None,
        )
        for name in order
    ]
    return OpenCase(
        snapshot=case.snapshot,
        catalogue=case.catalogue,
        audience=request.audience,
        limit=request.limit,
        actions=actions,
        suppressed=decision.suppressed,
        facts=case.facts,
        context=case.context,
        brief=brief,
        keeps_order=case.catalogue.exploration,
    )


def _with_the_usual(call: ActionDemand, usual: float) -> ActionDemand:
    """What nobody understood may be what customers usually come for: the law of total probability over intents."""
    by = "usual" if usual > call.strength else call.by
    return call._replace(strength=min(1.0, call.strength + usual), by=by) if usual else call


def _within_caps(
    snapshot: Snapshot, fitting: Sequence[_RankedAction], offers: Offers
) -> tuple[Sequence[_RankedAction], list[SuppressedAction]]:
    held_off = {ranked.judged.action.id: capped(ranked.judged.action, offers, snapshot) for ranked in fitting}
    within_caps = [ranked for ranked in fitting if held_off[ranked.judged.action.id] is None]
    return within_caps, [suppressed_action for suppressed_action in held_off.values() if suppressed_action is not None]


def _worth_offering(fitting: Sequence[_RankedAction]) -> Sequence[_RankedAction]:
    clear = [ranked for ranked in fitting if ranked.call.by != "wish" or ranked.call.strength >= LEAST_WISH]
    return clear or fitting


def _components(judged: _JudgedAction, call: ActionDemand) -> Components:
    context = call.strength * (WITH_A_GAP if judged.filled.missing else 1.0)
    action = judged.action
    return Components(propensity=action.propensity, context=round(context, 4), value=action.value, lever=action.lever)


def _held_back(case: DecisionCase, judged: _JudgedAction) -> SuppressedAction | None:
    if judged.tried is not None:
        step = judged.tried
        detail = f"{_ENDED[step.outcome]}, on {step.channel.value}."
        reason = SuppressionReason.ALREADY_TRIED
        return SuppressedAction(action_id=judged.action.id, reason=reason, detail=detail, evidence=step.evidence)
    if judged.closure is None:
        return None
    return SuppressedAction(
        action_id=judged.action.id,
        reason=judged.closure.reason,
        detail=judged.closure.detail,
        evidence=_sources(case, judged.closure.facts),
    )


def _offered(case: DecisionCase, offer: _Offer, similar: Similar) -> OfferedAction:
    ranked = offer.ranked
    action, filled = ranked.judged.action, ranked.judged.filled
    reason, evidence = _why(case, ranked)
    return OfferedAction(
        action_id=action.id,
        label=action.label,
        script=asked_first(action, filled) or worded(action.script, filled.values),
        score=round(ranked.score, 6),
        propensity=ranked.components.propensity,
        probability=offer.probability,
        components=ranked.components,
        reason=f"{reason}{_asks_first(action, filled)}{_told_of_similar(similar, action.id)}",
        evidence=tuple(dict.fromkeys((*evidence, *filled.evidence)))[:MOST_EVIDENCE],
        requires_approval=action.requires_approval,
        parameters=dict(filled.values),
        missing=filled.missing,
    )


def _asks_first(action: CatalogueAction, filled: Filled) -> str:
    """What has to be asked before the action can be taken, in the names of its parameters."""
    declared = {parameter.name for parameter in action.parameters}
    unknown = [parameter for parameter in action.parameters if parameter.name in filled.missing and parameter.ask]
    asked = [parameter.description or parameter.name.replace("_", " ") for parameter in unknown]
    by_policy = [name.replace("_", " ") for name in filled.missing if name not in declared] if filled.questions else []
    names = ", ".join((*asked, *by_policy))
    return f" Not known yet, and asked for first: {names}." if names else ""


def _why(case: DecisionCase, ranked: _RankedAction) -> tuple[str, tuple[str, ...]]:
    asked = tuple(row.interaction_id for row in case.reading.requests[-1:])
    call = ranked.call
    if call.by == "level":
        return _friction(case)
    if call.by == "closed":
        closed = case.catalogue.action(call.closed or "")
        label = closed.label if closed else ""
        if ranked.instead is None:
            return f"“{label}” has been refused, and this may be done instead.", asked
        return f"“{label}” is not possible: {ranked.instead.detail}", (*asked, *ranked.instead.evidence)
    if call.by == "wish":
        wish = case.wish_for(ranked.judged.action)
        # How well the action fits is told by itself: a clear wish is not in doubt for what fits it badly.
        is_sure = case.confidence_in_wish_for(ranked.judged.action) >= SURE_WISH
        opening = "The customer wants" if is_sure else "Perhaps the customer wants"
        what = f"{opening}: {wish}" if wish else "It is close to what was asked for"
        return f"{what}. This fits by {call.strength:.0%}, and the policy allows it.", asked
    if call.by == "usual":
        return "It is not clear what the customer wants, and this is what has helped most often.", asked
    return "It is open whatever the customer wants.", asked


def _told_of_similar(similar: Similar, action_id: str) -> str:
    cases = similar.plain_rates.get(action_id)
    if cases is None or cases.trials < LEAST_CASES_TOLD:
        return ""
    return f" Of {cases.trials:.0f} similar cases in which this was done, it settled {cases.successes:.0f}."


def _friction(case: DecisionCase) -> tuple[str, tuple[str, ...]]:
    signals_by_id = {signal.signal_id: signal for signal in case.signals}
    grave = [signals_by_id[signal_id] for signal_id in case.intervention.reasons if signal_id in signals_by_id][:3]
    kinds = ", ".join(dict.fromkeys(signal.type.replace("_", " ") for signal in grave))
    listed = f" ({kinds})" if kinds else ""
    reason = f"Friction is {case.intervention.friction:.2f}{listed}, which calls for “{case.intervention.level}”."
    return reason, tuple(interaction_id for signal in grave for interaction_id in signal.evidence)


def _sources(case: DecisionCase, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(case.facts.sources[name] for name in names if name in case.facts.sources))
