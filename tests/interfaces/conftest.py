"""What tests of the command line share."""

from pathlib import Path

import pytest

from tests.interfaces.command import Command, command, move_to


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with no setting of Warmline in the environment."""
    move_to(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def warmline(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, in an empty folder."""
    return command(monkeypatch, capsys)
