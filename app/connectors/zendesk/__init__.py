"""Zendesk: ticket and messaging events, and bodies of triggers; the brief goes back as a private comment."""

import base64
from collections.abc import Mapping, Sequence
from typing import cast

from pydantic_core import to_json

from app.connectors.base import BriefNote, Credential, OutgoingCall, ParsedWebhook, WebhookAnswer, WebhookRequest
from app.connectors.drafting import without_repeats
from app.connectors.own_notes import note_text
from app.connectors.reading import Payload, json_body, word
from app.connectors.signatures import is_base64_of, mac, refused, secret_of
from app.connectors.zendesk.messaging import is_messaging, messaging_rows, messaging_types
from app.connectors.zendesk.tickets import PREFIX, ticket_rows, trigger_rows
from app.errors import InvalidRequest

_SIGNATURE = "x-zendesk-webhook-signature"
_TIMESTAMP = "x-zendesk-webhook-signature-timestamp"
_KEY = "x-api-key"
_EXPECTED = "an event of Zendesk (type, detail, event) or the object that a trigger of yours sends"


class ZendeskConnector:
    """Zendesk's webhooks.

    Facts: developer.zendesk.com/documentation/webhooks/verifying (Base64 of the HMAC-SHA256 of timestamp and body),
    developer.zendesk.com/api-reference/ticketing/tickets (a ticket's update with a comment that is not public).
    """

    name = "zendesk"
    title = "Zendesk"
    needs_key = False
    credentials: Sequence[Credential] = (
        Credential("signing_secret", "The signing secret of the webhook, from its details in the Admin Center."),
        Credential("messaging_key", "The shared key of a messaging webhook, where you have one.", required=False),
        Credential("subdomain", "`acme` of acme.zendesk.com, to write back.", required=False, secret=False),
        Credential("email", "The agent in whose name the brief is written back.", required=False, secret=False),
        Credential("api_token", "An API token of the account, to write back.", required=False),
        Credential(
            "custom_fields",
            "Which attribute goes into which ticket field, such as `warmline_intent=360001,warmline_card=360002`.",
            required=False,
            secret=False,
        ),
    )

    def verify(self, request: WebhookRequest, credentials: Mapping[str, str]) -> None:
        """Check the signature over timestamp and body, or the key of a messaging webhook. Raises Unauthorized."""
        if _KEY in request.headers and _SIGNATURE not in request.headers:
            expected = secret_of(credentials, "messaging_key")
            if not is_base64_of(expected, base64.b64encode(request.headers[_KEY].strip().encode()).decode()):
                raise refused(_KEY)
            return
        secret = secret_of(credentials, "signing_secret")
        written, timestamp = request.headers.get(_SIGNATURE, ""), request.headers.get(_TIMESTAMP, "")
        if not written or not is_base64_of(mac(secret, timestamp.encode() + request.body, "sha256"), written):
            raise refused(_SIGNATURE)

    def handshake(self, request: WebhookRequest, credentials: Mapping[str, str]) -> WebhookAnswer | None:
        """Zendesk asks nothing before it sends."""
        del request, credentials
        return None

    def answer(self, request: WebhookRequest) -> WebhookAnswer:
        """Zendesk wants no more than the status."""
        del request
        return WebhookAnswer()

    def recognises(self, request: WebhookRequest) -> bool:
        """Whether a body is an event of Zendesk; what a trigger sends has no form of its own."""
        try:
            body = _object(request.body)
        except InvalidRequest:
            return False
        return word(body, "type").startswith(PREFIX) or (
            is_messaging(body) and word(body, "webhook", "version").startswith("v")
        )

    def parse(self, request: WebhookRequest) -> ParsedWebhook:
        """The rows of an event, of a batch, or of a trigger's body. Raises InvalidRequest."""
        body = _object(request.body)
        if is_messaging(body):
            return ParsedWebhook(without_repeats(messaging_rows(body)), messaging_types(body))
        event_type = word(body, "type")
        if event_type.startswith(PREFIX):
            return ParsedWebhook(ticket_rows(body), (event_type,))
        return ParsedWebhook(trigger_rows(body), (event_type or "trigger",))

    def write_back(self, note: BriefNote, credentials: Mapping[str, str]) -> Sequence[OutgoingCall]:
        """The brief as a private comment of the ticket, and attributes in the fields that the settings name."""
        ticket = note.conversation_id.removeprefix(f"{self.name}:")
        subdomain, email, token = (credentials.get(name, "").strip() for name in ("subdomain", "email", "api_token"))
        subdomain = subdomain.removesuffix(".zendesk.com")
        if not (ticket.isascii() and ticket.isdigit() and email and token and _is_label(subdomain)):
            return ()
        content: dict[str, object] = {"comment": {"body": note_text(note), "public": False}}
        if fields := _fields(credentials.get("custom_fields", ""), note.attributes):
            content["custom_fields"] = fields
        secret = base64.b64encode(f"{email}/token:{token}".encode()).decode()
        headers = {"authorization": f"Basic {secret}", "content-type": "application/json"}
        url = f"https://{subdomain}.zendesk.com/api/v2/tickets/{ticket}.json"
        return (OutgoingCall("private comment", "PUT", url, headers, to_json({"ticket": content})),)


def _object(body: bytes) -> Payload:
    content = json_body(body, _EXPECTED)
    if not isinstance(content, dict) or not content:
        raise InvalidRequest(f"body: Expected {_EXPECTED}")
    return cast(Payload, content)


def _fields(written: str, attributes: Mapping[str, str]) -> list[dict[str, object]]:
    """The ticket fields that the settings give to attributes, with their values."""
    pairs = [part.partition("=") for part in written.split(",")]
    return [
        {"id": int(number.strip()), "value": attributes[name.strip()]}
        for name, _, number in pairs
        if name.strip() in attributes and number.strip().isascii() and number.strip().isdigit()
    ]


def _is_label(name: str) -> bool:
    """Whether a name can stand before a domain: nothing in it leads elsewhere."""
    return bool(name) and name.isascii() and name.replace("-", "").isalnum()


ZENDESK = ZendeskConnector()

__all__ = ["ZENDESK", "ZendeskConnector"]
