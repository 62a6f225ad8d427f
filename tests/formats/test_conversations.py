"""Conversation files become interactions, and what is wrong in one is said with its line and its field."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.conversations import conversation_of, find_conversation, read_rows
from app.errors import InvalidRequest
from app.models import Actor, Channel, Identifier, Kind, Participant

STARTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def a_file(**fields: Any) -> dict[str, Any]:
    """A conversation of four turns, one of each common kind."""
    whole: dict[str, Any] = {
        "id": "talk",
        "started_at": STARTED.isoformat(),
        "customer_ref": "acc-1",
        "turns": [
            {"role": "customer", "text": "My parcel is late."},
            {"role": "tool_call", "name": "find_parcel", "arguments": {"parcel": "P-7", "deep": {"a": [1]}}},
            {"role": "tool_result", "name": "find_parcel", "text": ""},
            {"role": "bot", "text": "It is on its way."},
        ],
    }
    return whole | fields


def lines_of(text: str) -> list[bytes]:
    return text.encode().splitlines(keepends=True)


def test_every_turn_becomes_an_interaction_with_the_conversations_id_and_its_own_number() -> None:
    conversation = conversation_of(a_file())
    assert [draft.id for draft in conversation.drafts] == ["talk-0", "talk-1", "talk-2", "talk-3"]
    assert {draft.conversation_id for draft in conversation.drafts} == {"talk"}
    assert {draft.channel for draft in conversation.drafts} == {Channel.CHAT}
    assert {draft.identifiers for draft in conversation.drafts} == {(Identifier(type="account_id", value="acc-1"),)}


def test_roles_say_who_acted_and_what_it_was() -> None:
    turns = [*a_file()["turns"], {"role": "agent", "text": "I take over."}]
    drafts = conversation_of(a_file(turns=turns)).drafts
    assert [(draft.actor, draft.kind) for draft in drafts] == [
        (Actor.CUSTOMER, Kind.MESSAGE),
        (Actor.BOT, Kind.TOOL_CALL),
        (Actor.SYSTEM, Kind.TOOL_RESULT),
        (Actor.BOT, Kind.MESSAGE),
        (Actor.AGENT, Kind.MESSAGE),
    ]


def test_a_turn_may_name_its_participant() -> None:
    turns = [{"role": "customer", "text": "Hello.", "participant": {"name": "Maria"}}, {"role": "bot", "text": "Hi."}]
    drafts = conversation_of(a_file(turns=turns)).drafts
    assert [draft.participant for draft in drafts] == [Participant(name="Maria"), None]


def test_a_tool_calls_arguments_are_its_data_and_a_result_keeps_its_text_even_when_empty() -> None:
    _, call, result, _ = conversation_of(a_file()).drafts
    assert (call.name, call.data, call.text) == ("find_parcel", {"parcel": "P-7", "deep": {"a": [1]}}, "")
    assert (result.name, result.text) == ("find_parcel", "")


def test_turns_are_twenty_seconds_apart_and_now_is_a_second_after_the_last() -> None:
    conversation = conversation_of(a_file())
    assert [draft.occurred_at for draft in conversation.drafts] == [
        STARTED + timedelta(seconds=20 * turn) for turn in range(4)
    ]
    assert conversation.now == STARTED + timedelta(seconds=61)


def test_a_turn_may_name_its_own_time_channel_and_actor() -> None:
    later = STARTED + timedelta(hours=3)
    turns = [
        {"role": "customer", "text": "Hello?"},
        {"role": "customer", "text": "Still there?", "at": later.isoformat(), "channel": "voice", "actor": "system"},
        {"role": "bot", "text": "Yes."},
    ]
    first, second, third = conversation_of(a_file(turns=turns)).drafts
    assert (second.occurred_at, second.channel, second.actor) == (later, Channel.VOICE, Actor.SYSTEM)
    assert (first.occurred_at, first.channel) == (STARTED, Channel.CHAT)
    assert third.occurred_at == later + timedelta(seconds=20)


def test_without_a_start_the_turns_before_a_dated_one_are_counted_back_from_it() -> None:
    turns = [{"role": "customer", "text": "a"}, {"role": "bot", "text": "b", "at": STARTED.isoformat()}]
    first, _ = conversation_of(a_file(turns=turns, started_at=None)).drafts
    assert first.occurred_at == STARTED - timedelta(seconds=20)


def test_without_any_time_the_last_turn_was_a_second_ago() -> None:
    conversation = conversation_of(a_file(started_at=None), now=STARTED)
    assert conversation.now == STARTED
    assert conversation.drafts[-1].occurred_at == STARTED - timedelta(seconds=1)


def test_labels_and_other_notes_in_the_file_reach_no_interaction() -> None:
    turns = [{"role": "customer", "text": "Hello", "intents": ["secret label"]}]
    conversation = conversation_of(a_file(turns=turns, gold={"goal": "secret goal"}, bot_succeeded=False))
    assert "secret" not in conversation.model_dump_json()


def test_a_conversation_without_a_customer_has_no_identifiers() -> None:
    assert conversation_of(a_file(customer_ref=None)).drafts[0].identifiers == ()


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ({"id": ""}, "id"),
        ({"started_at": "2026-03-02T09:00:00"}, "started_at"),
        ({"turns": [{"role": "robot", "text": "x"}]}, "turns[0].role"),
        ({"turns": [{"role": "bot", "text": "x"}, {"role": "customer"}]}, "turns[1]"),
        ({"turns": [{"role": "tool_call", "text": "x"}]}, "turns[0]"),
        ({"turns": [{"role": "bot", "text": "x", "channel": "pigeon"}]}, "turns[0].channel"),
        ({"turns": [{"role": "tool_call", "name": "n" * 300}]}, "turns[0].name"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(broken: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        conversation_of(a_file(**broken))
    assert [error["path"] for error in refused.value.errors] == [path]
    assert path in refused.value.detail


def test_a_conversation_without_turns_is_about_its_customer_at_the_present() -> None:
    conversation = conversation_of(a_file(turns=[]), now=STARTED)
    assert (conversation.drafts, conversation.now) == ((), STARTED)
    assert conversation.subject().identifiers == (Identifier(type="account_id", value="acc-1"),)
    assert conversation_of(a_file(turns=[], customer_ref=None)).subject().identifiers


def test_what_is_filed_for_good_is_the_same_whenever_the_file_is_read() -> None:
    undated = a_file(started_at=None)
    [conversation, other] = [conversation_of(undated, now=STARTED + timedelta(days=day)) for day in (0, 1)]
    assert conversation.lasting_drafts == other.lasting_drafts
    assert conversation.drafts != other.drafts
    dated = conversation_of(a_file())
    assert tuple(dated.lasting_drafts) == dated.drafts


def test_times_beyond_the_calendar_are_refused_in_words() -> None:
    with pytest.raises(InvalidRequest, match="calendar"):
        conversation_of(a_file(started_at="9999-12-31T23:59:59Z"))


def test_one_value_a_line_is_read_with_its_line_and_blank_lines_count() -> None:
    rows = list(read_rows(lines_of('{"a": 1}\n\n{"a": 2}\n')))
    assert [(row.line, row.value) for row in rows] == [(1, {"a": 1}), (3, {"a": 2})]


def test_a_broken_line_is_reported_and_the_lines_after_it_are_read() -> None:
    rows = list(read_rows(lines_of('{"a": 1}\n{"a": \n{"a": 3}\n')))
    assert [row.line for row in rows] == [1, 2, 3]
    assert rows[1].problem is not None
    assert "JSON" in rows[1].problem
    assert rows[2].value == {"a": 3}


def test_a_broken_first_line_does_not_lose_the_others() -> None:
    rows = list(read_rows(lines_of('{"a": \n{"a": 2}\n')))
    assert [(row.line, row.value, row.problem is None) for row in rows] == [(1, None, False), (2, {"a": 2}, True)]


def test_a_document_over_many_lines_is_one_value() -> None:
    rows = list(read_rows(lines_of("\n" + json.dumps(a_file(), indent=2))))
    assert [(row.line, row.value) for row in rows] == [(2, a_file())]


def test_each_item_of_a_list_is_read_with_the_line_it_begins_on() -> None:
    rows = list(read_rows(lines_of('[\n  {"a": 1},\n  {\n    "a": [2, "]"]\n  },\n  3\n]\n')))
    assert [(row.line, row.value) for row in rows] == [(2, {"a": 1}), (3, {"a": [2, "]"]}), (6, 3)]


def test_a_broken_document_names_the_line_where_it_breaks() -> None:
    (row,) = read_rows(lines_of('{\n  "a": 1,\n  "b": oops\n}\n'))
    assert row.line == 3
    assert row.problem is not None


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    rows = list(read_rows([b'\xef\xbb\xbf{"a": 1}\r\n', b'{"a": 2}\r\n']))
    assert [row.value for row in rows] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_file_without_content_has_no_rows(text: str) -> None:
    assert list(read_rows(lines_of(text))) == []


def test_the_first_conversation_of_a_file_is_taken_unless_an_id_is_named() -> None:
    lines = lines_of("\n".join(json.dumps(a_file(id=name)) for name in ("one", "two")))
    assert find_conversation(lines).id == "one"
    assert find_conversation(lines, "two").id == "two"


def test_a_conversation_that_is_not_there_is_missed_by_name() -> None:
    with pytest.raises(InvalidRequest, match="'three'"):
        find_conversation(lines_of(json.dumps(a_file())), "three")


def test_an_error_in_a_file_names_the_line() -> None:
    good, bad = json.dumps(a_file(id="good")), json.dumps(a_file(id="bad", turns=[{"role": "bot"}]))
    with pytest.raises(InvalidRequest, match=r"^line 2: turns\[0\]"):
        find_conversation(lines_of(f"{good}\n{bad}\n"), "bad")
