"""Intercom: conversations, tickets and contacts by webhook; the brief goes back as an admin's note."""

import html
from collections.abc import Mapping, Sequence
from typing import cast

from pydantic_core import to_json

from app.connectors.base import BriefNote, Credential, OutgoingCall, ParsedWebhook, WebhookAnswer, WebhookRequest
from app.connectors.drafting import without_repeats
from app.connectors.intercom.topics import notification_rows
from app.connectors.own_notes import note_text
from app.connectors.reading import Payload, json_body, word
from app.connectors.signatures import is_hex_of, mac, refused, secret_of
from app.errors import InvalidRequest

_SIGNATURE = "x-hub-signature"
_BEFORE_SIGNATURE = "sha1="
_EXPECTED = "a notification of Intercom (type notification_event, topic, data.item)"
_PING = "ping"
_HOSTS = {"us": "api.intercom.io", "eu": "api.eu.intercom.io", "au": "api.au.intercom.io"}
_VERSION = "2.11"


class IntercomConnector:
    """Intercom's webhooks.

    Facts: developers.intercom.com/docs/references/webhooks/webhook-models (X-Hub-Signature: SHA-1 of the body by the
    app's client secret; 5 seconds; one retry), developers.intercom.com/docs/build-an-integration/learn-more/webhooks
    (a HEAD request checks the address, the topic `ping` tests it), intercom/Intercom-OpenAPI (a reply of type note).
    """

    name = "intercom"
    title = "Intercom"
    needs_key = False
    credentials: Sequence[Credential] = (
        Credential("client_secret", "The client secret of your app, from its Basic information."),
        Credential("access_token", "The access token of your app, to write back.", required=False),
        Credential("admin_id", "The teammate in whose name the note is written.", required=False, secret=False),
        Credential("region", "us (as usual), eu or au.", required=False, secret=False),
    )

    def verify(self, request: WebhookRequest, credentials: Mapping[str, str]) -> None:
        """Check X-Hub-Signature over the body; a HEAD or GET without a body says nothing. Raises Unauthorized."""
        if _only_asks(request):
            return
        secret = secret_of(credentials, "client_secret")
        written = request.headers.get(_SIGNATURE, "").strip()
        if not written.startswith(_BEFORE_SIGNATURE):
            raise refused(_SIGNATURE)
        if not is_hex_of(mac(secret, request.body, "sha1"), written.removeprefix(_BEFORE_SIGNATURE)):
            raise refused(_SIGNATURE)

    def handshake(self, request: WebhookRequest, credentials: Mapping[str, str]) -> WebhookAnswer | None:
        """The answer to HEAD and GET, and to a ping, which is signed as all else is. Raises Unauthorized."""
        if _only_asks(request):
            return WebhookAnswer()
        if _PING.encode() not in request.body:
            return None
        try:
            body = _object(request.body)
        except InvalidRequest:
            return None
        if word(body, "topic") != _PING and word(body, "data", "item", "type") != _PING:
            return None
        self.verify(request, credentials)
        return WebhookAnswer()

    def answer(self, request: WebhookRequest) -> WebhookAnswer:
        """Intercom wants no more than the status."""
        del request
        return WebhookAnswer()

    def recognises(self, request: WebhookRequest) -> bool:
        """Whether a body is a notification of Intercom."""
        try:
            body = _object(request.body)
        except InvalidRequest:
            return False
        return word(body, "type") == "notification_event"

    def parse(self, request: WebhookRequest) -> ParsedWebhook:
        """The rows of a notification. Raises InvalidRequest."""
        body = _object(request.body)
        topic = word(body, "topic")
        if topic == _PING:
            return ParsedWebhook((), (topic,))
        return ParsedWebhook(without_repeats(notification_rows(body)), (topic or "notification",))

    def write_back(self, note: BriefNote, credentials: Mapping[str, str]) -> Sequence[OutgoingCall]:
        """The brief as a note, which the customer does not see."""
        conversation = note.conversation_id.removeprefix(f"{self.name}:")
        token, admin = (credentials.get(name, "").strip() for name in ("access_token", "admin_id"))
        host = _HOSTS.get(credentials.get("region", "").strip().lower() or "us")
        if not (conversation.isascii() and conversation.isdigit() and token and admin and host):
            return ()
        content = {"message_type": "note", "type": "admin", "admin_id": admin, "body": _as_html(note_text(note))}
        headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "accept": "application/json",
            "intercom-version": _VERSION,
        }
        url = f"https://{host}/conversations/{conversation}/reply"
        return (OutgoingCall("note", "POST", url, headers, to_json(content)),)


def _only_asks(request: WebhookRequest) -> bool:
    return request.method.upper() in ("HEAD", "GET") and not request.body


def _object(body: bytes) -> Payload:
    content = json_body(body, _EXPECTED)
    if not isinstance(content, dict) or not (word(content, "topic") or word(content, "type") == "notification_event"):
        raise InvalidRequest(f"body: Expected {_EXPECTED}")
    return cast(Payload, content)


def _as_html(text: str) -> str:
    """A plain text as Intercom shows it: a paragraph for each block, and nothing in it is markup."""
    blocks = [block for block in text.split("\n\n") if block.strip()]
    return "".join(f"<p>{html.escape(block.strip()).replace(chr(10), '<br>')}</p>" for block in blocks)


INTERCOM = IntercomConnector()

__all__ = ["INTERCOM", "IntercomConnector"]
