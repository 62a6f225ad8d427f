"""The suite runs cases through the real App, keeps every result, goes on after a kill and never hides a failure."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from app.bootstrap import build
from app.errors import InvalidRequest, ModelTimeout, RetrievalUnavailable
from app.ports import ModelReply, Vectors
from app.settings import Settings
from evals.datasets.recordings import StaleRecording
from evals.report.junit import junit
from evals.report.pages import run_page
from evals.scorers import SCORERS, Score, Scorer
from evals.suite.cases import GoldCase, load_cases
from evals.suite.grid import cells, name_of, settings_for
from evals.suite.harness import Finished, Plan, run
from evals.suite.observing import Observation, file_case, observe
from evals.suite.records import RESULTS, read_results
from evals.suite.summary import summary
from tests.conftest import WordEmbedder
from tests.support.suite_cases import write_case


class Author:
    """A model that words the brief of a parcel case from what it is shown, and counts how often it is asked."""

    name = "test/author"

    def __init__(self) -> None:
        self.asked = 0

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        self.asked += 1
        if "situation" not in schema["properties"]:
            raise ModelTimeout("It only writes briefs.")
        number = user.split("R-", 1)[1].split(maxsplit=1)[0]
        sentence = {"text": f"The customer reports that their parcel R-{number} has not arrived.", "evidence": ["t1"]}
        answer = {"headline": None, "contact_reason": sentence, "situation": [sentence], "entities": []}
        return ModelReply(
            text=json.dumps(answer), model=self.name, prompt_tokens=100, completion_tokens=10, cost_usd=0.001
        )

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...


class Judging(Author):
    """A model that finds every first sentence right and every fact told."""

    name = "test/judge"

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        sentences = user.split("The sentences:")[1].split("The facts:", maxsplit=1)[0].count(". ")
        judgement = {
            "sentences": [{"number": number, "right": number == 1, "reason": ""} for number in range(1, sentences + 1)],
            "facts": [{"number": 1, "told": True, "reason": ""}],
        }
        return ModelReply(text=json.dumps(judgement), model=self.name)


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    folder = tmp_path / "cases"
    for number in range(3):
        write_case(folder, f"7000{number}")
    return folder


def by_words(_: Settings) -> Mapping[str, Any]:
    return {"embedder": WordEmbedder()}


@pytest.fixture
def plan(settings: Settings, cases: Path) -> Plan:
    return Plan(cases, settings, adapters=by_words)


async def ran(plan: Plan, folder: Path, **options: Any) -> Finished:
    return await run(plan, folder, **options)


async def test_every_case_is_scored_by_every_scorer_through_the_app(plan: Plan, tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        progress.append((done, total))

    finished = await ran(plan, tmp_path / "run", progress=tell)
    assert progress[-1] == (3, 3)
    assert [result.case for result in finished.results if result.error] == []
    assert all(result.scores.keys() == {scorer.name for scorer in SCORERS} for result in finished.results)
    figures = summary(finished.manifest, finished.results, folder="run")
    assert figures.scorers["key_fact_recall"].mean == 1
    assert figures.scorers["resolution_accuracy"].harmed == 0
    assert figures.scorers["judged_faithfulness"].unscored == 3
    assert figures.industries.keys() == {"retail"}


async def test_the_manifest_says_what_the_run_was_made_with(plan: Plan, tmp_path: Path) -> None:
    manifest = (await ran(plan, tmp_path / "run")).manifest
    assert {prompt.name for prompt in manifest.prompts} == {"brief", "next_action", "judge"}
    assert manifest.settings["embedder"] == plan.settings.embedder
    assert manifest.scorers == {scorer.name: scorer.version for scorer in SCORERS}
    assert len(manifest.code.sha256) == 64
    assert str(tmp_path) not in manifest.model_dump_json()


async def test_a_run_that_was_killed_goes_on_where_it_was(plan: Plan, tmp_path: Path) -> None:
    whole = await ran(plan, tmp_path / "run")
    results = tmp_path / "run" / RESULTS
    first, second, _ = results.read_text().splitlines()
    results.write_text(f"{first}\n{second[:100]}")  # killed in the middle of a line
    again = await ran(plan, tmp_path / "run")
    assert again.resumed == 1
    assert sorted(result.case for result in again.results) == sorted(result.case for result in whole.results)
    assert all(result.error is None for result in again.results)


async def test_a_folder_of_another_experiment_is_refused_unless_it_may_go(
    plan: Plan, cases: Path, tmp_path: Path
) -> None:
    await ran(plan, tmp_path / "run")
    write_case(cases, "70009")
    with pytest.raises(InvalidRequest, match="other cases, settings or code"):
        await ran(plan, tmp_path / "run")
    assert len((await ran(plan, tmp_path / "run", fresh=True)).results) == 4


async def test_a_crash_of_a_scorer_is_unscored_and_one_of_the_app_an_error(plan: Plan, tmp_path: Path) -> None:
    def crash(case: GoldCase, _: Observation) -> Score:
        raise ValueError(case.id)

    class Broken(Author):
        async def complete(self, *_: Any, **__: Any) -> ModelReply:
            raise ZeroDivisionError("the model is broken")

    finished = await ran(plan._replace(scorers=(Scorer("crashing", 1, "none", crash),)), tmp_path / "one")
    assert {(result.scores["crashing"].status, result.scores["crashing"].value) for result in finished.results} == {
        ("unscored", None)
    }
    finished = await ran(plan._replace(model=Broken()), tmp_path / "two")
    figures = summary(finished.manifest, finished.results, folder="two")
    assert figures.failed == 3
    assert figures.scorers["key_fact_recall"].unscored == 3
    assert "the model is broken" in next(iter(figures.errors.values()))


async def test_a_judge_is_asked_where_one_is_bound_to_the_role(plan: Plan, tmp_path: Path) -> None:
    finished = await ran(plan._replace(judging_model=Judging()), tmp_path / "run")
    assert finished.manifest.judge == "test/judge"
    figures = summary(finished.manifest, finished.results, folder="run").scorers
    assert figures["judged_completeness"].mean == 1
    assert figures["judged_faithfulness"].n == 3


async def test_recorded_replies_are_replayed_without_the_model_and_cost_the_same(plan: Plan, tmp_path: Path) -> None:
    author, recordings = Author(), tmp_path / "recordings"
    recorded = await ran(plan._replace(model=author, recordings=recordings, record=True), tmp_path / "one")
    asked = author.asked
    replayed = await ran(plan._replace(model=author, recordings=recordings), tmp_path / "two")
    assert author.asked == asked > 0
    tokens = [
        summary(finished.manifest, finished.results, folder="").usage.prompt_tokens for finished in (recorded, replayed)
    ]
    assert tokens == [300, 300]
    assert all(result.observation and result.observation.handoff.engine == "model" for result in replayed.results)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"prompt_brief": "v1"}, "The prompts have changed"),
        ({"redact_contacts": False}, None),
        ({"model": "other"}, "holds no recording of other"),
    ],
)
async def test_a_stale_recording_fails_loudly(
    plan: Plan, tmp_path: Path, change: Mapping[str, Any], why: str | None
) -> None:
    recordings = tmp_path / "recordings"
    await ran(plan._replace(model=Author(), recordings=recordings, record=True), tmp_path / "one")
    settings = plan.settings.model_copy(update={"model": Author.name, **change})
    stale = plan._replace(settings=settings, recordings=recordings)
    if why is None:  # nothing that the model is shown has changed
        assert (await ran(stale, tmp_path / "two")).results
    else:
        with pytest.raises(StaleRecording, match=why):
            await ran(stale, tmp_path / "two")


def test_a_case_that_changed_is_another_input_for_a_recording(tmp_path: Path) -> None:
    gold_case = load_cases(write_case(tmp_path / "a", "70000").parent.parent)[0]
    other = load_cases(write_case(tmp_path / "b", "70000", language="de").parent.parent)[0]
    assert gold_case.sha256 != other.sha256


def test_what_is_stale_is_replaced_by_a_fact_that_the_brief_must_hold(tmp_path: Path) -> None:
    stale = {"name": "old", "harm": "stale", "any_of": ["Monday"], "replaced_by": "new"}
    write_case(tmp_path, "70000", expect={"intent": None, "resolution": "resolved", "facts": {"must_not": [stale]}})
    with pytest.raises(InvalidRequest, match=r"70000\.yaml: expect\.facts\.must_not: 'new' is no fact of `must`"):
        load_cases(tmp_path)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"expect": {"intent": None, "also_intents": ["nonsense"], "resolution": "resolved"}},
            r"70000\.yaml: expect\.also_intents: the catalogue retail",
        ),
        ({"split": "test"}, r"70000\.yaml: split: Use one of 'development' or 'held_out'"),
        (
            {"expect": {"intent": "nonsense", "resolution": "resolved"}},
            r"70000\.yaml: expect\.intent: the catalogue retail",
        ),
        ({"expect": {"intent": None, "resolution": "resolved", "fact": {}}}, r"expect\.fact: There is no such field"),
        ({"id": "70001"}, r"id: '70001' must be the name of the file"),
        ({"ask": {"to_channel": "fax"}}, r"ask\.to_channel: Use one of"),
        (
            {"interactions": [{"channel": "chat", "actor": "customer", "kind": "message"}]},
            r"interactions\[0\]: .* needs id",
        ),
    ],
)
def test_a_wrong_case_is_named_by_file_and_field(tmp_path: Path, changes: Mapping[str, Any], why: str) -> None:
    write_case(tmp_path, "70000", **changes)
    with pytest.raises(InvalidRequest, match=why):
        load_cases(tmp_path)


def test_cases_are_taken_by_split(tmp_path: Path) -> None:
    write_case(tmp_path, "70000")
    write_case(tmp_path, "70001", split="held_out")
    assert [case.id for case in load_cases(tmp_path, split="held_out")] == ["70001"]


def test_a_grid_has_every_combination(settings: Settings) -> None:
    combinations = cells(["model=none,a/b", "prompt=v1,v2"])
    assert [name_of(cell) for cell in combinations][:2] == ["model=none,prompt=v1", "model=none,prompt=v2"]
    assert len(combinations) == 4
    set_so = settings_for(combinations[3], settings)
    assert (set_so.model, set_so.prompt_brief) == ("a/b", "v2")
    assert settings_for(combinations[0], settings).model is None
    with pytest.raises(InvalidRequest, match="NAME is one of"):
        cells(["colour=red"])


async def test_the_reports_stand_by_themselves(plan: Plan, cases: Path, tmp_path: Path) -> None:
    write_case(
        cases,
        "70005",
        expect={"intent": None, "resolution": "resolved", "facts": {"must": [{"name": "<b>", "any_of": ["&"]}]}},
    )
    finished = await ran(plan, tmp_path / "run")
    figures = summary(finished.manifest, finished.results, folder="run")
    page = run_page(finished.manifest, figures, finished.results, {case.id: case for case in load_cases(cases)})
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    assert "default-src 'none'; style-src 'sha256-" in page
    assert "missing: &lt;b&gt;" in page
    assert "<mark>My parcel R-70005 has not arrived.</mark>" in page
    assert "My parcel R-70005 has not arrived.”<sup>1</sup>" in page, "a sentence has the number of its evidence"
    suite = fromstring(junit(finished.manifest, figures, finished.results))[0]
    assert (suite.get("tests"), suite.get("errors")) == ("4", "0")
    assert {test_case.get("name") for test_case in suite.iter("testcase")} == {
        result.case for result in finished.results
    }


async def test_no_page_shows_a_case_that_is_held_out(plan: Plan, cases: Path, tmp_path: Path) -> None:
    expect = {"intent": None, "resolution": "resolved"}
    write_case(cases, "70005", expect=expect)
    write_case(cases, "70006", expect=expect, split="held_out")
    finished = await ran(plan, tmp_path / "run")
    figures = summary(finished.manifest, finished.results, folder="run")
    page = run_page(finished.manifest, figures, finished.results, {case.id: case for case in load_cases(cases)})
    assert "70005" in page
    assert "70006" not in page
    assert figures.n == 5


async def test_a_case_that_a_busy_machine_left_without_vectors_is_asked_for_again(plan: Plan) -> None:
    class Busy(WordEmbedder):
        """Fails once, when it is told to."""

        busy, failed = False, False

        async def embed(self, texts: Sequence[str]) -> Vectors:
            if self.busy:
                self.busy, self.failed = False, True
                raise RetrievalUnavailable("The embedder is busy.")
            return await super().embed(texts)

    case = load_cases(plan.cases)[0]
    embedder = Busy()
    app = build(plan.settings.model_copy(update={"catalogue": "retail"}), embedder=embedder)
    try:
        await app.warm_up()
        filed = await file_case(app, case)
        embedder.busy = True
        seen = await observe(app, case, filed, rest_s=5.1)
    finally:
        await app.close()
    assert (embedder.failed, seen.handoff.status) == (True, "completed")


async def test_a_grave_harm_fails_its_case_in_junit(plan: Plan, cases: Path, tmp_path: Path) -> None:
    facts = {"must_not": [{"name": "planted", "harm": "injected", "any_of": ["R-70007"]}]}
    write_case(cases, "70007", expect={"intent": None, "resolution": "unresolved", "facts": facts})
    finished = await ran(plan, tmp_path / "run")
    figures = summary(finished.manifest, finished.results, folder="run")
    failed = fromstring(junit(finished.manifest, figures, finished.results)).findall(".//failure")
    assert [failure.get("type") for failure in failed] == ["injected_content"]


def test_a_result_that_was_never_finished_counts_as_not_run(tmp_path: Path) -> None:
    (tmp_path / RESULTS).write_text('{"case": "a", "indu')
    assert read_results(tmp_path) == []
