"""What the labels of documents say of a speaker: the name, and the side where a word of theirs is a role."""

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from app.models import Actor
from app.nlu.tables import LANGUAGES, NameWords, table

_WORD = re.compile(r"[^\W\d_]+")
_NOTE = re.compile(r"[(\[]([^()\[\]]{1,60})[)\]]")
_JOINT = re.compile(r"\s[-–—|/]\s|\s{0,2}[|:,]\s")
_MOST_CHARACTERS = 256
# Platforms that tell who is within the company and who is not.
_PLACES = {"external": Actor.CUSTOMER, "internal": Actor.AGENT}


class Label(NamedTuple):
    """What a label says: the name, None where it is only a role or a number; the side, where a role names it."""

    name: str | None = None
    side: Actor | None = None


def read_label(label: str) -> Label:
    """A label taken apart: `Nadia Klein (Agent)`, `Agent Bo Lind`, `CUSTOMER`, `agent_0`, `SPEAKER_01`."""
    written = label[:_MOST_CHARACTERS].strip()
    for note in _NOTE.findall(written):
        if side := actor_of_role(note):
            return Label(" ".join(_NOTE.sub(" ", written).split()) or None, side)
    parts = [part.strip() for part in _JOINT.split(written) if part and part.strip()]
    if len(parts) == 2:
        for name, role in (parts, parts[::-1]):
            if side := actor_of_role(role):
                return Label(None if actor_of_role(name) else name, side)
    side = actor_of_role(written)
    if side is not None:
        return Label(None, side)
    first, _, rest = written.partition(" ")
    if rest and (side := actor_of_role(first)):
        return Label(rest.strip(), side)
    return Label(written or None)


def actor_of_role(role: str) -> Actor | None:
    """The side that a role's own words name, such as `customer` or `virtual assistant`; None for other words."""
    words = _WORD.findall(role[:_MOST_CHARACTERS].casefold())
    if not words:
        return None
    customers, serving, bots, automated = _roles()
    if len(words) == 1 and words[0] in _PLACES:
        return _PLACES[words[0]]
    # The last word is what somebody is; those before it only say of which sort: "customer service agent".
    head = words[-1] if words[-1] in customers | serving | bots else words[-1].removesuffix("s")
    if head.endswith("bot") or head in bots or (head in serving and automated & set(words)):
        return Actor.BOT
    if head in customers:
        return Actor.CUSTOMER
    if head in serving:
        return Actor.AGENT
    return Actor.SYSTEM if head == "system" else None


@cache
def _roles() -> tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]:
    roles = [names.roles for language in LANGUAGES if (names := table(language, NameWords)) is not None]
    return (
        _union(each.customers for each in roles),
        _union(each.serving for each in roles),
        _union(each.bots for each in roles),
        _union(each.automated for each in roles),
    )


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset(word for words in sets for word in words)
