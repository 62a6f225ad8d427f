"""The event of a flow's Lambda function, and what the flow gets back.

Facts of the guide's page `connect-lambda-functions` (the event of the same shape is in aws-powertools' tests): the
function gets `Details` with `ContactData` and `Parameters`, and answers with a flat object of texts; null or nested
values make the flow take its error branch. The flow waits 8 s at most.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.connectors.amazon_connect.contacts import NAME, case_of, channel_of, conversation_of, identifiers_of
from app.connectors.cloud_payloads import Json, as_object, digest, field, filled, row, row_id, text_field
from app.models import Actor, InteractionDraft, Kind, Problem


def is_flow_event(payload: Json) -> bool:
    """Whether a flow called its Lambda function with this."""
    return bool(_contact_id(payload))


def _contact_id(payload: Json) -> str:
    details = as_object(field(payload, "details"))
    return text_field(as_object(field(details, "contactData")), "contactId")


def flow_rows(payload: Json, at: datetime | None) -> Sequence[InteractionDraft | Problem]:
    """That a contact has reached the function, with who calls and what the flow has found out so far.

    The event tells no time: `at` is when it arrived, or when the contact began, as far as that is known.
    """
    details = as_object(field(payload, "details"))
    contact = as_object(field(details, "contactData"))
    contact_id = _contact_id(payload)
    queue = as_object(field(contact, "queue"))
    return [
        row(
            id=row_id(NAME, contact_id, "flow", digest(details)),
            channel=channel_of(contact),
            actor=Actor.SYSTEM,
            kind=Kind.EVENT,
            name="contact_flow",
            occurred_at=at,
            conversation_id=conversation_of(contact_id),
            case_id=case_of(contact, contact_id),
            identifiers=identifiers_of(contact, at),
            data=filled(
                attributes=field(contact, "attributes"),
                parameters=field(details, "parameters"),
                queue=text_field(queue, "name"),
                initiation_method=text_field(contact, "initiationMethod"),
                language=text_field(contact, "languageCode"),
                previous_contact=text_field(contact, "previousContactId"),
                related_contact=text_field(contact, "relatedContactId"),
            ),
        )
    ]


def flow_answer(payload: Json) -> Mapping[str, str]:
    """What the flow reads of us: flat texts without null."""
    contact_id = _contact_id(payload)
    return {"warmline_status": "taken", "warmline_conversation_id": conversation_of(contact_id)}
