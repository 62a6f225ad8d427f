"""Telling who may be one person, and what means the same."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.models import (
    ComparedField,
    Confidence,
    FieldAgreement,
    Record,
)

Vectors = NDArray[np.float32]


class LinkageRecord(Record):
    """What is comparable of one identity, each value in its one plain form."""

    record_id: str
    fields: Mapping[ComparedField, str]


class LinkedPair(Record):
    """Two records that look like one person; `weight` is the log2 of their Bayes factor, `agreements` what it is of."""

    first: str
    second: str
    weight: float
    probability: Confidence
    agreements: tuple[FieldAgreement, ...]


class Linkage(Protocol):
    """Finds records that look like one person."""

    async def require(self) -> None:
        """Load what comparing needs. Raises ConfigurationError when it is not installed."""
        ...

    async def pairs(self, records: Sequence[LinkageRecord], *, at_least: float) -> Sequence[LinkedPair]:
        """The pairs with at least this probability, the same for the same records. Raises ConfigurationError."""
        ...


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """The model's name; an index made with another name must be rebuilt."""
        ...

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a row, float32, shape (texts, dimensions). Raises RetrievalUnavailable."""
        ...


class VectorStore(Protocol):
    """Vectors by interaction_id, kept apart by tenant."""

    async def put(self, tenant: str, interaction_ids: Sequence[str], vectors: Vectors) -> None:
        """Write or replace vectors. Raises RetrievalUnavailable."""
        ...

    async def get(self, tenant: str, interaction_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors that exist under these ids. Raises RetrievalUnavailable."""
        ...

    async def delete(self, tenant: str, interaction_ids: Sequence[str]) -> None:
        """Remove vectors. Raises RetrievalUnavailable."""
        ...

    async def clear(self) -> None:
        """Remove the vectors of all tenants, before an index is made anew. Raises RetrievalUnavailable."""
        ...

    async def count(self) -> int:
        """How many vectors are held for all tenants. Raises RetrievalUnavailable."""
        ...

    async def close(self) -> None:
        """Let go of files and connections."""
        ...
