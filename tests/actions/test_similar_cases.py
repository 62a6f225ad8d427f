"""Similar settled cases: what they say of an action, how far they are leant on, and that nothing of anybody stays."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from app.actions import CaseIndexer
from app.actions.exploration import Belief
from app.actions.learning import CASES
from app.actions.rates import Rate
from app.actions.similar_cases import FORETOLD, LIKE, UNLIKE, USUAL_WORTH, WORTHS, leant, weight, worth_of_the_intent
from app.adapters.memory import MemoryVectors
from app.bootstrap import build, build_similar
from app.errors import RetrievalUnavailable
from app.models import ActionOutcome, Decision, Identifier, NextActionRequest
from app.ports import LikeCase, Vectors
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft

T = "acme"
CATALOGUE = """
name: two
actions:
  - {id: reset, label: Reset, intents: {any: 0.5}, repeatable: true, examples: [reset it please]}
  - {id: replace, label: Replace, intents: {any: 0.5}, repeatable: true, examples: [replace it please]}
"""
WISH = "The blue kettle leaks water from its lid, please help"
LIKE_IT = "My blue kettle leaks water from its lid, please help"
OTHER = "Please change the invoice address of our office in town"


async def open_case(app: App, conversation: str, text: str = WISH, tenant: str = T) -> Decision:
    """A decision about what a customer of this conversation's own said."""
    person = (Identifier(type="email", value=f"{conversation}@x.example", verified=True),)
    await app.interactions.record(tenant, [draft(text, conversation_id=conversation, identifiers=person)])
    return await app.decisions.next_actions(tenant, NextActionRequest(conversation_id=conversation, audience="agent"))


async def settled(app: App, outcomes: Mapping[str, str], *, text: str = WISH, tenant: str = T) -> list[Decision]:
    """Decisions of as many customers as there are outcomes, `{conversation: "reset succeeded"}`, made findable."""
    made: list[Decision] = []
    for conversation, report in outcomes.items():
        action_id, _, outcome = report.partition(" ")
        decision = await open_case(app, conversation, text, tenant)
        await app.decisions.file_outcome(
            tenant, decision.decision_id, ActionOutcome.model_validate({"action_id": action_id, "outcome": outcome})
        )
        made.append(decision)
    await keep_cases(app)
    return made


async def keep_cases(app: App) -> None:
    """Wait for the index, and keep what waits for it."""
    while (await app.readiness()).index_lag:  # noqa: ASYNC110 - the index tells nobody when it has caught up
        await asyncio.sleep(0.02)
    await keeper(app).take_up()


def keeper(app: App) -> CaseIndexer:
    return app._parts.cases  # pyright: ignore[reportPrivateUsage]


async def catalogued(app: App, tenant: str = T) -> None:
    await app.decisions.put_catalogue(tenant, CATALOGUE, as_json=False)


def reason(decision: Decision, action_id: str) -> str:
    return next(action.reason for action in decision.actions if action.action_id == action_id)


def propensity(decision: Decision, action_id: str) -> float:
    """The propensity as it was learnt, before calibration."""
    basis = next(candidate.basis for candidate in decision.candidates if candidate.action_id == action_id)
    assert basis is not None
    return basis.propensity


# --- what they say ----------------------------------------------------------------------------------------------------


def test_the_mean_leans_on_similar_cases_as_on_so_many_outcomes_and_certainty_never_falls() -> None:
    here = leant(Belief(20.0, 20.0), Rate(12.0, 12.0), 8.0)
    assert here.mean == pytest.approx((8 * 0.5 + 12) / (8 + 12))
    assert here.successes + here.failures == pytest.approx(40 + 12)
    assert leant(Belief(3.0, 1.0), Rate(0.0, 0.0), 8.0).mean == 0.75


def test_a_case_counts_from_where_it_is_like_and_wholly_once_it_is_very_like() -> None:
    assert [weight(likeness) for likeness in (-0.2, UNLIKE, LIKE, 1.0)] == pytest.approx([0, 0, 1, 1])
    assert 0.4 < weight((UNLIKE + LIKE) / 2) < 0.6


def test_how_far_to_lean_is_what_would_have_foretold_best_and_usual_before_that() -> None:
    assert worth_of_the_intent({}) == USUAL_WORTH
    assert worth_of_the_intent({f"{worth:g}": 50.0 * (worth > 4) for worth in WORTHS}) == 4
    assert worth_of_the_intent({f"{worth:g}": 50.0 * (worth < 64) for worth in WORTHS}) == 64


