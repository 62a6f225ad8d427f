"""`warmline marks`: what agents marked on their cards, as files that `warmline eval facts` reads."""

import asyncio
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from app.bootstrap import build
from app.errors import InvalidRequest
from app.interfaces.cli.common import screen, settings_in_force
from app.services import App


def write_marks(tenant: str, facts: Path, conversations: Path, *, as_json: bool) -> None:
    """Write both files anew and tell how many rows there are. Raises InvalidRequest where one cannot be written."""
    rows, talks = asyncio.run(_gathered(build(settings_in_force()), tenant))
    _write(facts, rows)
    _write(conversations, talks)
    right = sum(row["label"] == "supported" for row in rows)
    counts = {"n": len(rows), "n_right": right, "n_wrong": len(rows) - right, "conversations": len(talks)}
    if as_json:
        sys.stdout.write(json.dumps(counts, indent=2) + "\n")
    else:
        words = "{n} marked claims written, {n_right} right and {n_wrong} wrong, on {conversations} conversations."
        screen().print(words.format(**counts), markup=False)


async def _gathered(app: App, tenant: str) -> tuple[list[dict[str, Any]], list[Mapping[str, Any]]]:
    rows: list[dict[str, Any]] = []
    talks: list[Mapping[str, Any]] = []
    try:
        async for marked in app.handoffs.marked_claims(tenant):
            rows += marked.facts
            talks.append(marked.conversation)
    finally:
        await app.close()
    return rows, talks


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    try:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    except OSError as failure:
        raise InvalidRequest(f"{path} cannot be written: {failure.strerror}.") from None
