"""Texts that make regular expressions try the most: runs of one kind, and near matches of the expression itself.

What an expression repeats without end is read off its own syntax: its beginning, then the repeated part over and over,
then something that cannot follow.
"""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, cast

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_parse

_RUNS: Mapping[str, str] = {
    "letters": "a",
    "capitals": "A",
    "mixed case": "aB",
    "digits": "1",
    "grouped digits": "1,",
    "newlines": "\n",
    "spaces": " ",
    "brackets": "[",
    "quotes": '"',
    "opening quotes": "“",
    "punctuation": ".",
    "hyphens": "1-",
    "words": "ab ",
    "sentences": "Ab. ",
    "labels": "a:\n",
    "addresses": "a@",
}
_MOST_WORDS = 40
_MOST_REPEATS = 12
_WITHOUT_END = 100
"""What is repeated as often as this at the most counts as repeated without end."""
_PROBES = 'a1 \n.-"A_,:;é(/'
_IMPOSSIBLE = "\0"
_CATEGORIES: Mapping[str, str] = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


class Shape(NamedTuple):
    """A text of any length: a beginning, one part over and over, and an end."""

    name: str
    part: str
    beginning: str = ""
    end: str = ""

    def text(self, length: int) -> str:
        """The text of that length."""
        beginning = self.beginning[: length // 2]
        left = length - len(beginning) - len(self.end)
        return beginning + (self.part * (left // len(self.part) + 1))[:left] + self.end


SHAPES = (
    *(Shape(name, part) for name, part in _RUNS.items()),
    Shape("one between newlines", "\n", "x", "x"),
    Shape("spaces before a mark", " ", "a", "!"),
    Shape("letters after quotes", "a", '"' * 100),
)


def shapes_against(pattern: str, flags: int) -> list[Shape]:
    """The shapes that everything is tried over, and those made for this expression."""
    words = (Shape(repr(word), word) for word in _own_words(pattern))
    repeated = dict.fromkeys(islice(_repeated(pattern, flags), _MOST_REPEATS))
    after = (Shape(f"{beginning!r}, then {part!r}", part, beginning, _IMPOSSIBLE) for beginning, part in repeated)
    again = (Shape(repr(beginning + part), beginning + part) for beginning, part in repeated)
    return list({shape[1:]: shape for shape in (*again, *after, *words, *SHAPES)}.values())


def _own_words(pattern: str) -> list[str]:
    """Words that the expression itself holds, each alone, with a space, and all of them after one another."""
    words = list(dict.fromkeys(re.findall(r"[^\W\d_]{3,}", re.sub(r"\\[a-zA-Z]", " ", pattern))))[:_MOST_WORDS]
    return [*words, *(f"{word} " for word in words), " ".join(words) or "x"]


def _repeated(pattern: str, flags: int) -> Iterator[tuple[str, str]]:
    """What stands before each part that is repeated without end, and that part, as texts that match them."""
    yield from _walked(cast(Sequence[Any], sre_parse.parse(pattern, flags)), "")


def _walked(parts: Sequence[Any], beginning: str) -> Iterator[tuple[str, str]]:
    for part in parts:
        operation, argument = part
        for inner in _within(str(operation), argument):
            yield from _walked(inner, beginning)
        if str(operation) in _REPEATS and argument[1] >= _WITHOUT_END:
            yield from ((beginning, text) for text in _matches(argument[2]) if text)
        beginning += next(iter(_matches([part])), "")


def _within(operation: str, argument: Any) -> list[Any]:
    match operation:
        case "SUBPATTERN":
            return [argument[3]]
        case "BRANCH":
            return list(argument[1])
        case "ASSERT" | "ASSERT_NOT":
            return [argument[1]]
        case "ATOMIC_GROUP":
            return [argument]
        case _ if operation in _REPEATS:
            return [argument[2]]
        case _:
            return []


def _matches(parts: Sequence[Any]) -> list[str]:
    """Some texts that match the parts after one another; a part with several has the first in all but its own."""
    texts = [""]
    for operation, argument in parts:
        here = _texts_of(str(operation), argument)
        if here:
            texts = [texts[0] + text for text in here[:3]] + [text + here[0] for text in texts[1:3]]
    return texts


def _texts_of(operation: str, argument: Any) -> list[str]:
    texts: list[str] = []
    match operation:
        case "LITERAL":
            texts = [chr(argument)]
        case "NOT_LITERAL":
            texts = [probe for probe in _PROBES if probe != chr(argument)][:3]
        case "ANY":
            texts = ["a", " "]
        case "IN":
            texts = _of_set(argument)
        case "BRANCH":
            texts = [text for branch in argument[1] for text in _matches(branch)[:1]][:3]
        case "SUBPATTERN":
            texts = _matches(argument[3])
        case "ATOMIC_GROUP":
            texts = _matches(argument)
        case _ if operation in _REPEATS:
            texts = [text * max(1, min(argument[0], 20)) for text in _matches(argument[2])]
        case _:
            pass  # a place, or what is looked at ahead or behind, has no text of its own
    return texts


def _of_set(members: Sequence[Any]) -> list[str]:
    literals = "".join(chr(argument) for operation, argument in members if str(operation) == "LITERAL")
    starts = "".join(chr(argument[0]) for operation, argument in members if str(operation) == "RANGE")
    fitting = [character for character in _PROBES + literals + starts if _is_in(character, members)]
    # one of each kind: letters, figures, spaces, marks
    kinds = {
        (character.isalpha(), character.isdigit(), character.isspace()): character for character in reversed(fitting)
    }
    return list(kinds.values())[:4]


def _is_in(character: str, members: Sequence[Any]) -> bool:
    inside, negated = False, False
    for operation, argument in members:
        match str(operation):
            case "NEGATE":
                negated = True
            case "LITERAL":
                inside |= ord(character) == argument
            case "RANGE":
                inside |= argument[0] <= ord(character) <= argument[1]
            case _:
                _, _, name = str(argument).removeprefix("CATEGORY_").rpartition("_")
                matched = re.match(_CATEGORIES[name], character) is not None
                inside |= matched != ("NOT_" in str(argument))
    return inside != negated
