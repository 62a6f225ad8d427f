"""A platform that hands a conversation to people gets its brief, once, whatever comes twice, late or after a crash."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

from app.bootstrap import build
from app.connectors import CONNECTORS
from app.connectors.base import NEVER, ON_TRANSFER, Escalating, handoff_setting
from app.errors import InvalidRequest, Unavailable
from app.models import Handoff, HandoffRequest, InteractionDraft
from app.services import App
from app.services.handoffs import HandoffService
from app.services.listings import HandoffQuery
from app.services.ways_to_people import step_of
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.connectors.cloud_deliveries import CONTACT, contact_event
from tests.services.test_announcements import until
from tests.services.test_deliveries import Receiver
from tests.services.test_write_back import (
    ATTRIBUTES,
    NOTE,
    T,
    connected,
    delivered,
    log,
    running,
)
from tests.support.platforms import chatwoot_message, posted

BEGUN = 1_767_344_400
BOT = {"id": 4, "name": "Helper", "type": "agent_bot"}
SAYS = [
    chatwoot_message(1, "My lamp LX-204 flickers since Monday."),
    chatwoot_message(2, "Please screw in another bulb.", "outgoing", sender=BOT),
    chatwoot_message(3, "It still flickers. I want to talk to a person."),
]


def changed(event: str, minute: int, **attributes: tuple[object, object]) -> dict[str, Any]:
    """An event about conversation 31 itself, so many minutes after nine, with what was before and is now."""
    changes = [{name: {"previous_value": old, "current_value": new}} for name, (old, new) in attributes.items()]
    told_at = {"event": event, "updated_at": BEGUN + 60.0 * minute, "changed_attributes": changes}
    return {**chatwoot_message(1, "")["conversation"], **told_at}


OPENED = changed("conversation_status_changed", 4, status=("pending", "open"))
ASSIGNED = changed("conversation_updated", 5, assignee_id=(None, 3))


async def handoffs(app: App) -> list[Handoff]:
    """The handoffs of conversation 31 that were made, the newest first."""
    page = await app.listings.handoffs(T, HandoffQuery())
    return [await app.handoffs.filed(T, listed.handoff_id) for listed in page.handoffs]


async def noted(app: App, connector_id: str, what: str) -> None:
    """Waits until a connector's log tells of something that was done."""

    async def is_there() -> bool:
        return any(what in entry.types for entry in await log(app, connector_id))

    await until(is_there)


async def all_done(app: App, connector_id: str) -> None:
    """Waits until all that was left to be done for a connector is."""

    async def is_settled() -> bool:
        outbox = app._parts.outbox  # pyright: ignore[reportPrivateUsage] - no door tells of a connector's messages
        deliveries = await outbox.deliveries(T, connector_id, status=None, before=None, limit=100)
        return all(delivery.status == "delivered" for _, delivery in deliveries)

    await until(is_settled)


async def test_a_conversation_that_its_bot_hands_over_has_its_brief_written_back(
    chosen: Settings,
    platform: Receiver,
) -> None:
    async with running(chosen) as app:
        connector_id = await connected(app, platform)
        await delivered(app, connector_id, *SAYS, OPENED)
        await platform.got(ATTRIBUTES, 1)
        (handoff,) = await handoffs(app)
        assert "LX-204" in platform.taken[NOTE][0]["body"]
        assert (handoff.request.from_actor, handoff.request.from_channel) == ("bot", "chat")
        await noted(app, connector_id, "handoff")
        (made,) = [entry for entry in await log(app, connector_id) if "handoff" in entry.types]
        assert (made.handoff_id, made.problems) == (handoff.handoff_id, ())


@pytest.mark.parametrize("seed", range(6))
async def test_deliveries_in_any_order_and_twice_make_one_handoff_for_each_transfer(
    settings: Settings,
    platform: Receiver,
    seed: int,
) -> None:
    chance = random.Random(seed)
    bodies: list[Mapping[str, object]] = [*SAYS, OPENED, ASSIGNED]
    bodies += chance.sample(bodies, 2)
    chance.shuffle(bodies)
    async with running(settings) as app:
        connector_id = await connected(app, platform)
        for body in bodies:
            await delivered(app, connector_id, body)
        await platform.got(NOTE, 1)
        await all_done(app, connector_id)
        assert len(await handoffs(app)) == 1
        assert len(platform.taken[NOTE]) == 1
        again = changed("conversation_status_changed", 30, status=("pending", "open"))
        await delivered(app, connector_id, chatwoot_message(9, "Try it now.", "outgoing", sender=BOT), again)
        await platform.got(NOTE, 2)
        assert len(await handoffs(app)) == 2


