"""Whole histories as people look at them: found, in the order things happened, with what was noticed and done."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.adapters.memory import MemoryArchive, MemoryLedger
from app.bootstrap import build
from app.errors import InvalidRequest, UnknownCustomer
from app.models import Channel, HandoffRequest, Identifier, Interaction, InteractionDraft, NextActionRequest, SignalType
from app.services import App, JourneyPage, JourneyQuery
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import START, draft

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ACCOUNT = Identifier(type="account_id", value="acc-1", verified=True, method="login")


def draft_at(at: datetime, text: str, conversation_id: str, **fields: Any) -> InteractionDraft:
    return draft(text, occurred_at=at, conversation_id=conversation_id, **fields)


def story() -> list[InteractionDraft]:
    """A failed attempt in the app, a chat about it a day later, and an unrelated mail of the year before, sent late."""
    chat = START + DAY
    return [
        draft_at(
            START, "", "a1", kind="event", channel="app", name="start_return", outcome="failed", identifiers=(ACCOUNT,)
        ),
        draft_at(START + MINUTE, "", "a1", kind="event", channel="app", name="start_return", outcome="failed"),
        draft_at(chat, "I cannot return order ORD-70331. What can I do?", "c1", identifiers=(ACCOUNT,)),
        draft_at(chat + MINUTE, "I will send you a label.", "c1", actor="bot"),
        draft_at(chat + 2 * MINUTE, "I want to talk to a person.", "c1"),
        draft_at(START - 365 * DAY, "Do you sell lamps?", "e1", channel="email", identifiers=(ACCOUNT,)),
    ]


async def customer_of(app: App, drafts: Sequence[InteractionDraft]) -> str:
    answer = await app.interactions.record("default", drafts)
    assert not any(result.problem for result in answer.results)
    customer_id = answer.results[0].customer_id
    assert customer_id
    return customer_id


def texts(page: JourneyPage) -> list[str]:
    return [interaction.text or interaction.name or "" for interaction in page.interactions]


async def test_a_journey_is_told_in_the_order_in_which_it_happened_whatever_order_it_was_filed_in(app: App) -> None:
    customer_id = await customer_of(app, story())
    page = await app.journeys.journey("default", customer_id, JourneyQuery())
    assert texts(page)[0] == "Do you sell lamps?"
    assert [interaction.seq for interaction in page.interactions] == [6, 1, 2, 3, 4, 5]
    assert (page.total, page.matching, page.first, page.earlier, page.later) == (6, 6, 0, None, None)
    assert page.channels == {Channel.APP: 2, Channel.CHAT: 3, Channel.EMAIL: 1}
    assert page.as_of_seq == 6


async def test_signals_stand_where_they_fired(app: App) -> None:
    customer_id = await customer_of(app, story())
    page = await app.journeys.journey("default", customer_id, JourneyQuery())
    by_type = {signal.type: signal for signal in page.signals}
    assert {SignalType.REPEATED_FAILURE, SignalType.HUMAN_REQUEST, SignalType.CHANNEL_SWITCH} <= by_type.keys()
    rows = {interaction.interaction_id: interaction for interaction in page.interactions}
    assert rows[by_type[SignalType.HUMAN_REQUEST].evidence[-1]].text == "I want to talk to a person."
    assert rows[by_type[SignalType.REPEATED_FAILURE].evidence[-1]].name == "start_return"


async def test_filters_leave_what_they_name_and_count_it(app: App) -> None:
    customer_id = await customer_of(app, story())

    async def left(**wanted: Any) -> list[int]:
        page = await app.journeys.journey("default", customer_id, JourneyQuery(**wanted))
        assert page.total == 6
        return [interaction.seq for interaction in page.interactions]

    assert await left(channel="chat") == [3, 4, 5]
    assert await left(kind="event") == [1, 2]
    assert await left(since=START, until=START + DAY) == [1, 2]
    assert await left(channel="voice") == []
    assert 4 not in await left(friction=True)
    assert {2, 5} <= {*await left(friction=True)}


async def test_paging_goes_through_everything_once_and_a_place_can_be_named(app: App) -> None:
    drafts = [draft_at(START + MINUTE * n, f"message {n}", f"c{n // 7}", identifiers=(ACCOUNT,)) for n in range(50)]
    customer_id = await customer_of(app, drafts)
    seen: list[str] = []
    page = await app.journeys.journey("default", customer_id, JourneyQuery(limit=15))
    while True:
        seen = [*texts(page), *seen]
        if page.earlier is None:
            break
        page = await app.journeys.journey("default", customer_id, JourneyQuery(limit=15, before=page.earlier))
    assert seen == [f"message {n}" for n in range(50)]
    assert (page.first, page.later is not None) == (0, True)
    following = await app.journeys.journey("default", customer_id, JourneyQuery(limit=15, after=page.later))
    assert texts(following)[0] == f"message {len(page.interactions)}"
    named = following.interactions[7].interaction_id
    around = await app.journeys.journey("default", customer_id, JourneyQuery(limit=15, at=named))
    assert named in [interaction.interaction_id for interaction in around.interactions]
    assert len(around.interactions) == 15


async def test_a_place_that_is_not_the_customers_is_refused_by_its_field(app: App) -> None:
    customer_id = await customer_of(app, story())
    with pytest.raises(InvalidRequest, match="before: No interaction"):
        await app.journeys.journey("default", customer_id, JourneyQuery(before="int_nothing"))
    with pytest.raises(UnknownCustomer):
        await app.journeys.journey("default", "cus_nobody", JourneyQuery())
    with pytest.raises(UnknownCustomer):
        await app.journeys.journey("other", customer_id, JourneyQuery())


async def test_handoffs_and_decisions_stand_where_they_were_judged_and_none_twice(app: App) -> None:
    customer_id = await customer_of(app, story())
    at = START + DAY + 3 * MINUTE
    handoff = await app.handoffs.create("default", HandoffRequest(conversation_id="c1", now=at))
    decision = await app.decisions.next_actions("default", NextActionRequest(conversation_id="c1", now=at))
    to_come = HandoffRequest(customer_id=customer_id, conversation_id="call-to-come", now=at + MINUTE)
    second = await app.handoffs.create("default", to_come)
    page = await app.journeys.journey("default", customer_id, JourneyQuery())
    assert [(made_handoff.handoff.handoff_id, made_handoff.at) for made_handoff in page.handoffs] == [
        (handoff.handoff_id, at),
        (second.handoff_id, at + MINUTE),
    ]
    assert [made_decision.decision.decision_id for made_decision in page.decisions] == [decision.decision_id]
    before = await app.journeys.journey("default", customer_id, JourneyQuery(until=START + DAY, limit=1))
    assert before.handoffs == ()
    only_first = await app.journeys.journey(
        "default", customer_id, JourneyQuery(limit=1, before=page.interactions[1].interaction_id)
    )
    assert (only_first.handoffs, only_first.decisions) == ((), ())


async def test_a_merge_stands_at_its_evidence_and_once_undone_names_the_other_customer(app: App) -> None:
    mail = Identifier(type="email", value="a@x.example", verified=True)
    first = await customer_of(app, [draft_at(START, "Hello", "c1", identifiers=(ACCOUNT,))])
    second = await customer_of(app, [draft_at(START + MINUTE, "Hello again", "c2", identifiers=(mail,))])
    await customer_of(app, [draft_at(START + 2 * MINUTE, "It is me", "c3", identifiers=(ACCOUNT, mail))])
    (joining,) = (await app.journeys.journey("default", second, JourneyQuery())).joinings
    assert {joining.merge.survivor, joining.merge.absorbed} == {first, second}
    assert joining.at == START + 2 * MINUTE
    assert [identifier.value for identifier in joining.brought] in (["a@x.example"], ["acc-1"])
    assert (joining.other, len(joining.evidence)) == (None, 3)
    await app.customers.unmerge("default", joining.merge.survivor, joining.merge.merge_id)
    page = await app.journeys.journey("default", joining.merge.survivor, JourneyQuery())
    assert page.joinings[0].other == joining.merge.absorbed
    assert page.joinings[0].merge.undone_at is not None
    assert "Hello again" not in texts(page) or "Hello" not in texts(page)


async def test_what_was_made_of_two_joined_customers_is_shown_of_neither_once_they_are_apart(app: App) -> None:
    mail = Identifier(type="email", value="a@x.example", verified=True)
    await customer_of(app, [draft_at(START, "Where is order ORD-1111?", "c1", identifiers=(ACCOUNT,))])
    await customer_of(app, [draft_at(START + MINUTE, "I lost my secret letter.", "c2", identifiers=(mail,))])
    survivor = await customer_of(app, [draft_at(START + 2 * MINUTE, "It is me", "c1", identifiers=(ACCOUNT, mail))])
    for conversation_id in ("c1", "c2"):
        await app.handoffs.create("default", HandoffRequest(conversation_id=conversation_id, now=START + 3 * MINUTE))
        await app.decisions.next_actions(
            "default", NextActionRequest(conversation_id=conversation_id, now=START + 3 * MINUTE)
        )
    joined = await app.journeys.journey("default", survivor, JourneyQuery())
    assert (len(joined.handoffs), len(joined.decisions), joined.withheld) == (2, 2, 0)
    merge = joined.joinings[0].merge
    await app.customers.unmerge("default", merge.survivor, merge.merge_id)
    for customer_id in (merge.survivor, merge.absorbed):
        page = await app.journeys.journey("default", customer_id, JourneyQuery())
        own = {interaction.conversation_id for interaction in page.interactions}
        made = [made_handoff.handoff.conversation_id for made_handoff in page.handoffs]
        assert {*made, *(made_decision.decision.conversation_id for made_decision in page.decisions)} <= own
        foreign = "ORD-1111" if "c1" not in own else "secret letter"
        assert foreign not in page.model_dump_json()
    survivors_page = await app.journeys.journey("default", merge.survivor, JourneyQuery())
    assert survivors_page.withheld >= 1


async def test_customers_are_found_by_ids_and_identifiers_in_any_spelling_and_nobody_is_made(app: App) -> None:
    phone = Identifier(type="phone", value="+447700900112", verified=True)
    mail = Identifier(type="email", value="Mara.K@mail.example")
    customer_id = await customer_of(app, [draft_at(START, "Hello", "c1", identifiers=(ACCOUNT, phone, mail))])
    row = (await app.journeys.journey("default", customer_id, JourneyQuery())).interactions[0]

    async def matches(written: str) -> list[tuple[str, str]]:
        return [
            (found_customer.customer.customer_id, found_customer.why)
            for found_customer in await app.journeys.find_customers("default", written)
        ]

    assert await matches(customer_id) == [(customer_id, "customer")]
    assert await matches("acc-1") == [(customer_id, "identifier")]
    assert await matches(" 0044 7700 900112 ") == [(customer_id, "identifier")]
    assert await matches("mara.k@MAIL.example") == [(customer_id, "identifier")]
    assert await matches("c1") == [(customer_id, "conversation")]
    assert await matches(row.interaction_id) == [(customer_id, "interaction")]
    assert await matches("hell") == [(customer_id, "mention")]
    head = (await app.interactions.timeline("default", customer_id)).as_of_seq
    for unknown in ("nobody@mail.example", "+15550100", "  ", "xy"):
        assert await matches(unknown) == []
    assert await app.journeys.find_customers("other", "acc-1") == ()
    assert (await app.interactions.timeline("default", customer_id)).as_of_seq == head


async def test_an_order_number_leads_to_whoever_used_it_lately(app: App) -> None:
    customer_id = await customer_of(app, story())
    (found_customer,) = await app.journeys.find_customers("default", "ord-70331")
    assert (found_customer.customer.customer_id, found_customer.why) == (customer_id, "mention")
    page = await app.journeys.journey("default", customer_id, JourneyQuery(at=found_customer.interaction_id))
    assert "ORD-70331" in next(
        row.text for row in page.interactions if row.interaction_id == found_customer.interaction_id
    )


class ReadingLedger(MemoryLedger):
    """Counts how many interactions are read at once."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []

    async def by_ids(self, tenant: str, interaction_ids: Collection[str]) -> Sequence[Interaction]:
        self.read.append(len(interaction_ids))
        return await super().by_ids(tenant, interaction_ids)


async def test_of_a_long_history_a_part_reads_a_bounded_number_of_interactions(settings: Settings) -> None:
    ledger = ReadingLedger()
    drafts = [
        draft_at(START + 40 * MINUTE * n, f"message {n}", f"c{n // 5}", identifiers=(ACCOUNT,)) for n in range(3000)
    ]
    async with build(settings, ledger=ledger, archive=MemoryArchive(), embedder=WordEmbedder()) as app:
        customer_id = [await customer_of(app, drafts[start : start + 1000]) for start in range(0, 3000, 1000)][-1]
        ledger.read.clear()
        page = await app.journeys.journey("default", customer_id, JourneyQuery())
        filtered = await app.journeys.journey("default", customer_id, JourneyQuery(friction=True, before=page.earlier))
    assert (page.total, len(page.interactions)) == (3000, 60)
    assert 60 < filtered.looked_through <= 300
    assert max(ledger.read) < 1000
