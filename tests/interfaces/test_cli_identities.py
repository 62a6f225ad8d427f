"""`warmline identities`: what it prints, and what a decision changes."""

import asyncio
import sys
from pathlib import Path

import pytest

from app.bootstrap import build
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.command import Command, command, move_to
from tests.support.builders import draft

PERSON = {"given_name": "Greta", "surname": "Muster", "birth_date": "1980-02-03", "city": "Town"}
OTHERS = [PERSON | {"given_name": "Gretta"}, {"given_name": "Otto", "surname": "Normal", "birth_date": "1955-11-30"}]


@pytest.fixture
def warmline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`warmline` in an empty folder, with no setting of Warmline in the environment."""
    monkeypatch.setenv("COLUMNS", "60")
    move_to(tmp_path, monkeypatch)
    return command(monkeypatch, capsys)


@pytest.fixture
def customers(warmline: Command) -> list[str]:
    """Three customers on file, the first two of whom look like one person."""

    async def file() -> list[str]:
        settings = Settings.model_construct(data_dir=Path("data"), vectors_url="memory:")
        app = build(settings, embedder=WordEmbedder())
        answer = await app.interactions.record("default", [draft(data=data) for data in (PERSON, *OTHERS)])
        await app.close()
        return [result.customer_id or "" for result in answer.results]

    return asyncio.run(file())


def test_a_suggestion_is_found_listed_confirmed_and_undone(warmline: Command, customers: list[str]) -> None:
    ended = warmline("identities", "suggest")
    listed = warmline("identities", "suggestions", "--json")

    (suggestion,) = listed.json["suggestions"]
    assert (ended.status, suggestion["customer_ids"]) == (0, customers[:2])
    assert "3 identities compared: 1 open suggestions, 1 of them new." in " ".join(ended.out.split())
    lines = [line.strip() for line in ended.out.splitlines()]
    assert suggestion["suggestion_id"] in lines
    assert f"{customers[0]} and {customers[1]}" in lines
    assert any(line.startswith("same: ") and "birth date (+" in line for line in lines)
    assert any(line.startswith("similar: given name (+") for line in lines)
    assert suggestion["suggestion_id"] in warmline("identities", "suggestions").out

    confirmed = warmline("identities", "confirm", suggestion["suggestion_id"])
    (merged,) = warmline("identities", "suggestions", "--status", "confirmed", "--json").json["suggestions"]
    undo = f"warmline identities unmerge {customers[0]} {merged['merge_id']}"
    assert undo in [line.strip() for line in confirmed.out.splitlines()]
    assert f"joined by {merged['merge_id']}" in warmline("identities", "suggestions", "--status", "confirmed").out
    assert "No suggestion is open" in warmline("identities", "suggestions").out

    undone = warmline(*undo.split()[1:])
    assert undone.status == 0
    assert "two customers again" in " ".join(undone.out.split())
    assert warmline(*undo.split()[1:]).status == 1


def test_a_dismissed_suggestion_is_not_made_again(warmline: Command, customers: list[str]) -> None:
    run = warmline("identities", "suggest", "--json").json
    (suggestion,) = run["suggestions"]
    assert (run["compared"], run["new"], len(customers)) == (3, 1, 3)

    dismissed = warmline("identities", "dismiss", suggestion["suggestion_id"])

    assert "not suggested again" in " ".join(dismissed.out.split())
    assert warmline("identities", "suggest", "--json").json == {"compared": 3, "new": 0, "suggestions": []}


@pytest.mark.parametrize("decision", ["confirm", "dismiss"])
def test_a_decision_is_told_as_json_and_an_unknown_suggestion_in_words(
    warmline: Command, customers: list[str], decision: str
) -> None:
    (suggestion,) = warmline("identities", "suggest", "--json").json["suggestions"]

    decided = warmline("identities", decision, suggestion["suggestion_id"], "--json").json
    unknown = warmline("identities", decision, "sug_0")

    assert (decided["suggestion_id"], decided["status"]) == (suggestion["suggestion_id"], f"{decision}ed")
    assert (unknown.status, unknown.out) == (1, "")
    assert "identities suggestions" in unknown.err
    assert customers


def test_another_tenants_customers_are_another_matter(warmline: Command, customers: list[str]) -> None:
    assert customers
    assert warmline("identities", "suggest", "--tenant", "other", "--json").json["compared"] == 0
    assert "No suggestion is open" in warmline("identities", "suggestions", "--tenant", "other").out


def test_without_the_extra_the_command_says_how_to_install_it(
    warmline: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)

    ended = warmline("identities", "suggest")

    assert (ended.status, ended.out) == (1, "")
    assert "pip install 'warmline[linkage]'" in ended.err


def test_the_eval_prints_its_figures_as_json(warmline: Command, tmp_path: Path) -> None:
    rows = "1,Greta,Muster,1980-02-03\n1,Gretta,Muster,1980-02-03\n2,Otto,Normal,1955-11-30\n"
    (tmp_path / "people.csv").write_text("person,given_name,surname,birth_date\n" + rows, encoding="utf-8")

    figures = warmline("eval", "identities", "--data", "people.csv", "--json").json

    assert (figures["n"], figures["precision"], figures["recall"], figures["f1"], figures["threshold"]) == (
        1,
        1.0,
        1.0,
        1.0,
        0.95,
    )
    assert "precision" in warmline("eval", "identities", "--data", "people.csv", "--without", "surname").out
    assert warmline("eval", "identities", "--data", "nothing.csv").status == 1
