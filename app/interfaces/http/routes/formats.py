"""`/v1/vcons` and `/v1/events`: conversations and events in the forms that other systems already speak."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.formats.cloud_events import BATCHED, STRUCTURED
from app.interfaces.http import examples
from app.interfaces.http.documentation import body_of, refusals
from app.interfaces.http.idempotent_post import PostedBatch
from app.interfaces.http.request_bodies import sent_events, sent_vcon
from app.services import RecordAnswer

CustomerOption = Annotated[
    str | None,
    Query(
        max_length=512,
        description="who is the customer, where the vCon does not say it: a party's name, address or index, or the "
        "label of a speaker in a transcript; null: told from the vCon",
    ),
]

router = APIRouter(tags=["Interactions and signals"])

_PARTLY = {"model": RecordAnswer, "description": "Some rows were refused: each carries its own problem"}
_VCON = ("An IETF vCon, to draft core-04 (syntax 0.0.1 to 0.4.0, or none).", examples.VCON)
_EVENT = ("One CloudEvent of version 1.0, its attributes beside its data.", examples.CLOUD_EVENT)
_EVENTS = ("A list of up to 1,000 CloudEvents.", [examples.CLOUD_EVENT])
_PLAIN = (
    "A list of up to 1,000 CloudEvents, or the data of one whose attributes are `ce-` headers.",
    examples.CLOUD_EVENT["data"],
)


@router.post(
    "/v1/vcons",
    summary="Record a conversation as a vCon",
    status_code=201,
    response_model=RecordAnswer,
    responses={207: _PARTLY, **refusals("idempotency_conflict", "payload_too_large")},
    openapi_extra=body_of({"application/vcon+json": _VCON, "application/json": _VCON}),
)
async def record_vcon(post: PostedBatch, customer: CustomerOption = None) -> Response:
    """Dialogs become messages, transcripts their turns, analyses notes, attachments events. `conversation_id` is the
    vCon's uuid; sent again, nothing is filed twice. A document with defects is refused whole, each named by its path.
    Times without a zone are what `WARMLINE_NAIVE_TIMES` says. Of whom neither the document nor the talk tells whether
    they are the customer, nothing is guessed: their messages carry the warning `side_unknown`.
    """
    return await post.record(await sent_vcon(post.asked.body, post.door.reading._replace(customer=customer)))


@router.post(
    "/v1/events",
    summary="Record CloudEvents",
    status_code=201,
    response_model=RecordAnswer,
    responses={207: _PARTLY, **refusals("idempotency_conflict", "payload_too_large")},
    openapi_extra=body_of({STRUCTURED: _EVENT, BATCHED: _EVENTS, "application/json": _PLAIN}),
)
async def record_events(request: Request, post: PostedBatch) -> Response:
    """Structured, batched (also as a plain `application/json` list) or binary. An event whose data is an interaction
    becomes it. One of a platform that there is a connector for, by its type (`chatwoot.message_created`) or its shape,
    becomes what the connector makes of it, in the conversation that its `subject` names, if any. Any other becomes an
    event of its own type, with the warning `unread_words` where its data holds words that nobody reads. The caller's id
    is `source#id` unless the platform has its own, so the same event again is a duplicate.
    """
    return await post.record(await sent_events(post.asked.body, request.headers))
