"""Erasure, blanking, export and retention through the whole App, down to the bytes of the files."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.adapters.memory import MemoryVectors
from app.adapters.vectors import ChromaVectors
from app.bootstrap import build
from app.errors import NotFound, UnknownConversation, UnknownCustomer
from app.main import create_app
from app.models import (
    ActionOutcome,
    Channel,
    Feedback,
    HandoffRequest,
    Identifier,
    InteractionDraft,
    NextActionRequest,
    RetentionRule,
)
from app.ports import Vectors
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft

T = "default"
MARKS = ("zebrafinch", "quagga@x.example", "okapi-conversation", "tapir-id", "numbat-page", "ibis-key")


def draft_in(conversation: str, text: str, **fields: Any) -> InteractionDraft:
    return draft(text, conversation_id=conversation, **fields)


def known_by(value: str) -> tuple[Identifier, ...]:
    return (Identifier(type="email", value=value, verified=True, method="link"),)


async def customer_of(app: App, *drafts: InteractionDraft) -> str:
    recorded = await app.interactions.record(T, drafts)
    assert all(result.problem is None for result in recorded.results), recorded.results
    customer_id = recorded.results[0].customer_id
    assert customer_id is not None
    return customer_id


async def marked(app: App) -> str:
    """A customer all of whose traces carry one of the MARKS, among others who have none."""
    for number in range(40):
        await customer_of(
            app, draft_in(f"other-{number}", "Plain words of others.", identifiers=known_by(f"o{number}@x.example"))
        )
    customer_id = await customer_of(
        app,
        draft_in("okapi-conversation", "The zebrafinch parcel never came.", identifiers=known_by("quagga@x.example")),
        *(
            draft_in("okapi-conversation", f"Still no zebrafinch, day {day}.", id=f"tapir-id-{day}")
            for day in range(40)
        ),
        draft_in("okapi-conversation", "", kind="event", name="page_view", data={"page": "numbat-page"}),
    )
    handoff = await app.handoffs.create(T, HandoffRequest(conversation_id="okapi-conversation"))
    decision = await app.decisions.next_actions(
        T, NextActionRequest(conversation_id="okapi-conversation", audience="agent")
    )
    await app.handoffs.file_feedback(T, handoff.handoff_id, Feedback(edited_brief="It is about a zebrafinch."))
    action = [*decision.actions, *decision.suppressed][0].action_id
    await app.decisions.file_outcome(T, decision.decision_id, ActionOutcome(action_id=action))
    await app.replies.keep(T, "/v1/handoffs ibis-key", {"body": "zebrafinch"}, customer_id=customer_id)
    await app.replies.keep(T, "/v1/interactions ibis-key", {"body": f'{{"customer_id": "{customer_id}"}}'})
    return customer_id


async def indexed(app: App) -> None:
    async with asyncio.timeout(20):
        while (await app.readiness()).index_lag:  # noqa: ASYNC110 - the index tells nobody when it has caught up
            await asyncio.sleep(0.02)


def traces(folder: Path, marks: Sequence[str]) -> dict[str, list[str]]:
    """The marks that the bytes of each file in a folder hold."""
    marks_by_file: dict[str, list[str]] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes().lower()
        if marks_held := [mark for mark in marks if mark.encode() in content]:
            marks_by_file[str(file.relative_to(folder))] = marks_held
    return marks_by_file


@pytest.fixture
async def on_disk(settings: Settings) -> AsyncGenerator[App]:
    """An App whose vectors are on disk too."""
    vectors = ChromaVectors(settings.data_dir / "vectors")
    async with build(settings, embedder=WordEmbedder(), vectors=vectors) as opened:
        yield opened


async def test_no_file_holds_a_trace_of_an_erased_customer(
    on_disk: App, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    for ours in ("warmline", "app"):
        caplog.set_level("DEBUG", ours)
    # A driver may tell of every statement at its lowest level, which the service never switches on.
    caplog.set_level("WARNING", "sqlalchemy")
    await on_disk.warm_up()
    customer_id = await marked(on_disk)
    await indexed(on_disk)
    assert {mark for marks in traces(settings.data_dir, MARKS).values() for mark in marks} == set(MARKS)

    await on_disk.customers.erase(T, customer_id)

    assert traces(settings.data_dir, (*MARKS, customer_id)) == {}
    await on_disk.close()
    assert traces(settings.data_dir, (*MARKS, customer_id)) == {}
    assert not [mark for mark in MARKS if mark in caplog.text.lower()]


async def test_the_answer_counts_what_was_erased_and_nobody_knows_the_customer_afterwards(app: App) -> None:
    customer_id = await marked(app)
    await indexed(app)
    head = (await app.interactions.timeline(T, customer_id)).as_of_seq

    gone = await app.customers.erase(T, customer_id)

    assert gone.customer_id == customer_id
    assert gone.as_of_seq == head
    assert gone.erased == {
        "cases": 0,
        "conversations": 1,
        "decisions": gone.erased["decisions"],
        "feedback": 1,
        "handoffs": 1,
        "identifiers": 1,
        "identities": 1,
        "interactions": 42,
        "kept_replies": 2,
        "merges": 0,
        "offers": 1,
        "outcomes": 1,
        "suggestions": 0,
        "vectors": 41,
        "webhook_messages": 0,
    }
    assert gone.erased["decisions"] >= 1
    with pytest.raises(UnknownCustomer):
        await app.interactions.timeline(T, customer_id)
    with pytest.raises(UnknownCustomer):
        await app.customers.erase(T, customer_id)
    with pytest.raises(UnknownConversation):
        await app.signals.conversation_signals(T, "okapi-conversation")
    [again] = (await app.interactions.record(T, [draft_in("okapi-conversation", "Hello.", id="tapir-id-1")])).results
    assert (again.seq, again.duplicate) == (head + 1, False)
    assert again.customer_id != customer_id


async def test_a_brief_made_while_two_were_one_goes_when_either_is_erased(app: App) -> None:
    first = await customer_of(app, draft_in("c-1", "My lamp is broken.", identifiers=known_by("one@x.example")))
    second = await customer_of(app, draft_in("c-2", "The zebrafinch is late.", identifiers=known_by("two@x.example")))
    before = await app.handoffs.create(T, HandoffRequest(customer_id=first))
    merge = await app.customers.merge(T, first, second)
    both = await app.handoffs.create(T, HandoffRequest(conversation_id="c-2"))
    assert both.customer_id == first
    await app.customers.unmerge(T, first, merge.merge_id)

    assert (await app.customers.erase(T, second)).erased["handoffs"] == 1

    assert (await app.handoffs.filed(T, before.handoff_id)).customer_id == first
    with pytest.raises(NotFound):
        await app.handoffs.filed(T, both.handoff_id)
    assert [row.text for row in (await app.interactions.timeline(T, first)).interactions] == ["My lamp is broken."]


class SlowEmbedder(WordEmbedder):
    """Embeds no batch before it is let."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.let = asyncio.Event()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked.set()
        await self.let.wait()
        return await super().embed(texts)


