"""What replacing a document changes in the sums that documents of its kind are counted into."""

from collections.abc import Mapping
from typing import Any

from app.ports import Counting, Counts

# A collection and a key in it.
Entry = tuple[str, str]


def changes(
    counting: Counting, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> Mapping[Entry, Mapping[str, float]]:
    """What `after` counts less what `before` had counted, by collection and entry, without what stays the same."""
    changed: dict[Entry, dict[str, float]] = {}
    taken_back: Counts = counting(before) if before is not None else {}
    for counts, sign in ((counting(after), 1), (taken_back, -1)):
        for collection, entries in counts.items():
            for entry, amounts in entries.items():
                sums = changed.setdefault((collection, entry), {})
                for name, amount in amounts.items():
                    sums[name] = sums.get(name, 0.0) + sign * amount
    moved = {entry: {name: amount for name, amount in sums.items() if amount} for entry, sums in changed.items()}
    return {entry: sums for entry, sums in moved.items() if sums}


def added(sums: Mapping[str, Any] | None, amounts: Mapping[str, float]) -> dict[str, float]:
    """An entry's sums with these amounts added."""
    totals = dict(sums or {})
    for name, amount in amounts.items():
        totals[name] = totals.get(name, 0.0) + amount
    return totals
