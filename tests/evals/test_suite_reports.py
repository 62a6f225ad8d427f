"""What the suite's reports say: every score with its unit and direction, and in whose words the briefs are."""

import importlib
import json
import pkgutil
from collections.abc import Mapping
from inspect import getmembers, isfunction, signature
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

import evals.scorers
from app.errors import ModelTimeout
from app.interfaces.cli.figures import show
from app.interfaces.cli.suite_tables import show_alarms, show_cases, show_comparison, show_run
from app.models import Record
from app.ports import ModelReply
from app.settings import Settings
from evals.compare import compare
from evals.experiments.suite_self_test import AlarmFigures, Planted
from evals.numbers import between, fixed, money, signed, significant
from evals.report.junit import junit
from evals.report.pages import run_page
from evals.scorers import SCORERS, Score, Scorer, scorer_named
from evals.scorers.former import FORMER_NAMES
from evals.suite.cases import load_cases
from evals.suite.harness import Finished, Plan, run
from evals.suite.records import scores_of
from evals.suite.summary import Summary, summary
from tests.conftest import WordEmbedder
from tests.support.suite_cases import write_case

BAD_WORDS = ("wrong", "missing", "missed", "false", "forbidden", "redundant", "leaked", "stale", "fabricated")
SHOUTING = '''
import re

from evals.scorers.base import Score, Scorer, count
from evals.scorers.texts import prose
from evals.suite.cases import GoldCase
from evals.suite.observing import Observation


def shouted_words(_: GoldCase, seen: Observation) -> Score:
    """How many words of the prose are shouted."""
    return count(re.findall(r"\\b[A-Z]{4,}\\b", prose(seen.handoff.brief)), "nothing is shouted")


SCORERS = (Scorer("shouted_words", 1, "the agent is shouted at", shouted_words, "count", "lower"),)
'''


class Halting:
    """A model that words the brief of the first parcel, and is late with every other."""

    name = "test/halting"

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        if "situation" not in schema["properties"] or "R-70000" not in user:
            raise ModelTimeout("It is late.")
        sentence = {"text": "The customer reports that their parcel R-70000 has not arrived.", "evidence": ["t1"]}
        answer = {"headline": None, "contact_reason": sentence, "situation": [sentence], "entities": []}
        return ModelReply(text=json.dumps(answer), model=self.name, prompt_tokens=9, completion_tokens=1)

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...


def by_words(_: Settings) -> Mapping[str, Any]:
    return {"embedder": WordEmbedder()}


@pytest.fixture
def plan(settings: Settings, tmp_path: Path) -> Plan:
    for number in range(3):
        write_case(tmp_path / "cases", f"7000{number}")
    return Plan(tmp_path / "cases", settings, adapters=by_words)


async def ran(plan: Plan, folder: Path) -> tuple[Finished, Summary]:
    finished = await run(plan, folder)
    return finished, summary(finished.manifest, finished.results, folder="run", scorers=plan.scorers)


def page_of(plan: Plan, finished: Finished, figures: Summary) -> str:
    cases = {case.id: case for case in load_cases(plan.cases)}
    return run_page(finished.manifest, figures, finished.results, cases, scorers=plan.scorers)


@pytest.mark.parametrize("scorer", SCORERS, ids=lambda scorer: scorer.name)
def test_a_scorer_has_a_harm_a_unit_and_a_direction_that_its_name_does_not_contradict(scorer: Scorer) -> None:
    assert scorer.harm
    assert scorer.unit
    assert scorer.better in ("higher", "lower")
    assert scorer.direction == f"{scorer.unit}, {scorer.better} is better"
    assert not (scorer.better == "higher" and scorer.name.startswith(BAD_WORDS))
    assert scorer.name not in FORMER_NAMES


def test_every_scorer_of_a_module_is_listed_once_and_every_function_that_scores_is_one() -> None:
    listed = {scorer.name: scorer for scorer in SCORERS}
    assert len(listed) == len(SCORERS)
    scored_by = {scorer.score for scorer in SCORERS}
    for info in pkgutil.iter_modules(evals.scorers.__path__):
        module = importlib.import_module(f"evals.scorers.{info.name}")
        values = [value for _, value in getmembers(module)]
        own: tuple[object, ...] = getattr(module, "SCORERS", ())
        scorers = [value for value in (*values, *own) if isinstance(value, Scorer)]
        assert {scorer.name for scorer in scorers} <= listed.keys()
        for name, function in getmembers(module, isfunction):
            takes_a_case = list(signature(function).parameters.values())[:1]
            is_scoring = signature(function).return_annotation is Score and takes_a_case[0].annotation is not str
            if function.__module__ == module.__name__ and not name.startswith("_") and is_scoring:
                assert function in scored_by or info.name == "base", f"{info.name}.{name} is in no list"


def test_a_former_name_leads_to_the_scorer_of_today() -> None:
    for former, present in FORMER_NAMES.items():
        scorer = scorer_named(former)
        assert scorer is not None
        assert scorer.name == present


