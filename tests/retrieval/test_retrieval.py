"""Retrieval in one customer's history: words and stems, scores by words, search by words and meaning."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.adapters.embeddings import MiniLM
from app.caching import forget_texts
from app.models import Kind, Outcome
from app.nlu.words import stem, terms, tokens
from app.ports import Embedder
from app.retrieval.lexical import coverage
from app.retrieval.search import MOST_EMBEDDED
from app.retrieval.texts import names_a_date
from tests.support.builders import draft
from tests.support.retrieval_room import ANNA, BERT, TENANT, CountingEmbedder, FailingVectors, Room, SilentEmbedder

SYLLABLES = [f"{first}{vowel}{last}" for first in "bdfgklmn" for vowel in "aeiou" for last in "rst"]


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    """The built-in embedder, loaded once."""
    return MiniLM()


@pytest.fixture
def room(minilm: Embedder) -> Room:
    """A room of its own for each test."""
    return Room(minilm)


# --- words ----------------------------------------------------------------------------------------------------------


def test_numbers_and_identifiers_stay_whole() -> None:
    text = "Order #AB-1234 cost $1,234.50, see a_b@example.com or 2026-03-02 (v2.1)."
    assert tokens(text) == (
        "order", "ab-1234", "cost", "1,234.50", "see", "a_b@example.com", "or", "2026-03-02", "v2.1",
    )  # fmt: skip
    assert stem("ab-1234") == "ab-1234"


def test_the_forms_of_a_word_meet_in_its_stem() -> None:
    assert terms("The payments failed while paying") == terms("payment failing: pay")[:1] + terms("fail pay")


def test_words_joined_by_a_sign_are_words_of_their_own() -> None:
    assert tokens("self-service and/or O'Neil") == ("self", "service", "and", "or", "o", "neil")


def test_what_says_nothing_is_no_term() -> None:
    assert terms("I don't know what you're at, it's just that we've been there, thanks") == ("know",)


def test_stemming_in_many_threads_gives_what_one_thread_gives() -> None:
    words = [f"{first}{second}{ending}" for first in SYLLABLES for second in SYLLABLES for ending in ("ing", "ations")]
    forget_texts()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(stem, words))
    finally:
        sys.setswitchinterval(interval)
    forget_texts()
    assert together == [stem(word) for word in words]


# --- lexical scores ---------------------------------------------------------------------------------------------------


def test_a_turn_is_found_by_the_words_of_the_turn_before_it_but_not_as_well_as_that_turn() -> None:
    asked, answered, far, other = coverage(
        ["broken", "screen"], [["broken", "screen"], ["tuesday"], ["thank"], ["bye"]], ["c", "c", "c", "c"]
    )
    assert asked > answered > far > other == 0


def test_words_do_not_reach_over_the_end_of_a_conversation() -> None:
    scores = coverage(["screen"], [["screen"], ["hello"], ["loose"], ["alone"]], ["one", "two", None, None])
    assert scores[0] > 0
    assert list(scores[1:]) == [0, 0, 0]


def test_a_rare_word_counts_more_than_a_common_one_and_all_scores_are_shares() -> None:
    documents = [["invoice", "screen"], ["invoice"], ["screen", "refund"], ["invoice"], ["invoice"]]
    scores = coverage(["invoice", "refund"], documents, ["1", "2", "3", "4", "5"])
    assert scores.argmax() == 2
    assert ((scores >= 0) & (scores <= 1)).all()


def test_nothing_asked_or_nothing_there_scores_nothing() -> None:
    assert list(coverage([], [["word"]], ["c"])) == [0.0]
    assert list(coverage(["word"], [], [])) == []
    assert list(coverage(["word"], [[]], ["c"])) == [0.0]


# --- search -----------------------------------------------------------------------------------------------------------


async def test_a_question_in_quite_other_words_is_answered_by_meaning(room: Room) -> None:
    await room.file(
        draft("Please change the language of the app to Danish.", conversation_id="1"),
        draft("My card was charged twice.", conversation_id="2"),
        draft("The lamp in the hall is too bright.", conversation_id="3"),
    )
    await room.index()
    assert (await room.search("billed double"))[0] == "My card was charged twice."


async def test_what_was_filed_a_moment_ago_is_found_by_its_meaning_as_after_it_is_indexed(room: Room) -> None:
    rows = await room.file(
        draft("Please change the language of the app to Danish.", conversation_id="1"),
        draft("My card was charged twice.", conversation_id="2"),
    )
    at_once = await room.retriever.rank(TENANT, rows, "billed double", limit=5)
    await room.index()
    indexed = await room.retriever.rank(TENANT, rows, "billed double", limit=5)
    assert [passage.interaction.text for passage in at_once.passages] == ["My card was charged twice."]
    assert at_once == indexed


async def test_of_a_history_that_is_not_indexed_only_the_newest_is_embedded_for_a_question(minilm: Embedder) -> None:
    embedder = CountingEmbedder(minilm)
    room = Room(embedder)
    rows = await room.file(*(draft(f"invoice {number} is wrong") for number in range(3 * MOST_EMBEDDED)))
    await room.retriever.rank(TENANT, rows, "the bill", limit=5)
    newest = [row.text for row in reversed(rows[-MOST_EMBEDDED:])]
    assert embedder.asked == ["the bill", *newest]


async def test_what_is_not_indexed_yet_is_found_by_its_words(room: Room) -> None:
    await room.file(draft("Hello.", conversation_id="1"))
    await room.index()
    await room.file(draft("My router blinks orange.", conversation_id="2"))
    assert (await room.search("orange router"))[0] == "My router blinks orange."


async def test_steps_are_found_by_their_name_and_the_values_in_their_data(room: Room) -> None:
    step = draft(kind=Kind.EVENT, name="password_reset", outcome=Outcome.FAILED, data={"page": {"codes": ["E-4031"]}})
    await room.file(step, draft("Good morning.", conversation_id="other"))
    head = await room.ledger.head(TENANT)
    for query in ("the password could not be reset", "E-4031", "password_reset"):
        best = (await room.retriever.search(TENANT, [ANNA], query, up_to_seq=head, limit=5))[0]
        assert best.interaction.name == "password_reset", query


async def test_a_search_sees_one_customer_of_one_tenant_up_to_a_sequence_number(room: Room) -> None:
    await room.file(draft("my parcel is lost"))
    head = await room.ledger.head(TENANT)
    await room.file(draft("my parcel is found"))
    await room.file(draft("a parcel of somebody else"), customer=BERT)
    await room.file(draft("a parcel in another tenant"), tenant="other")
    await room.index()
    passages = await room.retriever.search(TENANT, [ANNA], "parcel", up_to_seq=head, limit=10)
    assert [passage.interaction.text for passage in passages] == ["my parcel is lost"]


async def test_a_question_that_nothing_answers_finds_nothing(room: Room) -> None:
    await room.file(draft("Please change the language of the app to Danish."))
    await room.index()
    assert await room.search("zebra crossing") == []
    assert await room.search("  ") == []


async def test_scores_are_shares_and_the_best_comes_first_up_to_the_limit(room: Room) -> None:
    await room.file(*(draft(f"invoice number {number} is wrong", conversation_id=str(number)) for number in range(8)))
    await room.index()
    head = await room.ledger.head(TENANT)
    passages = await room.retriever.search(TENANT, [ANNA], "is invoice 5 wrong?", up_to_seq=head, limit=3)
    scores = [passage.score for passage in passages]
    assert len(passages) == 3
    assert passages[0].interaction.text == "invoice number 5 is wrong"
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


async def test_a_redacted_interaction_is_not_found_by_its_vector_or_by_its_neighbours(room: Room) -> None:
    rows = await room.file(draft("my card was charged twice"), draft("card 4111"), draft("charged twice, really"))
    await room.index()
    redacted = rows[1].model_copy(update={"redacted": True})
    ranking = await room.retriever.rank(TENANT, [rows[0], redacted, rows[2]], "card charged twice", limit=10)
    assert redacted not in [passage.interaction for passage in ranking.passages]
    assert len(ranking.passages) == 2


async def test_without_vectors_words_decide_and_the_answer_says_so(minilm: Embedder) -> None:
    vectors = FailingVectors(failures=1)
    room = Room(minilm, vectors)
    rows = await room.file(draft("the heating is cold"))
    ranking = await room.retriever.rank(TENANT, rows, "heating", limit=5)
    assert [passage.interaction.text for passage in ranking.passages] == ["the heating is cold"]
    assert not ranking.by_meaning


async def test_a_part_that_has_just_failed_is_left_alone_for_a_while(minilm: Embedder) -> None:
    vectors = FailingVectors(failures=1)
    room = Room(minilm, vectors)
    rows = await room.file(draft("the heating is cold"))
    for _ in range(3):
        assert not (await room.retriever.rank(TENANT, rows, "heating", limit=5)).by_meaning
    assert vectors.asked == 1


async def test_an_embedder_that_hangs_costs_no_more_than_the_patience(minilm: Embedder) -> None:
    room = Room(SilentEmbedder(), patience_s=0.01)
    rows = await room.file(draft("the heating is cold"))
    async with asyncio.timeout(5):
        ranking = await room.retriever.rank(TENANT, rows, "heating", limit=5)
    assert ranking.passages
    assert not ranking.by_meaning


async def test_vectors_of_another_length_are_passed_over(room: Room) -> None:
    rows = await room.file(draft("the heating is cold"))
    await room.vectors.put(TENANT, [rows[0].interaction_id], np.ones((1, 5), np.float32))
    ranking = await room.retriever.rank(TENANT, rows, "heating", limit=5)
    assert ranking.passages
    assert ranking.by_meaning


async def test_a_question_that_names_a_day_finds_what_happened_on_it(room: Room) -> None:
    at = datetime(2026, 5, 20, 9, 0, tzinfo=UTC)
    await room.file(
        draft("The lamp flickers.", conversation_id="1", occurred_at=at),
        draft("The lamp buzzes.", conversation_id="2", occurred_at=at - timedelta(days=40)),
    )
    for day in ("20 May", "May 20th, 2026", "2026-05-20", "in May"):
        assert (await room.search(f"What was it about the lamp {day}?"))[0] == "The lamp flickers.", day
    assert (await room.search("What was it about the lamp on April 10?"))[0] == "The lamp buzzes."


def test_a_month_is_named_where_it_places_something_in_time() -> None:
    for query in ("on 3 March", "March 3rd", "since Feb", "2026-03-03", "the 3rd of march"):
        assert names_a_date(query), query
    for query in ("May I return it?", "We march on", "order 20", "it may be late"):
        assert not names_a_date(query), query
