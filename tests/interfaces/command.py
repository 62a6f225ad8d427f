"""The command line as tests use it: in this process, in an empty folder, without anybody's settings."""

import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from app.interfaces.cli import main


class Ended(NamedTuple):
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object and nothing else."""
        document: dict[str, Any] = json.loads(self.out)
        return document


class Command(Protocol):
    """Runs `warmline` with these arguments."""

    def __call__(self, *arguments: str) -> Ended:
        """How it ended."""
        ...


def move_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder the current one, with no setting of Warmline in the environment."""
    for name in os.environ:
        if name.startswith("WARMLINE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(folder)


def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> Command:
    """`warmline`, or one of its groups of commands where `words` name it."""

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["warmline", *words, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        # A text as the exit code is printed by the interpreter, which then ends with 1.
        exit_code = ended.value.code
        if isinstance(exit_code, str):
            return Ended(1, printed.out, printed.err + exit_code)
        return Ended(exit_code or 0, printed.out, printed.err)

    return run
