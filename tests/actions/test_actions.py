"""Next best actions: intents, facts, policy, tried steps, caps and the order of what is left."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

import pytest

from app.actions import DecisionMaker, parse_catalogue
from app.adapters.embeddings import MiniLM
from app.adapters.memory import MemoryArchive, MemoryVectors
from app.errors import RetrievalUnavailable
from app.models import (
    Customer,
    Decision,
    HandoffRequest,
    Identifier,
    Intent,
    Interaction,
    Intervention,
    InterventionLevel,
    NextActionRequest,
    Outcome,
    Snapshot,
    SuppressionReason,
)
from app.nlu.steps import steps
from app.nlu.tool_facts import read_facts
from app.ports import Vectors
from app.signals import detect, intervene
from tests.support.builders import START, interaction, snapshot
from tests.support.cases import understood

CATALOGUE: dict[str, Any] = {
    "name": "library",
    "intents": [
        {
            "name": "renew",
            "label": "Keep a book longer",
            "examples": ["I want to renew my book", "Can I keep it for two more weeks?", "Please extend my loan"],
        },
        {
            "name": "find",
            "label": "Find a book",
            "examples": ["Do you have this novel?", "I am looking for a book on gardening", "Which shelf is it on?"],
        },
        {
            "name": "fee",
            "label": "A fee",
            "examples": ["Why do I have to pay a fine?", "There is a fee on my card", "I paid the late fee already"],
        },
        {"name": "person", "label": "Speak to a person", "examples": ["I want to talk to a librarian"]},
    ],
    "actions": [
        {
            "id": "renew_loan",
            "label": "Renew the loan",
            "aliases": ["extend_loan"],
            "intents": ["renew"],
            "policy": {
                "eligibility": [
                    {"expression": "facts.renewals < 3", "otherwise": "A book can be renewed three times at most."},
                    "facts.status != 'reserved'",
                ],
                "suitability": "now - facts.lent_at >= duration('24h')",
            },
            "parameters": [
                {"name": "loan_id", "from": ["fact.loan_id", "mention.code"], "identifies": True},
                {"name": "title", "from": "fact.book.title", "required": False},
            ],
            "script": "I can renew {loan_id}. It is called {title}. It is due in two weeks.",
        },
        {"id": "explain_rules", "label": "Explain the rules", "repeatable": True, "instead_of": ["renew_loan"]},
        {
            "id": "search_shelves",
            "label": "Search the shelves",
            "intents": {"find": 1.0, "renew": 0.9},
            "propensity": 0.2,
        },
        {"id": "waive_fee", "label": "Waive the fee", "intents": ["fee"], "requires_approval": True, "value": 2.0},
        {"id": "explain_fee", "label": "Explain the fee", "intents": ["fee"], "audience": ["agent"]},
        {
            "id": "offer_membership",
            "label": "Offer a membership",
            "intents": {"any": 0.3},
            "contact_policy": {"max_offers": 2, "per_days": 30},
        },
        {"id": "call_librarian", "label": "Call a librarian", "intents": ["person"], "levels": {"escalate": 1.0}},
    ],
}
LENT = {
    "loan_id": "LN-1001",
    "status": "lent",
    "renewals": 1,
    "lent_at": "2026-02-20T10:00:00",
    "book": {"title": "Weeds"},
}
CALM = Intervention(level=InterventionLevel.WAIT, friction=0.0)


@pytest.fixture(scope="module")
def embedder() -> MiniLM:
    return MiniLM()


@pytest.fixture
def archive() -> MemoryArchive:
    return MemoryArchive()


@pytest.fixture
def maker(embedder: MiniLM, archive: MemoryArchive) -> DecisionMaker:
    return DecisionMaker(parse_catalogue(CATALOGUE), embedder, archive, vectors=MemoryVectors())


class SilentEmbedder:
    """An embedder whose server does not answer."""

    name = "silent"

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Never gives vectors."""
        raise RetrievalUnavailable(f"No answer to {len(texts)} texts.")


def looked_up(record: Mapping[str, Any] | str, seq: int = 2, name: str = "get_loan") -> Interaction:
    """What a tool answered."""
    text = record if isinstance(record, str) else __import__("json").dumps(record)
    return interaction(seq, text, kind="tool_result", actor="system", name=name)


