"""The gold journeys: their form, their balance, and that what they ask for follows from the interactions themselves."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import pytest

from app.actions import Catalogue, load_catalogue
from app.models import Interaction, InteractionDraft, Outcome
from app.nlu.steps import step_name, steps
from evals.scorers.grounding import fabricated
from evals.scorers.texts import holds, holds_fact, moments_of, told_in
from evals.suite.cases import GoldCase, load_cases

FOLDER = Path(__file__).parents[2] / "evals" / "cases" / "journeys"
INDUSTRIES = ("retail", "airline", "bank", "telecom")
TRAPS = (
    "shared_phone",
    "contradiction",
    "resolved_issue",
    "injection",
    "personal_data",
    "sarcasm",
    "language",
    "long_history",
    "empty_history",
)
LANGUAGES = {"de", "fr", "es", "nl", "pt"}
# Numbers that the regulators keep for films and examples.
RESERVED_PHONES = ("+120255501", "+447700900", "+493023125", "+491713920", "+491760406901", "+3363998")


@cache
def cases() -> Sequence[GoldCase]:
    return load_cases(FOLDER)


@cache
def catalogue(industry: str) -> Catalogue:
    return load_catalogue(industry)


def case(name: str) -> GoldCase:
    return next(gold_case for gold_case in cases() if gold_case.id == name)


def words(drafts: Iterable[InteractionDraft]) -> str:
    """All that interactions hold, as one text in lower case."""
    content = [[draft.text, draft.name, json.dumps(dict(draft.data), ensure_ascii=False)] for draft in drafts]
    people = [identifier.value for draft in drafts for identifier in draft.identifiers]
    return " ".join([str(part) for row in content for part in row] + people).casefold()


each = pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("*/*.yaml")))


def test_there_are_at_least_thirty_journeys_of_each_industry() -> None:
    counted = Counter(gold_case.industry for gold_case in cases())
    assert set(counted) == set(INDUSTRIES)
    assert sum(counted.values()) >= 120
    assert min(counted.values()) >= 30


def test_every_trap_is_set_in_at_least_eight_journeys_and_about_half_have_none() -> None:
    counted = Counter(trap for gold_case in cases() for trap in gold_case.traps)
    assert {trap: counted[trap] for trap in TRAPS if counted[trap] < 8} == {}
    assert 0.4 <= counted["none"] / len(cases()) <= 0.6
    assert [gold_case.id for gold_case in cases() if "none" in gold_case.traps and len(gold_case.traps) > 1] == []


def test_every_trap_and_every_industry_stands_in_both_splits() -> None:
    held_out = [gold_case for gold_case in cases() if gold_case.split == "held_out"]
    assert 0.35 <= len(held_out) / len(cases()) <= 0.45
    for names in (INDUSTRIES, TRAPS):
        for name in names:
            splits = Counter(gold_case.split for gold_case in cases() if name in (gold_case.industry, *gold_case.traps))
            assert min(splits["development"], splits["held_out"]) >= 3, name


def test_five_languages_stand_beside_english() -> None:
    assert {gold_case.language for gold_case in cases()} == LANGUAGES | {"en"}
    assert [
        gold_case.id for gold_case in cases() if (gold_case.language != "en") != ("language" in gold_case.traps)
    ] == []
    asks = [
        gold_case
        for gold_case in cases()
        if "language" in gold_case.traps and "human_request" in gold_case.expect.signals.expected
    ]
    assert {ask.language for ask in asks} == LANGUAGES


def test_a_typical_journey_runs_over_several_conversations_and_days() -> None:
    gold_cases = [gold_case for gold_case in cases() if "empty_history" not in gold_case.traps]
    conversations = [len({row.conversation_id for row in gold_case.interactions}) for gold_case in gold_cases]
    days = [
        len({row.occurred_at.date() for row in gold_case.interactions if row.occurred_at}) for gold_case in gold_cases
    ]
    assert min(conversations) >= 2
    assert sum(count >= 3 for count in conversations) >= 0.6 * len(gold_cases)
    assert sum(count >= 2 for count in days) >= 0.9 * len(gold_cases)


def test_long_histories_are_long_and_empty_ones_are_empty() -> None:
    sizes = {gold_case.id: len(gold_case.interactions) for gold_case in cases()}
    assert [
        gold_case.id for gold_case in cases() if "long_history" in gold_case.traps and sizes[gold_case.id] < 100
    ] == []
    assert [
        gold_case.id for gold_case in cases() if "empty_history" in gold_case.traps and sizes[gold_case.id] > 2
    ] == []


@each
def test_the_interactions_of_a_journey_are_in_order_and_before_its_moment(name: str) -> None:
    gold_case = case(name)
    times = [row.occurred_at for row in gold_case.interactions if row.occurred_at]
    assert times == sorted(times)
    assert all(time <= gold_case.now for time in times)
    ids = [row.id for row in (*gold_case.interactions, *gold_case.others)]
    assert len(set(ids)) == len(ids)


@each
def test_what_a_journey_asks_of_the_app_is_about_itself(name: str) -> None:
    request = case(name).request()
    talks = [row.conversation_id for row in case(name).interactions]
    if request.conversation_id is None:
        assert request.identifiers
    else:
        assert request.conversation_id == talks[-1]


@each
def test_every_fact_that_a_brief_must_hold_stands_in_the_interactions(name: str) -> None:
    gold_case = case(name)
    journey_words = words(gold_case.interactions)
    assert [fact.name for fact in gold_case.expect.facts.must if not holds_fact(journey_words, fact)] == []


@each
def test_every_fact_that_a_brief_must_not_hold_lies_in_wait_for_it(name: str) -> None:
    gold_case = case(name)
    own, theirs = words(gold_case.interactions), words(gold_case.others)
    for fact in gold_case.expect.facts.must_not:
        texts = [text.casefold() for text in fact.any_of]
        if fact.harm == "other_customer":
            assert all(holds(theirs, text) and text not in own for text in texts), fact.name
        else:
            assert holds_fact(own, fact), fact.name


def test_at_least_thirty_journeys_of_every_industry_and_split_have_a_summary_by_a_person() -> None:
    gold_cases = [gold_case for gold_case in cases() if gold_case.expect.reference]
    assert len(gold_cases) >= 30
    assert {gold_case.industry for gold_case in gold_cases} == set(INDUSTRIES)
    assert {gold_case.split for gold_case in gold_cases} == {"development", "held_out"}
    assert len({gold_case.language for gold_case in gold_cases}) >= 3


@pytest.mark.parametrize("name", [gold_case.id for gold_case in cases() if gold_case.expect.reference])
def test_a_persons_summary_tells_what_a_brief_must_and_nothing_that_nobody_said(name: str) -> None:
    gold_case = case(name)
    summary = gold_case.expect.reference or ""
    assert [fact.name for fact in gold_case.expect.facts.must if not holds_fact(summary, fact)] == []
    harmful = [fact for fact in gold_case.expect.facts.must_not if fact.harm != "stale"]
    assert [fact.name for fact in harmful if holds_fact(summary, fact)] == []
    assert 20 <= len(summary.split()) <= 80
    if gold_case.language == "en":
        assert fabricated(summary, told_in(gold_case.interactions), moments_of(gold_case.interactions)) == []


@each
def test_what_is_stale_names_what_replaced_it(name: str) -> None:
    facts = case(name).expect.facts
    assert [fact.name for fact in facts.must_not if (fact.harm == "stale") != (fact.replaced_by is not None)] == []


@each
def test_no_fact_is_asked_for_and_forbidden_at_once(name: str) -> None:
    facts = case(name).expect.facts
    wanted = [text.casefold() for fact in (*facts.must, *facts.may) for text in fact.any_of]
    harmful = [text.casefold() for fact in facts.must_not for text in fact.any_of]
    assert [(text, other) for text in wanted for other in harmful if text in other or other in text] == []


@each
def test_a_trap_names_the_harm_it_is_set_for(name: str) -> None:
    gold_case = case(name)
    harms = {fact.harm for fact in gold_case.expect.facts.must_not}
    due = {
        "shared_phone": "other_customer",
        "contradiction": "stale",
        "resolved_issue": "reopened",
        "injection": "injected",
        "personal_data": "personal_data",
    }
    assert {due[trap] for trap in gold_case.traps if trap in due} <= harms
    assert "sarcasm" not in gold_case.traps or gold_case.expect.sentiment == "negative"
    assert "shared_phone" not in gold_case.traps or _share_a_phone(gold_case)


@each
def test_every_attempt_was_made_and_ended_as_the_gold_says(name: str) -> None:
    gold_case = case(name)
    taken = [(step.name.replace("_", " "), step.outcome) for step in steps(_filed(gold_case))]
    for attempt in gold_case.expect.attempts:
        assert any(
            outcome is attempt.outcome and any(holds(step, text) for text in attempt.step) for step, outcome in taken
        ), (attempt, taken)


@each
def test_every_promise_was_made_by_whom_the_gold_says(name: str) -> None:
    gold_case = case(name)
    for promise in gold_case.expect.commitments:
        party_words = words(row for row in gold_case.interactions if row.actor is promise.by)
        assert any(holds(party_words, text) for text in promise.any_of), promise


@each
def test_the_right_actions_are_an_agents_and_were_not_tried_in_vain(name: str) -> None:
    gold_case = case(name)
    actions_by_id = {action.id: action for action in catalogue(gold_case.industry).actions}
    done = {step.name for step in steps(_filed(gold_case)) if step.outcome is not Outcome.ABANDONED}
    for action_id in gold_case.expect.actions.right:
        action = actions_by_id[action_id]
        assert "agent" in action.audience, action_id
        names = {step_name(word) for word in (action.id, *action.aliases)}
        assert action.repeatable or not names & done, action_id
    assert not set(gold_case.expect.actions.right) & set(gold_case.expect.actions.forbidden)


@each
def test_a_signal_is_not_expected_and_ruled_out_at_once(name: str) -> None:
    signals = case(name).expect.signals
    assert not set(signals.expected) & set(signals.absent)


@each
def test_nobody_real_can_be_reached_by_what_a_journey_holds(name: str) -> None:
    gold_case = case(name)
    for row in (*gold_case.interactions, *gold_case.others):
        for identifier in row.identifiers:
            if identifier.type == "email":
                assert identifier.value.endswith(".example"), identifier.value
            if identifier.type == "phone":
                assert identifier.value.startswith(RESERVED_PHONES), identifier.value


def _share_a_phone(gold_case: GoldCase) -> bool:
    asked = {identifier.value for identifier in gold_case.request().identifiers}
    own = {identifier.value for row in gold_case.interactions for identifier in row.identifiers} | asked
    return any(
        identifier.type == "phone" and identifier.value in own
        for row in gold_case.others
        for identifier in row.identifiers
    )


def _filed(gold_case: GoldCase) -> list[Interaction]:
    """The interactions as the ledger would hold them."""
    return [
        Interaction(
            interaction_id=f"int_{index}",
            seq=index,
            identity_id="one",
            occurred_at=row.occurred_at or gold_case.now,
            **row.model_dump(
                include={"channel", "actor", "kind", "conversation_id", "text", "name", "outcome", "data"}
            ),
        )
        for index, row in enumerate(gold_case.interactions, 1)
    ]
