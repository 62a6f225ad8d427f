"""What every store of claims does, run against each adapter of the port."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from app.adapters.memory_claims import MemoryClaims
from app.adapters.sql import SqlStore
from app.adapters.sql.claims import SqlClaims
from app.ports.claims import ClaimRequest, Claims

FIRST = ClaimRequest(
    tenant="t",
    key="/v1/interactions k",
    body_sha256="a" * 64,
    work_id="work-1",
    holder="first",
    now=1_000,
    leased_until=2_000,
    expires_at=9_000,
)
SECOND = replace(FIRST, work_id="work-2", holder="second", now=1_500, leased_until=2_500)
LATER = replace(SECOND, now=2_000, leased_until=3_000)


@pytest.fixture(params=["sqlite", "postgres", "memory"])
async def claims(request: pytest.FixtureRequest) -> AsyncGenerator[Claims]:
    """An empty store."""
    if request.param == "memory":
        yield MemoryClaims()
        return
    store = SqlStore(request.getfixturevalue(request.param))
    yield SqlClaims(store)
    await store.close()


async def test_of_many_who_claim_one_work_at_once_one_gets_it(claims: Claims) -> None:
    states = await asyncio.gather(*(claims.claim(replace(FIRST, holder=str(number))) for number in range(8)))

    assert sum(state.is_mine for state in states) == 1
    assert {state.work_id for state in states} == {"work-1"}


async def test_a_claim_is_taken_over_under_its_own_name_once_its_lease_has_run_out(claims: Claims) -> None:
    assert (await claims.claim(FIRST)).resumed is False
    assert (await claims.claim(SECOND)).is_mine is False
    taken = await claims.claim(LATER)

    assert (taken.is_mine, taken.resumed, taken.work_id) == (True, True, "work-1")
    assert await claims.renew(FIRST, 9_000) is False


async def test_a_claim_that_is_renewed_is_not_taken_over(claims: Claims) -> None:
    await claims.claim(FIRST)
    assert await claims.renew(FIRST, 5_000) is True

    assert (await claims.claim(LATER)).is_mine is False


async def test_another_body_gets_no_claim_and_sees_which_body_has_it(claims: Claims) -> None:
    await claims.claim(FIRST)
    other = await claims.claim(replace(LATER, body_sha256="b" * 64))

    assert (other.is_mine, other.body_sha256) == (False, FIRST.body_sha256)


async def test_a_claim_that_was_let_go_is_resumed_and_one_that_was_forgotten_begins_anew(claims: Claims) -> None:
    await claims.claim(FIRST)
    await claims.release(replace(FIRST, holder="somebody"), forget=True)
    assert (await claims.claim(SECOND)).is_mine is False
    await claims.release(FIRST, forget=False)
    resumed = await claims.claim(SECOND)
    await claims.release(SECOND, forget=True)
    anew = await claims.claim(replace(SECOND, body_sha256="b" * 64))

    assert (resumed.is_mine, resumed.resumed, resumed.work_id) == (True, True, "work-1")
    assert (anew.is_mine, anew.resumed, anew.work_id) == (True, False, "work-2")


async def test_claims_of_other_tenants_and_keys_are_others(claims: Claims) -> None:
    await claims.claim(FIRST)

    assert (await claims.claim(replace(SECOND, tenant="u"))).is_mine
    assert (await claims.claim(replace(SECOND, key="/v1/handoffs k"))).is_mine


async def test_claims_that_have_expired_are_listed_and_removed_and_others_are_not(claims: Claims) -> None:
    await claims.claim(FIRST)
    await claims.claim(replace(FIRST, key="young", expires_at=20_000))

    assert await claims.expired(9_000, limit=10) == [(FIRST.tenant, FIRST.key)]
    await claims.remove(FIRST.tenant, FIRST.key, 9_000)
    await claims.remove(FIRST.tenant, "young", 9_000)
    assert await claims.expired(9_000, limit=10) == []
    assert (await claims.claim(replace(SECOND, key="young"))).is_mine is False