async def decide(maker: DecisionMaker, case: Snapshot, **fields: Any) -> Decision:
    """What the bot or the agent is told at this moment."""
    signals = detect(case)
    return await maker.decide(
        case,
        await understood(maker, case),
        signals,
        intervene(signals, case.now),
        NextActionRequest(**fields),
        started=perf_counter(),
    )


def ids(decision: Decision) -> list[str]:
    """The ids of the offered actions, best first."""
    return [action.action_id for action in decision.actions]


def held_back(decision: Decision, action_id: str) -> tuple[SuppressionReason, str, tuple[str, ...]]:
    """Why an action is not offered, in its code, its words and its evidence."""
    return next(
        (suppressed_action.reason, suppressed_action.detail, suppressed_action.evidence)
        for suppressed_action in decision.suppressed
        if suppressed_action.action_id == action_id
    )


# --- intent ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Hello! Could I extend the loan of this book by a few days?", "renew"),
        ("Is there anything by that author on your shelves?", "find"),
        ("I don't understand the fine on my account.", "fee"),
    ],
)
async def test_a_request_is_known_by_the_tenants_own_examples(maker: DecisionMaker, text: str, intent: str) -> None:
    assert (await understood(maker, snapshot([interaction(1, text)]))).intent.name == intent


@pytest.mark.parametrize("text", ["What is the capital of Peru?", "My washing machine leaks, can you help?"])
async def test_what_fits_nothing_has_no_intent(maker: DecisionMaker, text: str) -> None:
    assert (await understood(maker, snapshot([interaction(1, text)]))).intent.name is None


async def test_a_short_reply_does_not_change_what_the_customer_wants(maker: DecisionMaker) -> None:
    rows = [
        interaction(1, "I want to renew my book"),
        interaction(2, "Is it the one that is due on Friday?", actor="bot"),
        interaction(3, "yes"),
    ]
    assert (await understood(maker, snapshot(rows))).intent.name == "renew"


@pytest.mark.parametrize(("first", "last", "intent"), [("renew", "fee", "fee"), ("fee", "renew", "renew")])
async def test_the_latest_request_weighs_more(maker: DecisionMaker, first: str, last: str, intent: str) -> None:
    requests = {"renew": "I want to renew my book", "fee": "Why do I have to pay a fine?"}
    rows = [interaction(1, requests[first]), interaction(2, "Done.", actor="bot"), interaction(3, requests[last])]
    assert (await understood(maker, snapshot(rows))).intent.name == intent


async def test_who_agrees_to_a_proposal_wants_what_was_proposed(maker: DecisionMaker) -> None:
    rows = [interaction(1, "Shall I renew your book for two more weeks?", actor="bot"), interaction(2, "Yes, sure")]
    assert (await understood(maker, snapshot(rows))).intent.name == "renew"


async def test_who_says_nothing_wants_what_they_failed_to_do(maker: DecisionMaker) -> None:
    failed = interaction(1, kind="event", channel="app", name="extend_loan", outcome="failed")
    assert (await understood(maker, snapshot([failed]))).intent.name == "renew"


async def test_a_name_given_in_an_earlier_conversation_fills_a_parameter(maker: DecisionMaker) -> None:
    prior = [interaction(1, "It is about LN-7007", conversation_id="c0")]
    facts = {name: value for name, value in LENT.items() if name != "loan_id"}
    case = snapshot([interaction(2, "I want to renew my book"), looked_up(facts, 3)], prior)
    best = (await decide(maker, case)).actions[0]
    assert best.parameters["loan_id"] == "LN-7007"
    assert "int_1" in best.evidence


async def test_a_customer_who_said_nothing_has_no_intent_and_still_gets_a_decision(maker: DecisionMaker) -> None:
    case = snapshot([interaction(1, kind="event", name="page_view", data={"page": "/"})])
    assert (await understood(maker, case)).intent == Intent()
    assert ids(await decide(maker, case)) == ["offer_membership"]


# --- facts and steps ------------------------------------------------------------------------------------------------


def test_the_current_record_gives_the_facts_and_records_never_mix() -> None:
    rows = [
        looked_up({"loan_id": "LN-1", "status": "lost", "note": "water damage"}, 1),
        looked_up({"loan_id": "LN-2", "status": "lent", "book": {"title": "Weeds"}}, 2),
        looked_up({"tier": "gold"}, 3, "get_member"),
    ]
    facts = read_facts(rows, None)
    assert facts.tree["status"] == "lent"
    assert "note" not in facts.tree
    assert facts.tree["tier"] == "gold"
    title = facts.find("book.title")
    assert title is not None
    assert title == ("Weeds", "int_2")
    assert facts.find("book.author") is None


