"""What an App is made of."""

from dataclasses import dataclass

from app.actions import DecisionMaker, TrafficLearner
from app.announcements import Announcer
from app.brief import BriefWriter
from app.erasure import Eraser, Retention
from app.identity import Identities
from app.identity.suggestions import Suggestions
from app.keys import Keys
from app.ledger import Recorder
from app.models import Ladder
from app.ports import Archive, Ledger
from app.retrieval import Gatherer, Indexer, Retriever, Windows


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything an App is made of; `bootstrap.build` chooses them, and may be told otherwise."""

    ledger: Ledger
    archive: Archive
    keys: Keys
    recorder: Recorder
    identities: Identities
    suggestions: Suggestions
    retriever: Retriever
    gatherer: Gatherer
    windows: Windows
    indexer: Indexer
    eraser: Eraser
    retention: Retention
    decisions: DecisionMaker
    traffic: TrafficLearner
    writer: BriefWriter
    ladder: Ladder
    announcer: Announcer
