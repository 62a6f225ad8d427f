"""Conversations written down as plain text: the ways in which people write them, and what is refused by its line."""

from datetime import UTC, datetime, timedelta

import pytest

from app.conversations import Conversation
from app.errors import InvalidRequest
from app.formats.plain_text import conversation_in_text
from app.models import Actor, Channel, Identifier

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
C, B, A = Actor.CUSTOMER, Actor.BOT, Actor.AGENT


def utterances(conversation: Conversation) -> list[tuple[Actor, str]]:
    return [(draft.actor, draft.text) for draft in conversation.drafts]


def seconds(conversation: Conversation) -> list[float]:
    """How long after the first turn each was said."""
    times = [draft.occurred_at for draft in conversation.drafts]
    assert times[0] is not None
    return [(at - times[0]).total_seconds() for at in times if at is not None]


def test_speakers_are_told_by_their_roles_and_lines_without_one_go_on() -> None:
    text = "Customer: My parcel is late.\nIt was to come on Friday.\n\nBot: I am sorry.\nAgent: I take over.\n"
    conversation = conversation_in_text(text, name="talk", now=NOW)
    assert utterances(conversation) == [
        (C, "My parcel is late.\nIt was to come on Friday."),
        (B, "I am sorry."),
        (A, "I take over."),
    ]
    assert [draft.id for draft in conversation.drafts] == ["talk-0", "talk-1", "talk-2"]
    assert {draft.channel for draft in conversation.drafts} == {Channel.CHAT}
    assert (conversation.dated, conversation.now) == (False, NOW)


@pytest.mark.parametrize(
    ("line", "actor"),
    [
        ("CUSTOMER: hello", C),
        ("Caller: hello", C),
        ("user: hello", C),
        ("Virtual assistant: hello", B),
        ("Chatbot: hello", B),
        ("Support agent: hello", A),
        ("Agent (Anna): hello", A),
        ("Anna (agent): hello", A),
        ("Agent Anna (support): hello", A),
        ("[10:32] Customer: hello", C),
        ("(10:32:05) Customer: hello", C),
        ("10:32 Customer: hello", C),
        ("10:32 AM - Customer: hello", C),
        ("2026-03-02 10:32:05 Bot: hello", B),
        ("2026-03-02T10:32:05.250Z Bot: hello", B),
        ("[2026-03-02 10:32] [voice] Agent: hello", A),
        ("Customer [10:32]: hello", C),
    ],
)
def test_speakers_are_written_in_many_ways(line: str, actor: Actor) -> None:
    assert utterances(conversation_in_text(line, now=NOW)) == [(actor, "hello")]


def test_a_name_told_once_is_known_from_then_on() -> None:
    text = "Agent (Anna): Hello.\nCustomer: Hi Anna: it is me.\nAnna: How can I help?\nMe too: is what I said."
    assert utterances(conversation_in_text(text, now=NOW)) == [
        (A, "Hello."),
        (C, "Hi Anna: it is me."),
        (A, "How can I help?\nMe too: is what I said."),
    ]


def names(conversation: Conversation) -> list[str | None]:
    return [draft.participant.name if draft.participant else None for draft in conversation.drafts]


def test_a_label_that_is_a_name_is_who_acted_and_one_that_is_a_role_stays_a_role() -> None:
    text = "Agent (Anna) [voice]: Hello.\nCustomer: Hi.\nAnna: How can I help?\nSupport agent: I am another."
    assert names(conversation_in_text(text, now=NOW)) == ["Anna", None, "Anna", None]


def test_a_name_that_talks_to_bot_and_agent_is_the_customer() -> None:
    text = "Maria Lopez: My parcel is late.\nBot: I am sorry.\nAgent (Anna): I take over.\nMaria Lopez: Thanks."
    conversation = conversation_in_text(text, now=NOW)
    assert [actor for actor, _ in utterances(conversation)] == [C, B, A, C]
    assert names(conversation) == ["Maria Lopez", None, "Anna", "Maria Lopez"]


def test_what_only_looks_like_a_speaker_goes_on_with_the_turn() -> None:
    text = "Customer: Here it is.\nOrder: 123\n  Agent: said my neighbour\nhttps://example.com: broken\nBot: Thanks."
    assert utterances(conversation_in_text(text, now=NOW)) == [
        (C, "Here it is.\nOrder: 123\nAgent: said my neighbour\nhttps://example.com: broken"),
        (B, "Thanks."),
    ]