def test_where_records_of_two_kinds_share_a_field_the_latest_read_gives_it() -> None:
    rows = [
        looked_up({"loan_id": "LN-1", "status": "lost"}, 1),
        looked_up({"member_id": "M-1", "status": "gold"}, 2, "get_member"),
        looked_up({"loan_id": "LN-2", "status": "lent"}, 3),
    ]
    assert read_facts(rows, None).tree["status"] == "lent"


def test_naming_a_record_makes_it_the_current_one() -> None:
    rows = [
        looked_up({"loan_id": "LN-1", "status": "lost"}, 1),
        looked_up({"loan_id": "LN-2", "status": "lent"}, 2),
        interaction(3, "It is about LN-1 though"),
    ]
    assert read_facts(rows, None).tree["status"] == "lost"


def test_a_later_write_to_the_same_record_wins_and_keeps_the_rest() -> None:
    rows = [
        looked_up({"loan_id": "LN-1", "status": "lent", "renewals": 1}, 1),
        looked_up({"loan_id": "LN-1", "renewals": 2}, 2, "renew_loan"),
    ]
    assert read_facts(rows, None).tree == {"loan_id": "LN-1", "status": "lent", "renewals": 2}


def test_facts_are_typed_and_lists_stand_under_the_name_of_their_tool() -> None:
    rows = [
        looked_up({"loan_id": "LN-1", "lent_at": "2026-02-20T10:00:00", "huge": 10**30}, 1),
        looked_up('[{"shelf": "A4"}, {"shelf": "B2"}]', 2, "search_shelves"),
    ]
    facts = read_facts(rows, START.tzinfo)
    assert facts.tree["lent_at"] == START.replace(month=2, day=20, hour=10)
    assert facts.tree["huge"] == str(10**30)
    shelf = facts.find("search_shelves.1.shelf")
    assert shelf is not None
    assert shelf.value == "B2"


@pytest.mark.parametrize("text", ["Error: {}", '{"error": "no such loan"}', "", "not json", "[", "17", "{}"])
def test_errors_and_what_is_no_json_give_no_facts(text: str) -> None:
    assert read_facts([looked_up(text)], None).tree == {}


def test_a_step_ends_with_the_result_of_its_name() -> None:
    rows = [
        interaction(1, kind="tool_call", actor="bot", name="renewLoan", data={"loan_id": "LN-1"}),
        looked_up("Error: reserved", 2, "renew_loan"),
    ]
    (step,) = steps(rows)
    assert (step.name, step.outcome, step.evidence) == ("renew_loan", Outcome.FAILED, ("int_1", "int_2"))


# --- policy ---------------------------------------------------------------------------------------------------------


async def test_an_action_that_policy_allows_is_offered_with_its_parameters_and_evidence(maker: DecisionMaker) -> None:
    rows = [interaction(1, "I want to renew my book"), looked_up(LENT)]
    best = (await decide(maker, snapshot(rows))).actions[0]
    assert best.action_id == "renew_loan"
    assert best.parameters == {"loan_id": "LN-1001", "title": "Weeds"}
    assert best.script == "I can renew LN-1001. It is called Weeds. It is due in two weeks."
    assert best.evidence == ("int_1", "int_2")
    assert "keep a book longer" in best.reason.lower()
    parts = best.components
    assert best.score == pytest.approx(parts.propensity * parts.context * parts.value * parts.lever)


@pytest.mark.parametrize(
    ("changed", "reason", "detail"),
    [
        ({"renewals": 3}, SuppressionReason.INELIGIBLE, "A book can be renewed three times at most."),
        ({"status": "reserved"}, SuppressionReason.INELIGIBLE, "facts.status != 'reserved'"),
        ({"lent_at": "2026-03-02T08:00:00"}, SuppressionReason.UNSUITABLE, "duration('24h')"),
        ({"renewals": "many"}, SuppressionReason.NOT_APPLICABLE, "does not fit what is known"),
    ],
)
async def test_what_policy_closes_is_not_offered_and_says_why(
    maker: DecisionMaker, changed: Mapping[str, Any], reason: SuppressionReason, detail: str
) -> None:
    rows = [interaction(1, "I want to renew my book"), looked_up({**LENT, **changed})]
    decision = await decide(maker, snapshot(rows))
    assert "renew_loan" not in ids(decision)
    why, explanation, evidence = held_back(decision, "renew_loan")
    assert why is reason
    assert detail in explanation
    assert evidence == ("int_2",)


