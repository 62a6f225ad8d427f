"""Made-up conversations with labelled sentences about them: what is true of each, and lies of known kinds.

The dialogues are written by hand (`cases/labelled.json`); names, dates and numbers are filled in by a seeded random
choice, so that any number of different conversations can be made and each can be made again from its number alone.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, NamedTuple

from app.models import Actor, Channel, InteractionDraft, Kind

LIE_KINDS = ("number", "name_new", "name_swap", "date", "negation_added", "negation_removed", "roles")
"""How a lie differs from the truth; the kinds that the verifier's eval knows."""

_REFERENCE = re.compile(r"\bRQ-(\d{6})\b")
_NAMES = ("Aurelio", "Benedikta", "Corvin", "Desislava", "Eskil", "Fiorella", "Gunvor", "Hristo", "Ilse", "Jorunn")
_DAYS = ("3 March", "9 March", "14 March", "22 March", "27 March")
_LATER = ("4 May", "11 May", "16 May", "23 May", "29 May")


class DialogueStatement(NamedTuple):
    """A sentence about a dialogue with the turns (from 0) it points at; `promise` is who promised, where it is one."""

    text: str
    turns: tuple[int, ...]
    promise: Actor | None = None
    kind: str | None = None


class LabelledDialogue(NamedTuple):
    """One conversation, ready to be filed, with what may and may not be said of it."""

    number: int
    conversation_id: str
    drafts: tuple[InteractionDraft, ...]
    truths: tuple[DialogueStatement, ...]
    lies: tuple[DialogueStatement, ...]


def dialogue(number: int, seed: int = 0) -> LabelledDialogue:
    """The dialogue with this number, the same for the same seed."""
    templates = _templates()
    template = templates[number % len(templates)]
    slots = _slots(number, Random(f"{seed} {number}"))  # noqa: S311 - nothing secret hangs on it
    conversation_id = f"dialogue-{number}"
    drafts = tuple(
        InteractionDraft(
            channel=Channel.CHAT,
            actor=Actor(turn["actor"]),
            kind=Kind.MESSAGE,
            conversation_id=conversation_id,
            text=turn["text"].format(**slots),
        )
        for turn in template["turns"]
    )
    truths = _sentences(template["truths"], slots)
    return LabelledDialogue(number, conversation_id, drafts, truths, _sentences(template["lies"], slots))


def number_in(text: str) -> int | None:
    """The number of the dialogue whose reference stands in a text."""
    match = _REFERENCE.search(text)
    return int(match[1]) if match else None


def plain(text: str) -> str:
    """A sentence without what may differ where it is told again: capitals, spaces, its full stop."""
    return " ".join(text.casefold().rstrip(" .").split())


def _sentences(written: Sequence[Mapping[str, Any]], slots: Mapping[str, str]) -> tuple[DialogueStatement, ...]:
    return tuple(
        DialogueStatement(
            text=sentence["text"].format(**slots),
            turns=tuple(sentence["turns"]),
            promise=Actor(sentence["promise"]) if "promise" in sentence else None,
            kind=sentence.get("kind"),
        )
        for sentence in written
    )


def _slots(number: int, random: Random) -> Mapping[str, str]:
    first, second, stranger = random.sample(_NAMES, 3)
    day, day_other = random.sample(_DAYS, 2)
    later, later_other = random.sample(_LATER, 2)
    amount, amount_other = random.sample(range(11, 60), 2)
    total, total_other = random.sample(range(120, 900), 2)
    return {
        "reference": f"RQ-{number:06d}",
        "order": f"ORD-{random.randrange(20_000, 90_000)}",
        "first": first,
        "second": second,
        "stranger": stranger,
        "day": day,
        "day_other": day_other,
        "later": later,
        "later_other": later_other,
        "amount": f"{amount}.50 EUR",
        "amount_other": f"{amount_other}.50 EUR",
        "total": f"{total}.00 EUR",
        "total_other": f"{total_other}.00 EUR",
    }


@cache
def _templates() -> Sequence[Mapping[str, Any]]:
    return json.loads((files("evals") / "cases" / "labelled.json").read_text(encoding="utf-8"))
