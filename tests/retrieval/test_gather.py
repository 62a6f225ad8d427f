"""Gathering what is known of one customer's case into a snapshot."""

from datetime import timedelta

import pytest

from app.adapters.embeddings import MiniLM
from app.adapters.memory import MemoryLedger
from app.models import Actor, Channel, Interaction, InteractionDraft, Kind, Outcome
from app.ports import Embedder
from app.retrieval.gather import MAX_CONVERSATION, MAX_HISTORY, MAX_RECENT, OPENING
from tests.support.builders import START, draft
from tests.support.retrieval_room import (
    ANNA,
    BERT,
    TENANT,
    CountingEmbedder,
    FailingVectors,
    ReadingLedger,
    Room,
    texts,
)

LATER = timedelta(days=30)


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    """The built-in embedder, loaded once."""
    return MiniLM()


@pytest.fixture
def room(minilm: Embedder) -> Room:
    """A room of its own for each test."""
    return Room(minilm)


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
    await room.merge(ANNA, BERT)
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
    turns = texts((await room.gather("long")).conversation)
    assert len(turns) == MAX_CONVERSATION
    assert turns[:OPENING] == [f"turn {number}" for number in range(OPENING)]
    assert turns[OPENING:] == [f"turn {number}" for number in range(count - MAX_CONVERSATION + OPENING, count)]
    last = START + timedelta(minutes=count)
    assert texts((await room.gather("long", cutoff=last)).conversation) == turns


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
    since = (START + timedelta(days=1, minutes=index) for index in range(MAX_HISTORY + 1))
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
    assert [passage.interaction for passage in snapshot.history] == [old[1]]
    assert [row for row in snapshot.prior if row in old] == old[:3]


async def test_every_hit_comes_with_the_snapshot_however_old(room: Room) -> None:
    old = await room.file(*(draft(f"kettle {index}", conversation_id=f"old {index}") for index in range(9)))
    await small_talk(room)
    await room.file(draft("Is the broken kettle repaired?", conversation_id="now", occurred_at=START + LATER))
    snapshot = await room.gather("now")
    assert [row for row in snapshot.prior if row in old] == old


async def test_a_plain_yes_does_not_say_what_a_case_is_about(minilm: Embedder) -> None:
    embedder = CountingEmbedder(minilm)
    await old_matter(room := Room(embedder))
    await room.gather("now")
    assert embedder.asked[0] == "Where is the refund for my kettle?"


async def test_what_a_customer_came_with_and_said_last_says_what_a_case_is_about(minilm: Embedder) -> None:
    embedder = CountingEmbedder(minilm)
    room = Room(embedder)
    await room.file(draft("an older matter", conversation_id="before"))
    messages = ["my kettle leaks", "the lamp flickers", "a chair broke", "two cups cracked", "the table wobbles"]
    await room.file(*(draft(text, conversation_id="now") for text in messages))
    await room.gather("now")
    assert embedder.asked[0] == "\n".join([messages[0], *messages[-3:]])


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
    await room.merge(BERT, ANNA)
    snapshot = await room.gatherer.window(TENANT, ANNA, "now", limit=3)
    assert texts(snapshot.conversation) == ["turn 2", "turn 3", "turn 4"]
    assert snapshot.customer.customer_id == BERT
    assert snapshot.now == rows[-1].occurred_at
    assert snapshot.as_of_seq == rows[-1].seq
    judged = await room.gatherer.window(TENANT, ANNA, "now", limit=3, now=START + timedelta(days=1))
    assert judged.now == START + timedelta(days=1)
