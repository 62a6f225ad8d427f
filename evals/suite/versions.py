"""Which code made a run: the package's version, the commit where there is one, and a hash of what was on disk."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import app
from app.models import PromptReference, Record
from app.prompts import PromptLibrary
from app.settings import Settings
from evals.suite.judging import PROMPT as JUDGE_PROMPT

_ROOT = Path(app.__path__[0]).parent
_COUNTED = ("app/**/*.py", "app/**/*.yaml", "prompts/**/*.md", "evals/*.py", "evals/suite/*.py", "evals/scorers/*.py")
_ACTION_PROMPT = ("next_action", "v2")


class CodeVersion(Record):
    """`sha256` is over everything that a result depends on, so that an edit that is not committed yet counts too."""

    package: str
    commit: str | None
    sha256: str


@cache
def code_version() -> CodeVersion:
    """The version of the code that runs."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _COUNTED for path in _ROOT.glob(pattern)}):
        digest.update(path.relative_to(_ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    try:
        package = version("warmline")
    except PackageNotFoundError:
        package = "unknown"
    return CodeVersion(package=package, commit=_commit(_ROOT / ".git"), sha256=digest.hexdigest())


def prompts_of(settings: Settings) -> tuple[PromptReference, ...]:
    """The released prompts that a run with a model uses. Raises ConfigurationError."""
    named = (("brief", settings.prompt_brief), _ACTION_PROMPT, JUDGE_PROMPT)
    return tuple(PromptLibrary().prompt(*selection).reference for selection in named)


def _commit(folder: Path) -> str | None:
    try:
        head = (folder / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="ascii").strip()
        packed = (folder / "packed-refs").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