async def test_somebody_who_takes_a_conversation_from_the_bot_gets_the_brief_also_where_the_bots_words_come_late(
    settings: Settings,
    platform: Receiver,
) -> None:
    async with running(settings) as app:
        connector_id = await connected(app, platform)
        await delivered(app, connector_id, SAYS[0], ASSIGNED)
        await all_done(app, connector_id)
        assert await handoffs(app) == []
        await delivered(app, connector_id, SAYS[1])
        await platform.got(NOTE, 1)
        (handoff,) = await handoffs(app)
        assert handoff.request.agent_id is None
        await delivered(app, connector_id, changed("conversation_updated", 9, assignee_id=(3, 5)))
        await all_done(app, connector_id)
        assert len(await handoffs(app)) == 1


async def test_what_was_acknowledged_before_a_crash_is_handed_over_by_the_next_run(
    chosen: Settings,
    platform: Receiver,
) -> None:
    async with running(chosen) as app:
        connector_id = await connected(app, platform)
    # It takes what comes and does nothing besides, as a process that dies after its answer.
    dying = build(chosen, embedder=WordEmbedder())
    await delivered(dying, connector_id, *SAYS, OPENED)
    assert await handoffs(dying) == []
    await dying.close()
    async with running(chosen) as app:
        await platform.got(NOTE, 1)
        assert len(await handoffs(app)) == 1


