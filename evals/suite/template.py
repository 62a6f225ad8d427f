"""A case to begin with: a small journey that is whole and runs as it is, every field with a word on what it is for."""

from pathlib import Path
from typing import get_args

from app.bootstrap import catalogue_named
from app.errors import ConfigurationError, InvalidRequest
from evals.suite import CASES
from evals.suite.cases import CATALOGUE_FILE, MOST_LETTERS, Trap, catalogue_for

_TEMPLATE = CASES.parent / "new.yaml"


def new_case(folder: Path, name: str) -> Path:
    """Write a case `<industry>-<what-it-is-about>` to begin with.

    Raises InvalidRequest where the name is wrong, the industry has no catalogue, or the file cannot be written. Every
    later run reads all cases of the folder, so none is written that could not be read.
    """
    if not _is_name(name) or len(name) > MOST_LETTERS:
        raise InvalidRequest(
            f"{name[:MOST_LETTERS]}: name a case <industry>-<what-it-is-about>, such as retail-lamp-not-arrived: "
            f"lower-case letters a to z, digits and hyphens, at most {MOST_LETTERS} characters."
        )
    industry = name.partition("-")[0]
    _check_catalogue(folder, industry)
    path = folder / industry / f"{name}.yaml"
    if path.exists():
        raise InvalidRequest(f"{path} is there already.")
    text = _TEMPLATE.read_text(encoding="utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("NAME", name, 1).replace("TRAPS", ", ".join(get_args(Trap)), 1), encoding="utf-8")
    except OSError as failure:
        raise InvalidRequest(f"{path} cannot be written: {failure.strerror}.") from None
    return path


def _check_catalogue(folder: Path, industry: str) -> None:
    try:
        catalogue_named(catalogue_for(folder, industry))
    except ConfigurationError as failure:
        raise InvalidRequest(
            f"{industry}: the first part of a case's name is its industry, which names the catalogue. {failure.detail} "
            f"For an industry of your own write {folder / industry / CATALOGUE_FILE} first."
        ) from None


def _is_name(written: str) -> bool:
    """Whether a text is lower-case words of ASCII letters and figures with hyphens between, at least two of them."""
    words = written.split("-")
    return len(words) > 1 and all(word.isascii() and word.isalnum() and word == word.lower() for word in words)
