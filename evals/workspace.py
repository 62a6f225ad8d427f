"""A place of its own for an eval's stores, gone when the eval has ended: an eval never touches the service's data."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from app.settings import Settings


@contextmanager
def workspace(settings: Settings) -> Generator[Settings]:
    """The same settings on a fresh ledger in a temporary folder and vectors in memory."""
    with TemporaryDirectory(prefix="warmline-eval-") as folder:
        own = {"data_dir": Path(folder), "database_url": None, "vectors_url": "memory:"}
        yield settings.model_copy(update=own)
