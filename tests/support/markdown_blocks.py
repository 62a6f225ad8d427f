"""The Markdown files of this project as the tests read them: their fenced blocks, commands, links and headings.

The word after a block's language says what the block is for:

```
sh                    commands that a test carries out, in the order of the file
sh no-run             commands that no test can carry out (containers, real keys); their options are checked
json, text, markdown  after a request or a command: its answer, shortened
json interaction      an example of a record, checked against its schema
yaml actions          a part of a catalogue, checked as one
any file=NAME         a file that the reader saves; later commands use it
```
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"

_BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_QUOTED_OR_VARIABLE = re.compile(r"'[^']*'|\$(?P<name>[A-Z_]+)")
_LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, the line its fence stands on, and where its text stands in the file."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int
    start: int

    @property
    def file(self) -> str | None:
        """The name of the file that the reader saves it as."""
        return next((word.removeprefix("file=") for word in self.words if word.startswith("file=")), None)

    @property
    def runs(self) -> bool:
        """Whether a test carries out its commands."""
        return self.language == "sh" and "no-run" not in self.words


def files() -> list[Path]:
    """The README, and every page of the documentation."""
    return [README, *sorted((ROOT / "docs").rglob("*.md"))]


def text_of(path: Path) -> str:
    """The text of a page."""
    return path.read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    parsed: list[Block] = []
    for match in _BLOCK.finditer(text):
        language, *words = match["info"].split() or [""]
        line = text.count("\n", 0, match.start()) + 1
        parsed.append(Block(language, tuple(words), match["text"], line, match.start("text")))
    return parsed


def commands(block: str) -> Iterator[str]:
    """The commands of a shell block; a quotation or a backslash carries one over several lines."""
    gathered = ""
    for line in block.splitlines():
        if not gathered and (not line.strip() or line.startswith("#")):
            continue
        gathered += line + "\n"
        if gathered.count("'") % 2 == 0 and not line.endswith("\\"):
            yield gathered.strip()
            gathered = ""
    assert not gathered.strip(), f"this command does not end: {gathered}"


def words_of(command: str, variables: dict[str, str]) -> list[str]:
    """The words of a command as a shell makes them: variables are filled in outside single quotes."""

    def fill(match: re.Match[str]) -> str:
        name = match["name"]
        return match[0] if name is None else variables[name]

    return shlex.split(_QUOTED_OR_VARIABLE.sub(fill, command).replace("\\\n", " "))


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return _BLOCK.sub("", text)


def links(text: str) -> Sequence[str]:
    """The links and pictures of a page that lead to files of this project."""
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as the usual renderers make them."""
    headings = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(text)))
    return {heading.replace(" ", "-") for heading in headings}


def spans(text: str) -> Sequence[str]:
    """The words of a page that are set as code."""
    return _SPAN.findall(prose(text))
