"""Notifications: one message of a topic, from the WebSocket, EventBridge or a trigger, as a relay passes it on.

Topics (developer.genesys.cloud, available topics; MyPureCloud/platform-client-sdk docs): `v2.conversations.{id}…` and
those of users and queues tell conversations whole; `v2.detail.events.conversation.{id}.…` single steps, with times in
milliseconds; `v2.conversations.{id}.transcription` utterances; `v2.conversations.chats.{id}.messages` and `.members`
the words and people of a web chat. EventBridge has the topic as `detail-type` and the rest in `detail`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.connectors.base import PASSED_ON_BY
from app.connectors.cloud_payloads import (
    Json,
    as_object,
    digest,
    filled,
    moment_field,
    named,
    row,
    row_id,
    text_field,
    unknown_event,
)
from app.connectors.genesys.people import (
    NAME,
    actor_of,
    address_identifiers,
    channel_of,
    contact_identifiers,
    conversation_of,
)
from app.connectors.genesys.snapshots import is_snapshot, snapshot_rows, wrapup_row
from app.connectors.genesys.transcripts import (
    is_stored_transcript,
    is_transcription,
    stored_rows,
    transcription_rows,
)
from app.models import Actor, Channel, InteractionDraft, Kind, LifecycleStep, Outcome, Problem

_DETAIL = re.compile(r"v2\.detail\.events\.conversation\.[^.]{1,80}\.([a-z.]{1,80})")
_CONVERSATION = re.compile(r"\.conversations?(?:\.[a-z]{1,40})?\.([0-9a-f-]{8,64})(?:\.|$)")
# What the platform sends so that a connection stays open; nothing of it is about a customer.
_HEARTBEATS = ("channel.metadata", "v2.system.")
_CHAT_WORDS = ("standard", "")


class Notification(NamedTuple):
    """One message of a topic."""

    topic: str
    body: Json
    sent_at: Json


def notification_of(payload: Json) -> Notification | None:
    """The notification in a payload; None where it is none."""
    if isinstance(payload.get("eventBody"), Mapping):
        return Notification(text_field(payload, "topicName", "topic"), as_object(payload["eventBody"]), payload)
    detail = as_object(payload.get("detail"))
    if "detail-type" in payload and isinstance(detail.get("eventBody"), Mapping):
        topic = text_field(detail, "topicName") or text_field(payload, "detail-type")
        return Notification(topic, as_object(detail["eventBody"]), payload)
    return None


def notification_rows(notification: Notification) -> Sequence[InteractionDraft | Problem]:
    """The rows of one message of a topic; of a topic that is not known, the message as an event."""
    topic, body, _ = notification
    if topic.startswith(_HEARTBEATS):
        return ()
    if is_transcription(body) or is_stored_transcript(body):
        return transcription_rows(body) if is_transcription(body) else stored_rows(body)
    detail = _DETAIL.fullmatch(topic)
    if detail and text_field(body, "conversationId"):
        return [detail_row(detail.group(1), body)]
    if ".chats." in topic and (conversation_id := text_field(as_object(body.get("conversation")), "id")):
        return [_chat_row(conversation_id, body)]
    if is_snapshot(body):
        return snapshot_rows(body)
    return [_unknown(notification)]


def _unknown(notification: Notification) -> InteractionDraft | Problem:
    topic, body, envelope = notification
    in_topic = _CONVERSATION.search(topic)
    conversation_id = text_field(body, "conversationId") or text_field(as_object(body.get("conversation")), "id")
    return unknown_event(
        NAME,
        conversation_id or (in_topic.group(1) if in_topic else ""),
        re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "{id}", topic) or "notification",
        body,
        channel=channel_of(text_field(body, "mediaType")),
        occurred_at=moment_field(body, "eventTime", "timestamp") or moment_field(envelope, "time"),
    )


# --- single steps ---


def detail_row(kind: str, body: Json) -> InteractionDraft | Problem:
    """One step of a conversation, such as `customer.start`, `user.end`, `acd.start` or `wrapup`."""
    conversation_id = text_field(body, "conversationId")
    own_id = text_field(body, "sessionId", "participantId")
    channel = channel_of(text_field(body, "messageType"), text_field(body, "mediaType"))
    prefix = row_id(NAME, conversation_id, kind, own_id)
    agent = named("", text_field(body, "userId"))
    if kind in ("wrapup", "acw") and text_field(body, "wrapupCode", "wrapupNotes"):
        conversation = conversation_of(conversation_id)
        return wrapup_row(prefix, body, conversation_id=conversation, channel=channel, participant=agent)
    way_out = text_field(body, "disconnectType").lower()
    step = _STEPS.get(kind)
    if kind == "user.end":
        step = LifecycleStep.TRANSFERRED if "transfer" in way_out else None
    at = moment_field(body, "eventTime")
    called_us = text_field(body, "direction").lower() != "outbound"
    address = text_field(body, "ani" if called_us else "dnis") or text_field(
        body, "addressFrom" if called_us else "addressTo"
    )
    is_customer = kind.startswith("customer.")
    identifiers = [
        *address_identifiers(address, channel, at, called_us=called_us),
        *contact_identifiers(body),
    ]
    return row(
        id=row_id(prefix, text_field(body, "eventTime")),
        occurred_at=at,
        channel=channel,
        actor=Actor.AGENT if kind.startswith("user.") else Actor.SYSTEM,
        kind=Kind.EVENT if step is None else Kind.LIFECYCLE,
        conversation_id=conversation_of(conversation_id),
        participant=agent if kind.startswith("user.") else None,
        identifiers=identifiers if is_customer else (),
        name=kind.replace(".", "_") if step is None else step,
        outcome=_OUTCOMES.get(text_field(body, "flowOutcomeValue", "outcome").lower()),
        data=filled(
            queue=text_field(body, "queueId"),
            disconnect_type=way_out,
            flow=text_field(body, "flowName", "flowId"),
            attributes=body.get("attributes"),
            **({PASSED_ON_BY: agent.id if agent else own_id} if step is LifecycleStep.TRANSFERRED else {}),
        )
        if kind in _KNOWN_DETAILS
        else body,
    )


_STEPS: Mapping[str, LifecycleStep] = {
    "customer.start": LifecycleStep.STARTED,
    "customer.end": LifecycleStep.ENDED,
    "user.start": LifecycleStep.ASSIGNED,
}
_KNOWN_DETAILS = frozenset({*_STEPS, "user.end", "acd.start", "acd.end", "flow.start", "flow.end", "attributes"})
_OUTCOMES: Mapping[str, Outcome] = {"success": Outcome.SUCCEEDED, "failure": Outcome.FAILED}


# --- web chats ---


def _chat_row(conversation_id: str, body: Json) -> InteractionDraft | Problem:
    """A message of a web chat, or that somebody typed, came or left. Who wrote stands there by role, if at all."""
    person = as_object(body.get("sender")) or as_object(body.get("member"))
    role = text_field(person, "role", "purpose")
    actor = actor_of(role)
    kind = text_field(body, "bodyType").lower()
    text = text_field(body, "body")
    is_message = bool(text) and kind in _CHAT_WORDS
    state = text_field(person, "state").lower()
    return row(
        id=row_id(NAME, conversation_id, text_field(body, "id") or digest(body)),
        occurred_at=moment_field(body, "timestamp"),
        channel=Channel.CHAT,
        actor=actor or Actor.SYSTEM,
        kind=Kind.MESSAGE if is_message else Kind.EVENT,
        conversation_id=conversation_of(conversation_id),
        participant=named(text_field(person, "displayName", "name"), text_field(person, "id")),
        text=text if is_message else "",
        name=None if is_message else (kind.replace("-", "_") or f"member_{state or 'changed'}")[:256],
        data=filled(speaker="" if actor or not is_message else "unknown", body="" if is_message else text),
    )
