"""What every ledger and every archive forgets, run against each adapter of the two ports."""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import NamedTuple

import pytest

from app.adapters.memory import MemoryArchive, MemoryLedger
from app.adapters.sql import SqlStore
from app.ids import made_at, new_id
from app.models import Channel, Identifier, Interaction, Participant
from app.ports import Archive, Changes, Ledger, MergeRecord, NewAnalysis, NewHolding, NewInteraction
from tests.support.builders import START, draft


class Stores(NamedTuple):
    """A ledger and the archive beside it."""

    ledger: Ledger
    archive: Archive


@pytest.fixture(params=["sqlite", "postgres", "memory"])
async def stores(request: pytest.FixtureRequest) -> AsyncGenerator[Stores]:
    if request.param == "memory":
        yield Stores(MemoryLedger(), MemoryArchive())
        return
    on_postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres" if on_postgres else "sqlite")
    store = SqlStore(url)
    yield Stores(store, store)
    await store.close()


def new(interaction_id: str, identity_id: str, **fields: object) -> NewInteraction:
    sent = draft("Some words.", **({"occurred_at": START} | fields))
    return NewInteraction(
        interaction_id=interaction_id, identity_id=identity_id, draft=sent, content_sha256=f"sha of {interaction_id}"
    )


def new_holding(identity_id: str, value: str, interaction_id: str | None = None) -> NewHolding:
    identifier = Identifier(type="email", value=value, verified=True)
    return NewHolding(identity_id=identity_id, identifier=identifier, interaction_id=interaction_id)


def merge(survivor: str, absorbed: str) -> MergeRecord:
    return MergeRecord(
        merge_id=f"mrg_{survivor}_{absorbed}", survivor=survivor, absorbed=absorbed, at=START, reason="a test"
    )


async def write(ledger: Ledger, tenant: str, **changes: object) -> None:
    async with ledger.transaction(tenant) as transaction:
        await transaction.apply(Changes(**changes))  # pyright: ignore[reportArgumentType]


def analyses(rows: Sequence[Interaction]) -> list[str | None]:
    """What was filed as read off the texts of these rows."""
    return [getattr(row, "analysis", None) for row in rows]


async def two_customers(ledger: Ledger) -> None:
    """cus_1 with cus_2 joined to it, and cus_3; all of them spoke in c-shared, cus_3 before the others."""
    await write(
        ledger,
        "t",
        new_identities=("cus_1", "cus_2", "cus_3"),
        holdings=(
            new_holding("cus_1", "one@x.example"),
            new_holding("cus_2", "two@x.example"),
            new_holding("cus_3", "three@x.example"),
        ),
        merges=(merge("cus_1", "cus_2"),),
        interactions=(
            new("int_1", "cus_3", conversation_id="c-shared"),
            new("int_2", "cus_1", conversation_id="c-own", id="mine"),
            new("int_3", "cus_2", conversation_id="c-shared"),
        ),
    )


async def test_an_erased_customer_is_gone_with_all_that_was_joined_to_it(stores: Stores) -> None:
    ledger = stores.ledger
    await two_customers(ledger)

    erased = await ledger.erase("t", "cus_1")

    assert erased.identity_ids == ("cus_1", "cus_2")
    assert sorted(erased.interaction_ids) == ["int_2", "int_3"]
    assert (erased.identifiers, erased.merges, erased.conversations, erased.identities) == (2, 1, 2, 2)
    assert [await ledger.customer_of("t", customer_id) for customer_id in ("cus_1", "cus_2", "cus_3")] == [
        None,
        None,
        "cus_3",
    ]
    assert list(await ledger.interactions("t", ["cus_1", "cus_2"])) == []
    assert list(await ledger.holdings_of("t", ["cus_1", "cus_2"])) == []
    assert list(await ledger.merges_of("t", ["cus_1", "cus_2"])) == []
    assert [interaction.interaction_id for interaction in await ledger.interactions("t", ["cus_3"])] == ["int_1"]
    assert len(await ledger.holdings_of("t", ["cus_3"])) == 1


async def test_a_conversation_goes_to_whoever_else_spoke_in_it(stores: Stores) -> None:
    await two_customers(stores.ledger)
    await stores.ledger.erase("t", "cus_1")
    seat = await stores.ledger.seat_of("t", "c-shared")
    assert seat is not None
    assert seat.identity_id == "cus_3"
    assert await stores.ledger.seat_of("t", "c-own") is None


