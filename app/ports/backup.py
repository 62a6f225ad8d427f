"""Saving all that the ledger holds, and restoring it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol


class LedgerBackup(Protocol):
    """Saves all that the ledger holds in a file, and restores it; `tell` hears how far each table is."""

    async def save(self, file: Path, tell: Callable[[str, int], None]) -> Mapping[str, int]:
        """Write a new file; gives the rows by table. Raises InvalidRequest or Unavailable."""
        ...

    async def load(self, file: Path, tell: Callable[[str, int], None]) -> Mapping[str, int]:
        """Fill an empty ledger from a file, all or nothing; gives the rows by table. Raises as `save`."""
        ...

    async def close(self) -> None:
        """Let go of the ledger."""
        ...
