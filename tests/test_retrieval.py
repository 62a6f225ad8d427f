"""The retrieval room: words and stems, search in one customer's history, the snapshot of a case, the index."""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.adapters.embeddings import MiniLM
from app.adapters.memory import MemoryArchive, MemoryLedger, MemoryVectors
from app.adapters.vectors import ChromaVectors
from app.errors import RetrievalUnavailable
from app.ids import new_id
from app.language.words import stem, terms, tokens
from app.models import Actor, Channel, Customer, Interaction, InteractionDraft, Kind, Outcome, Snapshot
from app.ports import Changes, Embedder, MergeRecord, NewInteraction, Vectors, VectorStore
from app.retrieval import Gatherer, Indexer, Retriever, file_watermark
from app.retrieval.gather import MAX_CONVERSATION, MAX_HISTORY, MAX_RECENT, OPENING
from app.retrieval.index import POLL_S
from app.retrieval.lexical import coverage
from tests.builders import START, draft

TENANT, ANNA, BERT = "t", "cus_a", "cus_b"
LATER = timedelta(days=30)
SYLLABLES = [f"{first}{vowel}{last}" for first in "bdfgklmn" for vowel in "aeiou" for last in "rst"]


class Room:
    """The retrieval room on memory stores, with the embedder that ships."""

    def __init__(
        self,
        embedder: Embedder,
        vectors: VectorStore | None = None,
        ledger: MemoryLedger | None = None,
        patience_s: float = 30.0,
    ) -> None:
        self.ledger = ledger or MemoryLedger()
        self.archive = MemoryArchive()
        self.vectors = vectors or MemoryVectors()
        self.embedder = embedder
        self.retriever = Retriever(self.ledger, self.vectors, embedder, patience_s=patience_s)
        self.gatherer = Gatherer(self.ledger, self.retriever)

    async def file(self, *drafts: InteractionDraft, customer: str = ANNA, tenant: str = TENANT) -> list[Interaction]:
        """File interactions of one customer, a minute after one another unless they say when they happened."""
        known = await self.ledger.customer_of(tenant, customer)
        rows = [
            NewInteraction(
                interaction_id=new_id("int"),
                identity_id=customer,
                draft=one if one.occurred_at else one.model_copy(update={"occurred_at": START + timedelta(minutes=at)}),
                content_sha256=str(at),
            )
            for at, one in enumerate(drafts)
        ]
        async with self.ledger.transaction(tenant) as transaction:
            new = () if known else (customer,)
            await transaction.apply(Changes(new_identities=new, interactions=tuple(rows)))
        return list(await self.ledger.by_ids(tenant, [row.interaction_id for row in rows]))

    async def index(self) -> None:
        """Bring the vectors up with the ledger."""
        async with self.indexing():
            pass

    @asynccontextmanager
    async def indexing(self, embedder: Embedder | None = None) -> AsyncGenerator[Indexer]:
        """An indexer that has caught up with the ledger."""
        indexer = Indexer(self.ledger, self.archive, self.vectors, embedder or self.embedder)
        indexer.start()
        try:
            await until(indexer.lag, 0)
            yield indexer
        finally:
            await indexer.close()

    async def search(self, query: str, *, limit: int = 10, customer: str = ANNA, tenant: str = TENANT) -> list[str]:
        """The texts found, best first."""
        head = await self.ledger.head(tenant)
        found = await self.retriever.search(tenant, [customer], query, up_to_seq=head, limit=limit)
        return [one.interaction.text for one in found]

    async def gather(
        self, conversation_id: str | None, *, cutoff: datetime | None = None, customer: str = ANNA
    ) -> Snapshot:
        """The snapshot of one customer's conversation."""
        who = Customer(customer_id=customer, identity_ids=tuple(await self.ledger.identities_of(TENANT, customer)))
        return await self.gatherer.gather(TENANT, who, conversation_id, now=cutoff or START, cutoff=cutoff)


