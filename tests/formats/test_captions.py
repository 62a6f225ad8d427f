"""WebVTT and SubRip become turns; what cannot be read is refused with its line."""

import pytest

from app.errors import InvalidRequest
from app.formats.captions import is_captions, turns_of_captions
from app.formats.turns import Turn

MEETING = """WEBVTT - made by a meeting

NOTE
this is nobody's words --> really

STYLE
::cue { color: lime }

9c/1-0
00:00:03.120 --> 00:00:07.900 align:start position:0%
<v Imke Voss (Agent)>Good morning, Kestrel Direct,
what can I do for you?</v>

9c/2-0
00:00:08.400 --> 00:00:11.000
<v.loud Olu &amp; Ada>My <i>order</i> <00:00:09.000>never came.</v>

9c/3-0
00:00:11.000 --> 00:00:14.000
<v Imke Voss (Agent)>Oh.</v> <v Olu &amp; Ada>Yes.</v>
"""


def test_voices_name_who_speaks_and_one_cue_may_hold_several() -> None:
    assert turns_of_captions(MEETING) == [
        Turn("Good morning, Kestrel Direct, what can I do for you?", "Imke Voss (Agent)", 3.12),
        Turn("My order never came.", "Olu & Ada", 8.4),
        Turn("Oh.", "Imke Voss (Agent)", 11.0),
        Turn("Yes.", "Olu & Ada", 11.0),
    ]


def test_names_before_a_colon_are_speakers_where_they_speak_more_than_once() -> None:
    text = (
        "WEBVTT\n\n1\n00:01.000 --> 00:02.000\nOlu Bello: It is about this: my order.\n\n"
        "2\n00:02.000 --> 00:03.000\nIt never came.\n\n3\n00:04.000 --> 00:05.000\nImke Voss: I see.\n\n"
        "4\n00:06.000 --> 00:07.000\nOlu Bello: Well?\n\n"
    )
    assert turns_of_captions(text) == [
        Turn("It is about this: my order. It never came.", "Olu Bello", 1.0),
        Turn("I see.", "Imke Voss", 4.0),
        Turn("Well?", "Olu Bello", 6.0),
    ]


def test_subrip_has_numbers_commas_and_dashes() -> None:
    text = (
        "1\r\n00:00:01,500 --> 00:00:02,000\r\n- Speaker 1: Hello.\r\n- Speaker 2: Hi.\r\n\r\n"
        "2\r\n00:00:03,000 --> 00:00:04,000\r\n{\\an8}- Speaker 1: Bye.\r\n"
    )
    assert is_captions(text)
    assert turns_of_captions(text) == [
        Turn("Hello.", "Speaker 1", 1.5),
        Turn("Hi.", "Speaker 2", 1.5),
        Turn("Bye.", "Speaker 1", 3.0),
    ]


def test_captions_that_name_nobody_are_turns_of_nobody() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n\n00:03.000 --> 00:04.000\nHi.\n"
    assert turns_of_captions(text) == [Turn("Hello.", None, 1.0), Turn("Hi.", None, 3.0)]


@pytest.mark.parametrize(
    ("text", "captions"),
    [
        ("WEBVTT\n", True),
        ("\ufeffWEBVTT\tx\n", True),
        ("00:00:01,000 --> 00:00:02,000\nHi\n", True),
        ("WEBVTTX\n", False),
        ("Customer: I went from A --> B\n", False),
        ("", False),
    ],
)
def test_captions_are_told_by_their_first_lines(text: str, captions: bool) -> None:
    assert is_captions(text) is captions


@pytest.mark.parametrize(
    ("text", "line"), [("WEBVTT\n\nnothing\n", "line 1"), ("WEBVTT\n\nid\nsoon --> later\nHello\n", "line 4")]
)
def test_what_is_no_cue_is_refused_with_its_line(text: str, line: str) -> None:
    with pytest.raises(InvalidRequest, match=line):
        turns_of_captions(text)
