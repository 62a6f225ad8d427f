"""Amazon Connect: what its deliveries become, in any wrapping, order and repetition."""

import base64
import json
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from app.connectors import CONNECTORS
from app.connectors.base import BriefNote
from app.connectors.recognition import as_posted
from app.errors import InvalidRequest
from app.models import Actor, Channel, HandoffRequest, InteractionDraft, Kind, Problem, Visibility, is_bookkeeping
from app.services import App
from tests.connectors.cloud_deliveries import (
    CONTACT,
    Body,
    chat_item,
    contact_event,
    drafts_of,
    flow_event,
    request,
    segments,
    topic_message,
    transcript,
    utterance,
)

CONNECT = CONNECTORS["amazon-connect"]
CONVERSATION = f"amazon-connect:{CONTACT}"


def rows(body: Body | bytes, **query: str) -> list[InteractionDraft]:
    return drafts_of(CONNECT.parse(request(body, query=query)))


def row(body: Body, **query: str) -> InteractionDraft:
    (only,) = rows(body, **query)
    return only


def kinesis(event: Any, arrived: float = 1_777_885_260.5) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(event).encode()).decode()
    return {"Records": [{"kinesis": {"data": data, "approximateArrivalTimestamp": arrived, "partitionKey": "p"}}]}


# --- contact events ---


@pytest.mark.parametrize(
    ("kind", "detail", "shown"),
    [
        ("INITIATED", {}, (Kind.LIFECYCLE, "started")),
        ("INITIATED", {"initiationMethod": "TRANSFER"}, (Kind.LIFECYCLE, "transferred")),
        ("INITIATED", {"initiationMethod": "QUEUE_TRANSFER"}, (Kind.LIFECYCLE, "transferred")),
        ("INITIATED", {"initiationMethod": "MONITOR"}, (Kind.EVENT, "initiated")),
        ("CONNECTED_TO_AGENT", {"agentInfo": {"agentArn": "arn:1"}}, (Kind.LIFECYCLE, "assigned")),
        ("QUEUED", {}, (Kind.EVENT, "queued")),
        ("DISCONNECTED", {}, (Kind.LIFECYCLE, "ended")),
        ("COMPLETED", {}, (Kind.EVENT, "completed")),
        ("PAUSED", {}, (Kind.EVENT, "paused")),
    ],
)
def test_a_contact_event_is_a_step_of_the_lifecycle_or_an_event(
    kind: str, detail: dict[str, Any], shown: tuple[Kind, str]
) -> None:
    filed = row(contact_event(kind, **detail))
    assert (filed.kind, filed.name, filed.conversation_id) == (*shown, CONVERSATION)


def test_fields_are_read_in_either_spelling_and_each_event_has_the_time_of_what_it_tells() -> None:
    camel = contact_event("QUEUED", queueInfo={"enqueueTimestamp": "2026-05-04T09:00:04.000Z"})
    detail = {name[:1].upper() + name[1:]: value for name, value in camel["detail"].items()}
    detail["QueueInfo"] = {"EnqueueTimestamp": "2026-05-04T09:00:04.000Z"}
    assert row(camel) == row(camel | {"detail": detail, "detail-type": "Amazon Connect Contact Events"})
    assert row(camel).occurred_at == datetime(2026, 5, 4, 9, 0, 4, tzinfo=UTC)


def test_a_time_written_as_1970_is_none_and_that_of_the_event_stands() -> None:
    filed = row(contact_event("INITIATED", initiationTimestamp="1970-01-01T00:00:00.001Z"))
    assert filed.occurred_at == datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def test_contacts_of_one_chain_are_conversations_of_one_case() -> None:
    first = row(contact_event("INITIATED"))
    second = row(contact_event("INITIATED", contactId="second", initialContactId=CONTACT, initiationMethod="TRANSFER"))
    assert first.case_id == second.case_id == CONVERSATION
    assert second.conversation_id == "amazon-connect:second"


