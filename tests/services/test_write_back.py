"""A brief goes back to the platform whose conversation it is about: once, also over a restart, and nowhere private."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import pytest

from app.adapters.sql import SqlStore
from app.adapters.sql.transaction import SqlTransaction
from app.adapters.webhook_sender import WebhookSender
from app.bootstrap import build
from app.connectors.base import WebhookRequest
from app.errors import Unavailable
from app.models import ConnectorEvent, Direction, HandoffRequest
from app.services import App, connectors
from app.services.connector_store import KEPT_FOR
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.services.test_announcements import until
from tests.services.test_deliveries import Receiver
from tests.support.platforms import HOOK_SECRET, chatwoot_message, posted, signed_by_chatwoot

T = "default"
TALK = "chatwoot:31"
NOTE, ATTRIBUTES = (
    "/api/v1/accounts/9/conversations/31/messages",
    "/api/v1/accounts/9/conversations/31/custom_attributes",
)
PAUSES_S = (0.05, 0.05, 0.05)


@asynccontextmanager
async def running(settings: Settings, *, private: bool = True) -> AsyncGenerator[App]:
    """A service whose pauses between attempts are short."""
    courier = WebhookSender(private=private)
    async with build(settings, embedder=WordEmbedder(), courier=courier, webhook_pauses_s=PAUSES_S) as app:
        yield app


async def connected(app: App, platform: Receiver, **more: str) -> str:
    """The id of a connector that may write back."""
    values = {
        "secret": HOOK_SECRET,
        "base_url": platform.address,
        "account_id": "9",
        "api_access_token": "token-of-an-agent",
        "attributes": "replace",
    }
    return (await app.connectors.add("chatwoot", values | more, tenant=T)).connector.connector_id


async def delivered(app: App, connector_id: str, *bodies: Mapping[str, object], attempts: int = 1) -> None:
    """Takes what the platform sends, as the HTTP API does; what is not acknowledged in time is sent again so often."""
    opened = await app.connectors.open(connector_id)
    for body in bodies:
        request: WebhookRequest = posted(body)
        headers = {name.lower(): value for name, value in signed_by_chatwoot(request.body).items()}
        for attempt in range(1, attempts + 1):
            try:
                await app.connectors.receive(opened, request._replace(headers=headers))
                break
            except Unavailable:
                if attempt == attempts:
                    raise


async def escalated(app: App, connector_id: str) -> str:
    """A conversation of the platform that is handed over; gives the handoff's id."""
    await delivered(
        app,
        connector_id,
        chatwoot_message(1, "My lamp LX-204 flickers since Monday."),
        chatwoot_message(2, "I will send you a new bulb tomorrow.", "outgoing"),
        chatwoot_message(3, "It still flickers. I want to talk to a person."),
    )
    return (await app.handoffs.create(T, HandoffRequest(conversation_id=TALK))).handoff_id


async def log(app: App, connector_id: str) -> list[ConnectorEvent]:
    """What was written back, the newest first."""
    page = await app.connectors.events(T, connector_id, cursor=None, limit=100)
    return [entry for entry in page.events if entry.direction is Direction.OUTGOING]


async def test_a_handoff_becomes_a_private_note_and_flat_attributes(chosen: Settings, platform: Receiver) -> None:
    async with running(chosen) as app:
        connector_id = await connected(app, platform)
        handoff_id = await escalated(app, connector_id)
        await platform.got(ATTRIBUTES, 1)
        (note,) = platform.taken[NOTE]
        assert note["api_access_token"] == "token-of-an-agent"
        message = json.loads(note["body"])
        assert (message["private"], message["message_type"]) == (True, "outgoing")
        assert "LX-204" in message["content"]
        assert "https://warmline.example/console/cards/" in message["content"]
        attributes = json.loads(platform.taken[ATTRIBUTES][0]["body"])["custom_attributes"]
        assert attributes["warmline_handoff_id"] == handoff_id
        assert {type(value) for value in attributes.values()} == {str}

        async def noted() -> bool:
            return bool(await log(app, connector_id))

        await until(noted)
        (entry,) = await log(app, connector_id)
        assert (entry.types, entry.handoff_id, entry.problems) == (("note", "attributes"), handoff_id, ())


async def test_what_was_not_written_back_before_a_restart_is_written_by_the_next_run_and_only_once(
    chosen: Settings, platform: Receiver
) -> None:
    platform.answers[ATTRIBUTES] = ["500 Out of order"] * 2
    async with running(chosen) as app:
        connector_id = await connected(app, platform)
        await escalated(app, connector_id)
        await platform.got(ATTRIBUTES, 1)
    async with running(chosen):
        await platform.got(ATTRIBUTES, 3)
        assert len(platform.taken[NOTE]) == 1


