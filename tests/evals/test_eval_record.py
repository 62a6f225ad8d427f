"""`eval record`: the brief's exact prompt about our own cases is written out, and answers to it become rows."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidRequest
from app.settings import Settings
from evals.datasets.brief_answers import CasePrompt, asked_about, take_in, write_prompts
from evals.datasets.recordings import StaleRecording
from evals.experiments.answers import evaluate
from evals.suite import CASES
from evals.suite.cases import load_cases

CASE = "airline-ivr-hang-up"
ANSWER: dict[str, Any] = {
    "headline": {"text": "The call ended in the menu", "evidence": [{"id": "t1", "quote": ""}]},
    "contact_reason": {"text": "The customer called.", "evidence": [{"id": "t1", "quote": ""}]},
    "situation": [{"text": "The customer left the main menu.", "evidence": [{"id": "t1", "quote": "menu_selection"}]}],
    "customer_expectation": None,
    "commitments": [],
    "open_questions": [],
    "entities": [],
    "suggested_opening": "Hello, we were cut off. What can I do for you?",
    "custom_sections": [],
}


async def asked(settings: Settings) -> Sequence[CasePrompt]:
    return await asked_about(load_cases(CASES, only=[CASE]), settings)


def answered(folder: Path, answer: str) -> None:
    for prompt in folder.glob("*.prompt.json"):
        prompt.with_name(prompt.name.replace("prompt", "answer")).write_text(answer)


async def test_an_answer_to_the_brief_s_own_prompt_becomes_a_row_of_eval_answers(
    tmp_path: Path, settings: Settings
) -> None:
    first = await asked(settings)
    assert write_prompts(first, settings, tmp_path / "prompts") == 1
    [path] = (tmp_path / "prompts").iterdir()
    assert set(json.loads(path.read_text())) >= {"system", "user", "answer_schema", "template_sha256"}
    answered(tmp_path / "prompts", json.dumps(ANSWER))
    rows = tmp_path / "rows" / "briefs.jsonl"
    again = await asked(settings)
    assert take_in(again, settings, tmp_path / "prompts", rows, recorded_on="2026-11-30") == 1
    figures = await evaluate(rows, settings)
    assert (figures.n, figures.model_briefs, figures.prompts_differing) == (1, 1, 0)


async def test_an_answer_to_a_prompt_that_is_asked_otherwise_now_is_refused(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / f"{'0' * 16}.answer.json").write_text("{}")
    with pytest.raises(StaleRecording, match="0000"):
        take_in(await asked(settings), settings, tmp_path, tmp_path / "rows.jsonl", recorded_on="2026-11-30")


async def test_an_answer_that_is_no_object_names_its_file(tmp_path: Path, settings: Settings) -> None:
    prompts = await asked(settings)
    write_prompts(prompts, settings, tmp_path)
    answered(tmp_path, "[]")
    with pytest.raises(InvalidRequest, match=r"answer\.json"):
        take_in(prompts, settings, tmp_path, tmp_path / "rows.jsonl", recorded_on="2026-11-30")


async def test_about_somebody_of_whom_nothing_is_known_no_prompt_is_written(settings: Settings) -> None:
    assert await asked_about(load_cases(CASES, only=["airline-unknown-caller"]), settings) == []
