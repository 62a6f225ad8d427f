"""How many steps of the project's own code something takes: the same on every machine, however busy it is."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

APP = str(Path(__file__).parents[2] / "app")


def steps_of(work: Callable[[], object]) -> int:
    """The lines of the package that are run by a piece of work, each turn of a loop counted."""
    count = 0

    def lines(_: FrameType, event: str, __: Any) -> Any:
        nonlocal count
        count += event == "line"
        return lines

    def calls(frame: FrameType, _: str, __: Any) -> Any:
        return lines if frame.f_code.co_filename.startswith(APP) else None

    before = sys.gettrace()
    sys.settrace(calls)
    try:
        work()
    finally:
        sys.settrace(before)
    return count
