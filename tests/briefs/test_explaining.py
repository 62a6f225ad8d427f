"""Why a brief without a model says what it says."""

import json
from pathlib import Path

from typer.testing import CliRunner

from app.briefs import compose, explain
from app.interfaces.cli.commands import commands
from app.models import Explanation, HandoffRequest, Intent, Interaction
from tests.support.builders import interaction, snapshot


def explained(*rows: Interaction) -> Explanation:
    case = snapshot(rows)
    return explain(case, compose(case, Intent(), HandoffRequest()))


def test_every_sentence_is_explained_with_its_act_and_where_the_brief_quotes_it() -> None:
    explanation = explained(
        interaction(1, "Hello! I want to cancel my subscription."),
        interaction(2, "Which subscription do you mean?", actor="bot"),
    )
    assert [sentence.text for sentence in explanation.sentences] == [
        "Hello!",
        "I want to cancel my subscription.",
        "Which subscription do you mean?",
    ]
    greeting, wish, question = explanation.sentences
    assert (greeting.act, wish.act, question.act) == ("greeting", "request", "question")
    assert greeting.quoted_in == ()
    assert {"contact_reason", "customer_expectation"} <= set(wish.quoted_in)
    assert wish.key > greeting.key
    assert question.key == question.wish == 0


def test_a_wish_is_explained_with_its_state_and_what_closed_it() -> None:
    explanation = explained(
        interaction(1, "Please cancel my order W4410."),
        interaction(2, "I cannot cancel an order that has been shipped.", actor="bot"),
    )
    assert [(wish.text, wish.state, wish.closed_by) for wish in explanation.wishes] == [
        ("Please cancel my order W4410.", "refused", "I cannot cancel an order that has been shipped.")
    ]


def test_the_command_explains_a_conversation_file(tmp_path: Path) -> None:
    talk = {"id": "talk", "turns": [{"role": "customer", "text": "I want to cancel my subscription."}]}
    file = tmp_path / "talk.json"
    file.write_text(json.dumps(talk), encoding="utf-8")
    shown = CliRunner().invoke(commands, ["handoff", "--conversation", str(file), "--explain"])
    assert shown.exit_code == 0, shown.output
    assert "cancel my subscription" in shown.output
    result = CliRunner().invoke(commands, ["handoff", "--conversation", str(file), "--explain", "--json"])
    assert Explanation.model_validate_json(result.stdout).sentences[0].act == "request"
