"""What the body of a dialog, an analysis or an attachment holds, whatever way it was written into the document."""

import binascii
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from html import unescape

from pydantic import JsonValue
from pydantic_core import from_json

from app.errors import PayloadTooLarge
from app.formats.vcon.schema import VconPart
from app.validation import check_count_of_values, json_fault

_MOST_MULTIPARTS = 20

_WRAPPING = b" \t\r\n="
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "h5"})
_UNSEEN = frozenset({"script", "style", "head", "title"})


@dataclass(frozen=True, slots=True)
class Content:
    """One of: a text, a JSON value, `size` bytes of something else (which are not kept), or nothing."""

    text: str | None = None
    value: JsonValue = None
    size: int | None = None


def media_type(part: VconPart) -> str:
    """The media type in lower case and without its parameters; empty when the part does not say."""
    return (part.mediatype or "").partition(";")[0].strip().lower()


def content_of(part: VconPart, *, json_as_text: bool, text_expected: bool = False) -> Content:
    """The content of a part. Raises ValueError with a message for the sender when it is not as its encoding says.

    `json_as_text`: the document's version writes JSON as a text. `text_expected`: bytes of no media type are a text.
    """
    media = media_type(part)
    if part.body is None:
        return Content()
    if not isinstance(part.body, str):
        return Content(value=part.body)
    if part.encoding in ("base64url", "base64"):
        raw = _decoded(part.body)
        is_text = _is_text(media) or (text_expected and not media)
        return _of_text(_characters(raw, part.mediatype or ""), part) if is_text else Content(size=len(raw))
    if part.encoding == "json":
        return _parsed(part.body, strict=json_as_text)
    if media and not _is_text(media):
        return Content(size=len(part.body))
    return _of_text(part.body, part)


def _of_text(text: str, part: VconPart) -> Content:
    media = media_type(part)
    if _is_json(media):
        return _parsed(text, strict=part.encoding in ("base64url", "base64"))
    if media == "text/html":
        text = _without_tags(text)
    elif media.startswith("multipart/"):
        # The boundary between the parts stands in the parameters of the media type.
        text = _of_mail(f"Content-Type: {' '.join((part.mediatype or '').split())}\n\n{text}") or text
    elif media == "message/rfc822":
        text = _of_mail(text) or text
    return Content(text=text)


def _is_json(media: str) -> bool:
    return media.endswith(("/json", "+json"))


def _is_text(media: str) -> bool:
    return media.startswith(("text/", "message/", "multipart/")) or _is_json(media)


def _decoded(body: str) -> bytes:
    try:
        packed = body.encode("ascii").translate(_URL_SAFE, delete=_WRAPPING)
        return binascii.a2b_base64(packed + b"=" * (-len(packed) % 4), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("This is not base64url. Encode it so, or set encoding to none for a plain text") from None


def _characters(raw: bytes, media: str) -> str:
    named = re.search(r"charset=\"?([\w-]+)", media, re.IGNORECASE)
    charset = named.group(1) if named else "utf-8"
    try:
        return raw.decode(charset)
    except (LookupError, UnicodeDecodeError):
        raise ValueError(f"The decoded bytes are not a text in {charset}. Name their charset in mediatype") from None


def _parsed(text: str, *, strict: bool) -> Content:
    try:
        check_count_of_values(text.encode(errors="replace"))
    except PayloadTooLarge as failure:
        raise ValueError(failure.detail.removesuffix(".")) from None
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError as failure:
        if strict:
            raise ValueError(f"This is not JSON: {json_fault(failure)}") from None
        return Content(text=text)
    return Content(text=value) if isinstance(value, str) else Content(value=value)


def _of_mail(source: str) -> str:
    # Each line is held against the boundaries of all parts around it.
    if source.lower().count("multipart/") > _MOST_MULTIPARTS:
        raise ValueError("This mail has too many parts within each other. Send its text alone")
    try:
        parts = list(message_from_bytes(source.encode(errors="replace")).walk())
    except RecursionError:
        raise ValueError("This mail is nested too deeply. Send its text alone") from None
    shown = {
        part.get_content_type(): part
        for part in reversed(parts)
        if not part.is_multipart() and part.get_content_disposition() != "attachment"
    }
    chosen = shown.get("text/plain") or shown.get("text/html")
    return _of_mail_part(chosen) if chosen is not None else ""


def _of_mail_part(part: Message) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    # What was not packed for transport came in a JSON text, whatever charset the mail once had.
    packed = str(part.get("Content-Transfer-Encoding", "")).strip().lower() in ("base64", "quoted-printable")
    charset = part.get_content_charset("utf-8") if packed else "utf-8"
    try:
        text = raw.decode(charset, errors="replace")
    except LookupError:
        text = raw.decode(errors="replace")
    return _without_tags(text) if part.get_content_type() == "text/html" else text


def _without_tags(page: str) -> str:
    # Not html.parser: what is not closed takes it the square of the page's length.
    uncommented = "".join(
        piece if index == 0 else piece.partition("-->")[2] for index, piece in enumerate(page.split("<!--"))
    )
    shown: list[str] = []
    unseen = 0
    for piece in re.split(r"(<[^<>]*>)", uncommented):
        tag = re.match(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)", piece)
        if tag is None:
            if not unseen and not piece.startswith("<!"):
                # A line break in the source of a page is no line break on it.
                shown.append(unescape(piece.replace("\n", " ")))
        elif tag[2].lower() in _UNSEEN:
            unseen = max(0, unseen - 1) if tag[1] else unseen + 1
        elif tag[2].lower() in _BLOCKS:
            shown.append("\n")
    lines = (" ".join(line.split()) for line in "".join(shown).splitlines())
    return "\n".join(line for line in lines if line)
