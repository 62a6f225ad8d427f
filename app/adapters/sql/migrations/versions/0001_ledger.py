"""The tables of the ledger and the archive.

What is there already is left as it is: files from before the tables were numbered have these tables too.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _table("tenants", _words("tenant", 128), _number("last_seq"), sa.PrimaryKeyConstraint("tenant"))
    _table(
        "identities",
        _words("identity_id", 64),
        _words("tenant", 128),
        _words("parent_id", 64, nullable=True),
        _words("customer_id", 64),
        sa.PrimaryKeyConstraint("identity_id"),
    )
    _index("identities_of_customer", "identities", "tenant", "customer_id")
    _interactions()
    _table(
        "seats",
        _words("tenant", 128),
        _words("conversation_id", 256),
        _words("identity_id", 64),
        sa.PrimaryKeyConstraint("tenant", "conversation_id"),
        _of_identity("identity_id"),
    )
    _index("ix_seats_identity_id", "seats", "identity_id")
    _holdings()
    _merges()
    _documents()


def _interactions() -> None:
    _table(
        "interactions",
        sa.Column("position", _POSITION, autoincrement=True, nullable=False),
        _words("tenant", 128),
        _number("seq"),
        _words("interaction_id", 64),
        _words("identity_id", 64),
        _words("caller_id", 256, nullable=True),
        _words("conversation_id", 256, nullable=True),
        _words("occurred_at", 40),
        _words("channel", 16),
        _words("actor", 16),
        _words("kind", 16),
        _words("name", 256, nullable=True),
        _words("outcome", 16, nullable=True),
        _words("text"),
        _words("data"),
        _words("identifiers"),
        _words("content_sha256", 64),
        sa.Column("redacted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("tenant", "seq", name="interactions_by_seq"),
        sa.UniqueConstraint("tenant", "interaction_id", name="interactions_by_id"),
        sa.UniqueConstraint("tenant", "caller_id", name="interactions_by_caller_id"),
        _of_identity("identity_id"),
        sqlite_autoincrement=True,
    )
    _index("interactions_of_identity", "interactions", "tenant", "identity_id", "seq")
    _index("interactions_of_conversation", "interactions", "tenant", "conversation_id", "seq")


def _holdings() -> None:
    _table(
        "holdings",
        _words("identity_id", 64),
        _words("type", 64),
        _words("value", 512),
        _words("tenant", 128),
        sa.Column("verified", sa.Boolean(), nullable=False),
        _words("verified_at", 40, nullable=True),
        _words("method", 128, nullable=True),
        _words("interaction_id", 64, nullable=True),
        sa.PrimaryKeyConstraint("identity_id", "type", "value"),
        _of_identity("identity_id"),
    )
    _index("holdings_of_value", "holdings", "tenant", "value", "type")


def _merges() -> None:
    _table(
        "merges",
        _words("merge_id", 64),
        _words("tenant", 128),
        _words("survivor", 64),
        _words("absorbed", 64),
        _words("at", 40),
        _words("reason"),
        _words("evidence"),
        _words("undone_at", 40, nullable=True),
        sa.PrimaryKeyConstraint("merge_id"),
        _of_identity("survivor"),
        _of_identity("absorbed"),
    )
    _index("ix_merges_survivor", "merges", "survivor")
    _index("ix_merges_absorbed", "merges", "absorbed")
    undone = sa.text("undone_at IS NOT NULL")
    _index("merges_undone", "merges", "tenant", "survivor", "absorbed", sqlite_where=undone, postgresql_where=undone)


def _documents() -> None:
    _table(
        "documents",
        sa.Column("position", _POSITION, autoincrement=True, nullable=False),
        _words("tenant", 128),
        _words("collection", 64),
        _words("key", 512),
        _words("customer_id", 64, nullable=True),
        _words("document"),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("tenant", "collection", "key", name="documents_by_key"),
        sqlite_autoincrement=True,
    )
    _index("documents_of_customer", "documents", "tenant", "collection", "customer_id", "position")


def _table(name: str, *parts: Any, **options: Any) -> None:
    op.create_table(name, *parts, if_not_exists=True, **options)


def _index(name: str, table: str, *columns: str, **options: Any) -> None:
    op.create_index(name, table, list(columns), if_not_exists=True, **options)


def _words(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[Any]:
    kind = sa.String(length) if length else sa.Text()
    return sa.Column(name, kind.with_variant(sa.Text(collation="C"), "postgresql"), nullable=nullable)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _of_identity(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["identities.identity_id"])
