"""Finds in a message the fields of a form that somebody filled: facts with labels, and no sentences."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_FIELD = re.compile(
    r"[\s>•*·–-]{0,8}(?P<label>[^\W\d_][^:：=\t\n|]{0,38}?)[\s*_]{0,4}(?:[:：=\t|])[\s*_]{0,4}(?P<value>.{0,400})$"
)
_CONTACT = re.compile(r"[\w.+'-]{1,64}@[\w.-]{3,120}|\+?\d[\d ()./-]{6,20}\d")
_LONGEST_LINE = 500
_MOST_LABEL_WORDS = 4
_FEWEST_FIELDS, _FEWEST_WITH_CONTACT = 3, 2
# So many words without a figure are no value any more, but what somebody tells.
_FEWEST_TOLD, _MANY_WORDS = 4, 9


class FormField(NamedTuple):
    """A labelled value, and whether that is a value of a form rather than a sentence of its writer's."""

    label: str
    value: str
    is_value: bool


def fields(lines: Sequence[str]) -> dict[int, FormField]:
    """The fields of forms, by the places of their lines."""
    filled: dict[int, FormField] = {}
    run: dict[int, FormField] = {}
    for index, line in enumerate(lines):
        field = _field(line)
        if field is not None:
            run[index] = field
        elif line.strip():
            filled.update(_form(run))
            run = {}
    filled.update(_form(run))
    return filled


def _field(line: str) -> FormField | None:
    match = _FIELD.match(line) if len(line) <= _LONGEST_LINE else None
    if match is None or len(match["label"].split()) > _MOST_LABEL_WORDS:
        return None
    value = match["value"].strip()
    return FormField(match["label"].strip(), value, is_value=not tells(value))


def tells(value: str) -> bool:
    """Whether a value is told in sentences."""
    words = value.split()
    if len(words) < _FEWEST_TOLD:
        return False
    return value[-1] in ".?!…" or len(words) >= _MANY_WORDS or not any(map(str.isdigit, value))


def _form(run: dict[int, FormField]) -> dict[int, FormField]:
    """The run where it is a form: several labels that follow each other, most of them with values."""
    contact = any(_CONTACT.search(field.value) for field in run.values())
    labels = {field.label.casefold() for field in run.values()}
    enough = len(run) >= _FEWEST_FIELDS or (contact and len(run) >= _FEWEST_WITH_CONTACT)
    mostly = 2 * sum(field.is_value for field in run.values()) >= len(run)
    return run if enough and mostly and len(labels) == len(run) else {}