async def test_no_vector_of_an_erased_customer_comes_back_from_an_embedding_under_way(settings: Settings) -> None:
    vectors, embedder = MemoryVectors(), SlowEmbedder()
    async with build(settings, embedder=embedder, vectors=vectors) as app:
        erased = await customer_of(app, draft_in("c-1", "Forget this."))
        await customer_of(app, draft_in("c-2", "Keep this."))
        blanked = (await app.interactions.record(T, [draft_in("c-2", "Blank this.")])).results[0].interaction_id
        assert blanked is not None
        async with asyncio.timeout(10):
            await embedder.asked.wait()
        await app.customers.erase(T, erased)
        await app.interactions.redact(T, blanked)
        embedder.let.set()
        await app.warm_up()
        await indexed(app)
        assert await vectors.count() == 1


async def test_a_handoff_that_was_being_made_is_not_kept_of_an_erased_customer(settings: Settings) -> None:
    async with build(settings, embedder=WordEmbedder()) as app:
        customer_id = await customer_of(app, draft_in("c-1", "The zebrafinch is late."))
        stages = app.handoffs.stages(T, HandoffRequest(customer_id=customer_id))
        first = await anext(stages)
        await app.customers.erase(T, customer_id)
        with pytest.raises(UnknownCustomer):
            async for _ in stages:
                pass
        with pytest.raises(NotFound):
            await app.handoffs.filed(T, first.handoff_id)
    assert traces(settings.data_dir, ["zebrafinch", first.handoff_id]) == {}


async def test_a_blanked_interaction_says_nothing_in_any_file_or_brief(app: App, settings: Settings) -> None:
    sent = draft_in(
        "c-1", "My zebrafinch has number 12.", identifiers=known_by("a@x.example"), data={"page": "numbat-page"}
    )
    [result] = (await app.interactions.record(T, [sent])).results
    await app.interactions.record(T, [draft_in("c-1", "The lamp is broken as well.")])
    assert result.interaction_id is not None
    assert result.customer_id is not None
    await indexed(app)
    handoff = await app.handoffs.create(T, HandoffRequest(conversation_id="c-1"))

    row, customer_id = await app.interactions.redact(T, result.interaction_id)

    assert (row.redacted, row.seq, row.text, customer_id) == (True, result.seq, "", result.customer_id)
    assert traces(settings.data_dir, ["zebrafinch", "numbat-page"]) == {}
    assert (await app.interactions.search(T, result.customer_id, "zebrafinch")).hits == ()
    with pytest.raises(NotFound):
        await app.handoffs.filed(T, handoff.handoff_id)
    assert "zebrafinch" not in (await app.handoffs.create(T, HandoffRequest(conversation_id="c-1"))).model_dump_json()


