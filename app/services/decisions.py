"""Decisions: the next best actions, their outcomes, their log, and the catalogue that they follow."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

from app.actions import InForce, read_catalogue
from app.actions.challenger import Challenger
from app.actions.comparison import compared
from app.actions.log import decision_log
from app.errors import InvalidRequest, NotFound
from app.ids import resumed_work
from app.models import (
    LEAST_DIFFERENCE,
    ActionOutcome,
    ArmComparison,
    CatalogueReport,
    Decision,
    FiledCatalogue,
    FiledOutcome,
    NextActionRequest,
)
from app.services.filing import MOST_ATTEMPTS, WordsDeleted, check_still_there
from app.services.parts import Parts
from app.services.rankings_ahead import RankingsAhead
from app.services.request_masking import masked
from app.services.workflow_loader import WorkflowLoader

if TYPE_CHECKING:
    from app.workflow import Workflow


class DecisionService:
    """Decides what to do next and learns from what became of it."""

    def __init__(self, parts: Parts, loader: WorkflowLoader, rankings: RankingsAhead) -> None:
        self._parts = parts
        self._loader = loader
        self._rankings = rankings

    async def next_actions(self, tenant: str, request: NextActionRequest) -> Decision:
        """What to do next."""
        started = perf_counter()
        work = resumed_work()
        if work and (filed := await self._parts.archive.get(tenant, "decisions", work.id_of("dec"))) is not None:
            return Decision.model_validate(filed)
        workflow = await self._loader.workflow()
        request = await masked(self._parts, request)
        decision = await _decided(workflow, tenant, request, started)
        await check_still_there(self._parts, tenant, decision.customer_id)
        self._parts.meter.decision(decision)
        self._rankings.asked(tenant, request, decision)
        return decision

    async def rehearse(self, tenant: str, request: NextActionRequest) -> None:
        """Have a model rank as for this request, before it comes; nothing is filed."""
        workflow = await self._loader.workflow()
        await workflow.rehearse(tenant, request, now=datetime.now(UTC), started=perf_counter())

    async def file_outcome(self, tenant: str, decision_id: str, outcome: ActionOutcome) -> FiledOutcome:
        """Keep what became of an action and learn from it; telling it again replaces it.

        Raises NotFound or InvalidRequest.
        """
        document = await self._parts.archive.get(tenant, "decisions", decision_id)
        if document is None:
            raise NotFound(f"No decision has the id {decision_id!r} in this tenant.")
        decision = Decision.model_validate(document)
        bases = {candidate.action_id: candidate.basis for candidate in decision.candidates}
        offered = [action.action_id for action in decision.actions]
        if outcome.action_id not in {*offered, *bases, *(action.action_id for action in decision.suppressed)}:
            message = "This decision neither offered, left open nor held back an action with this id."
            raise InvalidRequest(f"action_id: {message}", [{"path": "action_id", "message": message}])
        filed = FiledOutcome(
            decision_id=decision_id,
            customer_id=decision.customer_id,
            intent=decision.intent,
            case_id=decision.case_id,
            audience=decision.audience,
            position=offered.index(outcome.action_id) + 1 if outcome.action_id in offered else None,
            basis=bases.get(outcome.action_id),
            filed_at=datetime.now(UTC),
            **dict(outcome),
        )
        await self._parts.decisions.learner.file_outcome(tenant, filed, decision.candidates)
        self._parts.meter.outcome(filed)
        self._parts.cases.note(tenant, filed)
        await self._parts.continuity.touch(tenant, filed.customer_id)
        await check_still_there(self._parts, tenant, filed.customer_id)
        return filed

    async def settle_cases(self) -> None:
        """Make findable at once the cases whose outcomes were told here, as far as they are indexed: for evals.

        Raises as the stores do.
        """
        await self._parts.cases.take_up()

    def decision_log(
        self, tenant: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Decisions made from `since` on and before `until`, oldest first, each with its `outcomes`."""
        return decision_log(self._parts.archive, tenant, since=since, until=until)

    async def catalogue(self, tenant: str) -> FiledCatalogue:
        """The catalogue in force for a tenant."""
        return _filed(await self._parts.decisions.catalogues.of(tenant))

    async def put_catalogue(self, tenant: str, text: str, *, as_json: bool) -> FiledCatalogue:
        """Keep a tenant's catalogue, from YAML or JSON. Raises InvalidRequest naming each fault by its path and line.

        Decisions made here go by it at once, those of other workers within seconds.
        """
        read = await asyncio.to_thread(read_catalogue, text, as_json=as_json)
        return _filed(await self._parts.decisions.catalogues.put(tenant, read))

    async def challenger(self, tenant: str) -> FiledCatalogue:
        """The catalogue that decides for a share of the customers. Raises NotFound where none does."""
        challenger = await self._parts.decisions.challenger(tenant)
        if challenger is None:
            raise NotFound("No challenger is compared with the catalogue in force.")
        return _filed(challenger)

    async def put_challenger(self, tenant: str, text: str, *, share: float, as_json: bool) -> FiledCatalogue:
        """Let a catalogue, from YAML or JSON, decide for a share (0..0.5) of the customers. Raises InvalidRequest."""
        read = await asyncio.to_thread(read_catalogue, text, as_json=as_json)
        decisions = self._parts.decisions
        champion = await decisions.catalogues.of(tenant)
        return _filed(await decisions.challengers.put(tenant, read, share, champion))

    async def compare(self, tenant: str, *, least: float = LEAST_DIFFERENCE) -> ArmComparison:
        """Whether the challenger serves better than the catalogue in force. Raises NotFound where there is none."""
        challenger = await self._parts.decisions.challenger(tenant)
        if challenger is None:
            raise NotFound("No challenger is compared with the catalogue in force.")
        decisions = self.decision_log(tenant, since=challenger.put_at)
        return await compared(decisions, challenger.version, least=least)

    async def check_catalogue(self, text: str, *, as_json: bool) -> CatalogueReport:
        """What a linter says of a catalogue in YAML or JSON, its examples compared by meaning; nothing is put."""
        return await self._parts.decisions.catalogues.check(text, as_json=as_json)


def _filed(in_force: InForce | Challenger) -> FiledCatalogue:
    document = in_force.catalogue.model_dump(mode="json", by_alias=True)
    return FiledCatalogue(version=in_force.version, put_at=in_force.put_at, catalogue=document)


async def _decided(workflow: "Workflow", tenant: str, request: NextActionRequest, started: float) -> Decision:
    """A filed decision, made again where messages that it names are deleted while it is made. Raises WordsDeleted."""
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            return await workflow.decide(tenant, request, now=request.now or datetime.now(UTC), started=started)
        except WordsDeleted:
            if attempt == MOST_ATTEMPTS:
                raise
    raise AssertionError("the last attempt either answers or raises")
