"""Who acted, by name and by the platform's id; the rows of earlier versions name nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the two columns, null for all rows there are, without rewriting them."""
    present = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("interactions")}
    for name in ("participant_name", "participant_id"):
        if name not in present:
            kind = sa.String(256).with_variant(sa.Text(collation="C"), "postgresql")
            op.add_column("interactions", sa.Column(name, kind, nullable=True))
