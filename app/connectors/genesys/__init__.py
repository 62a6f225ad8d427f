"""Genesys Cloud: notifications, Open Messaging and transcripts.

Open Messaging signs what it posts: `X-Hub-Signature-256: sha256=` and the HMAC-SHA256 of the raw body under the
integration's secret token, in base64 (the developer centre does not say the encoding, and integrations in the field
read either, so hexadecimal is taken too). Notifications come over a WebSocket, EventBridge or a trigger, which sign
nothing for us: a relay signs with the same token in the same way.

A webhook has to be answered within seconds and is tried again, so an answer tells nothing.

The way back (Platform API): a conversation's custom attributes take the brief by the conversation's id alone; they
need a schema of the tenant's. A participant's attributes need the participant's id, which a brief does not know, so
these are set by a workflow of the tenant's, which is started with the brief as its input.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import sha256
from typing import cast

import orjson

from app.connectors.base import BriefNote, Credential, OutgoingCall, ParsedWebhook, WebhookAnswer, WebhookRequest
from app.connectors.cloud_payloads import Json, as_object, json_of, nested_json, text_field, told_apart, unknown_event
from app.connectors.genesys.notifications import notification_of, notification_rows
from app.connectors.genesys.open_messages import is_open_message, open_rows
from app.connectors.genesys.people import NAME
from app.connectors.genesys.snapshots import is_snapshot, snapshot_rows
from app.connectors.genesys.transcripts import (
    audiohook_rows,
    is_audiohook,
    is_stored_transcript,
    is_transcription,
    stored_rows,
    transcription_rows,
)
from app.errors import InvalidRequest, UnverifiedRequest
from app.models import Channel, InteractionDraft, Problem

EXPECTED = (
    "Send what Genesys Cloud sends: a notification (topicName and eventBody, or EventBridge's detail-type and detail), "
    "a message, event or receipt of Open Messaging (channel), a transcript (conversationId and transcripts), a message "
    "of AudioHook, or a conversation with its participants."
)
SIGNATURE = "x-hub-signature-256"
_PREFIX = "sha256="
_REGION = "api.mypurecloud.com"
_RECORD = "warmline"
_OWN_ID = re.compile(r"[0-9A-Za-z-]{1,80}")


class Genesys:
    """Genesys Cloud; see the package."""

    name = NAME
    title = "Genesys Cloud"
    needs_key = False
    escalations: Collection[str] = frozenset({"acd_start", "acd_joined"})
    credentials: Sequence[Credential] = (
        Credential("webhook_secret", "the integration's outbound notification webhook signature secret token"),
        Credential("api_token", "a bearer token of the Platform API, for the way back", required=False),
        Credential("api_host", f"the API's host in your region, such as {_REGION}", required=False, secret=False),
        Credential(
            "attribute_schema_id", "schema of the custom attributes for the brief", required=False, secret=False
        ),
        Credential("flow_id", "workflow that is started with the brief as its input", required=False, secret=False),
    )

    def verify(self, request: WebhookRequest, credentials: Mapping[str, str]) -> None:
        """The HMAC-SHA256 of the raw body, in base64 or hexadecimal. Raises UnverifiedRequest."""
        secret = credentials.get("webhook_secret", "")
        signature = request.headers.get(SIGNATURE, "").strip()
        if not secret or not signature:
            raise UnverifiedRequest(f"Sign the body: {SIGNATURE} is missing.")
        made = hmac.new(secret.encode(), request.body, sha256).digest()
        sent = signature.removeprefix(_PREFIX).encode(errors="replace")
        as_base64 = hmac.compare_digest(sent, b64encode(made))
        if not (hmac.compare_digest(sent.lower(), made.hex().encode()) or as_base64):
            raise UnverifiedRequest(f"{SIGNATURE} is not the signature of this body under the secret token.")

    def handshake(self, request: WebhookRequest, credentials: Mapping[str, str]) -> WebhookAnswer | None:  # noqa: ARG002
        """None: Genesys asks for nothing beforehand."""
        return None

    def answer(self, request: WebhookRequest) -> WebhookAnswer:  # noqa: ARG002
        """Nothing but that it was taken."""
        return WebhookAnswer(body=b"{}")

    def recognises(self, request: WebhookRequest) -> bool:
        """Whether a body holds a payload of Genesys'."""
        return any(_read(payload)[0] for payload in _payloads(json_of(request.body, EXPECTED)))

    def parse(self, request: WebhookRequest) -> ParsedWebhook:
        """The rows of the body, or of each element of a list. Raises InvalidRequest where none is Genesys'."""
        drafts: list[InteractionDraft | Problem] = []
        event_types: list[str] = []
        strangers = 0
        for payload in _payloads(json_of(request.body, EXPECTED)):
            kind, rows = _read(payload)
            strangers += not kind
            event_types.append(kind or "unknown")
            drafts += rows
        if strangers == len(event_types):
            raise InvalidRequest(f"This is nothing that Genesys Cloud sends. {EXPECTED}")
        return ParsedWebhook(told_apart(drafts), event_types)

    def write_back(self, note: BriefNote, credentials: Mapping[str, str]) -> Sequence[OutgoingCall]:
        """The brief as custom attributes of the conversation and as the input of a workflow, where these are set."""
        token, conversation_id = credentials.get("api_token"), note.conversation_id.removeprefix(f"{NAME}:")
        if not token or not _OWN_ID.fullmatch(conversation_id):
            return ()
        address = f"https://{credentials.get('api_host') or _REGION}/api/v2"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        facts = {
            **note.attributes,
            "warmline_headline": note.headline,
            "warmline_note": note.note,
            **({"warmline_card": note.card_url} if note.card_url else {}),
        }
        calls: list[OutgoingCall] = []
        if schema := credentials.get("attribute_schema_id"):
            record = {"id": _RECORD, "schemaId": schema, "customAttributes": facts}
            url = f"{address}/conversations/{conversation_id}/customattributes"
            calls.append(OutgoingCall("attributes", "PUT", url, headers, orjson.dumps(record)))
        if flow := credentials.get("flow_id"):
            launch = {"flowId": flow, "inputData": {"conversation_id": conversation_id, **facts}}
            calls.append(OutgoingCall("workflow", "POST", f"{address}/flows/executions", headers, orjson.dumps(launch)))
        return calls


def _payloads(body: object) -> Sequence[Json]:
    """The objects of a body: itself, or the elements of a list or of a queue's batch."""
    batch = as_object(body).get("Records")
    items = cast("list[object]", body if isinstance(body, list) else batch if isinstance(batch, list) else [body])
    return [as_object(nested_json(as_object(item).get("body")) or item) for item in items]


def _read(payload: Json) -> tuple[str, Sequence[InteractionDraft | Problem]]:
    """The platform's own name of a payload, and its rows; an empty name for what is not Genesys'."""
    if notification := notification_of(payload):
        kind = notification.topic or "notification"
        return kind, notification_rows(notification)
    for is_it, kind_of, rows_of in _READERS:
        if is_it(payload):
            return kind_of.format(text_field(payload, "type") or "message"), rows_of(payload)
    return "", [unknown_event(NAME, "", "", payload, channel=Channel.OTHER)]


_READERS: Sequence[tuple[Callable[[Json], bool], str, Callable[[Json], Sequence[InteractionDraft | Problem]]]] = (
    (is_open_message, "open.{}", open_rows),
    (is_audiohook, "audiohook.{}", audiohook_rows),
    (is_transcription, "transcription", transcription_rows),
    (is_stored_transcript, "transcript", stored_rows),
    (is_snapshot, "conversation", snapshot_rows),
)