class CountingEmbedder:
    """An embedder that notes what it is asked for."""

    def __init__(self, inner: Embedder, name: str | None = None) -> None:
        self._inner = inner
        self.name = name or inner.name
        self.asked: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """As the embedder within."""
        self.asked.extend(texts)
        return await self._inner.embed(texts)


class SilentEmbedder:
    """An embedder that never answers."""

    name = "silent"

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Wait for ever."""
        await asyncio.Event().wait()
        raise AssertionError


class FailingVectors(MemoryVectors):
    """A vector store that fails so many times before it works."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures
        self.asked = 0

    async def put(self, tenant: str, interaction_ids: Sequence[str], vectors: Vectors) -> None:
        self._fail()
        await super().put(tenant, interaction_ids, vectors)

    async def get(self, tenant: str, interaction_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        self._fail()
        return await super().get(tenant, interaction_ids)

    def _fail(self) -> None:
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise RetrievalUnavailable("The vector store does not answer.")


class ReadingLedger(MemoryLedger):
    """A ledger that notes how many interactions are read from it."""

    read = 0

    async def interactions(self, *arguments: Any, **options: Any) -> Sequence[Interaction]:
        found = await super().interactions(*arguments, **options)
        self.read += len(found)
        return found


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    """The built-in embedder, loaded once."""
    return MiniLM()


@pytest.fixture
def room(minilm: Embedder) -> Room:
    """A room of its own for each test."""
    return Room(minilm)


async def until(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    async with asyncio.timeout(20):
        while await ask() != wanted:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def texts(rows: Sequence[Interaction]) -> list[str]:
    return [row.text for row in rows]


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
    stem.cache_clear()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(stem, words))
    finally:
        sys.setswitchinterval(interval)
    stem.cache_clear()
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
    assert "My card was charged twice." not in await room.search("billed double")
    await room.index()
    assert (await room.search("billed double"))[0] == "My card was charged twice."


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
    found = await room.retriever.search(TENANT, [ANNA], "parcel", up_to_seq=head, limit=10)
    assert [one.interaction.text for one in found] == ["my parcel is lost"]


async def test_a_question_that_nothing_answers_finds_nothing(room: Room) -> None:
    await room.file(draft("Please change the language of the app to Danish."))
    await room.index()
    assert await room.search("zebra crossing") == []
    assert await room.search("  ") == []


async def test_scores_are_shares_and_the_best_comes_first_up_to_the_limit(room: Room) -> None:
    await room.file(*(draft(f"invoice number {number} is wrong", conversation_id=str(number)) for number in range(8)))
    await room.index()
    head = await room.ledger.head(TENANT)
    found = await room.retriever.search(TENANT, [ANNA], "is invoice 5 wrong?", up_to_seq=head, limit=3)
    scores = [one.score for one in found]
    assert len(found) == 3
    assert found[0].interaction.text == "invoice number 5 is wrong"
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


async def test_a_redacted_interaction_is_not_found_by_its_vector_or_by_its_neighbours(room: Room) -> None:
    rows = await room.file(draft("my card was charged twice"), draft("card 4111"), draft("charged twice, really"))
    await room.index()
    redacted = rows[1].model_copy(update={"redacted": True})
    found = await room.retriever.rank(TENANT, [rows[0], redacted, rows[2]], "card charged twice", limit=10)
    assert redacted not in [one.interaction for one in found.passages]
    assert len(found.passages) == 2


async def test_without_vectors_words_decide_and_the_answer_says_so(minilm: Embedder) -> None:
    vectors = FailingVectors(failures=1)
    room = Room(minilm, vectors)
    rows = await room.file(draft("the heating is cold"))
    found = await room.retriever.rank(TENANT, rows, "heating", limit=5)
    assert [one.interaction.text for one in found.passages] == ["the heating is cold"]
    assert not found.by_meaning


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
        found = await room.retriever.rank(TENANT, rows, "heating", limit=5)
    assert found.passages
    assert not found.by_meaning


async def test_vectors_of_another_length_are_passed_over(room: Room) -> None:
    rows = await room.file(draft("the heating is cold"))
    await room.vectors.put(TENANT, [rows[0].interaction_id], np.ones((1, 5), np.float32))
    found = await room.retriever.rank(TENANT, rows, "heating", limit=5)
    assert found.passages
    assert found.by_meaning


# --- gathering --------------------------------------------------------------------------------------------------------


async def test_a_snapshot_holds_the_conversation_at_hand_and_what_came_before_in_the_order_it_happened(
    room: Room,
) -> None:
    later = START + timedelta(days=2)
    await room.file(
        draft("second at hand", conversation_id="now", occurred_at=later + timedelta(minutes=1)),
        draft("first at hand", conversation_id="now", occurred_at=later),
        draft("from another day", conversation_id="then", channel=Channel.EMAIL, occurred_at=START),
        draft("without a conversation", conversation_id=None, occurred_at=START + timedelta(days=1)),
    )
    await room.file(draft("of somebody else", conversation_id="foreign"), customer=BERT)
    snapshot = await room.gather("now")
    assert texts(snapshot.conversation) == ["first at hand", "second at hand"]
    assert texts(snapshot.prior) == ["from another day", "without a conversation"]
    assert snapshot.as_of_seq == 5
    assert snapshot.conversation_id == "now"


async def test_a_snapshot_holds_both_sides_of_customers_who_were_joined(room: Room) -> None:
    await room.file(draft("on the phone", conversation_id="one"))
    await room.file(draft("on the web", conversation_id="two"), customer=BERT)
    merge = MergeRecord(merge_id="mrg_1", survivor=ANNA, absorbed=BERT, at=START, reason="test")
    async with room.ledger.transaction(TENANT) as transaction:
        await transaction.apply(Changes(merges=(merge,)))
    snapshot = await room.gather("one")
    assert texts(snapshot.prior) == ["on the web"]


async def test_what_is_written_while_a_snapshot_is_gathered_is_not_half_in_it(minilm: Embedder) -> None:
    class BusyLedger(MemoryLedger):
        busy = True

        async def head(self, tenant: str) -> int:
            head = await super().head(tenant)
            if self.busy:
                self.busy = False
                await room.file(draft("just now", conversation_id="now"))
            return head

    room = Room(minilm, ledger=BusyLedger())
    await room.file(draft("a while ago", conversation_id="now"))
    snapshot = await room.gather("now")
    assert snapshot.as_of_seq == 1
    assert texts(snapshot.conversation) == ["a while ago"]


async def test_without_a_conversation_it_is_the_one_of_the_newest_interaction(room: Room) -> None:
    await room.file(
        draft("older", conversation_id="older"),
        draft("newer", conversation_id="newer"),
        draft("newest", conversation_id="newer"),
    )
    snapshot = await room.gather(None)
    assert snapshot.conversation_id == "newer"
    assert texts(snapshot.conversation) == ["newer", "newest"]
    assert texts(snapshot.prior) == ["older"]


async def test_interactions_without_a_conversation_belong_together_until_a_long_pause(room: Room) -> None:
    def visit(text: str, minutes: int, conversation_id: str | None = None) -> InteractionDraft:
        return draft(text, conversation_id=conversation_id, occurred_at=START + timedelta(minutes=minutes))

    await room.file(visit("yesterday", 0), visit("came in", 60), visit("a call", 70, "call"), visit("went on", 85))
    snapshot = await room.gather(None)
    assert snapshot.conversation_id is None
    assert texts(snapshot.conversation) == ["came in", "went on"]
    assert texts(snapshot.prior) == ["yesterday", "a call"]


async def test_a_conversation_in_which_nothing_was_said_yet_gives_way_to_the_newest(room: Room) -> None:
    await room.file(draft("in the chat", conversation_id="chat"))
    snapshot = await room.gather("a call that is just connecting")
    assert snapshot.conversation_id == "chat"
    assert texts(snapshot.conversation) == ["in the chat"]


async def test_a_customer_without_interactions_has_an_empty_snapshot(room: Room) -> None:
    snapshot = await room.gather(None)
    assert snapshot.conversation == ()
    assert snapshot.as_of_seq == 0
    assert snapshot.now == START


async def test_of_a_very_long_conversation_the_opening_and_the_newest_turns_are_kept(room: Room) -> None:
    count = MAX_CONVERSATION + 50
    await room.file(*(draft(f"turn {number}", conversation_id="long") for number in range(count)))
    kept = texts((await room.gather("long")).conversation)
    assert len(kept) == MAX_CONVERSATION
    assert kept[:OPENING] == [f"turn {number}" for number in range(OPENING)]
    assert kept[OPENING:] == [f"turn {number}" for number in range(count - MAX_CONVERSATION + OPENING, count)]


async def test_nothing_later_than_an_explicit_moment_is_taken_into_account(room: Room) -> None:
    moment = START + timedelta(minutes=1)
    await room.file(
        draft("early elsewhere", conversation_id="before"),
        draft("in time", conversation_id="now"),
        draft("too late", conversation_id="now"),
        draft("too late elsewhere", conversation_id="after"),
    )
    snapshot = await room.gather("now", cutoff=moment)
    assert texts(snapshot.conversation) == ["in time"]
    assert texts(snapshot.prior) == ["early elsewhere"]
    assert snapshot.now == moment


async def test_a_moment_long_ago_is_found_behind_a_long_history_since(room: Room) -> None:
    await room.file(draft("in time", conversation_id="now"))
    since = (START + timedelta(days=1, minutes=place) for place in range(MAX_HISTORY + 1))
    await room.file(*(draft("too late", conversation_id="after", occurred_at=at) for at in since))
    snapshot = await room.gather(None, cutoff=START)
    assert texts(snapshot.conversation) == ["in time"]
    assert snapshot.prior == ()


async def test_without_an_explicit_moment_it_is_never_earlier_than_what_happened(room: Room) -> None:
    await room.file(draft("hello", conversation_id="now", occurred_at=START + timedelta(hours=3)))
    assert (await room.gather("now")).now == START + timedelta(hours=3)


async def test_for_a_customer_with_one_conversation_nothing_is_embedded(minilm: Embedder) -> None:
    embedder = CountingEmbedder(minilm)
    room = Room(embedder)
    await room.file(draft("my parcel is lost"), draft("where is it?"))
    snapshot = await room.gather("c1")
    assert embedder.asked == []
    assert snapshot.retrieval_available


async def old_matter(room: Room) -> list[Interaction]:
    """An old conversation about a refund, and much small talk of other conversations since."""
    old = await room.file(
        draft("good morning", conversation_id="old"),
        draft("I was promised a refund for the broken kettle", conversation_id="old"),
        draft("yes, by Friday", actor=Actor.AGENT, conversation_id="old"),
        draft("have a nice day", conversation_id="old"),
    )
    await small_talk(room)
    await room.file(
        draft("Where is the refund for my kettle?", conversation_id="now", occurred_at=START + LATER),
        draft("yes please", conversation_id="now", occurred_at=START + LATER + timedelta(minutes=1)),
    )
    return old


async def small_talk(room: Room) -> None:
    """More conversations about nothing than the newest that a snapshot holds."""
    for number in range(2 * MAX_RECENT):
        at = START + timedelta(days=1, hours=number)
        await room.file(draft(f"small talk {number}", conversation_id=f"talk {number}", occurred_at=at))


async def test_an_old_matter_that_the_customer_returns_to_is_found_with_what_stands_beside_it(room: Room) -> None:
    old = await old_matter(room)
    await room.index()
    snapshot = await room.gather("now")
    assert snapshot.history[0].interaction == old[1]
    assert [row for row in snapshot.prior if row in old[:3]] == old[:3]
    assert list(snapshot.prior) == sorted(snapshot.prior, key=lambda row: row.occurred_at)
    assert len(snapshot.prior) <= 120
    assert snapshot.retrieval_available


async def test_what_was_said_before_and_after_the_best_hits_comes_with_them(room: Room) -> None:
    old = await room.file(
        draft("good morning", conversation_id="old"),
        draft("My card was charged twice.", conversation_id="old"),
        draft("the weather is nice", conversation_id="old"),
        draft("see you next year", conversation_id="old"),
    )
    await small_talk(room)
    await room.file(draft("somebody billed me double again", conversation_id="now", occurred_at=START + LATER))
    await room.index()
    snapshot = await room.gather("now")
    assert [one.interaction for one in snapshot.history] == [old[1]]
    assert [row for row in snapshot.prior if row in old] == old[:3]


async def test_every_hit_comes_with_the_snapshot_however_old(room: Room) -> None:
    old = await room.file(*(draft(f"kettle {place}", conversation_id=f"old {place}") for place in range(9)))
    await small_talk(room)
    await room.file(draft("Is the broken kettle repaired?", conversation_id="now", occurred_at=START + LATER))
    snapshot = await room.gather("now")
    assert [row for row in snapshot.prior if row in old] == old


async def test_a_plain_yes_does_not_say_what_a_case_is_about(minilm: Embedder) -> None:
    embedder = CountingEmbedder(minilm)
    await old_matter(room := Room(embedder))
    await room.gather("now")
    assert embedder.asked == ["Where is the refund for my kettle?"]


async def test_an_index_that_lags_is_no_failure_and_one_that_fails_is_told(minilm: Embedder) -> None:
    lagging, failing = Room(minilm), Room(minilm, FailingVectors(failures=1))
    for room, available in ((lagging, True), (failing, False)):
        old = await old_matter(room)
        snapshot = await room.gather("now")
        assert snapshot.retrieval_available is available
        assert snapshot.history[0].interaction == old[1]


async def test_what_a_customer_did_says_what_the_case_is_about_when_nothing_was_said(room: Room) -> None:
    step = {"kind": Kind.EVENT, "name": "download_contract", "outcome": Outcome.FAILED}
    await room.file(
        draft("I need my contract as a file", conversation_id="before"),
        draft("what is the weather like", conversation_id="before that"),
        draft(conversation_id="now", channel=Channel.APP, **step),
    )
    assert (await room.gather("now")).history[0].interaction.text == "I need my contract as a file"


async def test_the_cost_of_a_snapshot_stays_flat_as_the_history_grows(minilm: Embedder) -> None:
    ledger = ReadingLedger()
    room = Room(CountingEmbedder(minilm), ledger=ledger)
    count = 3 * MAX_HISTORY
    await room.file(*(draft(f"talk {number}", conversation_id=str(number // 10)) for number in range(count)))
    for cutoff in (None, START + timedelta(days=7)):
        ledger.read = 0
        snapshot = await room.gather(str(count // 10 - 1), cutoff=cutoff)
        assert ledger.read <= MAX_HISTORY + MAX_CONVERSATION
        assert len(snapshot.prior) <= 120


async def test_a_window_is_the_newest_turns_of_one_conversation_under_the_surviving_customer(room: Room) -> None:
    await room.file(draft("on the phone"), customer=BERT)
    rows = await room.file(*(draft(f"turn {number}", conversation_id="now") for number in range(5)))
    merge = MergeRecord(merge_id="mrg_1", survivor=BERT, absorbed=ANNA, at=START, reason="test")
    async with room.ledger.transaction(TENANT) as transaction:
        await transaction.apply(Changes(merges=(merge,)))
    snapshot = await room.gatherer.window(TENANT, ANNA, "now", limit=3)
    assert texts(snapshot.conversation) == ["turn 2", "turn 3", "turn 4"]
    assert snapshot.customer.customer_id == BERT
    assert snapshot.now == rows[-1].occurred_at
    assert snapshot.as_of_seq == rows[-1].seq
    judged = await room.gatherer.window(TENANT, ANNA, "now", limit=3, now=START + timedelta(days=1))
    assert judged.now == START + timedelta(days=1)


# --- the index --------------------------------------------------------------------------------------------------------


async def test_what_was_said_is_indexed_and_what_tools_say_is_not(room: Room) -> None:
    said = await room.file(draft("hello"), draft("a note", kind=Kind.NOTE, actor=Actor.AGENT))
    await room.file(
        draft("  "),
        draft('{"status": "ok"}', kind=Kind.TOOL_RESULT, actor=Actor.SYSTEM),
        draft(kind=Kind.EVENT, name="page_view"),
    )
    await room.file(draft("elsewhere"), tenant="other", customer="cus_o")
    async with room.indexing() as indexer:
        assert set(await room.vectors.get(TENANT, [row.interaction_id for row in said])) == {
            row.interaction_id for row in said
        }
        assert await room.vectors.count() == 3
        assert indexer.check().status == "ok"


async def test_an_indexer_that_is_woken_takes_what_was_written_since(room: Room) -> None:
    await room.file(draft("good morning"))
    async with room.indexing() as indexer:
        await room.file(draft("hello"))
        indexer.wake()
        async with asyncio.timeout(POLL_S / 2):
            await until(room.vectors.count, 2)
        await until(indexer.lag, 0)


async def test_an_index_goes_on_where_it_stopped(room: Room, minilm: Embedder) -> None:
    await room.file(draft("before"))
    await room.index()
    await room.file(draft("after"))
    embedder = CountingEmbedder(minilm)
    async with room.indexing(embedder):
        assert embedder.asked == ["after"]
    assert await room.vectors.count() == 2


async def test_another_embedder_makes_the_whole_index_anew(room: Room, minilm: Embedder) -> None:
    await room.file(draft("before"))
    await room.vectors.put(TENANT, ["of a former model"], np.ones((1, 5), np.float32))
    await file_watermark(room.archive, 1, "a former model")
    async with room.indexing(CountingEmbedder(minilm, name="another model")):
        assert await room.vectors.count() == 1
        assert dict(await room.vectors.get(TENANT, ["of a former model"])) == {}


async def test_a_vector_store_that_was_lost_is_filled_again(room: Room) -> None:
    await room.file(draft("before"))
    await room.index()
    await room.vectors.clear()
    async with room.indexing():
        await until(room.vectors.count, 1)


async def test_a_failure_shows_in_the_check_without_a_customers_words_and_is_got_over(
    minilm: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    room = Room(minilm, FailingVectors(failures=1))
    await room.file(draft("my secret number is 4711"))
    indexer = Indexer(room.ledger, room.archive, room.vectors, minilm)
    assert indexer.check().status == "loading"
    indexer.start()

    async def status() -> str:
        return indexer.check().status

    await until(status, "degraded")
    assert indexer.check().detail == "The vector store does not answer."
    await until(status, "ok")
    assert await room.vectors.count() == 1
    assert await indexer.lag() == 0
    await indexer.close()
    assert "RetrievalUnavailable" in caplog.text
    assert "4711" not in caplog.text


async def test_an_index_that_cannot_warm_up_says_so_and_closes_at_once(minilm: Embedder) -> None:
    room = Room(minilm, FailingVectors(failures=1_000_000))
    await room.file(draft("hello"))
    indexer = Indexer(room.ledger, room.archive, room.vectors, minilm)
    await indexer.warm_up()
    assert indexer.check().status == "degraded"
    indexer.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await indexer.close()
    assert await indexer.lag() == 1


async def test_a_folder_that_another_process_uses_leaves_retrieval_by_words(minilm: Embedder, tmp_path: Path) -> None:
    first, second = ChromaVectors(tmp_path), ChromaVectors(tmp_path)
    await first.count()
    room = Room(minilm, second)
    rows = await room.file(draft("the heating is cold"))
    indexer = Indexer(room.ledger, room.archive, second, minilm)
    await indexer.warm_up()
    assert "Another Warmline process" in indexer.check().detail
    found = await room.retriever.rank(TENANT, rows, "heating", limit=5)
    assert found.passages
    assert not found.by_meaning
    await indexer.close()
    await first.close()
