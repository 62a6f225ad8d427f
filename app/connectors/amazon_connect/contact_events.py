"""Contact events of EventBridge: what became of a contact, as lifecycle where it is a step of one, else as an event.

Facts of the guide's page `contact-events`: the types and their fields; one envelope has `detail` in camel case, another
in Pascal case; times that are not known are written as 1970; a transfer is a new contact that says so by its
`initiationMethod`; COMPLETED follows DISCONNECTED when the agent's work after the contact is over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from app.connectors.amazon_connect.contacts import NAME, case_of, channel_of, conversation_of, identifiers_of
from app.connectors.cloud_payloads import (
    Json,
    as_object,
    bounded,
    field,
    filled,
    moment_field,
    named,
    row,
    row_id,
    text_field,
    unknown_event,
)
from app.models import Actor, InteractionDraft, Kind, LifecycleStep, Outcome, Problem


class _EventShape(NamedTuple):
    """What a type of event becomes, and where its own time stands."""

    step: LifecycleStep | None
    where: str = ""
    time: str = ""


_SHAPES: Mapping[str, _EventShape] = {
    "INITIATED": _EventShape(LifecycleStep.STARTED, "", "initiationTimestamp"),
    "CONNECTED_TO_SYSTEM": _EventShape(None, "", "connectedToSystemTimestamp"),
    "QUEUED": _EventShape(None, "queueInfo", "enqueueTimestamp"),
    "CONNECTED_TO_AGENT": _EventShape(LifecycleStep.ASSIGNED, "agentInfo", "connectedToAgentTimestamp"),
    "DISCONNECTED": _EventShape(LifecycleStep.ENDED, "", "disconnectTimestamp"),
    "COMPLETED": _EventShape(None, "agentInfo", "afterContactWorkEndTimestamp"),
    "CONTACT_DATA_UPDATED": _EventShape(None),
    "PAUSED": _EventShape(None),
    "RESUMED": _EventShape(None),
    "AMD_DISABLED": _EventShape(None),
    "WEBRTC_API": _EventShape(None),
}
_TRANSFERS = frozenset({"TRANSFER", "QUEUE_TRANSFER"})
# Legs on which nobody speaks with the customer: a supervisor who listens, and a flow that runs after the end.
_NO_STARTS = frozenset({"MONITOR", "DISCONNECT"})
_FAILURES = frozenset({"OUTBOUND_DESTINATION_ENDPOINT_ERROR", "OUTBOUND_RESOURCE_ERROR", "OUTBOUND_ATTEMPT_FAILED"})


def is_bridge_event(payload: Json) -> bool:
    """Whether this is an event of EventBridge."""
    return "detail-type" in payload and isinstance(payload.get("detail"), Mapping)


def event_rows(payload: Json) -> Sequence[InteractionDraft | Problem]:
    """The row of one event; other events than those of contacts are kept as they are."""
    detail = as_object(payload["detail"])
    kind, contact_id = text_field(detail, "eventType").upper(), _contact_id(detail)
    at = moment_field(payload, "time")
    if kind not in _SHAPES or not contact_id:
        name = kind or text_field(payload, "detail-type")
        case_id = case_of(detail, contact_id) if contact_id else None
        channel = channel_of(detail)
        return [unknown_event(NAME, contact_id, name, payload, channel=channel, occurred_at=at, case_id=case_id)]
    return [_contact_row(payload, detail, contact_id, kind, at)]


def _contact_row(
    payload: Json, detail: Json, contact_id: str, kind: str, at: datetime | None
) -> InteractionDraft | Problem:
    shape = _SHAPES[kind]
    method = text_field(detail, "initiationMethod").upper()
    step = shape.step
    if kind == "INITIATED" and method in _TRANSFERS:
        step = LifecycleStep.TRANSFERRED
    elif method in _NO_STARTS:
        step = None
    own = as_object(field(detail, shape.where)) if shape.where else detail
    at = (moment_field(own, shape.time) if shape.time else None) or at
    agent = as_object(field(detail, "agentInfo"))
    joins = step is LifecycleStep.ASSIGNED
    return row(
        id=row_id(NAME, contact_id, kind, text_field(payload, "id")),
        occurred_at=at,
        channel=channel_of(detail),
        actor=Actor.AGENT if joins else Actor.SYSTEM,
        kind=Kind.EVENT if step is None else Kind.LIFECYCLE,
        conversation_id=conversation_of(contact_id),
        case_id=case_of(detail, contact_id),
        participant=named(text_field(agent, "name"), text_field(agent, "agentArn", "agentARN")) if joins else None,
        identifiers=identifiers_of(detail, at),
        name=kind.lower() if step is None else step,
        outcome=_outcome(detail),
        data=bounded(_facts(detail, method)),
    )


def _contact_id(detail: Json) -> str:
    contact_id = text_field(detail, "contactId")
    if contact_id:
        return contact_id
    # Events of Contact Lens rules name the contact by its resource name alone.
    _, mark, own_id = text_field(detail, "contactArn", "contactARN").rpartition("contact/")
    return own_id if mark else ""


def _outcome(detail: Json) -> Outcome | None:
    return Outcome.FAILED if text_field(detail, "disconnectReason").upper() in _FAILURES else None


def _facts(detail: Json, method: str) -> Json:
    queue = as_object(field(detail, "queueInfo"))
    return filled(
        initiation_method=method,
        disconnect_reason=text_field(detail, "disconnectReason"),
        answered_by=text_field(detail, "answeringMachineDetectionStatus"),
        queue=text_field(queue, "queueName", "name", "queueArn", "queueARN", "aRN").rpartition("/")[2],
        previous_contact=text_field(detail, "previousContactId"),
        related_contact=text_field(detail, "relatedContactId"),
        updated=field(detail, "updatedProperties"),
        attributes=field(detail, "attributes"),
        tags={name: value for name, value in as_object(field(detail, "tags")).items() if not name.startswith("aws:")},
    )
