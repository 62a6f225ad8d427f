"""Turns out of transcripts, which every vendor writes in a form of its own: who said what, and how far in.

Read are lists of `{speaker | party, text, start}`, the objects that speech services wrap around such lists, and plain
text, by lines when they begin with a speaker's name. What has another form gives no turns and is kept as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from pydantic import JsonValue

from app.formats.vcon.bodies import Content
from app.formats.vcon.parties import Cast
from app.formats.vcon.schema import Dialog
from app.models import Actor, Participant

_LISTS = ("turns", "utterances", "segments", "messages", "entries", "paragraphs", "sentences")
_HOLDERS = ("results", "channels", "alternatives", "transcript", "transcription", "paragraphs")
_TEXTS = ("text", "message", "body", "transcript", "content", "utterance")
_SPEAKERS = ("speaker", "speaker_label", "role", "name", "participant", "from")
_STARTS = ("start", "start_time", "startTime", "timestamp", "time", "offset", "begin")
_LINE = re.compile(r"(?:[\[(][^\])]{1,24}[\])]\s{0,3})?(?P<label>[^\s:][^:]{0,59}?)\s{0,3}:\s+(?P<text>\S.*)")
_MOST_LABEL_WORDS = 3
_DIARISED = re.compile(r"(?:speaker|spk|channel)?[ _-]?(?:\d{1,2}|[a-z])", re.IGNORECASE)
# No dialog goes on for a month; a larger number is something else, a date perhaps.
_LONGEST_S = 30 * 24 * 3600
_CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,2}):(\d{2}(?:\.\d{1,9})?)")


class Turn(NamedTuple):
    """What one speaker said: `speaker` is a party's index or a label; `start` is a time, or seconds into the dialog."""

    text: str
    speaker: int | str | None = None
    start: float | datetime | None = None


class Voice(NamedTuple):
    """Whose turn it is: the side, where it is known, and who that is, where the vCon names them."""

    actor: Actor | None = None
    participant: Participant | None = None


def turns_of(content: Content, cast_of: Cast) -> Sequence[Turn]:
    """The turns of a transcript's body in their order; none when its form is not known."""
    if content.text is not None:
        return _lines(content.text, cast_of)
    return _turns(content.value, cast_of, {}, numbered=False)


def voices_of(turns: Sequence[Turn], dialog: Dialog, cast_of: Cast) -> Sequence[Voice]:
    """Who said each turn. A label that names nobody is matched to a party only where there is no choice.

    Speech services number the voices as they are heard. On a call between two the first voice belongs to whoever
    answers, so of two numbered speakers the second is the one who called. What cannot be told is the system's.
    """
    people = list(dict.fromkeys(dialog.parties))
    voices = {turn.speaker: _voice(turn.speaker, cast_of) for turn in turns}
    unknown = [speaker for speaker, voice in voices.items() if voice.actor is None]
    if len(people) == 1:
        voices.update(dict.fromkeys(unknown, _voice(people[0], cast_of)))
    elif len(people) == 2 and len(unknown) == len(voices) == 2:
        caller = dialog.sender if dialog.sender in people else people[0]
        answering = next(party for party in people if party != caller)
        voices.update(zip(unknown, (_voice(answering, cast_of), _voice(caller, cast_of)), strict=True))
    elif len(people) == 2 and len(unknown) == 1 and len(voices) == 2:
        heard = {voice.actor for voice in voices.values()}
        left = [party for party in people if cast_of.actor(party) not in heard]
        voices.update(dict.fromkeys(unknown, _voice(left[0], cast_of) if left else Voice()))
    return [voices[turn.speaker] for turn in turns]


def times_of(turns: Sequence[Turn], dialog: Dialog) -> Sequence[datetime]:
    """When each turn was said: as it says itself, or else together with the one before it.

    Offsets that reach far beyond the end of the dialog are taken for milliseconds, in which some services count.
    """
    furthest = max((turn.start for turn in turns if isinstance(turn.start, float)), default=0.0)
    unit = 0.001 if dialog.duration and furthest > 2 * dialog.duration else 1.0
    times: list[datetime] = []
    clock = dialog.start
    for turn in turns:
        if isinstance(turn.start, datetime):
            clock = turn.start
        elif turn.start is not None and turn.start * unit <= _LONGEST_S:
            clock = later(dialog.start, turn.start * unit)
        times.append(clock)
    return times


