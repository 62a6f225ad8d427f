"""A handoff for people: as Markdown for a note in a CRM, and as one self-contained HTML page for the agent's screen.

Everything in a brief may repeat what a customer wrote, so nothing of it is taken for markup: HTML is escaped by the
template engine, Markdown by `_as_markdown_text`, and neither page ever asks for anything over a network.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.models import Evidence, Handoff, Signal

MARKS_SHOWN = 4

_TEMPLATES = Path(__file__).parent / "templates"

# Besides control characters, those that turn the direction of the text around them.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_STRUCTURE = re.compile(r"[\\`*\[\]|]|(?<![^\W_])_|_(?![^\W_])")
_AT_START = re.compile(r"^(?:[#>]|[~=+-](?=[\s~=+-]|$))")
_NUMBERED_AT_START = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")


def markdown(handoff: Handoff) -> str:
    """The handoff as CommonMark, for a note that an agent reads or files."""
    text = _environment(html=False).get_template("handoff.md").render(_facts(handoff))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def card(handoff: Handoff) -> str:
    """The handoff as a whole HTML page without scripts, pictures or anything from elsewhere."""
    return _environment(html=True).get_template("handoff.html").render(_facts(handoff)).lstrip()


class _MarkdownMarkup(str):
    """Text that is Markdown on purpose."""

    __slots__ = ()


@cache
def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=html,  # noqa: S701 - Markdown has an escape of its own, below
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible if html else _as_markdown_text,
    )
    environment.filters.update(moment=_moment, words=_words, percent=_percent)
    return environment


class _Marks:
    """Numbers for the interactions a page names, in the order in which it comes to them."""

    def __init__(self, handoff: Handoff) -> None:
        self.numbers = {one: number for number, one in enumerate(dict.fromkeys(_evidence(handoff)), 1)}

    def shown(self, evidence: Evidence) -> Sequence[tuple[int, str]]:
        """Number and id of the interactions worth a mark of their own; something said often has many."""
        return [(self.numbers[one], one) for one in evidence[:MARKS_SHOWN]]

    def markdown(self, evidence: Evidence) -> _MarkdownMarkup:
        """The marks behind a line of a note."""
        more = f" +{len(evidence) - MARKS_SHOWN}" if len(evidence) > MARKS_SHOWN else ""
        return _MarkdownMarkup("".join(f" [{number}]" for number, _ in self.shown(evidence)) + more)


def _facts(handoff: Handoff) -> dict[str, Any]:
    marks = _Marks(handoff)
    return {
        "handoff": handoff,
        "brief": handoff.brief,
        "decision": handoff.next_actions,
        "friction": _friction(handoff.signals),
        "numbers": marks.numbers,
        "shown": marks.shown,
        "marks": marks.markdown,
        "most": MARKS_SHOWN,
    }


def _friction(signals: Sequence[Signal]) -> Sequence[tuple[Signal, int]]:
    """The newest signal of each type with how many of it there are, in the order of the moments."""
    newest = {one.type: one for one in signals}
    return [(one, sum(other.type == one.type for other in signals)) for one in newest.values()]


def _evidence(handoff: Handoff) -> Iterator[str]:
    """Every interaction that the page names, in the order in which it comes to it."""
    brief = handoff.brief
    friction = [one for one, _ in _friction(handoff.signals)]
    offered = handoff.next_actions.actions if handoff.next_actions else ()
    held_back = handoff.next_actions.suppressed if handoff.next_actions else ()
    verified = handoff.verification.evidence if handoff.verification else ()
    sections = (brief.actions_taken, brief.commitments, offered, held_back, brief.entities, brief.history, friction)
    yield from verified[:MARKS_SHOWN]
    for section in sections:
        for one in section:
            yield from one.evidence[:MARKS_SHOWN]
    for claim in brief.claims:
        yield from claim.evidence


def _visible(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markup):
        return " ".join(_UNSEEN.sub(" ", value).split())
    return value


def _as_markdown_text(value: object) -> object:
    if isinstance(value, _MarkdownMarkup):
        return value
    text = _STRUCTURE.sub(lambda found: "\\" + found.group(), str(_visible(value)))
    text = _NUMBERED_AT_START.sub(r"\1\\\2", _AT_START.sub(lambda found: "\\" + found.group(), text))
    # An entity, since not every reader of Markdown knows that a backslash disarms a tag.
    return text.replace("<", "&lt;")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _percent(share: float) -> str:
    return f"{share:.0%}"
