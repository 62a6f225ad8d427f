"""The transcripts of a vCon: their turns, and when each was said.

Read is whatever `app.formats.turns` reads, and plain text, by lines when they begin with a speaker's name. What has
another form gives no turns and is kept as it is.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.formats.timestamps import placed
from app.formats.turns import Turn, turns_in
from app.formats.vcon.bodies import Content
from app.formats.vcon.parties import Cast

_LINE = re.compile(r"(?:[\[(][^\])]{1,24}[\])]\s{0,3})?(?P<label>[^\s:][^:]{0,59}?)\s{0,3}:\s+(?P<text>\S.*)")
_MOST_LABEL_WORDS = 4
_DIARISED = re.compile(r"(?:speaker|spk|channel)?[ _-]?(?:\d{1,2}|[a-z])", re.IGNORECASE)
# No dialog goes on for a month; a larger number is something else, a date perhaps.
_LONGEST_S = 30 * 24 * 3600


def turns_of(content: Content, cast_of: Cast) -> Sequence[Turn]:
    """The turns of a transcript's body in their order; none when its form is not known."""
    if content.text is not None:
        return _lines(content.text, cast_of)
    turns = turns_in(content.value)
    if len(turns) == 1 and turns[0].speaker is None:
        # A service that tells nobody apart may still write who speaks before each line.
        return _lines(turns[0].text, cast_of)
    return turns


def times_of(turns: Sequence[Turn], start: datetime, duration: float | None, naive_times: str) -> Sequence[datetime]:
    """When each turn was said: as it says itself, or else together with the one before it.

    Offsets that reach far beyond the end of the talk are taken for milliseconds, in which some services count. Raises
    ValueError for a time without a zone where these are refused.
    """
    furthest = max((turn.start for turn in turns if isinstance(turn.start, float)), default=0.0)
    unit = 0.001 if duration and furthest > 2 * duration else 1.0
    times: list[datetime] = []
    clock = start
    for turn in turns:
        if isinstance(turn.start, datetime):
            clock = placed(turn.start, naive_times)
        elif turn.start is not None and turn.start * unit <= _LONGEST_S:
            clock = later(start, turn.start * unit)
        times.append(clock)
    return times


def later(start: datetime, seconds: float) -> datetime:
    """So many seconds after a time; the time itself where that leaves the calendar."""
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return start


def _lines(text: str, cast_of: Cast) -> Sequence[Turn]:
    turns: list[Turn] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _LINE.match(line)
        if match and _names_a_speaker(match["label"], cast_of):
            turns.append(Turn(match["text"], match["label"]))
        elif turns:
            turns[-1] = turns[-1]._replace(text=f"{turns[-1].text}\n{line}")
        else:
            turns.append(Turn(line))
    if all(turn.speaker is None for turn in turns):
        return [Turn(text.strip())] if text.strip() else ()
    return turns


def _names_a_speaker(label: str, cast_of: Cast) -> bool:
    if len(label.split()) > _MOST_LABEL_WORDS:
        return False
    return cast_of.names_somebody(label) or _DIARISED.fullmatch(label) is not None
