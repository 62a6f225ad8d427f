"""Turns out of what speech services write, recognised by its structure: who said what, and when.

A turn is an object with a text (`text`, `transcript`, `Content`, `message`, …), whoever spoke (`speaker`,
`speaker_label`, `ParticipantId`, `participantPurpose`, `channel`, …) and a start. A word is such an object whose text
is one word; words are joined to turns where the speaker changes. A document often holds the same talk several times,
as words, sentences and utterances: the list that tells most speakers apart, and of such lists the one that holds most,
is the talk. So read are, among others:

- Deepgram: `results.utterances`, `results.channels[].alternatives[].paragraphs.paragraphs`, `….words`
  (developers.deepgram.com/docs/diarization)
- AssemblyAI: `utterances` (assemblyai.com/docs/api-reference/transcripts)
- Amazon Connect Contact Lens and Transcribe Call Analytics: `Transcript`, `Participants`
  (docs.aws.amazon.com/connect/latest/adminguide/contact-lens-example-output-files.html)
- Amazon Transcribe: `results.audio_segments`, or `results.items` with `speaker_labels` or `channel_labels`
  (docs.aws.amazon.com/transcribe/latest/dg/diarization-output-batch.html)
- Genesys Cloud: `transcripts[].phrases[]` with `participantPurpose` internal or external
  (developer.genesys.cloud/analyticsdatamanagement/speechtextanalytics/transcript-url)
- Whisper with speakers: `segments[]` with `speaker`
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple, cast

from pydantic import JsonValue

Fields = Mapping[str, Any]

_WORDS = ("punctuatedword", "word")
_TEXTS = ("text", "transcript", "content", "message", "body", "utterance", "display", "value", *_WORDS)
_SPEAKERS = (
    "speaker speakerlabel speakerid speakertag speakername participantrole participantpurpose participantid "
    "displayname role name participant from sender channel channellabel channeltag channelid"
).split()
_STARTS = (
    "start starttime startoffset begin begintime offset timestamp time absolutetime createdat ts startedat".split()
)
_MILLISECONDS = (
    "startms",
    "offsetms",
    "starttimems",
    "beginoffsetmillis",
    "beginoffsetms",
    "startmillis",
    "offsetmillis",
)
_TICKS = ("offsetinticks",)
_SENTENCES = ("sentences", "elements", "words")
_HEARINGS = ("alternatives", "nbest")
_IDENTITIES = ("participantid", "speakerid", "id")
_MARKS = ".,;:!?…"
_DEEPEST = 8
_MOST_LISTS = 2000
_EPOCH_S = 1_000_000_000
_EPOCH_MS = 100_000_000_000
_LONGEST_S = 30 * 24 * 3600
_SLOWEST_WORD_S = 20
_LONGEST_TURN = 2000
_PAUSE_S = 30.0
_PARTS_OF_CLOCK = 4


class Turn(NamedTuple):
    """What one speaker said: `speaker` is a label, or a party's index; `start` is a time, or seconds into the talk.

    `number` is what a list counts its speakers by, from 0, where it may mean a party.
    """

    text: str
    speaker: int | str | None = None
    start: float | datetime | None = None
    number: int | None = None


def turns_in(value: JsonValue) -> Sequence[Turn]:
    """The turns of a speech service's document in their order; none where its form is not known."""
    lists = list(_lists(value, _Surroundings({}, None, top=True), 0))
    best = max(lists, key=_worth, default=())
    return _in_seconds(best)


def turn_of(entry: Fields) -> Turn | None:
    """One object as a turn, where it has a text of its own."""
    return _turn(plain_keys(entry), _Surroundings({}, None, top=True))


class _Surroundings(NamedTuple):
    """What the objects around a list say of it: the roles of ids, a speaker of the whole, and whether nothing does."""

    names: Mapping[str, str]
    speaker: str | None
    top: bool


