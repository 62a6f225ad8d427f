"""A handoff as a card for the terminal: what a person reads in the seconds before they take over.

Everything a customer said is untrusted: it is put on the screen as plain text, without markup and control characters.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.models import (
    ActionTaken,
    Brief,
    Decision,
    Explanation,
    Handoff,
    Interaction,
    OfferedAction,
    Outcome,
    SentimentLabel,
    Signal,
    Trend,
    VerificationStatus,
)
from app.services.brief_words import Frames, frames_of

LABEL_WIDTH = 13
ACTION_WIDTH = 26
MARKS_SHOWN = 4
IDENTIFIERS_SHOWN = 3
QUOTE_LENGTH = 140
SAID_WIDTH = 70
LEAST_SHARE = 0.05
SENTENCES_SHOWN = 20

_OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.SUCCEEDED: ("✓", "green"),
    Outcome.FAILED: ("✗", "red"),
    Outcome.ABANDONED: ("↩", "yellow"),
    Outcome.UNKNOWN: ("·", "dim"),
}
_MOODS: Mapping[SentimentLabel, str] = {
    SentimentLabel.POSITIVE: "green",
    SentimentLabel.NEUTRAL: "default",
    SentimentLabel.NEGATIVE: "red",
    SentimentLabel.MIXED: "yellow",
}
_TRENDS: Mapping[Trend, str] = {Trend.IMPROVING: "↗", Trend.STEADY: "→", Trend.WORSENING: "↘"}
_VERIFICATION: Mapping[VerificationStatus, tuple[str, str]] = {
    VerificationStatus.VERIFIED: ("verified: need not be asked again", "green"),
    VerificationStatus.CLAIMED: ("claimed, not verified", "yellow"),
    VerificationStatus.UNKNOWN: ("not verified", "yellow"),
}


class Footnotes:
    """Short numbers for interaction ids, in the order in which a card first mentions them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, evidence: Sequence[str]) -> Text:
        """The numbers of these interactions, such as ` [1 2]`; empty without evidence."""
        if not evidence:
            return Text()
        numbers = sorted(
            self._numbers.setdefault(interaction_id, len(self._numbers) + 1)
            for interaction_id in evidence[:MARKS_SHOWN]
        )
        more = " …" if len(evidence) > MARKS_SHOWN else ""
        return Text(f" [{' '.join(map(str, numbers))}{more}]", style="cyan")

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(self._numbers.items())


def card(handoff: Handoff, interactions: Sequence[Interaction]) -> RenderableType:
    """The whole handoff. The customer's interactions tell what they are known by, and are quoted at its foot."""
    notes = Footnotes()
    brief = handoff.brief
    parts: list[RenderableType] = [
        _top(handoff),
        _facts_of_the_case(handoff, _known_by(interactions), notes),
        *_section("What was tried", [_step(step, frames_of(brief), notes) for step in brief.actions_taken]),
        *_section("Promised", _promises(brief, notes)),
        *_section("Still open", [_line("?", "yellow", plain(question)) for question in brief.open_questions]),
        *_section("Facts", _facts(brief, notes)),
        *_section("Earlier", _history(brief, notes)),
        *_section("Also asked for", [_pair(name, plain(text)) for name, text in brief.custom_sections.items()]),
        *_section("Friction", [_signal(signal, notes) for signal in handoff.signals]),
    ]
    if handoff.next_actions is not None:
        parts.extend(_decision(handoff.next_actions, notes))
    return Group(*parts, *_evidence(notes, interactions), _foot(handoff))


def decision_card(decision: Decision, interactions: Sequence[Interaction]) -> RenderableType:
    """What to do next, with reasons; the customer's interactions are quoted at its foot."""
    notes = Footnotes()
    parts = _decision(decision, notes)
    return Group(*parts, *_evidence(notes, interactions))


def plain(text: str) -> Text:
    """Text as it is, without what a terminal would obey: control characters, and marks that reorder what is read."""
    signs = (
        " " if sign in "\n\t\r" else sign
        for sign in text
        if sign in "\n\t\r" or unicodedata.category(sign) not in {"Cc", "Cf"}
    )
    return Text(" ".join("".join(signs).split()))


def _top(handoff: Handoff) -> RenderableType:
    brief = handoff.brief
    lines = [Text.assemble((plain(brief.headline or "Nothing is known of this case yet.").plain, "bold"))]
    if brief.situation:
        lines.append(Text("\n").append_text(plain(brief.situation)))
    if brief.suggested_opening:
        lines.append(
            Text.assemble(("\nSay first  ", "dim"), (f"“{plain(brief.suggested_opening).plain}”", "italic green"))
        )
    request = handoff.request
    way = " → ".join(channel.value for channel in (request.from_channel, request.to_channel) if channel is not None)
    title = Text.assemble(("Handoff", "bold"), f" · {way}" if way else "")
    return Panel(Group(*lines), title=title, title_align="left", padding=(1, 2), border_style="cyan")


