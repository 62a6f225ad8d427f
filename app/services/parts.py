"""What an App is made of."""

from dataclasses import dataclass
from typing import Literal

from app.actions import CaseIndexer, DecisionMaker, TrafficLearner
from app.analyst import Analyst
from app.analytics import Follower
from app.announcements import Announcer
from app.briefs import TimelyWriter
from app.erasure import Eraser, Retention
from app.idempotency import RequestClaims
from app.identity import Identities
from app.identity.suggestions import Suggestions
from app.keys import Keys
from app.knowledge import KnowledgeRoom
from app.ledger import Recorder
from app.models import Ladder
from app.ports import Archive, Ledger, Outbox, RateLimits
from app.ports.bus import Bus
from app.ports.claims import Claims
from app.ports.continuity import ContinuityStore
from app.ports.meter import Meter
from app.ports.revisions import RevisionStore
from app.ports.verifier import Verifier
from app.pressure import Pressure
from app.retrieval import Gatherer, Indexer, MeaningReader, Retriever, Windows
from app.services.sandbox import Sandbox
from app.services.write_back import ConnectorCourier
from app.sessions import EndedSessions
from app.signing import Signatures

# Longer than anything that is under way may take: a late model is given up after as long.
AGAIN_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything an App is made of; `bootstrap.build` chooses them, and may be told otherwise."""

    ledger: Ledger
    archive: Archive
    keys: Keys
    signatures: Signatures
    sessions: EndedSessions
    claims: RequestClaims
    recorder: Recorder
    identities: Identities
    suggestions: Suggestions
    retriever: Retriever
    gatherer: Gatherer
    windows: Windows
    meanings: MeaningReader
    indexer: Indexer
    analyst: Analyst
    eraser: Eraser
    retention: Retention
    decisions: DecisionMaker
    knowledge: KnowledgeRoom
    traffic: TrafficLearner
    cases: CaseIndexer
    writer: TimelyWriter
    verifier: Verifier
    ladder: Ladder
    announcer: Announcer
    outbox: Outbox
    courier: ConnectorCourier
    revisions: RevisionStore
    bus: Bus
    digests: ContinuityStore
    continuity: Follower
    sandbox: Sandbox
    rate_limits: RateLimits
    rate_limit: int
    leases: Claims
    draft_ahead: Literal["off", "human_request", "friction"]
    drafts_per_minute: int
    pressure: Pressure
    meter: Meter
    forget_again_after_s: float = AGAIN_AFTER_S

    async def ladder_of(self, tenant: str) -> Ladder:
        """The levels of friction at which a tenant's conversations call for more: its catalogue's, else the setting."""
        return await self.decisions.ladder(tenant) or self.ladder
