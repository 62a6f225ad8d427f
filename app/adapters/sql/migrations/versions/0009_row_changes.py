"""Edits, deletions, partial transcripts, visibility and cases; the rows of earlier versions have none of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0009"
down_revision = "0008"


def _words(length: int | None) -> TypeEngine[Any]:
    """Text of at most `length` characters, which SQLite only notes and PostgreSQL, as in all tables, does not limit."""
    return (sa.String(length) if length else sa.Text()).with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns and the index over targets, without rewriting the rows there are."""
    inspector = sa.inspect(op.get_bind())
    present = {column["name"] for column in inspector.get_columns("interactions")}
    columns: list[sa.Column[Any]] = [
        sa.Column("visibility", _words(16)),
        sa.Column("target_id", _words(256)),
        sa.Column("partial", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("case_id", _words(256)),
        sa.Column("edits", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("revisions", _words(None)),
        sa.Column("edited_at", _words(40)),
        sa.Column("deleted_at", _words(40)),
        sa.Column("waits", sa.Boolean(), nullable=False, server_default=sa.false()),
    ]
    for column in columns:
        if column.name not in present:
            op.add_column("interactions", column)
    if "interactions_of_target" not in {index["name"] for index in inspector.get_indexes("interactions")}:
        op.create_index(
            "interactions_of_target",
            "interactions",
            ["tenant", "target_id"],
            sqlite_where=sa.text("waits = 1"),
            postgresql_where=sa.text("waits"),
        )
