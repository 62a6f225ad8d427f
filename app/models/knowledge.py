"""A tenant's knowledge articles, and the passages of them that answer a question."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from app.models.base import NO_NUL, Confidence, Moment, Record

MAX_ARTICLE_CHARACTERS = 100_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")
_UNFIT_FOR_ID = re.compile(r"[\x00-\x1f\x7f/\\?#]")


def _web_address(url: str) -> str:
    """The URL as it is. Raises ValueError for anything but http and https: it becomes a link on agents' pages."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("This is no URL. Write it like https://help.example/page") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or url != url.strip():
        raise ValueError("Write a whole URL that begins with http:// or https://, such as https://help.example/page")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError("A URL holds no spaces and no characters that cannot be seen: write a space as %20")
    return url


def _language_tag(tag: str) -> str:
    if _LANGUAGE.fullmatch(tag) is None:
        raise ValueError("Write a language tag, such as de or en-GB; leave the field out where the language is open")
    return tag


def _article_name(article_id: str) -> str:
    if _UNFIT_FOR_ID.search(article_id) or article_id != article_id.strip() or article_id in (".", ".."):
        raise ValueError("Write an id of 1 to 200 characters without / \\ ? # and control characters")
    return article_id


ArticleKey = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_article_name)]
LanguageTag = Annotated[str, Field(max_length=35), AfterValidator(_language_tag)]
_Source = Annotated[str, Field(min_length=1, max_length=MAX_ARTICLE_CHARACTERS), NO_NUL]
_Name = Annotated[str, Field(min_length=1, max_length=128), NO_NUL]


class ArticleDraft(Record):
    """An article as its tenant writes it: exactly one of `text`, `html` and `markdown` holds what it says."""

    title: Annotated[str, Field(min_length=1, max_length=300), NO_NUL] = Field(
        description="title of the article, at most 300 characters"
    )
    text: _Source | None = Field(
        default=None, description="the article as plain text, at most 100,000 characters; null where it is in a format"
    )
    html: _Source | None = Field(
        default=None, description="the article as HTML, at most 100,000 characters; what is hidden in it is left out"
    )
    markdown: _Source | None = Field(
        default=None, description="the article as Markdown (CommonMark and tables), at most 100,000 characters"
    )
    url: Annotated[str, Field(max_length=2000), AfterValidator(_web_address)] | None = Field(
        default=None, description="where people read the whole article, http or https; null: nowhere"
    )
    language: LanguageTag | None = Field(
        default=None, description="language of the article, such as de or en-GB; null: for readers of any language"
    )
    intents: Annotated[tuple[_Name, ...], Field(max_length=64)] = Field(
        default=(), description="intents of the catalogue that the article is about, at most 64"
    )
    actions: Annotated[tuple[_Name, ...], Field(max_length=64)] = Field(
        default=(), description="actions of the catalogue that the article belongs to, at most 64"
    )
    valid_until: Moment | None = Field(
        default=None, description="from this moment on no answer shows the article, RFC 3339; null: always valid"
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> "ArticleDraft":
        named = [name for name in ("text", "html", "markdown") if getattr(self, name) is not None]
        if len(named) != 1:
            given = f"{' and '.join(named)} are given" if named else "none is given"
            raise ValueError(f"Give exactly one of text, html and markdown; {given}")
        if not self.title.strip() or not getattr(self, named[0]).strip():
            raise ValueError(f"title and {named[0]} must say something")
        return self

    @property
    def source(self) -> str:
        """What the article says, in the format in which it was written."""
        return self.text or self.html or self.markdown or ""


class ArticleChange(StrEnum):
    """What putting an article did."""

    CREATED = "created"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"


class Article(ArticleDraft):
    """An article as it is kept."""

    article_id: str = Field(description="the tenant's id of the article")
    passages: Annotated[int, Field(ge=0)] = Field(description="how many passages it is searched by")
    updated_at: datetime = Field(description="when its content was last changed, RFC 3339")


class ArticleSummary(Record):
    """An article in a list, without what it says."""

    article_id: str = Field(description="the tenant's id of the article")
    title: str = Field(description="title of the article")
    url: str | None = Field(description="where people read the whole article; null: nowhere")
    language: str | None = Field(description="language of the article; null: for readers of any language")
    intents: tuple[str, ...] = Field(description="intents of the catalogue that the article is about")
    actions: tuple[str, ...] = Field(description="actions of the catalogue that the article belongs to")
    valid_until: datetime | None = Field(
        description="from this moment on no answer shows the article; null: always valid"
    )
    passages: int = Field(description="how many passages it is searched by")
    updated_at: datetime = Field(description="when its content was last changed, RFC 3339")


class FiledArticle(ArticleSummary):
    """The answer to putting an article."""

    change: ArticleChange = Field(description="`created`, `replaced`, or `unchanged` where the same was put again")


class ArticlePage(Record):
    """One page of articles."""

    articles: tuple[ArticleSummary, ...] = Field(description="the articles, ordered by `article_id`")
    next_cursor: str | None = Field(description="what to pass as `cursor` for the next page, null on the last")


class RemovedArticle(Record):
    """The answer to removing an article."""

    article_id: str = Field(description="the tenant's id of the article that is gone")
    passages: int = Field(description="how many passages went with it")


class KnowledgeQuestion(Record):
    """What to look for in the tenant's articles."""

    q: Annotated[str, Field(min_length=1, max_length=10_000), NO_NUL] = Field(
        description="a question, some words or the description of a situation, at most 10,000 characters"
    )
    limit: Annotated[int, Field(ge=1, le=1000, strict=True)] = Field(
        default=10, description="how many hits there are at most, each of another article"
    )
    language: LanguageTag | None = Field(
        default=None,
        description="language to prefer, such as de; null: that of `q`. Articles of another language are shown only "
        "where no other fits",
    )
    now: Moment | None = Field(
        default=None, description="moment as of which articles must be valid, RFC 3339; null: the present"
    )


class KnowledgePassage(Record):
    """A passage of an article, as it stands there."""

    article_id: str = Field(description="the tenant's id of the article")
    title: str = Field(description="title of the article")
    passage: str = Field(description="the whole passage, word for word, under its headings")
    url: str | None = Field(description="where people read the whole article, http or https; null: nowhere")
    score: Confidence = Field(description="how well the passage fits, 0..1")


class KnowledgeHits(Record):
    """The passages that answer a question best."""

    hits: tuple[KnowledgePassage, ...] = Field(description="passages, best first, each of another article")
    by_meaning: bool = Field(
        description="whether meaning was compared too; false where the vectors do not answer and words alone decided"
    )
    duration_ms: int = Field(description="how long the answer took to compute, ms")