async def test_a_scorer_in_a_module_of_its_own_runs_and_stands_in_every_report(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shouting.py").write_text(SHOUTING, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    write_case(plan.cases, "70009", interactions=shouted("70009"))
    plan = plan._replace(scorers=(*SCORERS, *importlib.import_module("shouting").SCORERS))
    finished, figures = await ran(plan, tmp_path / "run")
    assert (figures.scorers["shouted_words"].n, figures.scorers["shouted_words"].harmed) == (4, 1)
    page = page_of(plan, finished, figures)
    assert "<b>shouted_words</b><br>count, lower is better<br><small>harm: the agent is shouted at</small>" in page
    (shouts,) = (result.scores["shouted_words"].value for result in finished.results if result.case == "70009")
    value = significant(shouts or 0.0)
    assert f"<b>shouted_words</b> {value} <small>(count, lower is better)</small> NOWHERE" in page
    cases = fromstring(junit(finished.manifest, figures, finished.results, scorers=plan.scorers)).iter("testcase")
    printed = {case.get("name"): case.findtext("system-out") or "" for case in cases}
    assert f"shouted_words: {value} (count, lower is better): NOWHERE" in printed["70009"]
    show_run(figures)
    assert "shouted_words count ↓" in " ".join(capsys.readouterr().out.split())


def shouted(name: str) -> list[dict[str, Any]]:
    message = {"channel": "chat", "actor": "customer", "kind": "message", "conversation_id": "c1"}
    text = f"My parcel R-{name} is NOWHERE."
    return [{**message, "id": "m1", "occurred_at": "2026-03-04T10:00:00+00:00", "text": text}]


async def test_every_table_shows_unit_and_direction_and_fits_80_columns(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    finished, figures = await ran(plan, tmp_path / "run")
    lie = Planted(scorer="fabricated_entities", before=0.0, after=0.5, joint_interval=(-0.1, 0.9), flagged=True)
    before = scores_of(finished.manifest, finished.results)
    worse = {
        name: case.model_copy(update={"scores": dict.fromkeys(case.scores, 0.4321)})
        for name, case in before.cases.items()
    }
    for table in (
        lambda: show_run(figures),
        lambda: show_cases(finished.results[:1]),
        lambda: show_comparison(compare(before, before.model_copy(update={"cases": worse}))),
        lambda: show_alarms(AlarmFigures(n=9, planted={"a lie": lie}, pairs=3, false_alarms={}, noise={})),
    ):
        table()
        printed = capsys.readouterr().out
        assert "count ↓" in printed
        assert "↑ higher is better, ↓ lower is better" in printed
        assert "…" not in printed
        assert max(map(len, printed.splitlines())) <= 80


async def test_the_first_lines_of_a_report_say_how_many_briefs_fell_back_and_why(
    plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = plan._replace(model=Halting())
    finished, figures = await ran(plan, tmp_path / "run")
    words = "1 of 3 briefs are in the words of test/halting; 2 fell back to the extractive engine (model_timeout 2)."
    assert figures.wording.in_words == words
    assert figures.wording.fallbacks == {"model_timeout": 2}
    show_run(figures)
    assert " ".join(capsys.readouterr().out.split()).startswith(words)
    assert page_of(plan, finished, figures).split("</h1>")[1].startswith(f'<p><strong class="worse">{words}')
    suite = fromstring(junit(finished.manifest, figures, finished.results))[0]
    assert suite[0][0].get("value") == words


async def test_without_a_model_a_report_says_that_none_was_asked(plan: Plan, tmp_path: Path) -> None:
    _, figures = await ran(plan, tmp_path / "run")
    assert figures.wording.in_words == "All 3 briefs are extractive: no model was asked."


async def test_a_price_that_is_not_known_is_no_zero(
    plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = plan._replace(model=Halting())
    finished, figures = await ran(plan, tmp_path / "run")
    show_run(figures)
    assert "9 tokens in, 1 out; cost: no price known" in capsys.readouterr().out
    assert "<th>cost<td>no price known" in page_of(plan, finished, figures)


def test_small_numbers_keep_their_digits_and_large_ones_have_no_exponent() -> None:
    assert [significant(value) for value in (0.0, 1.0, 0.93101, 0.0000412, 12.34, 1234.5, -8.67e-19)] == [
        "0",
        "1",
        "0.931",
        "0.0000412",
        "12.3",
        "1,234",
        "0",
    ]
    assert [fixed(value) for value in (0.0, 0.93101, 0.00041, 519.63)] == ["0.000", "0.931", "0.00041", "519.6"]
    assert (signed(0.25), signed(-0.25), between(0.5, 1.0)) == ("+0.25", "-0.25", "0.5 to 1")
    assert (money(0.0000412), money(None)) == ("0.0000412 USD", "no price known")


def test_a_median_below_a_millisecond_is_shown_with_its_digits(capsys: pytest.CaptureFixture[str]) -> None:
    class Figures(Record):
        p50_ms: float

    show(Figures(p50_ms=0.00042), as_json=False)
    assert "p50 ms 0.00042" in " ".join(capsys.readouterr().out.split())
