"""`warmline eval run`, `compare`, `gate` and `convert`: what they print, what they write, and how they end."""

import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

import app
from app.interfaces.cli import main
from app.interfaces.cli.suite_tables import show_alarms
from evals.experiments.suite_self_test import AlarmFigures, Planted
from tests.support.suite_cases import write_case


class Ended(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


class Command(Protocol):
    def __call__(self, *arguments: str) -> Ended: ...


@pytest.fixture
def warmline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `warmline eval` in an empty folder, with no setting of Warmline in the environment."""
    for name in os.environ:
        if name.startswith("WARMLINE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["warmline", "eval", *arguments])
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 0
        printed = capsys.readouterr()
        return Ended(status, printed.out, printed.err)

    return run


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    for number in range(2):
        write_case(tmp_path / "cases", f"7000{number}")
    return tmp_path / "cases"


def test_a_run_is_kept_compared_and_held_against_its_own_baseline(
    warmline: Command, cases: Path, tmp_path: Path
) -> None:
    run = ("run", "--cases", str(cases), "--out", "first")
    ended = warmline(*run, "--json", "--write-baseline", "baseline.json")
    assert (ended.status, ended.json["n"], ended.json["failed"]) == (0, 2, 0)
    assert ended.json["scorers"]["key_fact_recall"]["mean"] == 1
    assert {path.name for path in (tmp_path / "first").iterdir()} == {
        "run.json",
        "results.jsonl",
        "report.html",
        "junit.xml",
        "summary.json",
    }
    assert warmline(*run, "--json").json["resumed"] == 2
    assert "2 of them from before" in " ".join(warmline(*run).out.split())

    compared = warmline("compare", "baseline.json", "first", "--json")
    assert (compared.status, compared.json["n"]) == (0, 2)
    assert {difference["verdict"] for difference in compared.json["differences"]} == {"no difference"}
    assert "No scorer differs" in warmline("compare", "first", "first", "--html", "c.html", "--cases", str(cases)).out
    assert (tmp_path / "c.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert warmline("gate", "--baseline", "baseline.json", "--run", "first").status == 0


def test_the_gate_ends_with_one_on_a_loss(warmline: Command, cases: Path, tmp_path: Path) -> None:
    warmline("run", "--cases", str(cases), "--out", "run", "--write-baseline", "baseline.json")
    baseline = tmp_path / "baseline.json"
    document = json.loads(baseline.read_text(encoding="utf-8"))
    document["manifest"]["scorers"]["a_scorer_of_before"] = 1
    baseline.write_text(json.dumps(document), encoding="utf-8")
    ended = warmline("gate", "--baseline", "baseline.json", "--run", "run", "--json")
    assert (ended.status, ended.json["passed"]) == (1, False)
    assert ended.json["reasons"] == ["The scorer a_scorer_of_before is gone."]
    assert "The gate is closed" in warmline("gate", "--baseline", "baseline.json", "--run", "run").out


def test_a_grid_runs_every_cell_and_compares_it_with_the_first(warmline: Command, cases: Path) -> None:
    arguments = ("--cases", str(cases), "--out", "grid", "--matrix", "model=none", "prompt=v1,v2", "--json")
    ended = warmline("run", *arguments)
    assert ended.status == 0
    assert list(ended.json["runs"]) == ["model=none,prompt=v1", "model=none,prompt=v2"]
    assert [comparison["b"] for comparison in ended.json["comparisons"]] == ["model=none,prompt=v2"]
    assert warmline("run", "prompt=v1").status == 2


def test_what_is_wrong_is_said_in_words(warmline: Command, cases: Path, tmp_path: Path) -> None:
    write_case(cases, "70009", split="nonsense")
    ended = warmline("run", "--cases", str(cases), "--json")
    assert (ended.status, ended.out) == (1, "")
    assert "70009.yaml: split: Use one of" in ended.err
    missing = warmline("run", "--cases", str(tmp_path / "none"))
    assert missing.status == 2


def test_a_model_without_recordings_fails_loudly(warmline: Command, cases: Path) -> None:
    ended = warmline("run", "--cases", str(cases), "--model", "openai/nobody", "--recordings", "kept", "--out", "run")
    assert ended.status == 1
    assert "holds no recording of openai/nobody" in " ".join(ended.err.split())
    assert "Record again with --record" in " ".join(ended.err.split())


def test_options_that_contradict_each_other_are_refused(warmline: Command, cases: Path, tmp_path: Path) -> None:
    recorded = warmline("run", "--cases", str(cases), "--record")
    assert (recorded.status, "name it with --recordings DIR" in " ".join(recorded.err.split())) == (1, True)
    grid = warmline("run", "--cases", str(cases), "--write-baseline", "b.json", "--matrix", "prompt=v1,v2")
    assert (grid.status, "takes the scores of one run" in " ".join(grid.err.split())) == (1, True)
    assert not (tmp_path / "b.json").exists()


def test_the_gate_asks_no_model_where_none_is_named_and_begins_anew_where_told(
    warmline: Command, cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMLINE_MODEL", "openai/nobody")
    none = ("--cases", str(cases), "--model", "none", "--judge", "none", "--out", "run")
    assert warmline("run", *none, "--write-baseline", "baseline.json").status == 0
    write_case(cases, "70007")
    refused = warmline("gate", "--baseline", "baseline.json", *none)
    assert (refused.status, "--fresh" in refused.err) == (1, True)
    ended = warmline("gate", "--baseline", "baseline.json", *none, "--fresh")
    assert (ended.status, "1 only in b" in ended.out) == (0, True)
    assert "The gate is open" in ended.out


def test_the_scorers_of_lies_are_tried_on_dialogues(warmline: Command, tmp_path: Path) -> None:
    row = {"dialogue": "#Person1#: I lost 12 keys.\n#Person2#: I see.", "summary": "#Person1# lost 12 keys."}
    (tmp_path / "dialogues.jsonl").write_text(json.dumps(row), encoding="utf-8")
    ended = warmline("scorers", "--data", "dialogues.jsonl", "--json")
    assert ended.json["scorers"]["fabricated_entities"]["balanced_accuracy"]["number"] == 1
    assert "fabricated_entities" in warmline("scorers", "--data", "dialogues.jsonl").out


def test_a_loss_that_was_not_flagged_is_shown_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    lie = Planted(scorer="fabricated_entities", before=0.0, after=0.5, joint_interval=(-0.1, 0.9), flagged=False)
    show_alarms(
        AlarmFigures(n=9, planted={"a lie": lie}, pairs=3, false_alarms={"seeds 0 and 1": ("length",)}, noise={})
    )
    printed = capsys.readouterr().out
    assert "-0.1 to +0.9 NO" in " ".join(printed.split())
    assert "1 of 3 pairs flagged, over 9 cases.\n- seeds 0 and 1: length" in printed


def test_a_new_case_is_one_that_runs_and_says_why_it_scores_what_it_scores(warmline: Command, tmp_path: Path) -> None:
    begun = warmline("new-case", "retail-lamp-late", "--cases", "own")
    printed = " ".join(begun.out.split())
    assert (begun.status, "warmline eval run --only retail-lamp-late --cases own" in printed) == (0, True)
    ended = warmline("run", "--only", "retail-lamp-late", "--cases", "own", "--out", "run")
    assert ended.status == 0
    assert "commitment_recall share ↑ 1 every promise is there" in " ".join(ended.out.split())
    assert "rouge_l" not in ended.out, "what the case does not ask for is left out"
    again = warmline("new-case", "retail-lamp-late", "--cases", "own")
    assert (again.status, "is there already" in again.err) == (1, True)
    assert "<industry>-<what-it-is-about>" in warmline("new-case", "lamp", "--cases", "own").err
    assert "lower-case letters" in warmline("new-case", "Retail-Lamp", "--cases", "own").err
    assert "lower-case letters" in warmline("new-case", "../../retail-lamp", "--cases", "own").err
    missing = warmline("run", "--only", "retail-lamp-later", "--cases", "own")
    assert (missing.status, "there is no case 'retail-lamp-later'" in " ".join(missing.err.split())) == (1, True)


def test_a_new_case_of_an_industry_without_a_catalogue_is_refused_and_later_runs_go_on(
    warmline: Command, cases: Path
) -> None:
    refused = warmline("new-case", "gym-pass-lost", "--cases", str(cases))
    message = " ".join(refused.err.split())
    assert (refused.status, "gym: the first part of a case's name is its industry" in message) == (1, True)
    assert not (cases / "gym").exists()
    assert warmline("run", "--cases", str(cases), "--out", "run").status == 0
    write_catalogue(cases / "gym")
    assert warmline("new-case", "gym-pass-lost", "--cases", str(cases)).status == 0
    assert warmline("run", "--cases", str(cases), "--out", "gym", "--json").json["industries"].keys() == {
        "gym",
        "retail",
    }


def test_a_case_that_is_still_being_written_stops_no_run_of_another(warmline: Command, cases: Path) -> None:
    write_case(cases, "70009", split="nonsense")
    assert warmline("run", "--cases", str(cases), "--only", "70000", "--out", "run").status == 0
    ended = warmline("run", "--cases", str(cases), "--out", "all")
    assert (ended.status, "70009.yaml: split: Use one of" in " ".join(ended.err.split())) == (1, True)


def write_catalogue(folder: Path) -> None:
    folder.mkdir()
    shipped = Path(app.__file__).parent / "catalogues" / "retail.yaml"
    (folder / "catalogue.yaml").write_bytes(shipped.read_bytes())


def test_a_dataset_is_written_for_its_eval(warmline: Command, tmp_path: Path) -> None:
    (tmp_path / "clinc.json").write_text('{"train": [["hello", "greeting"]]}', encoding="utf-8")
    ended = warmline("convert", "clinc150", "clinc.json", "--out", "train.csv")
    assert (ended.status, "eval intent" in ended.out) == (0, True)
    assert (tmp_path / "train.csv").read_text(encoding="utf-8").split() == ["text,category", "hello,greeting"]
