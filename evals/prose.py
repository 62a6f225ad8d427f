"""The running text of a brief, for all who judge it."""

from collections.abc import Mapping
from typing import Any

_PROSE = ("headline", "contact_reason", "situation", "customer_expectation", "suggested_opening")
_PROSE_LISTS = {"actions_taken": "step", "commitments": "text", "history": "text"}


def prose_of(brief: Mapping[str, Any]) -> list[str]:
    """The running text of a brief in its JSON form; `entities` and `claims` are none."""
    pieces: list[str | None] = [brief[name] for name in _PROSE]
    for name, field in _PROSE_LISTS.items():
        pieces.extend(item[field] for item in brief[name])
    pieces.extend(brief["open_questions"])
    pieces.extend(brief["custom_sections"].values())
    return [piece for piece in pieces if piece]
