"""The options of `warmline knowledge …`."""

from typing import Annotated

import typer

from app.interfaces.cli.options import Json

knowledge = typer.Typer(
    help="Put articles from files, and find the passages of them that answer a question.", no_args_is_help=True
)

Tenant = Annotated[str, typer.Option(help="Whose articles.")]


@knowledge.command("import")
def import_articles(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Folders, or files of these kinds.")],
    *,
    tenant: Tenant = "default",
    as_json: Json = False,
) -> None:
    """Put the articles of folders and files: .md, .html, and .jsonl with the fields of PUT /v1/knowledge/{article_id}.

    An article's id is its path below the folder, without its ending: cards/lost.md is cards:lost. Lines of .jsonl name
    their article_id.

    Front matter (YAML between two lines of ---) may set id, title, url, language, intents, actions and valid_until; a
    date alone means its beginning in UTC. Without it the title is the first heading; of HTML, title, lang and the
    canonical link count.

    Importing again changes nothing that is the same, and removes nothing. A refused article is named with the reason on
    standard error, the others are taken, and the exit status is 1. A service that runs finds them at once.
    """
    from app.interfaces.cli.knowledge import import_articles as run

    run(paths, tenant, as_json=as_json)


@knowledge.command("list")
def list_articles(*, tenant: Tenant = "default", as_json: Json = False) -> None:
    """Show every article of a tenant, valid or not, without what it says."""
    from app.interfaces.cli.knowledge import show_articles

    show_articles(tenant, as_json=as_json)


@knowledge.command("search")
def search(
    words: Annotated[str, typer.Argument(metavar="QUESTION", help="A question, or some words.")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many passages at most.")] = 5,
    language: Annotated[str | None, typer.Option(metavar="TAG", help="The language to prefer, such as de.")] = None,
    tenant: Tenant = "default",
    as_json: Json = False,
) -> None:
    """Show the passages that answer a question best, each of another article.

    While a service runs on the same data folder, words alone are compared here, for it alone may read its vectors.
    """
    from app.interfaces.cli.knowledge import search_articles

    search_articles(tenant, words, limit=limit, language=language, as_json=as_json)


@knowledge.command("remove")
def remove(
    article_id: Annotated[
        str, typer.Argument(metavar="ARTICLE_ID", help="The id; `warmline knowledge list` shows it.")
    ],
    *,
    tenant: Tenant = "default",
    as_json: Json = False,
) -> None:
    """Remove an article; no answer shows it any more."""
    from app.interfaces.cli.knowledge import remove_article

    remove_article(tenant, article_id, as_json=as_json)
