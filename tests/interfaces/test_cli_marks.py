"""`warmline marks`: what agents marked on their cards, as the files that `eval facts` reads."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import build
from app.conversations import conversation_of
from app.models import (
    Actor,
    Channel,
    Feedback,
    Handoff,
    HandoffRequest,
    Identifier,
    Kind,
    Outcome,
    Participant,
)
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.command import Command, command, move_to
from tests.support.builders import START, draft

WHO = (Identifier(type="account_id", value="acc-1", verified=True, method="login"),)
MARIA = Participant(name="Maria Lopez")


@pytest.fixture
def warmline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, on stores of its own."""
    move_to(tmp_path, monkeypatch)
    monkeypatch.setenv("WARMLINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WARMLINE_VECTORS_URL", "memory:")
    return command(monkeypatch, capsys, "marks", "--facts", "facts.jsonl", "--conversations", "talks.jsonl")


def rows_of(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def handed_over(*marks: tuple[int | str, str], erase: bool = False) -> Handoff:
    """A handoff over two conversations, of which an agent marked claims, by number or in words of their own."""

    async def hand_over() -> Handoff:
        app = build(Settings(), embedder=WordEmbedder())
        common: dict[str, Any] = {"identifiers": WHO, "occurred_at": START}
        await app.interactions.record(
            "default",
            [
                draft(kind=Kind.EVENT, channel=Channel.APP, name="print_label", outcome=Outcome.FAILED, **common),
                draft("My parcel ORD-48213 is late.", conversation_id="c1", participant=MARIA, **common),
                draft(kind=Kind.TOOL_RESULT, actor=Actor.SYSTEM, name="find_order", conversation_id="c1", **common),
                draft("I want to talk to a person.", conversation_id="c1", participant=MARIA, **common),
            ],
        )
        made = await app.handoffs.create("default", HandoffRequest(conversation_id="c1"))
        for which, mark in marks:
            text = made.brief.claims[which].text if isinstance(which, int) else which
            feedback = Feedback.model_validate({"claims": [{"text": text, "mark": mark}]})
            await app.handoffs.file_feedback("default", made.handoff_id, feedback)
        if erase:
            await app.customers.erase("default", made.customer_id)
        await app.close()
        return made

    return asyncio.run(hand_over())


def test_marked_claims_become_labelled_rows_on_the_conversation_they_are_about(warmline: Command) -> None:
    made = handed_over((0, "wrong"), ("She is angry.", "wrong"), ("She called before.", "missing"), (0, "right"))

    ended = warmline("--json")

    assert ended.json == {"n": 2, "n_right": 1, "n_wrong": 1, "conversations": 1}
    claim = made.brief.claims[0]
    first, second = rows_of("facts.jsonl")
    assert first | {"evidence": []} == {
        "id": made.handoff_id,
        "text": claim.text,
        "label": "supported",
        "kind": "true",
        "evidence": [],
    }
    assert (second["text"], second["label"], second["kind"]) == ("She is angry.", "unsupported", "marked_wrong")
    assert second["evidence"] == []
    assert len(first["evidence"]) == len(claim.evidence) > 0


def test_the_conversation_of_a_row_is_a_conversation_file_with_all_that_the_brief_was_made_of(
    warmline: Command,
) -> None:
    made = handed_over((0, "right"))
    warmline()
    (talk,) = rows_of("talks.jsonl")
    conversation = conversation_of(talk)
    assert conversation.id == made.handoff_id
    assert [(turn.actor.value, turn.channel.value, turn.name, turn.text) for turn in conversation.drafts] == [
        ("customer", "app", "print_label", ""),
        ("customer", "chat", None, "My parcel ORD-48213 is late."),
        ("system", "chat", "find_order", ""),
        ("customer", "chat", None, "I want to talk to a person."),
    ]
    assert conversation.drafts[0].data == {"outcome": "failed"}
    assert conversation.drafts[1].participant == MARIA


def test_what_was_erased_is_in_no_file(warmline: Command) -> None:
    handed_over((0, "right"), erase=True)
    assert warmline("--json").json["n"] == 0
    assert rows_of("facts.jsonl") == rows_of("talks.jsonl") == []


def test_marks_of_another_tenant_are_left_alone(warmline: Command) -> None:
    handed_over((0, "right"))
    assert warmline("--tenant", "acme", "--json").json["n"] == 0


def test_a_file_that_cannot_be_written_is_named(warmline: Command) -> None:
    handed_over((0, "right"))
    ended = warmline("--facts", "nowhere/facts.jsonl")
    assert (ended.status, "nowhere/facts.jsonl cannot be written" in ended.err) == (1, True)