async def test_removed_rows_leave_their_seq(stores: Stores) -> None:
    ledger = stores.ledger
    await two_customers(ledger)
    last = await ledger.last_position()
    await ledger.erase("t", "cus_1")
    assert await ledger.head("t") == 3
    await write(ledger, "t", interactions=(new("int_4", "cus_3", id="mine"),))
    assert [interaction.seq for interaction in await ledger.interactions("t", ["cus_3"])] == [1, 4]
    rows = await ledger.after_position(0, 10)
    assert [row.interaction_id for _, _, row in rows] == ["int_1", "int_4"]
    assert rows[-1][0] == await ledger.last_position() > last
    assert len(await ledger.after_position(0, 1)) == 1


async def test_an_id_that_leads_nowhere_or_belongs_to_another_tenant_erases_nothing(stores: Stores) -> None:
    await two_customers(stores.ledger)
    assert not (await stores.ledger.erase("other", "cus_1")).identity_ids
    assert not (await stores.ledger.erase("t", "cus_9")).identity_ids
    assert len(await stores.ledger.interactions("t", ["cus_1", "cus_2", "cus_3"])) == 3


async def test_a_blanked_row_keeps_its_ids_and_its_seq_and_nothing_it_said(stores: Stores) -> None:
    ledger = stores.ledger
    identifiers = (Identifier(type="email", value="one@x.example"),)
    who = Participant(name="Maria Lopez", id="u-17")
    row = new(
        "int_1", "cus_1", id="mine", data={"page": "/a"}, identifiers=identifiers, conversation_id="c", participant=who
    )
    await write(ledger, "t", new_identities=("cus_1",), interactions=(row,))
    assert [filed.participant for filed in await ledger.by_ids("t", ["int_1"])] == [who]

    blanked = await ledger.redact("t", "int_1")

    assert blanked is not None
    assert (blanked.id, blanked.seq, blanked.conversation_id, blanked.redacted) == ("mine", 1, "c", True)
    assert (blanked.text, dict(blanked.data), blanked.participant) == ("", {}, None)
    assert [(identifier.type, identifier.value) for identifier in blanked.identifiers] == [("email", "[redacted]")]
    assert list(await ledger.by_ids("t", ["int_1"])) == [blanked]
    assert await ledger.redact("t", "int_9") is None
    assert await ledger.redact("other", "int_1") is None


async def test_what_was_read_off_a_text_goes_when_the_row_is_blanked(stores: Stores) -> None:
    ledger = stores.ledger
    await write(ledger, "t", new_identities=("cus_1",), interactions=(new("int_1", "cus_1", conversation_id="c"),))
    [row] = await ledger.by_ids("t", ["int_1"])
    read = NewAnalysis("int_1", row.text, '["1","Some words."]')
    await ledger.file_analyses("t", [read])
    assert analyses(await ledger.by_ids("t", ["int_1"])) == [read.analysis]

    blanked = await ledger.redact("t", "int_1")

    assert blanked is not None
    assert analyses([blanked, *await ledger.by_ids("t", ["int_1"])]) == [None, None]


async def test_an_analysis_of_a_text_that_was_blanked_or_reworded_meanwhile_is_not_filed(stores: Stores) -> None:
    ledger = stores.ledger
    rows = tuple(new(f"int_{number}", "cus_1") for number in range(4))
    await write(ledger, "t", new_identities=("cus_1",), interactions=rows)
    before = await ledger.by_ids("t", [row.interaction_id for row in rows])
    reworded = before[1].model_copy(update={"text": "Other words."})
    await ledger.redact("t", "int_0")
    await ledger.reword("t", [reworded])
    await ledger.erase_rows("t", ["int_2"])

    await ledger.file_analyses("t", [NewAnalysis(row.interaction_id, row.text, "[]") for row in before])
    await ledger.file_analyses("other", [NewAnalysis("int_3", before[3].text, "[0]")])

    after = await ledger.by_ids("t", [row.interaction_id for row in rows])
    assert [row.interaction_id for row in after] == ["int_0", "int_1", "int_3"]
    assert analyses(after) == [None, None, "[]"]
    await ledger.file_analyses("t", [NewAnalysis("int_1", "Other words.", "[1]"), NewAnalysis("int_0", "", "[2]")])
    assert analyses(await ledger.by_ids("t", ["int_0", "int_1"])) == [None, "[1]"]
    await ledger.reword("t", [reworded.model_copy(update={"text": "Words again."})])
    assert analyses(await ledger.by_ids("t", ["int_1"])) == [None]


