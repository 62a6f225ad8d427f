"""Transcripts and mails that are meant to take long: read in time that grows with their length, or refused."""

from contextlib import suppress
from time import perf_counter
from typing import Any

import pytest

from app.errors import InvalidRequest
from app.formats.captions import turns_of_captions
from app.formats.mail import read_mails
from app.formats.options import ReadingOptions
from app.formats.plain_text import conversation_in_text
from app.formats.turns import seconds_in, turns_in
from app.formats.vcon.bodies import _of_mail, _without_tags  # pyright: ignore[reportPrivateUsage] - reached by base64
from app.ranking.answer import _figures  # pyright: ignore[reportPrivateUsage] - what a model's words are held against

SIZE = 100_000
GIVE_UP_S = 20.0

LINES = {
    "dashes": "--x" + "-" * SIZE + "x",
    "rule of blanks": "--" + " " * SIZE + "x y",
    "time and blanks": "1:00" + " " * SIZE + "x",
    "groups": "[1:00]" * (SIZE // 6),
    "brackets": "[" * SIZE,
    "label and blanks": "a" + " " * SIZE + "b: x",
    "notes and blanks": "a [b]" + " " * SIZE + "[c]" + " " * SIZE + "x",
    "colons": "a:" * (SIZE // 2),
    "letters": "a" * SIZE,
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_a_hostile_line_of_a_transcript_is_read_or_refused_in_linear_time(line: str) -> None:
    started = perf_counter()
    with suppress(InvalidRequest):
        conversation_in_text(f"Customer: hello\n{line}\nAgent: yes")
    assert perf_counter() - started < GIVE_UP_S


@pytest.mark.parametrize("text", ["a" * SIZE, "1" * SIZE, "a_" * (SIZE // 2), "1." * (SIZE // 2)])
def test_figures_of_a_models_words_are_found_in_linear_time(text: str) -> None:
    started = perf_counter()
    _figures(text)
    assert perf_counter() - started < GIVE_UP_S


def test_figures_are_whole_words_with_a_digit() -> None:
    assert _figures("Order AB-12x, W1234 at 10:30, 5.00 and none") == {"12x", "w1234", "10:30", "5.00"}


def test_a_mail_of_parts_within_parts_without_end_is_refused() -> None:
    head = "".join(f'Content-Type: multipart/mixed; boundary="b{depth}"\n\n--b{depth}\n' for depth in range(200))
    with pytest.raises(ValueError, match="too many parts"):
        _of_mail(head + "\n--x" * 50_000)


@pytest.mark.parametrize("piece", ["<", "<a", "<!--", "&", "&#9", "<script>", "<a ", "]]>"])
def test_a_page_that_never_closes_what_it_opens_is_read_in_linear_time(piece: str) -> None:
    started = perf_counter()
    _without_tags(piece * (SIZE // len(piece)))
    assert perf_counter() - started < GIVE_UP_S


def test_a_clock_of_endless_digits_is_none() -> None:
    assert seconds_in("9" * 5000 + ":00:00") is None


CAPTIONS = {
    "tags": "<v " * (SIZE // 3),
    "labels": "a:" * (SIZE // 2),
    "letters and blanks": "a" + " " * SIZE + ": x",
    "marks": "{\\a" * (SIZE // 3),
}


@pytest.mark.parametrize("line", CAPTIONS.values(), ids=CAPTIONS.keys())
def test_a_hostile_cue_is_read_in_linear_time(line: str) -> None:
    started = perf_counter()
    turns_of_captions(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{line}\n")
    assert perf_counter() - started < GIVE_UP_S


HEADERS = ["References: " + "<a" * (SIZE // 2), "Subject: " + "Re: " * (SIZE // 4), "Subject: " + "a[1" * (SIZE // 3)]


@pytest.mark.parametrize("header", HEADERS, ids=["references", "subjects", "counters"])
def test_a_hostile_header_is_read_in_linear_time(header: str) -> None:
    started = perf_counter()
    read_mails(f"From: a@example.com\nTo: b@example.org\n{header}\n\nHello\n".encode(), ReadingOptions())
    assert perf_counter() - started < GIVE_UP_S


def test_lists_within_lists_are_looked_through_to_a_bounded_depth() -> None:
    nested: Any = [{"speaker": "A", "text": "hello"}]
    for _ in range(200):
        nested = {"parts": [nested, nested]}
    started = perf_counter()
    assert turns_in(nested) == ()
    assert perf_counter() - started < GIVE_UP_S
