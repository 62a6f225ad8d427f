"""The gold journeys: their form, their balance, and that what they ask for follows from the interactions themselves."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import pytest

from app.actions import Catalogue, load_catalogue
from app.language.steps import step_name, steps
from app.models import Interaction, InteractionDraft, Outcome
from evals.scorers.grounding import fabricated
from evals.scorers.texts import holds, holds_fact, moments_of, told_in
from evals.suite.cases import GoldCase, load_cases

FOLDER = Path(__file__).parents[1] / "evals" / "cases" / "journeys"
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
    return next(one for one in cases() if one.id == name)


def words(drafts: Iterable[InteractionDraft]) -> str:
    """All that interactions hold, as one text in lower case."""
    content = [[one.text, one.name, json.dumps(dict(one.data), ensure_ascii=False)] for one in drafts]
    people = [identifier.value for one in drafts for identifier in one.identifiers]
    return " ".join([str(part) for row in content for part in row] + people).casefold()


each = pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("*/*.yaml")))


def test_there_are_at_least_thirty_journeys_of_each_industry() -> None:
    counted = Counter(one.industry for one in cases())
    assert set(counted) == set(INDUSTRIES)
    assert sum(counted.values()) >= 120
    assert min(counted.values()) >= 30


def test_every_trap_is_set_in_at_least_eight_journeys_and_about_half_have_none() -> None:
    counted = Counter(trap for one in cases() for trap in one.traps)
    assert {trap: counted[trap] for trap in TRAPS if counted[trap] < 8} == {}
    assert 0.4 <= counted["none"] / len(cases()) <= 0.6
    assert [one.id for one in cases() if "none" in one.traps and len(one.traps) > 1] == []


def test_every_trap_and_every_industry_stands_in_both_splits() -> None:
    held_out = [one for one in cases() if one.split == "held_out"]
    assert 0.35 <= len(held_out) / len(cases()) <= 0.45
    for names in (INDUSTRIES, TRAPS):
        for name in names:
            splits = Counter(one.split for one in cases() if name in (one.industry, *one.traps))
            assert min(splits["development"], splits["held_out"]) >= 3, name


def test_five_languages_stand_beside_english() -> None:
    assert {one.language for one in cases()} == LANGUAGES | {"en"}
    assert [one.id for one in cases() if (one.language != "en") != ("language" in one.traps)] == []
    asks = [one for one in cases() if "language" in one.traps and "human_request" in one.expect.signals.expected]
    assert {one.language for one in asks} == LANGUAGES


def test_a_typical_journey_runs_over_several_conversations_and_days() -> None:
    told = [one for one in cases() if "empty_history" not in one.traps]
    conversations = [len({row.conversation_id for row in one.interactions}) for one in told]
    days = [len({row.occurred_at.date() for row in one.interactions if row.occurred_at}) for one in told]
    assert min(conversations) >= 2
    assert sum(count >= 3 for count in conversations) >= 0.6 * len(told)
    assert sum(count >= 2 for count in days) >= 0.9 * len(told)


def test_long_histories_are_long_and_empty_ones_are_empty() -> None:
    sizes = {one.id: len(one.interactions) for one in cases()}
    assert [one.id for one in cases() if "long_history" in one.traps and sizes[one.id] < 100] == []
    assert [one.id for one in cases() if "empty_history" in one.traps and sizes[one.id] > 2] == []


@each
def test_the_interactions_of_a_journey_are_in_order_and_before_its_moment(name: str) -> None:
    one = case(name)
    times = [row.occurred_at for row in one.interactions if row.occurred_at]
    assert times == sorted(times)
    assert all(time <= one.now for time in times)
    ids = [row.id for row in (*one.interactions, *one.others)]
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
    one = case(name)
    said = words(one.interactions)
    assert [fact.name for fact in one.expect.facts.must if not holds_fact(said, fact)] == []


@each
def test_every_fact_that_a_brief_must_not_hold_lies_in_wait_for_it(name: str) -> None:
    one = case(name)
    own, theirs = words(one.interactions), words(one.others)
    for fact in one.expect.facts.must_not:
        texts = [text.casefold() for text in fact.any_of]
        if fact.harm == "other_customer":
            assert all(holds(theirs, text) and text not in own for text in texts), fact.name
        else:
            assert holds_fact(own, fact), fact.name


def test_at_least_thirty_journeys_of_every_industry_and_split_have_a_summary_by_a_person() -> None:
    told = [one for one in cases() if one.expect.reference]
    assert len(told) >= 30
    assert {one.industry for one in told} == set(INDUSTRIES)
    assert {one.split for one in told} == {"development", "held_out"}
    assert len({one.language for one in told}) >= 3


@pytest.mark.parametrize("name", [one.id for one in cases() if one.expect.reference])
def test_a_persons_summary_tells_what_a_brief_must_and_nothing_that_nobody_said(name: str) -> None:
    one = case(name)
    summary = one.expect.reference or ""
    assert [fact.name for fact in one.expect.facts.must if not holds_fact(summary, fact)] == []
    harmful = [fact for fact in one.expect.facts.must_not if fact.harm != "stale"]
    assert [fact.name for fact in harmful if holds_fact(summary, fact)] == []
    assert 20 <= len(summary.split()) <= 80
    if one.language == "en":
        assert fabricated(summary, told_in(one.interactions), moments_of(one.interactions)) == []


@each
def test_what_is_stale_names_what_replaced_it(name: str) -> None:
    facts = case(name).expect.facts
    assert [one.name for one in facts.must_not if (one.harm == "stale") != (one.replaced_by is not None)] == []


@each
def test_no_fact_is_asked_for_and_forbidden_at_once(name: str) -> None:
    facts = case(name).expect.facts
    wanted = [text.casefold() for fact in (*facts.must, *facts.may) for text in fact.any_of]
    harmful = [text.casefold() for fact in facts.must_not for text in fact.any_of]
    assert [(one, other) for one in wanted for other in harmful if one in other or other in one] == []


@each
def test_a_trap_names_the_harm_it_is_set_for(name: str) -> None:
    one = case(name)
    harms = {fact.harm for fact in one.expect.facts.must_not}
    due = {
        "shared_phone": "other_customer",
        "contradiction": "stale",
        "resolved_issue": "reopened",
        "injection": "injected",
        "personal_data": "personal_data",
    }
    assert {due[trap] for trap in one.traps if trap in due} <= harms
    assert "sarcasm" not in one.traps or one.expect.sentiment == "negative"
    assert "shared_phone" not in one.traps or _share_a_phone(one)


@each
def test_every_attempt_was_made_and_ended_as_the_gold_says(name: str) -> None:
    one = case(name)
    taken = [(step.name.replace("_", " "), step.outcome) for step in steps(_filed(one))]
    for attempt in one.expect.attempts:
        assert any(
            outcome is attempt.outcome and any(holds(step, text) for text in attempt.step) for step, outcome in taken
        ), (attempt, taken)


@each
def test_every_promise_was_made_by_whom_the_gold_says(name: str) -> None:
    one = case(name)
    for promise in one.expect.commitments:
        said = words(row for row in one.interactions if row.actor is promise.by)
        assert any(holds(said, text) for text in promise.any_of), promise


@each
def test_the_right_actions_are_an_agents_and_were_not_tried_in_vain(name: str) -> None:
    one = case(name)
    known = {action.id: action for action in catalogue(one.industry).actions}
    done = {step.name for step in steps(_filed(one)) if step.outcome is not Outcome.ABANDONED}
    for action_id in one.expect.actions.right:
        action = known[action_id]
        assert "agent" in action.audience, action_id
        names = {step_name(word) for word in (action.id, *action.aliases)}
        assert action.repeatable or not names & done, action_id
    assert not set(one.expect.actions.right) & set(one.expect.actions.forbidden)


@each
def test_a_signal_is_not_expected_and_ruled_out_at_once(name: str) -> None:
    signals = case(name).expect.signals
    assert not set(signals.expected) & set(signals.absent)


@each
def test_nobody_real_can_be_reached_by_what_a_journey_holds(name: str) -> None:
    one = case(name)
    for row in (*one.interactions, *one.others):
        for identifier in row.identifiers:
            if identifier.type == "email":
                assert identifier.value.endswith(".example"), identifier.value
            if identifier.type == "phone":
                assert identifier.value.startswith(RESERVED_PHONES), identifier.value


def _share_a_phone(one: GoldCase) -> bool:
    asked = {identifier.value for identifier in one.request().identifiers}
    own = {identifier.value for row in one.interactions for identifier in row.identifiers} | asked
    return any(
        identifier.type == "phone" and identifier.value in own for row in one.others for identifier in row.identifiers
    )


def _filed(one: GoldCase) -> list[Interaction]:
    """The interactions as the ledger would hold them."""
    return [
        Interaction(
            interaction_id=f"int_{place}",
            seq=place,
            identity_id="one",
            occurred_at=row.occurred_at or one.now,
            **row.model_dump(
                include={"channel", "actor", "kind", "conversation_id", "text", "name", "outcome", "data"}
            ),
        )
        for place, row in enumerate(one.interactions, 1)
    ]