async def test_rows_are_removed_and_whose_they_were_stays(stores: Stores) -> None:
    ledger = stores.ledger
    row = new("int_1", "cus_1", id="mine")
    await write(ledger, "t", new_identities=("cus_1",), interactions=(row,))
    await write(ledger, "t", holdings=(new_holding("cus_1", "one@x.example", "int_1"),))

    assert await ledger.erase_rows("t", ["int_1", "int_9"]) == 1

    assert list(await ledger.by_ids("t", ["int_1"])) == []
    [holding] = await ledger.holdings_of("t", ["cus_1"])
    assert holding.interaction_id is None
    assert await ledger.customer_of("t", "cus_1") == "cus_1"
    async with ledger.transaction("t") as transaction:
        assert not (await transaction.recorded(caller_ids=["mine"])).filed


async def test_rows_expire_by_channel_and_by_the_moment_they_happened_whatever_their_offset(stores: Stores) -> None:
    ledger = stores.ledger
    moments = [START - timedelta(days=3), START - timedelta(seconds=1), START, START + timedelta(days=1)]
    rows = [
        new(f"int_{number}{channel}", "cus_1", occurred_at=moment, channel=channel)
        for channel in (Channel.CHAT, Channel.VOICE)
        for number, moment in enumerate(moments)
    ]
    await write(ledger, "t", new_identities=("cus_1",), interactions=tuple(rows))

    interactions = await ledger.expired("t", [Channel.CHAT], START)
    assert [interaction.interaction_id for interaction in interactions] == ["int_0chat", "int_1chat"]
    page = await ledger.expired("t", [Channel.CHAT, Channel.VOICE], START, limit=3)
    rest = await ledger.expired("t", [Channel.CHAT, Channel.VOICE], START, after_seq=page[-1].seq, limit=3)
    assert [interaction.seq for interaction in (*page, *rest)] == [1, 2, 5, 6]
    assert list(await ledger.expired("other", [Channel.CHAT], START)) == []


async def test_documents_go_with_their_customer_or_with_the_ids_they_name(stores: Stores) -> None:
    archive = stores.archive
    filed = {
        "theirs": ("cus_1", {"text": "anything"}),
        "named": ("cus_2", {"evidence": ["int_7", "int_1"]}),
        "not_named": ("cus_2", {"evidence": ["int_11"]}),
        "nobodys": (None, {"results": [{"customer_id": "cus_1"}]}),
        "anothers": ("cus_3", {"evidence": ["int_1"]}),
    }
    for tenant in ("t", "other"):
        for key, (owner, document) in filed.items():
            await archive.put(tenant, "handoffs", key, document, customer_id=owner)
    await archive.put("t", "replies", "/customers/cus_1/merge a-key", {}, customer_id=None)

    counts = await archive.erase_documents("t", ["cus_1"], naming=["int_1", "cus_1"], owners=["cus_2"])

    assert dict(counts) == {"handoffs": 3, "replies": 1}
    assert [key for key, _ in await archive.page("t", "handoffs")] == ["anothers", "not_named"]
    assert len(await archive.page("other", "handoffs")) == 5


async def test_what_was_made_since_a_moment_stays_unless_it_names_a_document_that_goes(stores: Stores) -> None:
    archive, earlier, later = stores.archive, new_id("hnd"), f"hnd_{'f' * 32}"
    for handoff_id in (earlier, later):
        await archive.put("t", "handoffs", handoff_id, {"evidence": ["int_1"]}, customer_id="cus_2")
    await archive.put("t", "feedback", f"fbk_{'f' * 32}", {"handoff_id": earlier}, customer_id="cus_2")
    moment = made_at(earlier) + timedelta(milliseconds=1)

    await archive.erase_documents("t", (), naming=["int_1"], owners=["cus_2"], made_before=moment)

    assert [key for key, _ in await archive.page("t", "handoffs")] == [later]
    assert await archive.page("t", "feedback") == []
