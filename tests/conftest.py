"""Fixtures that every test may ask for: an open App on stores of its own, and an HTTP client of it."""

import logging
import re
import shutil
import zlib
from collections.abc import AsyncGenerator, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from app.ports import Vectors
from app.settings import Settings

if TYPE_CHECKING:
    from app.services import App

pytest_plugins = ["tests.support.postgres"]

DIMENSIONS = 64


class WordEmbedder:
    """Texts that share words get vectors that are alike; instant, and the same on every run."""

    name = "words"

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (texts, 64)."""
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[0] = 0.1
            for word in re.findall(r"\w+", text.lower()):
                row[zlib.crc32(word.encode()) % DIMENSIONS] += 1.0
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, so that they wait while others work and nobody waits for them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def log_levels() -> Generator[None]:
    """What a command logs, or keeps quiet about, it does for the length of its own test."""
    loggers = [logging.getLogger(name) for name in ("warmline", "app")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def settings(tmp_path: Path, sqlite_template: Path) -> Settings:
    """Settings of a service of its own: SQLite in a fresh folder, vectors in memory, no model, no keys."""
    (tmp_path / "data").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "data" / "ledger.db")
    # Constructed, not read: whatever the environment of the test run sets is no part of a test.
    return Settings.model_construct(data_dir=tmp_path / "data", vectors_url="memory:")


@pytest.fixture
async def app(settings: Settings) -> AsyncGenerator["App"]:
    """An open App, warmed up."""
    from app.bootstrap import build

    async with build(settings, embedder=WordEmbedder()) as opened:
        await opened.warm_up()
        yield opened


@pytest.fixture
def service(settings: Settings, app: "App") -> FastAPI:
    """The HTTP service around the App."""
    from app.main import create_app

    return create_app(settings, app)


@pytest.fixture
async def client(service: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A client on the same machine."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://localhost") as opened:
        yield opened