def _worth(turns: Sequence[Turn]) -> tuple[int, int, int]:
    speakers = len({turn.speaker for turn in turns if turn.speaker is not None})
    # What was heard at all counts by the hundred characters, so that a lost full stop decides nothing.
    return min(speakers, 2), sum(len(turn.text) for turn in turns) // 100, -len(turns)


def _lists(value: Any, around: _Surroundings, depth: int) -> Iterator[Sequence[Turn]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        entries = [plain_keys(cast(Fields, entry)) for entry in cast(list[Any], value) if isinstance(entry, dict)]
        if entries:
            yield from _of_entries(entries, around, depth)
    elif isinstance(value, dict):
        fields = plain_keys(cast(Fields, value))
        inner = _Surroundings({**around.names, **_roles(fields)}, around.speaker, top=False)
        labelled = _labelled_items(fields)
        if labelled:
            yield labelled
        for key, part in fields.items():
            if key not in _HEARINGS or not isinstance(part, list):
                yield from _lists(part, inner, depth + 1)
            elif part:
                # Of several hearings of the same the first is the best.
                yield from _lists(cast(list[Any], part)[0], inner, depth + 1)


def _of_entries(entries: Sequence[Fields], around: _Surroundings, depth: int) -> Iterator[Sequence[Turn]]:
    spoken = [turn for entry in entries if _is_final(entry) and (turn := _turn(entry, around))]
    if spoken and 2 * len(spoken) >= len(entries):
        yield _joined(spoken) if _are_words(entries, spoken) else spoken
    if len(entries) <= _MOST_LISTS and not (spoken and all(turn.speaker is not None for turn in spoken)):
        yield from _of_parts(entries, around, depth)


def _of_parts(entries: Sequence[Fields], around: _Surroundings, depth: int) -> Iterator[Sequence[Turn]]:
    """Several lists side by side, such as channels, or one after another, as one."""
    parts: list[Sequence[Turn]] = []
    for index, entry in enumerate(entries):
        speaker = _speaker(entry, around.names)
        label = str(speaker) if speaker is not None else f"channel {index}" if len(entries) > 1 else None
        inner = _Surroundings({**around.names, **_roles(entry)}, label, top=False)
        best = max(_lists(dict(entry), inner, depth + 1), key=_worth, default=())
        if best:
            parts.append(best)
    if len(parts) == 1:
        yield parts[0]
    elif parts:
        whole = [turn for part in parts for turn in part]
        # What has speakers of its own is told in several parts, not by several people.
        if all(isinstance(turn.start, float) for turn in whole):
            whole.sort(key=lambda turn: cast(float, turn.start))
        elif all(isinstance(turn.start, datetime) for turn in whole):
            whole.sort(key=lambda turn: cast(datetime, turn.start))
        yield whole


def _labelled_items(fields: Fields) -> Sequence[Turn]:
    """Words whose speakers stand apart from them, each with the start of its word."""
    items, labels = fields.get("items"), fields.get("speakerlabels")
    if not isinstance(items, list) or not isinstance(labels, dict):
        return ()
    segments = plain_keys(cast(Fields, labels)).get("segments")
    speakers: dict[str, str] = {}
    for segment in cast(list[Any], segments if isinstance(segments, list) else []):
        parts = plain_keys(cast(Fields, segment)) if isinstance(segment, dict) else {}
        for item in cast(list[Any], parts.get("items") or []):
            word = plain_keys(cast(Fields, item)) if isinstance(item, dict) else {}
            speakers[str(word.get("starttime"))] = str(word.get("speakerlabel", parts.get("speakerlabel")))
    words: list[Turn] = []
    for item in cast(list[Any], items):
        entry = plain_keys(cast(Fields, item)) if isinstance(item, dict) else {}
        turn = _turn(entry, _Surroundings({}, speakers.get(str(entry.get("starttime"))), top=False))
        if turn:
            words.append(turn)
    return _joined(words) if any(word.speaker is not None for word in words) else ()


def _are_words(entries: Sequence[Fields], spoken: Sequence[Turn]) -> bool:
    if any(any(key in entry for key in _WORDS) for entry in entries):
        return True
    short = sum(len(turn.text.split()) == 1 for turn in spoken)
    return len(spoken) > 1 and short == len(spoken) and any(turn.text in _MARKS for turn in spoken)


def _joined(words: Sequence[Turn]) -> Sequence[Turn]:
    """Words as turns: a new one where the speaker changes, or where one has become long and a pause follows."""
    turns: list[Turn] = []
    latest: float | None = None
    for word in words:
        before = turns[-1] if turns else None
        is_mark = word.text in _MARKS
        same = before is not None and (is_mark or word.speaker in (before.speaker, None))
        if before is not None and same and not (is_mark is False and _pauses(before, latest, word)):
            turns[-1] = before._replace(text=f"{before.text}{'' if is_mark else ' '}{word.text}")
        else:
            turns.append(word)
        latest = word.start if isinstance(word.start, float) else latest
    return turns


def _pauses(before: Turn, latest: float | None, word: Turn) -> bool:
    far = isinstance(word.start, float) and latest is not None and word.start - latest > _PAUSE_S
    return far or len(before.text) > _LONGEST_TURN


def _turn(entry: Fields, around: _Surroundings) -> Turn | None:
    hearing = _best_hearing(entry)
    text = _first_text(entry) or _first_text(hearing) or _of_sentences(entry)
    if not text or not text.strip():
        return None
    speaker = _speaker(entry, around.names)
    if speaker is None:
        speaker = _speaker(hearing, around.names)
    party = entry.get("party")
    number = speaker if type(speaker) is int and around.top and speaker >= 0 else None
    if type(party) is int and party >= 0:
        return Turn(text.strip(), party, _start(entry))
    label = None if speaker is None else str(speaker)
    role = entry.get("role") or entry.get("participantrole")
    if label is not None and isinstance(role, str) and role and role != label:
        label = f"{label} ({role})"
    return Turn(text.strip(), label if label is not None else around.speaker, _start(entry), number)


def _best_hearing(entry: Fields) -> Fields:
    """Of several hearings of the same words the first."""
    for key in _HEARINGS:
        heard: Any = entry.get(key)
        if isinstance(heard, list) and heard and isinstance(heard[0], dict):
            return plain_keys(cast(Fields, heard[0]))
    return {}


def _first_text(entry: Fields) -> str | None:
    return next((text for key in _TEXTS if isinstance(text := entry.get(key), str) and text.strip()), None)


def _of_sentences(entry: Fields) -> str | None:
    for key in _SENTENCES:
        parts = entry.get(key)
        if isinstance(parts, list):
            pieces = [plain_keys(cast(Fields, part)) for part in cast(list[Any], parts) if isinstance(part, dict)]
            texts = [text for piece in pieces if (text := _first_text(piece))]
            if texts:
                return "".join(text if index == 0 or text in _MARKS else f" {text}" for index, text in enumerate(texts))
    return None


def _speaker(entry: Fields, names: Mapping[str, str]) -> int | str | None:
    given: Any = entry.get("party")
    if given is None:
        given = next((entry[key] for key in _SPEAKERS if key in entry and _names(entry[key])), None)
    if isinstance(given, dict):
        fields = plain_keys(cast(Fields, given))
        given = next((fields[key] for key in ("name", "displayname", "role", "id") if fields.get(key)), None)
    if type(given) is float and given.is_integer():
        given = int(given)
    if type(given) not in (int, str) or given == "":
        return None
    return names.get(str(given), given if type(given) is int else str(given).strip())


def _names(value: Any) -> bool:
    return isinstance(value, str | int | float | dict) and not isinstance(value, bool) and value != ""


def _roles(fields: Fields) -> Mapping[str, str]:
    """What an object says elsewhere of the speakers that its lists name by id: their roles or names."""
    roles: dict[str, str] = {}
    speakers: Any = fields.get("speakers")
    if isinstance(speakers, dict):
        for name, described in cast(Mapping[str, Any], speakers).items():
            label = _label_of(described)
            if label:
                roles[name] = label
    for key in ("participants", "speakers"):
        listed: Any = fields.get(key)
        for entry in cast(list[Any], listed) if isinstance(listed, list) else []:
            described = plain_keys(cast(Fields, entry)) if isinstance(entry, dict) else {}
            identity = next(
                (described[name] for name in ("participantid", "speakerid", "id") if described.get(name)), None
            )
            label = _label_of(described)
            if identity is not None and label:
                roles[str(identity)] = label
    return roles


def _label_of(described: Any) -> str | None:
    if isinstance(described, str):
        return described or None
    fields = plain_keys(cast(Fields, described)) if isinstance(described, dict) else {}
    keys = ("participantrole", "role", "label", "participantpurpose", "displayname", "name")
    return next((label for key in keys if isinstance(label := fields.get(key), str) and label), None)


def _is_final(entry: Fields) -> bool:
    return entry.get("isfinal") is not False and entry.get("ispartial") is not True


def _start(entry: Fields) -> float | datetime | None:
    for keys, unit in ((_MILLISECONDS, 0.001), (_TICKS, 1e-7)):
        count = next((entry[key] for key in keys if type(entry.get(key)) in (int, float)), None)
        if count is not None:
            return _moment(count) if count > _EPOCH_MS and unit == 0.001 else _offset(float(count) * unit)
    return when(next((entry[key] for key in _STARTS if entry.get(key) is not None), None))


def when(given: object) -> float | datetime | None:
    """What a value tells of a time: seconds into a talk, or a moment; None where it tells nothing."""
    if isinstance(given, dict):
        return _start(plain_keys(cast(Fields, given)))
    if isinstance(given, str):
        return seconds_in(given)
    if isinstance(given, int | float) and not isinstance(given, bool):
        if given > _EPOCH_S:
            return _moment(given if given > _EPOCH_MS else given * 1000)
        return _offset(float(given))
    return None


def seconds_in(written: str) -> float | datetime | None:
    """The seconds into a talk that a text tells (`4.87`, `1.2s`, `00:01:09.5`), or the time; None: neither."""
    text = written.strip()
    parts = text.removesuffix("s").replace(",", ".").split(":")
    try:
        if len(parts) < _PARTS_OF_CLOCK and all(part and part[0].isdigit() and "T" not in part for part in parts):
            seconds = 0.0
            for part in parts:
                seconds = seconds * 60 + float(part)
            return _offset(seconds)
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _offset(seconds: float) -> float | None:
    return seconds if 0 <= seconds <= _LONGEST_S * 1000 else None


def _moment(milliseconds: float) -> datetime | None:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _in_seconds(turns: Sequence[Turn]) -> Sequence[Turn]:
    """The same turns; offsets by which a word would last for half a minute are milliseconds."""
    starts = [turn.start for turn in turns if isinstance(turn.start, float)]
    words = [len(turn.text.split()) for turn in turns]
    furthest = max(starts, default=0.0) - min(starts, default=0.0)
    before = sum(words[:-1]) or 1
    whole = all(start.is_integer() for start in starts)
    steps = sorted(after - start for start, after in pairwise(starts) if after > start)
    if not (whole and steps and furthest / before > _SLOWEST_WORD_S):
        return turns
    return [turn._replace(start=turn.start / 1000) if isinstance(turn.start, float) else turn for turn in turns]


def plain_keys(entry: Fields) -> dict[str, Any]:
    """The same object with names in one spelling: `BeginOffsetMillis`, `begin_offset_millis` are one."""
    return {"".join(sign for sign in key.lower() if sign.isalnum()): value for key, value in entry.items()}
