"""What every store of journeys' digests does, run against each adapter of the port beside its ledger and archive."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import NamedTuple

import pytest

from app.adapters.memory import MemoryArchive, MemoryLedger
from app.adapters.memory_continuity import MemoryContinuity
from app.adapters.sql import SqlStore
from app.adapters.sql.continuity import SqlContinuity
from app.ports import Archive, Changes, Ledger, MergeRecord, NewInteraction
from app.ports.continuity import (
    ContinuityStore,
    Digest,
    Due,
    EscalationRow,
    Reading,
    ReadSignal,
    SpotRow,
    VisitRow,
)
from tests.support.builders import START, draft

ALL = 1000


class Stores(NamedTuple):
    """A store of digests, and the ledger and archive that they are of."""

    ledger: Ledger
    archive: Archive
    digests: ContinuityStore


@pytest.fixture(params=["sqlite", "postgres", "memory"])
async def stores(request: pytest.FixtureRequest) -> AsyncGenerator[Stores]:
    if request.param == "memory":
        ledger, archive = MemoryLedger(), MemoryArchive()
        yield Stores(ledger, archive, MemoryContinuity(ledger, archive))
        return
    on_postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres" if on_postgres else "sqlite")
    store = SqlStore(url)
    yield Stores(store, store, SqlContinuity(store))
    await store.close()


async def write(stores: Stores, tenant: str = "t", **changes: object) -> None:
    """Apply changes to the ledger."""
    async with stores.ledger.transaction(tenant) as transaction:
        await transaction.apply(Changes(**changes))  # pyright: ignore[reportArgumentType]


def new(interaction_id: str, identity_id: str, **fields: object) -> NewInteraction:
    """An interaction to be written."""
    sent = draft("Some words.", **({"occurred_at": START} | fields))
    return NewInteraction(
        interaction_id=interaction_id, identity_id=identity_id, draft=sent, content_sha256=f"sha of {interaction_id}"
    )


def joining(survivor: str, absorbed: str) -> MergeRecord:
    """A merge of two customers."""
    return MergeRecord(merge_id=f"mrg_{absorbed}", survivor=survivor, absorbed=absorbed, at=START, reason="a test")


def visit(visit_id: str, customer_id: str, *, at: int = 0, is_read: bool = True, identity_id: str = "") -> VisitRow:
    """A visit with something in every field."""
    return VisitRow(
        visit_id=visit_id,
        identity_id=identity_id or customer_id,
        customer_id=customer_id,
        journey_id=visit_id,
        at=at,
        until=at + 10,
        channel="voice",
        intent="refund",
        queue="returns",
        conversation_id="c1",
        interactions=3,
        last_seq=7,
        settled=False,
        escalated=True,
        is_read=is_read,
        before_id="int_0",
        before_channel="chat",
        before_intent=None,
        gap_ms=2**40,
        broke=True,
        restated=(("identifier", "int_1", "int_2"), ("meaning", "int_1", "int_3")),
    )


def escalation(escalation_id: str, customer_id: str, *, at: int = 0) -> EscalationRow:
    """An escalation with something in most fields."""
    return EscalationRow(
        escalation_id=escalation_id,
        customer_id=customer_id,
        at=at,
        from_channel="chat",
        to_channel=None,
        intent="refund",
        queue=None,
        reason="bot_failure",
        conversation_id="c1",
        agent_conversation_id=None,
        handoff_id="hnd_1",
        connected_at=at + 1,
        repeated=None,
        repeated_by=None,
        restated=(("identifier", "int_1", "int_2"),),
        gap=False,
        gap_by="feedback",
        gap_reason=None,
        penalty_ms=42_000,
        penalty_until="int_9",
        brief_ms=320,
        overridden=True,
        overrides=("edited", "other_action"),
    )


def spot(spot_id: str, customer_id: str, *, at: int = 0, cost: bool = True) -> SpotRow:
    """A moment of friction."""
    return SpotRow(
        spot_id=spot_id,
        customer_id=customer_id,
        journey_id="int_1",
        at=at,
        kind="bot_loop",
        channel="chat",
        intent=None,
        before_channel="app",
        queue="returns",
        conversation_id="c1",
        cost=cost,
        evidence=("int_1", "int_2"),
    )


def digest(customer_id: str, *, at: int = 0, is_read: bool = True) -> Digest:
    """One of everything."""
    return Digest(
        [visit(f"v {customer_id}", customer_id, at=at, is_read=is_read)],
        [escalation(f"e {customer_id}", customer_id, at=at)],
        [spot(f"s {customer_id}", customer_id, at=at)],
    )


async def two_customers(stores: Stores) -> None:
    """cus_1 with two interactions and cus_2 with one; nothing is read of them."""
    await write(
        stores,
        new_identities=("cus_1", "cus_2"),
        interactions=(new("int_1", "cus_1"), new("int_2", "cus_2"), new("int_3", "cus_1")),
    )


async def all_due(stores: Stores, tenant: str = "t") -> dict[str, Due]:
    """Everybody who must be read anew, noted by now."""
    await stores.digests.note(tenant)
    return {due.customer_id: due for due in await stores.digests.due(tenant, ALL)}


async def read_all(stores: Stores, tenant: str = "t", *, is_read: bool = True) -> None:
    """Read everybody who must be."""
    due = await all_due(stores, tenant)
    made = [(due_customer, digest(due_customer.customer_id, is_read=is_read)) for due_customer in due.values()]
    assert await stores.digests.replace(tenant, made) == len(made)


async def shown(stores: Stores, tenant: str = "t") -> list[str]:
    """The ids of the visits that there are."""
    return [visit_figures.visit_id for visit_figures in await stores.digests.visits(tenant, None, None)]


async def test_whoever_has_new_interactions_is_due_until_they_are_read(stores: Stores) -> None:
    assert await stores.digests.note("t") == 0
    await two_customers(stores)
    assert await stores.digests.note("t") == 3
    due = await stores.digests.due("t", ALL)
    assert sorted((due_customer.customer_id, due_customer.identity_ids) for due_customer in due) == [
        ("cus_1", ("cus_1",)),
        ("cus_2", ("cus_2",)),
    ]
    assert len(await stores.digests.due("t", 1)) == 1
    await read_all(stores)
    assert await all_due(stores) == {}
    await write(stores, interactions=(new("int_4", "cus_2"),))
    assert list(await all_due(stores)) == ["cus_2"]


async def test_the_material_of_a_customer_is_what_the_ledger_and_the_archive_hold_of_them(stores: Stores) -> None:
    await two_customers(stores)
    await stores.archive.put("t", "handoffs", "hnd_1", {"n": 1, "customer_id": "cus_1"}, customer_id="cus_1")
    await stores.archive.put("t", "feedback", "fbk_1", {"n": 2, "customer_id": "cus_2"}, customer_id="cus_2")
    await stores.archive.put("t", "decisions", "dec_1", {"n": 3, "customer_id": "cus_1"}, customer_id="cus_1")
    due = await all_due(stores)
    first, second = await stores.digests.material("t", [due["cus_1"], due["cus_2"]], ALL)
    assert [row.interaction_id for row in first.rows] == ["int_1", "int_3"]
    assert [document["n"] for document in first.documents["handoffs"]] == [1]
    assert [document["n"] for document in second.documents["feedback"]] == [2]
    assert not second.documents.get("handoffs")
    assert "decisions" not in first.documents
    newest = await stores.digests.material("t", [due["cus_1"]], 1)
    assert [row.interaction_id for row in newest[0].rows] == ["int_3"]


async def test_a_document_that_is_filed_or_removed_makes_its_customer_due(stores: Stores) -> None:
    await two_customers(stores)
    await read_all(stores)
    await stores.archive.put("t", "handoffs", "hnd_1", {"customer_id": "cus_1"}, customer_id="cus_1")
    await stores.archive.put("t", "decisions", "dec_1", {"customer_id": "cus_2"}, customer_id="cus_2")
    assert list(await all_due(stores)) == ["cus_1"]
    await read_all(stores)
    await stores.archive.put("t", "feedback", "fbk_1", {"customer_id": "cus_1"}, customer_id="cus_1")
    assert list(await all_due(stores)) == ["cus_1"]


async def test_rows_come_back_as_they_were_put(stores: Stores) -> None:
    await two_customers(stores)
    due = await all_due(stores)
    made = digest("cus_1")
    assert await stores.digests.replace("t", [(due["cus_1"], made)]) == 1
    assert list(await stores.digests.visit_rows("t", ["v cus_1", "another"])) == list(made.visits)
    assert list(await stores.digests.escalation_rows("t", ["e cus_1"])) == list(made.escalations)
    assert list(await stores.digests.spot_rows("t", ["s cus_1"])) == list(made.spots)
    seen = (await stores.digests.escalations("t", None, None))[0]
    assert (seen.repeated, seen.gap, seen.overridden, seen.penalty_ms) == (None, False, True, 42_000)
    assert (await stores.digests.visits("t", None, None))[0].gap_ms == 2**40
    assert (await stores.digests.spots("t", None, None))[0].cost is True


async def test_a_digest_replaces_the_one_before_it(stores: Stores) -> None:
    await two_customers(stores)
    await read_all(stores)
    await write(stores, interactions=(new("int_4", "cus_1"),))
    due = await all_due(stores)
    later = Digest([visit("v later", "cus_1")], [], [])
    await stores.digests.replace("t", [(due["cus_1"], later)])
    assert await shown(stores) == ["v cus_2", "v later"]
    assert [
        escalation_figures.escalation_id for escalation_figures in await stores.digests.escalations("t", None, None)
    ] == ["e cus_2"]


async def test_what_was_read_before_somebody_was_noted_again_is_not_written(stores: Stores) -> None:
    await two_customers(stores)
    stale = await all_due(stores)
    await write(stores, interactions=(new("int_4", "cus_1"),))
    await stores.digests.note("t")
    written = await stores.digests.replace("t", [(due, digest(due.customer_id)) for due in stale.values()])
    assert written == 1
    assert await shown(stores) == ["v cus_2"]
    assert list(await all_due(stores)) == ["cus_1"]


async def test_two_who_read_the_same_at_once_leave_it_once(stores: Stores) -> None:
    await two_customers(stores)
    due = await all_due(stores)
    for _ in range(2):
        assert await stores.digests.replace("t", [(due["cus_1"], digest("cus_1"))]) == 1
    assert await shown(stores) == ["v cus_1"]


async def test_rows_are_told_from_a_moment_on_and_before_another_oldest_first(stores: Stores) -> None:
    await two_customers(stores)
    due = await all_due(stores)
    rows = Digest([visit(f"v{at}", "cus_1", at=at) for at in (30, 10, 20)], [], [])
    await stores.digests.replace("t", [(due["cus_1"], rows)])
    assert await shown(stores) == ["v10", "v20", "v30"]
    assert [visit_figures.at for visit_figures in await stores.digests.visits("t", 10, 30)] == [10, 20]
    assert await stores.digests.journeys("t", 20, None) == 2


async def test_visits_that_are_alike_are_told_together_with_the_gaps_before_them(stores: Stores) -> None:
    await two_customers(stores)
    due = await all_due(stores)
    alike = [visit(f"v{at}", "cus_1", at=at)._replace(gap_ms=at * 10) for at in (10, 20, 30)]
    first = visit("v40", "cus_1", at=40)._replace(before_id=None, before_channel=None, gap_ms=None, broke=False)
    await stores.digests.replace("t", [(due["cus_1"], Digest([*alike, first], [], []))])
    moves_by_channel = {moves.before_channel: moves for moves in await stores.digests.moves("t", 20, None)}
    assert sorted(moves_by_channel["chat"].gaps_ms) == [200, 300]
    assert moves_by_channel["chat"]._replace(gaps_ms=()) == ("voice", "refund", "returns", "chat", None, True, 2, ())
    assert moves_by_channel[None] == ("voice", "refund", "returns", None, None, False, 1, ())


async def test_joining_and_parting_make_all_concerned_due_under_whom_they_are_now(stores: Stores) -> None:
    await two_customers(stores)
    await read_all(stores)
    merge = joining("cus_1", "cus_2")
    await write(stores, merges=(merge,))
    due = await all_due(stores)
    assert {due_customer.customer_id: due_customer.identity_ids for due_customer in due.values()} == {
        "cus_1": ("cus_1", "cus_2")
    }
    await stores.digests.replace("t", [(due["cus_1"], digest("cus_1"))])
    assert await shown(stores) == ["v cus_1"]
    assert await all_due(stores) == {}

    await write(stores, undone=(merge.model_copy(update={"undone_at": START + timedelta(hours=1)}),))
    assert sorted(await all_due(stores)) == ["cus_1", "cus_2"]
    await read_all(stores)
    assert await shown(stores) == ["v cus_1", "v cus_2"]


async def test_a_visit_that_goes_to_another_customer_is_theirs_whoever_is_written_first(stores: Stores) -> None:
    await two_customers(stores)
    due = await all_due(stores)
    both = Digest([visit("v1", "cus_1"), visit("v2", "cus_1", identity_id="cus_2")], [], [])
    await stores.digests.replace("t", [(due["cus_1"], both)])
    await stores.digests.replace("t", [(due["cus_2"], Digest([visit("v2", "cus_2")], [], []))])
    await stores.digests.replace("t", [(due["cus_1"], Digest([visit("v1", "cus_1")], [], []))])
    assert sorted(await shown(stores)) == ["v1", "v2"]
    assert {visit_row.customer_id for visit_row in await stores.digests.visit_rows("t", ["v2"])} == {"cus_2"}


async def test_nothing_is_left_of_those_who_are_erased(stores: Stores) -> None:
    await two_customers(stores)
    await read_all(stores)
    stale = Due("cus_1", ("cus_1",), {"cus_1": 1})
    await stores.ledger.erase("t", "cus_1")
    await stores.digests.touch("t", ["cus_1"])
    assert await shown(stores) == ["v cus_2"]
    assert await stores.digests.replace("t", [(stale, digest("cus_1"))]) == 0
    assert await shown(stores) == ["v cus_2"]


async def test_those_who_were_erased_unseen_are_found_when_somebody_looks(stores: Stores) -> None:
    await two_customers(stores)
    await read_all(stores)
    await stores.ledger.erase("t", "cus_1")
    await stores.digests.note("t")
    assert await shown(stores) == ["v cus_2"]


async def test_whoever_is_touched_is_due_and_their_readings_go_unless_they_hold(stores: Stores) -> None:
    await two_customers(stores)
    due = await all_due(stores)
    reading = Reading("v cus_1", "cus_1", 3, 7, "refund", (ReadSignal("silence", 5, ("int_1",)),))
    await stores.digests.replace("t", [(due["cus_1"], digest("cus_1"))], [reading])
    await stores.digests.touch("t", ["cus_1"], readings_hold=True)
    due = await all_due(stores)
    material = (await stores.digests.material("t", [due["cus_1"]], ALL))[0]
    assert material.readings == {"v cus_1": reading}
    await stores.digests.touch("t", ["cus_1"])
    material = (await stores.digests.material("t", [due["cus_1"]], ALL))[0]
    assert material.readings == {}


async def test_visits_that_are_not_read_are_found_once_they_are_quiet(stores: Stores) -> None:
    await two_customers(stores)
    await read_all(stores, is_read=False)
    assert await stores.digests.unread_count("t") == 2
    assert list(await stores.digests.unread("t", 9, ALL)) == []
    assert sorted(due.customer_id for due in await stores.digests.unread("t", 10, ALL)) == ["cus_1", "cus_2"]
    assert len(await stores.digests.unread("t", 10, 1)) == 1


async def test_tenants_with_something_to_do_are_named_and_kept_apart(stores: Stores) -> None:
    await two_customers(stores)
    await write(stores, "u", new_identities=("cus_9",), interactions=(new("int_9", "cus_9"),))
    assert list(await stores.digests.tenants()) == ["t", "u"]
    await read_all(stores)
    assert list(await stores.digests.tenants()) == ["u"]
    assert list(await all_due(stores, "u")) == ["cus_9"]
    await read_all(stores, "u", is_read=False)
    assert list(await stores.digests.tenants()) == ["u"]
    assert await shown(stores) == ["v cus_1", "v cus_2"]
