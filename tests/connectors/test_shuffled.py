"""Deliveries in any order, some of them twice, come to one conversation."""

import json
import random
from collections.abc import Sequence
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from app.adapters.memory import MemoryLedger
from app.connectors import CONNECTORS
from app.identity import Rules
from app.ledger import Recorder
from app.models import InteractionDraft, standing_rows
from tests.connectors.requests import twilio_form
from tests.support.platforms import posted, whatsapp, whatsapp_message

# A thousand take half a minute, and find no more.
SHUFFLES = 150


def edited(number: int, text: str) -> dict[str, Any]:
    words = {"original_message_id": "wamid.3", "message": {"type": "text", "text": {"body": text}}}
    return whatsapp_message(number, type="edit", edit=words)


MESSAGES = [
    whatsapp_message(1, "The kiln KL-88 stays cold since Monday."),
    whatsapp_message(2, "Please send me the key to the gate."),
    whatsapp_message(3, "Please take the kiln back in May."),
    edited(4, "Please take the kiln back in June."),
    edited(5, "Please take the kiln back in July."),
    whatsapp_message(6, type="revoke", revoke={"original_message_id": "wamid.2"}),
    whatsapp_message(7, "Nobody has called me yet."),
]
EXPECTED = [
    "The kiln KL-88 stays cold since Monday.",
    "",
    "Please take the kiln back in July.",
    "Nobody has called me yet.",
]

StandingRow = tuple[datetime, str | None, str, bool, object]


async def delivered(bodies: list[dict[str, Any]]) -> list[StandingRow]:
    """All that a brief is made of, after these deliveries: the rows that stand, in the order they happened."""
    ledger = MemoryLedger()
    recorder = Recorder(ledger, Rules())
    for body in bodies:
        parsed = CONNECTORS["whatsapp"].parse(posted(whatsapp(messages=[body]))).drafts
        results = await recorder.record("t", [row for row in parsed if isinstance(row, InteractionDraft)])
        assert all(result.problem is None for result in results)
    await recorder.close()
    rows = standing_rows(row for _, _, row in await ledger.after_position(0, 100))
    return sorted((row.occurred_at, row.id, row.text, row.redacted, row.data) for row in rows)


async def test_shuffled_deliveries_of_a_conversation_come_to_what_the_ordered_ones_do() -> None:
    ordered = await delivered(MESSAGES)
    assert [text for _, _, text, _, _ in ordered] == EXPECTED
    shuffle = random.Random(11)
    for _ in range(SHUFFLES):
        bodies = [*MESSAGES, *shuffle.sample(MESSAGES, 2)]
        shuffle.shuffle(bodies)
        assert await delivered(bodies) == ordered


def heard(number: int, text: str, *, final: bool) -> dict[str, str]:
    """What Twilio hears on a call, so many seconds after nine."""
    return {
        "CallSid": "CA7",
        "TranscriptionSid": "GT7",
        "TranscriptionEvent": "transcription-content",
        "SequenceId": str(number),
        "Timestamp": f"2026-05-04T09:00:{number:02}.500000Z",
        "Track": "inbound_track",
        "Final": str(final).lower(),
        "TranscriptionData": json.dumps({"transcript": text}),
    }


SPOKEN = [
    heard(2, "The kiln", final=False),
    heard(3, "The kiln stays cold.", final=True),
    heard(5, "Since", final=False),
    heard(6, "Since Monday.", final=True),
]


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_a_part_of_an_utterance_that_comes_after_its_end_keeps_no_words(order: Sequence[int]) -> None:
    ledger = MemoryLedger()
    recorder = Recorder(ledger, Rules())
    for index in order:
        parsed = CONNECTORS["twilio"].parse(twilio_form(SPOKEN[index])).drafts
        await recorder.record("t", parsed)
    await recorder.close()
    rows = [row for _, _, row in await ledger.after_position(0, 100)]
    assert [(row.text, str(row.occurred_at.time())) for row in rows if row.partial] == [("", "09:00:06.500001")]
    spoken = sorted(row.text for row in rows if not row.partial)
    assert spoken == ["Since Monday.", "The kiln stays cold."]
