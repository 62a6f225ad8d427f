"""Prompts as released files: loaded with their hash, strictly rendered, with every untrusted text inside a fence.

A prompt is `prompts/<name>/<version>.md`: a front matter in YAML (`role`, `output`, `trusted` and `untrusted` inputs),
then a part under the heading `# system` and one under `# user`, both Jinja templates. A released file is never edited;
the next version is a new file.

An untrusted input is put between `<data-…>` and `</data-…>`. The name of that tag is derived from the text itself and
is checked to occur nowhere in it, so no text can close its own fence, and the same inputs render to the same prompt.
The system part may use trusted inputs only; `fence` tells it the tag.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import app
from app import offline
from app.errors import ConfigurationError
from app.models import PromptReference
from app.yaml_text import YamlProblem, read_yaml

Item = TypeVar("Item")
Input = str | int | Sequence[Mapping[str, str]] | None

_FRONT_MATTER = re.compile(r"\A---\n(?P<header>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)
_PART = re.compile(r"^# (system|user)[ \t]*$", re.MULTILINE)
_WORD = re.compile(r"[\w.-]{1,64}")
_MOST_PASSED_OVER = 8


class RenderedPrompt(NamedTuple):
    """What is sent to a model."""

    system: str
    user: str


class Prompt:
    """One released prompt."""

    def __init__(self, reference: PromptReference, header: Mapping[str, Any], parts: Mapping[str, str]) -> None:
        self.reference = reference
        self.role = str(header["role"])
        self.output = str(header["output"])
        self.trusted = frozenset(cast(Iterable[str], header["trusted"]))
        self.untrusted = frozenset(cast(Iterable[str], header["untrusted"]))
        self._parts = parts
        self._templates: tuple[Any, Any] | None = None

    def check_inputs(self, trusted: Iterable[str], untrusted: Iterable[str]) -> None:
        """Raises ConfigurationError unless the prompt declares exactly these inputs."""
        asked, given = (self.trusted, self.untrusted), (frozenset(trusted), frozenset(untrusted))
        if asked != given:
            raise self._wrong(
                f"the file declares trusted {sorted(asked[0])} and untrusted {sorted(asked[1])}, "
                f"but the program fills trusted {sorted(given[0])} and untrusted {sorted(given[1])}"
            )

    def render(self, inputs: Mapping[str, Input]) -> RenderedPrompt:
        """Fill both parts. Raises ConfigurationError when an input is missing, undeclared or used in the wrong part."""
        odd = sorted(frozenset(inputs) ^ (self.trusted | self.untrusted))
        if odd:
            raise self._wrong(f"these inputs are either missing or not declared in its front matter: {', '.join(odd)}")
        texts = {name: str(inputs[name]) for name in sorted(self.untrusted)}
        tag = _unforgeable_tag(texts.values())
        trusted = {name: inputs[name] for name in self.trusted} | {"fence": tag}
        fenced = {name: f"<{tag}>\n{text}\n</{tag}>" for name, text in texts.items()}
        system, user = self._compiled()
        return RenderedPrompt(self._filled(system, trusted), self._filled(user, trusted | fenced))

    def _compiled(self) -> tuple[Any, Any]:
        if self._templates is None:
            from jinja2 import Environment, StrictUndefined, TemplateError

            environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701 (no HTML)
            try:
                self._templates = (
                    environment.from_string(self._parts["system"]),
                    environment.from_string(self._parts["user"]),
                )
            except TemplateError as failure:
                raise self._wrong(f"its template cannot be read: {failure}") from failure
        return self._templates

    def _filled(self, template: Any, inputs: Mapping[str, Input]) -> str:
        from jinja2 import UndefinedError

        try:
            return str(template.render(inputs)).strip()
        except UndefinedError as failure:
            raise self._wrong(f"{failure.message} (the system part may use trusted inputs only)") from failure

    def _wrong(self, what: str) -> ConfigurationError:
        return ConfigurationError(f"Prompt {self.reference.name} {self.reference.version}: {what}.")


class PromptLibrary:
    """The prompts in a folder; by default the one that ships beside the `app` package."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(app.__path__[0]).parent / "prompts"

    def prompt(self, name: str, version: str) -> Prompt:
        """One prompt. Raises ConfigurationError when there is none, or its file is not in order."""
        path = self._folder / name / f"{version}.md"
        if not (_WORD.fullmatch(name) and _WORD.fullmatch(version) and path.is_file()):
            there_is = ", ".join(self.versions(name)) or "no version of it"
            raise ConfigurationError(f"There is no prompt {name!r} in version {version!r}; there is {there_is}.")
        content = path.read_bytes()
        reference = PromptReference(name=name, version=version, sha256=hashlib.sha256(content).hexdigest())
        return _parsed(reference, content.decode())

    def versions(self, name: str) -> Sequence[str]:
        """The versions that there are of a prompt."""
        folder = self._folder / name
        return sorted(path.stem for path in folder.glob("*.md")) if _WORD.fullmatch(name) else ()


def count_tokens(text: str) -> int:
    """How many tokens a text takes in `o200k_base`, near enough for most models. Loads the encoding at first use."""
    return len(_encoding().encode_ordinary(text))


def fit(items: Iterable[Item], budget: int, *, text: Callable[[Item], str]) -> list[Item]:
    """The items, most important first, that together take at most so many tokens, a line break after each.

    One that is too large is passed over for smaller ones; after a few of those it stops, so that the work stays as
    small as the budget however many items there are.
    """
    fitting: list[Item] = []
    left, passed_over = budget, 0
    for item in items:
        cost = count_tokens(text(item)) + 1
        if cost <= left:
            fitting.append(item)
            left -= cost
        else:
            passed_over += 1
        if passed_over > _MOST_PASSED_OVER:
            break
    return fitting


@lru_cache(maxsize=1)
def _encoding() -> Any:
    offline.disarm()
    import tiktoken

    return tiktoken.get_encoding("o200k_base")


def _parsed(reference: PromptReference, content: str) -> Prompt:
    whole = _FRONT_MATTER.match(content)
    where = f"Prompt {reference.name} {reference.version}"
    if whole is None:
        raise ConfigurationError(f"{where} must begin with a front matter between two lines of '---'.")
    try:
        header = read_yaml(whole["header"]).content
    except YamlProblem as failure:
        raise ConfigurationError(f"{where}: its front matter is not YAML: {failure}") from failure
    if not isinstance(header, dict) or not {"role", "output", "trusted", "untrusted"} <= header.keys():
        raise ConfigurationError(f"{where}: its front matter needs role, output, trusted and untrusted.")
    pieces = _PART.split(whole["body"])
    parts = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    if parts.keys() != {"system", "user"}:
        raise ConfigurationError(f"{where} needs one part under '# system' and one under '# user'.")
    return Prompt(reference, cast(Mapping[str, Any], header), parts)


def _unforgeable_tag(texts: Iterable[str]) -> str:
    content = "\0".join(texts)
    tag = ""
    while not tag or tag in content:
        tag = f"data-{hashlib.sha256((tag + content).encode()).hexdigest()[:16]}"
    return tag
