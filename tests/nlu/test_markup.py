"""HTML that customers send or paste, as text."""

import pytest

from app.nlu.markup import without_markup


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("<p>I paid &euro;5 &amp; <b>nothing</b> came</p>", "I paid €5 & nothing came"),
        ("<html><head><body>My lamp is broken</p>", "My lamp is broken"),
        ("<div>One<br>two</div><style>p { color: #c00000 }</style>", "One\ntwo"),
        ("is 3 < 4 and 5 > 4?", "is 3 < 4 and 5 > 4?"),
        ("<style>never closed</p> My lamp is broken", "never closed\nMy lamp is broken"),
    ],
)
def test_what_a_reader_would_see_is_left(written: str, seen: str) -> None:
    assert without_markup(written) == seen


@pytest.mark.parametrize("piece", ["<!--", "<?", "<style", "</", "<br", "&#", "<p>"])
def test_endless_markup_is_read_to_its_end(piece: str) -> None:
    assert isinstance(without_markup("<br" + piece * 40_000), str)


def test_a_comparison_of_letters_is_no_tag() -> None:
    assert without_markup("the cell says k<u or u>m <br> and fails").startswith("the cell says k<u or u>m")