def test_an_event_of_an_unknown_type_is_kept_whole_with_its_contact() -> None:
    rule = {
        "detail-type": "Contact Lens Realtime Rules Matched",
        "time": "2026-05-04T09:00:00Z",
        "detail": {"ruleName": "angry", "contactArn": f"arn:aws:connect:eu:0:instance/i/contact/{CONTACT}"},
    }
    filed = row(rule)
    assert (filed.kind, filed.name) == (Kind.EVENT, "Contact Lens Realtime Rules Matched")
    assert filed.conversation_id == CONVERSATION
    assert filed.data["detail"] == rule["detail"]
    assert row(contact_event("TELEPORTED")).name == "TELEPORTED"


def test_an_unknown_event_larger_than_a_row_may_be_is_cut_and_says_so() -> None:
    filed = row(contact_event("TELEPORTED", padding="ä" * 50_000))
    assert filed.data["cut"] is True
    assert len(json.dumps(filed.data, ensure_ascii=False).encode()) <= 65_536


# --- who calls ---


def test_the_number_that_the_carrier_brings_is_verified_and_a_dialled_one_is_not() -> None:
    endpoint = {"Address": "+12025550143", "Type": "TELEPHONE_NUMBER"}
    (called_us,) = row(flow_event(endpoint)).identifiers
    (dialled,) = row(flow_event(endpoint, method="OUTBOUND")).identifiers
    assert (called_us.type, called_us.value, called_us.verified, called_us.method) == (
        *("phone", "+12025550143", True),
        "caller_id",
    )
    assert not dialled.verified


@pytest.mark.parametrize("address", ["anonymous", "Restricted", "", "sip:anonymous@anonymous.invalid"])
def test_a_withheld_number_is_no_identifier(address: str) -> None:
    assert row(flow_event({"Address": address, "Type": "TELEPHONE_NUMBER"})).identifiers == ()
    assert row(flow_event(None)).identifiers == ()


def test_a_flow_reads_flat_texts_without_null_and_others_read_nothing() -> None:
    answer = json.loads(CONNECT.answer(request(flow_event(None))).body)
    assert answer["warmline_conversation_id"] == CONVERSATION
    assert all(isinstance(value, str) for value in answer.values())
    assert json.loads(CONNECT.answer(request(contact_event("QUEUED"))).body) == {}


# --- Contact Lens ---


def test_what_is_still_recognised_is_partial_under_the_id_of_the_whole() -> None:
    first = row(segments(utterance("t1", "CUSTOMER", "the boiler", 1000, 1800)))
    whole = row(segments(transcript("t1", "CUSTOMER", "The boiler leaks.", 1000, 2400)))
    assert first.partial
    assert not whole.partial
    assert first.id == whole.id
    assert (whole.actor, whole.channel, whole.kind) == (Actor.CUSTOMER, Channel.VOICE, Kind.MESSAGE)


def test_parts_of_one_transcript_are_one_text_and_give_way_to_the_whole_one() -> None:
    parts = (utterance("t1", "AGENT", "Good morning.", 0, 900), utterance("t1", "AGENT", "Nils here.", 950, 1500))
    assert row(segments(*parts)).text == "Good morning. Nils here."
    both = rows(segments(*parts, transcript("t1", "AGENT", "Good morning, Nils here.", 0, 1500)))
    assert [(filed.text, filed.partial) for filed in both] == [("Good morning, Nils here.", False)]


def test_times_are_those_of_the_record_and_the_same_on_every_delivery() -> None:
    event = segments(transcript("t1", "CUSTOMER", "It leaks.", 2000, 3000))
    filed = row(kinesis(event))
    assert filed.occurred_at == datetime.fromtimestamp(1_777_885_260.5 - 1, tz=UTC)
    assert row(kinesis(event)) == filed
    assert row(event, started_at="2026-05-04T09:00:00Z").occurred_at == datetime(2026, 5, 4, 9, 0, 2, tzinfo=UTC)
    assert row(event).occurred_at is None


def test_the_event_of_a_flow_tells_no_time_and_takes_that_of_the_address() -> None:
    endpoint = {"Address": "+12025550143", "Type": "TELEPHONE_NUMBER"}
    filed = row(flow_event(endpoint), started_at="2026-05-04T09:00:05Z")
    assert filed.occurred_at == datetime(2026, 5, 4, 9, 0, 5, tzinfo=UTC)
    assert [identifier.verified_at for identifier in filed.identifiers] == [filed.occurred_at]
    assert row(flow_event(endpoint)).occurred_at is None


