"""The tables of what was read of journeys."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    _table("continuity_marks", _words("tenant", 128), _number("seq"), sa.PrimaryKeyConstraint("tenant"))
    _identities()
    _readings()
    _visits()
    _escalations()
    _spots()


def _identities() -> None:
    _table(
        "continuity_identities",
        _words("tenant", 128),
        _words("identity_id", 64),
        _words("customer_id", 64, nullable=True),
        _number("noted"),
        _number("read"),
        _number("documents"),
        _number("last_document"),
        sa.PrimaryKeyConstraint("tenant", "identity_id"),
    )
    _index("continuity_identities_of_customer", "continuity_identities", "tenant", "customer_id")
    due = sa.text("noted != read")
    _index(
        "continuity_identities_due",
        "continuity_identities",
        "tenant",
        "identity_id",
        sqlite_where=due,
        postgresql_where=due,
    )


def _readings() -> None:
    _table(
        "continuity_readings",
        _words("tenant", 128),
        _words("visit_id", 64),
        _words("identity_id", 64),
        _number("interactions"),
        _number("last_seq"),
        _words("intent", 256, nullable=True),
        _words("signals"),
        sa.PrimaryKeyConstraint("tenant", "visit_id"),
    )
    _index("continuity_readings_of_identity", "continuity_readings", "tenant", "identity_id")


def _visits() -> None:
    _table(
        "continuity_visits",
        _words("tenant", 128),
        _words("visit_id", 64),
        _words("identity_id", 64),
        _words("customer_id", 64),
        _words("journey_id", 64),
        _number("at"),
        _number("until"),
        _words("channel", 16),
        _words("intent", 256, nullable=True),
        _words("queue", 256, nullable=True),
        _words("conversation_id", 256, nullable=True),
        _number("interactions"),
        _number("last_seq"),
        _flag("settled"),
        _flag("escalated"),
        _flag("is_read"),
        _words("before_id", 64, nullable=True),
        _words("before_channel", 16, nullable=True),
        _words("before_intent", 256, nullable=True),
        _number("gap_ms", nullable=True),
        _flag("broke"),
        _words("restated"),
        sa.PrimaryKeyConstraint("tenant", "visit_id"),
    )
    graph = ("channel", "intent", "queue", "before_channel", "before_intent", "broke", "gap_ms")
    _index("continuity_visits_by_time", "continuity_visits", "tenant", "at", *graph)
    _index("continuity_visits_of_customer", "continuity_visits", "tenant", "customer_id")
    unread = sa.column("is_read").is_(False)
    _index(
        "continuity_visits_unread", "continuity_visits", "tenant", "until", sqlite_where=unread, postgresql_where=unread
    )


def _escalations() -> None:
    _table(
        "continuity_escalations",
        _words("tenant", 128),
        _words("escalation_id", 64),
        _words("customer_id", 64),
        _number("at"),
        _words("from_channel", 16, nullable=True),
        _words("to_channel", 16, nullable=True),
        _words("intent", 256, nullable=True),
        _words("queue", 256, nullable=True),
        _words("reason", 32, nullable=True),
        _words("conversation_id", 256, nullable=True),
        _words("agent_conversation_id", 256, nullable=True),
        _words("handoff_id", 64, nullable=True),
        _number("connected_at", nullable=True),
        _flag("repeated", nullable=True),
        _words("repeated_by", 16, nullable=True),
        _words("restated"),
        _flag("gap", nullable=True),
        _words("gap_by", 16, nullable=True),
        _words("gap_reason", 32, nullable=True),
        _number("penalty_ms", nullable=True),
        _words("penalty_until", 64, nullable=True),
        _number("brief_ms", nullable=True),
        _flag("overridden", nullable=True),
        _words("overrides"),
        sa.PrimaryKeyConstraint("tenant", "escalation_id"),
    )
    _index("continuity_escalations_by_time", "continuity_escalations", "tenant", "at")
    _index("continuity_escalations_of_customer", "continuity_escalations", "tenant", "customer_id")


def _spots() -> None:
    _table(
        "continuity_spots",
        _words("tenant", 128),
        _words("spot_id", 192),
        _words("customer_id", 64),
        _words("journey_id", 64),
        _number("at"),
        _words("kind", 32),
        _words("channel", 16),
        _words("intent", 256, nullable=True),
        _words("before_channel", 16, nullable=True),
        _words("queue", 256, nullable=True),
        _words("conversation_id", 256, nullable=True),
        _flag("cost"),
        _words("evidence"),
        sa.PrimaryKeyConstraint("tenant", "spot_id"),
    )
    _index("continuity_spots_by_time", "continuity_spots", "tenant", "at")
    _index("continuity_spots_of_customer", "continuity_spots", "tenant", "customer_id")


def _table(name: str, *parts: Any) -> None:
    op.create_table(name, *parts, if_not_exists=True)


def _index(name: str, table: str, *columns: str, **options: Any) -> None:
    op.create_index(name, table, list(columns), if_not_exists=True, **options)


def _words(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[Any]:
    kind = sa.String(length) if length else sa.Text()
    return sa.Column(name, kind.with_variant(sa.Text(collation="C"), "postgresql"), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _flag(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=nullable)
