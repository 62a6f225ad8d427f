"""`warmline catalogue check` and `draft`: exit status, JSON alone on standard output, and files left alone."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from app.actions import read_catalogue
from app.bootstrap import build
from app.conversations import conversation_of
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.command import Command, command, move_to

PLANTED = Path(__file__).parents[1] / "actions" / "planted"
WISHES = (
    "I lost the key to my locker",
    "My locker key is gone",
    "Please send me a new locker key",
    "I need a spare key for my locker",
    "How do I get another locker key?",
)


@pytest.fixture
def warmline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, on stores of its own."""
    move_to(tmp_path, monkeypatch)
    monkeypatch.setenv("WARMLINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WARMLINE_VECTORS_URL", "memory:")
    return command(monkeypatch, capsys)


def planted(tmp_path: Path, old: str, new: str) -> str:
    """The cycle hire's catalogue after one change, as a file."""
    text = (PLANTED / "cycles.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "cycles.yaml").write_text(text.replace(old, new), encoding="utf-8")
    return str(tmp_path / "cycles.yaml")


def talks() -> list[dict[str, Any]]:
    """Conversations about lost keys, each with a tool that sends one."""
    return [
        {
            "id": f"key-{number}",
            "started_at": f"2026-03-0{number + 1}T09:00:00Z",
            "turns": [
                {"role": "customer", "text": wish},
                {"role": "tool_call", "name": "send_key", "arguments": {"locker_id": f"LK-{100 + number}"}},
                {"role": "tool_result", "name": "send_key", "text": '{"status": "sent"}'},
                {"role": "customer", "text": "Thank you!"},
            ],
        }
        for number, wish in enumerate(WISHES)
    ]


def test_a_clean_catalogue_ends_with_success(warmline: Command) -> None:
    ended = warmline("catalogue", "check", str(PLANTED / "cycles.yaml"), "--strict")
    assert (ended.status, ended.out.splitlines()[-1].split(": ")[1]) == (0, "0 errors, 0 warnings, 0 hints")


def test_errors_end_with_one_and_the_table_says_where_what_and_how_to_mend_it(
    warmline: Command, tmp_path: Path
) -> None:
    ended = warmline("catalogue", "check", planted(tmp_path, "audience: [bot]", "audience: []"))
    assert ended.status == 1
    line = (tmp_path / "cycles.yaml").read_text("utf-8").splitlines().index("    audience: []") + 1
    row = next(row for row in ended.out.splitlines() if row.split()[:1] == [str(line)])
    assert row.split()[1:3] == ["error", "hand_over"]
    assert "→ Write [bot]" in ended.out


def test_warnings_end_with_two_only_where_it_is_strict(warmline: Command, tmp_path: Path) -> None:
    file = planted(tmp_path, "Your bank decides when you see it.", "You have it within two days.")
    assert warmline("catalogue", "check", file).status == 0
    assert warmline("catalogue", "check", file, "--strict").status == 2


def test_json_is_the_whole_report_and_nothing_else(warmline: Command, tmp_path: Path) -> None:
    ended = warmline(
        "catalogue", "check", planted(tmp_path, "    audience: [bot]\n", "    audiences: [bot]\n"), "--json"
    )
    assert ended.status == 1
    (finding,) = ended.json["findings"]
    assert (finding["code"], finding["severity"]) == ("does_not_load", "error")
    assert finding["path"] == "actions[6].audiences"


def test_a_catalogue_that_is_not_there_is_told_in_words(warmline: Command) -> None:
    ended = warmline("catalogue", "check", "nowhere.yaml")
    assert ended.status == 1
    assert "There is no catalogue 'nowhere.yaml'" in ended.err


def test_a_draft_from_a_file_goes_where_it_is_told_and_never_over_another(warmline: Command, tmp_path: Path) -> None:
    (tmp_path / "talks.jsonl").write_text("\n".join(map(json.dumps, talks())), encoding="utf-8")
    ended = warmline("catalogue", "draft", "--data", "talks.jsonl", "--out", "first.yaml")
    assert (ended.status, ended.out) == (0, "")
    assert "a person must edit it" in " ".join(ended.err.split())
    catalogue = read_catalogue((tmp_path / "first.yaml").read_text(encoding="utf-8"))
    assert "send_key" in {action.id for action in catalogue.actions}
    assert len(catalogue.intents) == 1
    assert not (tmp_path / "data").exists()
    again = warmline("catalogue", "draft", "--data", "talks.jsonl", "--out", "first.yaml")
    assert again.status == 1
    assert "is there already" in again.err
    assert warmline("catalogue", "check", "first.yaml").status == 0


def test_a_draft_from_the_ledger_is_that_of_its_tenant_and_time(warmline: Command, tmp_path: Path) -> None:
    async def file_talks() -> None:
        app = build(Settings(data_dir=tmp_path / "data", vectors_url="memory:"), embedder=WordEmbedder())
        for talk in talks():
            await app.interactions.record("pool", conversation_of(talk).drafts)
        await app.close()

    (tmp_path / "data").mkdir()
    asyncio.run(file_talks())
    whole = warmline("catalogue", "draft", "--tenant", "pool", "--json")
    assert whole.status == 0, whole.err
    assert (whole.json["conversations"], whole.json["resolved"], whole.json["intents"]) == (5, 5, 1)
    assert [finding for finding in whole.json["findings"] if finding["severity"] == "error"] == []
    late = warmline("catalogue", "draft", "--tenant", "pool", "--from", "2026-03-04T00:00:00Z", "--json")
    assert late.json["conversations"] == 2
    assert late.json["missing"]
    assert warmline("catalogue", "draft", "--json").json["conversations"] == 0


def test_a_broken_line_of_a_file_is_named(warmline: Command, tmp_path: Path) -> None:
    (tmp_path / "talks.jsonl").write_text(json.dumps(talks()[0]) + "\n{oops\n", encoding="utf-8")
    ended = warmline("catalogue", "draft", "--data", "talks.jsonl")
    assert ended.status == 1
    assert "talks.jsonl:2:" in ended.err
