"""The vectors of what a customer said, for those who compare messages by what they mean.

They are made by the index, behind the ledger, so a message of this moment has none yet. A vector never changes, so
those that were read are kept for a while; nothing waits long for them.
"""

import logging
from collections.abc import Mapping, Sequence
from time import monotonic

import numpy as np
from cachetools import FIFOCache
from numpy.typing import NDArray

from app.errors import ConfigurationError, RetrievalUnavailable
from app.models import Actor, Interaction, Kind, Snapshot
from app.patience import within
from app.ports import VectorStore

_log = logging.getLogger(__name__)

# Who asks again mostly does so within a few messages.
NEWEST = 32
PATIENCE_S = 0.15
REST_S = 5.0
MOST_KEPT = 8192

Meanings = Mapping[str, NDArray[np.float32]]


class MeaningReader:
    """Reads the vectors of messages, in all tenants."""

    def __init__(self, vectors: VectorStore, *, patience_s: float = PATIENCE_S) -> None:
        self._vectors = vectors
        self._patience_s = patience_s
        self._vectors_by_id: FIFOCache[tuple[str, str], NDArray[np.float32]] = FIFOCache(MOST_KEPT)
        self._resting_until = 0.0

    async def of(self, snapshot: Snapshot) -> Meanings:
        """The vectors of the newest messages of the customer, as far as there are any and the store answers."""
        messages = [row for row in snapshot.interactions if _is_said(row)][-NEWEST:]
        if len(messages) < 2:
            return {}  # there is nothing to compare
        return await self.of_messages(snapshot.tenant, [row.interaction_id for row in messages])

    async def of_messages(self, tenant: str, interaction_ids: Sequence[str]) -> Meanings:
        """The vectors of these messages, by interaction_id."""
        meanings = {
            interaction_id: self._vectors_by_id[tenant, interaction_id]
            for interaction_id in interaction_ids
            if (tenant, interaction_id) in self._vectors_by_id
        }
        missing = [interaction_id for interaction_id in interaction_ids if interaction_id not in meanings]
        if missing and monotonic() >= self._resting_until:
            read = await self._read(tenant, missing)
            meanings.update(read)
            self._vectors_by_id.update(((tenant, interaction_id), vector) for interaction_id, vector in read.items())
        return meanings

    def forget(self, tenant: str | None) -> None:
        """Something of this tenant, or of any, was erased: keep nothing of what was read."""
        for key in [key for key in self._vectors_by_id if tenant in (None, key[0])]:
            del self._vectors_by_id[key]

    async def _read(self, tenant: str, interaction_ids: Sequence[str]) -> Meanings:
        try:
            async with within(self._patience_s):
                return await self._vectors.get(tenant, interaction_ids)
        except (RetrievalUnavailable, ConfigurationError, TimeoutError) as failure:
            _log.warning("messages are compared by their words alone: %s", type(failure).__name__)
            self._resting_until = monotonic() + REST_S
            return {}


def _is_said(row: Interaction) -> bool:
    return row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE and bool(row.text.strip())