def later(start: datetime, seconds: float) -> datetime:
    """So many seconds after a time; the time itself where that leaves the calendar."""
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return start


def _voice(speaker: int | str | None, cast_of: Cast) -> Voice:
    if isinstance(speaker, int):
        within = speaker < len(cast_of.parties)
        return Voice(cast_of.actor(speaker), cast_of.participant(speaker)) if within else Voice()
    return Voice(cast_of.actor_named(speaker), cast_of.participant_named(speaker)) if speaker else Voice()


def _turns(value: JsonValue, cast_of: Cast, names: Mapping[str, Any], *, numbered: bool) -> Sequence[Turn]:
    if isinstance(value, str):
        return _lines(value, cast_of)
    if isinstance(value, list):
        return [turn for entry in value if isinstance(entry, dict) and (turn := _turn(entry, names, numbered=numbered))]
    if not isinstance(value, dict):
        return ()
    return next(filter(None, _inner(value, cast_of, names)), ())


def _inner(value: Mapping[str, Any], cast_of: Cast, names: Mapping[str, Any]) -> Iterator[Sequence[Turn]]:
    speakers = value.get("speakers")
    named = cast(Mapping[str, Any], speakers) if isinstance(speakers, dict) else names
    for key in _LISTS:
        if isinstance(value.get(key), list):
            yield _turns(value[key], cast_of, named, numbered=True)
    for key in _HOLDERS:
        nested: Any = value.get(key)
        if isinstance(nested, list):
            several = cast(list[Any], nested)
            # Several channels side by side are none of the forms read here; of several hearings the first is the best.
            nested = several[0] if len(several) == 1 or (several and key == "alternatives") else None
        if isinstance(nested, dict):
            yield _turns(cast(JsonValue, nested), cast_of, named, numbered=True)
    yield _lines(_first(value, _TEXTS, lambda candidate: isinstance(candidate, str)) or "", cast_of)


def _turn(entry: Mapping[str, Any], names: Mapping[str, Any], *, numbered: bool) -> Turn | None:
    text = _first(entry, _TEXTS, lambda candidate: isinstance(candidate, str))
    if text is None and isinstance(entry.get("sentences"), list):
        sentences = (_first(part, _TEXTS, lambda candidate: isinstance(candidate, str)) for part in entry["sentences"])
        text = " ".join(part for part in sentences if part)
    if not text or not text.strip():
        return None
    return Turn(text, _speaker(entry, names, numbered=numbered), _start(entry))


def _speaker(entry: Mapping[str, Any], names: Mapping[str, Any], *, numbered: bool) -> int | str | None:
    party = entry.get("party")
    if type(party) is int and party >= 0:
        return party
    speaker: Any = _first(entry, _SPEAKERS, lambda given: given is not None) if party is None else party
    if isinstance(speaker, dict):
        speaker = cast(Mapping[str, Any], speaker).get("name")
    named: Any = names.get(str(speaker))
    if isinstance(named, dict) and cast(Mapping[str, Any], named).get("label"):
        return str(cast(Mapping[str, Any], named)["label"])
    # A number alone is a party's index, as everywhere in a vCon; a speech service's own numbers count its voices.
    if type(speaker) is int and speaker >= 0:
        return str(speaker) if numbered else speaker
    return speaker.strip() or None if isinstance(speaker, str) else None


def _start(entry: Mapping[str, Any]) -> float | datetime | None:
    milliseconds: Any = entry.get("start_ms", entry.get("offset_ms"))
    if type(milliseconds) in (int, float):
        return _offset(milliseconds, 0.001)
    given: Any = _first(entry, _STARTS, lambda candidate: candidate is not None)
    if isinstance(given, str):
        clock = _CLOCK.fullmatch(given.strip())
        if clock:
            return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
        try:
            moment = datetime.fromisoformat(given.strip())
        except ValueError:
            return None
        return moment if moment.tzinfo else None
    return _offset(given, 1.0) if type(given) in (int, float) else None


def _offset(count: float, unit: float) -> float | None:
    return count * unit if 0 <= count <= _LONGEST_S * 1000 else None


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
    return cast_of.actor_named(label) is not None or _DIARISED.fullmatch(label) is not None


def _first(fields: Mapping[str, Any], keys: Sequence[str], wanted: Callable[[Any], bool]) -> Any:
    return next((fields[key] for key in keys if key in fields and wanted(fields[key])), None)