async def test_a_handoff_that_fails_is_in_the_log_and_made_when_it_can_be(
    settings: Settings,
    platform: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create, failures = HandoffService.create, [Unavailable("The ledger does not answer."), RuntimeError("broken")]

    async def failing(self: HandoffService, tenant: str, request: HandoffRequest) -> Handoff:
        if failures:
            raise failures.pop()
        return await create(self, tenant, request)

    monkeypatch.setattr(HandoffService, "create", failing)
    async with running(settings) as app:
        connector_id = await connected(app, platform)
        await delivered(app, connector_id, *SAYS, OPENED)
        await platform.got(NOTE, 1)
        problems = [problem for entry in await log(app, connector_id) for problem in entry.problems]
        assert {problem.code for problem in problems} == {"not_handed_over"}
        assert any("The ledger does not answer." in problem.detail for problem in problems)
        assert "broken" not in str(problems)


async def test_a_contact_that_its_platform_queues_is_handed_over_where_the_connector_is_set_to(app: App) -> None:
    bodies = [
        contact_event("INITIATED", customerEndpoint={"type": "TELEPHONE_NUMBER", "address": "+12025550143"}),
        contact_event("QUEUED", queueInfo={"queueName": "Repairs", "enqueueTimestamp": "2026-05-04T09:01:00Z"}),
        contact_event("CONNECTED_TO_AGENT", agentInfo={"connectedToAgentTimestamp": "2026-05-04T09:02:00Z"}),
    ]

    async def made(**values: str) -> list[HandoffRequest]:
        issued = await app.connectors.add("amazon-connect", values, tenant=T, scope="b" if values else None)
        connector_id = issued.connector.connector_id
        for body in bodies:
            await app.connectors.receive(await app.connectors.open(connector_id), posted(body))
        await all_done(app, connector_id)
        return [handoff.request for handoff in await handoffs(app)]

    assert await made() == []
    (request,) = await made(handoff="on_transfer")
    assert (request.conversation_id, request.from_channel) == (f"b/amazon-connect:{CONTACT}", "voice")


def test_the_events_by_which_platforms_hand_over_are_called_as_their_rows_are() -> None:
    added = b"ConversationSid=CH1&ParticipantSid=MB2&Identity=rui.mota&EventType=onParticipantAdded"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    queued = {"conversationId": "7b1d0c52", "eventTime": "2026-05-04T09:00:00Z", "queueId": "q1"}
    topic = {"topicName": "v2.detail.events.conversation.7b1d0c52.acd.start", "eventBody": queued}
    for name, request in (("twilio", posted(added, headers)), ("genesys", posted(topic))):
        connector = CONNECTORS[name]
        assert isinstance(connector, Escalating)
        (row,) = connector.parse(request).drafts
        assert isinstance(row, InteractionDraft)
        assert step_of(row, connector.escalations) is not None


async def test_a_connector_that_is_set_to_never_hand_over_makes_no_handoff(
    settings: Settings,
    platform: Receiver,
) -> None:
    async with running(settings) as app:
        connector_id = await connected(app, platform, handoff="never")
        await delivered(app, connector_id, *SAYS, OPENED, ASSIGNED)
        await all_done(app, connector_id)
        assert await handoffs(app) == []
        with pytest.raises(InvalidRequest, match="on_transfer or never"):
            await app.connectors.add("whatsapp", {"app_secret": "x", "handoff": "always"}, tenant=T)


def test_handoffs_are_made_by_default_where_there_is_a_way_to_write_them_back() -> None:
    ways: Mapping[str, Mapping[str, str]] = {
        "chatwoot": {"base_url": "https://desk.example", "account_id": "1", "api_access_token": "t"},
        "zendesk": {"subdomain": "shop", "email": "a@shop.example", "api_token": "t"},
        "intercom": {"access_token": "t", "admin_id": "7"},
        "genesys": {"api_token": "t", "flow_id": "f"},
    }
    for name, connector in CONNECTORS.items():
        assert handoff_setting(connector, {}) == NEVER
        assert handoff_setting(connector, {"handoff": ON_TRANSFER}) == ON_TRANSFER
        if name in ways:
            assert handoff_setting(connector, ways[name]) == ON_TRANSFER
            assert handoff_setting(connector, {**ways[name], "handoff": NEVER}) == NEVER


SECRET = "My sister Paula lives at 5 Hill Street, the lamp LX-204 is hers."
PRIVATE = chatwoot_message(2, SECRET)
TAKEN_BACK = chatwoot_message(2, "gone", event="message_updated", content_attributes={"deleted": True})


@pytest.mark.parametrize("seed", range(8))
async def test_a_handoff_that_quotes_a_deleted_message_is_made_anew_without_it_whatever_came_first(
    chosen: Settings,
    platform: Receiver,
    seed: int,
) -> None:
    chance = random.Random(seed)
    bodies: list[Mapping[str, object]] = [SAYS[0], PRIVATE, SAYS[2], OPENED, TAKEN_BACK]
    if seed:
        chance.shuffle(bodies)
    async with running(chosen) as app:
        connector_id = await connected(app, platform)
        for body in bodies:
            await delivered(
                app, connector_id, body, attempts=20
            )  # a platform sends again what a busy machine is late for
            if seed % 2 == 0:
                await all_done(app, connector_id)
        await all_done(app, connector_id)
        (handoff,) = await handoffs(app)
        assert "Paula" not in handoff.model_dump_json()
        await all_done(app, connector_id)
        assert handoff.handoff_id in {entry.handoff_id for entry in await log(app, connector_id)}


@pytest.mark.parametrize("order", [(0, 3, 1), (3, 0, 1), (0, 1, 3)])
async def test_a_handoff_stands_in_the_log_once_whenever_the_bots_words_come(
    settings: Settings,
    platform: Receiver,
    order: tuple[int, ...],
) -> None:
    bodies = [*SAYS, ASSIGNED]
    async with running(settings) as app:
        connector_id = await connected(app, platform)
        for index in order:
            await delivered(app, connector_id, bodies[index])
            await all_done(app, connector_id)
        await delivered(app, connector_id, SAYS[1], chatwoot_message(2, "Off, then on.", "outgoing", sender=BOT, id=22))
        await all_done(app, connector_id)
        made = [entry.handoff_id for entry in await log(app, connector_id) if "handoff" in entry.types]
        assert made == [handoff.handoff_id for handoff in await handoffs(app)]
        assert len(made) == 1