def test_channels_are_told_for_one_turn_or_from_a_heading_on() -> None:
    text = (
        "# Transcript\nChannel: web chat\nAccount: acc-7\nConversation: c-9\n"
        "Customer: one\nCustomer [sms]: two\nBot: three\n"
        "--- Phone call, 2026-03-04 ---\nCustomer: four\n[email] Agent: five\nChannel: whatsapp\nCustomer: six\n"
    )
    conversation = conversation_in_text(text, now=NOW)
    assert [draft.channel.value for draft in conversation.drafts] == [
        "chat",
        "sms",
        "chat",
        "voice",
        "email",
        "whatsapp",
    ]
    assert conversation.id == "c-9"
    assert conversation.drafts[0].identifiers == (Identifier(type="account_id", value="acc-7"),)


def test_a_signature_and_a_number_sign_go_on_with_the_turn_and_a_rule_stands_for_nothing() -> None:
    text = "Transcript of a chat\n".join(["# ", "Customer: My order\n# 123 is late\n-- Mara\n-----\nBot: I see."])
    assert utterances(conversation_in_text(text, now=NOW)) == [(C, "My order\n# 123 is late\n-- Mara"), (B, "I see.")]


def test_whole_times_are_kept_and_turns_without_one_follow() -> None:
    text = "2026-03-02T10:00:00+01:00 Customer: a\nBot: b\n[2026-03-02 09:05:30] Customer: c"
    conversation = conversation_in_text(text, now=NOW)
    assert conversation.drafts[0].occurred_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert seconds(conversation) == [0, 20, 330]
    assert conversation.dated


def test_a_day_in_a_heading_makes_clocks_whole_and_midnight_makes_another_day() -> None:
    text = "Date: 2026-03-02\n[23:58] Customer: a\n[00:03] Bot: b"
    conversation = conversation_in_text(text, now=NOW)
    assert conversation.drafts[0].occurred_at == datetime(2026, 3, 2, 23, 58, tzinfo=UTC)
    assert seconds(conversation) == [0, 300]
    assert conversation.dated


def test_clocks_without_a_day_tell_the_pauses_and_end_now() -> None:
    conversation = conversation_in_text("[10:32] Customer: a\n[10:40] Bot: b\nCustomer: c", now=NOW)
    assert seconds(conversation) == [0, 480, 500]
    assert conversation.drafts[-1].occurred_at == NOW - timedelta(seconds=1)
    assert not conversation.dated


@pytest.mark.parametrize(
    ("times", "gaps"),
    [
        (("00:00", "00:12", "01:05"), [0, 12, 65]),
        (("00:05", "31:40"), [0, 1895]),
        (("0:00:04", "0:01:10"), [0, 66]),
        (("10:00 AM", "1:30 pm"), [0, 12600]),
        (("09:59", "10:00"), [0, 60]),
    ],
)
def test_a_recordings_counter_is_told_from_a_clock(times: tuple[str, ...], gaps: list[float]) -> None:
    text = "\n".join(f"[{time}] {'Customer' if index % 2 else 'Agent'}: words" for index, time in enumerate(times))
    assert seconds(conversation_in_text(text, now=NOW)) == gaps


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("hello there", "line 1: nobody is named who says this"),
        ("", "line 1: nobody speaks here"),
        ("#Person1#: hello", "line 1: nobody is named who says this"),
        ("[02.03.26, 10:32] Customer: hello", "line 1: nobody is named who says this"),
        ("\n\nAnna: hello", "line 3: nothing says who “Anna” is"),
        ("Customer: hello\nAnna: hi\nCustomer: so\nAnna: well", "line 2: nothing says who “Anna” is"),
        ("Maria: hello\nAnna: hi\nBot: so\nAnna: well", "line 2: nothing says who “Anna” is"),
        ("Customer: hello\n[10:30] Anna: hi", "line 2: nothing says who “Anna” is"),
        ("Channel: pigeon\nCustomer: hello", "line 1: “pigeon” is no channel"),
        ("Date: tomorrow\nCustomer: hello", "line 1: “tomorrow” is no day"),
        ("Customer: hello\n--- pigeon ---\nBot: hi", "line 2: “pigeon” is neither a channel nor a day"),
        ("[10:30] Customer: a\n[10:10] Bot: b", "line 2: its time is before that of line 1"),
        ("System: restarted", "line 1: “System” is nobody who takes part"),
        ("Customer: a\0b", "turns"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, detail: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        conversation_in_text(text, now=NOW)
    assert refusal.value.detail.startswith(detail)


def test_a_byte_order_mark_and_foreign_line_ends_do_no_harm() -> None:
    assert utterances(conversation_in_text("\ufeffCustomer: grüße 🧾\r\nBot: 你好\r\n", now=NOW)) == [
        (C, "grüße 🧾"),
        (B, "你好"),
    ]
