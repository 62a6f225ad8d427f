"""`eval rankings` writes out what a ranker is asked, replays the answers, and keeps nothing of them but the order."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidRequest
from app.settings import Settings
from evals.datasets.recorded_rankings import answers_in, read_recordings, take_in
from evals.experiments.rankings import RankingFigures, evaluate, recorded_answers, write_prompts

CATALOGUE = """
name: library
intents:
  - {name: renew, label: Keep a book longer, examples: [I want to renew my book]}
actions:
  - {id: update_loan, label: Renew the loan, intents: [renew], script: "I can renew it."}
  - {id: send_form, label: Send the form, intents: {renew: 0.9}, script: "I send the form."}
  - {id: inform_no_change, label: Say no, intents: {renew: 0.8}, script: "It cannot be renewed."}
"""
WORDS = "I want to renew my book LN-1001"
POLICY = "A loan is renewed by form alone."


def row(task: int, trial: int) -> Mapping[str, Any]:
    """A conversation in which the form is the right step."""
    return {
        "id": f"loan-{task}-{trial}",
        "started_at": "2026-03-02T09:00:00Z",
        "turns": [
            {"role": "customer", "text": WORDS},
            {"role": "tool_call", "name": "update_loan", "arguments": {"loan": "LN-1001"}},
        ],
        "gold": {"actions": [{"name": "send_form", "arguments": {}}]},
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two tasks of two trials."""
    path = tmp_path / "talks.jsonl"
    rows = [row(task, trial) for task in (1, 2) for trial in (0, 1)]
    path.write_text("".join(f"{json.dumps(each)}\n" for each in rows), encoding="utf-8")
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The library's catalogue."""
    path = tmp_path / "library.yaml"
    path.write_text(CATALOGUE, encoding="utf-8")
    return Settings(catalogue=str(path))


def answer_all(folder: Path) -> None:
    """Answer every prompt: the form first, with a reason that quotes the customer, one that quotes nothing second."""
    for prompt in folder.glob("*.prompt.json"):
        answer = {
            "actions": [
                {
                    "action_id": "send_form",
                    "reason": "The customer wants to renew the book.",
                    "evidence": [{"id": "t1", "quote": "renew my book"}],
                    "parameters": [],
                    "script": "Here is the form.",
                },
                {
                    "action_id": "update_loan",
                    "reason": "The director agreed.",
                    "evidence": [{"id": "t1", "quote": "the director agreed"}],
                    "parameters": [],
                    "script": None,
                },
            ]
        }
        path = folder / prompt.name.replace(".prompt.", ".answer.")
        path.write_text(json.dumps(answer), encoding="utf-8")


def counts(figures: RankingFigures) -> tuple[int, int, int]:
    """Trials, those ranked by the model, and prompts that are others by now."""
    return figures.n, figures.ranked_by_model, figures.prompts_differing


async def test_the_first_trial_of_each_task_is_asked_with_the_policy_and_counted_as_it_was_answered(
    data: Path, settings: Settings, tmp_path: Path
) -> None:
    prompts = tmp_path / "prompts"
    assert await write_prompts(data, settings, prompts, policy=POLICY) == 2
    assert sorted(path.name for path in prompts.iterdir()) == ["loan-1-0.prompt.json", "loan-2-0.prompt.json"]
    written = json.loads((prompts / "loan-1-0.prompt.json").read_text(encoding="utf-8"))
    assert POLICY in written["user"]
    assert WORDS in written["user"]
    answer_all(prompts)
    figures = await evaluate(data, settings, recorded_answers(data, prompts), policy=POLICY)
    assert counts(figures) == (2, 2, 0)
    assert (figures.model.top1, figures.model.top3) == (1.0, 1.0)
    assert figures.rules.top1 == 0.0
    assert (figures.reasons, figures.reasons_shown, figures.scripts, figures.scripts_shown) == (4, 2, 2, 2)


async def test_a_file_of_recordings_holds_the_order_alone_and_says_where_the_prompt_is_another_by_now(
    data: Path, settings: Settings, tmp_path: Path
) -> None:
    prompts, recordings = tmp_path / "prompts", tmp_path / "rankings.jsonl"
    await write_prompts(data, settings, prompts, policy=POLICY)
    answer_all(prompts)
    assert take_in(answers_in(prompts, ["loan-1-0", "loan-2-0"]), recordings, recorded_on="2026-03-05") == 2
    text = recordings.read_text(encoding="utf-8")
    assert not [words for words in ("renew my book", "Here is the form", "director") if words in text]
    figures = await evaluate(data, settings, read_recordings(recordings), policy=None)
    assert counts(figures) == (2, 2, 2)
    assert figures.model.top1 == 1.0


def test_recordings_of_another_template_or_of_other_conversations_are_refused(data: Path, tmp_path: Path) -> None:
    recordings = tmp_path / "rankings.jsonl"
    take_in({"other-1-0": ("0" * 64, '{"actions": []}')}, recordings, recorded_on="2026-03-05")
    with pytest.raises(InvalidRequest, match="holds no answer to a prompt"):
        recorded_answers(data, recordings)
    line = json.loads(recordings.read_text(encoding="utf-8")) | {"template_sha256": "1" * 64}
    recordings.write_text(json.dumps(line), encoding="utf-8")
    with pytest.raises(InvalidRequest, match="recorded to another prompt"):
        read_recordings(recordings)
    recordings.write_text("{}", encoding="utf-8")
    with pytest.raises(InvalidRequest, match="no recorded ranking"):
        read_recordings(recordings)
