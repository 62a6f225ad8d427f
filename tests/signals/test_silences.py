"""Silences that come due: each is told once, whatever the clocks do and however many processes wait for it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from app.adapters.webhook_sender import WebhookSender
from app.bootstrap import build
from app.models import Announcement, InteractionDraft, Topic, WebhookDraft
from app.services import App
from app.services.silence_timers import SilenceTimers
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft

T = "acme"
PATIENCE_S = 20.0
SILENT_AFTER_S = 30.0


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[App]:
    async with build(settings, embedder=WordEmbedder(), courier=WebhookSender(private=True)) as application:
        yield application


def question(conversation_id: str, *, due_in_s: float) -> InteractionDraft:
    """A bot's question on the phone, which is silence if nobody answers it within half a minute."""
    return draft(
        "Could you tell me your postcode?",
        channel="voice",
        actor="bot",
        conversation_id=conversation_id,
        identifiers=[],
        occurred_at=datetime.now(UTC) - timedelta(seconds=SILENT_AFTER_S - due_in_s),
    )


async def heard(queue: "asyncio.Queue[Announcement | None]", count: int) -> list[str]:
    """The conversations that so many announcements tell of, and whatever comes in the moment after."""
    conversations: list[str] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(conversations) < count:
            announcement = await queue.get()
            assert announcement is not None
            conversations.append(str(announcement.data["conversation_id"]))
    await asyncio.sleep(0.3)
    while not queue.empty():
        announcement = queue.get_nowait()
        assert announcement is not None
        conversations.append(str(announcement.data["conversation_id"]))
    return conversations


async def test_questions_that_come_due_at_the_same_moment_are_each_told_once(settings: Settings) -> None:
    asked = [f"c{number}" for number in range(60)]
    async with opened(settings) as app, app.webhooks.listening(T) as queue:
        await app.interactions.record(T, [question(name, due_in_s=2.0) for name in asked])
        assert sorted(await heard(queue, len(asked))) == sorted(asked)


async def test_a_silence_of_which_two_processes_know_is_told_by_one_of_them_to_the_listeners_of_both(
    settings: Settings,
) -> None:
    asked = [f"c{number}" for number in range(20)]
    async with (
        opened(settings) as first,
        opened(settings) as second,
        first.webhooks.listening(T) as at_first,
        second.webhooks.listening(T) as at_second,
    ):
        await first.interactions.record(T, [question(name, due_in_s=2.0) for name in asked])
        await _waiting(second).look_through()
        assert sorted(await heard(at_first, len(asked))) == sorted(asked)
        assert sorted(await heard(at_second, len(asked))) == sorted(asked)


async def test_a_look_that_comes_before_silence_shows_marks_nothing(settings: Settings) -> None:
    async with opened(settings) as app, app.webhooks.listening(T) as queue:
        await app.interactions.record(T, [question("c1", due_in_s=2.0)])
        await app.signals._announce_waiting(T, "c1")  # pyright: ignore[reportPrivateUsage]
        assert queue.empty()
        assert await heard(queue, 1) == ["c1"]


async def test_a_silence_that_an_earlier_version_marked_and_never_told_is_told(settings: Settings) -> None:
    async with opened(settings) as app, app.webhooks.listening(T) as queue:
        answer = await app.interactions.record(T, [question("c1", due_in_s=-100.0)])
        interaction_id = answer.results[0].interaction_id
        assert interaction_id is not None
        archive = app._parts.archive  # pyright: ignore[reportPrivateUsage]
        await archive.put(T, "waits_told", interaction_id, {"at": datetime.now(UTC).isoformat()})
        await _waiting(app).look_through()
        assert await heard(queue, 1) == ["c1"]


async def test_the_first_of_two_unanswered_questions_of_a_customer_is_told_as_a_late_answer(settings: Settings) -> None:
    async with opened(settings) as app, app.webhooks.listening(T) as queue:
        now = datetime.now(UTC)
        rows = [
            draft(text, channel="voice", conversation_id="c1", occurred_at=now - timedelta(seconds=before))
            for text, before in (("Where is my order?", 29.0), ("And what does it cost to return it?", 28.5))
        ]
        await app.interactions.record(T, rows)
        assert await heard(queue, 1) == ["c1"]


async def test_timers_beyond_the_most_are_set_again_from_the_ledger(settings: Settings) -> None:
    looked_at: list[str] = []

    async def look(_: str, conversation_id: str) -> None:
        looked_at.append(conversation_id)

    async with build(settings, embedder=WordEmbedder()) as app:
        asked = [f"c{number}" for number in range(30)]
        await app.interactions.record(T, [question(name, due_in_s=3.0) for name in asked])
        waiting = SilenceTimers(app._parts.ledger, look, most=10)  # pyright: ignore[reportPrivateUsage]
        await waiting.look_through()
        assert not looked_at
        waiting.in_background(waiting._mind_timers())  # pyright: ignore[reportPrivateUsage]
        await until(lambda: len(looked_at) >= 9)
        await waiting.look_through()
        await waiting.close()
    assert set(looked_at) == set(asked)


async def test_a_level_is_told_once_where_two_processes_judge_the_same_messages(settings: Settings) -> None:
    async with opened(settings) as first, opened(settings) as second:
        await first.webhooks.register(T, WebhookDraft(url="http://127.0.0.1:9/", events=(Topic.FRICTION_THRESHOLD,)))
        levels: list[str] = []
        async with first.webhooks.listening(T) as at_first:
            for number in range(4):
                app = (first, second)[number % 2]
                await app.interactions.record(T, [draft("Let me talk to a person!", conversation_id="c1")])
            async with asyncio.timeout(PATIENCE_S):
                while not levels:
                    announcement = await at_first.get()
                    assert announcement is not None
                    if announcement.topic is Topic.FRICTION_THRESHOLD:
                        levels.append(str(announcement.data["level"]))
            await asyncio.sleep(1.0)
            while not at_first.empty():
                announcement = at_first.get_nowait()
                assert announcement is not None
                if announcement.topic is Topic.FRICTION_THRESHOLD:
                    levels.append(str(announcement.data["level"]))
    assert levels == ["escalate"]


def _waiting(app: App) -> SilenceTimers:
    return app.signals._timers  # pyright: ignore[reportPrivateUsage]


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has come true that nothing announces."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - it happens in the background
            await asyncio.sleep(0.01)
