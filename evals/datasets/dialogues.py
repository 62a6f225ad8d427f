"""Reads dialogues with human summaries: conversations of a customer and an agent, and true sentences about them.

One JSON object a line:
```
dialogue   lines that begin with #Person1#: or #Person2#:, who are taken as the customer and the agent
summary    what a person wrote of it, naming both in the same way
fname      the dialogue's id (optional)
```
Own cases have instead `id`, `turns` as in a conversation file, and `claims: [{text, supported, kind}]`.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from app.conversations import fields_of, read_rows
from app.errors import InvalidRequest

_TURN = re.compile(r"#Person(\d)#:\s*(.*)", re.IGNORECASE)
_PERSON = re.compile(r"#Person([12])#", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z#])")
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|a\.m|p\.m)\.$")
_ROLES = {"1": "customer", "2": "agent"}


Judgement = TypeVar("Judgement")


class Dialogue(NamedTuple):
    """A conversation file's object, the true sentences of its summary, and all that was said as one text."""

    conversation: Mapping[str, Any]
    sentences: Sequence[str]
    transcript: str


def read_dialogues(path: Path) -> list[Dialogue]:
    """The dialogues of a file, at least one. Raises InvalidRequest, which names the line."""
    dialogues = [dialogue_of(fields, line) for line, fields in rows_of(path)]
    if not dialogues:
        raise InvalidRequest(f"{path}: there is no dialogue in it.")
    return dialogues


async def judged_one_by_one(
    dialogues: Sequence[Dialogue],
    judge: Callable[[Dialogue], Awaitable[Sequence[Judgement]]],
    progress: Callable[[int, int], None] | None,
) -> list[Judgement]:
    """What is judged of each dialogue in turn; `progress` is told how many are done, and of how many."""
    judgements: list[Judgement] = []
    for done, dialogue in enumerate(dialogues, start=1):
        judgements.extend(await judge(dialogue))
        if progress:
            progress(done, len(dialogues))
    return judgements


def rows_of(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a file with their lines. Raises InvalidRequest for what is none."""
    try:
        with path.open("rb") as lines:
            for row in read_rows(lines):
                if row.problem is not None:
                    raise InvalidRequest(f"{path}, line {row.line}: {row.problem}")
                yield row.line, cast(Mapping[str, Any], fields_of(row.value))
    except OSError as failure:
        raise InvalidRequest(f"{path} cannot be read: {failure.strerror}.") from None


def dialogue_of(fields: Mapping[str, Any], line: int, *, roles: Mapping[str, str] = _ROLES) -> Dialogue:
    """One dialogue; `roles` are those of #Person1# and #Person2#. Raises InvalidRequest when a field is missing."""
    dialogue, summary = fields.get("dialogue"), fields.get("summary")
    if not isinstance(dialogue, str) or not isinstance(summary, str):
        raise InvalidRequest(f"line {line}: a dialogue needs the texts `dialogue` and `summary`.")
    turns: list[dict[str, str]] = []
    for text in dialogue.splitlines():
        match = _TURN.match(text)
        if match:
            turns.append({"role": roles.get(match[1], "agent"), "text": _with_roles(match[2], roles)})
        elif turns:
            turns[-1]["text"] += f" {text}"
    name = str(fields.get("fname") or f"line-{line}")
    transcript = "\n".join(turn["text"] for turn in turns)
    return Dialogue({"id": name, "turns": turns}, sentences_of(_with_roles(summary, roles)), transcript)


def sentences_of(summary: str) -> list[str]:
    """The sentences of a summary."""
    sentences: list[str] = []
    for piece in _SENTENCE_END.split(summary.strip()):
        if sentences and _ABBREVIATION.search(sentences[-1]):
            sentences[-1] = f"{sentences[-1]} {piece}"
        elif piece:
            sentences.append(piece)
    return sentences


def _with_roles(text: str, roles: Mapping[str, str]) -> str:
    named = _PERSON.sub(lambda match: f"the {roles[match[1]]}", text)
    return re.sub(r"(^|[.!?] )the (?=customer|agent)", r"\1The ", named)