def test_of_raw_and_redacted_output_the_redacted_one_counts() -> None:
    settings = {"Output": "RedactedAndRaw"}
    segment = transcript("t1", "CUSTOMER", "My card is [PII].", 0, 10)
    assert len(rows(segments(segment, OutputType="Redacted", StreamingSettings=settings))) == 1
    assert rows(segments(segment, OutputType="Raw", StreamingSettings=settings)) == []
    assert len(rows(segments(segment, OutputType="Raw", StreamingSettings={"Output": "Raw"}))) == 1


@pytest.mark.parametrize("kind", ["STARTED", "COMPLETED", "FAILED"])
def test_the_end_of_an_analysis_is_an_event_of_the_platform_itself(kind: str) -> None:
    filed = row({"Version": "1.0.0", "Channel": "VOICE", "ContactId": CONTACT, "EventType": kind})
    assert (filed.name, filed.outcome, is_bookkeeping(filed)) == (f"analysis_{kind.lower()}", None, True)


def test_a_finished_analysis_has_its_turns_in_order_by_who_said_them_and_when() -> None:
    analysis = {
        "Version": "1.1.0",
        "Channel": "VOICE",
        "JobStatus": "COMPLETED",
        "CustomerMetadata": {"ContactId": CONTACT, "InputS3Uri": f"s3://b/{CONTACT}_20260504T09:00_UTC.wav"},
        "Participants": [{"ParticipantId": "x1", "ParticipantRole": "CUSTOMER"}],
        "Categories": {"MatchedCategories": ["repairs"]},
        "Transcript": [
            {"BeginOffsetMillis": 400, "Id": "a", "ParticipantId": "AGENT", "Content": "Brunn Boilers."},
            {"BeginOffsetMillis": 5000, "Id": "b", "ParticipantId": "x1", "Content": "It leaks."},
        ],
    }
    agent, customer, found_out = rows(analysis)
    assert (agent.actor, customer.actor, customer.text) == (Actor.AGENT, Actor.CUSTOMER, "It leaks.")
    assert customer.occurred_at == datetime(2026, 5, 4, 9, 0, 5, tzinfo=UTC)
    assert (found_out.kind, found_out.name, found_out.text) == (Kind.EVENT, "categories_matched", "")


def test_an_analysis_of_a_chat_has_its_own_times_and_one_without_a_contact_is_a_conversation_by_itself() -> None:
    analysis = {
        "Channel": "CHAT",
        "JobStatus": "COMPLETED",
        "Participants": [{"ParticipantId": "x1", "ParticipantRole": "CUSTOMER"}],
        "Transcript": [
            {
                "AbsoluteTime": "2026-05-04T10:00:00Z",
                "Content": "Hi",
                "Id": "a",
                "ParticipantId": "x1",
                "Type": "MESSAGE",
            }
        ],
    }
    filed = row(analysis)
    assert (filed.channel, filed.occurred_at) == (Channel.CHAT, datetime(2026, 5, 4, 10, 0, tzinfo=UTC))
    assert filed.conversation_id == row(analysis).conversation_id
    assert str(filed.conversation_id).startswith("amazon-connect:analysis-")


def test_who_cannot_be_told_apart_is_said_to_be_unknown() -> None:
    filed = row(segments(transcript("t1", "SPEAKER_3", "Hello?", 0, 10)))
    assert (filed.actor, filed.data["speaker"]) == (Actor.SYSTEM, "unknown")


# --- chats ---


def test_a_chat_has_its_people_by_name_and_what_only_agents_see_is_internal() -> None:
    customer = row(topic_message(chat_item("1", "CUSTOMER", "The lamp flickers.")))
    aside = row(topic_message(chat_item("2", "SYSTEM", "Try the new bulb.", DisplayName="BOT"), visible_to="AGENT"))
    assert customer.participant is not None
    assert (customer.participant.name, customer.visibility) == ("Odile Renn", Visibility.PUBLIC)
    assert (aside.actor, aside.visibility) == (Actor.BOT, Visibility.INTERNAL)
    assert aside.participant is not None
    assert aside.participant.name is None


