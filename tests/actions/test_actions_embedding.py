"""What a customer wants is read by words while no vectors are to be had."""

import asyncio
from collections.abc import Sequence

from app.actions import DecisionMaker, parse_catalogue
from app.adapters.memory import MemoryArchive, MemoryVectors
from app.ports import Vectors
from tests.actions.test_actions import CATALOGUE, SilentEmbedder
from tests.conftest import WordEmbedder
from tests.support.builders import interaction, snapshot
from tests.support.cases import understood


class HeldEmbedder(WordEmbedder):
    """Answers only once it is released."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.released = asyncio.Event()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked.set()
        await self.released.wait()
        return await super().embed(texts)


async def test_without_the_embedder_intents_are_read_by_words() -> None:
    maker = DecisionMaker(parse_catalogue(CATALOGUE), SilentEmbedder(), MemoryArchive(), vectors=MemoryVectors())
    assert (
        await understood(maker, snapshot([interaction(1, "Please extend my loan of this book")]))
    ).intent.name == "renew"
    assert (
        await understood(maker, snapshot([interaction(1, "My washing machine leaks, can you help?")]))
    ).intent.name is None


async def test_while_the_examples_are_being_embedded_intents_are_read_by_words() -> None:
    embedder = HeldEmbedder()
    maker = DecisionMaker(parse_catalogue(CATALOGUE), embedder, MemoryArchive(), vectors=MemoryVectors())
    warming = asyncio.create_task(maker.warm_up())
    await embedder.asked.wait()
    assert (
        await understood(maker, snapshot([interaction(1, "Please extend my loan of this book")]))
    ).intent.name == "renew"
    embedder.released.set()
    await warming