async def test_what_settled_similar_cases_is_believed_more_of_and_the_reason_says_so(app: App) -> None:
    await catalogued(app)
    outcomes = {f"c{number}": "replace succeeded" for number in range(5)}
    outcomes |= {f"d{number}": "reset failed" for number in range(5)}
    await settled(app, outcomes)
    here, elsewhere = await open_case(app, "mine", LIKE_IT), await open_case(app, "yours", OTHER)
    assert propensity(here, "replace") > propensity(elsewhere, "replace") > 0.5
    # Here the words are close to the action's own examples, and under so clear a wish only similar cases say anything.
    seen = next(candidate.basis for candidate in here.candidates if candidate.action_id == "reset")
    assert seen is not None
    assert (seen.own.trials, seen.elsewhere.trials) == (0, 0)
    assert propensity(here, "reset") < 0.5
    assert reason(here, "replace").endswith("Of 5 similar cases in which this was done, it settled 5.")
    assert reason(here, "reset").endswith("Of 5 similar cases in which this was done, it settled 0.")
    assert "similar" not in reason(elsewhere, "replace")


async def test_of_others_nothing_but_the_count_is_told(app: App) -> None:
    await catalogued(app)
    made = await settled(app, {f"c{number}": "replace succeeded" for number in range(3)})
    here = await open_case(app, "mine", LIKE_IT)
    assert "3 similar cases" in reason(here, "replace")
    answer = here.model_dump_json()
    assert not [
        decision for decision in made if decision.customer_id in answer or (decision.case_id or "none") in answer
    ]


async def test_too_few_cases_are_not_told_of(app: App) -> None:
    await catalogued(app)
    await settled(app, {"c1": "replace succeeded", "c2": "replace succeeded"})
    assert "similar" not in reason(await open_case(app, "mine", LIKE_IT), "replace")


async def test_a_case_is_never_evidence_for_itself(app: App) -> None:
    await catalogued(app)
    made = await settled(app, {"c1": "replace succeeded", "c2": "replace succeeded"})
    for _ in range(3):
        again = await app.decisions.next_actions(T, NextActionRequest(conversation_id="c1", audience="agent"))
        assert again.case_id == made[0].case_id
        await app.decisions.file_outcome(T, again.decision_id, ActionOutcome(action_id="replace", outcome="succeeded"))
    await keep_cases(app)
    assert "similar" not in reason(await open_case(app, "c1", "yes"), "replace")


async def test_one_case_is_one_trial_however_often_it_was_decided_on() -> None:
    _, similar = build_similar()
    vectors = np.eye(3, dtype=np.float32)
    await similar.put(T, {"a": {"trials fix": 5.0, "successes fix": 5.0}}, vectors[:1])
    similar_cases = await similar.to(T, "mine", vectors[0])
    assert similar_cases.rates["fix"] == Rate(1.0, 1.0)
    assert similar_cases.plain_rates["fix"] == Rate(1.0, 1.0)


async def test_an_outcome_that_is_told_otherwise_later_counts_as_told_last(app: App) -> None:
    await catalogued(app)
    made = await settled(app, {f"c{number}": "replace succeeded" for number in range(3)})
    for decision in made:
        await app.decisions.file_outcome(T, decision.decision_id, ActionOutcome(action_id="replace", outcome="failed"))
    await keep_cases(app)
    assert "it settled 0." in reason(await open_case(app, "mine", LIKE_IT), "replace")


# --- walls, and what stays --------------------------------------------------------------------------------------------


async def test_another_tenants_cases_say_nothing(app: App) -> None:
    await catalogued(app)
    await catalogued(app, "another")
    await settled(app, {f"c{number}": "replace succeeded" for number in range(5)}, tenant="another")
    here = await open_case(app, "mine", LIKE_IT)
    assert "similar" not in reason(here, "replace")
    assert propensity(here, "replace") == 0.5


async def test_an_erased_customers_case_is_gone_at_once_and_others_stay(settings: Settings) -> None:
    vectors = MemoryVectors()
    async with build(settings, embedder=WordEmbedder(), vectors=vectors) as app:
        await catalogued(app)
        made = await settled(app, {f"c{number}": "replace succeeded" for number in range(4)})
        assert "4 similar" in reason(await open_case(app, "mine", LIKE_IT), "replace")
        gone = await app.customers.erase(T, made[0].customer_id)
        assert gone.erased["cases"] == 1
        assert "3 similar" in reason(
            await app.decisions.next_actions(T, NextActionRequest(conversation_id="mine", audience="agent")), "replace"
        )
        ids = [decision.case_id or "" for decision in made]
        assert set(await vectors.known_cases(T, ids)) == set(ids[1:])
        left = await app._parts.archive.page(T, CASES)  # pyright: ignore[reportPrivateUsage]
        assert {key for key, _ in left} == set(ids[1:])
        assert not [
            key
            for key, _ in await app._parts.archive.page(T, FORETOLD)  # pyright: ignore[reportPrivateUsage]
            if ids[0] in key
        ]


