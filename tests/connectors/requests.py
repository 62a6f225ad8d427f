"""Requests as platforms make them: signed, with payloads of their shape about people who do not exist."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from app.connectors.base import WebhookRequest
from app.models import InteractionDraft

URL = "https://desk.example/v1/connectors/c1"
SECRET = "a-secret-of-the-tests"
CREDENTIALS = {"auth_token": SECRET, "signing_secret": SECRET, "client_secret": SECRET}


def hmac_of(algorithm: str, message: bytes, secret: str = SECRET) -> bytes:
    return hmac.new(secret.encode(), message, algorithm).digest()


def as_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def twilio_form(fields: Mapping[str, str], *, query: str = "", url: str = URL, signed_url: str = "") -> WebhookRequest:
    called = f"{url}?{query}" if query else url
    signed = (signed_url or called) + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "x-twilio-signature": as_base64(hmac_of("sha1", signed.encode())),
    }
    return WebhookRequest("POST", called, headers, dict(parse_qsl(query)), urlencode(fields).encode())


def twilio_json(content: Any) -> WebhookRequest:
    body = json.dumps(content).encode()
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = as_base64(hmac_of("sha1", url.encode()))
    headers = {"content-type": "application/json", "x-twilio-signature": signature}
    return WebhookRequest("POST", url, headers, dict(parse_qsl(urlsplit(url).query)), body)


def zendesk(content: Any) -> WebhookRequest:
    body, timestamp = json.dumps(content).encode(), "2026-05-04T09:00:00Z"
    headers = {
        "content-type": "application/json",
        "x-zendesk-webhook-signature": as_base64(hmac_of("sha256", timestamp.encode() + body)),
        "x-zendesk-webhook-signature-timestamp": timestamp,
    }
    return WebhookRequest("POST", URL, headers, {}, body)


def intercom(content: Any) -> WebhookRequest:
    body = json.dumps(content).encode()
    headers = {"content-type": "application/json", "x-hub-signature": f"sha1={hmac_of('sha1', body).hex()}"}
    return WebhookRequest("POST", URL, headers, {}, body)


def rows(drafts: Sequence[object]) -> list[InteractionDraft]:
    """The drafts, all of which must be rows."""
    assert all(isinstance(draft, InteractionDraft) for draft in drafts)
    return [draft for draft in drafts if isinstance(draft, InteractionDraft)]


def identifiers_of(row: InteractionDraft) -> dict[str, tuple[str, bool]]:
    return {identifier.type: (identifier.value, identifier.verified) for identifier in row.identifiers}


def zendesk_event(kind: str, event: Mapping[str, Any], *, event_id: str = "e-1", **detail: Any) -> dict[str, Any]:
    return {
        "account_id": 771,
        "id": event_id,
        "type": f"zen:event-type:{kind}",
        "subject": "zen:ticket:4021",
        "time": "2026-05-04T09:00:00.123456789Z",
        "zendesk_event_version": "2022-11-06",
        "detail": {
            "id": "4021",
            "actor_id": "31",
            "assignee_id": "90",
            "requester_id": "31",
            "subject": "Kiln does not heat",
            "description": "The kiln stays cold.",
            "created_at": "2026-05-04T08:59:00Z",
            "updated_at": "2026-05-04T09:00:00Z",
            "via": {"channel": "email"},
            **detail,
        },
        "event": {"meta": {"sequence": {"id": "s", "position": 1}}, **event},
    }


def intercom_part(part_id: str, body: str | None, *, part_type: str = "comment", **more: Any) -> dict[str, Any]:
    return {
        "type": "conversation_part",
        "id": part_id,
        "part_type": part_type,
        "body": body,
        "created_at": 1777885200,
        "updated_at": 1777885200,
        "author": {"type": "user", "id": "c-7", "name": "Ines Duarte", "email": "ines@kiln.example"},
        "attachments": [],
        **more,
    }


def intercom_notification(topic: str, *parts: Mapping[str, Any], attempts: int = 1, **item: Any) -> dict[str, Any]:
    return {
        "type": "notification_event",
        "topic": topic,
        "id": f"notif_{topic}",
        "app_id": "app1",
        "created_at": 1777885201,
        "delivery_attempts": attempts,
        "first_sent_at": 1777885201 + attempts,
        "data": {
            "type": "notification_event_data",
            "item": {
                "type": "conversation",
                "id": "9001",
                "created_at": 1777885100,
                "updated_at": 1777885200,
                "source": {
                    "type": "conversation",
                    "id": "55",
                    "body": "<p>The kiln&nbsp;stays <b>cold</b>.</p>",
                    "author": {"type": "user", "id": "c-7", "name": "Ines Duarte", "email": "ines@kiln.example"},
                },
                "contacts": {
                    "type": "contact.list",
                    "contacts": [{"type": "contact", "id": "c-7", "external_id": "acc-7"}],
                },
                "conversation_parts": {"type": "conversation_part.list", "conversation_parts": list(parts)},
                **item,
            },
        },
    }


TWILIO_MESSAGE = {
    "AccountSid": "AC1",
    "EventType": "onMessageAdded",
    "ConversationSid": "CH1",
    "MessageSid": "IM1",
    "ParticipantSid": "MB1",
    "Author": "whatsapp:+351911000111",
    "Source": "WHATSAPP",
    "Index": "3",
    "Body": "My kiln stays cold",
    "DateCreated": "2026-05-04T09:00:00.500Z",
    "RetryCount": "0",
}
