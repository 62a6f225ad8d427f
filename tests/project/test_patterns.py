"""Every regular expression of the product and of its suite meets hostile text in time that grows no faster than it.

The verdict is about texts of 50,000 characters and is reached so: every expression is tried over every shape at 1,000
characters. Where that takes less than a two-thousandth of a second, 50,000 characters take hardly more than one even if
the time grew with the square, and what grows faster than the square takes far longer than that at 1,000 already. Where
it takes longer, each of 1,000 characters must take no more than half again as long as each of 250 does, or the shape is
tried at 50,000. Of each expression the shape that took longest is tried at 50,000 in any case.

Time on the clock only chooses what is tried at 50,000, so a busy machine makes the test longer and never red. What
fails is an expression that takes more of the process's own time than a linear one could.
"""

import re
import signal
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FrameType

import pytest

from tests.support.expressions import Expression, PutTogether, expressions_of
from tests.support.hostile_texts import SHAPES, Shape, shapes_against

ROOT = Path(__file__).parents[2]
LENGTH, SHORT, SHORTEST = 50_000, 1_000, 250
SECONDS = 3.0
"""Of the process's own time for one expression over one text: linear ones take some 0.05, runaways minutes."""
SURELY_SHORT = 0.0005
FASTER_THAN_THE_TEXT = 1.5 * SHORT / SHORTEST
ROOMS = sorted(
    f"{package}.{path.name}"
    for package in ("app", "evals")
    for path in (ROOT / package).iterdir()
    if (path / "__init__.py").exists()
)
# Made of what a function is given: words that it has escaped, or a word of letters and figures alone.
PUT_TOGETHER = {
    "app.actions.drafting.talks.masked": "an escaped name",
    "app.actions.lint.wording._asks_for_filled": "a word of a parameter's name, letters alone",
    "app.nlu.additions._pattern": "escaped words of a language",
    "app.nlu.conditions._patterns": "escaped words of a language",
    "app.nlu.revoking._revoking": "escaped words of a language",
    "app.nlu.weekday_hours._clocks": "escaped words of a language",
    "app.nlu.weekday_hours._weekdays": "escaped names of days",
    "app.briefs.superseded_values.holds": "an escaped word",
    "app.verification.calendar._bare_day": "escaped words of a language",
    "app.verification.calendar._names": "escaped names of days and months",
    "app.verification.near_certain._attributed": "escaped names of participants, and words of the module",
    "app.verification.transcript.TranscriptIndex.holds": "an escaped phrase",
    "evals.experiments.answers.is_shown": "an escaped text",
    "evals.datasets.planted_facts.planted": "an escaped value",
    "app.nlu.tool_facts._names": "an escaped key",
    "app.linear._compiled": "somebody else's, by RE2 in linear time",
    "evals.datasets.perturbations._dates": "words of the module's own lists",
    "evals.datasets.perturbations._exchanged": "words of the module's own lists",
    "evals.datasets.perturbations._is_name": "a word of letters alone",
    "evals.datasets.perturbations._new_names": "a word of letters alone",
    "evals.datasets.perturbations._numbers": "words of the module's own lists",
    "evals.datasets.perturbations._swapped_names": "a word of letters alone",
    "evals.scorers.grounding.fabricated": "figures and capitals alone",
    "evals.scorers.texts._day": "a date's own figures and month",
    "evals.scorers.texts._pattern": "an escaped text, or a number's own words",
}


class _Runaway(Exception):
    pass


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise _Runaway


@pytest.fixture(autouse=True)
def interrupted() -> Iterator[None]:
    previous = signal.signal(signal.SIGVTALRM, _interrupt)
    yield
    signal.signal(signal.SIGVTALRM, previous)


@cache
def _all(package: str) -> tuple[list[Expression], list[PutTogether]]:
    return expressions_of(package)


