"""A promise that a model tells of: which of the lines that it cites bear it out where it quotes none of their words."""

import pytest

from app.briefs.llm.claims import lay_out
from app.briefs.llm.output import Answer
from tests.support.builders import interaction

PROMISE = "Get the complaints desk on the line"


def refusal(line: str, promise: str = PROMISE) -> str | None:
    """Why a promise of the agent, which cites one line of theirs, is not shown."""
    commitment = {"by": "agent", "text": promise, "due": None, "evidence": ["t1"]}
    situation = [{"text": "The agent spoke of a desk.", "evidence": ["t1"]}]
    answer = Answer.model_validate({"situation": situation, "commitments": [commitment]})
    pieces = lay_out(answer, {"t1": interaction(1, line, actor="agent")}, (), "").pieces
    return next(piece.refusal for piece in pieces if piece.field == "commitments")


@pytest.mark.parametrize(
    "line",
    [
        "Let me get the complaints desk.",
        "Getting the complaints desk on the line now.",
        "Of course. The complaints desk, on this line, in a moment.",
    ],
)
def test_a_sentence_that_holds_most_of_its_words_bears_a_promise_out_however_it_begins(line: str) -> None:
    assert refusal(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "Unfortunately the complaints desk has a busy line.",
        "The complaints desk is not on this line.",
        "No complaints desk on the line today.",
        "Do you want the complaints desk on the line?",
        "The complaints desk is on the line.",
        "The desk is made of oak.",
        "The line is bad. Complaints come by letter. The desk is closed.",
    ],
)
def test_a_sentence_that_refuses_denies_asks_or_speaks_of_something_else_bears_none_out(line: str) -> None:
    assert refusal(line) == "no line that it cites is a promise by the agent"