async def test_an_export_holds_all_that_is_held(app: App) -> None:
    customer_id = await marked(app)
    pieces = [piece async for piece in await app.customers.export(T, customer_id)]
    kinds = [piece["type"] for piece in pieces]
    assert kinds[0] == "customer"
    assert kinds.count("interaction") == 42
    assert {"handoff", "decision", "feedback", "outcome", "kept_reply"} <= set(kinds)
    assert all(set(piece) == {"type", piece["type"]} for piece in pieces)
    assert [piece["interaction"]["seq"] for piece in pieces if piece["type"] == "interaction"] == list(range(41, 83))


async def test_what_is_older_than_its_channel_is_kept_goes_and_the_rest_stays(app: App, settings: Settings) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    days = {"old": 40, "new": 5}
    drafts = [
        draft_in(f"c-{channel}", f"{age} {channel} words", channel=channel, occurred_at=now - timedelta(days=ago))
        for channel in (Channel.CHAT, Channel.VOICE, Channel.EMAIL)
        for age, ago in days.items()
    ]
    for message in drafts:
        await customer_of(app, message.model_copy(update={"identifiers": known_by("one@x.example")}))
    customer_id = (await app.customers.resolve(T, known_by("one@x.example"))).customer_id
    await app.customers.set_retention(T, RetentionRule(channel=Channel.CHAT, days=30))
    await app.customers.set_retention(T, RetentionRule(channel=None, days=30))
    await app.customers.set_retention(T, RetentionRule(channel=Channel.VOICE, days=365))
    await app.customers.set_retention("other", RetentionRule(channel=None, days=1))
    assert {(rule.channel, rule.days) for rule in await app.customers.retention_rules(T)} == {
        (Channel.CHAT, 30),
        (None, 30),
        (Channel.VOICE, 365),
    }
    await indexed(app)

    runs = {run.tenant: run.erased for run in await app.customers.apply_retention(now=now)}

    assert (runs[T]["interactions"], runs[T]["vectors"], runs["other"]["interactions"]) == (2, 2, 0)
    texts = [row.text for row in (await app.interactions.timeline(T, customer_id)).interactions]
    assert texts == ["new chat words", "old voice words", "new voice words", "new email words"]
    assert traces(settings.data_dir, ["old chat words", "old email words"]) == {}
    assert await app.customers.unset_retention(T, None)
    assert not await app.customers.unset_retention(T, None)
    assert {rule.channel for rule in await app.customers.retention_rules(T)} == {Channel.CHAT, Channel.VOICE}


async def test_secrets_are_blanked_before_they_are_written_when_the_setting_says_so(settings: Settings) -> None:
    card = "4111 1111 1111 1111"
    data = {"form": [{"card": card, "number": 4111111111111111, "cvv": "917", "size": 12}], "password": "hunter2secret"}
    sent = draft_in("c-1", f"My card is {card} and it fails.", id="mine", data=data)
    async with build(settings.model_copy(update={"redact_at_ingest": True}), embedder=WordEmbedder()) as app:
        customer_id = await customer_of(app, sent)
        [again] = (await app.interactions.record(T, [sent])).results
        [row] = (await app.interactions.timeline(T, customer_id)).interactions
    assert again.duplicate
    assert row.text == "My card is [card_1] and it fails."
    assert row.data == {
        "form": [{"card": "[card_1]", "number": "[card_1]", "cvv": "[code_1]", "size": 12}],
        "password": "[password_1]",
    }
    assert traces(settings.data_dir, [card, "4111111111111111", "hunter2secret"]) == {}


async def test_without_that_setting_only_card_numbers_and_secret_codes_of_a_row_are_masked(app: App) -> None:
    customer_id = await customer_of(app, draft_in("c-1", "My card is 4111 1111 1111 1111, my street Elm Road 5."))
    text = (await app.interactions.timeline(T, customer_id)).interactions[0].text
    assert text == "My card is ••••1111, my street Elm Road 5."


async def test_a_running_service_erases_what_is_too_old_by_itself(app: App, settings: Settings) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=40)
    customer_id = await customer_of(
        app, draft_in("c-1", "Old words.", occurred_at=long_ago), draft_in("c-1", "New words.")
    )
    await app.customers.set_retention(T, RetentionRule(channel=Channel.CHAT, days=30))
    service = create_app(settings, app)
    async with service.router.lifespan_context(service), asyncio.timeout(10):
        while len(rows := (await app.interactions.timeline(T, customer_id)).interactions) > 1:  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0.02)
    assert [row.text for row in rows] == ["New words."]
