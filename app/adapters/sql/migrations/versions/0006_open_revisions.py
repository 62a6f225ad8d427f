"""The handoffs of which a revision is still to come."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "open_revisions",
        sa.Column("position", position, primary_key=True, autoincrement=True),
        _words("tenant", 128),
        _words("handoff_id", 64),
        _words("customer_id", 64),
        _words("holder", 64, nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("tenant", "handoff_id", name="open_revisions_by_handoff"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    _index("open_revisions_due", "due_at")
    _index("open_revisions_of_customer", "tenant", "customer_id")
    _index("open_revisions_held", "holder")


def _index(name: str, *columns: str) -> None:
    op.create_index(name, "open_revisions", list(columns), if_not_exists=True)


def _words(name: str, length: int, *, nullable: bool = False) -> sa.Column[Any]:
    kind = sa.String(length).with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=nullable)
