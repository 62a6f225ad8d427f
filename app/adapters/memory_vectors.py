"""The in-memory twin of the vector store."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.ports import (
    LikeCase,
    Vectors,
)

Result = TypeVar("Result")
Key = tuple[str, str]


class MemoryVectors:
    """A VectorStore in memory."""

    def __init__(self) -> None:
        self._vectors: dict[Key, NDArray[np.float32]] = {}
        self._passages: dict[Key, NDArray[np.float32]] = {}
        self._cases: defaultdict[str, dict[str, tuple[str, NDArray[np.float32]]]] = defaultdict(dict)

    async def put(self, tenant: str, interaction_ids: Sequence[str], vectors: Vectors) -> None:
        """Write or replace vectors."""
        for interaction_id, vector in zip(interaction_ids, vectors, strict=True):
            self._vectors[tenant, interaction_id] = np.asarray(vector, dtype=np.float32).copy()

    async def get(self, tenant: str, interaction_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors that exist under these ids."""
        return {
            interaction_id: self._vectors[tenant, interaction_id]
            for interaction_id in interaction_ids
            if (tenant, interaction_id) in self._vectors
        }

    async def delete(self, tenant: str, interaction_ids: Sequence[str]) -> None:
        """Remove vectors."""
        for interaction_id in interaction_ids:
            self._vectors.pop((tenant, interaction_id), None)

    async def clear(self) -> None:
        """Remove the vectors of all tenants, cases and passages included, before an index is made anew."""
        self._vectors.clear()
        self._passages.clear()
        self._cases.clear()

    async def discard_if_broken(self, tenant: str, interaction_ids: Sequence[str]) -> bool:  # noqa: ARG002
        """Memory does not break."""
        return False

    async def count(self) -> int:
        """How many interactions of all tenants have a vector."""
        return len(self._vectors)

    async def put_cases(self, tenant: str, outcomes: Mapping[str, str], vectors: Vectors) -> None:
        """Write or replace cases with their unit vectors."""
        for (case_id, outcome), vector in zip(outcomes.items(), vectors, strict=True):
            self._cases[tenant][case_id] = (outcome, np.asarray(vector, dtype=np.float32).copy())

    async def known_cases(self, tenant: str, case_ids: Sequence[str]) -> Collection[str]:
        """Which of these cases are held."""
        return self._cases[tenant].keys() & {*case_ids}

    async def nearest_cases(self, tenant: str, vector: NDArray[np.float32], limit: int) -> Sequence[LikeCase]:
        """The cases of a tenant that are most like a unit vector, the likest first."""
        cases = ((case_id, *case) for case_id, case in self._cases[tenant].items())
        alike = [
            LikeCase(case_id, float(row @ vector), outcome)
            for case_id, outcome, row in cases
            if row.shape == vector.shape
        ]
        return sorted(alike, key=lambda like_case: -like_case.likeness)[:limit]

    async def delete_cases(self, tenant: str, case_ids: Sequence[str]) -> None:
        """Remove cases; ids without one are passed over."""
        for case_id in case_ids:
            self._cases[tenant].pop(case_id, None)

    async def put_passages(self, tenant: str, passage_ids: Sequence[str], vectors: Vectors) -> None:
        """Write or replace the vectors of passages."""
        for passage_id, vector in zip(passage_ids, vectors, strict=True):
            self._passages[tenant, passage_id] = np.asarray(vector, dtype=np.float32).copy()

    async def get_passages(self, tenant: str, passage_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors of passages that exist under these ids."""
        keys = [(tenant, passage_id) for passage_id in passage_ids if (tenant, passage_id) in self._passages]
        return {key[1]: self._passages[key] for key in keys}

    async def delete_passages(self, tenant: str, passage_ids: Sequence[str]) -> None:
        """Remove passages; ids without one are passed over."""
        for passage_id in passage_ids:
            self._passages.pop((tenant, passage_id), None)

    async def close(self) -> None:
        """Nothing is held open."""
