"""Small documents of a tenant, beside the ledger."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

# What a document adds to which entries of other collections: amounts by name, by the entry's key, by the collection.
Counts = Mapping[str, Mapping[str, Mapping[str, float]]]
Counting = Callable[[Mapping[str, Any]], Counts]


# Collections whose documents others are filed about: feedback names its handoff, an outcome its decision.
NAMED_BY_OTHERS = frozenset({"handoffs", "decisions"})
# Collections of what a tenant wrote itself: no customer's, whatever ids stand in them.
WRITTEN_BY_TENANTS = frozenset({"knowledge"})


class Archive(Protocol):
    """Small JSON documents of a tenant: handoffs, decisions, outcomes, feedback, watermarks, kept replies, API keys."""

    async def put(
        self, tenant: str, collection: str, key: str, document: Mapping[str, Any], *, customer_id: str | None = None
    ) -> None:
        """Write or replace one document."""
        ...

    async def add(
        self, tenant: str, collection: str, key: str, document: Mapping[str, Any], *, customer_id: str | None = None
    ) -> bool:
        """Write one document unless the key is taken; tells whether it was written."""
        ...

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
        """Write or replace one document and add what it counts to the entries of other collections, as one.

        What the document that it replaces had counted is taken back, so that telling something twice counts it once.
        An entry is a document of sums by name, which is nobody's. Erasing a document leaves the sums as they are.
        """
        ...

    async def get(self, tenant: str, collection: str, key: str) -> Mapping[str, Any] | None:
        """One document, or None."""
        ...

    async def of_customer(
        self, tenant: str, collection: str, customer_id: str, *, limit: int = 100
    ) -> Sequence[Mapping[str, Any]]:
        """The newest documents of one customer, newest first."""
        ...

    async def between(
        self, tenant: str, collection: str, customer_ids: Collection[str], from_key: str, before_key: str, *, limit: int
    ) -> Sequence[Mapping[str, Any]]:
        """Documents of these customers with keys from one on and below another: the last `limit`, the last first."""
        ...

    async def page(
        self, tenant: str, collection: str, *, after: str = "", limit: int = 1000
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Documents with their keys, ordered by key: the first `limit` past the key `after`."""
        ...

    async def newest(
        self, tenant: str, collection: str, *, before: str | None = None, limit: int = 50
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Documents with their keys, the highest key first: the first `limit` below the key `before`."""
        ...

    async def remove(self, tenant: str, collection: str, keys: Collection[str]) -> int:
        """Remove the documents with these keys; tells how many there were."""
        ...

    async def erase_documents(
        self,
        tenant: str,
        customer_ids: Collection[str],
        *,
        naming: Collection[str] = (),
        owners: Collection[str] = (),
        made_before: datetime | None = None,
    ) -> Mapping[str, int]:
        """Remove documents, leaving no trace in any file; tells how many by collection.

        All those filed under `customer_ids`; and of those filed under `owners` or under nobody, the ones that name one
        of the ids in `naming`, or a handoff or decision that does. What tells by its key that it was not `made_before`
        a moment stays, and so does what a tenant wrote itself.
        """
        ...
