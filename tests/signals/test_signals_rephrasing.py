"""Questions asked again in other words: what is one, what is none, and where it is told."""

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from app.adapters.embeddings import MiniLM
from app.adapters.memory import MemoryVectors
from app.bootstrap import build
from app.errors import RetrievalUnavailable
from app.models import NextActionRequest, Signal, SignalType
from app.ports import Vectors
from app.services import App
from app.settings import Settings
from app.signals import detect
from tests.support.builders import draft, snapshot
from tests.support.journeys import talk

T = "acme"
ASKED = ("customer", "How do I cancel my subscription?")
ANSWERED = ("bot", "Our premium plan has many advantages.")
AGAIN = ("customer", "What do I have to do to stop paying for this every month?")


def repeated(*turns: tuple[str, str], likeness: float) -> list[Signal]:
    """The repetitions of a talk whose customer's messages all have this cosine to each other."""
    rows = talk(*turns)
    ids = [row.interaction_id for row in rows if row.actor == "customer"]
    made = np.full((len(ids), len(ids)), likeness) + (1 - likeness) * np.eye(len(ids))
    unit = np.linalg.cholesky(made).astype(np.float32)
    signals = detect(snapshot(rows), vectors=dict(zip(ids, unit, strict=True)))
    return [signal for signal in signals if signal.type is SignalType.REPETITION]


def test_a_question_in_other_words_is_asked_again_when_its_vector_is_close() -> None:
    (signal,) = repeated(ASKED, ANSWERED, AGAIN, likeness=0.6)
    assert signal.evidence == ("int_1", "int_3")
    assert "in other words" in signal.detail
    assert repeated(ASKED, ANSWERED, AGAIN, likeness=0.3) == []


def test_after_an_answer_that_did_not_help_less_likeness_is_enough() -> None:
    helpless = ("bot", "Sorry, I could not find anything about that.")
    assert repeated(ASKED, helpless, AGAIN, likeness=0.45)
    assert not repeated(ASKED, ANSWERED, AGAIN, likeness=0.45)


@pytest.mark.parametrize(
    "turns",
    [
        # nearly the same words about another thing
        (("customer", "How do I activate my card?"), ANSWERED, ("customer", "How do I block my card?")),
        # after something else: time and price
        (("customer", "When does the parcel come?"), ANSWERED, ("customer", "What does delivery cost?")),
        # by another number
        (("customer", "Where is order 4471234?"), ANSWERED, ("customer", "What happened to 8829911?")),
        # going on
        (ASKED, ANSWERED, ("customer", "And what do I have to do to get my money back?")),
        # answering what was asked
        (ASKED, ("bot", "What is the problem with it?"), ("customer", "I want to stop paying every month.")),
        # the earlier one was settled
        (ASKED, ANSWERED, ("customer", "Yes, great, thanks."), AGAIN),
        # nobody has answered yet
        (ASKED, AGAIN),
        # nothing is asked
        (ASKED, ANSWERED, ("customer", "Thank you, goodbye.")),
    ],
)
def test_what_is_another_question_or_none_is_no_repetition_however_close(turns: tuple[tuple[str, str], ...]) -> None:
    assert repeated(*turns, likeness=0.9) == []


def test_without_vectors_only_words_tell() -> None:
    assert not [
        signal for signal in detect(snapshot(talk(ASKED, ANSWERED, AGAIN))) if signal.type is SignalType.REPETITION
    ]


@pytest.fixture
async def meaning(settings: Settings) -> AsyncGenerator[App]:
    """An App that embeds by meaning."""
    async with build(settings, embedder=MiniLM()) as opened:
        await opened.warm_up()
        yield opened


async def record_turns(app: App, *turns: tuple[str, str]) -> None:
    for who, text in turns:
        await app.interactions.record(T, [draft(text, actor=who, conversation_id="c1")])


async def indexed(app: App) -> None:
    while (await app.readiness()).index_lag:  # noqa: ASYNC110 - the index tells nobody when it has caught up
        await asyncio.sleep(0.02)


async def test_it_is_told_on_the_stream_once_the_vectors_are_there(meaning: App) -> None:
    async with meaning.webhooks.listening(T) as queue:
        await record_turns(meaning, ASKED, ANSWERED, AGAIN)
        async with asyncio.timeout(20):
            announcement = await queue.get()
        assert announcement is not None
        assert announcement.data["type"] == "repetition"
        await asyncio.sleep(1.2)
        assert queue.empty()


async def test_it_is_there_when_a_conversation_is_asked_about_and_in_decisions(meaning: App) -> None:
    await record_turns(meaning, ASKED, ANSWERED, AGAIN)
    await indexed(meaning)
    (signal,) = (await meaning.signals.conversation_signals(T, "c1")).signals
    assert signal.type is SignalType.REPETITION
    decision = await meaning.decisions.next_actions(T, NextActionRequest(conversation_id="c1"))
    assert signal.signal_id in decision.intervention.reasons


class BrokenVectors(MemoryVectors):
    """Vectors that cannot be read."""

    async def get(self, tenant: str, interaction_ids: object) -> dict[str, Vectors]:
        raise RetrievalUnavailable("The vector store does not answer.")


async def test_where_vectors_do_not_answer_words_alone_tell(settings: Settings) -> None:
    async with build(settings, embedder=MiniLM(), vectors=BrokenVectors()) as app:
        await record_turns(app, ASKED, ANSWERED, AGAIN)
        assert (await app.signals.conversation_signals(T, "c1")).signals == ()
