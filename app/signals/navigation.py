"""Signals that lie in steps: going back to a page already left, and the same step failing again."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from app.models import Actor, Channel, Interaction, Kind, Outcome
from app.nlu.steps import Step, step_name
from app.signals.journey import Journey, Moment, times

_PLACE_KEYS = ("page", "screen", "step", "url", "path", "view", "menu")
_PLACE_WORDS = ("page", "screen", "step", "menu")
_LOOKING_WORDS = ("view", "viewed")
_HUBS = frozenset(
    {"", "home", "homepage", "index", "start", "dashboard", "search", "results", "overview", "list", "main"}
)
_VISIT = timedelta(minutes=30)


def backtracking(journey: Journey) -> Iterator[Moment]:
    """A return, within a visit, to a page or step that the customer had left for another one."""
    for channel, trail in _trails(journey.last_day).items():
        returns: dict[str, list[Interaction]] = defaultdict(list)
        last_left: dict[str, Interaction] = {}
        for (location, row), (following, _) in zip(trail, [*trail[1:], (None, None)], strict=True):
            before = last_left.get(location)
            if before is not None and row.occurred_at - before.occurred_at <= _VISIT:
                returns[location].extend([row] if returns[location] else [before, row])
            if following != location:
                last_left[location] = row
        for location, visits in returns.items():
            again = len(visits) - 1
            detail = (
                f"The customer came back {times(again)} to {location!r} {channel.traits.where} after having left it."
            )
            yield Moment(0.25 + 0.2 * again, visits, detail)


def repeated_failures(journey: Journey) -> Iterator[Moment]:
    """A step that failed at least twice, on any channel, and has not succeeded since."""
    rows = {row.interaction_id: row for row in journey.everything}
    tries: dict[str, list[Step]] = defaultdict(list)
    for step in journey.steps:
        if step.outcome is Outcome.SUCCEEDED:
            tries.pop(step.name, None)
        elif step.outcome is Outcome.FAILED:
            tries[step.name].append(step)
    for name, failed in tries.items():
        if len(failed) < 2:
            continue
        evidence = [rows[step.evidence[-1]] for step in failed]
        where = " and ".join(dict.fromkeys(step.channel.traits.where for step in failed))
        detail = f"{name.replace('_', ' ').capitalize()!r} failed {times(len(failed))} {where}."
        yield Moment(0.3 + 0.15 * len(failed), evidence, detail)


def _trails(rows: Sequence[Interaction]) -> dict[Channel, list[tuple[str, Interaction]]]:
    trails: dict[Channel, list[tuple[str, Interaction]]] = defaultdict(list)
    for row in rows:
        if row.kind is Kind.EVENT and row.actor in (Actor.CUSTOMER, Actor.SYSTEM):
            location = _page(row)
            # Passing through the home page again is how one moves about; hearing the menu again is not.
            if location is not None and (location not in _HUBS or row.channel.traits.menu):
                trails[row.channel].append((location, row))
    return trails


def _page(row: Interaction) -> str | None:
    for key in _PLACE_KEYS:
        value = row.data.get(key)
        if isinstance(value, str):
            return urlsplit(value).path.strip("/").casefold() if "/" in value else value.strip().casefold()
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{key} {value}"
    name = step_name(row.name or "")
    words = name.split("_")
    if any(word in words for word in _PLACE_WORDS):
        return name
    # Who looks at one thing and then at another of its kind has gone on.
    return " ".join([name, *_things(row)]) if any(word in words for word in _LOOKING_WORDS) else None


def _things(row: Interaction) -> list[str]:
    return [value.strip().casefold() for _, value in sorted(row.data.items()) if isinstance(value, str)]
