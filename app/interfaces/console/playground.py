"""`/console/playground`: a conversation tried out, with all that the service makes of it. Nothing of it is kept."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import JsonValue, RootModel
from starlette.responses import Response

from app.errors import WarmlineError
from app.interfaces.console.pages import NavigationEntry, fragment, page, page_router
from app.interfaces.console.sessions import HandoffVisitor, Visitor
from app.interfaces.http.problems import problem_of
from app.interfaces.http.request_bodies import parsed, parsed_fields, read_body
from app.models import Scope
from app.services import Trial, TrialRequest

router = page_router()
SECTION = NavigationEntry("/console/playground", "Playground", Scope.HANDOFF)

# Escaped as a form, a character may take twelve bytes; what is too long for a trial is told in words further in.
MOST_BYTES = 4 * 1024 * 1024
_LINE = re.compile(r"line (\d+): ")
_WITHOUT_OFFSET = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?")
_FORM = "application/x-www-form-urlencoded"


class _ScriptFields(RootModel[dict[str, JsonValue]]):
    """Whatever a script sent; its fields are checked as those of a form are."""


@router.get(SECTION.path)
async def show(request: Request, visitor: HandoffVisitor) -> Response:
    """The form."""
    return _page(request, visitor, {}, None, None)


@router.post(SECTION.path)
async def play(request: Request, visitor: HandoffVisitor) -> Response:
    """The form with what came of it; a script, which sends JSON, gets that part alone."""
    by_form = request.headers.get("content-type", "").startswith(_FORM)
    sent: Mapping[str, Any] = {}
    trial, refusal = None, None
    try:
        body = await read_body(request, limit=MOST_BYTES)
        sent = dict(parse_qsl(body.decode("utf-8", "replace"))) if by_form else parsed(_ScriptFields, body).root
        trial = await visitor.application.playground.play(
            visitor.tenant, parsed_fields(TrialRequest, _filled_fields(sent))
        )
    except WarmlineError as error:
        refusal = error
    if by_form:
        return _page(request, visitor, sent, trial, refusal)
    return fragment("console/playground_result.html", status=_status(refusal), **_facts(trial, refusal))


def _page(
    request: Request, visitor: Visitor, sent: Mapping[str, Any], trial: Trial | None, refusal: WarmlineError | None
) -> Response:
    options = visitor.application.playground.options()
    facts = {"options": options, "sent": sent, **_facts(trial, refusal)}
    return page(request, "console/playground.html", status=_status(refusal), **facts)


def _facts(trial: Trial | None, refusal: WarmlineError | None) -> dict[str, Any]:
    line = _LINE.search(refusal.detail) if refusal else None
    rows = trial.interactions if trial else ()
    return {
        "trial": trial,
        "refusal": refusal.detail if refusal else None,
        "line": int(line[1]) if line else None,
        "rows": {row.interaction_id: row for row in rows},
        "numbers": {row.interaction_id: number for number, row in enumerate(rows, 1)},
    }


def _status(refusal: WarmlineError | None) -> int:
    return problem_of(refusal).status if refusal else 200


def _filled_fields(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were filled in. A time without an offset is UTC, as the form says; text boxes send CR LF."""
    fields = {name: value for name, value in sent.items() if value not in ("", None)}
    if isinstance(fields.get("now"), str) and _WITHOUT_OFFSET.fullmatch(fields["now"]):
        fields["now"] += "Z"
    if isinstance(fields.get("content"), str):
        fields["content"] = fields["content"].replace("\r\n", "\n")
    return fields
