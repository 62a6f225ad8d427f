"""Telling who may be one person, and what means the same."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

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


class LikeCase(NamedTuple):
    """A case that is like another one: the cosine between them, and what is told of its outcome, a JSON text."""

    case_id: str
    likeness: float
    outcome: str


class CaseVectors(Protocol):
    """Vectors of cases whose outcome is known, each tenant's by themselves, so that none needs a filter to be found.

    Finding may be approximate. Everything raises RetrievalUnavailable.
    """

    async def put_cases(self, tenant: str, outcomes: Mapping[str, str], vectors: Vectors) -> None:
        """Write or replace cases: what is told of each, by its id, and its unit vector, one row of `vectors` a case."""
        ...

    async def known_cases(self, tenant: str, case_ids: Sequence[str]) -> Collection[str]:
        """Which of these cases are held."""
        ...

    async def nearest_cases(self, tenant: str, vector: NDArray[np.float32], limit: int) -> Sequence[LikeCase]:
        """The cases of a tenant that are most like a unit vector, the likest first; none of another length."""
        ...

    async def delete_cases(self, tenant: str, case_ids: Sequence[str]) -> None:
        """Remove cases; ids without one are passed over."""
        ...


class PassageVectors(Protocol):
    """Vectors of the passages of a tenant's articles, by passage_id, beside those of interactions.

    Everything raises RetrievalUnavailable.
    """

    async def put_passages(self, tenant: str, passage_ids: Sequence[str], vectors: Vectors) -> None:
        """Write or replace vectors, one row of `vectors` a passage."""
        ...

    async def get_passages(self, tenant: str, passage_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors that exist under these ids."""
        ...

    async def delete_passages(self, tenant: str, passage_ids: Sequence[str]) -> None:
        """Remove passages; ids without one are passed over."""
        ...


class VectorStore(CaseVectors, PassageVectors, Protocol):
    """Vectors by interaction_id, kept apart by tenant, and those of cases and of passages beside them."""

    async def put(self, tenant: str, interaction_ids: Sequence[str], vectors: Vectors) -> None:
        """Write or replace vectors. Raises RetrievalUnavailable."""
        ...

    async def get(self, tenant: str, interaction_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors that exist under these ids. Raises RetrievalUnavailable."""
        ...

    async def delete(self, tenant: str, interaction_ids: Sequence[str]) -> None:
        """Remove vectors. Raises RetrievalUnavailable."""
        ...

    async def clear(self) -> str | None:
        """Remove the vectors of all tenants, cases and passages included, before an index is made anew.

        The vectors written next may have another length. Gives where a store that could not be read was set aside.
        """
        ...

    async def discard_if_broken(self, tenant: str, interaction_ids: Sequence[str]) -> bool:
        """Remove all vectors where those of these ids can be neither read nor removed, however often it is tried.

        Tells whether it did, and the index is to be made anew. Raises RetrievalUnavailable.
        """
        ...

    async def count(self) -> int:
        """How many interactions of all tenants have a vector. Raises RetrievalUnavailable."""
        ...

    async def close(self) -> None:
        """Let go of files and connections."""
        ...
