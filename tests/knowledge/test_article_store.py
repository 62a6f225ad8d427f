"""Articles in an archive: in memory, SQLite and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.adapters.memory import MemoryArchive
from app.adapters.sql import SqlStore
from app.errors import InvalidRequest
from app.knowledge import ArticleStore, article_store
from app.models import ArticleChange, ArticleDraft
from app.ports import Archive


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def archive(request: pytest.FixtureRequest) -> AsyncIterator[Archive]:
    """One empty archive of each kind."""
    if request.param == "memory":
        yield MemoryArchive()
        return
    opened = SqlStore(request.getfixturevalue(request.param))
    yield opened
    await opened.close()


def draft(text: str = "Send it back.") -> ArticleDraft:
    return ArticleDraft(title="Returns", text=text, url="https://x.example/returns")


async def test_an_article_comes_back_as_it_was_put(archive: Archive) -> None:
    store = ArticleStore(archive)
    put = await store.put("t", "returns", draft())
    assert put.change is ArticleChange.CREATED
    stored = await ArticleStore(archive).get("t", "returns")
    assert stored == put.stored
    assert stored is not None
    assert stored.article.model_dump(include=set(ArticleDraft.model_fields)) == draft().model_dump()


async def test_the_same_put_again_changes_nothing_and_another_replaces_it(archive: Archive) -> None:
    store = ArticleStore(archive)
    first = await store.put("t", "returns", draft())
    again = await store.put("t", "returns", draft())
    assert (again.change, again.stored) == (ArticleChange.UNCHANGED, first.stored)
    other = await store.put("t", "returns", draft("Keep it."))
    assert (other.change, other.before) == (ArticleChange.REPLACED, first.stored)
    assert (await store.sums("t")).articles == 1


async def test_sums_tell_every_change_and_are_those_of_the_articles_there_are(archive: Archive) -> None:
    stores = [ArticleStore(archive), ArticleStore(archive)]
    await asyncio.gather(*(stores[n % 2].put("t", f"a-{n}", draft(f"Text {n}.")) for n in range(8)))
    before = await stores[0].sums("t")
    await stores[1].put("t", "a-3", draft("Other words."))
    await stores[1].remove("t", "a-4")
    sums = await stores[0].sums("t")
    stored = [article async for article in stores[0].all("t")]
    assert sums != before
    assert (sums.articles, sums.drawn) == (7, sum(article.drawn for article in stored))


async def test_what_is_removed_is_gone_and_may_be_put_anew(archive: Archive) -> None:
    store = ArticleStore(archive)
    await store.put("t", "returns", draft())
    assert await store.remove("t", "returns") is not None
    assert await store.remove("t", "returns") is None
    assert await store.get("t", "returns") is None
    assert (await store.sums("t")) == (0, 0)
    assert (await store.put("t", "returns", draft())).change is ArticleChange.CREATED


async def test_pages_are_ordered_by_id_and_tenants_have_their_own(archive: Archive) -> None:
    store = ArticleStore(archive)
    for number in (3, 1, 2):
        await store.put("t", f"a-{number}", draft())
    await store.put("other", "a-9", draft())
    page = await store.page("t", limit=2)
    assert [stored.article.article_id for stored in page] == ["a-1", "a-2"]
    assert [stored.article.article_id for stored in await store.page("t", after="a-2")] == ["a-3"]
    assert (await store.marks()).keys() == {"t", "other"}


async def test_erasing_a_customer_leaves_articles_alone_even_those_that_hold_an_id(archive: Archive) -> None:
    store = ArticleStore(archive)
    await store.put("t", "int_0123", draft("An id looks like int_0123."))
    await archive.put("t", "feedback", "int_0123", {"about": "int_0123"})
    gone = await archive.erase_documents("t", ["cus_1"], naming=["int_0123"])
    assert gone == {"feedback": 1}
    assert await store.get("t", "int_0123") is not None


async def test_a_tenant_keeps_no_more_articles_than_are_searched_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(article_store, "MOST_ARTICLES", 2)
    store = ArticleStore(MemoryArchive())
    for number in range(2):
        await store.put("t", f"a-{number}", draft())
    with pytest.raises(InvalidRequest, match="at most 2 articles"):
        await store.put("t", "a-2", draft())
    assert (await store.put("t", "a-1", draft("New words."))).change is ArticleChange.REPLACED
