"""`eval facts` and the table of the rules: what they count, and what they refuse to read."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.errors import InvalidRequest
from app.models import Checker, Statement, Transcript, Verdict, VerdictKind
from evals.datasets.planted_facts import planted
from evals.datasets.recorded_checks import PromptWriter
from evals.datasets.statements import transcript_of_conversation
from evals.experiments.facts import evaluate, evaluate_with
from evals.experiments.rules import Probe, added, figures

CONVERSATION = {
    "id": "c-1",
    "turns": [
        {"role": "customer", "text": "The lamp from order W-5512 is broken."},
        {"role": "agent", "text": "We will send another one on Friday."},
    ],
}
FACTS = [
    ("The customer says the lamp from order W-5512 is broken.", "supported", "true"),
    ("A new lamp is to come.", "supported", "true"),
    ("The order is W-5513.", "unsupported", "wrong_object"),
    ("The customer refused a new lamp.", "unsupported", "negation"),
]


class DecidedVerifier:
    """A model that holds every sentence about lamps for true and every other for refuted."""

    checker: Checker = "model"

    async def check(
        self, statements: Sequence[Statement], transcript: Transcript, *, timeout_s: float
    ) -> Sequence[Verdict]:
        kinds = [VerdictKind.SUPPORTED if "lamp" in statement.text else VerdictKind.REFUTED for statement in statements]
        return [
            Verdict(
                text=statement.text,
                verdict=kind,
                score=float(kind is VerdictKind.SUPPORTED),
                why="",
                checked_by="model",
            )
            for statement, kind in zip(statements, kinds, strict=True)
        ]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The facts and the conversations as files."""
    data, conversations = tmp_path / "facts.jsonl", tmp_path / "conversations.jsonl"
    rows = [{"id": "c-1", "text": text, "label": label, "kind": kind, "evidence": [0]} for text, label, kind in FACTS]
    data.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    conversations.write_text(json.dumps(CONVERSATION), "utf-8")
    return data, conversations


async def test_by_rules_a_true_sentence_is_right_when_it_is_not_refuted(files: tuple[Path, Path]) -> None:
    result = await evaluate(*files)
    assert (result.n_true, result.n_false, result.true_refuted, result.false_refuted) == (2, 2, 0.0, 0.5)
    assert result.false_refuted_by_kind == {"negation": 0.0, "wrong_object": 1.0}
    assert result.balanced_accuracy == 0.75
    assert (result.supported_by_rules.n, result.supported_by_rules.right) == (1, 1)
    assert (result.refused_by_rules.n, result.refused_by_rules.right) == (1, 1)
    assert result.auc == 0.875


async def test_where_a_model_checks_a_true_sentence_must_be_supported(files: tuple[Path, Path]) -> None:
    result = await evaluate_with(DecidedVerifier(), *files, by_model=True)
    assert (result.true_supported, result.false_supported, result.balanced_accuracy) == (1.0, 0.5, 0.75)
    assert result.refused_by_rules.n == 0


async def test_a_prompt_that_was_never_answered_is_written_out_and_leaves_its_sentences_open(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    writer = PromptWriter(tmp_path / "prompts")
    result = await evaluate(*files, checks=writer)
    assert writer.written == len(list((tmp_path / "prompts").glob("*.prompt.json"))) == 1
    assert result.false_supported == 0.0


@pytest.mark.parametrize(
    "row",
    [
        {"id": "c-1", "text": "x", "label": "maybe", "kind": "true"},
        {"id": "c-1", "label": "supported", "kind": "true"},
        {"id": "absent", "text": "x", "label": "supported", "kind": "true"},
    ],
)
async def test_a_row_that_is_no_fact_is_an_error(files: tuple[Path, Path], row: dict[str, str]) -> None:
    files[0].write_text(json.dumps(row), "utf-8")
    with pytest.raises(InvalidRequest):
        await evaluate(*files)


def test_a_refusal_of_an_altered_sentence_counts_only_where_the_true_one_passes() -> None:
    transcript = transcript_of_conversation(CONVERSATION)
    probes = [
        Probe(transcript, "The order is W-5512.", ["The order is W-5513."]),
        Probe(transcript, "The order is W-9999.", ["The order is W-9998."]),
    ]
    table = figures(probes)
    assert [tuple(row) for row in table] == [("identifiers", 2, 1)]
    assert [tuple(row) for row in added(table, table)] == [("identifiers", 4, 2)]


@pytest.mark.parametrize(
    "text",
    [
        "The order is W-5512.",
        "It costs 64.90 EUR.",
        "It came on 3 March.",
        "It came at 16:30.",
        "Customer says: “a broken lamp”",
    ],
)
def test_what_is_planted_is_another_fact_of_the_same_shape(text: str) -> None:
    plants = list(planted(text, text, 1))
    assert plants
    assert all(plant != text for plant in plants)
    assert plants == list(planted(text, text, 1))
