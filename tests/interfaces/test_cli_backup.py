"""`warmline backup` and `warmline restore`, on stores of their own."""

import json
from pathlib import Path

import pytest

from tests.interfaces.command import Command

TALK = {
    "id": "talk",
    "customer_ref": "acc-1",
    "turns": [
        {"role": "customer", "text": "My parcel PK-20417 has not come."},
        {"role": "bot", "text": "I will look."},
    ],
}


def test_a_ledger_is_saved_and_restored_elsewhere_but_only_where_nothing_is(
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

    monkeypatch.setenv("WARMLINE_DATA_DIR", str(folder / "third"))
    report = warmline("restore", "tuesday.backup", "--json").json
    assert report["rows"] == second.json["rows"]
    assert report["index"]["interactions"] == report["rows"]["interactions"]
