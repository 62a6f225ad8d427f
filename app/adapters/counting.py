"""What replacing a document changes in the sums that documents of its kind are counted into."""

from collections.abc import Mapping
from typing import Any

from app.ports import Counting, Counts


def changes(counting: Counting, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Counts:
    """What `after` counts less what `before` had counted, without what stays the same."""
    changed: dict[str, dict[str, float]] = {}
    taken_back: Counts = counting(before) if before is not None else {}
    for counts, sign in ((counting(after), 1), (taken_back, -1)):
        for entry, amounts in counts.items():
            sums = changed.setdefault(entry, {})
            for name, amount in amounts.items():
                sums[name] = sums.get(name, 0.0) + sign * amount
    moved = {entry: {name: amount for name, amount in sums.items() if amount} for entry, sums in changed.items()}
    return {entry: sums for entry, sums in moved.items() if sums}


def added(sums: Mapping[str, Any] | None, amounts: Mapping[str, float]) -> dict[str, float]:
    """An entry's sums with these amounts added."""
    found = dict(sums or {})
    for name, amount in amounts.items():
        found[name] = found.get(name, 0.0) + amount
    return found
