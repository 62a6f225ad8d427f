"""`eval answers` and recorded checks: what an answer's ids mean, what counts as shown, and what is refused as stale."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidRequest, ModelUnavailable
from app.settings import Settings
from evals.datasets.recorded_checks import PromptWriter, RecordedChecks, read_recordings, take_in, template_sha256
from evals.datasets.recordings import StaleRecording
from evals.experiments.answers import evaluate, mapped, read_rows

SAID = (
    ("customer", "I ordered a lamp, W7718, and it came broken on 2 March."),
    ("bot", "I will send you another lamp by Friday."),
    ("customer", "I would like to talk to a person, please."),
)
ANSWER: dict[str, Any] = {
    "headline": {"text": "Lamp W7718 came broken, person wanted", "evidence": ["t4", "t6"]},
    "contact_reason": {"text": "The customer says that lamp W7718 came broken.", "evidence": ["t4"]},
    "situation": [
        {"text": "The bot promised another lamp by Friday.", "evidence": ["t5"]},
        {"text": "The customer was charged $94.90.", "evidence": ["t4"]},
    ],
    "customer_expectation": {"text": "The customer wants to talk to a person.", "evidence": ["t6"]},
    "commitments": [{"by": "bot", "text": "Send another lamp", "due": "by Friday", "evidence": ["t5"]}],
    "open_questions": [],
    "entities": [
        {"type": "order", "value": "W7718", "evidence": ["t4"]},
        {"type": "day of arrival", "value": "2026-03-02", "evidence": ["t4"]},
    ],
    "suggested_opening": "Hello, I see that your lamp W7718 came broken. Is it the one in the hall?",
    "custom_sections": [],
}


def line(number: int, who: str, text: str) -> str:
    """A line as our prompt has it."""
    return f"t{number} | 2026-03-02T09:0{number}+00:00 | {who} message, chat | {json.dumps(text)}"


def recorded(tmp_path: Path, **fields: Any) -> Path:
    """A file with one row, whose recorded prompt numbered its lines from t4."""
    rows = [
        {
            "id": f"c-{number}",
            "occurred_at": f"2026-03-02T09:0{number}:00+00:00",
            "channel": "chat",
            "conversation_id": "c",
            "identifiers": [{"type": "account_id", "value": "a-1", "verified": True}],
            "actor": who,
            "kind": "message",
            "text": text,
        }
        for number, (who, text) in enumerate(SAID, start=1)
    ]
    user = "\n".join(
        line(number, who, text).replace(f"t{number} |", f"t{number + 3} |", 1)
        for number, (who, text) in enumerate(SAID, start=1)
    )
    row: dict[str, Any] = {
        "id": "made-up",
        "prompt": {"name": "brief", "version": "v2", "sha256": "0" * 64},
        "recorded_on": "2026-11-29",
        "interactions": rows,
        "handoff": {"conversation_id": "c", "now": "2026-03-02T09:05:00+00:00"},
        "messages": [{"role": "system", "content": "Write."}, {"role": "user", "content": user}],
        "answer": ANSWER,
    }
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps(row | fields) + "\n", encoding="utf-8")
    return path


def test_ids_mean_the_lines_of_the_recorded_prompt() -> None:
    theirs = "t1 | a\nt2 | b\nt3 | a\nt4 | gone"
    assert mapped(theirs, "t1 | b\nt2 | a\nt3 | a") == {"t1": "t2", "t2": "t1", "t3": "t3"}


async def test_what_reaches_the_agent_and_what_does_not_is_counted(tmp_path: Path, settings: Settings) -> None:
    figures = await evaluate(recorded(tmp_path), settings, out=tmp_path / "briefs")
    assert (
        figures.n,
        figures.model_briefs,
        figures.prompts_differing,
        figures.unmapped,
    ) == (1, 1, 1, 0)
    assert figures.shown_by_field["situation"] == 0.5
    assert figures.shown_by_field["headline"] == figures.shown_by_field["commitments"] == 1.0
    assert figures.headline_and_opening_shown == 1.0
    [left] = figures.left_out
    assert (left.field, left.text) == ("situation", "The customer was charged $94.90.")
    assert left.why is not None
    assert "94.90" in left.why
    assert "Lamp W7718 came broken" in (tmp_path / "briefs" / "made-up.md").read_text()


async def test_an_id_of_a_line_that_we_do_not_show_is_taken_for_no_other(tmp_path: Path, settings: Settings) -> None:
    answer = ANSWER | {"contact_reason": {"text": "The customer says that the lamp is broken.", "evidence": ["t1"]}}
    figures = await evaluate(recorded(tmp_path, answer=answer), settings)
    assert figures.unmapped == 1
    assert ("contact_reason", "it cites no interaction of this customer") in [
        (left.field, left.why) for left in figures.left_out
    ]


def test_a_row_that_is_none_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="line 1"):
        read_rows(recorded(tmp_path, answer=5))


async def answered(tmp_path: Path, settings: Settings, verdict: str = "supported") -> Path:
    """A folder with the prompt of the row's check, and an answer to it."""
    folder = tmp_path / "prompts"
    await evaluate(recorded(tmp_path), settings, checks=PromptWriter(folder))
    [path] = folder.glob("*.prompt.json")
    prompt = json.loads(path.read_text())
    count = sum(prompt_line.startswith("s") and " | " in prompt_line for prompt_line in prompt["user"].splitlines())
    rows = [
        {"id": f"s{n}", "verdict": verdict, "evidence": [{"id": "t1", "quote": "lamp"}]} for n in range(1, count + 1)
    ]
    path.with_name(path.name.replace("prompt", "answer")).write_text(json.dumps({"checks": rows}))
    return folder


