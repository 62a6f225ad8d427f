"""Asks an App of its own, on the adapters that the settings name, and prints answers as JSON."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.bootstrap import build
from app.interfaces.cli.common import settings_in_force
from app.models import Record
from app.services import App

Answer = TypeVar("Answer")


def ask_app(ask: Callable[[App], Awaitable[Answer]]) -> Answer:
    """What an App answers that is built for this question and closed after it. Raises what `ask` raises."""
    settings = settings_in_force()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = build(settings)

    async def answer() -> Answer:
        try:
            return await ask(app)
        finally:
            await app.close()

    return asyncio.run(answer())


def print_json(document: Record | object) -> None:
    """Print a record, or what holds plain values, on standard output."""
    plain = document.model_dump(mode="json") if isinstance(document, Record) else document
    sys.stdout.write(json.dumps(plain, ensure_ascii=False, indent=2) + "\n")
