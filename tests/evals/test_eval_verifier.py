"""`eval verifier`: the alterations change one fact, and the figures count what they say they count."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidRequest
from app.ports import ModelReply
from app.settings import Settings
from evals.datasets.dialogues import read_dialogues
from evals.datasets.perturbations import KINDS, AlterationKind, alterations, every, holds_negation
from evals.experiments.verifier import OwnCases, VerifiedSentence, evaluate, figures

SAID = "I met Ana and Boris on Monday. We paid 40 euros to Ana, not to Boris."
NONE = OwnCases(n=0, right=0.0, true_kept=0.0, rejected={}, wrong=())
DIALOGUE = {
    "fname": "d-1",
    "dialogue": "#Person1#: I cannot find my 2 keys.\n#Person2#: I will bring the spare keys on Friday.",
    "summary": "#Person1# cannot find 2 keys. #Person2# will bring the spare keys on Friday.",
}


@pytest.mark.parametrize(
    ("kind", "text", "possible"),
    [
        ("number", "The customer paid 40 euros.", "The customer paid 44 euros."),
        ("name_new", "The customer met Ana.", "The customer met Oliver."),
        ("name_swap", "The customer met Ana.", "The customer met Boris."),
        ("date", "They met on Monday.", "They met on Friday."),
        ("negation_added", "The customer can pay.", "The customer can not pay."),
        ("negation_added", "The customer wants to pay.", "The customer doesn't want to pay."),
        ("negation_removed", "The customer doesn't want to pay.", "The customer wants to pay."),
        ("negation_removed", "The customer can't pay.", "The customer can pay."),
        ("negation_removed", "The customer was never paid.", "The customer was paid."),
        ("roles", "The customer calls the agent.", "The agent calls the customer."),
    ],
)
def test_an_alteration_changes_one_fact_of_its_kind(kind: AlterationKind, text: str, possible: str) -> None:
    texts = {" ".join(alteration.text.split()).capitalize() for alteration in every(kind, text, SAID)}
    assert possible.capitalize() in texts


def test_the_same_seed_gives_the_same_alterations_and_another_seed_others() -> None:
    text = "The customer paid 40 euros to Ana on Monday and wants a receipt."
    drawn = [alterations(text, SAID, seed) for seed in (1, 1, 2, 3, 4)]
    assert drawn[0] == drawn[1]
    assert len({str(draw) for draw in drawn}) > 1
    assert all(alteration.text != text for alteration in drawn[0].values())


def test_a_sentence_without_a_fact_of_a_kind_is_not_altered_so() -> None:
    assert set(alterations("It rains.", SAID, 0)) == set()


def test_a_natural_negation_is_told_from_none() -> None:
    assert holds_negation("The customer doesn't pay.")
    assert not holds_negation("The customer notes it.")


def test_balanced_accuracy_is_the_mean_of_true_ones_kept_and_altered_ones_rejected() -> None:
    judged = [
        VerifiedSentence("The customer paid 40 euros.", accepted=True, rejected={"number": True}),
        VerifiedSentence(
            "The customer did not pay 50 euros.", accepted=False, rejected={"number": True, "negation_removed": False}
        ),
        VerifiedSentence("It rains.", accepted=True, rejected={}),
    ]
    verifier_figures = figures(judged, NONE)
    assert verifier_figures.n == 3
    assert verifier_figures.balanced_accuracy["number"] == 0.75
    assert verifier_figures.balanced_accuracy["negation_removed"] == 0.0
    assert verifier_figures.balanced_accuracy["roles"] is None
    assert verifier_figures.balanced_accuracy["all"] == 0.375
    assert verifier_figures.natural_negatives == 0.0
    assert verifier_figures.true_kept == pytest.approx(2 / 3, abs=0.001)


async def test_the_eval_tells_of_dialogues_and_of_our_own_cases(tmp_path: Path) -> None:
    path = tmp_path / "dialogues.jsonl"
    path.write_text(json.dumps(DIALOGUE) + "\n", "utf-8")
    verifier_figures = await evaluate(path, Settings(data_dir=tmp_path), seed=3)
    assert verifier_figures.n == 2
    assert set(verifier_figures.balanced_accuracy) == {*KINDS, "all"}
    assert verifier_figures.true_kept == 1.0
    assert verifier_figures.own_cases.n >= 40
    assert verifier_figures.own_cases.true_kept >= 0.97
    assert {verifier_figures.own_cases.rejected[kind] for kind in ("number", "date", "name_new")} == {1.0}


def test_a_dialogue_becomes_a_conversation_of_customer_and_agent(tmp_path: Path) -> None:
    path = tmp_path / "dialogues.jsonl"
    path.write_text(json.dumps(DIALOGUE), "utf-8")
    dialogue = read_dialogues(path)[0]
    assert [turn["role"] for turn in dialogue.conversation["turns"]] == ["customer", "agent"]
    assert dialogue.sentences == ["The customer cannot find 2 keys.", "The agent will bring the spare keys on Friday."]


def test_what_is_no_dialogue_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "dialogues.jsonl"
    path.write_text(json.dumps(DIALOGUE) + '\n{"dialogue": "#Person1#: Hi."}\n', "utf-8")
    with pytest.raises(InvalidRequest, match="line 2"):
        read_dialogues(path)


class Believing:
    """A model that supports what speaks of keys, by the first line, and leaves everything else open."""

    name = "believing"

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        asked = re.findall(r"^(s\d+) \| (.*)$", user, re.MULTILINE)
        checks = [
            {
                "id": short_id,
                "verdict": "supported" if "key" in text else "unverified",
                "evidence": [{"id": "t1", "quote": "keys"}] if "key" in text else [],
            }
            for short_id, text in asked
        ]
        return ModelReply(text=json.dumps({"checks": checks}), model=self.name)

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...


async def test_where_a_model_checks_a_lie_is_caught_unless_it_is_supported(tmp_path: Path) -> None:
    path = tmp_path / "dialogues.jsonl"
    path.write_text(json.dumps(DIALOGUE) + "\n", "utf-8")
    result = await evaluate(path, Settings(data_dir=tmp_path), seed=3, checks=Believing())
    assert result.true_kept == 1.0, "what is left open is kept"
    assert result.rejected["roles"] == 0.0, "the model takes both sides' keys for the same"
    assert result.own_cases.rejected["unrelated"] == 1.0, "nothing supports them, and no rule refutes them"
