"""What every archive does, run against each adapter of the port."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from app.adapters.memory import MemoryArchive
from app.adapters.sql import SqlStore
from app.ports import Archive, Counts


@pytest.fixture(params=["sqlite", "postgres", "memory"])
async def archive(request: pytest.FixtureRequest) -> AsyncGenerator[Archive]:
    if request.param == "memory":
        yield MemoryArchive()
        return
    store = SqlStore(request.getfixturevalue(request.param))
    yield store
    await store.close()


async def test_a_document_comes_back_as_it_was_put(archive: Archive) -> None:
    document = {"text": "grüße 🧾", "list": [1, 2.5, None, {"deep": True}], "long": 1234567890123456789012}
    await archive.put("t", "handoffs", "hnd_1", document)
    assert await archive.get("t", "handoffs", "hnd_1") == document


async def test_what_was_never_put_is_none(archive: Archive) -> None:
    assert await archive.get("t", "handoffs", "hnd_1") is None
    assert list(await archive.of_customer("t", "handoffs", "cus_1")) == []


async def test_putting_again_replaces_the_document_and_whose_it_is(archive: Archive) -> None:
    await archive.put("t", "handoffs", "hnd_1", {"n": 1}, customer_id="cus_1")
    await archive.put("t", "handoffs", "hnd_1", {"n": 2}, customer_id="cus_2")
    assert await archive.get("t", "handoffs", "hnd_1") == {"n": 2}
    assert list(await archive.of_customer("t", "handoffs", "cus_1")) == []
    assert list(await archive.of_customer("t", "handoffs", "cus_2")) == [{"n": 2}]


async def test_adding_writes_only_where_the_key_is_free(archive: Archive) -> None:
    assert await archive.add("t", "replies", "key", {"n": 1}) is True
    assert await archive.add("t", "replies", "key", {"n": 2}) is False
    assert await archive.get("t", "replies", "key") == {"n": 1}


async def test_of_many_who_add_at_once_one_writes(archive: Archive) -> None:
    written = await asyncio.gather(*(archive.add("t", "replies", "key", {"n": number}) for number in range(8)))
    assert sorted(written) == [False] * 7 + [True]
    assert await archive.get("t", "replies", "key") == {"n": written.index(True)}


async def test_a_customers_documents_come_newest_first(archive: Archive) -> None:
    for number in range(4):
        await archive.put("t", "decisions", f"dec_{number}", {"n": number}, customer_id="cus_1")
    await archive.put("t", "decisions", "dec_9", {"n": 9}, customer_id="cus_2")
    await archive.put("t", "handoffs", "hnd_1", {"n": 8}, customer_id="cus_1")
    await archive.put("t", "decisions", "dec_1", {"n": 11}, customer_id="cus_1")
    assert list(await archive.of_customer("t", "decisions", "cus_1")) == [{"n": 3}, {"n": 2}, {"n": 11}, {"n": 0}]
    assert list(await archive.of_customer("t", "decisions", "cus_1", limit=2)) == [{"n": 3}, {"n": 2}]


async def test_tenants_and_collections_are_kept_apart(archive: Archive) -> None:
    await archive.put("a", "handoffs", "key", {"n": 1}, customer_id="cus_1")
    assert await archive.get("b", "handoffs", "key") is None
    assert await archive.get("a", "decisions", "key") is None
    assert list(await archive.of_customer("b", "handoffs", "cus_1")) == []
    assert await archive.add("b", "handoffs", "key", {"n": 2}) is True
    assert await archive.get("a", "handoffs", "key") == {"n": 1}


async def test_a_collection_is_read_page_by_page_in_the_order_of_its_keys(archive: Archive) -> None:
    for key in ("c", "a", "d", "b"):
        await archive.put("t", "keys", key, {"of": key})
    first = await archive.page("t", "keys", limit=3)
    assert list(first) == [(key, {"of": key}) for key in "abc"]
    assert list(await archive.page("t", "keys", after=first[-1][0], limit=3)) == [("d", {"of": "d"})]
    assert list(await archive.page("t", "keys", after="d")) == []


async def test_a_page_holds_one_tenants_one_collection(archive: Archive) -> None:
    await archive.put("", "keys", "key", {"n": 1})
    await archive.put("t", "keys", "key", {"n": 2})
    await archive.put("t", "handoffs", "key", {"n": 3})
    assert list(await archive.page("t", "keys")) == [("key", {"n": 2})]
    assert list(await archive.page("", "keys")) == [("key", {"n": 1})]
    assert list(await archive.page("other", "keys")) == []


async def test_keys_are_ordered_by_their_characters(archive: Archive) -> None:
    keys = ["b", "A", "a b", "ab", "é", "Z", "a-b"]
    for key in keys:
        await archive.put("t", "keys", key, {})
    assert [key for key, _ in await archive.page("t", "keys")] == sorted(keys)


async def test_a_key_may_hold_any_character(archive: Archive) -> None:
    await archive.put("t", "keys", "a\0b", {"n": 1})
    assert await archive.get("t", "keys", "a\0b") == {"n": 1}
    assert await archive.get("t", "keys", "ab") is None


def tally(document: Mapping[str, Any]) -> Counts:
    """What a vote adds: one more, and its points, to whom it is for, and one more to all that were cast."""
    if "for" not in document:
        return {}
    return {
        "tallies": {document["for"]: {"votes": 1.0, "points": document["points"]}},
        "turnout": {"all": {"votes": 1.0}},
    }


async def vote(archive: Archive, key: str, document: Mapping[str, Any], tenant: str = "t") -> None:
    """Files a vote and counts it."""
    await archive.put_counted(tenant, "votes", key, document, counting=tally, customer_id=key)


async def test_what_a_document_counts_is_added_up(archive: Archive) -> None:
    await vote(archive, "v1", {"for": "ann", "points": 0.5})
    await vote(archive, "v2", {"for": "ann", "points": 2.0})
    await vote(archive, "v3", {"for": "bob", "points": 1.0})
    await vote(archive, "v1", {"for": "ann", "points": 1.0}, "another tenant")
    assert dict(await archive.page("t", "tallies")) == {
        "ann": {"votes": 2.0, "points": 2.5},
        "bob": {"votes": 1.0, "points": 1.0},
    }


async def test_what_a_replaced_document_had_counted_is_taken_back(archive: Archive) -> None:
    await vote(archive, "v1", {"for": "ann", "points": 0.5})
    await vote(archive, "v1", {"for": "ann", "points": 0.5})
    assert await archive.get("t", "tallies", "ann") == {"votes": 1.0, "points": 0.5}
    await vote(archive, "v1", {"for": "bob", "points": 2.0})
    await vote(archive, "v2", {"for": "bob", "points": 2.0})
    await vote(archive, "v2", {"withdrawn": True})
    assert await archive.get("t", "tallies", "ann") == {"votes": 0.0, "points": 0.0}
    assert await archive.get("t", "tallies", "bob") == {"votes": 1.0, "points": 2.0}
    assert await archive.get("t", "turnout", "all") == {"votes": 1.0}
    assert await archive.get("t", "votes", "v2") == {"withdrawn": True}


async def test_erasing_a_counted_document_leaves_the_sums(archive: Archive) -> None:
    await vote(archive, "v1", {"for": "ann", "points": 1.0})
    assert await archive.erase_documents("t", ["v1"]) == {"votes": 1}
    assert await archive.get("t", "tallies", "ann") == {"votes": 1.0, "points": 1.0}


async def test_of_many_who_count_at_once_none_is_lost_and_none_counted_twice(archive: Archive) -> None:
    filed = (vote(archive, f"v{number % 4}", {"for": "ann", "points": 1.0}) for number in range(16))
    await asyncio.gather(*filed)
    assert await archive.get("t", "tallies", "ann") == {"votes": 4.0, "points": 4.0}


async def test_documents_are_removed_by_their_keys_and_others_stay(archive: Archive) -> None:
    for tenant, key in (("t", "a"), ("t", "b"), ("u", "a")):
        await archive.put(tenant, "sessions", key, {})
    assert await archive.remove("t", "sessions", ["a", "none"]) == 1
    assert await archive.get("t", "sessions", "a") is None
    assert await archive.get("t", "sessions", "b") == {}
    assert await archive.get("u", "sessions", "a") == {}


async def test_the_newest_documents_come_page_by_page(archive: Archive) -> None:
    for key in ("c", "a", "d", "b"):
        await archive.put("t", "keys", key, {"of": key})
    await archive.put("other", "keys", "z", {})
    first = await archive.newest("t", "keys", limit=3)
    assert list(first) == [(key, {"of": key}) for key in "dcb"]
    assert list(await archive.newest("t", "keys", before="b", limit=3)) == [("a", {"of": "a"})]
    assert list(await archive.newest("t", "keys", before="a")) == []
