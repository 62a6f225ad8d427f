"""Bodies and signatures of platforms, of the shape that they send, about people who were made up."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from app.connectors.base import WebhookRequest

APP_SECRET = "meta-secret"
HOOK_SECRET = "hook-secret"
NUMBER_ID = "5550001"
PHONE = "4915112345678"


def posted(body: object, headers: Mapping[str, str] | None = None, **query: str) -> WebhookRequest:
    """A request with a JSON body."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return WebhookRequest("POST", "https://warmline.example/v1/connectors/con_1", headers or {}, query, content)


def whatsapp(*, contacts: list[dict[str, Any]] | None = None, field: str = "messages", **value: Any) -> dict[str, Any]:
    """A request of WhatsApp with one change."""
    named = [{"profile": {"name": "Tilda"}, "wa_id": PHONE}] if contacts is None else contacts
    metadata = {"display_phone_number": "15550009999", "phone_number_id": NUMBER_ID}
    change = {"messaging_product": "whatsapp", "metadata": metadata, "contacts": named} | value
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "77", "changes": [{"field": field, "value": change}]}],
    }


def whatsapp_message(number: int, text: str | None = None, **more: Any) -> dict[str, Any]:
    """A message from the customer, so many minutes after nine."""
    words = {} if text is None else {"type": "text", "text": {"body": text}}
    stamp = str(1_767_344_400 + 60 * number)
    return {"from": PHONE, "id": f"wamid.{number}", "timestamp": stamp} | words | more


def chatwoot_message(number: int, content: str | None, kind: str = "incoming", **more: Any) -> dict[str, Any]:
    """An event of Chatwoot about a message of conversation 31, so many minutes after nine."""
    contact = {"id": 14, "name": "Runa", "email": "runa@mail.example", "phone_number": None, "type": "contact"}
    agent = {"id": 3, "name": "Ben", "email": "ben@shop.example", "type": "user"}
    body = {
        "event": "message_created",
        "id": number,
        "content": content,
        "message_type": kind,
        "content_type": "text",
        "content_attributes": {},
        "private": False,
        "created_at": f"2026-01-02T09:{number:02}:00.000Z",
        "sender": contact if kind == "incoming" else agent if kind == "outgoing" else None,
        "inbox": {"id": 1, "name": "Shop"},
        "account": {"id": 9, "name": "Shop"},
        "conversation": {
            "id": 31,
            "channel": "Channel::WebWidget",
            "status": "open",
            "contact_inbox": {"contact_id": 14, "source_id": "f0", "hmac_verified": False},
            "meta": {"sender": contact, "assignee": None},
            "timestamp": 1_767_344_400 + 60 * number,
        },
    }
    return body | more


def signed_by_meta(content: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    """The header by which Meta signs."""
    return {"X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()}"}


def signed_by_chatwoot(content: bytes, secret: str = HOOK_SECRET, at: str = "1767344400") -> dict[str, str]:
    """The headers by which newer versions of Chatwoot sign."""
    signature = hmac.new(secret.encode(), at.encode() + b"." + content, hashlib.sha256).hexdigest()
    return {"X-Chatwoot-Signature": f"sha256={signature}", "X-Chatwoot-Timestamp": at}