async def test_a_blanked_message_is_no_case_any_more(settings: Settings) -> None:
    vectors = MemoryVectors()
    async with build(settings, embedder=WordEmbedder(), vectors=vectors) as app:
        await catalogued(app)
        (made,) = await settled(app, {"c1": "replace succeeded"})
        await app.interactions.redact(T, made.case_id or "")
        assert not await vectors.known_cases(T, [made.case_id or ""])


async def test_a_case_erased_while_it_waits_is_not_kept(settings: Settings) -> None:
    vectors = MemoryVectors()
    async with build(settings, embedder=WordEmbedder(), vectors=vectors) as app:
        await catalogued(app)
        decision = await open_case(app, "c1")
        await app.decisions.file_outcome(
            T, decision.decision_id, ActionOutcome(action_id="replace", outcome="succeeded")
        )
        await app.customers.erase(T, decision.customer_id)
        await keep_cases(app)
        assert not await vectors.known_cases(T, [decision.case_id or ""])
        assert not await app._parts.archive.page(T, CASES)  # pyright: ignore[reportPrivateUsage]


async def test_a_merge_and_its_undoing_change_nothing_of_what_cases_say(app: App) -> None:
    await catalogued(app)
    made = await settled(app, {f"c{number}": "replace succeeded" for number in range(3)})
    merge = await app.customers.merge(T, made[0].customer_id, made[1].customer_id)
    reason_before = reason(await open_case(app, "mine", LIKE_IT), "replace")
    await app.customers.unmerge(T, made[0].customer_id, merge.merge_id)
    assert reason_before == reason(await open_case(app, "mine", LIKE_IT), "replace")
    assert "3 similar" in reason_before


# --- what happens when things fail ------------------------------------------------------------------------------------


async def test_what_another_run_left_unkept_and_vectors_made_anew_are_found_at_the_next_look(
    settings: Settings,
) -> None:
    vectors = MemoryVectors()
    async with build(settings, embedder=WordEmbedder(), vectors=vectors) as app:
        await catalogued(app)
        made = await settled(app, {f"c{number}": "replace succeeded" for number in range(3)})
        ids = [decision.case_id or "" for decision in made]
        vectors_by_id = await vectors.get(T, ids)
        await vectors.clear()
        assert not await keeper(app).look_through()
        await vectors.put(T, list(vectors_by_id), np.stack(list(vectors_by_id.values())))
        assert await keeper(app).look_through()
        assert set(await vectors.known_cases(T, ids)) == set(ids)
        assert "3 similar" in reason(await open_case(app, "mine", LIKE_IT), "replace")


class BrokenCases(MemoryVectors):
    """Vectors whose cases do not answer: each call fails, or hangs."""

    hangs = False

    async def nearest_cases(self, tenant: str, vector: Vectors, limit: int) -> Sequence[LikeCase]:
        if self.hangs:
            await asyncio.sleep(60)
        raise RetrievalUnavailable("The vector store does not answer.")


@pytest.mark.parametrize("hangs", [False, True])
async def test_without_similar_cases_decisions_go_on_as_before(settings: Settings, hangs: bool) -> None:
    vectors = BrokenCases()
    vectors.hangs = hangs
    async with build(settings, embedder=WordEmbedder(), vectors=vectors) as app:
        await catalogued(app)
        async with asyncio.timeout(30):
            decision = await open_case(app, "mine")
        assert [action.propensity for action in decision.actions] == [0.5, 0.5]


async def test_cases_survive_a_restart(tmp_path: Path) -> None:
    settings = Settings.model_construct(data_dir=tmp_path / "data")
    async with build(settings, embedder=WordEmbedder()) as app:
        await catalogued(app)
        await settled(app, {f"c{number}": "replace succeeded" for number in range(3)})
    async with build(settings, embedder=WordEmbedder()) as app:
        await app.warm_up()
        assert await keeper(app).look_through()
        assert "3 similar" in reason(await open_case(app, "mine", LIKE_IT), "replace")
