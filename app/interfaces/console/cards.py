"""`/console/cards/{token}`: the agent's card for whoever holds its address, and `/console/handoffs/{id}` for visitors.

The forms of the card are plain ones. A script sends them with `X-Part` and gets the card's parts back, or with
`X-Part: none` nothing; without a script the browser is led back to the card.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.routing import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from app.errors import InvalidRequest, NotFound, WarmlineError
from app.interfaces.console.pages import RouteWithHead, page_router, wants_page
from app.interfaces.console.sessions import HandoffVisitor
from app.interfaces.http.card_access import (
    PATH,
    USUAL_LIFETIME,
    CardPass,
    application_of,
    card_headers,
    card_page,
    card_text,
    issue_pass,
    read_pass,
)
from app.interfaces.http.dependencies import Door
from app.interfaces.http.middleware import log_failure
from app.interfaces.http.problems import problem_of, unexpected_problem
from app.interfaces.http.request_bodies import MAX_BODY_BYTES, parsed_fields, read_body
from app.interfaces.http.streaming import MEDIA_TYPE as EVENTS
from app.interfaces.http.streaming import PING_S, StreamEvent
from app.interfaces.rendering.card import EDITABLE, evidence_page, refusal_page
from app.models import ActionOutcome, Feedback, Handoff


class RemovedBriefError(NotFound):
    """The handoff that a link opens was there once and is not any more."""

    title = "This brief was removed"


LEAST_LIFETIME = timedelta(seconds=1)
_MARKS = ("right", "wrong", "missing")


class CardRoute(RouteWithHead):
    """A route that tells its errors as a page that may stand in a frame, or as a problem object to a script."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with its errors told."""
        handle = super().get_route_handler()

        async def card_handler(request: Request) -> Response:
            try:
                return await handle(request)
            except WarmlineError as error:
                if not wants_page(request):
                    raise
                problem = problem_of(error)
                page = refusal_page(problem.title, problem.detail)
                return HTMLResponse(page, status_code=problem.status, headers=card_headers(request))

        return card_handler


router = APIRouter(route_class=CardRoute, include_in_schema=False)
of_visitors = page_router()


async def _opened(request: Request, token: str) -> CardPass:
    return await read_pass(request, token)


Opened = Annotated[CardPass, Depends(_opened)]


@router.get(PATH + "/{token}")
async def show(request: Request, opened: Opened, part: bool = False) -> Response:
    """The card, or with `part` what a script puts in place of its parts."""
    handoff = await _handoff(request, opened)
    return await card_page(request, opened, handoff, whole=not part)


@router.get(PATH + "/{token}/live")
async def live(request: Request, opened: Opened) -> Response:
    """The card's parts as an event `card` for each revision that comes, and when nothing more will; then `done`."""
    return StreamingResponse(_arriving(request, opened), media_type=EVENTS, headers=card_headers(request))


@router.get(PATH + "/{token}/evidence/{interaction_id}")
async def evidence(request: Request, opened: Opened, interaction_id: str) -> Response:
    """The whole of one interaction that the handoff names."""
    application = application_of(request)
    handoff = await _handoff(request, opened)
    row = (await application.handoffs.evidence_of(opened.tenant, handoff)).get(interaction_id)
    if row is None:
        raise NotFound("This handoff names no such interaction, or it is not kept any more.")
    page = evidence_page(row, base=opened.address, whole=wants_page(request))
    return HTMLResponse(page, headers=card_headers(request))


@router.post(PATH + "/{token}/feedback")
async def feedback(request: Request, opened: Opened) -> Response:
    """What the agent tells of the handoff."""
    fields = await _form(request)
    edited = {name: fields.pop(f"edited.{name}") for name in EDITABLE if f"edited.{name}" in fields}
    agent_feedback = parsed_fields(Feedback, _marked(fields) | ({"edited_brief": edited} if edited else {}))
    with _removal_told():
        await application_of(request).handoffs.file_feedback(opened.tenant, opened.handoff_id, agent_feedback)
    return await _shown_again(request, opened)


@router.post(PATH + "/{token}/outcomes")
async def outcome(request: Request, opened: Opened) -> Response:
    """That the agent took an action, and what became of it."""
    application = application_of(request)
    handoff = await _handoff(request, opened)
    if handoff.next_actions is None:
        raise NotFound("This handoff offers no actions.")
    action_outcome = parsed_fields(ActionOutcome, {"displayed": "true", "accepted": "true", **await _form(request)})
    await application.decisions.file_outcome(opened.tenant, handoff.next_actions.decision_id, action_outcome)
    return await _shown_again(request, opened)


