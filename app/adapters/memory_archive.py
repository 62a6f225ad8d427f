"""The in-memory twin of the archive: documents by collection and key."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from pydantic_core import from_json, to_json

from app.adapters.counters import added, changes
from app.ids import ids_in, made_since
from app.ports import Counting
from app.ports.archive import NAMED_BY_OTHERS, WRITTEN_BY_TENANTS


class MemoryArchive:
    """An Archive in memory."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str, str], tuple[str | None, bytes]] = {}

    async def put(
        self, tenant: str, collection: str, key: str, document: Mapping[str, Any], *, customer_id: str | None = None
    ) -> None:
        """Write or replace one document."""
        self._documents[tenant, collection, key] = (customer_id, to_json(document))

    async def add(
        self, tenant: str, collection: str, key: str, document: Mapping[str, Any], *, customer_id: str | None = None
    ) -> bool:
        """Write one document unless the key is taken; tells whether it was written."""
        if (tenant, collection, key) in self._documents:
            return False
        await self.put(tenant, collection, key, document, customer_id=customer_id)
        return True

    async def put_counted(
        self,
        tenant: str,
        collection: str,
        key: str,
        document: Mapping[str, Any],
        *,
        counting: Counting,
        customer_id: str | None = None,
    ) -> None:
        """Write or replace one document, and what it counts with it."""
        changed = changes(counting, await self.get(tenant, collection, key), document)
        for (into, entry), amounts in changed.items():
            await self.put(tenant, into, entry, added(await self.get(tenant, into, entry), amounts))
        await self.put(tenant, collection, key, document, customer_id=customer_id)

    async def get(self, tenant: str, collection: str, key: str) -> Mapping[str, Any] | None:
        """One document, or None."""
        entry = self._documents.get((tenant, collection, key))
        return from_json(entry[1]) if entry else None

    async def of_customer(
        self, tenant: str, collection: str, customer_id: str, *, limit: int = 100
    ) -> Sequence[Mapping[str, Any]]:
        """The newest documents of one customer, newest first; a replaced one keeps its place."""
        documents = [
            document
            for (of_tenant, of_collection, _), (owner, document) in self._documents.items()
            if (of_tenant, of_collection, owner) == (tenant, collection, customer_id)
        ]
        return [from_json(document) for document in documents[::-1][:limit]]

    async def between(
        self, tenant: str, collection: str, customer_ids: Collection[str], from_key: str, before_key: str, *, limit: int
    ) -> Sequence[Mapping[str, Any]]:
        """Documents of these customers with keys from one on and below another: the last `limit`, the last first."""
        documents = {
            key: document
            for (of_tenant, of_collection, key), (owner, document) in self._documents.items()
            if (of_tenant, of_collection) == (tenant, collection) and owner in customer_ids
        }
        keys = sorted((key for key in documents if from_key <= key < before_key), reverse=True)
        return [from_json(documents[key]) for key in keys[:limit]]

    async def page(
        self, tenant: str, collection: str, *, after: str = "", limit: int = 1000
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Documents with their keys, ordered by key: the first `limit` past the key `after`."""
        documents = sorted(
            (key, document)
            for (of_tenant, of_collection, key), (_, document) in self._documents.items()
            if (of_tenant, of_collection) == (tenant, collection) and key > after
        )
        return [(key, from_json(document)) for key, document in documents[:limit]]

    async def newest(
        self, tenant: str, collection: str, *, before: str | None = None, limit: int = 50
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Documents with their keys, the highest key first: the first `limit` below the key `before`."""
        documents = sorted(
            (
                (key, document)
                for (of_tenant, of_collection, key), (_, document) in self._documents.items()
                if (of_tenant, of_collection) == (tenant, collection) and (before is None or key < before)
            ),
            reverse=True,
        )
        return [(key, from_json(document)) for key, document in documents[:limit]]

    async def remove(self, tenant: str, collection: str, keys: Collection[str]) -> int:
        """Remove the documents with these keys; tells how many there were."""
        wanted = {(tenant, collection, key) for key in keys} & self._documents.keys()
        for document in wanted:
            del self._documents[document]
        return len(wanted)

    async def erase_documents(
        self,
        tenant: str,
        customer_ids: Collection[str],
        *,
        naming: Collection[str] = (),
        owners: Collection[str] = (),
        made_before: datetime | None = None,
    ) -> Mapping[str, int]:
        """Remove all documents of these customers, and of those of `owners` and of nobody the ones that name an id."""
        counts: Counter[str] = Counter()
        wanted = frozenset(naming)
        for attempt in count():
            gone: list[tuple[str, str, str]] = []
            for (of_tenant, collection, key), (owner, document) in self._documents.items():
                may_name = collection not in WRITTEN_BY_TENANTS and (owner is None or owner in owners)
                named = may_name and bool(wanted & ids_in(f"{key} {document.decode()}"))
                # What names a removed document follows it whenever it was made.
                if made_before is not None and not attempt and made_since(key, made_before):
                    named = False
                if of_tenant == tenant and (owner in customer_ids or named):
                    gone.append((of_tenant, collection, key))
            for document_key in gone:
                del self._documents[document_key]
            counts.update(collection for _, collection, _ in gone)
            wanted = frozenset(key for _, collection, key in gone if collection in NAMED_BY_OTHERS)
            if not wanted or attempt:
                break
        return counts
