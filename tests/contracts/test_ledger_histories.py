"""What every ledger tells of whole histories and of who is known by a name, run against each adapter of the port."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from app.adapters.memory import MemoryArchive, MemoryLedger
from app.adapters.sql import SqlStore
from app.models import Channel, Identifier, Kind
from app.ports import Archive, Changes, InteractionRef, Ledger, MergeRecord, NewHolding, NewInteraction
from tests.contracts.test_ledger import merge, rows
from tests.support.builders import START, draft


@pytest.fixture(params=["sqlite", "postgres", "memory"])
async def stores(request: pytest.FixtureRequest) -> AsyncGenerator[tuple[Ledger, Archive]]:
    if request.param == "memory":
        yield MemoryLedger(), MemoryArchive()
        return
    store = SqlStore(request.getfixturevalue(request.param))
    yield store, store
    await store.close()


@pytest.fixture
def ledger(stores: tuple[Ledger, Archive]) -> Ledger:
    return stores[0]


@pytest.fixture
def archive(stores: tuple[Ledger, Archive]) -> Archive:
    return stores[1]


async def write(ledger: Ledger, changes: Changes, tenant: str = "t") -> None:
    async with ledger.transaction(tenant) as transaction:
        await transaction.apply(changes)


def new(number: int, identity_id: str = "cus_1", **fields: Any) -> NewInteraction:
    draft_fields: dict[str, Any] = {"occurred_at": START} | fields
    name = f"int_{number}"
    return NewInteraction(
        interaction_id=name, identity_id=identity_id, draft=draft(**draft_fields), content_sha256=name
    )


def holding(identity_id: str, kind: str, value: str) -> NewHolding:
    return NewHolding(identity_id=identity_id, identifier=Identifier(type=kind, value=value))


async def test_an_outline_is_in_the_order_things_happened_whatever_offset_their_times_were_written_with(
    ledger: Ledger,
) -> None:
    west, east = timezone(timedelta(hours=-7)), timezone(timedelta(hours=9))
    filed = (
        new(1, occurred_at=datetime(2026, 3, 2, 23, 0, tzinfo=west)),  # 06:00 UTC of the day after
        new(2, occurred_at=datetime(2026, 3, 3, 14, 0, tzinfo=east), channel="voice", conversation_id="c1"),  # 05:00
        new(3, occurred_at=datetime(2026, 3, 3, 5, 30, tzinfo=UTC), kind="event", name="login"),
        new(4, "cus_2", occurred_at=datetime(2026, 3, 3, 5, 0, tzinfo=UTC)),
        new(5, "cus_3"),
    )
    await write(ledger, Changes(new_identities=("cus_1", "cus_2", "cus_3"), interactions=filed))
    outline = await ledger.outline("t", ["cus_1", "cus_2"], up_to_seq=9)
    assert [outlined_row.interaction_id for outlined_row in outline] == ["int_2", "int_4", "int_3", "int_1"]
    at = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
    assert outline[0] == InteractionRef(at, 2, "int_2", Channel.VOICE, Kind.MESSAGE, "c1")
    assert outline[2].kind is Kind.EVENT
    assert [outlined_row.seq for outlined_row in await ledger.outline("t", ["cus_1"], up_to_seq=2)] == [2, 1]
    assert list(await ledger.outline("other", ["cus_1"], up_to_seq=9)) == []


async def test_an_outline_of_conversations_holds_the_newest_of_each_in_the_order_they_happened(ledger: Ledger) -> None:
    east = timezone(timedelta(hours=9))
    filed = (
        new(1, conversation_id="c1", occurred_at=START + timedelta(hours=9)),
        new(2, "cus_2", conversation_id="c1", occurred_at=START + timedelta(hours=3)),
        new(3, conversation_id="c1", occurred_at=(START + timedelta(hours=1)).astimezone(east)),
        new(4, conversation_id="c2", occurred_at=START + timedelta(hours=2)),
        new(5, conversation_id="c1", occurred_at=START),
    )
    await write(ledger, Changes(new_identities=("cus_1", "cus_2"), interactions=filed))
    outline = await ledger.outline_of_conversations("t", ["c1", "c2", "unknown"], up_to_seq=4, limit=2)
    assert [outlined_row.interaction_id for outlined_row in outline] == ["int_3", "int_4", "int_2"]
    assert list(await ledger.outline_of_conversations("other", ["c1"], up_to_seq=9, limit=2)) == []


async def test_who_holds_a_value_is_told_under_every_type_with_the_customer_it_leads_to(ledger: Ledger) -> None:
    merge = MergeRecord(merge_id="mrg_1", survivor="cus_1", absorbed="cus_2", at=START, reason="a test")
    holdings = (
        holding("cus_1", "email", "a@x.example"),
        holding("cus_2", "account_id", "77"),
        holding("cus_3", "loyalty", "77"),
    )
    await write(ledger, Changes(new_identities=("cus_1", "cus_2", "cus_3"), holdings=holdings, merges=(merge,)))
    holders = await ledger.holders("t", ["77", "nobody"])
    assert [(holder.identity_id, holder.customer_id, holder.identifier.type) for holder in holders] == [
        ("cus_2", "cus_1", "account_id"),
        ("cus_3", "cus_3", "loyalty"),
    ]
    assert list(await ledger.holders("other", ["77"])) == []
    assert list(await ledger.holders("t", [])) == []


async def test_words_are_found_in_text_and_data_and_as_a_callers_id_the_newest_first(ledger: Ledger) -> None:
    filed = (
        new(1, text="About order ORD-70331"),
        new(2, text="Nothing of the kind"),
        new(3, "cus_2", data={"order": {"id": "ord-70331"}}),
        new(4, "cus_2", id="ORD-70331"),
        new(5, "cus_2", text="100% sure, a_b"),
    )
    await write(ledger, Changes(new_identities=("cus_1", "cus_2"), interactions=filed))

    async def mentions(words: str, among: int = 100, limit: int = 10) -> list[int]:
        return [interaction.seq for interaction in await ledger.mentioning("t", words, among=among, limit=limit)]

    assert await mentions("ord-70331") == [3, 1]
    assert await mentions("ORD-70331") == [4, 3, 1]
    assert await mentions("ORD-70331", limit=2) == [4, 3]
    assert await mentions("ORD-70331", among=3) == [4, 3]
    assert await mentions("100%") == [5]
    assert await mentions("1%0") == await mentions("aXb") == []
    assert await mentions("a_b") == [5]
    assert list(await ledger.mentioning("other", "order", among=100, limit=10)) == []


async def test_documents_of_several_customers_may_be_asked_for_between_two_keys(archive: Archive) -> None:
    for number in range(6):
        owner = "cus_1" if number % 2 else "cus_2"
        await archive.put("t", "decisions", f"dec_{number}", {"n": number}, customer_id=owner)
    await archive.put("t", "decisions", "dec_3x", {"n": 9}, customer_id="cus_3")
    await archive.put("t", "handoffs", "dec_3", {"n": 8}, customer_id="cus_1")
    await archive.put("t", "decisions", "dec_3", {"n": 33}, customer_id="cus_1")

    async def between(from_key: str, before_key: str, limit: int = 9, tenant: str = "t") -> list[int]:
        owners = ["cus_1", "cus_2"]
        documents = await archive.between(tenant, "decisions", owners, from_key, before_key, limit=limit)
        return [document["n"] for document in documents]

    assert await between("dec_2", "dec_5") == [4, 33, 2]
    assert await between("dec_2", "dec_5", limit=2) == [4, 33]
    assert await between("dec_", "dec_1") == [0]
    assert await between("dec_", "dec_`") == [5, 4, 33, 2, 1, 0]
    assert await between("dec_", "dec_9", tenant="other") == []
    assert list(await archive.between("t", "decisions", [], "dec_", "dec_9", limit=9)) == []


async def test_each_conversation_is_listed_once_by_its_newest_interaction(ledger: Ledger) -> None:
    named = ["c1", "c2", None, "c1", "c3"]
    new_interactions = [new(number, conversation_id=name) for number, name in enumerate(named)]
    await write(ledger, rows(*new_interactions, identities=["cus_1"]), "a")
    await write(ledger, rows(new(9, "cus_9", conversation_id="c1"), identities=["cus_9"]), "b")
    newest = await ledger.last_of_conversations("a", limit=2)
    assert [row.interaction_id for row in newest] == ["int_4", "int_3"]
    older = await ledger.last_of_conversations("a", before_seq=newest[-1].seq, limit=2)
    assert [row.interaction_id for row in older] == ["int_1"]


async def test_customers_are_listed_newest_first_without_those_merged_away(ledger: Ledger) -> None:
    await write(ledger, rows(new(1), identities=["cus_1", "cus_2", "cus_3", "cus_4"]), "a")
    await write(ledger, Changes(merges=(merge("mrg_1", "cus_1", "cus_3"),)), "a")
    assert list(await ledger.customers("a", limit=2)) == ["cus_4", "cus_2"]
    assert list(await ledger.customers("a", before="cus_2", limit=2)) == ["cus_1"]
    assert list(await ledger.customers("b", limit=2)) == []