@router.post(PATH + "/{token}/refresh")
async def refresh(request: Request, opened: Opened) -> Response:
    """A new handoff for the same request, whose card opens for as long as this one would have."""
    application = application_of(request)
    await _handoff(request, opened)  # its absence is told before work is begun
    door: Door = request.app.state.door
    made = await door.streams.begin(
        application.handoffs.refreshed_stages(opened.tenant, opened.handoff_id, file_first=True)
    )
    left = max(opened.expires_at - datetime.now(UTC), LEAST_LIFETIME)
    again = await issue_pass(application, opened.tenant, made.handoff_id, opened.key_id, lifetime=left)
    return RedirectResponse(again.address, status_code=303, headers=card_headers(request))


@of_visitors.get("/console/handoffs/{handoff_id}")
async def of_visitor(request: Request, visitor: HandoffVisitor, handoff_id: str) -> Response:
    """The card of a handoff for somebody who is signed in."""
    handoff = await visitor.application.handoffs.filed(visitor.tenant, handoff_id)
    opened = await issue_pass(visitor.application, visitor.tenant, handoff_id, visitor.key_id, lifetime=USUAL_LIFETIME)
    return await card_page(request, opened, handoff)


@contextmanager
def _removal_told() -> Generator[None]:
    # Only what was there is ever linked to, so nothing need be remembered of what is gone.
    try:
        yield
    except RemovedBriefError:
        raise
    except NotFound:
        raise RemovedBriefError(
            "A message that it quoted was deleted, or the customer was erased. Ask for a new handoff of the "
            "conversation: its brief tells what is still there."
        ) from None


async def _handoff(request: Request, opened: CardPass) -> Handoff:
    """The handoff that a link opens. Raises RemovedBriefError."""
    with _removal_told():
        return await application_of(request).handoffs.filed(opened.tenant, opened.handoff_id)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a plain form that say something. Raises InvalidRequest or PayloadTooLarge."""
    if "application/x-www-form-urlencoded" not in request.headers.get("content-type", ""):
        raise InvalidRequest("Send the fields of the card's form as application/x-www-form-urlencoded.")
    body = await read_body(request, limit=MAX_BODY_BYTES)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=32)
    except ValueError:
        raise InvalidRequest("The form cannot be read: it is no UTF-8 text, or has more than 32 fields.") from None
    # Browsers end lines as e-mails do; what is kept ends them as everything else does.
    fields = {name: value.replace("\r\n", "\n").strip() for name, value in pairs}
    return {name: value for name, value in fields.items() if value or name.startswith("edited.")}


def _marked(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a form of feedback, with the claim that a mark of it names in the list that feedback has."""
    others: dict[str, Any] = {name: value for name, value in fields.items() if name not in _MARKS}
    claims = [{"text": fields[mark], "mark": mark} for mark in _MARKS if mark in fields]
    return others | ({"claims": claims} if claims else {})


async def _shown_again(request: Request, opened: CardPass) -> Response:
    if "x-part" not in request.headers:
        return RedirectResponse(opened.address, status_code=303, headers=card_headers(request))
    if request.headers["x-part"] == "none":
        return Response(status_code=204, headers=card_headers(request))
    handoff = await _handoff(request, opened)
    return await card_page(request, opened, handoff, whole=False)


async def _arriving(request: Request, opened: CardPass) -> AsyncGenerator[str]:
    revisions = _revisions(request, opened)
    coming = asyncio.create_task(anext(revisions, None))
    try:
        while True:
            while not (await asyncio.wait({coming}, timeout=PING_S))[0]:
                yield ": still working\n\n"
            html = coming.result()
            if html is None:
                break
            yield StreamEvent("card", json.dumps(html)).encoded()
            coming = asyncio.create_task(anext(revisions, None))
        yield StreamEvent("done", "{}").encoded()
    except WarmlineError as error:
        yield StreamEvent("refused", problem_of(error).model_dump_json()).encoded()
    except Exception as failure:  # noqa: BLE001 - the stream has begun, so nobody else can tell it
        log_failure(failure)
        yield StreamEvent("refused", unexpected_problem().model_dump_json()).encoded()
    finally:
        coming.cancel()


async def _revisions(request: Request, opened: CardPass) -> AsyncGenerator[str]:
    """The card's parts for each stage that follows what is filed now, and for what is final. Raises as they do.

    What is filed now is told too where it may have come after the page was made.
    """
    application = application_of(request)
    shown = 1
    with _removal_told():
        async for stage in application.handoffs.follow(opened.tenant, opened.handoff_id):
            if stage.pending and stage.revision <= shown:
                continue
            shown = stage.revision
            current = await _handoff(request, opened)
            yield await card_text(request, opened, current, whole=False)
