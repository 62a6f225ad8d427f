"""`warmline verify`: sentences that anybody wrote, checked against one conversation file."""

import asyncio
import sys
from collections.abc import Sequence

import orjson
from pydantic import TypeAdapter, ValidationError
from rich.table import Table

from app.conversations import Conversation
from app.errors import InvalidRequest
from app.interfaces.cli.common import TENANT, name_of, opened, screen, settings_in_force, side_screen
from app.interfaces.cli.sandbox import conversation_of_file, throw_away_app
from app.models import VerdictKind, VerifyRequest
from app.services import VerifyAnswer
from app.validation import invalid_request

_MARKS = {VerdictKind.SUPPORTED: "✓", VerdictKind.REFUTED: "✗", VerdictKind.UNVERIFIED: "?"}


def show_verdicts(conversation_file: str, claims_file: str, conversation_id: str | None, *, as_json: bool) -> None:
    """Print a verdict for each sentence. Raises InvalidRequest when one of the files does not fit."""
    conversation = conversation_of_file(conversation_file, conversation_id)
    if not conversation.drafts:
        raise InvalidRequest(f"{name_of(conversation_file)}: there is no turn in it to check sentences against.")
    request = _request(conversation, claims_file)
    with side_screen().status("Checking …"):
        answer = asyncio.run(_checked(conversation, request))
    if as_json:
        sys.stdout.write(answer.model_dump_json(indent=2) + "\n")
    else:
        screen().print(_table(answer))


async def _checked(conversation: Conversation, request: VerifyRequest) -> VerifyAnswer:
    async with throw_away_app(settings_in_force(), conversation) as app:
        return await app.verification.check(TENANT, request)


def _request(conversation: Conversation, claims_file: str) -> VerifyRequest:
    try:
        return VerifyRequest(conversation_id=conversation.id, claims=tuple(_claims(claims_file)))
    except ValidationError as failure:
        raise invalid_request(failure, whole=name_of(claims_file)) from None


def _claims(file: str) -> Sequence[str]:
    with opened(file) as source:
        text = source.read()
    try:
        return TypeAdapter(list[str]).validate_python(orjson.loads(text), strict=True)
    except (orjson.JSONDecodeError, ValidationError):
        raise InvalidRequest(f'{name_of(file)}: claims are a JSON list of sentences: ["…", "…"].') from None


def _table(answer: VerifyAnswer) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "score", "sentence", "why"):
        table.add_column(heading)
    for verdict in answer.verdicts:
        table.add_row(_MARKS[verdict.verdict], f"{verdict.score:.2f}", verdict.text, verdict.why)
    return table
