"""Whatever a conversation was written down in is read by its content, and what is wrong in it is told by its line."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.errors import InvalidRequest
from app.formats.documents import line_of, read_conversation
from app.models import Channel
from tests.support.vcon_documents import text_dialog as spoken
from tests.support.vcon_documents import vcon

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TALK: dict[str, Any] = {"id": "talk", "turns": [{"role": "customer", "text": "hello"}, {"role": "bot", "text": "hi"}]}


def encoded(value: object, **how: Any) -> bytes:
    return json.dumps(value, **how).encode()


def test_a_conversation_file_and_a_line_of_many_are_read() -> None:
    assert read_conversation(encoded(TALK, indent=2)).conversation.id == "talk"
    lines = b"\n".join(encoded({**TALK, "id": name}) for name in ("a", "b", "c"))
    assert read_conversation(lines).conversation.id == "a"
    assert read_conversation(lines, "c").conversation.id == "c"


def test_a_vcon_becomes_one_conversation_that_ends_a_second_after_its_last_turn() -> None:
    read = read_conversation(encoded(vcon(dialog=[spoken("hello"), spoken("and?", minute=3)])))
    assert read.format == "vcon"
    times = [draft.occurred_at for draft in read.conversation.drafts]
    assert times == sorted(times, key=lambda moment: moment or NOW)
    assert times[-1] is not None
    assert read.conversation.now == times[-1] + timedelta(seconds=1)
    assert read.conversation.subject().conversation_id == read.conversation.drafts[-1].conversation_id


def test_interactions_over_several_channels_are_read_as_what_led_to_the_last_conversation() -> None:
    message = {"actor": "customer", "kind": "message", "text": "hello"}
    sent = [
        {**message, "channel": "chat", "conversation_id": "c2", "occurred_at": "2026-03-02T10:00:00Z"},
        {**message, "channel": "app", "conversation_id": "c1", "occurred_at": "2026-03-02T09:00:00Z"},
    ]
    read = read_conversation(encoded({"interactions": sent}))
    assert (read.format, read.conversation.id) == ("interactions", "c2")
    assert [draft.channel for draft in read.conversation.drafts] == [Channel.APP, Channel.CHAT]
    assert all(draft.id for draft in read.conversation.drafts)
    by_line = read_conversation(b"\n".join(map(encoded, sent)))
    assert by_line.conversation.drafts == read.conversation.drafts
    alone = read_conversation(encoded({**message, "channel": "chat"}), now=NOW)
    assert alone.conversation.drafts[0].conversation_id == alone.conversation.id == "conversation"


def test_anything_else_is_plain_text_also_with_json_in_it() -> None:
    read = read_conversation(b'Customer: hello\nBot: I see\n{"status": "late"}\n', name="note")
    assert (read.format, read.conversation.id) == ("text", "note")
    assert read.conversation.drafts[-1].text == 'I see\n{"status": "late"}'


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (
            encoded({**TALK, "turns": [*TALK["turns"], {"role": "cat", "text": ""}]}, indent=1),
            "line 13: turns[2].role:",
        ),
        (encoded({"id": "x"}, indent=1), "line 1: turns: "),
        (encoded({"interactions": [{"channel": "chat"}]}, indent=1), "line 3: interactions[0].actor:"),
        (encoded({"interactions": 5}), "line 1: interactions: "),
        (b'{"channel": "chat", "actor": "customer", "kind": "message"}\n{"channel": "pigeon"}', "line 2: channel: "),
        (b'{"id": "a",\n "turns": [,]}', "line 2: this is not valid JSON"),
        (b"[]", "there is no conversation"),
        (b"Customer: caf\xe9", "line 1: this is not UTF-8"),
        (b"hello", "line 1: nobody is named"),
        (encoded({**vcon(), "dialog": [{"type": "text"}]}, indent=1), "line "),
    ],
)
def test_what_is_wrong_is_told_with_its_line(content: bytes, detail: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        read_conversation(content)
    assert refusal.value.detail.startswith(detail)


def test_a_line_is_found_by_its_path_and_what_is_missing_by_what_holds_it() -> None:
    text = json.dumps({"a": [{"b": 1}, {"c": {"d": '}]"'}}], "e": 2}, indent=1)
    lines = text.splitlines()
    for path, begins in (("a[1].c.d", '    "d"'), ("e", ' "e"'), ("a[0]", "  {"), ("a[1].x", "  {"), ("z", "{")):
        assert lines[(line_of(text, path) or 0) - 1].startswith(begins)
