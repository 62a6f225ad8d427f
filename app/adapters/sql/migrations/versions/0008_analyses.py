"""What was read off a row's text; of the rows of earlier versions nothing is, until they are analysed again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column, null for all rows there are, without rewriting them."""
    present = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("interactions")}
    if "analysis" not in present:
        kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
        op.add_column("interactions", sa.Column("analysis", kind, nullable=True))
