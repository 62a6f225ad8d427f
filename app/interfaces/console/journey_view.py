"""A part of a journey as the page tells it: by day, then by conversation, with what happened in between."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import takewhile
from typing import Any, NamedTuple

from app.models import (
    CHANGES,
    Actor,
    Channel,
    Interaction,
    Kind,
    Signal,
    SignalType,
    Visibility,
    rewording_of,
)
from app.services import JourneyPage
from app.services.customer_history import Joining, MadeDecision, MadeHandoff

# Longer texts are folded: a timeline is looked over before it is read.
LONGEST_SHOWN = 700
MOST_FIELDS = 30
LONGEST_FIELD = 400
GRAVE = 0.7
LANE_HEIGHT = 22
LANE_LABEL = 76
# A part of sixty interactions fills a wide window; a short one is drawn further apart, but not without end.
LANES_WIDTH = 900
CLOSEST, FURTHEST = 15, 44


class DataField(NamedTuple):
    """One field of an interaction's data, its value as JSON."""

    name: str
    value: str


class ShownChange(NamedTuple):
    """What an edit or a deletion did: the words before and after, None where nobody has them any more.

    `target` is our id of what was changed, where it has arrived.
    """

    target: str | None = None
    before: str | None = None
    after: str | None = None


@dataclass(slots=True)
class StretchLine:
    """One interaction of a stretch, with the signals that fired at it."""

    row: Interaction
    paragraphs: Sequence[str]
    folded: bool
    fields: Sequence[DataField]
    signals: list[Signal] = field(default_factory=list[Signal])
    change: ShownChange | None = None

    @property
    def side(self) -> str:
        """Whose line it is: `customer`, `staff` or `system`."""
        if self.row.actor is Actor.CUSTOMER:
            return "customer"
        return "system" if self.row.actor is Actor.SYSTEM else "staff"


@dataclass(slots=True)
class Mark:
    """Something that happened beside what was said: exactly one of the three."""

    at: datetime
    joining: Joining | None = None
    handoff: MadeHandoff | None = None
    decision: MadeDecision | None = None


@dataclass(slots=True)
class Stretch:
    """Interactions of one conversation that follow each other on one day; without an id they belong to none.

    `within` holds them with the marks that fell in between.
    """

    conversation_id: str | None
    within: list[StretchLine | Mark]

    @property
    def lines(self) -> Sequence[StretchLine]:
        """The interactions alone."""
        return [entry for entry in self.within if isinstance(entry, StretchLine)]

    @property
    def channels(self) -> Sequence[Channel]:
        """The channels it went over, in their order."""
        return list(dict.fromkeys(line.row.channel for line in self.lines))

    @property
    def begun(self) -> datetime:
        """When its first interaction happened."""
        return self.lines[0].row.occurred_at

    @property
    def ended(self) -> datetime:
        """When its last interaction happened."""
        return self.lines[-1].row.occurred_at


@dataclass(slots=True)
class JourneyDay:
    """What happened on one day, in UTC."""

    day: date
    entries: list[Stretch | Mark]


class LanePoint(NamedTuple):
    """One interaction in the lanes: where it stands, whose it is, and what fired at it."""

    x: int
    y: int
    side: str
    interaction_id: str
    description: str
    grave: bool | None


class Lanes(NamedTuple):
    """A picture of a part: a lane a channel, a point an interaction, from left to right in their order."""

    left: int
    width: int
    height: int
    labels: Sequence[tuple[Channel, int]]
    points: Sequence[LanePoint]
    path: str


def days_of(page: JourneyPage) -> Sequence[JourneyDay]:
    """The days of a part, oldest first."""
    fired = _fired(page)
    days: list[JourneyDay] = []
    for at, _, thing in sorted(_things(page), key=lambda dated: dated[:2]):
        day = at.astimezone(UTC).date()
        if not days or days[-1].day != day:
            days.append(JourneyDay(day, []))
        entries = days[-1].entries
        if isinstance(thing, Mark):
            entries.append(thing)
            continue
        line = _line(thing, fired[thing.interaction_id], page.targets)
        # Marks that a conversation went on after lie within it.
        marks = list(takewhile(lambda entry: isinstance(entry, Mark), reversed(entries)))[::-1]
        last = entries[-len(marks) - 1] if len(entries) > len(marks) else None
        if isinstance(last, Stretch) and _goes_on(last, thing):
            last.within += [*(mark for mark in marks if isinstance(mark, Mark)), line]
            del entries[len(entries) - len(marks) :]
        else:
            entries.append(Stretch(thing.conversation_id, [line]))
    return days


