"""The tables of the ledger, in SQL that SQLite and PostgreSQL read alike.

Times are RFC 3339 texts, so that the offset a channel gave survives; JSON is text as well. Whoever changes a table
writes a migration beside the others in `migrations/versions`, and its name into `migrations.HEAD`.
"""

from typing import Any

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
    false,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData()


class PostgresWords(TypeDecorator[str]):
    """Text in PostgreSQL, of any length as in SQLite, and ordered as Python orders it."""

    impl = Text
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(collation="C")

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """PostgreSQL refuses NUL. No record holds one, so what is looked up with one is known by no other name."""
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if value and "\0" in value else value


def words(length: int | None = None) -> TypeEngine[Any]:
    """The type of a column of text; SQLite keeps its length as a note and never holds anybody to it."""
    return (String(length) if length else Text()).with_variant(PostgresWords(), "postgresql")


# SQLite numbers rows by itself only under its own plain INTEGER.
_Position = BigInteger().with_variant(Integer(), "sqlite")


def _of_tenants(name: str, *parts: SchemaItem) -> Table:
    """A table whose first column is the tenant."""
    return Table(name, metadata, Column("tenant", words(128), nullable=False), *parts)


# Removed rows leave only their seq, so the next one is kept here and never found by looking for the highest.
tenants = Table(
    "tenants",
    metadata,
    Column("tenant", words(128), primary_key=True),
    Column("last_seq", BigInteger, nullable=False),
)

# `parent_id` is the identity this one was joined to, `customer_id` the root of that tree.
identities = Table(
    "identities",
    metadata,
    Column("identity_id", words(64), primary_key=True),
    Column("tenant", words(128), nullable=False),
    Column("parent_id", words(64)),
    Column("customer_id", words(64), nullable=False),
    Index("identities_of_customer", "tenant", "customer_id"),
)

