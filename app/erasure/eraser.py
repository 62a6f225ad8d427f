"""Removes what is held of a customer from every store, so that nothing done meanwhile can bring any of it back.

Documents and vectors go first: should the process die halfway, the customer is still there to be erased again. They go
once more after the ledger's rows, for what was filed in between. Whoever files a document or a vector later looks
whether its customer or row is still there, and takes it back when it is not.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from time import perf_counter

from app.caching import forget_texts
from app.errors import NotFound, RetrievalUnavailable, UnknownCustomer, WarmlineError
from app.ids import made_at
from app.models import Erased, Interaction
from app.patience import within
from app.ports import Archive, Ledger, Outbox, VectorStore
from app.ports.continuity import ContinuityStore
from app.ports.revisions import RevisionStore

_log = logging.getLogger(__name__)

PAGE = 1000
# Whoever waits for an acknowledgement is told in time: platforms send again what is not answered in three seconds.
PATIENCE_S = 1.0

# What each collection of documents is called in the answer.
KINDS = {
    "handoffs": "handoffs",
    "decisions": "decisions",
    "feedback": "feedback",
    "outcomes": "outcomes",
    "cases": "cases",
    "offers": "offers",
    "idempotency": "kept_replies",
    "suggestions": "suggestions",
}


class Eraser:
    """Erases customers and interactions. Raises RetrievalUnavailable, before anything is gone, without the vectors.

    Vectors that are broken for good are removed whole, and `on_discarded` has the index made anew.
    """

    def __init__(
        self,
        ledger: Ledger,
        archive: Archive,
        vectors: VectorStore,
        digests: ContinuityStore,
        outbox: Outbox | None = None,
        *,
        revisions: RevisionStore | None = None,
        on_discarded: Callable[[], None] = lambda: None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._ledger = ledger
        self._archive = archive
        self._vectors = vectors
        self._digests = digests
        self._outbox = outbox
        self._revisions = revisions
        self._patience_s = patience_s
        self._on_discarded = on_discarded

    async def erase(self, tenant: str, customer_id: str) -> Erased:
        """Remove a customer, with all identities joined in it; counts what is gone by kind. Raises UnknownCustomer."""
        started = perf_counter()
        surviving = await self._ledger.customer_of(tenant, customer_id)
        if surviving is None:
            raise UnknownCustomer(f"No customer has the id {customer_id!r} in this tenant.")
        identity_ids = await self._ledger.identities_of(tenant, surviving)
        owners = await self._once_joined(tenant, identity_ids)
        interaction_ids = await self._interaction_ids(tenant, identity_ids)
        counts = await self._erase_derived(tenant, identity_ids, interaction_ids, owners)
        rows = await self._ledger.erase(tenant, surviving)
        counts.update(await self._erase_derived(tenant, rows.identity_ids, rows.interaction_ids, owners))
        counts["interactions"] = len(rows.interaction_ids)
        for kind in ("conversations", "identifiers", "identities", "merges"):
            counts[kind] = getattr(rows, kind)
        return Erased(
            customer_id=surviving,
            erased=dict(sorted(counts.items())),
            as_of_seq=await self._ledger.head(tenant),
            duration_ms=round((perf_counter() - started) * 1000),
        )

    async def redact(self, tenant: str, interaction_id: str) -> Interaction:
        """Blank one interaction, and remove its vector and every brief that stands on it. Raises NotFound."""
        row = await self._ledger.redact(tenant, interaction_id)
        if row is None:
            raise NotFound(f"No interaction has the id {interaction_id!r} in this tenant.")
        await self.erase_derived_of(tenant, [row])
        return row

    async def forget_words(self, tenant: str, rows: Sequence[Interaction]) -> None:
        """Remove what was made of the words that rows had until now; whoever changed them is not held up by it.

        Vectors that are not removed soon, such as while their store is still being opened, the index removes by itself.
        """
        try:
            async with within(self._patience_s):
                for start in range(0, len(rows), PAGE):
                    await self._erase_vectors(tenant, [row.interaction_id for row in rows[start : start + PAGE]])
        except (WarmlineError, TimeoutError) as failure:
            reason = type(failure).__name__
            _log.warning("vectors of %d masked rows of tenant %s stay for now: %s", len(rows), tenant, reason)
        await self._erase_documents_of(tenant, rows)
        forget_texts()

    async def forget_deleted(self, tenant: str, deletions: Sequence[Interaction]) -> None:
        """Remove every document from before these deletions that stands on what they took back.

        Whoever filed them does so at once; this makes good what a process that died left undone. Done again it removes
        nothing: what was made since may name a deleted row, such as the one that proved who the customer is.
        """
        named = {deletion.target_id for deletion in deletions if deletion.target_id}
        targets = {row.id: row for row in await self._ledger.by_caller_ids(tenant, named)}
        for deletion in deletions:
            target = targets.get(deletion.target_id)
            if target is not None and target.redacted:
                await self._erase_documents_of(tenant, [target], made_before=made_at(deletion.interaction_id))

    async def _erase_documents_of(
        self, tenant: str, rows: Sequence[Interaction], *, made_before: datetime | None = None
    ) -> None:
        identity_ids = {row.identity_id for row in rows}
        owners = await self._once_joined(tenant, identity_ids) | identity_ids
        naming = {row.interaction_id for row in rows}
        await self._archive.erase_documents(tenant, (), naming=naming, owners=owners, made_before=made_before)
        if self._outbox is not None:
            await self._outbox.erase(tenant, (), naming=naming, owners=owners)
        await self._digests.touch(tenant, owners)

    async def erase_rows(self, tenant: str, rows: Sequence[Interaction]) -> Counter[str]:
        """Remove interactions with their vectors and every brief that stands on them; whose they were stays."""
        counts = await self.erase_derived_of(tenant, rows)
        counts["interactions"] = await self._ledger.erase_rows(tenant, [row.interaction_id for row in rows])
        counts.update(await self.erase_derived_of(tenant, rows))
        return counts

    async def erase_derived_of(self, tenant: str, rows: Sequence[Interaction]) -> Counter[str]:
        """Remove the vectors of interactions, and every document that stands on them."""
        identity_ids = {row.identity_id for row in rows}
        owners = await self._once_joined(tenant, identity_ids) | identity_ids
        return await self._erase_derived(tenant, (), [row.interaction_id for row in rows], owners)

    async def forget_documents(self, tenant: str, customer_id: str) -> None:
        """Take back what was filed of a customer who is no longer there."""
        await self._archive.erase_documents(tenant, [customer_id])
        if self._outbox is not None:
            await self._outbox.erase(tenant, [customer_id])
        if self._revisions is not None:
            await self._revisions.erase(tenant, [customer_id])

    async def _erase_derived(
        self, tenant: str, identity_ids: Collection[str], interaction_ids: Sequence[str], owners: Collection[str]
    ) -> Counter[str]:
        counts: Counter[str] = Counter(vectors=0, **dict.fromkeys(KINDS.values(), 0))
        for start in range(0, len(interaction_ids), PAGE):
            some = interaction_ids[start : start + PAGE]
            counts["vectors"] += await self._erase_vectors(tenant, some)
        naming = {*identity_ids, *interaction_ids}
        documents = await self._archive.erase_documents(tenant, identity_ids, naming=naming, owners=owners)
        for collection, count in documents.items():
            counts[KINDS.get(collection, collection)] += count
        if self._outbox is not None:
            messages = await self._outbox.erase(tenant, identity_ids, naming=naming, owners=owners)
            counts["webhook_messages"] += messages
        if self._revisions is not None and identity_ids:
            await self._revisions.erase(tenant, identity_ids)
        await self._digests.touch(tenant, {*identity_ids, *owners})
        return counts

    async def _erase_vectors(self, tenant: str, interaction_ids: Sequence[str]) -> int:
        try:
            vectors = await self._vectors.get(tenant, interaction_ids)
            await self._vectors.delete(tenant, list(vectors))
            await self._vectors.delete_cases(tenant, interaction_ids)  # a case has the id of the message that it was
        except RetrievalUnavailable:
            # What cannot be read cannot be erased one by one. It is made from the ledger: so all of it goes, and what
            # is left of the ledger is indexed anew.
            if not await self._vectors.discard_if_broken(tenant, interaction_ids):
                raise
            self._on_discarded()
            return len(interaction_ids)
        return len(vectors)

    async def _interaction_ids(self, tenant: str, identity_ids: Collection[str]) -> list[str]:
        ids: list[str] = []
        after = 0
        while rows := await self._ledger.interactions(tenant, identity_ids, after_seq=after, limit=PAGE):
            ids.extend(row.interaction_id for row in rows)
            after = rows[-1].seq
        return ids

    async def _once_joined(self, tenant: str, identity_ids: Collection[str]) -> set[str]:
        """All who were ever one customer with these: what was filed of them then may tell of both."""
        joined: set[str] = set()
        fresh = set(identity_ids)
        while fresh:
            joined |= fresh
            merges = await self._ledger.merges_of(tenant, fresh)
            fresh = {identity_id for merge in merges for identity_id in (merge.survivor, merge.absorbed)} - joined
        return joined - set(identity_ids)
