"""Times, texts and data as platforms write them."""

from datetime import UTC, datetime

import pytest
from pydantic_core import to_json

from app.connectors.html_text import text_of_html
from app.connectors.reading import fitted, moment
from app.models import MAX_DATA_BYTES


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-05-04T09:00:00.672717030Z", datetime(2026, 5, 4, 9, 0, 0, 672717, tzinfo=UTC)),
        ("Mon, 04 May 2026 11:00:00 +0200", datetime(2026, 5, 4, 9, tzinfo=UTC)),
        (1777885200, datetime(2026, 5, 4, 9, tzinfo=UTC)),
        ("1777885200000", datetime(2026, 5, 4, 9, tzinfo=UTC)),
        ("2026-05-04T09:00:00", datetime(2026, 5, 4, 9, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_each_form(written: object, expected: datetime) -> None:
    assert moment(written) == expected


@pytest.mark.parametrize(
    "written", [None, "", True, "application/json", "yesterday", -5, 1e30, "9999999-01-01", "x" * 99]
)
def test_what_is_no_time_is_none(written: object) -> None:
    assert moment(written) is None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>The <b>kiln</b>&nbsp;is &amp; stays cold</p>\n<p>EG-1</p>", "The kiln is & stays cold\n\nEG-1"),
        ("<ul><li>one kiln</li><li>two shelves</li></ul>", "- one kiln\n\n- two shelves"),
        ("line<br>break<br/>here", "line\nbreak\nhere"),
        ("<style>p{}</style><script>x<1</script>seen<!-- not -->", "seen"),
        ("2 < 3 and 5 > 4", "2 < 3 and 5 > 4"),
        ("<a title='2 > 1' href=\"x\">link</a> it's", "link it's"),
        ('<img alt="" src="data:image/png;base64,iVBOR=="/>seen <3', "seen <3"),
        ("<!DOCTYPE html><html><head><title>t</title></head><body>seen<![endif]</body>", "seen"),
        ("plain text  \n", "plain text"),
    ],
)
def test_html_is_read_as_people_see_it(html: str, text: str) -> None:
    assert text_of_html(html) == text


@pytest.mark.parametrize(
    "hostile", ["<!--", "<![", "<!", "<?", "<a b='", "<a ", "</", "<script>", "&#", "<<!!--", "<!-<!--", "<p a='>"]
)
def test_markup_that_never_ends_is_read_to_its_end(hostile: str) -> None:
    assert isinstance(text_of_html(hostile * 20_000), str)


def test_data_that_is_too_large_keeps_its_small_members() -> None:
    data = fitted({"small": "kiln", "list": ["x" * 900] * 500, "long": "y" * 100_000})
    assert len(to_json(data)) <= MAX_DATA_BYTES
    assert data["small"] == "kiln"
