"""Files what was read off texts beside them."""

from collections.abc import Sequence

from sqlalchemy import BindParameter, bindparam, update

from app.adapters.sql.connections import Connections
from app.adapters.sql.tables import interactions
from app.ports import NewAnalysis

_TEXT: BindParameter[str] = bindparam("of_text")
# The text is compared in the statement itself, so that nothing is filed of words that were blanked in the meantime.
_FILE = (
    update(interactions)
    .where(
        interactions.c.tenant == bindparam("of_tenant"),
        interactions.c.interaction_id == bindparam("id"),
        interactions.c.text == _TEXT,
        interactions.c.redacted.is_(False),
    )
    .values(analysis=bindparam("read"))
)


class SqlAnalyses:
    """The part of a SqlStore that files analyses. Raises Unavailable when the database does not answer."""

    _connections: Connections

    async def file_analyses(self, tenant: str, analyses: Sequence[NewAnalysis]) -> None:
        """File what was read off texts; not of rows that are gone or blanked, or that say something else by now."""
        rows = [
            {"of_tenant": tenant, "id": new.interaction_id, "of_text": new.text, "read": new.analysis}
            for new in analyses
        ]
        if rows:
            await self._connections.write(lambda connection: connection.execute(_FILE, rows))
