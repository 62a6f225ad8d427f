"""The template engine of everything that people read: pages in HTML, and Markdown for notes.

A template is told everything it uses (a name it was not given is an error), and nothing that a customer wrote is taken
for markup: HTML is escaped by the engine, Markdown by `as_markdown_text`. Characters that cannot be seen, among them
those that turn the direction of the text around them, never reach either.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from app.interfaces.rendering.assets import asset
from app.interfaces.rendering.claims import claim_key, standing_of
from app.services.brief_words import frames_of

_BY_DATE = timedelta(days=60)
_TEMPLATES = Path(__file__).parent.parent / "templates"

# Besides control characters, those that turn the direction of the text around them.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_DIRECTIONS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_STRUCTURE = re.compile(r"[\\`*\[\]|]|(?<![^\W_])_|_(?![^\W_])")
_AT_START = re.compile(r"^(?:[#>]|[~=+-](?=[\s~=+-]|$))")
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
_OF_URLS = "%:/?#[]@!$&'()*+,;=~"
_NUMBERED_AT_START = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")


class MarkdownMarkup(str):
    """Text that is Markdown on purpose."""

    __slots__ = ()


def rendered(template: str, **facts: Any) -> str:
    """A template by its name, filled with what it is told; `.html` is escaped as HTML, anything else as Markdown.

    Raises jinja2.UndefinedError for a name that the template uses and was not told.
    """
    return _environment(html=template.endswith(".html")).get_template(template).render(facts)


@cache
def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=html,  # noqa: S701 - Markdown has an escape of its own, below
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible if html else as_markdown_text,
    )
    filters: Mapping[str, Any] = {
        "moment": moment,
        "clock": clock,
        "verbatim": verbatim,
        "iso": iso,
        "ago": ago,
        "words": words,
        "percent": percent,
        "web_address": web_address,
        "address_in_markdown": address_in_markdown,
        "claim_key": claim_key,
        "standing": standing_of,
    }
    environment.filters.update(filters)
    cast(dict[str, Any], environment.globals).update(asset=asset, frames_of=frames_of)
    return environment


def visible(value: object) -> object:
    """A text without what cannot be seen and with single spaces; markup and anything else as it is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return " ".join(_UNSEEN.sub(" ", value).split())
    return value


def verbatim(text: str) -> Markup:
    """A text with its line ends and spaces, for what is to be copied; escaped as HTML, and still only text."""
    return escape(_DIRECTIONS.sub(" ", text))


def as_markdown_text(value: object) -> object:
    """A text so that Markdown shows it as it was written."""
    if isinstance(value, MarkdownMarkup):
        return value
    text = _STRUCTURE.sub(lambda match: "\\" + match.group(), str(visible(value)))
    text = _NUMBERED_AT_START.sub(r"\1\\\2", _AT_START.sub(lambda match: "\\" + match.group(), text))
    # An entity, since not every reader of Markdown knows that a backslash disarms a tag.
    return text.replace("<", "&lt;")


def moment(at: datetime) -> str:
    """A moment for people, in UTC: 2026-03-02 09:00 UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def clock(at: datetime) -> str:
    """The time of day of a moment, in UTC: 09:00:20."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def iso(at: datetime) -> str:
    """A moment for machines, as the `datetime` of a <time>."""
    return at.astimezone(UTC).isoformat()


def ago(at: datetime, now: datetime) -> str:
    """How long before `now` a moment was, in its largest unit: 3 days ago. What is months away is told by its date."""
    passed = now - at
    if passed >= _BY_DATE:
        return f"{at.astimezone(UTC):%Y-%m-%d}"
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if (count := passed // length) > 0:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def words(name: str) -> str:
    """A name of ours as words: speak_to_person becomes speak to person."""
    return name.replace("_", " ")


def web_address(url: str | None) -> str | None:
    """A URL that may become a link, http or https; None for any other, such as `javascript:`."""
    return url if url is not None and _WEB_ADDRESS.match(url) else None


def address_in_markdown(url: str) -> MarkdownMarkup:
    """A URL as Markdown's link to itself, which no character of it can end before its time."""
    return MarkdownMarkup(f"<{quote(url, safe=_OF_URLS)}>")


def percent(share: float) -> str:
    """A share (0 to 1) as a whole percentage."""
    return f"{share:.0%}"
