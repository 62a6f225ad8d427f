"""Moments of friction, ranked by how many journeys they cost."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from app.ports.continuity import SpotFigures


class Ranked(NamedTuple):
    """A kind of friction on one channel about one thing, with the ids of its newest cases, costly ones first."""

    kind: str
    channel: str
    intent: str | None
    journeys: int
    seen: int
    occurrences: int
    samples: tuple[str, ...]


def ranked(rows: Sequence[SpotFigures], limit: int, samples: int) -> list[Ranked]:
    """The moments that cost most journeys, at most `limit`, each with so many cases."""
    grouped: defaultdict[tuple[str, str, str | None], list[SpotFigures]] = defaultdict(list)
    for row in rows:
        grouped[row.kind, row.channel, row.intent].append(row)
    moments = [_rank(friction, some, samples) for friction, some in grouped.items()]
    moments.sort(key=lambda moment: (-moment.journeys, -moment.seen, moment.kind, moment.channel, moment.intent or ""))
    return moments[:limit]


def _rank(friction: tuple[str, str, str | None], rows: Sequence[SpotFigures], samples: int) -> Ranked:
    newest = sorted(rows, key=lambda row: (row.cost, row.at, row.spot_id), reverse=True)
    return Ranked(
        *friction,
        journeys=len({row.journey_id for row in rows if row.cost}),
        seen=len({row.journey_id for row in rows}),
        occurrences=len(rows),
        samples=tuple(row.spot_id for row in newest[:samples]),
    )
