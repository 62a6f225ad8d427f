"""What every store of open revisions does, run against each adapter of the port."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

import pytest

from app.adapters.memory import MemoryArchive, MemoryLedger
from app.adapters.memory_outbox import MemoryOutbox
from app.adapters.memory_revisions import MemoryRevisions
from app.adapters.sql import SqlStore
from app.adapters.sql.outbox import SqlOutbox
from app.adapters.sql.revisions import SqlRevisions
from app.announcements import heard
from app.models import Topic
from app.ports import Archive, Changes, Ledger, Outbox
from app.ports.revisions import Filing, OpenHandoff, RevisionStore
from tests.contracts.test_outbox import statuses, webhook

T = "acme"
WORK = OpenHandoff(T, "hnd_1", "cus_1")


class Stores(NamedTuple):
    """A store of revisions with what stands beside it; the ledger has the customer cus_1."""

    revisions: RevisionStore
    outbox: Outbox
    ledger: Ledger
    archive: Archive


@pytest.fixture(params=["sqlite", "postgres", "memory"])
async def stores(request: pytest.FixtureRequest) -> AsyncGenerator[Stores]:
    if request.param == "memory":
        ledger, archive = MemoryLedger(), MemoryArchive()
        outbox = MemoryOutbox(archive, ledger)
        backends = Stores(MemoryRevisions(archive, outbox), outbox, ledger, archive)
    else:
        store = SqlStore(request.getfixturevalue(request.param))
        backends = Stores(SqlRevisions(store), SqlOutbox(store), store, store)
    async with backends.ledger.transaction(T) as transaction:
        await transaction.apply(Changes(new_identities=("cus_1",)))
    await backends.outbox.register(T, webhook())
    yield backends
    await backends.ledger.close()


def filing(revision: int = 1) -> Filing:
    topic = Topic.HANDOFF_READY if revision == 1 else Topic.HANDOFF_UPDATED
    announcement = heard(topic, f"hnd_1 {revision}", "cus_1", {"handoff_id": "hnd_1"})
    return Filing(T, "hnd_1", {"handoff_id": "hnd_1", "revision": revision}, announcement)


async def revision_of(stores: Stores) -> int | None:
    document = await stores.archive.get(T, "handoffs", "hnd_1")
    return None if document is None else document["revision"]


async def test_a_revision_replaces_what_was_filed_and_is_told_with_it(stores: Stores) -> None:
    await stores.revisions.open(filing(), "one", until=100)
    assert await stores.revisions.revise(filing(2), "one", is_last=False)
    assert await revision_of(stores) == 2
    assert await stores.revisions.revise(filing(3), "one", is_last=True)
    assert await revision_of(stores) == 3
    assert await statuses(stores.outbox) == ["pending"] * 3
    assert not await stores.revisions.revise(filing(4), "one", is_last=True)
    assert list(await stores.revisions.take("two", 200, until=300, limit=9)) == []


async def test_what_is_silent_is_filed_without_a_message(stores: Stores) -> None:
    await stores.revisions.open(filing(), "one", until=100)
    assert await stores.revisions.revise(filing(2), "one", is_last=True, silently=True)
    assert (await revision_of(stores), await statuses(stores.outbox)) == (2, ["pending"])


async def test_only_whoever_holds_the_lease_revises(stores: Stores) -> None:
    await stores.revisions.open(filing(), "one", until=100)
    assert list(await stores.revisions.take("two", 99, until=200, limit=9)) == []
    assert list(await stores.revisions.take("two", 100, until=200, limit=9)) == [WORK]
    assert not await stores.revisions.revise(filing(2), "one", is_last=True)
    assert await stores.revisions.revise(filing(2), "two", is_last=True)


async def test_a_lease_is_kept_and_given_back(stores: Stores) -> None:
    await stores.revisions.open(filing(), "one", until=100)
    await stores.revisions.renew("one", 500)
    assert list(await stores.revisions.take("two", 400, until=600, limit=9)) == []
    await stores.revisions.give_back("one", 400)
    assert not await stores.revisions.revise(filing(2), "one", is_last=True)
    assert list(await stores.revisions.take("two", 400, until=600, limit=9)) == [WORK]


async def test_nothing_is_filed_in_the_place_of_a_handoff_that_is_gone(stores: Stores) -> None:
    await stores.revisions.open(filing(), "one", until=100)
    await stores.archive.erase_documents(T, ["cus_1"])
    assert not await stores.revisions.revise(filing(2), "one", is_last=False)
    assert await revision_of(stores) is None
    assert list(await stores.revisions.take("two", 100, until=200, limit=9)) == []


async def test_open_work_goes_with_its_customer_or_its_handoff(stores: Stores) -> None:
    await stores.revisions.open(filing(), "one", until=100)
    await stores.revisions.erase("another", ["cus_1"])
    await stores.revisions.drop("another", ["hnd_1"])
    assert list(await stores.revisions.take("two", 100, until=200, limit=9)) == [WORK]
    await stores.revisions.erase(T, ["cus_1"])
    assert list(await stores.revisions.take("two", 200, until=300, limit=9)) == []
    await stores.revisions.open(filing(), "one", until=100)
    await stores.revisions.drop(T, ["hnd_1"])
    assert list(await stores.revisions.take("two", 200, until=300, limit=9)) == []
