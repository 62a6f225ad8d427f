"""After a bot has asked once, the model ranks as soon as the customer writes again, and the bot finds its answer."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from app.actions import parse_catalogue
from app.adapters.memory import MemoryArchive, MemoryLedger, MemoryVectors
from app.adapters.scripted import ScriptedModel
from app.bootstrap import build
from app.models import Decision, InteractionDraft, NextActionRequest
from app.services import App
from app.settings import Settings
from tests.actions.test_actions_shelf import SilentEmbedder
from tests.ranking.test_model_ranker import CATALOGUE, answer, ranked

TENANT = "default"
FIRST, SECOND = "I want to renew my book LN-1001", "And what about the fine F-77?"


@pytest.fixture
def model() -> ScriptedModel:
    """A model that would call the librarian."""
    return ScriptedModel(answer(ranked("call_librarian")))


def service(tmp_path: Path, model: ScriptedModel, **settings: object) -> App:
    """A service with this model, on stores in memory."""
    return build(
        Settings.model_validate({"data_dir": tmp_path, "model_check": "none", **settings}),
        ledger=MemoryLedger(),
        archive=MemoryArchive(),
        vectors=MemoryVectors(),
        embedder=SilentEmbedder(),
        model=model,
        catalogue=parse_catalogue(CATALOGUE),
    )


@pytest_asyncio.fixture
async def app(tmp_path: Path, model: ScriptedModel) -> AsyncGenerator[App]:
    """A service that has started."""
    async with service(tmp_path, model) as opened:
        yield opened


async def write(app: App, text: str, conversation_id: str = "c-1") -> str:
    """The customer writes; the customer's id."""
    draft = InteractionDraft.model_validate(
        {
            "channel": "chat",
            "actor": "customer",
            "kind": "message",
            "text": text,
            "conversation_id": conversation_id,
            "identifiers": [{"type": "email", "value": f"{conversation_id}@example.com"}],
        }
    )
    (recorded,) = (await app.interactions.record(TENANT, [draft])).results
    return str(recorded.customer_id)


async def ask(app: App, conversation_id: str = "c-1") -> Decision:
    """The bot asks for the next action."""
    request = NextActionRequest(conversation_id=conversation_id, deadline_ms=5000)
    return await app.decisions.next_actions(TENANT, request)


async def asked(model: ScriptedModel, times: int) -> None:
    """Wait until the model was asked so often."""
    for _ in range(2000):
        if len(model.questions) >= times:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"the model was asked {len(model.questions)} times")


async def test_the_model_is_asked_when_the_customer_writes_again_and_the_bot_finds_its_answer(
    app: App, model: ScriptedModel
) -> None:
    await write(app, FIRST)
    assert (await ask(app)).ranked_by == "model"
    await write(app, SECOND)
    await asked(model, 2)
    assert SECOND in model.questions[1].user
    decision = await ask(app)
    assert (decision.ranked_by, decision.actions[0].action_id) == ("model", "call_librarian")
    assert len(model.questions) == 2


async def test_nobody_is_ranked_ahead_for_whom_nobody_asked_before(app: App, model: ScriptedModel) -> None:
    await write(app, FIRST)
    await write(app, FIRST, "c-2")
    await ask(app, "c-2")
    await write(app, SECOND)
    await write(app, SECOND, "c-2")
    await asked(model, 2)
    await ask(app, "c-2")
    assert [SECOND in question.user for question in model.questions] == [False, True]


async def test_what_is_ranked_ahead_is_no_decision_of_the_log(app: App, model: ScriptedModel) -> None:
    await write(app, FIRST)
    own = await ask(app)
    await write(app, SECOND)
    await asked(model, 2)
    logged = [row["decision_id"] async for row in app.decisions.decision_log(TENANT)]
    assert logged == [own.decision_id]


async def test_with_drafting_ahead_switched_off_the_model_is_asked_by_requests_alone(
    tmp_path: Path, model: ScriptedModel
) -> None:
    async with service(tmp_path, model, draft_ahead="off") as app:
        await write(app, FIRST)
        await ask(app)
        await write(app, SECOND)
        await ask(app)
    assert len(model.questions) == 2


async def test_an_answer_is_forgotten_with_the_customer_it_is_about(app: App, model: ScriptedModel) -> None:
    customer_id = await write(app, FIRST)
    await ask(app)
    await ask(app)
    assert len(model.questions) == 1
    await app.customers.erase(TENANT, customer_id)
    await write(app, FIRST)
    await ask(app)
    assert len(model.questions) == 2
