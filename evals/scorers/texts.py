"""The texts that scorers read: what a brief says, what a case told, and whether a text holds another."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

from app.models import Brief, Handoff, InteractionDraft
from evals.handoffs import prose_of
from evals.suite.cases import Fact

_NOT_SAID = frozenset({"claims", "dropped_claims", "evidence", "at"})
_NOT_SHOWN = frozenset({"request", "handoff_id", "customer_id", "signal_id", "decision_id", "reasons"})


def holds(text: str, wanted: str) -> bool:
    """Whether a text holds another as whole words, whatever the case of the letters and the kind of spaces."""
    return _pattern(wanted).search(_plain(text)) is not None


def holds_fact(text: str, fact: Fact) -> bool:
    """Whether a text holds one of the texts of a fact."""
    return any(holds(text, one) for one in fact.any_of)


def said_by(brief: Brief) -> str:
    """All that a brief tells, a line each: prose, entities, commitments, history; not the evidence."""
    return "\n".join(_strings(brief.model_dump(mode="json"), _NOT_SAID))


def prose(brief: Brief) -> str:
    """The running text of a brief."""
    return "\n".join(prose_of(brief.model_dump(mode="json")))


def shown_by(handoff: Handoff) -> str:
    """All that an agent may see of a handoff: brief, signals, actions and their parameters."""
    return "\n".join(_strings(handoff.model_dump(mode="json"), _NOT_SAID | _NOT_SHOWN))


def told_in(drafts: Iterable[InteractionDraft]) -> str:
    """All that interactions hold: texts, names, channels, data, identifiers, moments."""
    return "\n".join(piece for draft in drafts for piece in _pieces(draft))


def _pieces(draft: InteractionDraft) -> Iterator[str]:
    yield draft.text
    yield draft.name or ""
    yield draft.channel.value
    if draft.data:
        yield json.dumps(dict(draft.data), ensure_ascii=False, default=str)
    for one in draft.identifiers:
        yield one.value
    if draft.occurred_at:
        yield f"{draft.occurred_at:%Y-%m-%d %H:%M %A %B} {draft.occurred_at.day}"


def _strings(value: object, left_out: frozenset[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in cast(Mapping[str, Any], value).items():
            if key not in left_out:
                yield from _strings(inner, left_out)
    elif isinstance(value, list):
        for inner in cast(list[Any], value):
            yield from _strings(inner, left_out)
    elif isinstance(value, str):
        yield value


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


@lru_cache(maxsize=10_000)
def _pattern(wanted: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(_plain(wanted))}(?!\w)")