@pytest.mark.parametrize(
    ("happened", "role", "shown"),
    [
        ("participant.joined", "AGENT", (Kind.LIFECYCLE, "assigned")),
        ("participant.joined", "CUSTOMER", (Kind.EVENT, "participant_joined")),
        ("transfer.succeeded", "AGENT", (Kind.LIFECYCLE, "transferred")),
        ("transfer.failed", "AGENT", (Kind.EVENT, "transfer_failed")),
        ("chat.ended", "SYSTEM", (Kind.LIFECYCLE, "ended")),
        ("chat.dreamt", "SYSTEM", (Kind.EVENT, "chat_dreamt")),
    ],
)
def test_what_happens_in_a_chat_is_no_message(happened: str, role: str, shown: tuple[Kind, str]) -> None:
    content_type = f"application/vnd.amazonaws.connect.event.{happened}"
    filed = row(chat_item("1", role, Type="EVENT", ContentType=content_type))
    assert (filed.kind, filed.name) == shown


def test_an_interactive_message_says_its_title_and_an_attachment_its_name() -> None:
    content = {
        "templateType": "ListPicker",
        "data": {"content": {"title": "Which lamp?", "elements": [{"title": "A"}]}},
    }
    asked = row(
        chat_item(
            "1",
            "SYSTEM",
            json.dumps(content),
            ContentType="application/vnd.amazonaws.connect.message.interactive",
        )
    )
    sent = row(chat_item("2", "CUSTOMER", Type="ATTACHMENT", Attachments=[{"AttachmentName": "lamp.jpg"}]))
    assert asked.text == "Which lamp?"
    assert (sent.text, sent.data) == ("", {"attachments": [{"name": "lamp.jpg"}]})


# --- deliveries ---


def test_any_order_and_repetition_gives_the_same_rows() -> None:
    deliveries = [contact_event("INITIATED"), contact_event("QUEUED"), contact_event("DISCONNECTED")]
    alone = {filed.id: filed for delivery in deliveries for filed in rows(delivery)}
    for order in permutations(deliveries):
        assert {filed.id: filed for filed in rows([*order, *order])} == alone


def test_a_queue_may_hold_what_a_topic_holds_and_one_stranger_loses_no_other() -> None:
    body = {
        "Records": [{"eventSource": "aws:sqs", "body": json.dumps(topic_message(chat_item("1", "CUSTOMER", "Hi")))}]
    }
    assert row(body).text == "Hi"
    parsed = CONNECT.parse(request([contact_event("QUEUED"), {"hello": "world"}]))
    stranger = parsed.drafts[-1]
    assert isinstance(stranger, InteractionDraft)
    assert stranger.data == {"hello": "world"}
    assert parsed.event_types == ["QUEUED", "unknown"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'"text"',
        b"null",
        b'{"hello": "world"}',
        json.dumps(contact_event("QUEUED")).encode()[:-9],
    ],
)
def test_a_body_that_is_not_the_platforms_is_refused_with_what_was_expected(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="Contact Lens"):
        CONNECT.parse(request(body))


@pytest.mark.parametrize("wrong", [None, 7, "text", [], {}, True, "\0", -1e308, 1e30])
def test_no_value_of_a_field_breaks_the_reading(wrong: object) -> None:
    for body in (contact_event("INITIATED"), flow_event(None), chat_item("1", "CUSTOMER", "Hi")):
        for name in body:
            try:
                CONNECT.parse(request(body | {name: wrong}))
            except InvalidRequest:
                continue
    for detail in ("initiationTimestamp", "queueInfo", "agentInfo", "tags", "channel", "customerEndpoint"):
        CONNECT.parse(request(contact_event("INITIATED", **{detail: wrong})))


