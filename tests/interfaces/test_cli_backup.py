"""`warmline backup` and `warmline restore`, on stores of their own."""

import json
from pathlib import Path

import pytest

from tests.interfaces.command import Command, command, move_to

TALK = {
    "id": "talk",
    "customer_ref": "acc-1",
    "turns": [
        {"role": "customer", "text": "My parcel PK-20417 has not come."},
        {"role": "bot", "text": "I will look."},
    ],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with no setting of Warmline in the environment."""
    move_to(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def warmline(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, in an empty folder."""
    return command(monkeypatch, capsys)


def test_a_restored_ledger_hands_over_as_the_saved_one_did(
    warmline: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "talk.json").write_text(json.dumps(TALK), encoding="utf-8")
    assert warmline("import", "talk.json").status == 0
    saved = warmline("backup", "monday.backup")
    assert saved.status == 0, saved.err
    assert "interactions" in saved.out
    assert "keep it as safe as the database" in saved.out

    monkeypatch.setenv("WARMLINE_DATA_DIR", str(folder / "elsewhere"))
    restored = warmline("restore", "monday.backup")
    assert restored.status == 0, restored.err
    assert "embedded" in restored.out
    again = warmline("restore", "monday.backup")
    assert again.status != 0
    assert "The database is not empty" in " ".join(again.err.split())

    second = warmline("backup", "tuesday.backup", "--json")
    assert second.status == 0, second.err
    assert json.loads(second.out)["rows"]["interactions"] > 0