def _facts_of_the_case(handoff: Handoff, known_by: str, notes: Footnotes) -> RenderableType:
    brief = handoff.brief
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", width=LABEL_WIDTH, no_wrap=True)
    rows.add_column(ratio=1)
    rows.add_row("Who", _who(handoff, known_by, notes))
    if brief.contact_reason:
        rows.add_row("Why", plain(brief.contact_reason))
    if brief.customer_expectation:
        rows.add_row("Wants", plain(brief.customer_expectation))
    if brief.intent.name:
        rows.add_row("Intent", Text.assemble(_words(brief.intent.name), (f" {brief.intent.confidence:.0%}", "dim")))
    if brief.sentiment:
        mood = f"{brief.sentiment.label.value} {_TRENDS[brief.sentiment.trend]} {brief.sentiment.trend.value}"
        rows.add_row("Mood", Text(mood, style=_MOODS[brief.sentiment.label]))
    rows.add_row("Status", brief.resolution_status.value)
    return Padding(rows, (1, 2, 0, 2))


def _known_by(interactions: Sequence[Interaction]) -> str:
    identifiers = {(identifier.type, identifier.value) for row in interactions for identifier in row.identifiers}
    return ", ".join(f"{_words(kind)} {value}" for kind, value in sorted(identifiers)[:IDENTIFIERS_SHOWN])


def _who(handoff: Handoff, known_by: str, notes: Footnotes) -> Text:
    words, style = _VERIFICATION[handoff.verification_status]
    who = Text.assemble(plain(known_by or handoff.customer_id), "\n", (words, style))
    if handoff.verification is not None:
        how = [handoff.verification.method or "", _moment(handoff.verification.at)]
        who.append(f" ({', '.join(detail for detail in how if detail)})" if any(how) else "")
        who.append_text(notes.mark(handoff.verification.evidence))
    return who


def _step(step: ActionTaken, frames: Frames, notes: Footnotes) -> RenderableType:
    sign, style = _OUTCOMES[step.outcome]
    text = Text.assemble(
        plain(step.step),
        (f"  {frames.outcomes[step.outcome]}", style),
        (f" · {step.actor.value}, {step.channel.value}, {_moment(step.at)}", "dim"),
        notes.mark(step.evidence),
    )
    return _line(sign, style, text)


def _promises(brief: Brief, notes: Footnotes) -> list[RenderableType]:
    return [
        _line(
            "•",
            "magenta",
            Text.assemble(
                (f"{commitment.by.value}: ", "bold"),
                plain(commitment.text),
                (f"  {plain(frames_of(brief).due_of(commitment)).plain}", "yellow") if commitment.due else "",
                notes.mark(commitment.evidence),
            ),
        )
        for commitment in brief.commitments
    ]


def _facts(brief: Brief, notes: Footnotes) -> list[RenderableType]:
    by_type: dict[str, list[Text]] = {}
    for entity in brief.entities:
        by_type.setdefault(entity.type, []).append(Text.assemble(plain(entity.value), notes.mark(entity.evidence)))
    return [_pair(_words(kind), Text(", ").join(values)) for kind, values in by_type.items()]


def _history(brief: Brief, notes: Footnotes) -> list[RenderableType]:
    return [
        _pair(
            history_item.channel.value,
            Text.assemble(
                (f"{_moment(history_item.at)}  ", "dim"), plain(history_item.text), notes.mark(history_item.evidence)
            ),
        )
        for history_item in brief.history
    ]


def _signal(signal: Signal, notes: Footnotes) -> RenderableType:
    filled = round(signal.severity * 5)
    style = "red" if signal.severity >= 0.6 else "yellow"
    bar = Text("▮" * filled + "▯" * (5 - filled), style=style)
    return _pair(
        _words(signal.type.value), Text.assemble(bar, "  ", plain(signal.detail), notes.mark(signal.evidence)), 19
    )


def _decision(decision: Decision, notes: Footnotes) -> list[RenderableType]:
    intervention = decision.intervention
    lead = Text.assemble(
        (intervention.level.value, "bold magenta"), (f" · friction {intervention.friction:.0%}", "dim")
    )
    offers = [_offer(rank, action, notes) for rank, action in enumerate(decision.actions, start=1)]
    suppressed_lines = [
        _pair(
            suppressed_action.action_id,
            Text.assemble(
                f"{_words(suppressed_action.reason.value)}: ",
                plain(suppressed_action.detail),
                notes.mark(suppressed_action.evidence),
            ),
            ACTION_WIDTH,
        )
        for suppressed_action in decision.suppressed
    ]
    return [*_section("Do next", [lead, *offers]), *_section("Held back", suppressed_lines)]


