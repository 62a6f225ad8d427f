"""What every Embedder does, asked of each: the built-in one, and any litellm model on the real wire format."""

import asyncio
import json
from collections.abc import Iterator
from importlib import import_module

import httpx
import numpy as np
import pytest
import respx
from pydantic import SecretStr

from app import offline
from app.adapters.embeddings import DIMENSIONS, MiniLM
from app.adapters.llm import LitellmEmbedder
from app.ports import Embedder


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    """The built-in embedder, loaded once."""
    return MiniLM()


@pytest.fixture(params=["minilm", "litellm"])
def embedder(request: pytest.FixtureRequest, minilm: MiniLM) -> Iterator[Embedder]:
    """One embedder of each kind."""
    if request.param == "minilm":
        yield minilm
        return
    offline.disarm()
    import_module("litellm")  # takes seconds, which are not the server's to answer for
    with respx.mock(base_url="http://127.0.0.1:9/v1", assert_all_called=False) as server:
        server.post("/embeddings").mock(side_effect=served_embeddings)
        yield LitellmEmbedder("openai/an-embedding-model", "http://127.0.0.1:9/v1", SecretStr("a key"))


def served_embeddings(request: httpx.Request) -> httpx.Response:
    """What an OpenAI-compatible server answers: rows that are not of unit length, and not in the order of the texts."""
    texts = json.loads(request.content)["input"]
    rows = [
        {"object": "embedding", "index": index, "embedding": [1.0 + len(text), float(sum(text.encode()) % 97), 2.0]}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    answer = {"object": "list", "data": rows[::-1], "model": "an-embedding-model", "usage": usage}
    return httpx.Response(200, json=answer)


async def test_each_text_gets_one_unit_vector_of_single_precision(embedder: Embedder) -> None:
    made = await embedder.embed(["the parcel never came", "hello", ""])
    assert made.shape[0] == 3
    assert made.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1.0, atol=1e-5)


async def test_the_rows_are_in_the_order_of_the_texts_however_long_each_is(embedder: Embedder) -> None:
    texts = [f"the invoice of customer number {number} " * (number % 5 + 1) for number in range(20)]
    together = await embedder.embed(texts)
    alone = np.vstack([await embedder.embed([text]) for text in texts])
    assert ((together * alone).sum(axis=1) > 0.99).all()
    assert abs(together[0] @ together[3]) < 0.99


async def test_many_callers_at_once_get_their_own_rows(embedder: Embedder) -> None:
    texts = [f"call {number}" for number in range(12)]
    rows = await asyncio.gather(*(embedder.embed([text]) for text in texts))
    expected = await embedder.embed(texts)
    assert (np.sum(np.vstack(rows) * expected, axis=1) > 0.99).all()


async def test_an_embedder_has_a_name_that_an_index_can_be_filed_under(embedder: Embedder) -> None:
    assert embedder.name
    assert embedder.name == embedder.name.strip()


async def test_no_text_gives_no_row(minilm: MiniLM) -> None:
    assert (await minilm.embed([])).shape == (0, DIMENSIONS)


async def test_a_paraphrase_is_nearer_than_another_matter(minilm: MiniLM) -> None:
    question, paraphrase, other = await minilm.embed(
        [
            "my card was charged twice",
            "I have been billed two times for one purchase",
            "how do I change the language of the app?",
        ]
    )
    assert question @ paraphrase > question @ other + 0.2


async def test_a_vector_does_not_depend_on_what_else_is_embedded_with_it() -> None:
    texts = [f"the invoice of customer number {number} " * (number % 5 + 1) for number in range(20)]
    together = await MiniLM().embed(texts)
    alone = np.vstack([await MiniLM().embed([text]) for text in texts[:3]])
    assert ((together[:3] * alone).sum(axis=1) > 0.99).all()


async def test_a_book_is_read_no_further_than_its_first_pages(minilm: MiniLM) -> None:
    beginning = "the lift in the east wing is stuck again " * 100
    short, long = await minilm.embed([beginning, beginning + "and now something else entirely " * 5000])
    assert short @ long > 0.9999


async def test_the_event_loop_stays_free_while_texts_are_embedded() -> None:
    embedding = asyncio.create_task(MiniLM().embed([f"sentence number {number} of many" for number in range(64)]))
    turns = 0
    while not embedding.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100
