"""What was read of a customer, and whether it still stands in the ledger as it was read."""

from collections.abc import Collection, Mapping, Sequence

from app.models import Interaction, Snapshot
from app.ports import Ledger


def shown_rows(snapshot: Snapshot) -> Mapping[str, Interaction]:
    """Every interaction of a snapshot, by its id."""
    rows = (*snapshot.conversation, *snapshot.prior, *(passage.interaction for passage in snapshot.history))
    return {row.interaction_id: row for row in rows}


async def changed_since(
    ledger: Ledger, tenant: str, snapshot: Snapshot, *, among: Collection[str | None] | None = None
) -> Sequence[Interaction]:
    """What was blanked or erased since it was shown; with `among`, of the interactions with these ids alone."""
    shown = {name: row for name, row in shown_rows(snapshot).items() if among is None or name in among}
    current = {row.interaction_id: row for row in await ledger.by_ids(tenant, shown)}
    return [row for name, row in shown.items() if name not in current or current[name].redacted != row.redacted]
