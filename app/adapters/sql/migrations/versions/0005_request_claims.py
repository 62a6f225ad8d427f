"""The claims of requests that carry an Idempotency-Key; answers kept by older versions expire a day from now."""

from time import time
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_A_DAY_MS = 86_400_000


def upgrade() -> None:
    """Make the table, with a claim for each answer that is kept already."""
    op.create_table(
        "request_claims",
        _words("tenant", 128),
        _words("key", 512),
        _words("body_sha256", 64),
        _words("work_id", 64),
        _words("holder", 64),
        _number("leased_until"),
        _number("expires_at"),
        sa.PrimaryKeyConstraint("tenant", "key"),
        if_not_exists=True,
    )
    op.create_index("request_claims_by_expiry", "request_claims", ["expires_at"], if_not_exists=True)
    op.execute(
        sa.text(
            "INSERT INTO request_claims (tenant, key, body_sha256, work_id, holder, leased_until, expires_at) "
            "SELECT tenant, key, '', '', '', 0, :expires_at FROM documents WHERE collection = 'idempotency'"
        ).bindparams(sa.bindparam("expires_at", int(time() * 1000) + _A_DAY_MS, sa.BigInteger()))
    )


def _words(name: str, length: int) -> sa.Column[Any]:
    kind = sa.String(length).with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=False)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)