def _of_room(room: str) -> list[Expression]:
    package = room.partition(".")[0]
    if room in ROOMS:
        return [expression for expression in _all(package)[0] if expression.room == room]
    return [expression for expression in _all(package)[0] if expression.room not in ROOMS]


def _offence(expression: Expression, seconds: float = SECONDS) -> str | None:
    """The first shape found over which an expression takes longer at 50,000 characters."""
    suspects: list[Shape] = []
    slowest, longest = SHAPES[0], 0.0
    for shape in _shapes(expression):
        took = _time(expression, shape.text(SHORT), seconds)
        if took is None:
            return shape.name
        if took > SURELY_SHORT and _outgrows(expression, shape):
            suspects.append(shape)
        elif took > longest:
            slowest, longest = shape, took
    tried = (*suspects, slowest)
    return next((shape.name for shape in tried if _time(expression, shape.text(LENGTH), seconds) is None), None)


def _shapes(expression: Expression) -> list[Shape]:
    pattern: str | bytes = expression.pattern.pattern
    return shapes_against(pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern, expression.flags)


def _outgrows(expression: Expression, shape: Shape) -> bool:
    """Whether the time grows faster than the text, by the quickest of several tries each."""
    short, shortest = (
        min(_time(expression, shape.text(length), SECONDS) or SECONDS for _ in range(3)) for length in (SHORT, SHORTEST)
    )
    return short > FASTER_THAN_THE_TEXT * shortest


def _time(expression: Expression, text: str, seconds: float) -> float | None:
    """How long an expression takes over a text, as a whole and from place to place; None when it runs away."""
    hostile = text.encode() if isinstance(expression.pattern.pattern, bytes) else text
    began = time.perf_counter()
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        for _ in expression.pattern.finditer(hostile):
            pass
        expression.pattern.match(hostile)
        expression.pattern.fullmatch(hostile)
    except _Runaway:
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return time.perf_counter() - began


@pytest.mark.parametrize("room", ["app", "evals", *ROOMS])
def test_no_expression_of_a_room_runs_away_on_hostile_text(room: str) -> None:
    offenders = [f"{expression.location}: {shape}" for expression in _of_room(room) if (shape := _offence(expression))]
    assert offenders == []


def test_an_expression_put_together_by_a_function_is_made_of_words_that_are_known_or_escaped() -> None:
    written_by_place = {
        expression.location: expression.written for package in ("app", "evals") for expression in _all(package)[1]
    }
    assert written_by_place.keys() == PUT_TOGETHER.keys(), written_by_place


@pytest.mark.parametrize(
    "prefix",
    [
        "app.briefs.llm.instructions._EVERYBODY",  # a name of its module
        "app.nlu.reply_moves._REPLY_PATTERNS",  # values of a mapping
        "app.privacy.redactor._PASSWORD_ANSWERS",  # items of a tuple
        "app.interfaces.http.request_bodies._ROW",  # of bytes
        "app.briefs.llm.screening.runs",  # inside a function
        "app.verification.transcript.TranscriptIndex",  # inside a method
    ],
)
def test_an_expression_is_found_wherever_a_module_keeps_it(prefix: str) -> None:
    assert any(expression.location.startswith(prefix) for expression in _all("app")[0])


@pytest.mark.parametrize(
    "written",
    [
        r"\d+[\d,]*x",  # with the square, from place to place
        r"(?:h[mu]+m*\b[ .]*)+!",  # with two to the power
        r"set \w+_\w+!",  # after a beginning of its own
    ],
)
def test_an_expression_that_does_run_away_is_caught(written: str) -> None:
    assert _offence(Expression("here", re.compile(written)), seconds=0.3)


def test_every_shape_has_the_length_it_is_asked_for() -> None:
    shapes = shapes_against(r"\bset (?:\w+)x*", 0)
    assert {len(shape.text(length)) for shape in shapes for length in (LENGTH, SHORT)} == {LENGTH, SHORT}
    assert {shape.part for shape in SHAPES} <= {shape.part for shape in shapes}