def lanes_of(page: JourneyPage) -> Lanes:
    """The part as lanes of channels."""
    fired = _fired(page)
    rows = [row for row in page.interactions if _shows(row, page.targets)]
    order = list(dict.fromkeys(row.channel for row in rows))
    middle = {channel: index * LANE_HEIGHT + LANE_HEIGHT // 2 for index, channel in enumerate(order)}
    step = min(FURTHEST, max(CLOSEST, LANES_WIDTH // max(1, len(rows))))
    points = [
        _point(row, LANE_LABEL + index * step + step // 2, middle[row.channel], fired[row.interaction_id])
        for index, row in enumerate(rows)
    ]
    return Lanes(
        left=LANE_LABEL,
        width=LANE_LABEL + len(points) * step,
        height=len(order) * LANE_HEIGHT,
        labels=[(channel, middle[channel]) for channel in order],
        points=points,
        path=" ".join(f"{'M' if index == 0 else 'L'}{point.x} {point.y}" for index, point in enumerate(points)),
    )


def friction_of(page: JourneyPage) -> Sequence[tuple[SignalType, int]]:
    """How many signals of each type a part shows, the most frequent first."""
    counted: defaultdict[SignalType, int] = defaultdict(int)
    for signal in page.signals:
        counted[signal.type] += 1
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def _things(page: JourneyPage) -> Iterable[tuple[datetime, int, Interaction | Mark]]:
    # At one moment what was said comes first: the rest follows from it.
    for index, row in enumerate(page.interactions):
        if _shows(row, page.targets):
            yield row.occurred_at, index, row
    after = len(page.interactions)
    for joining in page.joinings:
        if (page.since is None or joining.at >= page.since) and (page.until is None or joining.at < page.until):
            yield joining.at, after, Mark(joining.at, joining=joining)
    for made in page.handoffs:
        yield made.at, after + 1, Mark(made.at, handoff=made)
    for decided in page.decisions:
        yield decided.at, after + 2, Mark(decided.at, decision=decided)


def _fired(page: JourneyPage) -> Mapping[str, list[Signal]]:
    """The signals by the interaction they are shown at: the last one they rest on that this part holds."""
    shown = {row.interaction_id for row in page.interactions}
    fired: defaultdict[str, list[Signal]] = defaultdict(list)
    for signal in page.signals:
        last_shown = next(
            (interaction_id for interaction_id in reversed(signal.evidence) if interaction_id in shown), None
        )
        if last_shown is not None:
            fired[last_shown].append(signal)
    return fired


def _goes_on(stretch: Stretch, row: Interaction) -> bool:
    if stretch.conversation_id != row.conversation_id:
        return False
    return row.conversation_id is not None or stretch.lines[-1].row.channel is row.channel


def _shows(row: Interaction, targets: Mapping[str, Interaction]) -> bool:
    """Whether a row is to be seen: an edit that left everything as it was, such as a read receipt, is not."""
    if row.kind is not Kind.EDIT or row.text or row.redacted:
        return True
    target = targets.get(row.target_id or "")
    if target is None or target.redacted or row.visibility is not Visibility.PUBLIC:
        return True
    return rewording_of(row, target) is not None


def _change(row: Interaction, targets: Mapping[str, Interaction]) -> ShownChange | None:
    if row.kind not in CHANGES:
        return None
    target = targets.get(row.target_id or "")
    if target is None:
        return ShownChange()
    words = rewording_of(row, target) if row.kind is Kind.EDIT else None
    if words is None:
        return ShownChange(target.interaction_id)
    before, after = (text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]} …" for text in words)
    return ShownChange(target.interaction_id, before, after)


def _line(row: Interaction, signals: Sequence[Signal], targets: Mapping[str, Interaction]) -> StretchLine:
    paragraphs = [paragraph for paragraph in map(str.strip, row.text.splitlines()) if paragraph]
    folded = len(row.text) > LONGEST_SHOWN or len(paragraphs) > 8
    return StretchLine(row, paragraphs, folded, _fields(row.data), list(signals), _change(row, targets))


def _fields(data: Mapping[str, Any]) -> Sequence[DataField]:
    shown = [
        DataField(name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in list(data.items())[:MOST_FIELDS]
    ]
    short = [
        DataField(
            shown_field.name,
            shown_field.value[:LONGEST_FIELD] + ("…" if len(shown_field.value) > LONGEST_FIELD else ""),
        )
        for shown_field in shown
    ]
    left = len(data) - len(short)
    return [*short, DataField("…", f"{left} more")] if left > 0 else short


def _point(row: Interaction, x: int, y: int, signals: Sequence[Signal]) -> LanePoint:
    side = "customer" if row.actor is Actor.CUSTOMER else "system" if row.actor is Actor.SYSTEM else "staff"
    words = row.name or row.text[:60] or row.kind.value
    description = f"{row.occurred_at.astimezone(UTC):%d %b %H:%M} {row.actor.value}: {words}"
    if signals:
        description += " – " + ", ".join(signal.type.value.replace("_", " ") for signal in signals)
    grave = max(signal.severity for signal in signals) >= GRAVE if signals else None
    return LanePoint(x, y, side, row.interaction_id, description, grave)
