"""An App on stores of its own in a folder that is removed afterwards: the configured stores are not touched."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from app.bootstrap import build
from app.conversations import Conversation
from app.errors import InvalidRequest
from app.formats.documents import read_conversation
from app.formats.options import ReadingOptions
from app.interfaces.cli.common import STANDARD_INPUT, TENANT, name_of, opened, settings_in_force, side_screen
from app.models import Interaction
from app.services import App
from app.settings import Settings


@asynccontextmanager
async def throw_away_app(settings: Settings, conversation: Conversation) -> AsyncGenerator[App]:
    """A warm App by these settings that knows this one conversation. Raises InvalidRequest when it refuses a turn."""
    async with empty_app(settings) as app:
        await app.warm_up()
        await _record(app, conversation)
        yield app


@asynccontextmanager
async def empty_app(settings: Settings) -> AsyncGenerator[App]:
    """An App by these settings that knows nobody."""
    with TemporaryDirectory(prefix="warmline-") as folder:
        stores = {"data_dir": Path(folder), "database_url": None, "vectors_url": "memory:"}
        app = build(settings.model_copy(update=stores))
        try:
            yield app
        finally:
            await app.close()


def conversation_of_file(
    file: str, conversation_id: str | None, *, now: datetime | None = None, customer: str | None = None
) -> Conversation:
    """The conversation of a file in any format that is read, `-` being standard input.

    Of whom it cannot be told whether they are the customer, standard error says so. Raises InvalidRequest, which names
    the file and the line.
    """
    settings = settings_in_force()
    options = ReadingOptions(settings.naive_times, settings.our_addresses, customer)
    with opened(file) as source:
        name = "conversation" if file == STANDARD_INPUT else Path(file).stem
        try:
            read = read_conversation(source.read(), conversation_id, now=now, name=name, options=options)
        except InvalidRequest as failure:
            raise InvalidRequest(f"{name_of(file)}: {failure.detail}", failure.errors) from None
    if read.unknown:
        side_screen().print(
            f"{name_of(file)}: whether {', '.join(read.unknown)} is the customer or serves cannot be told; what they "
            "say is nobody's words here. Name the customer with --customer.",
            markup=False,
            soft_wrap=True,
        )
    return read.conversation


async def all_interactions(app: App, customer_id: str) -> list[Interaction]:
    """A customer's whole timeline."""
    interactions: list[Interaction] = []
    after: int | None = 0
    while after is not None:
        page = await app.interactions.timeline(TENANT, customer_id, after_seq=after, limit=1000)
        interactions.extend(page.interactions)
        after = page.next_after_seq
    return interactions


async def _record(app: App, conversation: Conversation) -> None:
    answer = await app.interactions.record(TENANT, conversation.drafts)
    for result in answer.results:
        if result.problem is not None:
            raise InvalidRequest(f"{result.id}: {result.problem.detail}", result.problem.errors)
