"""`warmline knowledge …`: a tenant's articles, put from files, listed, searched and removed.

Only the archive is written. The vectors follow when the service runs, since two processes must not write them.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from app.errors import InvalidRequest, WarmlineError
from app.formats.articles import MAX_FILE_BYTES, READ, articles_of
from app.interfaces.cli.asking import ask_app, print_json
from app.interfaces.cli.common import screen, side_screen
from app.models import ArticleChange, ArticleSummary, KnowledgeQuestion
from app.services import App
from app.services.knowledge import ArticleQuery
from app.validation import invalid_request

PAGE = 1_000


class ArticleFile(NamedTuple):
    """A file to read, and its name below the folder that was named."""

    path: Path
    name: str


class RefusedArticle(NamedTuple):
    """An article that was not taken: where it stands, what is wrong and how to mend it."""

    file: str
    line: int
    detail: str


class ImportReport:
    """What became of the articles so far."""

    def __init__(self) -> None:
        self.changes: Counter[ArticleChange] = Counter()
        self.refusals: list[RefusedArticle] = []
        self.article_ids: dict[str, str] = {}

    def as_document(self) -> dict[str, object]:
        """The report as JSON."""
        counts = {change.value: self.changes[change] for change in ArticleChange}
        problems = [refusal._asdict() for refusal in self.refusals]
        return {**counts, "refused": len(self.refusals), "problems": problems}


def import_articles(paths: Sequence[str], tenant: str, *, as_json: bool) -> None:
    """Put what files and folders hold, go on past what is refused, and exit with 1 when anything was."""
    files = [file for path in paths for file in _files(Path(path))]
    report = ImportReport()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=side_screen(), transient=True) as progress:
        task = progress.add_task("files", total=len(files))

        async def put_all(app: App) -> None:
            for file in files:
                await _put(app, tenant, file, report)
                progress.advance(task)

        ask_app(put_all)
    if as_json:
        print_json(report.as_document())
    else:
        counts = report.changes
        screen().print(
            f"{counts[ArticleChange.CREATED]:,} articles taken, {counts[ArticleChange.REPLACED]:,} replaced, "
            f"{counts[ArticleChange.UNCHANGED]:,} unchanged, {len(report.refusals):,} refused."
        )
    sys.exit(1 if report.refusals else 0)


def show_articles(tenant: str, *, as_json: bool) -> None:
    """Print every article of a tenant, without what it says."""

    async def read(app: App) -> list[ArticleSummary]:
        articles: list[ArticleSummary] = []
        cursor: str | None = None
        while True:
            page = await app.knowledge.articles(tenant, ArticleQuery(cursor=cursor, limit=PAGE))
            articles.extend(page.articles)
            cursor = page.next_cursor
            if cursor is None:
                return articles

    articles = ask_app(read)
    if as_json:
        print_json({"articles": [article.model_dump(mode="json") for article in articles]})
    elif articles:
        screen().print(_table(articles))
    else:
        screen().print(f"Tenant {tenant} has no articles. Put some with knowledge import.", markup=False)


def search_articles(tenant: str, words: str, *, limit: int, language: str | None, as_json: bool) -> None:
    """Print the passages that answer a question best. Raises InvalidRequest."""
    try:
        wanted = KnowledgeQuestion(q=words, limit=limit, language=language)
    except ValidationError as failure:
        raise invalid_request(failure) from None
    answer = ask_app(lambda app: app.knowledge.search(tenant, wanted))
    if as_json:
        print_json(answer.model_dump(mode="json"))
        return
    output = screen()
    for hit in answer.hits:
        output.print(Text.assemble((hit.title, "bold"), (f"  {hit.score:.2f}  {hit.article_id}", "dim")))
        output.print(hit.passage, markup=False)
        if hit.url:
            output.print(hit.url, markup=False, soft_wrap=True)
        output.print()
    if not answer.hits:
        output.print("No passage fits.")
    if not answer.by_meaning:
        output.print("Words alone were compared: vectors are made, and read, by a service that runs.", style="dim")


def remove_article(tenant: str, article_id: str, *, as_json: bool) -> None:
    """Remove an article. Raises NotFound."""
    removed = ask_app(lambda app: app.knowledge.remove(tenant, article_id))
    if as_json:
        print_json(removed.model_dump(mode="json"))
    else:
        screen().print(f"The article {article_id} is removed with {removed.passages:,} passages.", markup=False)


async def _put(app: App, tenant: str, file: ArticleFile, report: ImportReport) -> None:
    for article in articles_of(file.name, _content(file.path)):
        problem, article_id = article.problem, article.article_id
        if article_id is not None and (other := report.article_ids.setdefault(article_id, file.name)) != file.name:
            problem = f"{other} has the same id, {article_id}. Give one of the two another name or an id."
        if problem is None and article.draft is not None and article_id is not None:
            try:
                put = await app.knowledge.put(tenant, article_id, article.draft)
            except WarmlineError as failure:
                problem = failure.detail
            else:
                report.changes[put.change] += 1
        if problem is not None:
            refusal = RefusedArticle(str(file.path), article.line, problem)
            report.refusals.append(refusal)
            side_screen().print(f"{refusal.file}:{refusal.line}: {refusal.detail}", markup=False, soft_wrap=True)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidRequest(f"{path} is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB. Part it.")
        return path.read_bytes()
    except OSError as failure:
        raise InvalidRequest(f"{path} cannot be read: {failure.strerror}.") from None


def _files(path: Path) -> Iterator[ArticleFile]:
    """The files to read; of a folder those that are articles by their endings, in order, none in a hidden folder."""
    if not path.is_dir():
        _content(path)
        yield ArticleFile(path, path.name)
        return
    for file in sorted(path.rglob("*")):
        below = file.relative_to(path)
        is_hidden = any(part.startswith(".") for part in below.parts)
        if file.is_file() and not is_hidden and file.suffix.lower() in READ:
            yield ArticleFile(file, below.as_posix())


def _table(articles: Sequence[ArticleSummary]) -> Table:
    table = Table(box=None, header_style="dim")
    for name in ("article", "title", "language", "valid until", "passages", "changed"):
        table.add_column(name)
    for article in articles:
        cells = (
            article.article_id,
            article.title,
            article.language or "",
            f"{article.valid_until:%Y-%m-%d %H:%M %Z}" if article.valid_until else "",
            str(article.passages),
            f"{article.updated_at.astimezone():%Y-%m-%d}",
        )
        table.add_row(*map(Text, cells))
    return table
