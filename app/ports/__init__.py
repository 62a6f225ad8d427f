"""What the rooms need of the outside world, as Protocols with the fewest methods that serve.

Every port has an in-memory twin in `app/adapters/memory.py`, and one suite in `tests/contracts/` is run against each
adapter of it.
"""

from app.ports.archive import Archive, Counting, Counts
from app.ports.external import Attempt, Courier, LanguageModel, ModelReply
from app.ports.ledger import (
    REDACTED,
    Arrival,
    Assignment,
    Changes,
    ConversationSeat,
    ErasedRows,
    ExistingRow,
    IdentifierHolding,
    IdentityRules,
    InteractionRef,
    Ledger,
    MergeRecord,
    NewAnalysis,
    NewHolding,
    NewInteraction,
    RecentHistory,
    RecordedIdentities,
    ResolvedCustomer,
    Transaction,
    Unit,
)
from app.ports.limits import RateLimits
from app.ports.matching import (
    CaseVectors,
    Embedder,
    LikeCase,
    Linkage,
    LinkageRecord,
    LinkedPair,
    PassageVectors,
    Vectors,
    VectorStore,
)
from app.ports.outbox import LeasedMessage, Outbox, Settlement, UnannouncedArrival, WebhookRecord

__all__ = [
    "REDACTED",
    "Archive",
    "Arrival",
    "Assignment",
    "Attempt",
    "CaseVectors",
    "Changes",
    "ConversationSeat",
    "Counting",
    "Counts",
    "Courier",
    "Embedder",
    "ErasedRows",
    "ExistingRow",
    "IdentifierHolding",
    "IdentityRules",
    "InteractionRef",
    "LanguageModel",
    "LeasedMessage",
    "Ledger",
    "LikeCase",
    "Linkage",
    "LinkageRecord",
    "LinkedPair",
    "MergeRecord",
    "ModelReply",
    "NewAnalysis",
    "NewHolding",
    "NewInteraction",
    "Outbox",
    "PassageVectors",
    "RateLimits",
    "RecentHistory",
    "RecordedIdentities",
    "ResolvedCustomer",
    "Settlement",
    "Transaction",
    "UnannouncedArrival",
    "Unit",
    "VectorStore",
    "Vectors",
    "WebhookRecord",
]
