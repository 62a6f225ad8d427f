"""What the rooms need of the outside world, as Protocols with the fewest methods that serve.

Every port has an in-memory twin in `app/adapters/memory.py`, and one suite in `tests/contracts/` is run against each
adapter of it.
"""

from app.ports.archive import Archive, Counting, Counts
from app.ports.ledger import (
    REDACTED,
    Arrival,
    Assignment,
    Changes,
    ConversationSeat,
    ErasedRows,
    Filed,
    IdentifierHolding,
    IdentityRules,
    Known,
    Lately,
    Ledger,
    MergeRecord,
    NewHolding,
    NewInteraction,
    Outlined,
    Party,
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
    Vectors,
    VectorStore,
)
from app.ports.outbox import LeasedMessage, Outbox, Settlement, UnannouncedArrival, WebhookRecord
from app.ports.outside import Attempt, Courier, LanguageModel, ModelReply

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
    "Filed",
    "IdentifierHolding",
    "IdentityRules",
    "Known",
    "LanguageModel",
    "Lately",
    "LeasedMessage",
    "Ledger",
    "LikeCase",
    "Linkage",
    "LinkageRecord",
    "LinkedPair",
    "MergeRecord",
    "ModelReply",
    "NewHolding",
    "NewInteraction",
    "Outbox",
    "Outlined",
    "Party",
    "RateLimits",
    "Settlement",
    "Transaction",
    "UnannouncedArrival",
    "Unit",
    "VectorStore",
    "Vectors",
    "WebhookRecord",
]
