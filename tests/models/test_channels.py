"""The channels: one table, which all that speaks of a channel reads."""

from pathlib import Path

import pytest

from app.models import Channel
from tests.support.changed_copy import ChangedCopy

KIOSK = """\
    KIOSK = (
        "kiosk",
        ChannelTraits(
            "at the kiosk", Pace(60, 60, 60, 600), self_service=True, aliases=("terminal",), stems=("kiosk",)
        ),
    )
"""
SIGNALS = """
import json
from datetime import timedelta
from app.formats.plain_text import conversation_in_text
from app.models import Channel
from app.signals import detect, next_check
from tests.support.builders import START, interaction, snapshot

fields = {"kind": "event", "channel": "kiosk", "name": "return_parcel", "outcome": "failed"}
tries = [interaction(seq, at=START + timedelta(minutes=seq), **fields) for seq in (1, 2)]
case = snapshot(tries)
text = conversation_in_text("Channel: Terminal\\nCustomer: My parcel is stuck.", now=START)
print(json.dumps({
    "details": [signal.detail for signal in detect(case)],
    "checked_after_s": (next_check(case) - tries[-1].occurred_at).total_seconds(),
    "written": [draft.channel for draft in text.drafts],
    "application": Channel.of_application("Acme Kiosk chat 2"),
}))
"""


def test_a_channel_is_added_by_one_member_of_the_enumeration(tmp_path: Path) -> None:
    copy = ChangedCopy(tmp_path)
    copy.insert("models/channels.py", before="OTHER =", lines=KIOSK)
    answer = copy.answer(SIGNALS)
    assert answer["details"] == [
        "The customer paused for 60 seconds at 'return_parcel' at the kiosk.",
        "'Return parcel' failed twice at the kiosk.",
    ]
    assert answer["checked_after_s"] == 60
    assert answer["written"] == ["kiosk"]
    assert answer["application"] == "kiosk"
    conversation = {
        "id": "k",
        "turns": [
            {"role": "customer", "channel": "kiosk", "text": "I want to return my parcel, but the flap is stuck."},
            {"role": "tool_call", "channel": "kiosk", "name": "open_flap", "arguments": {"flap": 4}},
            {"role": "tool_result", "channel": "kiosk", "name": "open_flap", "text": "Error: the flap is blocked"},
        ],
    }
    handoff = copy.handoff(conversation)
    assert [step["channel"] for step in handoff["brief"]["actions_taken"]] == ["kiosk"]


def test_every_channel_has_its_words_and_a_pace_that_rises() -> None:
    wheres = [channel.traits.where for channel in Channel]
    assert len(set(wheres)) == len(wheres)
    for channel in Channel:
        pace = channel.traits.pace
        assert 0 < pace.hesitates <= pace.silent <= pace.visit, channel


def test_no_two_channels_have_an_alias_in_common() -> None:
    names = [name for channel in Channel for name in (channel.value, *channel.traits.aliases)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("channel", Channel)
def test_a_channel_is_recognised_by_each_of_its_names(channel: Channel) -> None:
    assert {Channel.called(name) for name in (channel.value, *channel.traits.aliases)} == {channel}
    written = [channel.value, *channel.traits.words, *channel.traits.stems]
    assert {Channel.of_application(name.upper()) for name in written} == {channel}


@pytest.mark.parametrize(
    ("application", "channel"),
    [
        ("WhatsApp chat", Channel.WHATSAPP),
        ("Facebook Messenger voice", Channel.SOCIAL),
        ("Acme-Voice", Channel.VOICE),
        ("Zendesk Chat", Channel.CHAT),
        ("E-Mail", Channel.EMAIL),
        ("snail mailing", None),
        ("", None),
    ],
)
def test_the_name_of_an_application_tells_its_channel(application: str, channel: Channel | None) -> None:
    assert Channel.of_application(application) is channel
