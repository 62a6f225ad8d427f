"""Whether card numbers and secret codes were masked before a row was filed; those of earlier versions were not."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column, false for all rows there are, without rewriting them."""
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("interactions")}
    if "masked" in there:
        return
    op.add_column("interactions", sa.Column("masked", sa.Boolean(), nullable=False, server_default=sa.false()))
