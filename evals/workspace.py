"""A place of its own for an eval's stores, gone when the eval has ended: an eval never touches the service's data."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from app.bootstrap import build
from app.ports import LanguageModel
from app.services import App
from app.settings import Settings


@contextmanager
def workspace(settings: Settings) -> Generator[Settings]:
    """The same settings on a fresh ledger in a temporary folder and vectors in memory."""
    with TemporaryDirectory(prefix="warmline-eval-") as folder:
        own = {"data_dir": Path(folder), "database_url": None, "vectors_url": "memory:"}
        yield settings.model_copy(update=own)


@asynccontextmanager
async def app_of_its_own(settings: Settings, *, model: LanguageModel | None = None) -> AsyncGenerator[App]:
    """An App in such a place, which nobody has opened: nothing runs in its background."""
    with workspace(settings) as own:
        app = build(own, model=model)
        try:
            yield app
        finally:
            await app.close()
