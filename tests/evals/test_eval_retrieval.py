"""`eval retrieval`: the scorer on cases worked by hand, and the whole of it on a history made up here."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidRequest
from app.interfaces.cli import main
from app.models import Actor
from app.settings import Settings
from evals.experiments.retrieval import (
    History,
    Question,
    QuestionResult,
    drafts_of,
    evaluate,
    evidence_of,
    figures,
    read_histories,
)

HISTORY: dict[str, Any] = {
    "id": "made-up-1",
    "speakers": ["Ada", "Ben"],
    "sessions": [
        {
            "n": 1,
            "date_time": "9:05 am on 2 March, 2026",
            "turns": [
                {"id": "D1:1", "speaker": "Ada", "text": "My router lost its light in the storm."},
                {"id": "D1:2", "speaker": "Ben", "text": "How long has it been dark?"},
                {"id": "D1:3", "speaker": "Ada", "text": "Since Sunday evening."},
            ],
        },
        {
            "n": 2,
            "date_time": "4:30 pm on 20 May, 2026",
            "turns": [
                {"id": "D2:1", "speaker": "Ada", "text": "I have adopted a greyhound called Comet."},
                {"id": "D2:2", "speaker": "Ben", "text": "Congratulations! Does he like the garden?"},
            ],
        },
    ],
    "qa": [
        {"question": "What is the name of Ada's dog?", "evidence": ["D2:1"], "category": 4},
        {"question": "What broke in the storm, and since when?", "evidence": ["D1:1; D1:3"], "category": 1},
        {"question": "What did Ada tell on 20 May 2026?", "evidence": ["D2:1"], "category": 2},
        {"question": "Who is Ada's dentist?", "evidence": [], "category": 5},
        {"question": "When did Ben marry?", "evidence": ["D9:9"], "category": 5},
    ],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The history as a file of one line."""
    path = tmp_path / "histories.jsonl"
    path.write_text(json.dumps(HISTORY) + "\n", encoding="utf-8")
    return path


def asked(evidence: set[str], *hits: str, took_ms: float = 1.0, category: str = "1") -> QuestionResult:
    return QuestionResult(category, frozenset(evidence), hits, took_ms)


def test_recall_is_the_share_of_the_evidence_among_the_first_hits() -> None:
    question = asked({"a", "b"}, "x", "a", "y", "z", "q", "b")
    assert (question.recall(1), question.recall(5), question.recall(10)) == (0.0, 0.5, 1.0)


def test_figures_are_means_over_the_questions_that_have_evidence() -> None:
    history = History.model_validate(HISTORY)
    result = figures([asked({"a"}, "a", took_ms=2.0), asked({"a"}, "b", took_ms=4.0, category="2")], [history])
    assert (result.n, result.recall_at_5, result.recall_at_10, result.recall_at_25) == (2, 0.5, 0.5, 0.5)
    assert result.recall_at_10_by_category == {"1": 1.0, "2": 0.0}
    assert result.p50_ms == 3.0
    assert (result.histories, result.turns, result.without_evidence, result.unknown_evidence) == (1, 5, 3, 1)


def test_evidence_that_names_several_turns_in_one_string_counts_each() -> None:
    question = Question(question="?", evidence=("D8:6; D9:17", "D1:1"))
    assert evidence_of(question) == {"D8:6", "D9:17", "D1:1"}


def test_a_session_is_a_conversation_of_its_own_on_its_day_and_its_first_speaker_the_customer() -> None:
    drafts = drafts_of(History.model_validate(HISTORY))
    assert [draft.id for draft in drafts] == ["D1:1", "D1:2", "D1:3", "D2:1", "D2:2"]
    assert [draft.actor for draft in drafts[:2]] == [Actor.CUSTOMER, Actor.AGENT]
    assert [draft.conversation_id for draft in drafts[2:4]] == ["made-up-1-1", "made-up-1-2"]
    assert [str(draft.occurred_at) for draft in drafts[:2]] == [
        "2026-03-02 09:05:00+00:00",
        "2026-03-02 09:05:20+00:00",
    ]


async def test_questions_find_the_turns_that_answer_them_through_the_app_itself(file: Path) -> None:
    progress: list[tuple[int, int]] = []
    result = await evaluate(file, Settings(), progress=lambda done, total: progress.append((done, total)))
    assert (result.n, result.without_evidence) == (3, 2)
    assert result.recall_at_5 == 1.0
    assert progress[-1] == (5, 5)


def test_a_line_that_does_not_fit_is_named_with_its_field(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps({**HISTORY, "qa": None}) + "\n", encoding="utf-8")
    with pytest.raises(InvalidRequest, match=r"bad\.jsonl:1: qa: "):
        read_histories(path)
    broken: dict[str, Any] = {**HISTORY, "sessions": [{"n": 1, "date_time": "yesterday", "turns": []}]}
    path.write_text(json.dumps(broken) + "\n", encoding="utf-8")
    with pytest.raises(InvalidRequest, match=r"bad\.jsonl:1: session 1: date_time 'yesterday'"):
        read_histories(path)


async def test_a_file_without_any_question_that_has_evidence_is_an_error_in_words(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text(json.dumps({**HISTORY, "qa": HISTORY["qa"][3:]}) + "\n", encoding="utf-8")
    with pytest.raises(InvalidRequest, match="no question with evidence"):
        await evaluate(path, Settings())


def test_the_command_prints_one_object_alone(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["warmline", "eval", "retrieval", "--data", str(file), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert {"n", "recall_at_5", "recall_at_10", "recall_at_25", "p50_ms"} <= set(json.loads(capsys.readouterr().out))
