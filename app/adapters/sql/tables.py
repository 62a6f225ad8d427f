"""The tables of the ledger, in SQL that SQLite and PostgreSQL read alike.

Times are RFC 3339 texts, so that the offset a channel gave survives; JSON is text as well.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# SQLite numbers rows by itself only under its own plain INTEGER.
_Position = BigInteger().with_variant(Integer(), "sqlite")

# Removed rows leave only their seq, so the next one is kept here and never found by looking for the highest.
tenants = Table(
    "tenants",
    metadata,
    Column("tenant", String(128), primary_key=True),
    Column("last_seq", BigInteger, nullable=False),
)

# `parent_id` is the identity this one was joined to, `customer_id` the root of that tree.
identities = Table(
    "identities",
    metadata,
    Column("identity_id", String(64), primary_key=True),
    Column("tenant", String(128), nullable=False),
    Column("parent_id", String(64)),
    Column("customer_id", String(64), nullable=False),
    Index("identities_of_customer", "tenant", "customer_id"),
)

interactions = Table(
    "interactions",
    metadata,
    Column("position", _Position, primary_key=True, autoincrement=True),
    Column("tenant", String(128), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("interaction_id", String(64), nullable=False),
    Column("identity_id", String(64), ForeignKey("identities.identity_id"), nullable=False),
    Column("caller_id", String(256)),
    Column("conversation_id", String(256)),
    Column("occurred_at", String(40), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("actor", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", String(256)),
    Column("outcome", String(16)),
    Column("text", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("identifiers", Text, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("redacted", Boolean, nullable=False),
    UniqueConstraint("tenant", "seq", name="interactions_by_seq"),
    UniqueConstraint("tenant", "interaction_id", name="interactions_by_id"),
    UniqueConstraint("tenant", "caller_id", name="interactions_by_caller_id"),
    Index("interactions_of_identity", "tenant", "identity_id", "seq"),
    Index("interactions_of_conversation", "tenant", "conversation_id", "seq"),
    sqlite_autoincrement=True,
)

seats = Table(
    "seats",
    metadata,
    Column("tenant", String(128), nullable=False),
    Column("conversation_id", String(256), nullable=False),
    Column("identity_id", String(64), ForeignKey("identities.identity_id"), nullable=False, index=True),
    PrimaryKeyConstraint("tenant", "conversation_id"),
)

holdings = Table(
    "holdings",
    metadata,
    Column("identity_id", String(64), ForeignKey("identities.identity_id"), nullable=False),
    Column("type", String(64), nullable=False),
    Column("value", String(512), nullable=False),
    Column("tenant", String(128), nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("verified_at", String(40)),
    Column("method", String(128)),
    Column("interaction_id", String(64)),
    PrimaryKeyConstraint("identity_id", "type", "value"),
    Index("holdings_of_value", "tenant", "value", "type"),
)

merges = Table(
    "merges",
    metadata,
    Column("merge_id", String(64), primary_key=True),
    Column("tenant", String(128), nullable=False),
    Column("survivor", String(64), ForeignKey("identities.identity_id"), nullable=False, index=True),
    Column("absorbed", String(64), ForeignKey("identities.identity_id"), nullable=False, index=True),
    Column("at", String(40), nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("undone_at", String(40)),
)
Index(
    "merges_undone",
    merges.c.tenant,
    merges.c.survivor,
    merges.c.absorbed,
    sqlite_where=merges.c.undone_at.is_not(None),
    postgresql_where=merges.c.undone_at.is_not(None),
)

documents = Table(
    "documents",
    metadata,
    Column("position", _Position, primary_key=True, autoincrement=True),
    Column("tenant", String(128), nullable=False),
    Column("collection", String(64), nullable=False),
    Column("key", String(512), nullable=False),
    Column("customer_id", String(64)),
    Column("document", Text, nullable=False),
    UniqueConstraint("tenant", "collection", "key", name="documents_by_key"),
    Index("documents_of_customer", "tenant", "collection", "customer_id", "position"),
    sqlite_autoincrement=True,
)
