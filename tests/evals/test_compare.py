"""A comparison flags what got worse, with an interval that excludes zero, and is not alarmed by noise."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.adapters.memory import MemoryArchive, MemoryLedger
from app.errors import InvalidRequest, ModelTimeout
from app.models import Interaction
from app.ports import ModelReply
from app.settings import Settings
from evals.compare import Comparison, Difference, compare
from evals.compare.gate import gate
from evals.compare.intervals import clustered_intervals, joint_chances, mean_interval
from evals.report.pages import comparison_page
from evals.scorers import SCORERS
from evals.suite.cases import load_cases
from evals.suite.harness import Finished, Plan, run
from evals.suite.records import (
    CaseResult,
    Manifest,
    ScoredCase,
    Scores,
    read_scores,
    scores_of,
    write_baseline,
)
from evals.suite.versions import CodeVersion
from tests.conftest import WordEmbedder
from tests.support.suite_cases import NOW, account, message, write_case

CASES = 14


class Declining:
    """A model that leaves half of the story out when it is asked with the old prompt."""

    name = "test/declining"

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        if "situation" not in schema["properties"]:
            raise ModelTimeout("It only writes briefs.")
        sentence = {"text": "The customer reports that their parcel has not arrived.", "evidence": ["t1"]}
        rest = {"text": "The customer reports that the courier rang at the wrong door.", "evidence": ["t1"]}
        situation = [sentence, rest] if "is told as theirs" in system else [sentence]
        opening = "Hello, how may I help you with your parcel?"
        answer = {
            "headline": sentence,
            "contact_reason": sentence,
            "situation": situation,
            "customer_expectation": sentence,
            "suggested_opening": opening,
        }
        return ModelReply(text=json.dumps(answer), model=self.name)

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...


class Shortsighted(MemoryLedger):
    """A ledger that gives the newest twenty interactions, however many are asked for."""

    async def interactions(self, *args: Any, **options: Any) -> Sequence[Interaction]:
        return await super().interactions(*args, **{**options, "limit": min(options.get("limit") or 20, 20)})


def difference_of(compared: Comparison, scorer: str) -> Difference:
    return next(difference for difference in compared.differences if difference.scorer == scorer)


def scores(values: Mapping[str, Mapping[str, float]], *, clusters: int = 1000, scorers: Sequence[str] = ()) -> Scores:
    """A run of made-up scores, case by case."""
    names = scorers or sorted({name for row in values.values() for name in row})
    code = CodeVersion(package="1", commit=None, sha256="0")
    versions = dict.fromkeys(names, 1)
    manifest = Manifest(
        fingerprint="f",
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        cases="made-up",
        split=None,
        n=len(values),
        settings={},
        prompts=(),
        judge=None,
        scorers=versions,
        code=code,
    )
    cases = {
        case: ScoredCase(industry="retail", cluster=str(index % clusters), sha256=case, scores=row)
        for index, (case, row) in enumerate(values.items())
    }
    return Scores(manifest=manifest, cases=cases)


def by_words(_: Settings) -> Mapping[str, Any]:
    return {"embedder": WordEmbedder()}


async def finished_run(folder: Path, cases: Path, settings: Settings, **options: Any) -> Finished:
    plan = Plan(cases, settings, adapters=by_words)._replace(**options)
    return await run(plan, folder)


def scored(finished: Finished) -> Scores:
    return scores_of(finished.manifest, finished.results)


async def test_a_model_that_gets_worse_with_the_prompt_is_flagged(settings: Settings, tmp_path: Path) -> None:
    text = "My parcel has not arrived. The courier rang at the wrong door."
    facts = {"must": [{"name": "what went wrong", "any_of": ["wrong door"]}]}
    expect = {"intent": None, "resolution": "unresolved", "facts": facts}
    for number in range(CASES):
        name = f"{70000 + number}"
        interactions = [
            message("m1", text, 0, identifiers=[account(name)]),
            message("m2", "I am sorry.", 1, actor="bot"),
        ]
        write_case(tmp_path / "cases", name, interactions=interactions, expect=expect)
    runs = {
        version: await finished_run(
            tmp_path / version,
            tmp_path / "cases",
            settings.model_copy(update={"prompt_brief": version}),
            model=Declining(),
        )
        for version in ("v2", "v1")
    }
    compared = compare(scored(runs["v2"]), scored(runs["v1"]))
    lost = difference_of(compared, "key_fact_recall")
    assert (lost.mean_a, lost.mean_b, lost.verdict) == (1.0, 0.0, "worse")
    assert lost.joint_interval[1] < 0
    assert lost in compared.losses
    assert compared.changes[0].scorer in {loss.scorer for loss in compared.losses}
    assert compare(scored(runs["v2"]), scored(runs["v2"])).losses == ()


async def test_a_worse_retrieval_setting_is_flagged(settings: Settings, tmp_path: Path) -> None:
    for number in range(CASES):
        name = f"{70000 + number}"
        filler = [
            message(
                f"f{issue}",
                f"Newsletter number {issue} about our garden furniture.",
                10 + issue,
                actor="system",
                conversation_id=f"news-{issue}",
                channel="email",
                identifiers=[account(name)],
            )
            for issue in range(90)
        ]
        old = message(
            "m0",
            f"The replacement lamp leaves warehouse DELFT-{name} by courier.",
            0,
            actor="agent",
            channel="email",
            conversation_id="c0",
            identifiers=[account(name)],
        )
        now = message(
            "m1", "Where is my replacement lamp, did the courier leave the warehouse?", 200, identifiers=[account(name)]
        )
        expect = {
            "intent": None,
            "resolution": "unresolved",
            "facts": {"must": [{"name": "warehouse", "any_of": [f"DELFT-{name}"]}]},
        }
        write_case(tmp_path / "cases", name, interactions=[old, *filler, now], now=NOW.replace(hour=20), expect=expect)

    def far(_: Settings) -> Mapping[str, Any]:
        return {"embedder": WordEmbedder(), "ledger": MemoryLedger(), "archive": MemoryArchive()}

    def near(_: Settings) -> Mapping[str, Any]:
        return {**far(_), "ledger": Shortsighted()}

    deep = await finished_run(tmp_path / "far", tmp_path / "cases", settings, adapters=far)
    shallow = await finished_run(tmp_path / "near", tmp_path / "cases", settings, adapters=near, label="near")
    lost = difference_of(compare(scored(deep), scored(shallow)), "key_fact_recall")
    assert lost.mean_a == 1
    assert (lost.verdict, lost.joint_interval[1] < 0) == ("worse", True)


async def test_a_planted_lie_is_flagged(settings: Settings, tmp_path: Path) -> None:
    for number in range(CASES):
        write_case(tmp_path / "cases", f"{70000 + number}")
    honest = await finished_run(tmp_path / "run", tmp_path / "cases", settings)
    cases = {case.id: case for case in load_cases(tmp_path / "cases")}
    lying = [with_lie(result) for result in honest.results]
    lying = [
        result.model_copy(
            update={"scores": {by.name: by.score(cases[result.case], result.observation) for by in SCORERS}}
        )
        for result in lying
        if result.observation
    ]
    compared = compare(scored(honest), scores_of(honest.manifest, lying))
    difference = difference_of(compared, "fabricated_entities")
    assert (difference.verdict, difference.joint_interval[0] > 0) == ("worse", True)
    a, b = ({result.case: result for result in run} for run in (honest.results, lying))
    page = comparison_page(compared, a, b, cases)
    assert "QX-83121" in page
    assert "://" not in page


def with_lie(result: CaseResult) -> CaseResult:
    seen = result.observation
    assert seen is not None
    brief = seen.handoff.brief.model_copy(update={"situation": "Their refund has the number QX-83121."})
    handoff = seen.handoff.model_copy(update={"brief": brief})
    return result.model_copy(update={"observation": seen.model_copy(update={"handoff": handoff})})


def noisy(seed: int, *, shift: float = 0.0) -> Scores:
    """Scores that differ from those of another seed by noise alone: what a case is like, and the luck of the run."""
    rng = np.random.default_rng(seed)
    kind = np.random.default_rng(99).uniform(0.3, 0.9, size=(30, 12))
    names = [scorer.name for scorer in SCORERS if scorer.gated and scorer.better][:12]
    values = {
        f"case-{case}": {
            name: float(np.clip(kind[case % 30, index] + rng.normal(-shift, 0.2), 0, 1))
            for index, name in enumerate(names)
        }
        for case in range(120)
    }
    return scores(values, clusters=30)


def test_a_loss_beyond_noise_is_flagged_at_every_seed() -> None:
    for seed in range(5):
        assert compare(noisy(2 * seed), noisy(2 * seed + 1, shift=0.15)).losses


def test_cases_of_one_cluster_count_as_little_as_they_tell() -> None:
    values = [0.2, 0.0] * 20
    alone = clustered_intervals(values, [str(number) for number in range(40)], (0.95,))[0]
    together = clustered_intervals(values, [str(number % 4) for number in range(40)], (0.95,))[0]
    assert alone[0] > 0
    assert together[1] - together[0] > 1.5 * (alone[1] - alone[0])


def test_one_cluster_tells_nothing_and_no_difference_is_none() -> None:
    assert clustered_intervals([0.5, 0.4], ["a", "a"], (0.95,)) == [(-np.inf, np.inf)]
    assert clustered_intervals([0.0, 0.0], ["a", "a"], (0.95,)) == [(0.0, 0.0)]


def test_the_interval_of_a_mean_holds_the_truth_about_as_often_as_it_says() -> None:
    hits = 0
    for seed in range(200):
        values = np.random.default_rng(seed).normal(0.5, 0.2, size=15)
        low, high = mean_interval([float(value) for value in values], [str(number) for number in range(15)])
        hits += low <= 0.5 <= high
    assert 180 <= hits <= 199


def test_unscored_cases_are_in_no_mean_and_are_counted() -> None:
    a = scores({"one": {"key_fact_recall": 1.0}, "two": {"key_fact_recall": 0.0}})
    two = a.cases["two"].model_copy(update={"scores": {}, "unscored": ("key_fact_recall",)})
    b = a.model_copy(update={"cases": {**a.cases, "two": two}})
    compared = difference_of(compare(a, b), "key_fact_recall")
    assert (compared.n, compared.mean_b, compared.unscored_b) == (1, 1.0, 1)
    assert "could not score 1 cases" in gate(a, b).reasons[0]


def test_only_the_same_cases_are_compared_and_scores_of_two_versions_never() -> None:
    a = scores({"one": {"length": 10.0}, "two": {"length": 10.0}, "three": {"length": 1.0}})
    edited = a.cases["two"].model_copy(update={"sha256": "other"})
    b = a.model_copy(update={"cases": {"one": a.cases["one"], "two": edited}})
    compared = compare(a, b)
    assert (compared.n, compared.edited, compared.only_a) == (1, 1, 1)
    newer = b.model_copy(update={"manifest": b.manifest.model_copy(update={"scorers": {"length": 2}})})
    assert compare(a, newer).left_out == ("length",)
    with pytest.raises(InvalidRequest, match="no case in common"):
        compare(a, scores({"four": {"length": 1.0}}))


def test_the_gate_closes_on_a_loss_on_failed_cases_and_on_scorers_that_went() -> None:
    good = scores({f"{number}": {"key_fact_recall": 1.0, "length": 50.0} for number in range(30)})
    assert gate(good, good).passed
    worse = scores(
        {f"{number}": {"key_fact_recall": 0.5 if number % 2 else 0.0, "length": 50.0} for number in range(30)}
    )
    assert "key_fact_recall (share, higher is better) went from 1.000 to 0.250" in gate(good, worse).reasons[0]
    assert gate(worse, good).passed
    crashed = {name: case.model_copy(update={"error": "broken"}) for name, case in good.cases.items()}
    closed = gate(good, good.model_copy(update={"cases": crashed})).reasons[0]
    assert "30 cases ended in an error" in closed
    assert "0: broken" in closed
    fewer = scores({f"{number}": {"length": 50.0} for number in range(30)})
    assert gate(good, fewer).reasons == ("The scorer key_fact_recall is gone.",)


def test_the_gate_says_what_the_loss_means_and_where_it_is_greatest() -> None:
    good = scores({f"case-{number}": {"key_fact_recall": 1.0} for number in range(30)})
    worse = scores({f"case-{number}": {"key_fact_recall": 0.2 if number == 7 else 0.5} for number in range(30)})
    reason = gate(good, worse).reasons[0]
    assert "the agent must ask again for what the customer already told" in reason
    assert "Most in case-7 (1 → 0.2), " in reason


def test_one_new_leak_closes_the_gate_though_it_is_not_significant() -> None:
    clean = {f"case-{number}": {"leaked_personal_data": 0.0, "redundant_suggestions": 0.0} for number in range(30)}
    leaking = {**clean, "case-3": {"leaked_personal_data": 1.0, "redundant_suggestions": 1.0}}
    before, after = scores(clean), scores(leaking)
    assert compare(before, after).losses == ()
    assert gate(before, after).reasons == (
        "case-3: leaked_personal_data (count, lower is better) went from 0 to 1: "
        "a secret is shown to somebody who need not see it.",
    )
    assert gate(after, after).passed
    with_model = after.manifest.model_copy(update={"settings": {"model": "test/model"}})
    assert gate(before, after.model_copy(update={"manifest": with_model})).passed


def test_a_comparison_says_what_the_runs_were_made_with() -> None:
    a = scores({"one": {"length": 10.0}})
    settings: Mapping[str, object] = {"prompt_brief": "v2", "model_fallbacks": ()}
    b = a.model_copy(update={"manifest": a.manifest.model_copy(update={"settings": settings, "judge": "test/judge"})})
    assert compare(a, a).made_with == ()
    assert compare(a, b).made_with == ("prompt_brief: none → v2", "judge: none → test/judge")


def test_what_depends_on_the_machine_has_a_verdict_only_within_one_run_and_leaves_the_gate_open() -> None:
    fast, slow = (scores({f"{number}": {"latency": took + number} for number in range(30)}) for took in (10.0, 900.0))
    apart = difference_of(compare(fast, slow), "latency")
    assert apart.verdict_in_words == "not compared: depends on the machine"
    assert "not compared: depends on the machine" in comparison_page(compare(fast, slow), {}, {}, {})
    assert difference_of(compare(fast, slow, together=True), "latency").verdict == "worse"
    assert gate(fast, slow).passed


def test_a_scorer_that_is_not_known_here_has_no_direction_and_no_verdict() -> None:
    few, many = (scores({f"{number}": {"shouted_words": float(count)} for number in range(30)}) for count in (0, 9))
    difference = difference_of(compare(few, many), "shouted_words")
    assert difference.verdict_in_words == "not compared: no scorer of this name is known here"
    assert gate(few, many).passed


def test_a_baseline_with_former_names_is_read_by_the_present_ones(tmp_path: Path) -> None:
    now = scores({f"{number}": {"intent_accuracy": 1.0, "attempt_recall": 0.5} for number in range(30)})
    document = now.model_dump_json().replace("intent_accuracy", "wrong_intent")
    (tmp_path / "old.json").write_text(document.replace("attempt_recall", "missing_attempts"), encoding="utf-8")
    before = read_scores(tmp_path / "old.json")
    assert before == now
    assert gate(before, now).passed
    lost = scores({f"{number}": {"intent_accuracy": 0.0, "attempt_recall": 0.5} for number in range(30)})
    assert "intent_accuracy (share, higher is better) went from 1.000 to 0.000" in gate(before, lost).reasons[0]


def test_a_comparison_warns_where_the_shares_of_fallbacks_differ() -> None:
    whole = with_fallbacks(0)
    fallen = with_fallbacks(29)
    compared = compare(whole, fallen)
    assert "0% of the briefs of a and 97% of those of b are extractive though a model was asked" in compared.warnings[0]
    assert compared.wording_b.in_words == (
        "1 of 30 briefs are in the words of test/model; 29 fell back to the extractive engine (model_timeout 29)."
    )
    assert compared.warnings[0] in comparison_page(compared, {}, {}, {})
    assert compare(fallen, fallen).warnings == ()


def test_a_baseline_that_does_not_record_its_fallbacks_is_warned_of() -> None:
    whole = with_fallbacks(0)
    bare = {name: case.model_copy(update={"worded_by": None}) for name, case in whole.cases.items()}
    warnings = compare(whole.model_copy(update={"cases": bare}), whole).warnings
    assert warnings == ("a does not record how many of its briefs are in the words of test/model: it is an old one.",)


def with_fallbacks(fallbacks: int) -> Scores:
    """A run with a model, some of whose briefs fell back."""
    plain = scores({f"{number}": {"length": 50.0} for number in range(30)})
    cases = {
        name: case.model_copy(
            update={"worded_by": "extractive", "fallback": "model_timeout"}
            if int(name) < fallbacks
            else {"worded_by": "model"}
        )
        for name, case in plain.cases.items()
    }
    manifest = plain.manifest.model_copy(update={"settings": {"model": "test/model"}})
    return plain.model_copy(update={"cases": cases, "manifest": manifest})


def test_a_baseline_reads_as_it_was_written(tmp_path: Path) -> None:
    run_scores = scores({"one": {"key_fact_recall": 1 / 3, "latency": 8.0}})
    write_baseline(tmp_path / "baseline.json", run_scores)
    read = read_scores(tmp_path / "baseline.json")
    assert read.cases["one"].scores == {"key_fact_recall": 0.3333}
    assert compare(read, run_scores).losses == ()
    with pytest.raises(InvalidRequest, match="is no run"):
        read_scores(tmp_path)


def test_few_cases_that_all_moved_one_way_among_many_that_did_not_may_be_luck() -> None:
    def moved(count: int) -> Difference:
        before = {f"c{number}": {"key_fact_recall": 1.0} for number in range(16)}
        after = {f"c{number}": {"key_fact_recall": 0.75 if number < count else 1.0} for number in range(16)}
        return difference_of(compare(scores(before), scores(after)), "key_fact_recall")

    few, many = moved(5), moved(6)
    assert few.joint_interval[1] < 0
    assert (few.joint_p, few.verdict) == (pytest.approx(2 / 2**5, abs=0.01), "no difference")
    assert (many.joint_p, many.verdict) == (pytest.approx(2 / 2**6, abs=0.01), "worse")


def test_how_far_luck_moves_any_of_several_scorers_counts_those_that_hang_together_once() -> None:
    generator = np.random.default_rng(5)
    shifted, other = [generator.normal(mean, 1, 12).tolist() for mean in (0.6, 0.0)]
    names = [str(number) for number in range(12)]
    alone = joint_chances([shifted], names)[0]
    assert joint_chances([shifted, shifted], names) == [alone, alone]
    assert joint_chances([shifted, other], names)[0] > alone
    assert joint_chances([shifted, shifted], [*names[:6], *names[:6]])[0] > alone, "fewer clusters tell less"


def test_a_single_case_proves_no_difference() -> None:
    assert joint_chances([[0.5], [-1.0]], ["alone"]) == [1.0, 1.0]


def test_luck_alone_moves_a_scorer_significantly_once_in_twenty_comparisons_at_most() -> None:
    generator = np.random.default_rng(9)
    names = [str(number) for number in range(16)]
    drawn = [generator.choice([-0.25, 0.0, 0.25], 16, p=[0.2, 0.6, 0.2]) for _ in range(300)]
    alarms = sum(joint_chances([row.tolist()], names, draws=2000)[0] <= 0.05 for row in drawn if row.any())
    assert alarms <= 300 / 20
