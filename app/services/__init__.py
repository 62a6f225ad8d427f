"""What Warmline does, one service for each kind of work; every interface and the evals call these."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from app import offline
from app.errors import WarmlineError
from app.models import Check, Handoff, HandoffRequest, IndexProgress, NextActionRequest, Snapshot
from app.patience import within
from app.readiness import ExampleReadiness, LedgerProbe, Readiness
from app.services.access import AccessService
from app.services.analytics import AnalyticsService
from app.services.answers import (
    ConversationFriction,
    ConversationSignals,
    RecordAnswer,
    SearchAnswer,
    TimelinePage,
    VerifyAnswer,
)
from app.services.catalogue_drafts import CatalogueDrafter
from app.services.connectors import ConnectorService, IssuedConnector, OpenedConnector
from app.services.customer_history import FoundCustomer, JourneyPage, JourneyQuery
from app.services.customers import CustomerService
from app.services.decisions import DecisionService
from app.services.drafts import Drafts
from app.services.filing import Filer
from app.services.handoffs import HandoffService
from app.services.interactions import InteractionService
from app.services.journeys import JourneyService
from app.services.knowledge import KnowledgeService
from app.services.listings import Listings
from app.services.memory_erasure import MemoryErasure, freeze_libraries
from app.services.parts import Parts
from app.services.platform_handoffs import PlatformHandoffs
from app.services.playground import Playground, Trial, TrialOptions, TrialRequest
from app.services.rankings_ahead import RankingsAhead
from app.services.rehearsal import rehearse_brief, rehearse_filing
from app.services.replies import ReplyService
from app.services.revisions import Revisions
from app.services.signals import SignalService
from app.services.verification import VerificationService
from app.services.webhooks import WebhookService
from app.services.workflow_loader import WorkflowLoader

__all__ = [
    "App",
    "ConversationFriction",
    "ConversationSignals",
    "FoundCustomer",
    "IssuedConnector",
    "JourneyPage",
    "JourneyQuery",
    "OpenedConnector",
    "Parts",
    "Readiness",
    "RecordAnswer",
    "SearchAnswer",
    "TimelinePage",
    "Trial",
    "TrialOptions",
    "TrialRequest",
    "VerifyAnswer",
]


class App:
    """Warmline itself: its services, and their life from start to end.

    Open it with `async with`, so that its index follows the ledger and its stores are closed at the end.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._revisions = Revisions(parts)
        self._drafts = Drafts(parts, self._prepared, parts.ladder_of)
        self._loader = WorkflowLoader(parts, self._drafts.word, Filer(parts, self._revisions))
        self._rankings = RankingsAhead(parts, self._rehearsed)
        self.signals = SignalService(parts, self._drafts, self._rankings)
        self.memory = MemoryErasure(
            parts,
            (self.signals.forget, self._revisions.forget, self._drafts.forget, self._rankings.forget),
            self.signals.in_background,
        )
        self.interactions = InteractionService(parts, self.signals, self._drafts, self.memory)
        self._examples = ExampleReadiness(parts.decisions)
        self.handoffs = HandoffService(parts, self._loader, self._examples.wait)
        handovers = PlatformHandoffs(parts, self.handoffs.create)
        parts.courier.hand_over_by(handovers.make)
        self.connectors = ConnectorService(parts, self.interactions, self.signals, handovers)
        self.decisions = DecisionService(parts, self._loader, self._rankings)
        self.catalogue_drafts = CatalogueDrafter(parts)
        self.customers = CustomerService(parts, self._drafts, self.memory)
        self.journeys = JourneyService(parts)
        self.listings = Listings(parts.ledger, parts.archive, parts.identities)
        self.knowledge = KnowledgeService(parts.knowledge)
        self.analytics = AnalyticsService(parts)
        self.verification = VerificationService(parts)
        self.webhooks = WebhookService(parts.announcer)
        self.access = AccessService(parts)
        self.replies = ReplyService(parts)
        self.playground = Playground(parts)
        self.meter = parts.meter
        self._probe = LedgerProbe(parts.ledger, parts.archive)

    async def __aenter__(self) -> "App":
        self._parts.indexer.start()
        self._parts.knowledge.indexer.start()
        self._parts.analyst.start()
        self._parts.traffic.start()
        self._parts.cases.start()
        self._parts.announcer.start()
        self._parts.continuity.start()
        self._parts.bus.start()
        self.signals.start()
        self._revisions.start()
        self._drafts.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Finish what is acknowledged and close every store."""
        await self._parts.recorder.close()
        await self.hand_on()
        await self.signals.close()
        await self._parts.announcer.close()
        await self._parts.bus.close()
        await self.memory.close()
        await self._examples.close()
        await self._parts.traffic.close()
        await self._parts.cases.close()
        await self._parts.continuity.close()
        await self._parts.decisions.close()
        await self._parts.knowledge.indexer.close()
        await self._parts.indexer.close()
        await self._parts.analyst.close()
        await self._parts.writer.close()
        await self._parts.keys.close()
        await self._parts.rate_limits.close()
        await self._parts.ledger.close()

    async def hand_on(self) -> None:
        """Go on with no handoff any more: whoever runs next takes up what is still to come."""
        await self._rankings.close()
        await self._drafts.close()
        await self._revisions.close()

    async def prepare(self) -> None:
        """Load what no handoff and no acknowledgement can do without, before the service listens."""
        await self._loader.workflow()
        await offline.in_turn(rehearse_filing)

    async def warm_up(self) -> None:
        """Load what the first handoff needs, off the event loop; a service calls it in the background."""
        await self.prepare()
        await asyncio.gather(self._examples.embed(), self._parts.indexer.warm_up())
        await offline.in_turn(rehearse_brief)
        # The model's client last, which takes longest: nobody but the model has to wait for it.
        await self._parts.writer.warm_up()
        await self._parts.decisions.warm_up_model()
        freeze_libraries()

    async def reach_others(self, within_s: float) -> Check:
        """Connect to the other processes, in an App that was not opened; how that stands after so many seconds."""
        self._parts.bus.start()
        with suppress(TimeoutError):
            async with within(within_s):
                while self._parts.bus.check().status == "loading":  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(0.02)
        return self._parts.bus.check()

    def reindex(self) -> AsyncIterator[IndexProgress]:
        """Make the index anew for all tenants, in an App that was not opened. Raises as the vectors and embedder do."""
        return self._reindexed()

    async def _reindexed(self) -> AsyncIterator[IndexProgress]:
        progress = IndexProgress(last_position=0)
        async for progress in self._parts.indexer.rebuild():
            yield progress
        async for passages in self._parts.knowledge.indexer.rebuild():
            yield progress.model_copy(update={"passages": passages})

    async def readiness(self) -> Readiness:
        """Whether a handoff can be served now, and how each part is."""
        checks = {"ledger": await self._probe.check(), "workflow": self._loader.check()}
        checks["index"] = self._parts.indexer.check()
        checks["actions"] = self._examples.check()
        checks["bus"] = self._parts.bus.check()
        checks["model"] = self._parts.writer.check()
        if self._parts.writer.has_model:
            checks["revisions"] = self._revisions.check()
            checks["drafts"] = self._drafts.check()
        usable = checks["ledger"].status == "ok" and checks["workflow"].status == "ok"
        lag = await self._parts.indexer.lag() if usable else 0
        return Readiness(status="ready" if usable else "unavailable", checks=checks, index_lag=lag)

    async def metrics(self) -> tuple[bytes, str]:
        """What this process counted, and how far it lags: a text for Prometheus, and its media type.

        A ledger that does not answer leaves the present figures out.
        """
        gauges: dict[str, float] = {}
        with suppress(WarmlineError):
            gauges["index_lag"] = await self._parts.indexer.lag()
            gauges["outbox_messages"] = await self._parts.outbox.waiting()
        return self._parts.meter.exposition(gauges)

    async def _rehearsed(self, tenant: str, request: NextActionRequest) -> None:
        await self.decisions.rehearse(tenant, request)

    async def _prepared(self, tenant: str, request: HandoffRequest) -> tuple[Snapshot, Handoff]:
        return await self.handoffs.prepared(tenant, request)
