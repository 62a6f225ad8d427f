"""What edits, deletions, internal messages and steps of a lifecycle do to the brief."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.adapters.memory import MemoryLedger
from app.adapters.memory_archive import MemoryArchive
from app.adapters.memory_vectors import MemoryVectors
from app.adapters.sql import SqlStore
from app.bootstrap import build
from app.errors import NotFound, Unavailable
from app.identity import Rules
from app.ledger import Recorder
from app.models import Brief, HandoffRequest, InteractionDraft, NextActionRequest, ResolutionStatus
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.services.test_announcements import until

WHO = [{"type": "account_id", "value": "acc-7", "verified": True}]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncGenerator[App]:
    built = build(Settings(data_dir=tmp_path))
    yield built
    await built.close()


def row(minute: int, text: str = "", **fields: Any) -> InteractionDraft:
    defaults: dict[str, Any] = {
        "occurred_at": datetime(2026, 5, 4, 9, minute, tzinfo=UTC),
        "channel": "chat",
        "actor": "customer",
        "kind": "message",
        "text": text,
        "conversation_id": "talk",
    }
    return InteractionDraft.model_validate(defaults | fields)


async def brief_of(app: App, minute: int, *rows: InteractionDraft) -> Brief:
    await app.interactions.record("default", rows)
    request = HandoffRequest(conversation_id="talk", now=datetime(2026, 5, 4, 9, minute, tzinfo=UTC))
    return (await app.handoffs.create("default", request)).brief


async def test_the_brief_tells_the_edited_words_and_nothing_of_what_was_deleted(app: App) -> None:
    brief = await brief_of(
        app,
        9,
        row(1, "Please cancel the membership MB-33.", id="a", identifiers=WHO),
        row(2, "Please pause the membership MB-33 until June.", id="b"),
        row(3, "Please pause the membership MB-33 until October.", id="c", kind="edit", target_id="b"),
        row(4, id="d", kind="deletion", target_id="a"),
    )
    shown = brief.model_dump_json(exclude={"intent"})
    assert "October" in shown
    assert "June" not in shown
    assert "cancel" not in shown


async def test_a_handoff_that_quotes_a_deleted_message_is_gone_with_it(app: App) -> None:
    await app.interactions.record("default", [row(1, "My number is in the file 4711.", id="a", identifiers=WHO)])
    handoff = await app.handoffs.create("default", HandoffRequest(conversation_id="talk"))
    await app.interactions.record("default", [row(2, id="d", kind="deletion", target_id="a")])
    with pytest.raises(NotFound):
        await app.handoffs.filed("default", handoff.handoff_id)


@pytest.fixture(params=["sqlite", "postgres"])
def chosen(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings of each database."""
    url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    return settings.model_copy(update={"database_url": url})


async def test_a_brief_that_quotes_deleted_words_goes_after_a_crash_between_the_deletion_and_its_clean_up(
    chosen: Settings,
) -> None:
    async with build(chosen, embedder=WordEmbedder()) as service:
        talk = [row(1, "My number is in the file 4711.", id="a", identifiers=WHO), row(2, "Is it open?")]
        await service.interactions.record("default", talk)
        quoting = await service.handoffs.create("default", HandoffRequest(conversation_id="talk"))
    # Of the process that took the deletion nothing but its transaction is left.
    store = SqlStore(chosen.ledger_url)
    recorder = Recorder(store, Rules())
    await recorder.record("default", [row(3, id="d", kind="deletion", target_id="a")])
    await recorder.close()
    assert await store.get("default", "handoffs", quoting.handoff_id) is not None
    await store.close()

    async with build(chosen, embedder=WordEmbedder()) as service:
        later = await service.handoffs.create("default", HandoffRequest(conversation_id="talk"))

        async def gone() -> bool:
            try:
                await service.handoffs.filed("default", quoting.handoff_id)
            except NotFound:
                return True
            return False

        await until(gone)
        # What was made since stays, although it names the deleted row: it proved who the customer is.
        assert "4711" not in later.brief.model_dump_json()
        assert await service.handoffs.filed("default", later.handoff_id)


async def test_an_internal_message_is_no_promise_and_no_reply_to_the_customer(app: App) -> None:
    brief = await brief_of(
        app,
        9,
        row(1, "Where is the parcel PX-12?", identifiers=WHO),
        row(2, "We will send another one today.", actor="agent", visibility="internal"),
    )
    assert brief.commitments == ()


async def test_a_conversation_that_the_platform_resolved_is_resolved(app: App) -> None:
    brief = await brief_of(
        app,
        9,
        row(1, "The lift in house 4 is stuck.", identifiers=WHO),
        row(2, "The technician is there at noon.", actor="agent"),
        row(3, kind="lifecycle", name="resolved", actor="system"),
    )
    assert brief.resolution_status is ResolutionStatus.RESOLVED


async def test_a_conversation_that_is_closed_after_it_was_resolved_stays_resolved(app: App) -> None:
    brief = await brief_of(
        app,
        30,
        row(1, "The lift in house 4 is stuck.", identifiers=WHO),
        row(2, "A technician will be there on Friday.", actor="agent"),
        row(3, kind="lifecycle", name="resolved", actor="agent"),
        row(20, kind="lifecycle", name="ended", actor="agent"),
    )
    assert brief.resolution_status is ResolutionStatus.RESOLVED


