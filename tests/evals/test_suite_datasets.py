"""Each public data set's own file becomes what one of our evals reads; what is not of its format is said in words."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidRequest
from app.settings import Settings
from evals.datasets import ADAPTERS, convert
from evals.datasets.dialogues import read_dialogues
from evals.experiments import handoffs
from evals.experiments.intent import read_csv
from evals.experiments.retrieval import read_histories

TAU = [
    {
        "task_id": 3,
        "trial": 1,
        "reward": 1.0,
        "info": {
            "task": {
                "user_id": "mina_ode_1234",
                "instruction": "You want your money back.",
                "actions": [{"name": "cancel", "kwargs": {"id": "QX7001"}}],
            }
        },
        "traj": [
            {"role": "system", "content": "You are a bot."},
            {"role": "user", "content": "Cancel QX7001."},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"function": {"name": "cancel", "arguments": '{"id": "QX7001"}'}}],
            },
            {"role": "tool", "name": "cancel", "content": "done"},
            {"role": "assistant", "content": "It is cancelled."},
        ],
    }
]
ABCD: Mapping[str, Any] = {
    "train": [
        {
            "convo_id": 12,
            "scenario": {"personal": {"username": "mode7"}},
            "original": [
                ["agent", "Hello."],
                ["customer", "My coat is late."],
                ["action", "Account has been pulled up."],
            ],
            "delexed": [
                {"speaker": "agent", "text": "hello.", "targets": ["late", "retrieve_utterance", None, [], 1]},
                {"speaker": "customer", "text": "my coat is late.", "targets": ["late", None, None, [], -1]},
                {
                    "speaker": "action",
                    "text": "",
                    "targets": ["late", "take_action", "pull-up-account", ["Mina Ode"], -1],
                },
            ],
        }
    ],
    "dev": [],
}
SGD = [
    {
        "dialogue_id": "1_00000",
        "services": ["Trains_1"],
        "turns": [
            {
                "speaker": "USER",
                "utterance": "A train to Ghent, please.",
                "frames": [{"service": "Trains_1", "state": {"active_intent": "FindTrains"}}],
            },
            {"speaker": "SYSTEM", "utterance": "When?", "frames": [{"service": "Trains_1"}]},
        ],
    }
]
LOCOMO = [
    {
        "sample_id": "conv-1",
        "conversation": {
            "speaker_a": "Mina",
            "speaker_b": "Ode",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [{"speaker": "Mina", "dia_id": "D1:1", "text": "I bought a bicycle."}],
        },
        "qa": [{"question": "What did Mina buy?", "answer": "A bicycle", "evidence": ["D1:1"], "category": 1}],
    }
]
DIALOGSUM = [
    {"fname": "test_0", "dialogue": "#Person1#: Hello.\n#Person2#: Hi.", "summary1": "They greet.", "topic": "x"}
]
TWEETSUMM = [
    {
        "dialog": {
            "dialog_id": "d7",
            "turns": [
                {"is_agent": False, "sentences": ["My order is late.", "Help!"]},
                {"is_agent": True, "sentences": ["Which one?"]},
            ],
        },
        "summaries": {"abstractive_summaries": [["Customer says the order is late.", "Agent asks which one."]]},
    }
]
CLINC = {
    "train": [["what is my balance", "balance"], ["tell me a joke", "oos"]],
    "test": [["how much is left", "balance"]],
}


def written(tmp_path: Path, content: Any, *, lines: bool = False) -> Path:
    path = tmp_path / "source"
    path.write_text("\n".join(map(json.dumps, content)) if lines else json.dumps(content), encoding="utf-8")
    return path


def rows(path: Path) -> Sequence[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def test_tau_bench_becomes_conversations_that_the_handoffs_eval_judges(
    settings: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    assert convert("tau-bench", written(tmp_path, TAU), out).rows == 1
    judged = await handoffs.judge_file(out, settings)
    assert judged[0].relevant == {"QX7001"}
    assert [turn["role"] for turn in rows(out)[0]["turns"]] == ["customer", "tool_call", "tool_result", "bot"]


async def test_abcd_becomes_conversations_with_the_buttons_as_steps(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    convert("abcd", written(tmp_path, ABCD), out)
    button = rows(out)[0]["turns"][2]
    assert (button["role"], button["name"], button["arguments"]) == (
        "tool_call",
        "pull_up_account",
        {"value_1": "Mina Ode"},
    )
    assert len(await handoffs.judge_file(out, settings)) == 1
    with pytest.raises(InvalidRequest, match="it has no part 'nonsense'; it has train, dev"):
        convert("abcd", written(tmp_path, ABCD), out, part="nonsense")


async def test_sgd_becomes_conversations_with_their_intents(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    convert("sgd", written(tmp_path, SGD), out)
    assert [turn["intents"] for turn in rows(out)[0]["turns"]] == [["FindTrains"], []]
    assert len(await handoffs.judge_file(out, settings)) == 1


def test_locomo_becomes_histories_with_questions(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    convert("locomo", written(tmp_path, LOCOMO), out)
    history = read_histories(out)[0]
    assert (history.turn_ids, history.qa[0].evidence) == ({"D1:1"}, ("D1:1",))


def test_dialogsum_and_tweetsumm_become_dialogues_with_true_sentences(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    convert("dialogsum", written(tmp_path, DIALOGSUM, lines=True), out)
    assert read_dialogues(out)[0].sentences == ["They greet."]
    convert("tweetsumm", written(tmp_path, TWEETSUMM, lines=True), out)
    dialogue = read_dialogues(out)[0]
    assert dialogue.sentences == ["Customer says the order is late.", "Agent asks which one."]
    assert [turn["role"] for turn in dialogue.conversation["turns"]] == ["customer", "agent"]


def test_clinc150_and_banking77_become_texts_with_categories(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert convert("clinc150", written(tmp_path, CLINC), out).rows == 1
    assert [(labelled.text, labelled.category) for labelled in read_csv(out)] == [("what is my balance", "balance")]
    source = tmp_path / "banking.csv"
    source.write_text('text,category\n"My card, it is gone",lost_card\n', encoding="utf-8")
    convert("banking77", source, out)
    assert [(labelled.text, labelled.category) for labelled in read_csv(out)] == [("My card, it is gone", "lost_card")]


@pytest.mark.parametrize("dataset", sorted(ADAPTERS))
def test_a_file_of_another_format_is_refused_in_words(tmp_path: Path, dataset: str) -> None:
    with pytest.raises(InvalidRequest, match="source"):
        convert(dataset, written(tmp_path, [{"nonsense": 1}]), tmp_path / "out")


def test_a_file_that_was_converted_before_is_said_to_be_one(tmp_path: Path) -> None:
    once = written(tmp_path, [{"id": "a", "turns": []}, {"id": "b", "turns": []}], lines=True)
    with pytest.raises(InvalidRequest, match=r"source: it holds an object a line.* give it to the eval as it is"):
        convert("tau-bench", once, tmp_path / "out")