async def test_a_fact_that_nobody_knows_makes_an_action_not_applicable_and_is_named(maker: DecisionMaker) -> None:
    decision = await decide(maker, snapshot([interaction(1, "I want to renew my book")]))
    reason, detail, _ = held_back(decision, "renew_loan")
    assert reason is SuppressionReason.NOT_APPLICABLE
    assert "renewals" in detail


async def test_something_stands_in_for_what_policy_closed(maker: DecisionMaker) -> None:
    rows = [interaction(1, "I want to renew my book"), looked_up({**LENT, "renewals": 3})]
    best = (await decide(maker, snapshot(rows))).actions[0]
    assert best.action_id == "explain_rules"
    assert "A book can be renewed three times at most." in best.reason


async def test_what_is_merely_unknown_needs_no_stand_in(maker: DecisionMaker) -> None:
    assert "explain_rules" not in ids(await decide(maker, snapshot([interaction(1, "I want to renew my book")])))


async def test_policy_may_ask_for_words_context_signals_and_who_the_customer_is(archive: MemoryArchive) -> None:
    rules = {
        "words": "said('sick|ill*')",
        "context": "context.branch == 'north'",
        "signals": "signals.human_request > 0.5",
        "customer": "customer.identifiers.card == '77'",
        "day": "today == '2026-03-02'",
        "steps": "conversation.steps.open_door == 'failed'",
    }
    actions = [
        {"id": name, "label": name, "intents": {"any": 1.0}, "policy": {"eligibility": rule}}
        for name, rule in rules.items()
    ]
    catalogue = parse_catalogue({"name": "test", "actions": actions})
    maker = DecisionMaker(catalogue, SilentEmbedder(), archive, vectors=MemoryVectors())
    interactions = [
        interaction(1, "I have an illness and want to talk to a person"),
        interaction(2, kind="event", name="open_door", outcome="failed"),
    ]
    case = snapshot(interactions).model_copy(
        update={
            "customer": Customer(
                customer_id="cus_1", identity_ids=("cus_1",), identifiers=(Identifier(type="card", value="77"),)
            )
        }
    )
    open_ones = {*ids(await decide(maker, case, limit=5, context={"branch": "north"}))}
    assert open_ones == {"words", "context", "signals", "customer", "day"}
    without = snapshot([interaction(1, "Hello there, I am still looking")])
    assert ids(await decide(maker, without, limit=5, context={"branch": "south"})) == ["day"]


# --- tried steps ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["renew_loan", "Renew loan", "extendLoan"])
@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
async def test_a_step_already_tried_is_not_offered_whatever_its_spelling(
    maker: DecisionMaker, name: str, outcome: str
) -> None:
    tried = interaction(3, kind="event", name=name, outcome=outcome, channel="app", conversation_id="c0")
    case = snapshot([interaction(4, "I want to renew my book"), looked_up(LENT, 5)], [tried])
    decision = await decide(maker, case)
    reason, detail, evidence = held_back(decision, "renew_loan")
    assert reason is SuppressionReason.ALREADY_TRIED
    assert ("failed" in detail) is (outcome == "failed")
    assert evidence == ("int_3",)


async def test_a_step_that_was_only_begun_is_still_offered(maker: DecisionMaker) -> None:
    begun = interaction(3, kind="event", name="renew_loan", outcome="abandoned", channel="app", conversation_id="c0")
    case = snapshot([interaction(4, "I want to renew my book"), looked_up(LENT, 5)], [begun])
    assert ids(await decide(maker, case))[0] == "renew_loan"


async def test_the_same_step_for_another_thing_is_not_tried_yet(maker: DecisionMaker) -> None:
    rows = [
        interaction(1, "I want to renew my books"),
        interaction(2, kind="tool_call", actor="bot", name="renew_loan", data={"loan_id": "LN-9"}),
        looked_up({"loan_id": "LN-9", "renewals": 2}, 3, "renew_loan"),
        looked_up(LENT, 4),
        interaction(5, "Please renew LN-1001 too"),
    ]
    assert ids(await decide(maker, snapshot(rows)))[0] == "renew_loan"


