"""The handoffs that are still being revised, in memory: gone when the process ends."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.ports import Archive, Outbox
from app.ports.revisions import Filing, OpenHandoff

COLLECTION = "handoffs"


@dataclass(slots=True)
class _Lease:
    work: OpenHandoff
    holder: str | None
    due_at: int


class MemoryRevisions:
    """A RevisionStore of one process, beside an archive and an outbox."""

    def __init__(self, archive: Archive, outbox: Outbox) -> None:
        self._archive = archive
        self._outbox = outbox
        self._leases: dict[tuple[str, str], _Lease] = {}

    async def open(self, filing: Filing, holder: str, *, until: int) -> None:
        """File a handoff, its messages and the work that is open of it, leased until then."""
        await self._file(filing, silently=False)
        work = OpenHandoff(filing.tenant, filing.handoff_id, filing.announcement.customer_id)
        self._leases[filing.tenant, filing.handoff_id] = _Lease(work, holder, until)

    async def revise(self, filing: Filing, holder: str, *, is_last: bool, silently: bool = False) -> bool:
        """Replace a handoff by its revision and file its messages; after the last, no work is open."""
        key = (filing.tenant, filing.handoff_id)
        lease = self._leases.get(key)
        if lease is None or lease.holder != holder:
            return False
        is_filed = await self._archive.get(filing.tenant, COLLECTION, filing.handoff_id) is not None
        if is_last or not is_filed:
            self._leases.pop(key, None)
        if is_filed:
            await self._file(filing, silently=silently)
        return is_filed

    async def take(self, holder: str, now: int, *, until: int, limit: int) -> Sequence[OpenHandoff]:
        """Some of the work that nobody has a lease of; nobody else gets it until then."""
        due = sorted((lease for lease in self._leases.values() if lease.due_at <= now), key=lambda lease: lease.due_at)
        for lease in due[:limit]:
            lease.holder, lease.due_at = holder, until
        return [lease.work for lease in due[:limit]]

    async def renew(self, holder: str, until: int) -> None:
        """Keep everything that this holder has leased for longer."""
        for lease in self._leases.values():
            if lease.holder == holder:
                lease.due_at = until

    async def give_back(self, holder: str, now: int) -> None:
        """End every lease of this holder; the work is open to others."""
        for lease in self._leases.values():
            if lease.holder == holder:
                lease.holder, lease.due_at = None, now

    async def drop(self, tenant: str, handoff_ids: Collection[str]) -> None:
        """Nothing more comes of these handoffs."""
        for handoff_id in handoff_ids:
            self._leases.pop((tenant, handoff_id), None)

    async def erase(self, tenant: str, customer_ids: Collection[str]) -> None:
        """Remove the open work of these customers."""
        for lease in list(self._leases.values()):
            if lease.work.tenant == tenant and lease.work.customer_id in customer_ids:
                del self._leases[tenant, lease.work.handoff_id]

    async def _file(self, filing: Filing, *, silently: bool) -> None:
        owner = filing.announcement.customer_id
        await self._archive.put(filing.tenant, COLLECTION, filing.handoff_id, filing.document, customer_id=owner)
        if not silently:
            await self._outbox.file(filing.tenant, [filing.announcement])
