"""A handoff made again of the same snapshot costs nothing, and what is kept for that goes with the customer."""

import json
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import pytest

from app.adapters.memory import MemoryArchive
from app.adapters.scripted import ScriptedModel
from app.bootstrap import build
from app.briefs import BriefWriter, TimelyWriter
from app.briefs.llm.cache import COLLECTION, MOST_ANSWERS
from app.errors import ModelUnavailable, Unavailable
from app.models import Handoff, HandoffRequest, Identifier, Interaction, SectionRequest, Snapshot, Usage
from app.ports import LanguageModel
from app.prompts import Prompt, PromptLibrary
from app.services import App
from app.settings import Settings
from app.verification import RuleVerifier
from tests.briefs.test_model import CONVERSATION, answer, draft
from tests.conftest import WordEmbedder
from tests.support.builders import draft as drafted
from tests.support.builders import interaction, snapshot

TENANT = "default"
WORDED = {"situation": [{"text": "The customer says that the zebrafinch parcel never came.", "evidence": ["t1"]}]}


def writer(model: LanguageModel, archive: MemoryArchive, prompt: str = "v2") -> TimelyWriter:
    """A writer that keeps its answers there."""
    return TimelyWriter(BriefWriter(model, PromptLibrary().prompt("brief", prompt), archive, RuleVerifier()))


async def word(asked: TimelyWriter, of: Snapshot, **request: Any) -> Handoff:
    """A snapshot's handoff in a model's words."""
    return (await asked.word(of, draft(of, **request), started=perf_counter())).handoff


async def test_the_same_snapshot_again_costs_nothing_and_says_the_same() -> None:
    model, of = ScriptedModel(answer(), name="some/model"), snapshot(CONVERSATION)
    asked = writer(model, MemoryArchive())
    first, again = await word(asked, of), await word(asked, of)
    assert len(model.questions) == 1
    assert again.brief == first.brief
    assert (again.engine, again.model) == ("model", "some/model")
    assert first.usage is not None
    assert first.usage.prompt_tokens > 0
    assert again.usage == Usage(prompt_tokens=0, completion_tokens=0, cost_usd=0.0)


async def test_a_writer_that_starts_anew_finds_what_another_kept() -> None:
    archive, of = MemoryArchive(), snapshot(CONVERSATION)
    await word(writer(ScriptedModel(answer()), archive), of)
    model = ScriptedModel(answer())
    assert (await word(writer(model, archive), of)).engine == "model"
    assert model.questions == []


@pytest.mark.parametrize(
    "request_of",
    [
        {"locale": "de"},
        {"sections": (SectionRequest(name="notes", instruction="Anything else?"),)},
        {"to_queue": "billing"},
    ],
)
async def test_another_language_section_or_case_is_asked_for_anew(request_of: dict[str, Any]) -> None:
    model, of = ScriptedModel(answer()), snapshot(CONVERSATION)
    asked = writer(model, MemoryArchive())
    await word(asked, of)
    await word(asked, of, **request_of)
    assert len(model.questions) == 2


@pytest.mark.parametrize(
    "interactions",
    [
        (*CONVERSATION, interaction(8, "And please hurry.")),
        (*CONVERSATION[:-1], CONVERSATION[-1].model_copy(update={"text": "", "redacted": True})),
    ],
)
async def test_what_was_said_or_blanked_since_is_another_snapshot(interactions: Sequence[Interaction]) -> None:
    model = ScriptedModel(answer())
    asked = writer(model, MemoryArchive())
    await word(asked, snapshot(CONVERSATION))
    await word(asked, snapshot(interactions))
    assert len(model.questions) == 2


async def test_another_model_or_prompt_is_asked_anew() -> None:
    archive, of = MemoryArchive(), snapshot(CONVERSATION)
    models = [ScriptedModel(answer(), name="a"), ScriptedModel(answer(), name="b"), ScriptedModel(answer(), name="a")]
    for model, prompt in zip(models, ("v2", "v2", "v1"), strict=True):
        await word(writer(model, archive, prompt), of)
    assert [len(model.questions) for model in models] == [1, 1, 1]


async def test_no_tenant_is_given_what_another_paid_for() -> None:
    model, of = ScriptedModel(answer()), snapshot(CONVERSATION)
    asked = writer(model, MemoryArchive())
    await word(asked, of)
    await word(asked, of.model_copy(update={"tenant": "another"}))
    assert len(model.questions) == 2


