"""`eval knowledge`: the figures on a folder made up here."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidRequest
from app.interfaces.cli import main
from app.settings import Settings
from evals.experiments.knowledge import GivenArticle, GivenSituation, bm25_alone, evaluate

ARTICLES = [
    {"id": "kettles", "title": "Broken kettles", "content": "# Kettles\n\nA kettle that leaks is replaced."},
    {"id": "hours", "title": "Opening hours", "content": "We are there from nine to five."},
    {"id": "parking", "title": "Parking", "content": "Visitors park behind the house."},
]
QUESTIONS: list[dict[str, Any]] = [
    {"id": "q-1", "situation": "You are Ada. Your kettle leaks and you want another.", "gold": ["kettles"]},
    {"id": "q-2", "situation": "You come by car and look for a space to park.", "gold": ["parking", "nowhere"]},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The articles and the situations as files."""
    for name, rows in (("articles", ARTICLES), ("questions", QUESTIONS)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return tmp_path


async def test_figures_are_those_of_the_search_beside_what_others_would_find(folder: Path, settings: Settings) -> None:
    figures = await evaluate(folder, settings)
    assert (figures.n, figures.articles, figures.passages) == (2, 3, 3)
    assert (figures.hit_at_5, figures.recall_at_10) == (1.0, 0.75)
    assert figures.development.n + figures.other_half.n == 2
    assert figures.bm25_alone.hit_at_5 == figures.embedder_alone.hit_at_5 == 1.0
    assert figures.p99_ms >= figures.p50_ms > 0


def test_bm25_alone_puts_the_article_first_that_shares_rare_words() -> None:
    articles = [GivenArticle.model_validate(row) for row in ARTICLES]
    situations = [GivenSituation.model_validate(row) for row in QUESTIONS]
    assert [ranked.article_ids[0] for ranked in bm25_alone(articles, situations)] == ["kettles", "parking"]


async def test_a_row_that_cannot_be_read_is_named(folder: Path, settings: Settings) -> None:
    (folder / "questions.jsonl").write_text('{"id": "q", "situation": "x", "gold": []}', encoding="utf-8")
    with pytest.raises(InvalidRequest, match=r"questions\.jsonl:1: gold"):
        await evaluate(folder, settings)
    (folder / "questions.jsonl").unlink()
    with pytest.raises(InvalidRequest, match="cannot be read"):
        await evaluate(folder, settings)


def test_the_command_prints_one_object(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["warmline", "eval", "knowledge", "--data", str(folder), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    printed = json.loads(capsys.readouterr().out)
    assert {"n", "hit_at_5", "recall_at_10", "p50_ms", "bm25_alone", "embedder_alone"} <= printed.keys()
