"""The commands on conversations written down as plain text, and as a vCon."""

import json
from pathlib import Path

import pytest

from tests.interfaces.command import Command, command, move_to
from tests.support.vcon_documents import text_dialog, vcon

TALK = """Channel: chat
Date: 2026-03-02
Account: acc-7
[08:50] Customer: I cannot return the lamp from order ORD-70331.
[08:51] Bot: I will refund the 59.00 EUR within two days.
[08:52] Customer: Can I talk to a real person?
"""


@pytest.fixture
def warmline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    move_to(tmp_path, monkeypatch)
    monkeypatch.setenv("WARMLINE_VECTORS_URL", "memory:")
    Path("talk.txt").write_text(TALK, encoding="utf-8")
    return command(monkeypatch, capsys)


def test_text_is_imported_once_however_often_it_is_sent(warmline: Command) -> None:
    first = warmline("import", "talk.txt", "--json")
    assert (first.status, first.json["filed"], first.json["refused"]) == (0, 3, 0)
    again = warmline("import", "talk.txt", "--json")
    assert (again.status, again.json["filed"], again.json["duplicates"]) == (0, 0, 3)


def test_text_that_cannot_be_read_is_refused_with_its_file_and_line_and_other_files_are_filed(
    warmline: Command,
) -> None:
    Path("bad.txt").write_text("Customer: hello\n[10:00] Anna: hi\n", encoding="utf-8")
    Path("broken.ndjson").write_text(
        'oops\n{"channel": "chat", "actor": "customer", "kind": "message"}\n', encoding="utf-8"
    )
    ended = warmline("import", "bad.txt", "broken.ndjson", "talk.txt", "--json")
    assert (ended.status, ended.json["filed"], ended.json["refused"]) == (1, 4, 2)
    details = {(problem["file"], problem["line"]): problem["detail"] for problem in ended.json["problems"]}
    assert details["bad.txt", 2].startswith("nothing says who “Anna” is")
    assert "not valid JSON" in details["broken.ndjson", 1]


def test_a_handoff_and_next_actions_are_made_of_text(warmline: Command) -> None:
    handoff = warmline("handoff", "--conversation", "talk.txt", "--json")
    assert handoff.status == 0, handoff.err
    assert "ORD-70331" in handoff.json["brief"]["headline"]
    assert handoff.json["conversation_id"] == "talk"
    decision = warmline("next-action", "--conversation", "talk.txt", "--json")
    assert decision.json["intervention"]["level"] == "escalate"


def test_sentences_are_verified_against_text(warmline: Command) -> None:
    Path("claims.json").write_text('["The bot promised 59.00 EUR.", "The bot promised 95.00 EUR."]', encoding="utf-8")
    ended = warmline("verify", "--conversation", "talk.txt", "--claims", "claims.json", "--json")
    assert [verdict["verdict"] for verdict in ended.json["verdicts"]] == ["unverified", "refuted"]


def test_a_handoff_is_made_of_a_vcon(warmline: Command) -> None:
    document = vcon(dialog=[text_dialog("My invoice INV-4471 is wrong."), text_dialog("Let me see.", by=1, minute=2)])
    Path("call.vcon").write_text(json.dumps(document), encoding="utf-8")
    ended = warmline("handoff", "--conversation", "call.vcon", "--json")
    assert ended.status == 0, ended.err
    assert "INV-4471" in ended.out


def test_what_is_wrong_in_a_text_is_told_with_its_file_and_line(warmline: Command) -> None:
    Path("bad.txt").write_text("hello there\n", encoding="utf-8")
    ended = warmline("handoff", "--conversation", "bad.txt")
    assert ended.status == 1
    assert "bad.txt: line 1: nobody is named who says this" in " ".join(ended.err.split())