interactions = Table(
    "interactions",
    metadata,
    Column("position", _Position, primary_key=True, autoincrement=True),
    Column("tenant", words(128), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("interaction_id", words(64), nullable=False),
    Column("identity_id", words(64), ForeignKey("identities.identity_id"), nullable=False),
    Column("caller_id", words(256)),
    Column("conversation_id", words(256)),
    Column("occurred_at", words(40), nullable=False),
    Column("channel", words(16), nullable=False),
    Column("actor", words(16), nullable=False),
    Column("kind", words(16), nullable=False),
    Column("name", words(256)),
    Column("outcome", words(16)),
    Column("text", words(), nullable=False),
    Column("data", words(), nullable=False),
    Column("identifiers", words(), nullable=False),
    Column("content_sha256", words(64), nullable=False),
    Column("redacted", Boolean, nullable=False),
    # Whether whole card numbers and secret codes were masked before the row was filed.
    Column("masked", Boolean, nullable=False, server_default=false()),
    Column("participant_name", words(256)),
    Column("participant_id", words(256)),
    # What was read off the text (see app/nlu/analysis.py), with the version of what read it; null: nothing yet.
    Column("analysis", words()),
    Column("visibility", words(16)),
    # The caller's id of the interaction that an edit or a deletion changes; null: it changes none.
    Column("target_id", words(256)),
    Column("partial", Boolean, nullable=False, server_default=false()),
    Column("case_id", words(256)),
    # How many edits were applied, and what the row said before each of them, with the time of the newest.
    Column("edits", Integer, nullable=False, server_default="0"),
    Column("revisions", words()),
    Column("edited_at", words(40)),
    Column("deleted_at", words(40)),
    # Whether an edit or a deletion still waits for the interaction that it changes.
    Column("waits", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("tenant", "seq", name="interactions_by_seq"),
    UniqueConstraint("tenant", "interaction_id", name="interactions_by_id"),
    UniqueConstraint("tenant", "caller_id", name="interactions_by_caller_id"),
    Index("interactions_of_identity", "tenant", "identity_id", "seq"),
    Index("interactions_of_conversation", "tenant", "conversation_id", "seq"),
    Index(
        "interactions_of_target",
        "tenant",
        "target_id",
        sqlite_where=text("waits = 1"),
        postgresql_where=text("waits"),
    ),
    sqlite_autoincrement=True,
)

seats = _of_tenants(
    "seats",
    Column("conversation_id", words(256), nullable=False),
    Column("identity_id", words(64), ForeignKey("identities.identity_id"), nullable=False, index=True),
    PrimaryKeyConstraint("tenant", "conversation_id"),
)

holdings = Table(
    "holdings",
    metadata,
    Column("identity_id", words(64), ForeignKey("identities.identity_id"), nullable=False),
    Column("type", words(64), nullable=False),
    Column("value", words(512), nullable=False),
    Column("tenant", words(128), nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("verified_at", words(40)),
    Column("method", words(128)),
    Column("interaction_id", words(64)),
    PrimaryKeyConstraint("identity_id", "type", "value"),
    Index("holdings_of_value", "tenant", "value", "type"),
)

merges = Table(
    "merges",
    metadata,
    Column("merge_id", words(64), primary_key=True),
    Column("tenant", words(128), nullable=False),
    Column("survivor", words(64), ForeignKey("identities.identity_id"), nullable=False, index=True),
    Column("absorbed", words(64), ForeignKey("identities.identity_id"), nullable=False, index=True),
    Column("at", words(40), nullable=False),
    Column("reason", words(), nullable=False),
    Column("evidence", words(), nullable=False),
    Column("undone_at", words(40)),
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
    Column("tenant", words(128), nullable=False),
    Column("collection", words(64), nullable=False),
    Column("key", words(512), nullable=False),
    Column("customer_id", words(64)),
    Column("document", words(), nullable=False),
    UniqueConstraint("tenant", "collection", "key", name="documents_by_key"),
    Index("documents_of_customer", "tenant", "collection", "customer_id", "position"),
    sqlite_autoincrement=True,
)

# Who does the work of a request that may be sent again (see app/idempotency.py). Times are milliseconds since 1970.
request_claims = _of_tenants(
    "request_claims",
    Column("key", words(512), nullable=False),
    Column("body_sha256", words(64), nullable=False),
    Column("work_id", words(64), nullable=False),
    Column("holder", words(64), nullable=False),
    Column("leased_until", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "key"),
    Index("request_claims_by_expiry", "expires_at"),
)

# What was read of journeys (see app/ports/continuity.py). `noted` counts how often there was news of an identity, and
# `read` is the count as it was when its customer's journeys were read last; times are milliseconds since 1970.
continuity_marks = Table(
    "continuity_marks",
    metadata,
    Column("tenant", words(128), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

continuity_identities = _of_tenants(
    "continuity_identities",
    Column("identity_id", words(64), nullable=False),
    Column("customer_id", words(64)),
    Column("noted", BigInteger, nullable=False),
    Column("read", BigInteger, nullable=False),
    Column("documents", BigInteger, nullable=False),
    Column("last_document", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "identity_id"),
    Index("continuity_identities_of_customer", "tenant", "customer_id"),
)
_due = continuity_identities.c.noted != continuity_identities.c.read
Index(
    "continuity_identities_due",
    continuity_identities.c.tenant,
    continuity_identities.c.identity_id,
    sqlite_where=_due,
    postgresql_where=_due,
)

continuity_readings = _of_tenants(
    "continuity_readings",
    Column("visit_id", words(64), nullable=False),
    Column("identity_id", words(64), nullable=False),
    Column("interactions", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("intent", words(256)),
    Column("signals", words(), nullable=False),
    PrimaryKeyConstraint("tenant", "visit_id"),
    Index("continuity_readings_of_identity", "tenant", "identity_id"),
)

continuity_visits = _of_tenants(
    "continuity_visits",
    Column("visit_id", words(64), nullable=False),
    Column("identity_id", words(64), nullable=False),
    Column("customer_id", words(64), nullable=False),
    Column("journey_id", words(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("channel", words(16), nullable=False),
    Column("intent", words(256)),
    Column("queue", words(256)),
    Column("conversation_id", words(256)),
    Column("interactions", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("escalated", Boolean, nullable=False),
    Column("is_read", Boolean, nullable=False),
    Column("before_id", words(64)),
    Column("before_channel", words(16)),
    Column("before_intent", words(256)),
    Column("gap_ms", BigInteger),
    Column("broke", Boolean, nullable=False),
    Column("restated", words(), nullable=False),
    PrimaryKeyConstraint("tenant", "visit_id"),
    # All that the graph is made of, so that it is read without the rows.
    Index(
        "continuity_visits_by_time",
        "tenant",
        "at",
        "channel",
        "intent",
        "queue",
        "before_channel",
        "before_intent",
        "broke",
        "gap_ms",
    ),
    Index("continuity_visits_of_customer", "tenant", "customer_id"),
)
Index(
    "continuity_visits_unread",
    continuity_visits.c.tenant,
    continuity_visits.c.until,
    sqlite_where=continuity_visits.c.is_read.is_(False),
    postgresql_where=continuity_visits.c.is_read.is_(False),
)

continuity_escalations = _of_tenants(
    "continuity_escalations",
    Column("escalation_id", words(64), nullable=False),
    Column("customer_id", words(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("from_channel", words(16)),
    Column("to_channel", words(16)),
    Column("intent", words(256)),
    Column("queue", words(256)),
    Column("reason", words(32)),
    Column("conversation_id", words(256)),
    Column("agent_conversation_id", words(256)),
    Column("handoff_id", words(64)),
    Column("connected_at", BigInteger),
    Column("repeated", Boolean),
    Column("repeated_by", words(16)),
    Column("restated", words(), nullable=False),
    Column("gap", Boolean),
    Column("gap_by", words(16)),
    Column("gap_reason", words(32)),
    Column("penalty_ms", BigInteger),
    Column("penalty_until", words(64)),
    Column("brief_ms", BigInteger),
    Column("overridden", Boolean),
    Column("overrides", words(), nullable=False),
    PrimaryKeyConstraint("tenant", "escalation_id"),
    Index("continuity_escalations_by_time", "tenant", "at"),
    Index("continuity_escalations_of_customer", "tenant", "customer_id"),
)

continuity_spots = _of_tenants(
    "continuity_spots",
    Column("spot_id", words(192), nullable=False),
    Column("customer_id", words(64), nullable=False),
    Column("journey_id", words(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", words(32), nullable=False),
    Column("channel", words(16), nullable=False),
    Column("intent", words(256)),
    Column("before_channel", words(16)),
    Column("queue", words(256)),
    Column("conversation_id", words(256)),
    Column("cost", Boolean, nullable=False),
    Column("evidence", words(), nullable=False),
    PrimaryKeyConstraint("tenant", "spot_id"),
    Index("continuity_spots_by_time", "tenant", "at"),
    Index("continuity_spots_of_customer", "tenant", "customer_id"),
)

# Webhooks and their messages (see app/ports/outbox.py). `on_arrival` tells whether an interaction that arrives may be
# what a webhook wants to hear of; times are milliseconds since 1970, but for those that callers read.
webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", words(64), primary_key=True),
    Column("tenant", words(128), nullable=False),
    Column("url", words(), nullable=False),
    Column("events", words(), nullable=False),
    Column("created_at", words(40), nullable=False),
    Column("secret", words(), nullable=False),
    Column("former_secret", words()),
    Column("former_until", words(40)),
    Column("on_arrival", Boolean, nullable=False),
    Index("webhooks_of_tenant", "tenant", "on_arrival"),
)

# A pending message is due at `due_at`, which whoever leases it moves on; a settled one was settled then.
webhook_messages = Table(
    "webhook_messages",
    metadata,
    Column("position", _Position, primary_key=True, autoincrement=True),
    Column("message_id", words(64), nullable=False),
    Column("tenant", words(128), nullable=False),
    Column("webhook_id", words(64), ForeignKey("webhooks.webhook_id", ondelete="CASCADE"), nullable=False),
    Column("topic", words(32), nullable=False),
    Column("customer_id", words(64), nullable=False),
    Column("body", words(), nullable=False),
    Column("status", words(16), nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("answered", Integer),
    Column("why", words()),
    Column("created_at", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("holder", words(64)),
    UniqueConstraint("message_id", name="webhook_messages_by_id"),
    Index("webhook_messages_due", "webhook_id", "status", "due_at"),
    Index("webhook_messages_of_webhook", "webhook_id", "position"),
    Index("webhook_messages_of_customer", "tenant", "customer_id"),
    Index("webhook_messages_held", "holder"),
    sqlite_autoincrement=True,
)

# Under a mark nothing is announced twice.
announcement_marks = _of_tenants(
    "announcement_marks",
    Column("mark", words(512), nullable=False),
    Column("customer_id", words(64)),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "mark"),
    Index("announcement_marks_of_customer", "tenant", "customer_id"),
)

# Interactions whose signals are not filed yet, written with them where a webhook wants to hear of arrivals.
unannounced_arrivals = _of_tenants(
    "unannounced_arrivals",
    Column("interaction_id", words(64), nullable=False),
    Column("conversation_id", words(256), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "interaction_id"),
    Index("unannounced_arrivals_by_time", "at"),
)

# Handoffs of which a revision is still to come (see app/ports/revisions.py): open to whoever asks from `due_at` on,
# which whoever leases one moves on. Times are milliseconds since 1970.
open_revisions = Table(
    "open_revisions",
    metadata,
    Column("position", _Position, primary_key=True, autoincrement=True),
    Column("tenant", words(128), nullable=False),
    Column("handoff_id", words(64), nullable=False),
    Column("customer_id", words(64), nullable=False),
    Column("holder", words(64)),
    Column("due_at", BigInteger, nullable=False),
    UniqueConstraint("tenant", "handoff_id", name="open_revisions_by_handoff"),
    Index("open_revisions_due", "due_at"),
    Index("open_revisions_of_customer", "tenant", "customer_id"),
    Index("open_revisions_held", "holder"),
    sqlite_autoincrement=True,
)
