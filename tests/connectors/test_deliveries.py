"""What holds for every platform: repeated, shuffled, cut off, wrongly signed and unknown deliveries."""

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest

from app.connectors import CONNECTORS
from app.connectors.base import WebhookRequest
from app.connectors.intercom import INTERCOM
from app.connectors.twilio import TWILIO
from app.connectors.zendesk import ZENDESK
from app.errors import InvalidRequest, Unauthorized
from app.models import InteractionDraft, Kind
from app.validation import check_size_of_data
from tests.connectors.requests import (
    CREDENTIALS,
    TWILIO_MESSAGE,
    intercom,
    intercom_notification,
    intercom_part,
    rows,
    twilio_form,
    twilio_json,
    zendesk,
    zendesk_event,
)

MARK = "\N{MICRO SIGN}kiln-7"


def _comment(body: str) -> dict[str, Any]:
    author = {"id": "31", "is_staff": False, "name": "Ines Duarte"}
    return {"comment": {"id": "700", "body": body, "is_public": True, "author": author}}


def _event(data: Mapping[str, Any], kind: str = "conversations.message.added") -> dict[str, Any]:
    return {"specversion": "1.0", "id": "E", "source": "/s", "type": f"com.twilio.{kind}", "data": dict(data)}


DELIVERIES: Mapping[str, Sequence[WebhookRequest]] = {
    "twilio": [
        twilio_form(TWILIO_MESSAGE),
        twilio_form({**TWILIO_MESSAGE, "EventType": "onMessageUpdated", "DateUpdated": "2026-05-04T09:01:00Z"}),
        twilio_form({"MessageSid": "SM1", "From": "+351911000111", "To": "+351800200300", "Body": "Hello"}),
        twilio_form({"CallSid": "CA1", "CallStatus": "completed", "Direction": "inbound", "From": "+351911000111"}),
        twilio_json([_event({**TWILIO_MESSAGE, "MessageSid": "IM2"}), _event({"sid": "CA1"}, "voice.media.fetched")]),
    ],
    "zendesk": [
        zendesk(zendesk_event("ticket.created", {})),
        zendesk(zendesk_event("ticket.comment_added", _comment("The kiln stays cold."), event_id="e-2")),
        zendesk(zendesk_event("ticket.comment_redacted", _comment(""), event_id="e-3")),
        zendesk(zendesk_event("ticket.status_changed", {"previous": "OPEN", "current": "SOLVED"}, event_id="e-4")),
        zendesk({"ticket_id": 4021, "note": "escalate"}),
    ],
    "intercom": [
        intercom(intercom_notification("conversation.user.created")),
        intercom(intercom_notification("conversation.user.replied", intercom_part("1", "<p>Still cold</p>"))),
        intercom(intercom_notification("conversation.admin.closed", intercom_part("2", None, part_type="close"))),
        intercom(intercom_notification("conversation_part.redacted", intercom_part("1", "<p>gone</p>"))),
    ],
}
UNKNOWN: Mapping[str, Callable[[Any], WebhookRequest]] = {
    "twilio": lambda more: twilio_json([_event({"mark": MARK, "more": more}, "future.thing.happened")]),
    "zendesk": lambda more: zendesk(zendesk_event("ticket.future_changed", {"mark": MARK, "more": more})),
    "intercom": lambda more: intercom(intercom_notification("future.thing", mark=MARK, more=more)),
}
RECOGNISING = {"twilio": TWILIO, "zendesk": ZENDESK, "intercom": INTERCOM}
EACH = [(name, request) for name, requests in DELIVERIES.items() for request in requests]
platforms = pytest.mark.parametrize("platform", sorted(DELIVERIES))
each = pytest.mark.parametrize(("platform", "request_"), EACH)


def filed(platform: str, requests: Sequence[WebhookRequest]) -> dict[str | None, InteractionDraft]:
    """What a ledger holds in the end: of each id the first row; a second must say the same."""
    held_rows: dict[str | None, InteractionDraft] = {}
    for request in requests:
        for row in rows(CONNECTORS[platform].parse(request).drafts):
            assert held_rows.setdefault(row.id, row) == row
    return held_rows


@platforms
def test_repeated_and_shuffled_deliveries_are_the_same_rows(platform: str) -> None:
    requests = list(DELIVERIES[platform])
    expected = filed(platform, requests)
    dice = random.Random(7)
    for _ in range(20):
        shuffled = [*requests, *requests]
        dice.shuffle(shuffled)
        assert filed(platform, shuffled) == expected


@each
def test_every_row_has_an_id_and_a_conversation_of_its_platform(platform: str, request_: WebhookRequest) -> None:
    parsed = CONNECTORS[platform].parse(request_)
    assert parsed.event_types
    for row in rows(parsed.drafts):
        assert (row.id or "").startswith(f"{platform}:")
        assert (row.conversation_id or "").startswith(f"{platform}:")


@each
def test_a_right_signature_is_accepted_and_each_wrong_one_refused(platform: str, request_: WebhookRequest) -> None:
    connector = CONNECTORS[platform]
    connector.verify(request_, CREDENTIALS)
    wrong = {name: "sha1=00" if "hub" in name else "AAAA" for name in request_.headers if "signature" in name}
    for changed in (
        request_._replace(body=request_.body + b" "),
        request_._replace(headers={**request_.headers, **wrong}),
        request_._replace(headers={"content-type": request_.headers["content-type"]}),
    ):
        with pytest.raises(Unauthorized):
            connector.verify(changed, CREDENTIALS)
    with pytest.raises(Unauthorized):
        connector.verify(request_, dict.fromkeys(CREDENTIALS, "another secret"))


@each
def test_a_body_that_is_cut_off_is_never_verified_and_never_a_fault(platform: str, request_: WebhookRequest) -> None:
    connector = CONNECTORS[platform]
    for length in range(0, len(request_.body), 7):
        cut = request_._replace(body=request_.body[:length])
        with pytest.raises(Unauthorized):
            connector.verify(cut, CREDENTIALS)
        with suppress(InvalidRequest):
            # The beginning of a form may be a form.
            assert connector.parse(cut).drafts


@platforms
@pytest.mark.parametrize("more", ["", {"deep": {"deeper": [1, None, "x"]}}, "long " * 40_000, ["x" * 900] * 500])
def test_an_event_of_an_unknown_type_is_filed_with_its_body_as_far_as_it_fits(platform: str, more: object) -> None:
    (row,) = rows(CONNECTORS[platform].parse(UNKNOWN[platform](more)).drafts)
    check_size_of_data(row)
    assert row.kind is Kind.EVENT
    assert "future" in (row.name or "")
    assert MARK in str(row.data)


@platforms
def test_each_platform_knows_its_own_bodies_and_no_others(platform: str) -> None:
    for name, requests in DELIVERIES.items():
        for request in requests:
            recognised = RECOGNISING[platform].recognises(request)
            assert recognised == (name == platform and b"escalate" not in request.body)


@platforms
def test_signs_that_no_store_takes_are_left_out(platform: str) -> None:
    (row,) = rows(CONNECTORS[platform].parse(UNKNOWN[platform]("a\0b\ud800c")).drafts)
    row.model_dump_json().encode()
    assert "\0" not in str(row.data)


def test_the_registry_names_each_connector_by_its_own_name() -> None:
    assert {name: connector.name for name, connector in CONNECTORS.items()} == {name: name for name in CONNECTORS}
