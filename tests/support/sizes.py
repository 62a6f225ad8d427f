"""How large the package is, and how far a handoff travels through it: `python -m tests.support.sizes`."""

import asyncio
import re
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.table import Table

from app.adapters.memory import MemoryArchive, MemoryLedger, MemoryVectors
from app.bootstrap import build
from app.models import HandoffRequest
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft
from tests.support.expressions import expressions_of

APP = Path(__file__).parents[2] / "app"
# Where expressions are at home: they read what people write.
READERS = ("app.nlu", "app.verification", "app.privacy", "app.connectors")
_ALTERNATIVE = re.compile(r"(?<!\\)\|")


class Trace:
    """The calls of the package's own functions in every thread, while it is open."""

    def __init__(self) -> None:
        self.functions: set[tuple[str, str]] = set()
        self.moves = 0
        self._last = threading.local()

    @property
    def files(self) -> set[str]:
        """The files whose functions were called."""
        return {file for file, _ in self.functions}

    def __enter__(self) -> "Trace":
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(str(APP)):
            self.functions.add((file, frame.f_code.co_qualname))
            self.moves += file != getattr(self._last, "file", file)
            self._last.file = file


async def trace_handoff() -> Trace:
    """A handoff of a short conversation, after another has loaded and remembered what every handoff needs."""
    settings = Settings()
    app = build(
        settings, ledger=MemoryLedger(), archive=MemoryArchive(), vectors=MemoryVectors(), embedder=WordEmbedder()
    )
    async with app:
        await app.warm_up()
        now = datetime.now(UTC)
        texts = ("My lamp never came.", "Please send another one.", "Can I talk to a person?")
        for conversation_id in ("first", "second"):
            drafts = [
                draft(text, conversation_id=conversation_id, occurred_at=now + timedelta(seconds=index))
                for index, text in enumerate(texts)
            ]
            await app.interactions.record("default", drafts)
        await app.handoffs.create("default", HandoffRequest(conversation_id="first"))
        with Trace() as trace, ThreadPoolExecutor() as threads:
            asyncio.get_running_loop().set_default_executor(threads)  # threads of before would go untraced
            await app.handoffs.create("default", HandoffRequest(conversation_id="second"))
    return trace


def main() -> None:
    """Print the sizes."""
    console = Console()
    sources = sorted(APP.rglob("*.py"))
    lines = Counter({source: source.read_text(encoding="utf-8").count("\n") for source in sources})
    table = Table("room", "files", "lines", "expressions", "alternatives", title="The package")
    expressions, together = expressions_of("app")
    rooms = sorted({_room(source) for source in sources})
    for room in rooms:
        inside = [expression for expression in expressions if expression.room == room]
        own = [source for source in sources if _room(source) == room]
        alternatives = sum(len(_ALTERNATIVE.findall(str(expression.pattern.pattern))) for expression in inside)
        table.add_row(
            room, str(len(own)), str(sum(lines[source] for source in own)), str(len(inside)), str(alternatives)
        )
    outside = [expression for expression in expressions if expression.room not in READERS]
    total = sum(len(_ALTERNATIVE.findall(str(expression.pattern.pattern))) for expression in expressions)
    table.add_section()
    table.add_row("app", str(len(sources)), str(lines.total()), f"{len(expressions)} + {len(together)}", str(total))
    console.print(table)
    console.print(f"Expressions outside {', '.join(READERS)}: {len(outside)}")
    trace = asyncio.run(trace_handoff())
    console.print(
        f"A handoff: {len(trace.files)} files, {len(trace.functions)} functions, {trace.moves} moves from file to file"
    )


def _room(source: Path) -> str:
    parts = source.relative_to(APP.parent).with_suffix("").parts
    return ".".join(parts[:2]) if len(parts) > 2 else "app"


if __name__ == "__main__":
    main()
