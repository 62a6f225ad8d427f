"""What a recogniser writes where nobody speaks."""

import pytest

from app.nlu.artefacts import is_artefact, is_silence, speaks
from tests.support.builders import interaction


@pytest.mark.parametrize(
    "line",
    [
        "Thank you for watching!",
        "Captions by the village club",
        "Thanks for watching! Please subscribe to my channel",
        "Untertitel im Auftrag des ZDF",
        "Sottotitoli creati dalla comunità Amara.org",
        "ご視聴ありがとうございました",
        "[music]",
        "♪ ♪ ♪",
        "so so so so so so so so so",
        "I know I know I know I know I know",
    ],
)
def test_outros_loops_and_notes_are_nobodys_words(line: str) -> None:
    assert is_artefact(line)
    assert not speaks(interaction(1, line, channel="voice"))
    assert speaks(interaction(1, line, channel="chat"))


@pytest.mark.parametrize(
    "line",
    [
        "Subtitles by default are off in your app",
        "Please subscribe me to the weekly list",
        "four four four four four four",
        "no no no",
        "[inaudible] the roof leaks",
        "Thank you.",
        "yes yes yes yes yes yes yes yes yes",
        "operator operator operator operator operator",
        "a person please a person please a person please a person please",
        "refund refund refund refund refund refund refund refund refund",
        "Thank you for watching our flat while we were away.",
        "See you in the next video course on Monday at six",
    ],
)
def test_words_of_a_caller_are_theirs(line: str) -> None:
    assert not is_artefact(line)


def test_a_recogniser_that_heard_silence_is_believed() -> None:
    assert is_silence({"no_speech_prob": 0.93})
    assert is_silence({"no_speech_prob": 0.7, "confidence": 0.2})
    assert not is_silence({"no_speech_prob": 0.7, "confidence": 0.9})
    assert not is_silence({"confidence": 0.1})
    assert not speaks(interaction(1, "Thank you.", channel="voice", data={"no_speech_prob": 0.93}))
