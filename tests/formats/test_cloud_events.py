"""CloudEvents of any system and in every mode become interactions, and a bad one says what is wrong with it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.errors import InvalidRequest, PayloadTooLarge
from app.formats.cloud_events import interactions_of_events
from app.models import Actor, Channel, InteractionDraft, Kind, Outcome, Problem

STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
BATCHED = {"content-type": "application/cloudevents-batch+json"}
TIME = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def event(**fields: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "//shop.example.com/web",
        "type": "com.example.page.viewed",
        "time": "2026-03-02T09:00:00Z",
        **fields,
    }


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in event().items() if key != name}


def read(sent: Any, headers: dict[str, str] | None = None) -> list[InteractionDraft | Problem]:
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    return interactions_of_events(headers or STRUCTURED, body)


def draft_of(sent: Any, headers: dict[str, str] | None = None) -> InteractionDraft:
    (draft,) = read(sent, headers)
    assert isinstance(draft, InteractionDraft)
    return draft


def refused(sent: Any, headers: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as failure:
        read(sent, headers)
    return {str(error["path"]): str(error["message"]) for error in failure.value.errors}


# --- what an event becomes --------------------------------------------------------------------------------------------


def test_an_event_of_another_system_is_filed_under_its_own_name() -> None:
    data = {"page": "/returns", "idle_ms": 4000}
    draft = draft_of(event(subject="c1", data=data))
    assert (draft.id, draft.conversation_id, draft.occurred_at) == ("//shop.example.com/web#e-1", "c1", TIME)
    assert (draft.kind, draft.name, draft.data) == (Kind.EVENT, "com.example.page.viewed", data)
    assert (draft.channel, draft.actor, draft.identifiers) == (Channel.OTHER, Actor.SYSTEM, ())


def test_the_data_may_say_where_it_happened_to_whom_and_how_it_ended() -> None:
    data = {
        "conversation_id": "c2",
        "channel": "app",
        "actor": "customer",
        "outcome": "failed",
        "text": "The code was wrong.",
        "identifiers": [{"type": "email", "value": "customer@example.com"}],
    }
    draft = draft_of(event(subject="c1", data=data))
    assert (draft.conversation_id, draft.channel, draft.actor) == ("c2", Channel.APP, Actor.CUSTOMER)
    assert (draft.outcome, draft.text) == (Outcome.FAILED, "The code was wrong.")
    assert [(identifier.type, identifier.value) for identifier in draft.identifiers] == [
        ("email", "customer@example.com")
    ]


def test_words_that_are_no_channel_or_actor_stay_in_the_data() -> None:
    draft = draft_of(event(data={"channel": "kiosk", "actor": ["x"], "outcome": 3}))
    assert (draft.channel, draft.actor, draft.outcome) == (Channel.OTHER, Actor.SYSTEM, None)
    assert draft.data["channel"] == "kiosk"


@pytest.mark.parametrize(
    "fields",
    [{}, {"type": "warmline.interaction.v1"}, {"dataschema": "https://example.com/warmline.interaction.json"}],
)
def test_data_that_is_an_interaction_becomes_that_interaction(fields: dict[str, str]) -> None:
    data = {"id": "other", "channel": "web", "actor": "customer", "kind": "message", "text": "Hello"}
    draft = draft_of(event(subject="c1", data=data, **fields))
    assert (draft.id, draft.conversation_id, draft.occurred_at) == ("//shop.example.com/web#e-1", "c1", TIME)
    assert (draft.kind, draft.channel, draft.text, draft.data) == (Kind.MESSAGE, Channel.WEB, "Hello", {})


def test_an_event_without_a_time_takes_that_of_its_interaction() -> None:
    data = {"channel": "web", "actor": "bot", "kind": "note", "occurred_at": "2026-03-01T00:00:00Z"}
    sent = {**without("time"), "data": data}
    assert draft_of(sent).occurred_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert draft_of(without("time")).occurred_at is None


@pytest.mark.parametrize(
    ("fields", "text", "data"),
    [
        ({"data": "Hello"}, "Hello", {}),
        ({"data": [1, 2]}, "", {"value": [1, 2]}),
        ({"data": None}, "", {}),
        ({"data_base64": base64.b64encode(b'{"a": 1}').decode()}, "", {"a": 1}),
        ({"data_base64": base64.b64encode(b"Hi").decode(), "datacontenttype": "text/plain"}, "Hi", {}),
        ({"data_base64": base64.b64encode(b"\xff" * 9).decode(), "datacontenttype": "image/png"}, "", {"bytes": 9}),
    ],
)
def test_data_of_any_kind_is_kept_or_described(fields: dict[str, Any], text: str, data: dict[str, Any]) -> None:
    draft = draft_of(event(**fields))
    assert (draft.text, draft.data) == (text, data)


def test_a_long_source_is_shortened_to_a_digest_that_stays_the_same() -> None:
    long = event(source="https://example.com/" + "x" * 300, subject="s" * 300)
    first, again = draft_of(long), draft_of(long)
    other = draft_of({**long, "id": "e-2"})
    assert first.id == again.id != other.id
    assert (len(first.id or ""), first.conversation_id) == (64, None)


# --- the three modes --------------------------------------------------------------------------------------------------


def test_in_binary_mode_the_headers_are_the_event_and_the_body_is_its_data() -> None:
    headers = {
        "CE-SpecVersion": "1.0",
        "CE-Id": "e-1",
        "CE-Source": "//shop.example.com/caf%C3%A9",
        "CE-Type": "com.example.form.left",
        "CE-Time": "2026-03-02T10:00:00+01:00",
        "CE-Subject": "c1",
        "Content-Type": "application/json",
        "Accept": "*/*",
    }
    draft = draft_of({"field": "iban"}, headers)
    assert (draft.id, draft.name) == ("//shop.example.com/café#e-1", "com.example.form.left")
    assert (draft.occurred_at, draft.conversation_id, draft.data) == (TIME, "c1", {"field": "iban"})


def test_a_text_in_binary_mode_is_the_text_of_the_interaction() -> None:
    headers = {f"ce-{name}": str(value) for name, value in event().items()} | {"content-type": "text/plain"}
    draft = draft_of("Grüße".encode(), headers)
    assert (draft.text, draft.data) == ("Grüße", {})
    assert draft_of(b"", headers).text == ""


def test_in_a_batch_a_bad_event_does_not_lose_the_others() -> None:
    interaction = {"channel": "pigeon", "actor": "customer", "kind": "message"}
    first, second, third, fourth = read(
        [event(id="e-1"), without("source"), event(id="e-3", data=interaction), event(id="e-4")], BATCHED
    )
    assert isinstance(first, InteractionDraft)
    assert isinstance(second, Problem)
    assert isinstance(third, Problem)
    assert isinstance(fourth, InteractionDraft)
    assert (second.status, second.code) == (422, "invalid_request")
    assert [error["path"] for error in (*second.errors, *third.errors)] == ["[1].source", "[2].data.channel"]
    assert fourth.id == "//shop.example.com/web#e-4"


def test_data_over_the_limit_is_that_events_own_problem() -> None:
    (problem,) = read([event(data={"page": "x" * 70_000})], BATCHED)
    assert isinstance(problem, Problem)
    assert (problem.status, problem.code) == (413, "payload_too_large")
    assert problem.detail.startswith("[0].data")
    with pytest.raises(PayloadTooLarge):
        read(event(data={"page": "x" * 70_000}))


def test_an_empty_batch_has_no_interactions_and_a_huge_one_is_refused() -> None:
    assert read([], BATCHED) == []
    with pytest.raises(PayloadTooLarge, match="1,001 events"):
        read([event()] * 1001, BATCHED)


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "path", "hint"),
    [
        (without("specversion"), "specversion", "needed"),
        (without("id"), "id", "needed"),
        (without("type"), "type", "needed"),
        (event(source=None), "source", "needed"),
        (event(id=""), "id", "empty"),
        (event(id=7), "id", "text"),
        (event(specversion="0.3"), "specversion", "1.0"),
        (event(time="2026-03-02T09:00:00"), "time", "offset"),
        (event(time=1772442000), "time", "RFC 3339"),
        (event(subject=""), "subject", "empty"),
        (event(trace_id="x"), "trace_id", "letters and digits"),
        (event(data={}, data_base64="e30="), "data_base64", "not both"),
        (event(data_base64="%%%"), "data_base64", "not base64"),
        (event(data_base64=base64.b64encode(b"{broken").decode()), "data_base64", "read from there on"),
        (event(type="x" * 257), "type", "256"),
        (event(type="warmline.interaction", data="Hello"), "data", "object"),
        (event(type="warmline.interaction", data={"actor": "bot", "kind": "note"}), "data.channel", "needed"),
        (event(data={"identifiers": [{"type": "email"}]}), "data.identifiers[0].value", "needed"),
        (event(data={"conversation_id": 5}), "data.conversation_id", "text"),
        ([event()], "body", "object"),
        (b"{broken", "body", "read from there on, line 1 column 2"),
        (b"", "body", "not JSON"),
    ],
)
def test_each_defect_is_named_by_its_path_and_how_to_mend_it(sent: Any, path: str, hint: str) -> None:
    errors = refused(sent)
    assert list(errors) == [path]
    assert hint in errors[path]


def test_a_defect_in_a_header_is_named_by_the_header() -> None:
    headers = {f"ce-{name}": str(value) for name, value in event(time="soon").items()}
    assert list(refused(b"{}", headers)) == ["ce-time"]
    assert list(refused(b"{}", {"ce-id": "e-1"})) == ["ce-specversion", "ce-source", "ce-type"]
    headers |= {"ce-time": "2026-03-02T09:00:00Z", "content-type": "application/json"}
    assert "not JSON" in refused(b"{broken", headers)["body"]


def test_what_is_no_event_is_told_how_to_become_one() -> None:
    assert "application/cloudevents+json" in refused(event(), {"content-type": "application/json"})["Content-Type"]
    assert "list" in refused(event(), BATCHED)["body"]
