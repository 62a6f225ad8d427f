"""Reads knowledge articles from files: Markdown and HTML, with front matter or without, and JSON lines.

Front matter is YAML between two lines of `---` at the beginning: `id`, `title`, `url`, `language`, `intents`,
`actions`, `valid_until`. Without it the title is the first heading, and of HTML the head counts: title, language and
canonical link.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from selectolax.lexbor import LexborHTMLParser

from app.errors import InvalidRequest
from app.models import ArticleDraft, ArticleKey
from app.validation import invalid_request, json_fault
from app.yaml_text import YamlProblem, read_yaml

MARKDOWN = frozenset((".md", ".markdown"))
HTML = frozenset((".html", ".htm"))
LINES = frozenset((".jsonl", ".ndjson"))
READ = MARKDOWN | HTML | LINES
MAX_FILE_BYTES = 100 * 1024 * 1024
_FENCE = "---"
_SEPARATOR = ":"
_ID = TypeAdapter[str](ArticleKey)


class ReadArticle(NamedTuple):
    """An article of a file, with the line where it begins; `problem` says why it is not taken, and how to mend it."""

    line: int
    article_id: str | None
    draft: ArticleDraft | None = None
    problem: str | None = None


def articles_of(name: str, content: bytes) -> Iterator[ReadArticle]:
    """The articles in a file; `name` is its path below the folder that is imported, with `/`."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in READ:
        yield ReadArticle(1, None, problem=f"Only {', '.join(sorted(READ))} are read. Name the file by what it is.")
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        yield ReadArticle(1, None, problem="This is not UTF-8 text. Save it as UTF-8.")
        return
    if suffix in LINES:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield _of_line(number, line)
    else:
        yield _of_page(name, text, is_html=suffix in HTML)


def article_id_of(name: str) -> str:
    """The id of the article in a file: its path without the ending, `cards/lost.md` being `cards:lost`."""
    path = PurePosixPath(name)
    return _SEPARATOR.join((*path.parts[:-1], path.stem))


def _of_line(number: int, line: str) -> ReadArticle:
    try:
        value = from_json(line)
    except ValueError as failure:
        return ReadArticle(number, None, problem=f"This line is no JSON: {json_fault(failure)}.")
    if not isinstance(value, dict):
        return ReadArticle(number, None, problem="Write each article as one JSON object on a line of its own.")
    fields = cast(dict[str, Any], value)
    article_id = fields.pop("article_id", None)
    if not isinstance(article_id, str):
        return ReadArticle(number, None, problem="article_id: This field is needed, and is a text.")
    return _checked(number, article_id, fields)


def _of_page(name: str, text: str, *, is_html: bool) -> ReadArticle:
    try:
        fields, body = _front_matter(text)
    except InvalidRequest as failure:
        return ReadArticle(1, article_id_of(name), problem=failure.detail)
    article_id = str(fields.pop("id", None) or article_id_of(name))
    headed = _head_of_html(body) if is_html else _heading_of_markdown(body)
    source = {"html" if is_html else "markdown": body}
    title = {"title": PurePosixPath(name).stem.replace("_", " ").replace("-", " ")}
    return _checked(1, article_id, title | headed | fields | source)


def _checked(line: int, article_id: str, fields: Mapping[str, Any]) -> ReadArticle:
    try:
        _ID.validate_python(article_id)
        return ReadArticle(line, article_id, ArticleDraft.model_validate(fields))
    except ValidationError as failure:
        return ReadArticle(line, article_id, problem=invalid_request(failure, whole="article").detail)


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    """The fields before the article, and the article. Raises InvalidRequest."""
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return {}, text
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        return {}, text  # a line across the page, as Markdown draws it
    try:
        content = read_yaml("\n".join(lines[1:end])).content
    except YamlProblem as problem:
        raise InvalidRequest(f"The front matter cannot be read: {problem.message}.") from None
    if content is not None and not isinstance(content, dict):
        raise InvalidRequest("The front matter holds no fields. Write them like `title: Lost parcels`.")
    fields = {str(name): _plain(value) for name, value in cast(dict[object, object], content or {}).items()}
    return fields, "\n".join(lines[end + 1 :])


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return tuple(cast(list[object], value)) if isinstance(value, list) else value


def _heading_of_markdown(body: str) -> dict[str, Any]:
    heading = next((line for line in body.split("\n") if line.startswith("# ")), "")
    title = heading.strip("# \r")
    return {"title": title} if title else {}


def _head_of_html(body: str) -> dict[str, Any]:
    page = LexborHTMLParser(body)
    fields: dict[str, Any] = {}
    for selector in ("title", "h1"):
        node = page.css_first(selector)
        words = " ".join(node.text().split()) if node is not None else ""
        if words:
            fields["title"] = words
            break
    root = page.css_first("html")
    language = root.attributes.get("lang") if root is not None else None
    link = page.css_first('link[rel="canonical"]')
    address = link.attributes.get("href") if link is not None else None
    return fields | ({"language": language} if language else {}) | ({"url": address} if address else {})
