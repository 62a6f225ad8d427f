"""Divides the text of a message by whose words it holds: what its writer says here, and everything else.

Everything else is repeated from another letter, a notice or a signature, what a machine wrote, a talk that was pasted,
or the fields of a form. `own_text` is what is read of a message: whole lines of it as they stand, in order, without
what was repeated, notices, signatures and what a machine wrote. Fields, pasted talk and lines that are answered one by
one stay in it, since they name things; `app.nlu.quotations` tells them from what is said. Most messages are one line
and are returned at once.
"""

from collections.abc import Sequence
from enum import StrEnum

from app.caching import text_cache
from app.nlu.courtesies import is_greeting
from app.nlu.letter_banners import leading_banner
from app.nlu.letter_ends import around, trailing_notice
from app.nlu.machine_text import is_surely_of_machine, machine_lines, object_in
from app.nlu.markup import without_markup
from app.nlu.quoted_history import answered, prefixed, repeated

SHORTEST_DIVIDED = 60
"""A message of one line that is shorter is all its writer's."""
_SHORTEST_BANNERED = 20
_LONGEST = 100_000
"""Of a longer text the middle is not divided, and not read."""


class Role(StrEnum):
    """What a line of a message is."""

    OWN = "own"
    REPEATED = "repeated"
    ANSWERED = "answered"
    AROUND = "around"
    MACHINE = "machine"


_SIGNED = (Role.OWN, Role.AROUND)


@text_cache(maxsize=2048)
def own_text(text: str, *, is_letter: bool = True) -> str:
    """What is read of a message: its writer's own lines, HTML as text.

    Of a message that only repeats another, such as one that was passed on, all is read but what machines wrote; so it
    is where a greeting stands above. What only looks like a machine's is read too where nothing else is there.
    """
    plain = without_markup(text)
    if "\n" not in plain and "\r" not in plain and len(plain) < SHORTEST_DIVIDED:
        return plain
    shown = plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST // 2]}\n{plain[-_LONGEST // 2 :]}"
    lines = shown.splitlines()
    roles = roles_of(lines, is_letter=is_letter)
    if Role.REPEATED in roles:
        for index, start in prefixed(lines, [i for i, role in enumerate(roles) if role in _SIGNED]).items():
            roles[index], lines[index] = Role.OWN, lines[index][start:]
    read = _lines_of(lines, roles, Role.OWN, Role.ANSWERED)
    if all(is_greeting(line) for line in read if line.strip()):
        read = _lines_of(lines, roles, *_kinds_for_want(lines, roles))
    if shown is plain and read == lines:
        return plain
    return "\n".join(read).strip()


def _kinds_for_want(lines: Sequence[str], roles: Sequence[Role]) -> tuple[Role, ...]:
    """What is read of a message in which its writer's own lines tell nothing."""
    kinds = (Role.OWN, Role.ANSWERED, Role.REPEATED)
    by_machine = [line for line, role in zip(lines, roles, strict=True) if role is Role.MACHINE]
    return kinds if any(map(is_surely_of_machine, by_machine)) else (*kinds, Role.MACHINE)


def roles_of(lines: Sequence[str], *, is_letter: bool = True) -> list[Role]:
    """What each line of a message is."""
    roles = [Role.OWN] * len(lines)
    for index in repeated(lines):
        roles[index] = Role.REPEATED
    for index in answered(lines):
        roles[index] = Role.ANSWERED if roles[index] is Role.REPEATED else roles[index]
    own = [index for index, role in enumerate(roles) if role is Role.OWN]
    for position in machine_lines([lines[index] for index in own]):
        roles[own[position]] = Role.MACHINE
    own = [index for index in own if roles[index] is Role.OWN]
    for position in around([lines[index] for index in own], is_letter=is_letter):
        roles[own[position]] = Role.AROUND
    return roles


def _lines_of(lines: Sequence[str], roles: Sequence[Role], *kinds: Role) -> list[str]:
    """The lines of these kinds; of the first one without the banner that begins it, of the last without notices."""
    read = [_without_object(line) for line, role in zip(lines, roles, strict=True) if role in kinds]
    first = next((index for index, line in enumerate(read) if line.strip()), None)
    if first is not None and len(read[first]) >= _SHORTEST_BANNERED:
        read[first] = read[first][leading_banner(read[first]) :].lstrip()
    last = next((index for index in range(len(read) - 1, -1, -1) if read[index].strip()), None)
    if last is not None and len(read[last]) >= SHORTEST_DIVIDED:
        end = trailing_notice(read[last])
        if end < len(read[last]):
            read[last] = read[last][:end].rstrip()
    return read


def _without_object(line: str) -> str:
    """A line without the JSON in it."""
    position = object_in(line) if "{" in line or "[" in line else None
    return line if position is None else f"{line[: position[0]].rstrip()} {line[position[1] :].lstrip()}".strip()