async def test_a_handoff_of_another_conversation_is_written_nowhere(settings: Settings, platform: Receiver) -> None:
    async with running(settings) as app:
        connector_id = await connected(app, platform)
        await escalated(app, connector_id)
        await platform.got(ATTRIBUTES, 1)
        others = [entry for entry in await log(app, connector_id) if entry.problems]
        listed = await app.webhooks.list(T)
        assert (others, list(listed)) == ([], [])
        assert set(platform.taken) == {NOTE, ATTRIBUTES}


async def test_nothing_is_written_into_the_network_that_the_service_stands_in(
    settings: Settings, platform: Receiver
) -> None:
    async with running(settings, private=False) as app:
        connector_id = await connected(app, platform)
        await escalated(app, connector_id)

        async def refused() -> bool:
            return any(entry.problems for entry in await log(app, connector_id))

        await until(refused)
        assert "private network" in (await log(app, connector_id))[0].problems[0].detail
    assert platform.taken == {}


async def test_what_we_wrote_ourselves_is_nothing_that_happened(settings: Settings, platform: Receiver) -> None:
    async with running(settings) as app:
        connector_id = await connected(app, platform)
        handoff_id = await escalated(app, connector_id)
        await platform.got(NOTE, 1)
        sent = json.loads(platform.taken[NOTE][0]["body"])
        echo = chatwoot_message(4, sent["content"], "outgoing", private=True)
        await delivered(app, connector_id, echo | {"content_attributes": sent["content_attributes"]})
        written = {"custom_attributes": {"previous_value": {}, "current_value": {"warmline_handoff_id": handoff_id}}}
        changed = {**echo["conversation"], "event": "conversation_updated", "changed_attributes": [written]}
        await delivered(app, connector_id, changed)
        assert not (await app.handoffs.filed(T, handoff_id)).stale


async def test_what_is_older_than_seven_days_leaves_the_log(settings: Settings, platform: Receiver) -> None:
    async with running(settings) as app:
        connector_id = await connected(app, platform)
        await delivered(app, connector_id, chatwoot_message(1, "My lamp flickers."))
        assert await app.connectors.prune() == 0
        page = await app.connectors.events(T, connector_id, cursor=None, limit=10)
        (entry,) = page.events
        assert await app.connectors.prune(now=entry.at + KEPT_FOR) == 0
        assert await app.connectors.prune(now=entry.at + 2 * KEPT_FOR) == 1
        assert (await app.connectors.events(T, connector_id, cursor=None, limit=10)).events == ()


async def test_the_log_holds_nothing_that_customers_wrote(settings: Settings, platform: Receiver) -> None:
    async with running(settings) as app:
        connector_id = await connected(app, platform)
        await delivered(app, connector_id, chatwoot_message(1, "My lamp flickers."))
        page = await app.connectors.events(T, connector_id, cursor=None, limit=10)
        assert "flickers" not in page.model_dump_json()
        assert "Runa" not in page.model_dump_json()


class StuckStore(SqlStore):
    """A store whose ledger hangs until it is let go."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.goes_on = asyncio.Event()

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncGenerator[SqlTransaction]:
        """As a ledger's, once the disk answers."""
        await self.goes_on.wait()
        async with super().transaction(tenant) as transaction:
            yield transaction


async def test_what_is_not_written_in_time_is_not_acknowledged_and_filed_once_when_it_comes_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = StuckStore(settings.ledger_url)
    async with build(settings, ledger=store, archive=store, embedder=WordEmbedder()) as app:
        issued = await app.connectors.add("chatwoot", {"secret": HOOK_SECRET}, tenant=T)
        connector_id = issued.connector.connector_id
        monkeypatch.setattr(connectors, "ANSWER_WITHIN_S", 0.05)
        with pytest.raises(Unavailable):
            await delivered(app, connector_id, chatwoot_message(1, "My lamp flickers."))
        assert (await app.connectors.events(T, connector_id, cursor=None, limit=9)).events == ()
        monkeypatch.undo()
        store.goes_on.set()
        for _ in range(2):
            await delivered(app, connector_id, chatwoot_message(1, "My lamp flickers."))
        handoff = await app.handoffs.create(T, HandoffRequest(conversation_id=TALK))
        rows, _ = await app.handoffs.conversation_of(T, handoff)
        assert [row.text for row in rows] == ["My lamp flickers."]
