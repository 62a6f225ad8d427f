"""Statements and transcripts for the tests of the check, so that a test names only what it is about."""

from collections.abc import Sequence

from app.models import Interaction, Participant, Statement, Transcript, Verdict
from app.verification import check
from tests.support.builders import interaction


def verdict(text: str, *lines: str | Interaction, cited: Sequence[str] = ()) -> Verdict:
    """What rules say of one sentence about lines, which are the customer's unless they are interactions."""
    rows = [line if isinstance(line, Interaction) else interaction(seq, line) for seq, line in enumerate(lines, 1)]
    return check([Statement(text=text, evidence=tuple(cited))], Transcript(interactions=tuple(rows)))[0]


def by(name: str, seq: int, text: str, *, actor: str = "customer") -> Interaction:
    """A line of a participant with a name."""
    return interaction(seq, text, actor=actor).model_copy(update={"participant": Participant(name=name)})
