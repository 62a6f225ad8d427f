"""Which message a message answers: by the id that its platform brings, and by nothing else."""

from typing import Any

import pytest

from app.models import Interaction
from app.nlu.answered_messages import answered_by
from tests.support.builders import interaction


def called(row: Interaction, name: str) -> Interaction:
    """The row with a caller's id."""
    return row.model_copy(update={"id": name})


EARLIER = (
    called(interaction(1, "We can repair it.", actor="agent"), "whatsapp:wamid.A1"),
    called(interaction(2, "We can replace it.", actor="agent", data={"message_id": 812}), "m-2"),
    called(interaction(3, "Which do you prefer?", actor="agent", data={"ts": "1700.3"}), "shop#m-3"),
)


@pytest.mark.parametrize(
    ("data", "position"),
    [
        ({"reply_to": "m-2"}, 1),
        ({"context": {"from": "4930", "id": "wamid.A1"}}, 0),
        ({"reply_to_message": {"message_id": 812, "text": "We can replace it."}}, 1),
        ({"content_attributes": {"in_reply_to": 812}}, 1),
        ({"inReplyTo": {"id": "m-3"}}, 2),
        ({"quotedMessage": {"type": "message", "message": {"id": "m-2"}}}, 1),
        ({"contextInfo": {"stanzaId": "wamid.A1"}}, 0),
        ({"thread_ts": "1700.3", "ts": "1700.9"}, 2),
    ],
)
def test_the_id_that_a_platform_brings_names_the_message(data: dict[str, Any], position: int) -> None:
    assert answered_by(interaction(4, "Yes, this one.", data=data), EARLIER) is EARLIER[position]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"reply_to": "m-9"},
        {"reply_to": "2"},
        {"context": {"forwarded": True}},
        {"reply_to": None},
        {"page": "m-2"},
        {"thread_ts": "1700.9", "ts": "1700.9"},
        {"reply_to": {"key": {"key": {"key": {}}}}},
    ],
)
def test_what_names_no_message_before_it_answers_none(data: dict[str, Any]) -> None:
    assert answered_by(interaction(4, "Yes, this one.", data=data), EARLIER) is None


def test_what_is_said_in_a_thread_that_went_on_answers_no_single_message() -> None:
    further = interaction(4, "Or a voucher?", actor="agent", data={"thread_ts": "1700.3", "ts": "1700.4"})
    later = interaction(5, "Yes, this one.", data={"thread_ts": "1700.3", "ts": "1700.5"})
    assert answered_by(later, (*EARLIER, further)) is None