async def test_recorded_checks_are_replayed_and_hold_nothing_of_the_data(tmp_path: Path, settings: Settings) -> None:
    folder, recordings = await answered(tmp_path, settings), tmp_path / "kept"
    assert take_in(folder, recordings, recorded_on="2026-11-29") == 1
    assert "lamp" not in (recordings / "checks.jsonl").read_text()
    model = RecordedChecks(recordings)
    figures = await evaluate(recorded(tmp_path), settings, checks=model)
    model.insist()
    assert figures.checked_supported == 1.0
    assert figures.checked > 3


async def test_of_our_own_data_the_whole_answer_is_kept(tmp_path: Path, settings: Settings) -> None:
    folder, recordings = await answered(tmp_path, settings, "refuted"), tmp_path / "kept"
    take_in(folder, recordings, recorded_on="2026-11-29", ours=True)
    assert "lamp" in (recordings / "checks.jsonl").read_text()
    figures = await evaluate(recorded(tmp_path), settings, checks=RecordedChecks(recordings))
    assert len(figures.checked_refuted) > 0


async def test_a_check_of_something_else_is_refused_as_stale(tmp_path: Path, settings: Settings) -> None:
    folder, recordings = await answered(tmp_path, settings), tmp_path / "kept"
    take_in(folder, recordings, recorded_on="2026-11-29")
    model = RecordedChecks(recordings)
    with pytest.raises(ModelUnavailable):
        await model.complete("another", "prompt", schema={}, timeout_s=1, max_tokens=1)
    with pytest.raises(StaleRecording, match="--write-prompts"):
        model.insist()
    [recording] = read_recordings(recordings)
    assert recording.template_sha256 == template_sha256()
    (recordings / "checks.jsonl").write_text(
        recording.model_copy(update={"template_sha256": "0" * 64}).model_dump_json() + "\n"
    )
    with pytest.raises(StaleRecording, match="another template"):
        RecordedChecks(recordings)
    with pytest.raises(StaleRecording, match="no recorded check"):
        RecordedChecks(tmp_path / "nowhere")


async def test_an_answer_that_leaves_a_statement_out_is_not_taken_in(tmp_path: Path, settings: Settings) -> None:
    folder = await answered(tmp_path, settings)
    [path] = folder.glob("*.answer.json")
    path.write_text(json.dumps({"checks": json.loads(path.read_text())["checks"][1:]}))
    with pytest.raises(InvalidRequest, match="exactly once"):
        take_in(folder, tmp_path / "kept", recorded_on="2026-11-29")
