"""A grid of settings: every combination of some values, each of which is a run of its own."""

from collections.abc import Mapping, Sequence
from itertools import product

from app.errors import InvalidRequest
from app.settings import Settings

AXES: Mapping[str, str] = {"model": "model", "prompt": "prompt_brief", "embedder": "embedder"}
"""The settings that may be varied, by the names of the command line."""
NO_MODEL = "none"


def cells(axes: Sequence[str]) -> list[Mapping[str, str]]:
    """Every combination of axes such as `prompt=v1,v2`, the last one changing fastest. Raises InvalidRequest."""
    named: dict[str, list[str]] = {}
    for axis in axes:
        name, _, values = axis.partition("=")
        chosen = [value.strip() for value in values.split(",") if value.strip()]
        if name not in AXES or not chosen:
            raise InvalidRequest(
                f"--matrix {axis}: write NAME=VALUE,VALUE where NAME is one of {', '.join(AXES)}, "
                "for example prompt=v1,v2."
            )
        if name in named:
            raise InvalidRequest(f"--matrix {axis}: {name} stands twice.")
        named[name] = list(dict.fromkeys(chosen))
    return [dict(zip(named, values, strict=True)) for values in product(*named.values())]


def settings_for(cell: Mapping[str, str], settings: Settings) -> Settings:
    """The settings with a cell's values; the model `none` is the extractive engine."""
    update = {AXES[name]: None if (name, value) == ("model", NO_MODEL) else value for name, value in cell.items()}
    return settings.model_copy(update=update)


def name_of(cell: Mapping[str, str]) -> str:
    """A cell's name, fit for a folder."""
    assignments = ",".join(f"{name}={value}" for name, value in cell.items())
    return "".join(character if character.isalnum() or character in "=,.-_" else "-" for character in assignments)