def test_a_text_longer_than_a_row_may_hold_is_that_rows_problem() -> None:
    parsed = CONNECT.parse(request([chat_item("1", "CUSTOMER", "a" * 200_001), chat_item("2", "CUSTOMER", "b")]))
    problem, filed = parsed.drafts
    assert isinstance(problem, Problem)
    assert problem.status == 413
    assert isinstance(filed, InteractionDraft)


def test_nothing_is_written_back_nothing_is_asked_beforehand_and_a_key_stands_in_for_a_signature() -> None:
    note = BriefNote(CONVERSATION, "A lamp", "It flickers.", None, {})
    assert CONNECT.write_back(note, {}) == ()
    assert CONNECT.handshake(request(b""), {}) is None
    assert CONNECT.needs_key
    CONNECT.verify(request(b""), {})


async def test_a_call_from_its_flow_to_its_transcript_makes_a_brief_of_the_caller(app: App) -> None:
    deliveries = [
        contact_event("INITIATED"),
        flow_event({"Address": "+12025550143", "Type": "TELEPHONE_NUMBER"}),
        segments(
            transcript("t1", "AGENT", "Brunn Boilers, how can I help?", 0, 2000),
            transcript("t2", "CUSTOMER", "My boiler BX-204 leaks and I need a technician today.", 2500, 6000),
        ),
    ]
    for delivery in [*deliveries, *deliveries]:
        answer = await app.interactions.record("default", CONNECT.parse(request(delivery)).drafts)
        assert not any(result.problem for result in answer.results)
    handoff = await app.handoffs.create("default", HandoffRequest(conversation_id=CONVERSATION, deadline_ms=60_000))
    assert "BX-204" in str(handoff.brief.contact_reason)
    assert handoff.verification_status == "verified"
    page = await app.interactions.timeline("default", handoff.customer_id, limit=100)
    assert len(page.interactions) == 4


def test_records_in_which_nothing_can_be_read_are_events_of_their_contact() -> None:
    unread = {"Version": "1.0.0", "Channel": "VOICE", "ContactId": CONTACT, "EventType": "HOLOGRAM"}
    for body in (kinesis(unread), kinesis(unread)["Records"], [unread]):
        filed = row(body)
        assert (filed.kind, filed.name, filed.conversation_id) == (Kind.EVENT, "HOLOGRAM", CONVERSATION)
        assert filed.data == unread
    assert row(kinesis(unread)).occurred_at == datetime.fromtimestamp(1_777_885_260.5, tz=UTC)


def test_what_was_found_beside_the_words_has_the_time_of_its_record() -> None:
    outcome = {"Categories": {"MatchedCategories": ["repairs"]}}
    filed = row(kinesis(segments(outcome)))
    assert (filed.name, filed.occurred_at) == (
        "categories_matched",
        datetime.fromtimestamp(1_777_885_260.5, tz=UTC),
    )
    assert row(kinesis(segments(outcome))) == filed
    assert row(kinesis(segments(outcome), arrived=1_777_885_270.5)).id != filed.id


def test_segments_without_ids_are_rows_of_their_own_and_the_same_on_every_delivery() -> None:
    bare = [{"Transcript": {"ParticipantRole": "CUSTOMER", "Content": "Yes."}} for _ in range(2)]
    event, other = segments(*bare), segments(*bare, LanguageCode="en-US")
    first, second = rows(event)
    assert first.id != second.id
    assert CONVERSATION not in (first.id, second.id)
    assert rows(event) == [first, second]
    assert {first.id, second.id}.isdisjoint({filed.id for filed in rows(other)})


def test_a_segment_of_a_call_that_tells_its_absolute_time_has_it() -> None:
    part = transcript("t1", "CUSTOMER", "It leaks.", 1000, 2000)
    part["Transcript"]["Time"] = {"AbsoluteTime": "2026-05-04T09:00:07.500Z"}
    assert row(kinesis(segments(part))).occurred_at == datetime(2026, 5, 4, 9, 0, 7, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("content", [b'[{"a": 1}]', b"[1, 2]", b"[]"])
def test_a_list_that_nobody_sends_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequest, match="nothing that Amazon Connect sends"):
        CONNECTORS["amazon-connect"].parse(as_posted(content))