async def test_what_was_resolved_is_no_longer_the_reason_once_something_new_is_wanted(app: App) -> None:
    brief = await brief_of(
        app,
        40,
        row(1, "The lift in house 4 is stuck.", identifiers=WHO),
        row(3, kind="lifecycle", name="resolved", actor="system"),
        row(30, "Can you send me the invoice for March?"),
    )
    assert "invoice" in (brief.contact_reason or "")
    assert "lift" not in (brief.contact_reason or "")
    assert brief.resolution_status is not ResolutionStatus.RESOLVED


async def test_a_reopened_matter_is_open_again(app: App) -> None:
    brief = await brief_of(
        app,
        40,
        row(1, "The lift in house 4 is stuck.", identifiers=WHO),
        row(3, kind="lifecycle", name="resolved", actor="system"),
        row(30, kind="lifecycle", name="reopened", actor="system"),
    )
    assert brief.resolution_status is not ResolutionStatus.RESOLVED
    assert "lift" in (brief.contact_reason or "")


async def test_a_partial_transcript_is_no_evidence(app: App) -> None:
    brief = await brief_of(
        app,
        9,
        row(1, "The lift in house 4 is stuck.", identifiers=WHO),
        row(2, "I want to cancel the", id="p", partial=True),
    )
    assert "cancel" not in brief.model_dump_json()


async def test_a_location_without_words_is_told_as_one_and_not_as_a_picture(app: App) -> None:
    mill = {"type": "location", "location": {"latitude": 52.5, "longitude": 13.4, "name": "Old mill"}}
    brief = await brief_of(app, 9, row(1, data=mill, identifiers=WHO), row(2, "Can somebody come here?"))
    assert "The customer sent a location." in (brief.situation or "")
    assert "picture" not in (brief.situation or "")


class HurriedArchive(MemoryArchive):
    """Just before it files an answer, a message of the conversation is deleted, as long as there are any to delete."""

    def __init__(self, collection: str, ids: Sequence[str]) -> None:
        super().__init__()
        self._collection = collection
        self._ids = list(ids)
        self.app: App | None = None

    async def put(
        self, tenant: str, collection: str, key: str, document: Any, *, customer_id: str | None = None
    ) -> None:
        if collection == self._collection and self._ids and self.app is not None:
            taken_back = self._ids.pop(0)
            deletion = row(8, id=f"deletion of {taken_back}", kind="deletion", target_id=taken_back)
            await self.app.interactions.record(tenant, [deletion])
        await super().put(tenant, collection, key, document, customer_id=customer_id)


@asynccontextmanager
async def hurried(settings: Settings, collection: str, *ids: str) -> AsyncGenerator[App]:
    archive = HurriedArchive(collection, ids)
    stores: dict[str, Any] = {"ledger": MemoryLedger(), "archive": archive, "vectors": MemoryVectors()}
    async with build(settings, **stores, embedder=WordEmbedder()) as app:
        archive.app = app
        await app.interactions.record(
            "default",
            [
                row(1, "My lamp LX-204 flickers.", id="a", identifiers=WHO),
                row(2, "My sister Paula has the lamp LX-204, please send it to her.", id="b"),
                row(3, "Paula lives at 5 Hill Street.", id="c"),
                row(4, "Ask Paula for the lamp.", id="d"),
                row(5, "The lamp still flickers, I want my money back.", id="e"),
            ],
        )
        yield app


async def test_a_handoff_is_made_again_where_a_message_that_it_quotes_is_deleted_while_it_is_made(
    settings: Settings,
) -> None:
    async with hurried(settings, "handoffs", "b", "c") as app:
        request = HandoffRequest(conversation_id="talk", now=None)
        handoff = await app.handoffs.create("default", request)
        filed = await app.handoffs.filed("default", handoff.handoff_id)
        for answer in (handoff, filed):
            assert "sister" not in answer.model_dump_json()
            assert "Hill Street" not in answer.model_dump_json()
            assert "money back" in answer.model_dump_json()


async def test_a_decision_is_made_again_where_a_message_that_it_names_is_deleted_while_it_is_made(
    settings: Settings,
) -> None:
    async with hurried(settings, "decisions", "e") as app:
        decision = await app.decisions.next_actions("default", NextActionRequest(conversation_id="talk"))
        rows = (await app.interactions.timeline("default", decision.customer_id)).interactions
        (wish,) = [filed.interaction_id for filed in rows if filed.id == "e"]
        assert wish not in decision.model_dump_json()
        assert await app.decisions.decision_log("default").__anext__()


async def test_whoever_asks_while_message_after_message_is_deleted_is_asked_to_come_again(settings: Settings) -> None:
    async with hurried(settings, "handoffs", "a", "b", "c", "d", "e") as app:
        with pytest.raises(Unavailable, match="deleted while the answer was made"):
            await app.handoffs.create("default", HandoffRequest(conversation_id="talk"))
        assert (await app.handoffs.create("default", HandoffRequest(conversation_id="talk"))).brief is not None