async def test_what_has_been_done_is_not_wanted_any_more(maker: DecisionMaker) -> None:
    asked = [interaction(1, "I want to renew my book"), looked_up(LENT)]
    done = interaction(3, kind="event", name="renew_loan", outcome="succeeded")
    before = {action.action_id: action.score for action in (await decide(maker, snapshot(asked))).actions}
    after = {action.action_id: action.score for action in (await decide(maker, snapshot([*asked, done]))).actions}
    assert after["search_shelves"] < before["search_shelves"] / 2


async def test_a_step_of_last_year_may_be_taken_again(maker: DecisionMaker) -> None:
    old = interaction(
        1, kind="event", name="renew_loan", outcome="succeeded", at=START - timedelta(days=300), conversation_id="c0"
    )
    case = snapshot([interaction(2, "I want to renew my book"), looked_up(LENT, 3)], [old])
    assert ids(await decide(maker, case))[0] == "renew_loan"


async def test_a_repeatable_step_may_be_taken_again(maker: DecisionMaker) -> None:
    rows = [
        interaction(1, "I want to renew my book"),
        looked_up({**LENT, "renewals": 3}),
        interaction(3, kind="event", name="explain_rules", outcome="succeeded"),
    ]
    assert ids(await decide(maker, snapshot(rows)))[0] == "explain_rules"


# --- arbitration, audience, caps ------------------------------------------------------------------------------------


async def test_value_decides_between_actions_that_fit_alike(maker: DecisionMaker) -> None:
    decision = await decide(maker, snapshot([interaction(1, "There is a fee on my card")]), audience="agent")
    assert ids(decision)[:2] == ["waive_fee", "explain_fee"]
    assert decision.actions[0].requires_approval


async def test_what_only_an_agent_may_do_is_not_offered_to_a_bot(maker: DecisionMaker) -> None:
    decision = await decide(maker, snapshot([interaction(1, "There is a fee on my card")]))
    assert "explain_fee" not in ids(decision)
    assert all(suppressed_action.action_id != "explain_fee" for suppressed_action in decision.suppressed)


async def test_an_agent_gets_as_many_actions_as_asked_for_and_three_with_a_handoff(maker: DecisionMaker) -> None:
    case = snapshot(
        [interaction(1, "There is a fee on my card. I want to talk to a librarian. Do you have this novel?")]
    )
    assert len(ids(await decide(maker, case, limit=5))) > 3
    assert [len(ids(await decide(maker, case, limit=most, audience="agent"))) for most in (3, 4, 5)] == [3, 4, 5]
    understanding = await understood(maker, case)
    handoff = await maker.decide(case, understanding, (), CALM, HandoffRequest(), started=perf_counter())
    assert handoff.audience == "agent"
    assert len(handoff.actions) == 3


async def test_actions_are_ranked_at_every_level_and_friction_brings_a_person_forward(maker: DecisionMaker) -> None:
    calm = await decide(maker, snapshot([interaction(1, "Do you have this novel?")]))
    assert ids(calm)[0] == "search_shelves"
    upset = await decide(
        maker, snapshot([interaction(1, "Do you have this novel?"), interaction(2, "I want to talk to a person!")])
    )
    assert upset.intervention.level is InterventionLevel.ESCALATE
    assert "call_librarian" in ids(upset)
    assert "search_shelves" in ids(upset)


async def test_an_action_is_capped_over_conversations_and_not_within_one(maker: DecisionMaker) -> None:
    async def asked(conversation: str, day: int) -> Decision:
        row = interaction(day, "Do you have this novel?", conversation_id=conversation, at=START + timedelta(days=day))
        return await decide(maker, snapshot([row]))

    for conversation, day in (("first", 1), ("first", 2), ("second", 3), ("second", 4)):
        assert "offer_membership" in ids(await asked(conversation, day))
    third = await asked("third", 5)
    assert "offer_membership" not in ids(third)
    assert held_back(third, "offer_membership")[0] is SuppressionReason.CONTACT_POLICY
    assert "offer_membership" in ids(await asked("later", 60))


async def test_a_sentence_whose_value_is_not_known_is_left_out_of_the_script(maker: DecisionMaker) -> None:
    facts = {name: value for name, value in LENT.items() if name != "book"}
    rows = [interaction(1, "I want to renew my book"), looked_up(facts)]
    assert (await decide(maker, snapshot(rows))).actions[0].script == "I can renew LN-1001. It is due in two weeks."
