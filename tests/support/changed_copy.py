"""A copy of the package in which something is added, and what it then answers: an addition is tried as it is made."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_HANDOFF = """
import sys
from app.interfaces.cli import main

sys.argv = ["warmline", "handoff", "--conversation", *sys.argv[1:], "--json"]
main()
"""


class ChangedCopy:
    """The package `app` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.app = folder / "app"
        shutil.copytree(ROOT / "app", self.app, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "prompts").symlink_to(ROOT / "prompts")

    def insert(self, path: str, *, before: str, lines: str) -> None:
        """Put lines before the first line of a file that begins with some text, white space aside."""
        file = self.app / path
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        index = next(index for index, row in enumerate(rows) if row.strip().startswith(before))
        file.write_text("".join([*rows[:index], lines, *rows[index:]]), encoding="utf-8")

    def answer(self, code: str, *arguments: str) -> Any:
        """What code prints as JSON, run by a fresh Python with this copy as `app`."""
        finished = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": f"{self._folder}{os.pathsep}{ROOT}"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    def handoff(self, conversation: Mapping[str, Any], *arguments: str) -> Any:
        """What `warmline handoff` prints for a conversation file."""
        file = self._folder / "conversation.json"
        file.write_text(json.dumps(conversation), encoding="utf-8")
        return self.answer(_HANDOFF, str(file), *arguments)
