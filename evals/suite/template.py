"""A case to begin with: a small journey that is whole, every field with a word on what it is for."""

from pathlib import Path
from typing import get_args

from app.errors import InvalidRequest
from evals.suite import CASES
from evals.suite.cases import Trap

_TEMPLATE = CASES.parent / "new.yaml"


def new_case(folder: Path, name: str) -> Path:
    """Write a case `<industry>-<what it is about>` to begin with. Raises InvalidRequest where it cannot be written."""
    industry, _, about = name.partition("-")
    if not about or not all(part.isalnum() for part in name.split("-")):
        raise InvalidRequest(f"{name}: name a case <industry>-<what-it-is-about>, such as retail-lamp-not-arrived.")
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
