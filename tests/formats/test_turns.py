"""What speech services write becomes turns, whatever the service, told by its structure alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.formats.turns import Turn, turns_in


def words(*spoken: tuple[str, float, object], key: str = "speaker") -> list[dict[str, Any]]:
    return [
        {"word": word.lower().strip(".,?"), "punctuated_word": word, "start": start, "end": start + 0.2, key: speaker}
        for word, start, speaker in spoken
    ]


ASKED = words(("Where", 1.0, 1), ("is", 1.2, 1), ("it?", 1.4, 1), ("Let", 3.0, 0), ("me", 3.2, 0), ("look.", 3.4, 0))
TALK = [("1", "Where is it?", 1.0), ("0", "Let me look.", 3.0)]


def as_read(value: Any) -> list[tuple[object, str, object]]:
    return [(turn.speaker, turn.text, turn.start) for turn in turns_in(value)]


def test_words_that_name_their_speakers_are_joined_where_the_speaker_changes() -> None:
    heard = {"transcript": "Where is it? Let me look.", "words": ASKED}
    assert as_read({"results": {"channels": [{"alternatives": [heard]}]}}) == TALK


def test_of_several_tellings_of_the_same_the_one_that_tells_speakers_apart_is_read() -> None:
    paragraphs = {"paragraphs": [{"sentences": [{"text": "Where is it?"}, {"text": "Let me look."}], "start": 1.0}]}
    heard = {"transcript": "Where is it? Let me look.", "words": ASKED, "paragraphs": paragraphs}
    assert as_read({"results": {"channels": [{"alternatives": [heard]}]}}) == TALK
    utterances = [
        {"speaker": 1, "transcript": "Where is it?", "start": 1.0},
        {"speaker": 0, "transcript": "Let me look.", "start": 3.0},
    ]
    assert as_read({"results": {"channels": [{"alternatives": [heard]}], "utterances": utterances}}) == TALK


def test_channels_side_by_side_are_speakers_whose_turns_take_turns() -> None:
    left = words(("Where?", 1.0, None), ("Thanks.", 5.0, None), key="none")
    right = words(("Here.", 3.0, None), key="none")
    channels = [{"alternatives": [{"words": left}]}, {"alternatives": [{"words": right}]}]
    document: Any = {"results": {"channels": channels}}
    assert {turn.speaker for turn in turns_in(document)} == {"channel 0", "channel 1"}


def test_utterances_in_milliseconds_are_told_from_seconds_by_how_fast_nobody_speaks() -> None:
    utterances = [
        {"speaker": "A", "text": "Where is it?", "start": 1000, "end": 2000},
        {"speaker": "B", "text": "Let me look.", "start": 3000, "end": 4000},
    ]
    assert as_read({"id": "x", "status": "completed", "utterances": utterances}) == [
        ("A", "Where is it?", 1.0),
        ("B", "Let me look.", 3.0),
    ]


def test_participants_bring_the_roles_of_their_ids() -> None:
    document = {
        "Channel": "VOICE",
        "Participants": [
            {"ParticipantId": "p-1", "ParticipantRole": "AGENT"},
            {"ParticipantId": "p-2", "ParticipantRole": "CUSTOMER"},
        ],
        "Transcript": [
            {"Id": "a", "ParticipantId": "p-2", "Content": "Where is it?", "BeginOffsetMillis": 1000},
            {"Id": "b", "ParticipantId": "p-1", "Content": "Let me look.", "BeginOffsetMillis": 3000},
        ],
    }
    assert as_read(document) == [("CUSTOMER", "Where is it?", 1.0), ("AGENT", "Let me look.", 3.0)]


def test_labels_that_stand_apart_from_their_words_are_found_by_the_time() -> None:
    items = [
        {"type": "pronunciation", "start_time": "1.0", "alternatives": [{"content": "Where"}]},
        {"type": "punctuation", "alternatives": [{"content": "?"}]},
        {"type": "pronunciation", "start_time": "3.0", "alternatives": [{"content": "Here"}]},
        {"type": "punctuation", "alternatives": [{"content": "."}]},
    ]
    segments = [
        {"speaker_label": "spk_1", "items": [{"start_time": "1.0", "speaker_label": "spk_1"}]},
        {"speaker_label": "spk_0", "items": [{"start_time": "3.0", "speaker_label": "spk_0"}]},
    ]
    document = {"jobName": "j", "results": {"items": items, "speaker_labels": {"segments": segments}}}
    assert as_read(document) == [("spk_1", "Where?", 1.0), ("spk_0", "Here.", 3.0)]


def test_phrases_are_of_those_within_and_those_without_at_their_times() -> None:
    phrases = [
        {"participantPurpose": "external", "text": "Where is it?", "startTimeMs": 1_772_442_001_000},
        {"participantPurpose": "internal", "text": "Let me look.", "startTimeMs": 1_772_442_003_000},
    ]
    document = {"conversationId": "c", "transcripts": [{"language": "en", "phrases": phrases}]}
    assert as_read(document) == [
        ("external", "Where is it?", datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC)),
        ("internal", "Let me look.", datetime(2026, 3, 2, 9, 0, 3, tzinfo=UTC)),
    ]


def test_segments_with_speakers_are_read_and_what_is_still_being_recognised_is_not() -> None:
    segments = [
        {"start": 1.0, "text": " Where is it?", "speaker": "SPEAKER_01"},
        {"start": 2.0, "text": " Let", "speaker": "SPEAKER_00", "isFinal": False},
        {"start": 3.0, "text": " Let me look.", "speaker": "SPEAKER_00", "isFinal": True},
    ]
    assert as_read({"segments": segments, "language": "en"}) == [
        ("SPEAKER_01", "Where is it?", 1.0),
        ("SPEAKER_00", "Let me look.", 3.0),
    ]


@pytest.mark.parametrize(
    ("start", "seconds"), [("4.5", 4.5), ("4.5s", 4.5), ("00:01:09", 69.0), ("00:01:09,500", 69.5), (4, 4.0)]
)
def test_offsets_are_read_however_they_are_written(start: Any, seconds: float) -> None:
    (turn,) = turns_in([{"speaker": "A", "text": "Hello", "start": start}])
    assert turn == Turn("Hello", "A", seconds)


def test_a_role_beside_a_speaker_stands_in_the_label() -> None:
    (turn,) = turns_in([{"speaker": "Ana", "role": "agent", "text": "Hello"}])
    assert turn.speaker == "Ana (agent)"


@pytest.mark.parametrize(
    "value", [{}, [], {"a": {"b": 1}}, [1, 2], {"channels": [{"left": "x"}, {"right": "y"}]}, None]
)
def test_what_has_no_form_that_is_read_gives_no_turns(value: Any) -> None:
    assert as_read(value) == []
