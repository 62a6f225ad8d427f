"""What every ledger does, run against each adapter of the port."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from app.adapters.memory import MemoryLedger
from app.adapters.sql import SqlStore
from app.models import Actor, Channel, Identifier, Interaction, InteractionDraft, Kind, Outcome
from app.ports import (
    Changes,
    IdentifierHolding,
    Ledger,
    MergeRecord,
    NewHolding,
    NewInteraction,
    RecordedIdentities,
)
from tests.support.builders import START, draft


@pytest.fixture(params=["sqlite", "postgres", "memory"])
async def ledger(request: pytest.FixtureRequest) -> AsyncGenerator[Ledger]:
    opened: Ledger
    match request.param:
        case "sqlite":
            opened = SqlStore(request.getfixturevalue("sqlite"))
        case "postgres":
            opened = SqlStore(request.getfixturevalue("postgres"))
        case _:
            opened = MemoryLedger()
    yield opened
    await opened.close()


async def write(ledger: Ledger, tenant: str, changes: Changes) -> dict[str, int]:
    async with ledger.transaction(tenant) as transaction:
        return dict(await transaction.apply(changes))


async def knowledge_of(ledger: Ledger, tenant: str, **asked: Any) -> RecordedIdentities:
    async with ledger.transaction(tenant) as transaction:
        return await transaction.recorded(**asked)


def new(interaction_id: str, identity_id: str = "cus_1", **fields: Any) -> NewInteraction:
    draft_fields: dict[str, Any] = {"occurred_at": START} | fields
    sent = draft(**draft_fields)
    return NewInteraction(
        interaction_id=interaction_id, identity_id=identity_id, draft=sent, content_sha256=f"sha of {interaction_id}"
    )


def rows(*interactions: NewInteraction, identities: Sequence[str] = ()) -> Changes:
    return Changes(new_identities=tuple(identities), interactions=interactions)


def holding(identity_id: str, kind: str, value: str, **fields: Any) -> NewHolding:
    interaction_id = fields.pop("interaction_id", None)
    identifier = Identifier(type=kind, value=value, **fields)
    return NewHolding(identity_id=identity_id, identifier=identifier, interaction_id=interaction_id)


def merge(merge_id: str, survivor: str, absorbed: str, **fields: Any) -> MergeRecord:
    return MergeRecord(merge_id=merge_id, survivor=survivor, absorbed=absorbed, at=START, reason="a test", **fields)


def undone(record: MergeRecord) -> MergeRecord:
    return record.model_copy(update={"undone_at": START + timedelta(hours=1)})


def ids(interactions: Sequence[Interaction]) -> list[str]:
    return [interaction.interaction_id for interaction in interactions]


def owners(holders: Sequence[IdentifierHolding]) -> list[tuple[str, str, str]]:
    return sorted((holder.identity_id, holder.customer_id, holder.identifier.value) for holder in holders)


# --- interactions ---------------------------------------------------------------------------------------------------


async def test_an_empty_ledger_knows_nothing(ledger: Ledger) -> None:
    assert await ledger.head("t") == 0
    assert await ledger.last_position() == 0
    assert list(await ledger.after_position(0, 10)) == []
    assert await ledger.customer_of("t", "cus_1") is None
    assert list(await ledger.identities_of("t", "cus_1")) == []
    assert await ledger.seat_of("t", "c1") is None
    assert list(await ledger.interactions("t", ["cus_1"])) == []
    assert list(await ledger.by_ids("t", ["int_1"])) == []
    assert list(await ledger.holdings_of("t", ["cus_1"])) == []


async def test_rows_are_numbered_from_one_without_gaps_in_each_tenant(ledger: Ledger) -> None:
    assert await write(ledger, "a", rows(new("int_1"), new("int_2"), identities=["cus_1"])) == {"int_1": 1, "int_2": 2}
    assert await write(ledger, "b", rows(new("int_3", "cus_2"), identities=["cus_2"])) == {"int_3": 1}
    assert await write(ledger, "a", rows(new("int_4"))) == {"int_4": 3}
    assert (await ledger.head("a"), await ledger.head("b")) == (3, 1)


async def test_a_row_comes_back_as_it_was_sent(ledger: Ledger) -> None:
    identifiers = (
        Identifier(type="Email", value="Person@Example.com", verified=True, verified_at=START, method="link"),
        Identifier(type="device_id", value="d1"),
    )
    sent = InteractionDraft(
        id="mine",
        occurred_at=datetime(2026, 3, 2, 23, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-5))),
        channel=Channel.WHATSAPP,
        actor=Actor.BOT,
        kind=Kind.TOOL_CALL,
        conversation_id="c1",
        identifiers=identifiers,
        text="Zwölf Stück — 十二 🧾 'quoted' \"twice\"",
        name="refund",
        outcome=Outcome.FAILED,
        data={"nested": [{"amount": 12.5, "none": None}], "number": 1234567890123456789012, "yes": True},
    )
    new_interaction = NewInteraction(interaction_id="int_1", identity_id="cus_1", draft=sent, content_sha256="sha")
    await write(ledger, "t", rows(new_interaction, identities=["cus_1"]))
    (row,) = await ledger.by_ids("t", ["int_1"])
    assert row == Interaction(interaction_id="int_1", seq=1, identity_id="cus_1", **dict(sent))
    assert row.occurred_at.utcoffset() == timedelta(hours=-5)
    assert row.channel is Channel.WHATSAPP
    assert list(await ledger.interactions("t", ["cus_1"])) == [row]
    assert list(await ledger.after_position(0, 10)) == [(1, "t", row)]


async def test_a_row_with_nothing_optional_comes_back_as_it_was_sent(ledger: Ledger) -> None:
    await write(ledger, "t", rows(new("int_1"), identities=["cus_1"]))
    (row,) = await ledger.by_ids("t", ["int_1"])
    fields: dict[str, Any] = dict(draft(occurred_at=START))
    assert row == Interaction(interaction_id="int_1", seq=1, identity_id="cus_1", **fields)


async def test_a_customers_rows_come_in_order_over_all_identities(ledger: Ledger) -> None:
    await write(
        ledger,
        "t",
        rows(
            new("int_1", "cus_1"),
            new("int_2", "cus_2"),
            new("int_3", "cus_3"),
            new("int_4", "cus_1"),
            identities=["cus_1", "cus_2", "cus_3"],
        ),
    )
    assert ids(await ledger.interactions("t", ["cus_2", "cus_1"])) == ["int_1", "int_2", "int_4"]
    assert ids(await ledger.interactions("t", ["cus_2", "cus_1"], newest_first=True)) == ["int_4", "int_2", "int_1"]
    assert ids(await ledger.interactions("t", ["cus_2", "cus_1"], limit=2)) == ["int_1", "int_2"]
    assert ids(await ledger.interactions("t", ["cus_2", "cus_1"], limit=2, newest_first=True)) == ["int_4", "int_2"]
    assert ids(await ledger.interactions("t", [])) == []


async def test_rows_are_found_by_conversation_channel_kind_and_span_of_seq(ledger: Ledger) -> None:
    await write(
        ledger,
        "t",
        rows(
            new("int_1", conversation_id="c1"),
            new("int_2", conversation_id="c2", channel="voice"),
            new("int_3", conversation_id="c1", kind="event", name="opened"),
            new("int_4", channel="voice"),
            identities=["cus_1"],
        ),
    )
    assert ids(await ledger.interactions("t", ["cus_1"], conversation_id="c1")) == ["int_1", "int_3"]
    assert ids(await ledger.interactions("t", ["cus_1"], channel=Channel.VOICE)) == ["int_2", "int_4"]
    assert ids(await ledger.interactions("t", ["cus_1"], kind=Kind.EVENT)) == ["int_3"]
    assert ids(await ledger.interactions("t", ["cus_1"], after_seq=2)) == ["int_3", "int_4"]
    assert ids(await ledger.interactions("t", ["cus_1"], up_to_seq=2)) == ["int_1", "int_2"]
    assert ids(await ledger.interactions("t", ["cus_1"], after_seq=1, up_to_seq=3, conversation_id="c1")) == ["int_3"]


async def test_the_newest_rows_of_several_conversations_come_with_the_customer_of_each(ledger: Ledger) -> None:
    spoken = [("int_1", "cus_1", "c1"), ("int_2", "cus_2", "c1"), ("int_3", "cus_3", "c1"), ("int_4", "cus_1", "c1")]
    other = [("int_5", "cus_2", "c2"), ("int_6", "cus_2", "c3")]
    arrived = [
        new(interaction_id, identity, conversation_id=conversation)
        for interaction_id, identity, conversation in [*spoken, *other]
    ]
    await write(ledger, "t", rows(*arrived, identities=["cus_1", "cus_2", "cus_3"]))
    await write(ledger, "t", Changes(merges=(merge("mrg_1", "cus_1", "cus_3"),)))
    windows = await ledger.windows("t", ["c1", "c2", "unknown"], limit=2)
    newest = [(customer_id, row.interaction_id) for customer_id, row in windows]
    assert newest == [("cus_2", "int_2"), ("cus_1", "int_3"), ("cus_1", "int_4"), ("cus_2", "int_5")]
    assert list(await ledger.windows("u", ["c1"], limit=2)) == []


async def test_rows_are_found_by_their_ids_and_unknown_ids_are_passed_over(ledger: Ledger) -> None:
    await write(ledger, "t", rows(new("int_1"), new("int_2"), identities=["cus_1"]))
    assert ids(await ledger.by_ids("t", ["int_2", "int_9", "int_1", "int_2"])) == ["int_1", "int_2"]
    assert ids(await ledger.by_ids("t", [])) == []


async def test_a_name_with_a_nul_in_it_is_nobodys(ledger: Ledger) -> None:
    await write(ledger, "t", rows(new("int_1", id="mine", conversation_id="c1"), identities=["cus_1"]))
    assert await ledger.seat_of("t", "c1\0") is None
    assert await ledger.customer_of("t", "cus_1\0") is None
    assert list(await ledger.interactions("t", ["cus_1"], conversation_id="c1\0")) == []
    assert await knowledge_of(ledger, "t", caller_ids={"mine\0"}, identifiers={("email", "\0")}) == RecordedIdentities()


async def test_json_keeps_a_nul(ledger: Ledger) -> None:
    await write(ledger, "t", rows(new("int_1", data={"raw": "a\0b"}), identities=["cus_1"]))
    (row,) = await ledger.by_ids("t", ["int_1"])
    assert row.data == {"raw": "a\0b"}


async def test_identities_come_in_the_order_of_their_characters(ledger: Ledger) -> None:
    names = ["cus_B", "cus_a", "cus_Z", "cus_é", "cus_-b"]
    merges = [merge(f"mrg_{number}", "cus_B", name) for number, name in enumerate(names[1:])]
    await write(ledger, "t", Changes(new_identities=tuple(names), merges=tuple(merges)))
    assert list(await ledger.identities_of("t", "cus_B")) == sorted(names)


async def test_positions_follow_the_order_of_writing_over_all_tenants(ledger: Ledger) -> None:
    await write(ledger, "a", rows(new("int_1"), identities=["cus_1"]))
    await write(ledger, "b", rows(new("int_2", "cus_2"), new("int_3", "cus_2"), identities=["cus_2"]))
    await write(ledger, "a", rows(new("int_4")))
    first = await ledger.after_position(0, 3)
    assert [(tenant, row.interaction_id) for _, tenant, row in first] == [
        ("a", "int_1"),
        ("b", "int_2"),
        ("b", "int_3"),
    ]
    rest = await ledger.after_position(first[-1][0], 3)
    assert [(tenant, row.interaction_id) for _, tenant, row in rest] == [("a", "int_4")]
    assert rest[-1][0] == await ledger.last_position()


async def test_the_conversations_added_to_last_come_newest_first_over_all_tenants(ledger: Ledger) -> None:
    assert list(await ledger.lately_active(10, limit=5)) == []
    new_interactions = [
        new(f"int_{number}", conversation_id=name) for number, name in enumerate(["c1", "c2", None, "c1"])
    ]
    await write(ledger, "a", rows(*new_interactions, identities=["cus_1"]))
    await write(ledger, "b", rows(new("int_9", "cus_2", conversation_id="c1"), identities=["cus_2"]))
    assert list(await ledger.lately_active(10, limit=5)) == [("b", "c1"), ("a", "c1"), ("a", "c2")]
    assert list(await ledger.lately_active(10, limit=2)) == [("b", "c1"), ("a", "c1")]
    assert list(await ledger.lately_active(3, limit=5)) == [("b", "c1"), ("a", "c1")]


async def test_two_tenants_never_see_each_others_rows(ledger: Ledger) -> None:
    email = holding("cus_1", "email", "one@example.com", verified=True)
    await write(ledger, "a", rows(new("int_1", id="mine", conversation_id="c1"), identities=["cus_1", "cus_2"]))
    await write(ledger, "a", Changes(holdings=(email,), merges=(merge("mrg_1", "cus_1", "cus_2"),)))
    assert list(await ledger.interactions("b", ["cus_1"])) == []
    assert list(await ledger.by_ids("b", ["int_1"])) == []
    assert await ledger.customer_of("b", "cus_1") is None
    assert list(await ledger.identities_of("b", "cus_1")) == []
    assert list(await ledger.holdings_of("b", ["cus_1"])) == []
    assert await ledger.seat_of("b", "c1") is None
    everything = await knowledge_of(
        ledger,
        "b",
        identifiers={("email", "one@example.com")},
        conversation_ids={"c1"},
        caller_ids={"mine"},
        customer_ids={"cus_1"},
        merge_ids={"mrg_1"},
    )
    assert everything == RecordedIdentities()


# --- units of work --------------------------------------------------------------------------------------------------


async def test_a_unit_of_work_that_raises_leaves_no_trace(ledger: Ledger) -> None:
    await write(ledger, "t", rows(new("int_1"), identities=["cus_1"]))

    async def break_off() -> None:
        async with ledger.transaction("t") as transaction:
            await transaction.apply(
                Changes(
                    new_identities=("cus_2",),
                    holdings=(holding("cus_2", "email", "two@example.com"),),
                    merges=(merge("mrg_1", "cus_1", "cus_2"),),
                    interactions=(new("int_2", "cus_2", id="mine", conversation_id="c2"),),
                )
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await break_off()
    assert await ledger.head("t") == 1
    assert await ledger.last_position() == 1
    assert ids(await ledger.interactions("t", ["cus_1", "cus_2"])) == ["int_1"]
    assert await ledger.customer_of("t", "cus_2") is None
    assert await ledger.seat_of("t", "c2") is None
    assert (
        await knowledge_of(ledger, "t", identifiers={("email", "two@example.com")}, caller_ids={"mine"})
        == RecordedIdentities()
    )
    assert await write(ledger, "t", rows(new("int_3"))) == {"int_3": 2}


async def test_units_of_work_of_one_tenant_follow_one_another(ledger: Ledger) -> None:
    await write(ledger, "t", rows(identities=["cus_1"]))

    async def claim(number: int) -> int:
        async with ledger.transaction("t") as transaction:
            knowledge = await transaction.recorded(identifiers={("email", "one@example.com")})
            await asyncio.sleep(0)
            if not knowledge.holdings:
                await transaction.apply(Changes(holdings=(holding("cus_1", "email", "one@example.com"),)))
            return len(knowledge.holdings) + len(await transaction.apply(rows(new(f"int_{number}"))))

    assert sorted(await asyncio.gather(*(claim(number) for number in range(8)))) == [1] + [2] * 7
    assert [row.seq for row in await ledger.interactions("t", ["cus_1"])] == list(range(1, 9))


async def test_a_unit_of_work_knows_what_it_has_written_itself(ledger: Ledger) -> None:
    async with ledger.transaction("t") as transaction:
        await transaction.apply(rows(new("int_1", id="mine", conversation_id="c1"), identities=["cus_1"]))
        knowledge = await transaction.recorded(conversation_ids={"c1"}, caller_ids={"mine"})
    assert [filed.interaction_id for filed in knowledge.filed] == ["int_1"]
    assert [seat.customer_id for seat in knowledge.seats] == ["cus_1"]


# --- what is known --------------------------------------------------------------------------------------------------


async def test_of_a_conversation_asked_for_its_seat_alone_nothing_else_is_known(ledger: Ledger) -> None:
    new_holding = holding("cus_1", "email", "one@example.com")
    await write(ledger, "t", rows(new("int_1", conversation_id="c1"), identities=["cus_1"]))
    await write(ledger, "t", Changes(holdings=(new_holding,)))

    knowledge = await knowledge_of(ledger, "t", seats_only={"c1"})

    assert [seat.identity_id for seat in knowledge.seats] == ["cus_1"]
    assert knowledge.holdings == ()


async def test_a_callers_id_leads_to_the_row_and_its_content(ledger: Ledger) -> None:
    await write(ledger, "t", rows(new("int_1", id="mine"), new("int_2"), identities=["cus_1", "cus_2"]))
    await write(ledger, "t", Changes(merges=(merge("mrg_1", "cus_2", "cus_1"),)))
    (filed,) = (await knowledge_of(ledger, "t", caller_ids={"mine", "other"})).filed
    assert filed.model_dump() == {
        "id": "mine",
        "interaction_id": "int_1",
        "seq": 1,
        "identity_id": "cus_1",
        "customer_id": "cus_2",
        "content_sha256": "sha of int_1",
        "conversation_id": None,
        "occurred_at": START,
        "partial": False,
        "blanked": False,
    }


async def test_a_conversation_belongs_to_the_identity_of_its_newest_row(ledger: Ledger) -> None:
    await write(ledger, "t", rows(new("int_1", conversation_id="c1"), identities=["cus_1", "cus_2", "cus_3"]))
    await write(ledger, "t", rows(new("int_2", "cus_2", conversation_id="c1"), new("int_3", "cus_1")))
    await write(ledger, "t", Changes(merges=(merge("mrg_1", "cus_3", "cus_2"),)))
    seat = await ledger.seat_of("t", "c1")
    assert seat is not None
    assert (seat.conversation_id, seat.identity_id, seat.customer_id) == ("c1", "cus_2", "cus_3")
    assert (await knowledge_of(ledger, "t", conversation_ids={"c1", "c2"})).seats == (seat,)


async def test_an_identifier_brings_in_all_that_its_customers_hold(ledger: Ledger) -> None:
    await write(
        ledger,
        "t",
        Changes(
            new_identities=("cus_1", "cus_2", "cus_3"),
            holdings=(
                holding("cus_1", "email", "one@example.com", verified=True, verified_at=START, method="link"),
                holding("cus_2", "account_id", "A1", interaction_id="int_7"),
                holding("cus_3", "email", "three@example.com"),
            ),
            merges=(merge("mrg_1", "cus_1", "cus_2"),),
        ),
    )
    knowledge = await knowledge_of(ledger, "t", identifiers={("email", "one@example.com"), ("phone", "+15550100")})
    assert owners(knowledge.holdings) == [("cus_1", "cus_1", "one@example.com"), ("cus_2", "cus_1", "A1")]
    by_value = {holder.identifier.value: holder for holder in knowledge.holdings}
    assert by_value["one@example.com"].identifier == Identifier(
        type="email", value="one@example.com", verified=True, verified_at=START, method="link"
    )
    assert by_value["A1"].interaction_id == "int_7"
    assert owners((await knowledge_of(ledger, "t", customer_ids={"cus_2"})).holdings) == owners(knowledge.holdings)


async def test_a_conversation_brings_in_all_that_its_customer_holds(ledger: Ledger) -> None:
    await write(ledger, "t", rows(new("int_1", conversation_id="c1"), identities=["cus_1"]))
    await write(ledger, "t", Changes(holdings=(holding("cus_1", "email", "one@example.com"),)))
    knowledge = await knowledge_of(ledger, "t", conversation_ids={"c1"})
    assert owners(knowledge.holdings) == [("cus_1", "cus_1", "one@example.com")]


async def test_an_identity_holds_an_identifier_once_as_it_was_last_written(ledger: Ledger) -> None:
    claimed = holding("cus_1", "email", "one@example.com")
    proved = holding("cus_1", "email", "one@example.com", verified=True, verified_at=START, interaction_id="int_1")
    await write(ledger, "t", Changes(new_identities=("cus_1",), holdings=(claimed,)))
    await write(ledger, "t", Changes(holdings=(proved,)))
    (holder,) = await ledger.holdings_of("t", ["cus_1", "cus_2"])
    assert (holder.identifier, holder.interaction_id) == (proved.identifier, "int_1")


async def test_more_values_than_fit_one_statement_can_be_asked_for(ledger: Ledger) -> None:
    await write(ledger, "t", Changes(new_identities=("cus_1",), holdings=(holding("cus_1", "phone", "39999"),)))
    knowledge = await knowledge_of(ledger, "t", identifiers={("phone", str(number)) for number in range(40_000)})
    assert owners(knowledge.holdings) == [("cus_1", "cus_1", "39999")]


# --- merges ---------------------------------------------------------------------------------------------------------


async def test_a_merged_identity_leads_to_the_survivor_and_its_rows_stay_its_own(ledger: Ledger) -> None:
    await write(ledger, "t", rows(new("int_1"), new("int_2", "cus_2"), identities=["cus_1", "cus_2"]))
    await write(ledger, "t", Changes(merges=(merge("mrg_1", "cus_1", "cus_2", evidence=("int_1", "int_2")),)))
    assert await ledger.customer_of("t", "cus_2") == "cus_1"
    assert list(await ledger.identities_of("t", "cus_1")) == ["cus_1", "cus_2"]
    assert list(await ledger.identities_of("t", "cus_2")) == []
    assert [row.identity_id for row in await ledger.interactions("t", ["cus_1", "cus_2"])] == ["cus_1", "cus_2"]
    knowledge = await knowledge_of(ledger, "t", customer_ids={"cus_2", "cus_9"}, merge_ids={"mrg_1", "mrg_9"})
    assert knowledge.customers == {"cus_2": "cus_1", "cus_1": "cus_1"}
    assert knowledge.merges == (merge("mrg_1", "cus_1", "cus_2", evidence=("int_1", "int_2")),)
    assert knowledge.parted == ()


async def test_an_undone_merge_takes_with_it_whoever_had_joined_before(ledger: Ledger) -> None:
    first, second = merge("mrg_1", "cus_2", "cus_3"), merge("mrg_2", "cus_1", "cus_2")
    third = merge("mrg_3", "cus_1", "cus_4")
    await write(
        ledger,
        "t",
        Changes(new_identities=("cus_1", "cus_2", "cus_3", "cus_4"), merges=(first, second, third)),
    )
    assert list(await ledger.identities_of("t", "cus_1")) == ["cus_1", "cus_2", "cus_3", "cus_4"]
    await write(ledger, "t", Changes(undone=(undone(second),)))
    assert list(await ledger.identities_of("t", "cus_1")) == ["cus_1", "cus_4"]
    assert list(await ledger.identities_of("t", "cus_2")) == ["cus_2", "cus_3"]
    assert await ledger.customer_of("t", "cus_3") == "cus_2"
    await write(ledger, "t", Changes(undone=(undone(first),)))
    assert [await ledger.customer_of("t", identity_id) for identity_id in ("cus_2", "cus_3")] == ["cus_2", "cus_3"]


async def test_customers_taken_apart_are_known_as_parted_under_the_names_they_have_now(ledger: Ledger) -> None:
    first = merge("mrg_1", "cus_1", "cus_2")
    await write(ledger, "t", Changes(new_identities=("cus_1", "cus_2", "cus_3"), merges=(first,)))
    await write(ledger, "t", Changes(undone=(undone(first),)))
    await write(ledger, "t", Changes(merges=(merge("mrg_2", "cus_3", "cus_2"),)))
    for customer_id in ("cus_1", "cus_2", "cus_3"):
        assert (await knowledge_of(ledger, "t", customer_ids={customer_id})).parted == (("cus_1", "cus_3"),)
    (merge_record,) = (await knowledge_of(ledger, "t", merge_ids={"mrg_1"})).merges
    assert merge_record == undone(first)


async def test_the_moment_of_a_row_without_a_time_is_when_it_was_written(ledger: Ledger) -> None:
    before = datetime.now(UTC)
    await write(ledger, "t", rows(new("int_1", occurred_at=None), identities=["cus_1"]))
    (row,) = await ledger.by_ids("t", ["int_1"])
    assert before <= row.occurred_at <= datetime.now(UTC)


async def test_whose_a_conversation_is_is_told_with_all_that_they_hold(ledger: Ledger) -> None:
    changes = Changes(
        new_identities=("cus_1", "cus_2", "cus_3"),
        holdings=(holding("cus_1", "email", "a@x.example"), holding("cus_2", "phone", "1"), holding("cus_3", "a", "b")),
        merges=(merge("mrg_1", "cus_1", "cus_2"),),
        interactions=(new("int_1", "cus_2", conversation_id="c1"), new("int_2", "cus_3", conversation_id="c3")),
    )
    await write(ledger, "t", changes)
    party = await ledger.party("t", conversation_id="c1")
    assert party is not None
    assert (party.customer_id, party.identity_ids) == ("cus_1", ("cus_1", "cus_2"))
    assert [(holder.identity_id, holder.identifier.value) for holder in party.holdings] == [
        ("cus_1", "a@x.example"),
        ("cus_2", "1"),
    ]
    assert await ledger.party("t", known_as="cus_2") == party
    for nobody in ({"known_as": "cus_9"}, {"conversation_id": "c9"}, {"conversation_id": "c\0"}, {}):
        assert await ledger.party("t", **nobody) is None
    assert await ledger.party("other", known_as="cus_1") is None


async def test_what_is_newest_is_told_up_to_the_head_with_the_conversation(ledger: Ledger) -> None:
    filed = [new(f"int_{number}", conversation_id="c1" if number < 3 else "c2") for number in range(6)]
    await write(ledger, "t", rows(*filed, new("int_9", "cus_9", conversation_id="c1"), identities=("cus_1", "cus_9")))
    for _ in range(2):  # the second time from memory
        lately = await ledger.lately("t", ["cus_1"], conversation_id="c1", limit=2, most=2)
        assert lately.head == 7
        assert [interaction.interaction_id for interaction in lately.newest] == ["int_4", "int_5"]
        assert [interaction.interaction_id for interaction in lately.conversation] == ["int_1", "int_2"]
    everything = await ledger.lately("t", ["cus_1", "cus_9"], conversation_id="c2", limit=50, most=50)
    assert [interaction.seq for interaction in everything.newest] == [1, 2, 3, 4, 5, 6, 7]
    assert list(everything.newest) == list(await ledger.interactions("t", ["cus_1", "cus_9"]))
    assert [interaction.interaction_id for interaction in everything.conversation] == ["int_3", "int_4", "int_5"]
    assert (await ledger.lately("other", ["cus_1"], conversation_id=None, limit=2, most=2)) == (0, (), ())