def _offer(rank: int, action: OfferedAction, notes: Footnotes) -> RenderableType:
    lines = [Text.assemble((plain(action.label).plain, "bold"), (f"  {action.score:.2f}", "dim"))]
    if action.requires_approval:
        lines[0].append("  needs a person's approval", style="yellow")
    lines.append(Text.assemble(plain(action.reason), notes.mark(action.evidence)))
    if action.script:
        lines.append(Text(f"“{plain(action.script).plain}”", style="italic green"))
    lines.extend(
        Text.assemble(("Read  ", "dim"), plain(passage.title), (f"  {plain(passage.article_id).plain}", "dim"))
        for passage in action.knowledge
    )
    if action.parameters:
        filled = ", ".join(f"{name} = {value}" for name, value in action.parameters.items())
        lines.append(Text.assemble(("with ", "dim"), plain(filled)))
    return _line(f"{rank}.", "bold", Text("\n").join(lines))


def _evidence(notes: Footnotes, interactions: Sequence[Interaction]) -> list[RenderableType]:
    interactions_by_id = {interaction.interaction_id: interaction for interaction in interactions}
    lines = [
        _line(f"[{number}]", "cyan", _quote(interactions_by_id.get(interaction_id), interaction_id), 5)
        for interaction_id, number in notes
    ]
    return _section("Evidence", lines)


def _quote(row: Interaction | None, interaction_id: str) -> Text:
    if row is None:
        return Text(interaction_id, style="dim")
    text = plain(row.text).plain
    named = f"{row.name}: " if row.name and text else row.name or ""
    outcome = f" ({row.outcome.value})" if row.outcome else ""
    shortened = text if len(text) <= QUOTE_LENGTH else text[: QUOTE_LENGTH - 1].rstrip() + "…"
    who = plain(row.participant.name).plain if row.participant and row.participant.name else ""
    where = f"{_moment(row.occurred_at)}  {row.channel.value}, {row.actor.value}{' ' if who else ''}{who}  "
    return Text.assemble((where, "dim"), plain(named), " " if named else "", shortened, outcome)


def _foot(handoff: Handoff) -> RenderableType:
    made = f"{handoff.engine} brief"
    if handoff.model:
        made += f" by {handoff.model}"
    trouble = f", {handoff.failure_code.value}" if handoff.failure_code else ""
    summary = f"{handoff.handoff_id} · {handoff.status.value}{trouble} · {made} · {handoff.duration_ms} ms"
    return Padding(Text(summary, style="dim"), (1, 2))


def _section(title: str, lines: Sequence[RenderableType]) -> list[RenderableType]:
    if not lines:
        return []
    return [Padding(Text(title, style="bold cyan"), (1, 2, 0, 2)), Padding(Group(*lines), (0, 2, 0, 3))]


def _line(sign: str, style: str, text: Text, width: int = 2) -> RenderableType:
    row = Table.grid(padding=(0, 1))
    row.add_column(width=width)
    row.add_column(ratio=1)
    row.add_row(Text(sign, style=style), text)
    return row


def _pair(name: str, text: Text, width: int = LABEL_WIDTH + 1) -> RenderableType:
    return _line(plain(name).plain, "dim", text, width)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _moment(at: datetime | None) -> str:
    return f"{at:%d %b %H:%M}" if at is not None else ""


def explanation_table(explanation: Explanation) -> RenderableType:
    """What the weightiest sentences were taken for and where they are quoted, and how each wish stands."""
    table = Table(box=None, pad_edge=False)
    for name in ("who", "said", "act", "reason", "wish", "person", "quoted in"):
        table.add_column(name, overflow="fold", max_width=SAID_WIDTH if name == "said" else None)
    weighed = sorted(
        explanation.sentences,
        key=lambda sentence: (
            not sentence.quoted_in,
            -max(sentence.key, sentence.wish, sentence.person),
        ),
    )
    shown = weighed[:SENTENCES_SHOWN]
    for explained in (sentence for sentence in explanation.sentences if sentence in shown):
        style = "bold" if explained.quoted_in else "dim"
        shares = (_share(explained.key), _share(explained.wish), _share(explained.person))
        act = f"{explained.act} {_share(explained.act_confidence)}".strip()
        table.add_row(
            explained.actor.value,
            plain(explained.text),
            act,
            *shares,
            ", ".join(explained.quoted_in),
            style=style,
        )
    wishes = Table(box=None, pad_edge=False)
    for name in ("wish", "state", "closed by"):
        wishes.add_column(name, overflow="fold")
    for wish in explanation.wishes:
        wishes.add_row(plain(wish.text), wish.state, plain(wish.closed_by or ""))
    return Group(table, Text(), wishes) if explanation.wishes else table


def _share(value: float) -> str:
    """A probability in hundredths; nothing where there is hardly any."""
    return f"{value:.0%}" if value >= LEAST_SHARE else ""
