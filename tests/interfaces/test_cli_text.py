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


CALL = """WEBVTT

00:00:01.000 --> 00:00:04.000
<v Imke>Kestrel Direct, this is Imke, how can I help you?</v>

00:00:05.000 --> 00:00:09.000
<v Olu>Hello, my order KD-771 never came and I want my money back.</v>
"""
WORDLESS = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v X>Ok.\n\n00:03.000 --> 00:04.000\n<v Y>Ok.\n"
MAILS = """From x Mon Mar  2 10:00:00 2026
From: Pia <pia@home.example>
To: help@desk.example
Date: Mon, 2 Mar 2026 10:00:00 +0100
Message-ID: <1@h>

My order never came.

From x Mon Mar  2 11:00:00 2026
To: help@desk.example
Subject: from nobody

Hello
"""


def test_captions_make_a_handoff(warmline: Command) -> None:
    Path("call.vtt").write_text(CALL, encoding="utf-8")
    handoff = warmline("handoff", "--conversation", "call.vtt", "--json")
    assert handoff.status == 0, handoff.err
    assert "KD-771" in handoff.json["brief"]["headline"] + handoff.json["brief"]["contact_reason"]


def test_an_import_says_what_it_took_for_what_and_why(warmline: Command) -> None:
    Path("call.vtt").write_text(CALL, encoding="utf-8")
    ended = warmline("import", "call.vtt")
    assert ended.out.splitlines() == [
        "call.vtt: captions; messages: agent 1, customer 1",
        "  Imke: agent, told by what they say",
        "  Olu: customer, told by what they say",
        "2 interactions filed, 0 were there already, 0 rows refused.",
    ]
    (report,) = warmline("import", "call.vtt", "--json").json["files"]
    assert (report["formats"], report["messages"]) == ({"captions": 1}, {"agent": 1, "customer": 1})
    assert [(speaker["label"], speaker["side"]) for speaker in report["speakers"]] == [
        ("Imke", "agent"),
        ("Olu", "customer"),
    ]


def test_who_cannot_be_told_apart_is_unknown_until_the_customer_is_named(warmline: Command) -> None:
    Path("call.vtt").write_text(WORDLESS, encoding="utf-8")
    looked = warmline("import", "call.vtt", "--check")
    assert "  X: unknown, neither the document nor what is said tells it" in looked.out
    assert looked.out.endswith("2 interactions read, 0 rows refused; nothing was filed.\n")
    assert "--customer" in warmline("handoff", "--conversation", "call.vtt", "--json").err
    named = warmline("import", "call.vtt", "--customer", "X", "--json")
    assert (named.json["filed"], named.json["files"][0]["messages"]) == (2, {"agent": 1, "customer": 1})
    assert warmline("import", "call.vtt", "--customer", "Z").status == 1


def test_mails_are_imported_past_a_broken_one(warmline: Command) -> None:
    Path("box.mbox").write_text(MAILS, encoding="utf-8")
    ended = warmline("import", "box.mbox", "--our-addresses", "desk.example", "--json")
    assert (ended.status, ended.json["filed"], ended.json["refused"]) == (1, 1, 1)
    (problem,) = ended.json["problems"]
    assert (problem["line"], "From header" in problem["detail"]) == (10, True)
    assert ended.json["files"][0]["messages"] == {"customer": 1}


def test_a_list_of_turns_is_one_transcript(warmline: Command) -> None:
    turns = [
        {"speaker": "Agent", "text": "How can I help?", "start": 1},
        {"speaker": "Customer", "text": "My order never came.", "start": 4},
    ]
    Path("turns.json").write_text(json.dumps(turns), encoding="utf-8")
    Path("turns.ndjson").write_text("".join(json.dumps(turn) + "\n" for turn in turns), encoding="utf-8")
    for file in ("turns.json", "turns.ndjson"):
        (report,) = warmline("import", file, "--check", "--json").json["files"]
        assert (report["formats"], report["messages"]) == ({"transcript": 1}, {"agent": 1, "customer": 1})
    handoff = warmline("handoff", "--conversation", "turns.json", "--json")
    assert handoff.json["conversation_id"] == "turns"
