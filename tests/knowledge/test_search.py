"""What a search in a tenant's articles finds: by words at once, by meaning when the vectors are there."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from app.adapters.embeddings import MiniLM
from app.adapters.memory import MemoryVectors
from app.errors import RetrievalUnavailable
from app.models import ArticleDraft, KnowledgeQuestion
from tests.support.knowledge_room import TENANT, CountingEmbedder, Shelves

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def test_what_was_just_put_is_found_by_its_words() -> None:
    shelves = Shelves()
    await shelves.put("lost-parcel", "A parcel that never arrived is sent again.")
    await shelves.put("opening-hours", "We are there from nine to five.")
    answer = await shelves.service.search(TENANT, KnowledgeQuestion(q="My parcel never arrived!"))
    assert [hit.article_id for hit in answer.hits] == ["lost-parcel"]
    assert not answer.by_meaning
    assert answer.hits[0].passage == "A parcel that never arrived is sent again."


async def test_once_indexed_it_is_found_by_what_it_means() -> None:
    shelves = Shelves(embedder=MiniLM())
    await shelves.put("bounced", "When a transfer is sent back, the money is on the account again the next day.")
    await shelves.put("hours", "The branches open at nine in the morning.")
    assert await shelves.find("payment returned") == []
    assert await shelves.index() == 2
    answer = await shelves.service.search(TENANT, KnowledgeQuestion(q="payment returned"))
    assert answer.hits[0].article_id == "bounced"
    assert answer.by_meaning


async def test_a_question_about_something_else_finds_nothing() -> None:
    shelves = Shelves(embedder=MiniLM())
    await shelves.put("parcel", "A parcel that never arrived is sent again.")
    await shelves.index()
    assert await shelves.find("Yes please, thank you") == []
    assert await shelves.find("zebra orchestra") == []
    assert await shelves.find("Can I get a table for two tonight?") == []


async def test_a_chance_word_in_common_does_not_come_before_what_is_meant() -> None:
    shelves = Shelves(embedder=MiniLM())
    await shelves.put("two-factor", "Verify the customer by two orders. Then send a code.", title="Lost phone")
    await shelves.put("twice", "If both charges are booked, refund the second.", title="Charged twice")
    await shelves.put("hours", "The branches open at nine in the morning.")
    await shelves.index()
    assert (await shelves.find("You took the money from my card two times"))[0] == "twice"


async def test_an_article_is_found_once_by_its_best_passage() -> None:
    shelves = Shelves()
    filler = "Something else entirely is said in this place. " * 12
    await shelves.put("long", f"{filler}\n\nThe refund takes five days. {filler}\n\n{filler}")
    answer = await shelves.service.search(TENANT, KnowledgeQuestion(q="How long does the refund take?"))
    assert len(answer.hits) == 1
    assert "five days" in answer.hits[0].passage


async def test_of_short_sections_that_share_a_passage_those_are_shown_that_answer() -> None:
    shelves = Shelves()
    draft = ArticleDraft(
        title="Parcels",
        markdown="# Late\n\nAsk the carrier.\n\n# Broken\n\nAsk for a photo.\n\n# Abroad\n\nPay the duty.",
    )
    await shelves.service.put(TENANT, "parcels", draft)
    answer = await shelves.service.search(TENANT, KnowledgeQuestion(q="Is there a duty to pay abroad?"))
    assert [hit.passage for hit in answer.hits] == ["Abroad\nPay the duty."]
    answer = await shelves.service.search(TENANT, KnowledgeQuestion(q="parcels"))
    assert "Ask the carrier." in answer.hits[0].passage
    assert "Pay the duty." in answer.hits[0].passage


async def test_scores_fall_from_the_first_hit_on_and_lie_between_0_and_1() -> None:
    shelves = Shelves()
    for number in range(20):
        await shelves.put(f"a-{number}", f"The refund of order {number} takes {number} days.")
    await shelves.index()
    hits = (await shelves.service.search(TENANT, KnowledgeQuestion(q="the refund of order 7", limit=20))).hits
    scores = [hit.score for hit in hits]
    assert hits[0].article_id == "a-7"
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


async def test_a_situation_of_many_sentences_is_asked_by_those_that_tell() -> None:
    embedder = CountingEmbedder()
    shelves = Shelves(embedder=embedder)
    await shelves.put("double-charge", "If a card was charged twice, file a dispute for the second charge.")
    await shelves.put("greeting", "Greet customers kindly and wish them a good day.")
    await shelves.index()
    embedder.texts.clear()
    small_talk = "It is a lovely morning over here. I was walking the dog for an hour. " * 20
    situation = f"{small_talk}The shop charged my card twice. {small_talk}"
    assert (await shelves.find(situation))[0] == "double-charge"
    assert 1 <= len(embedder.texts) <= 3
    assert "The shop charged my card twice." in embedder.texts


# --- validity ---------------------------------------------------------------------------------------------------------


async def test_an_article_is_not_shown_from_the_moment_on_that_it_ends() -> None:
    shelves = Shelves()
    await shelves.put("offer", "The spring offer halves the price.", valid_until=NOW)
    assert await shelves.find("spring offer", now=NOW - timedelta(seconds=1)) == ["offer"]
    assert await shelves.find("spring offer", now=NOW) == []
    assert await shelves.find("spring offer") == []
    assert (await shelves.service.article(TENANT, "offer")).valid_until == NOW


# --- languages --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def bilingual() -> Shelves:
    """The same article in two languages."""
    shelves = Shelves()
    await shelves.put("en", "The modem blinks red: restart the modem.", title="Modem", language="en-GB")
    await shelves.put("de", "Das Modem blinkt rot: das Modem neu starten.", title="Modem", language="de")
    return shelves


async def test_the_language_that_is_asked_for_is_shown(bilingual: Shelves) -> None:
    assert await bilingual.find("modem", language="de-AT") == ["de"]
    assert await bilingual.find("modem", language="en") == ["en"]
    assert set(await bilingual.find("modem")) == {"en", "de"}


async def test_without_it_the_language_of_the_question_is(bilingual: Shelves) -> None:
    assert await bilingual.find("Warum blinkt das Modem bei mir so rot und was soll ich tun?") == ["de"]


async def test_an_article_of_no_language_in_particular_is_for_everybody(bilingual: Shelves) -> None:
    await bilingual.put("any", "Modem M-1, modem M-2.", title="Modem")
    assert set(await bilingual.find("modem", language="de")) == {"de", "any"}


async def test_another_language_is_shown_where_nothing_else_fits(bilingual: Shelves) -> None:
    assert set(await bilingual.find("modem", language="fr")) == {"en", "de"}


# --- tenants, processes, faults ---------------------------------------------------------------------------------------


async def test_tenants_find_their_own_articles_alone() -> None:
    shelves = Shelves()
    await shelves.put("mine", "The secret recipe.", tenant="one")
    await shelves.put("mine", "The public recipe.", tenant="two")
    await shelves.index()
    answer = await shelves.service.search("two", KnowledgeQuestion(q="secret recipe"))
    assert [hit.passage for hit in answer.hits] == ["The public recipe."]
    assert await shelves.find("recipe", tenant="three") == []


async def test_what_another_process_puts_changes_and_removes_is_noticed_by_the_next_search() -> None:
    here = Shelves()
    there = Shelves(here.archive, here.vectors)
    await there.put("returns", "Send it back by post.")
    assert await here.find("by post") == ["returns"]
    await there.put("returns", "Bring it to the counter.")
    assert await here.find("by post") == []
    assert await here.find("to the counter") == ["returns"]
    await there.service.remove(TENANT, "returns")
    assert await here.find("to the counter") == []


class BrokenVectors(MemoryVectors):
    """A store that gives no passages."""

    async def get_passages(self, tenant: str, passage_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """Raises RetrievalUnavailable."""
        raise RetrievalUnavailable("The vector store is switched off.")


async def test_without_vectors_words_alone_decide() -> None:
    shelves = Shelves(vectors=BrokenVectors())
    await shelves.put("returns", "Send it back by post.")
    answer = await shelves.service.search(TENANT, KnowledgeQuestion(q="by post"))
    assert ([hit.article_id for hit in answer.hits], answer.by_meaning) == (["returns"], False)


async def test_without_the_embedder_words_alone_decide() -> None:
    embedder = CountingEmbedder()
    shelves = Shelves(embedder=embedder)
    await shelves.put("returns", "Send it back by post.")
    await shelves.index()
    embedder.fails = True
    answer = await shelves.service.search(TENANT, KnowledgeQuestion(q="by post"))
    assert ([hit.article_id for hit in answer.hits], answer.by_meaning) == (["returns"], False)
