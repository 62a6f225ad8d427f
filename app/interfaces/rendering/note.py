"""A handoff as Markdown, for a note that an agent reads or files in a CRM."""

import re
from collections.abc import Iterator, Sequence
from functools import partial

from app.interfaces.rendering.claims import sentences
from app.interfaces.rendering.environment import MarkdownMarkup, rendered
from app.models import Evidence, Handoff, Signal

MARKS_SHOWN = 4


def markdown(handoff: Handoff) -> str:
    """The handoff as CommonMark."""
    marks = _EvidenceNumbers(handoff)
    text = rendered(
        "note.md",
        handoff=handoff,
        brief=handoff.brief,
        decision=handoff.next_actions,
        friction=newest_of_each(handoff.signals),
        sentences=partial(sentences, claims=handoff.brief.claims),
        numbers=marks.numbers,
        marks=marks.markdown,
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def newest_of_each(signals: Sequence[Signal]) -> Sequence[tuple[Signal, int]]:
    """The newest signal of each type with how many of it there are, in the order of the moments."""
    newest = {signal.type: signal for signal in signals}
    return [(signal, sum(other.type == signal.type for other in signals)) for signal in newest.values()]


class _EvidenceNumbers:
    """Numbers for the interactions a note names, in the order in which it comes to them."""

    def __init__(self, handoff: Handoff) -> None:
        self.numbers = {
            interaction_id: number for number, interaction_id in enumerate(dict.fromkeys(_evidence(handoff)), 1)
        }

    def markdown(self, evidence: Evidence) -> MarkdownMarkup:
        """The marks behind a line; something said often has many, of which the first few are shown."""
        more = f" +{len(evidence) - MARKS_SHOWN}" if len(evidence) > MARKS_SHOWN else ""
        return MarkdownMarkup(
            "".join(f" [{self.numbers[interaction_id]}]" for interaction_id in evidence[:MARKS_SHOWN]) + more
        )


def _evidence(handoff: Handoff) -> Iterator[str]:
    brief = handoff.brief
    friction = [signal for signal, _ in newest_of_each(handoff.signals)]
    offered = handoff.next_actions.actions if handoff.next_actions else ()
    held_back = handoff.next_actions.suppressed if handoff.next_actions else ()
    verified = handoff.verification.evidence if handoff.verification else ()
    sections = (brief.actions_taken, brief.commitments, offered, held_back, brief.entities, brief.history, friction)
    yield from verified[:MARKS_SHOWN]
    for section in sections:
        for entry in section:
            yield from entry.evidence[:MARKS_SHOWN]
    for claim in brief.claims:
        yield from claim.evidence
        yield from (quote.interaction_id for quote in claim.quotes)
