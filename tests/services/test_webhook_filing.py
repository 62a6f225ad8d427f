"""What webhooks hear of is in the outbox before anybody is answered, outlives its process, goes with the customer."""

from collections.abc import AsyncGenerator

import pytest

from app.adapters.webhook_sender import WebhookSender
from app.bootstrap import build
from app.models import Delivery, DeliveryStatus, HandoffRequest, Recorded, Topic, WebhookDraft
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.services.test_announcements import until
from tests.support.builders import draft

T = "acme"
# Nobody listens there: whatever is filed stays pending.
NOWHERE = "http://127.0.0.1:9/hook"


@pytest.fixture(params=["sqlite", "postgres"])
async def app(request: pytest.FixtureRequest, settings: Settings) -> AsyncGenerator[App]:
    if request.param == "postgres":
        settings = settings.model_copy(update={"database_url": request.getfixturevalue("postgres")})
    courier = WebhookSender(private=True)
    async with build(settings, embedder=WordEmbedder(), courier=courier, webhook_pauses_s=[3600.0]) as opened:
        yield opened


async def register(app: App, *events: Topic) -> str:
    return (await app.webhooks.register(T, WebhookDraft(url=NOWHERE, events=events or tuple(Topic)))).webhook_id


async def filed(app: App, webhook_id: str) -> list[Delivery]:
    return list((await app.webhooks.deliveries(T, webhook_id, limit=1000)).deliveries)


async def record(app: App, text: str, conversation_id: str = "c1") -> Recorded:
    answer = await app.interactions.record(T, [draft(text, conversation_id=conversation_id)])
    return answer.results[0]


async def test_the_signals_of_an_answer_are_filed_when_it_is_given(app: App) -> None:
    webhook_id = await register(app, Topic.SIGNAL_FIRED)
    answer = await app.interactions.record(T, [draft("Let me talk to a person.", conversation_id="c1")])
    deliveries = await filed(app, webhook_id)
    assert [delivery.event for delivery in deliveries] == [Topic.SIGNAL_FIRED] * len(answer.signals)
    assert deliveries


async def test_a_webhook_hears_of_what_another_worker_records_the_moment_it_is_registered(
    app: App, settings: Settings
) -> None:
    await record(app, "Hello.")  # this worker has seen that there is no webhook
    webhook_id = await register(app, Topic.SIGNAL_FIRED)
    await record(app, "Let me talk to a person.")
    assert await filed(app, webhook_id)


async def test_a_handoff_is_filed_with_the_message_that_tells_of_it(app: App) -> None:
    webhook_id = await register(app, Topic.HANDOFF_READY)
    await record(app, "Where is my parcel?")
    await app.handoffs.create(T, HandoffRequest(conversation_id="c1"))
    assert [delivery.event for delivery in await filed(app, webhook_id)] == [Topic.HANDOFF_READY]


async def test_what_a_worker_recorded_before_it_died_is_announced_by_another(app: App) -> None:
    webhook_id = await register(app, Topic.SIGNAL_FIRED, Topic.FRICTION_THRESHOLD)
    # As a process leaves it that dies between the commit and everything after it.
    await app._parts.recorder.record(T, [draft("Let me talk to a person.", conversation_id="c1")])  # pyright: ignore[reportPrivateUsage]
    assert await filed(app, webhook_id) == []
    await _look(app)
    assert {delivery.event for delivery in await filed(app, webhook_id)} == {
        Topic.SIGNAL_FIRED,
        Topic.FRICTION_THRESHOLD,
    }
    count = len(await filed(app, webhook_id))
    await _look(app)
    assert len(await filed(app, webhook_id)) == count


async def test_arrivals_that_were_announced_are_not_looked_at_again(app: App) -> None:
    await register(app)
    await record(app, "Let me talk to a person.")

    async def nothing_is_left() -> bool:
        arrivals = await app._parts.outbox.take_arrivals(0, before=2**62, limit=10)  # pyright: ignore[reportPrivateUsage]
        return not arrivals

    await until(nothing_is_left)


async def test_erasing_a_customer_removes_what_webhooks_were_to_hear_of_them(app: App, settings: Settings) -> None:
    webhook_id = await register(app)
    result = await record(app, "Let me talk to a person.")
    other = await record(app, "Let me talk to a person.", "c2")
    assert result.customer_id is not None
    assert other.customer_id is not None
    await app.handoffs.create(T, HandoffRequest(conversation_id="c1"))
    exported = [piece["type"] async for piece in await app.customers.export(T, result.customer_id)]
    assert "webhook_message" in exported
    erased = await app.customers.erase(T, result.customer_id)
    assert erased.erased["webhook_messages"] >= 2
    left = await app._parts.outbox.of_customer(T, result.customer_id)  # pyright: ignore[reportPrivateUsage]
    assert list(left) == []
    assert all(delivery.status is DeliveryStatus.PENDING for delivery in await filed(app, webhook_id))
    assert await app._parts.outbox.of_customer(T, other.customer_id)  # pyright: ignore[reportPrivateUsage]
    for file in settings.data_dir.rglob("ledger.db*"):
        assert result.customer_id.encode() not in file.read_bytes()


async def _look(app: App) -> None:
    await app.signals._left_over.look(before=2**62)  # pyright: ignore[reportPrivateUsage]
