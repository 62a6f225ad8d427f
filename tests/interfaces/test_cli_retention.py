"""`warmline retention`: setting, listing and applying, on stores of its own."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.bootstrap import build
from app.interfaces.cli import main
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as data folder, with no other setting of Warmline in the environment."""
    for name in os.environ:
        if name.startswith("WARMLINE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WARMLINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WARMLINE_VECTORS_URL", "memory:")
    return tmp_path / "data"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["warmline", "retention", *arguments])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_what_is_too_old_goes_when_the_rules_are_applied(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def two_messages() -> None:
        app = build(Settings(), embedder=WordEmbedder())
        now = datetime.now(UTC)
        await app.interactions.record(
            "default", [draft("zebrafinch", occurred_at=now - timedelta(days=40)), draft("new")]
        )
        await app.close()

    asyncio.run(two_messages())
    assert run(monkeypatch, "set", "chat", "--days", "30") == 0
    assert "chat kept for 30 days" in capsys.readouterr().out
    assert run(monkeypatch, "list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["rules"] == [{"channel": "chat", "days": 30}]

    assert run(monkeypatch, "apply", "--json") == 0

    assert json.loads(capsys.readouterr().out)["runs"][0]["erased"]["interactions"] == 1
    assert not [path for path in folder.rglob("*") if path.is_file() and b"zebrafinch" in path.read_bytes()]
    assert run(monkeypatch, "set", "chat") == 0
    assert run(monkeypatch, "list") == 0
    assert "kept for good" in capsys.readouterr().out
    assert run(monkeypatch, "set", "pigeon", "--days", "30") == 2
    assert "whatsapp" in capsys.readouterr().err
