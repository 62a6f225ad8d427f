"""What the commands share: the screen, the settings in force, and opening the files that a command names."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import BinaryIO

from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console

from app.errors import ConfigurationError, InvalidRequest
from app.settings import Settings
from app.validation import invalid_request

TENANT = "default"
STANDARD_INPUT = "-"
WIDEST = 100


def screen() -> Console:
    """Standard output, for people: at most 100 columns, and no colour unless it is a terminal.

    What is printed is data: nothing in it is markup, nor the name of a picture.
    """
    return _narrowed(Console(highlight=False, markup=False, emoji=False))


def side_screen() -> Console:
    """Standard error: progress and what went wrong, so that standard output holds the answer alone."""
    return _narrowed(Console(stderr=True, highlight=False, markup=False, emoji=False))


def settings_in_force() -> Settings:
    """The settings of the environment and of `.env`. Raises ConfigurationError, which names the variable."""
    try:
        return Settings()
    except ValidationError as failure:
        wrong = invalid_request(failure).errors
        words = "; ".join(f"WARMLINE_{str(defect['path']).upper()}: {defect['message']}" for defect in wrong)
        raise ConfigurationError(f"{words} Mend it in the environment or in .env.") from None
    except SettingsError as failure:
        raise ConfigurationError(f"A setting cannot be read: {failure}. A list is written as JSON.") from None


@contextmanager
def opened(file: str) -> Generator[BinaryIO]:
    """A file that a command names, `-` being standard input. Raises InvalidRequest when it cannot be read."""
    if file == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        source = open(file, "rb")  # noqa: SIM115, PTH123 - closed below; opening apart tells its failures from a reader's
    except OSError as failure:
        raise InvalidRequest(f"{file} cannot be read: {failure.strerror}.") from None
    with source:
        yield source


def name_of(file: str) -> str:
    """What a file is called in words for people."""
    return "standard input" if file == STANDARD_INPUT else file


def _narrowed(console: Console) -> Console:
    console.width = min(console.width, WIDEST)
    return console