@pytest.mark.parametrize("failing", [ModelUnavailable("down"), "not JSON", '{"situation": [{"text": "Nonsense."}]}'])
async def test_failures_are_not_kept(failing: ModelUnavailable | str) -> None:
    archive, of = MemoryArchive(), snapshot(CONVERSATION)
    asked = writer(ScriptedModel(failing, answer()), archive)
    assert (await word(asked, of)).engine == "extractive"
    assert await archive.page(TENANT, COLLECTION) == []
    assert (await word(asked, of)).engine == "model"


async def test_only_the_newest_answers_of_a_conversation_are_kept() -> None:
    archive = MemoryArchive()
    asked = writer(ScriptedModel(answer()), archive)
    for seq in range(8, 8 + 2 * MOST_ANSWERS):
        await word(asked, snapshot((*CONVERSATION, interaction(seq, f"Reminder {seq}, please hurry."))))
    [(_, document)] = await archive.page(TENANT, COLLECTION)
    assert len(document["answers"]) == MOST_ANSWERS
    assert f"int_{7 + 2 * MOST_ANSWERS}" in document["answers"][0]["shown"]


async def test_what_is_kept_holds_no_secret() -> None:
    archive = MemoryArchive()
    talk = (interaction(1, "My card 4111 1111 1111 1111 was charged twice, mail user@mail.example"), *CONVERSATION[1:])
    charged = {"text": "The customer says that card [card_1] was charged, mail [email_1].", "evidence": ["t1"]}
    handoff = await word(writer(ScriptedModel(answer(contact_reason=charged)), archive), snapshot(talk))
    assert handoff.brief.contact_reason == "The customer says that card ••••1111 was charged, mail user@mail.example."
    page = json.dumps(await archive.page(TENANT, COLLECTION))
    assert "4111" not in page
    assert "user@mail" not in page


async def test_an_archive_that_does_not_answer_takes_no_brief_away() -> None:
    class Gone(MemoryArchive):
        """An archive whose database is away."""

        async def get(self, tenant: str, collection: str, key: str) -> Any:
            raise Unavailable("The database does not answer.")

        async def put(self, *_: Any, **__: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            raise Unavailable("The database does not answer.")

    assert (await word(writer(ScriptedModel(answer()), Gone()), snapshot(CONVERSATION))).engine == "model"


def test_a_prompt_is_told_by_its_bytes() -> None:
    versions: list[Prompt] = [PromptLibrary().prompt("brief", version) for version in ("v1", "v2")]
    assert versions[0].reference.sha256 != versions[1].reference.sha256


async def recorded(app: App) -> tuple[str, str]:
    """A customer with one message, and the message's id."""
    identifiers = (Identifier(type="account_id", value="acc-1", verified=True, method="login"),)
    message = drafted("The zebrafinch parcel never came.", conversation_id="c-1", identifiers=identifiers)
    [result] = (await app.interactions.record(TENANT, [message])).results
    assert result.customer_id is not None
    assert result.interaction_id is not None
    return result.customer_id, result.interaction_id


def bytes_of(settings: Settings) -> bytes:
    """All that stands in the files of the stores."""
    return b"".join(path.read_bytes() for path in settings.data_dir.rglob("*") if path.is_file())


async def test_kept_answers_go_with_the_customer_and_are_exported_before(settings: Settings) -> None:
    model = ScriptedModel(json.dumps(WORDED))
    unchecked = settings.model_copy(update={"model_check": "none"})
    async with build(unchecked, embedder=WordEmbedder(), model=model) as app:
        customer_id, _ = await recorded(app)
        request = HandoffRequest(conversation_id="c-1", deadline_ms=60_000)
        assert [(await app.handoffs.create(TENANT, request)).engine for _ in range(2)] == ["model", "model"]
        assert len(model.questions) == 1
        pieces = [piece["type"] async for piece in await app.customers.export(TENANT, customer_id)]
        assert "model_answers" in pieces
        erased = await app.customers.erase(TENANT, customer_id)
    assert erased.erased[COLLECTION] == 1
    assert b"zebrafinch" not in bytes_of(settings)


async def test_kept_answers_go_with_an_interaction_that_is_blanked(settings: Settings) -> None:
    model = ScriptedModel(json.dumps(WORDED))
    async with build(settings, embedder=WordEmbedder(), model=model) as app:
        _, interaction_id = await recorded(app)
        await app.handoffs.create(TENANT, HandoffRequest(conversation_id="c-1", deadline_ms=60_000))
        await app.interactions.redact(TENANT, interaction_id)
    assert b"zebrafinch" not in bytes_of(settings)
