"""API keys on a real database: who is let in, for how long, and what is left of a secret."""

import hashlib
import logging
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.adapters.memory import MemoryArchive
from app.adapters.sql import SqlStore
from app.errors import InvalidRequest, NotFound, Unauthorized
from app.keys import MOST_REMEMBERED, REMEMBERED_FOR, USES_NOTED_EVERY, Keys
from app.models import ApiKey, KeyGrant, Scope

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
A_MOMENT = timedelta(milliseconds=1)
GRACE = timedelta(hours=24)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def store(sqlite: str) -> AsyncGenerator[SqlStore]:
    opened = SqlStore(sqlite)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def keys(store: SqlStore, clock: Clock) -> AsyncGenerator[Keys]:
    """The keys as a service holds them."""
    opened = Keys(store, now=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def elsewhere(store: SqlStore, clock: Clock) -> AsyncGenerator[Keys]:
    """The keys as another process on the same database holds them, the command line for example."""
    opened = Keys(store, now=clock)
    yield opened
    await opened.close()


async def refused(keys: Keys, presented: str, *, saying: str) -> None:
    with pytest.raises(Unauthorized, match=saying):
        await keys.authenticate(presented)


async def test_a_key_grants_its_own_tenant_and_scopes_and_no_others(keys: Keys) -> None:
    first_key = await keys.create("one", [Scope.HANDOFF, Scope.INGEST])
    second_key = await keys.create("two", [Scope.ANALYTICS])

    assert await keys.authenticate(first_key.key) == KeyGrant(
        tenant="one", scopes=frozenset({Scope.INGEST, Scope.HANDOFF}), key_id=first_key.key_id
    )
    assert await keys.authenticate(second_key.key) == KeyGrant(
        tenant="two", scopes=frozenset({Scope.ANALYTICS}), key_id=second_key.key_id
    )


async def test_the_scope_admin_includes_every_other_when_a_key_is_sent_and_when_it_is_looked_up(keys: Keys) -> None:
    admin = await keys.create("one", [Scope.ADMIN])

    assert admin.scopes == (Scope.ADMIN,)
    assert (await keys.authenticate(admin.key)).scopes == frozenset(Scope)
    assert (await keys.standing(admin.key_id)).scopes == frozenset(Scope)


async def test_what_was_signed_in_a_keys_name_stands_as_long_as_the_key(
    keys: Keys, elsewhere: Keys, clock: Clock
) -> None:
    made = await keys.create("one", [Scope.HANDOFF], lifetime=2 * DAY)
    assert await keys.standing(made.key_id) == await keys.authenticate(made.key)

    await elsewhere.revoke(made.key_id)
    clock.now += REMEMBERED_FOR
    with pytest.raises(Unauthorized, match="revoked"):
        await keys.standing(made.key_id)
    with pytest.raises(Unauthorized, match="not known"):
        await keys.standing("0" * 16)


async def test_the_secret_of_one_key_does_not_open_another(keys: Keys) -> None:
    first_key, second_key = await keys.create("one", [Scope.INGEST]), await keys.create("two", [Scope.INGEST])
    secret = first_key.key.removeprefix(f"wl_{first_key.key_id}_")

    await refused(keys, f"wl_{second_key.key_id}_{secret}", saying="not known")


async def test_a_key_works_in_every_process_at_once(keys: Keys, elsewhere: Keys) -> None:
    made = await elsewhere.create("one", [Scope.INGEST])

    assert (await keys.authenticate(made.key)).tenant == "one"


async def test_a_secret_has_256_bits_and_fits_a_header_and_an_address(keys: Keys) -> None:
    made = [await keys.create("one", [Scope.INGEST]) for _ in range(20)]
    secrets = {issued_key.key.removeprefix(f"wl_{issued_key.key_id}_") for issued_key in made}

    assert len(secrets) == len({issued_key.key_id for issued_key in made}) == 20
    assert all(len(secret) == 43 for secret in secrets)  # 43 signs of base64 carry 258 bits
    assert all(secret.replace("_", "").replace("-", "").isalnum() and secret.isascii() for secret in secrets)


@pytest.mark.parametrize(
    "garbled",
    [
        "",
        "wl_",
        "nonsense",
        "wl_0123456789abcdef_" + "A" * 43,
        "wl_0123456789abcdef_" + "A" * 42 + "ä",
        "sk_0123456789abcdef_" + "A" * 43,
        "wl_" + "a" * 100_000,
    ],
)
async def test_what_is_no_key_of_ours_is_refused(keys: Keys, garbled: str) -> None:
    await keys.create("one", [Scope.INGEST])

    await refused(keys, garbled, saying="not known")


async def test_a_key_with_one_sign_changed_added_or_lost_is_refused(keys: Keys) -> None:
    key = (await keys.create("one", [Scope.INGEST])).key
    last = "B" if key[-1] == "A" else "A"

    for garbled in (key[:-1] + last, key + "A", key[:-1], key.upper(), " " + key, key + "\n"):
        await refused(keys, garbled, saying="not known")
    assert (await keys.authenticate(key)).tenant == "one"


async def test_an_expired_key_is_refused_from_that_moment_on(keys: Keys, clock: Clock) -> None:
    made = await keys.create("one", [Scope.INGEST], lifetime=DAY)

    clock.now = START + DAY - A_MOMENT
    await keys.authenticate(made.key)
    clock.now = START + DAY
    await refused(keys, made.key, saying="expired on 2026-03-03")


async def test_a_revoked_key_is_refused_and_stays_revoked_since_the_first_time(keys: Keys, clock: Clock) -> None:
    made = await keys.create("one", [Scope.INGEST])
    await keys.authenticate(made.key)

    await keys.revoke(made.key_id)
    await refused(keys, made.key, saying="revoked on 2026-03-02")
    clock.now += DAY
    assert (await keys.revoke(made.key_id)).revoked_at == START


async def test_a_key_revoked_by_another_process_is_refused_after_half_a_minute(
    keys: Keys, elsewhere: Keys, clock: Clock
) -> None:
    made = await keys.create("one", [Scope.INGEST])
    await keys.authenticate(made.key)
    await elsewhere.revoke(made.key_id)

    clock.now += REMEMBERED_FOR - A_MOMENT
    await keys.authenticate(made.key)  # remembered: no request reads the database for it
    clock.now += A_MOMENT
    await refused(keys, made.key, saying="revoked")


async def test_a_clock_that_is_set_back_keeps_no_revoked_key_alive(keys: Keys, elsewhere: Keys, clock: Clock) -> None:
    made = await keys.create("one", [Scope.INGEST])
    await keys.authenticate(made.key)
    await elsewhere.revoke(made.key_id)

    clock.now -= DAY
    await refused(keys, made.key, saying="revoked")


async def test_a_rotated_key_works_beside_its_successor_until_its_grace_ends(keys: Keys, clock: Clock) -> None:
    old = await keys.create("one", [Scope.INGEST, Scope.ACTIONS], label="the app")
    new = await keys.rotate(old.key_id, grace=GRACE)

    assert (new.tenant, new.scopes, new.label, new.expires_at) == (old.tenant, old.scopes, "the app", None)
    assert new.key_id != old.key_id
    clock.now += GRACE - A_MOMENT
    assert (await keys.authenticate(old.key)).scopes == (await keys.authenticate(new.key)).scopes
    clock.now += A_MOMENT
    await refused(keys, old.key, saying="expired")
    assert (await keys.authenticate(new.key)).tenant == "one"


async def test_a_rotated_key_gets_the_lifetime_of_the_old_one_which_gets_no_longer_life(
    keys: Keys, clock: Clock
) -> None:
    old = await keys.create("one", [Scope.INGEST], lifetime=90 * DAY)
    clock.now = START + 89.5 * DAY
    new = await keys.rotate(old.key_id, grace=2 * DAY)

    assert new.expires_at == START + 179.5 * DAY
    clock.now = START + 90 * DAY
    await refused(keys, old.key, saying="expired")


async def test_a_rotation_without_grace_ends_the_old_key_at_once(keys: Keys) -> None:
    old = await keys.create("one", [Scope.INGEST])
    await keys.authenticate(old.key)
    await keys.rotate(old.key_id, grace=timedelta(0))

    await refused(keys, old.key, saying="expired")


async def test_a_key_that_has_ended_or_was_rotated_cannot_be_rotated(keys: Keys, clock: Clock) -> None:
    revoked = await keys.create("one", [Scope.INGEST])
    await keys.revoke(revoked.key_id)
    rotated = await keys.create("one", [Scope.INGEST])
    successor = await keys.rotate(rotated.key_id, grace=GRACE)
    expired = await keys.create("one", [Scope.INGEST], lifetime=A_MOMENT)
    clock.now += A_MOMENT

    with pytest.raises(InvalidRequest, match="revoked"):
        await keys.rotate(revoked.key_id, grace=GRACE)
    with pytest.raises(InvalidRequest, match=successor.key_id):
        await keys.rotate(rotated.key_id, grace=GRACE)
    with pytest.raises(InvalidRequest, match="expired"):
        await keys.rotate(expired.key_id, grace=GRACE)
    assert len(await keys.list()) == 4


async def test_an_unknown_key_can_be_neither_rotated_nor_revoked(keys: Keys) -> None:
    with pytest.raises(NotFound, match="keys list"):
        await keys.rotate("0123456789abcdef", grace=GRACE)
    with pytest.raises(NotFound, match="keys list"):
        await keys.revoke("0123456789abcdef")


@pytest.mark.parametrize(
    ("tenant", "scopes", "label", "lifetime", "path"),
    [
        ("", [Scope.INGEST], "", None, "tenant"),
        ("two words", [Scope.INGEST], "", None, "tenant"),
        ("line\n", [Scope.INGEST], "", None, "tenant"),
        ("t" * 129, [Scope.INGEST], "", None, "tenant"),
        ("one", [], "", None, "scopes"),
        ("one", [Scope.INGEST], "l" * 201, None, "label"),
        ("one", [Scope.INGEST], "", timedelta(0), "lifetime"),
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(
    keys: Keys, tenant: str, scopes: list[Scope], label: str, lifetime: timedelta | None, path: str
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        await keys.create(tenant, scopes, label=label, lifetime=lifetime)

    assert [error["path"] for error in raised.value.errors] == [path]
    assert list(await keys.list()) == []


async def test_the_list_shows_every_tenants_keys_and_no_secret(keys: Keys, clock: Clock) -> None:
    first = await keys.create("two", [Scope.INGEST], label="the app")
    clock.now += DAY
    second = await keys.create("one", [Scope.ADMIN], lifetime=8 * DAY)
    await keys.revoke(first.key_id)

    listed = await keys.list()

    assert listed == [
        ApiKey(
            key_id=first.key_id,
            tenant="two",
            scopes=(Scope.INGEST,),
            label="the app",
            created_at=START,
            revoked_at=START + DAY,
        ),
        ApiKey(
            key_id=second.key_id,
            tenant="one",
            scopes=(Scope.ADMIN,),
            created_at=START + DAY,
            expires_at=START + 9 * DAY,
        ),
    ]


async def test_when_a_key_was_last_used_is_noted_every_ten_minutes(store: SqlStore, clock: Clock) -> None:
    made = await Keys(store, now=clock).create("one", [Scope.INGEST])
    keys = Keys(store, now=clock)

    async def last_used() -> datetime | None:
        await keys.close()
        return (await keys.list())[0].last_used_at

    assert await last_used() is None
    await keys.authenticate(made.key)
    assert await last_used() == START
    clock.now += USES_NOTED_EVERY - A_MOMENT
    await keys.authenticate(made.key)
    assert await last_used() == START
    clock.now += A_MOMENT
    await keys.authenticate(made.key)
    assert await last_used() == START + USES_NOTED_EVERY


async def test_a_refused_key_counts_as_no_use(keys: Keys) -> None:
    made = await keys.create("one", [Scope.INGEST])
    await refused(keys, made.key[:-1] + ("B" if made.key[-1] == "A" else "A"), saying="not known")
    await keys.close()

    assert (await keys.list())[0].last_used_at is None


async def test_keys_are_configured_once_one_was_made_and_also_when_all_are_revoked(
    store: SqlStore, keys: Keys, elsewhere: Keys, clock: Clock
) -> None:
    assert await keys.any_configured() is False
    made = await elsewhere.create("one", [Scope.INGEST])
    assert await elsewhere.any_configured() is True
    clock.now += REMEMBERED_FOR
    assert await keys.any_configured() is True
    await keys.revoke(made.key_id)
    assert await keys.any_configured() is True
    assert await Keys(store, now=clock).any_configured() is True


async def test_only_so_many_keys_are_remembered_and_the_list_goes_past_one_page(clock: Clock) -> None:
    archive = MemoryArchive()
    keys, elsewhere = Keys(archive, now=clock), Keys(archive, now=clock)
    made = [await keys.create("one", [Scope.INGEST]) for _ in range(MOST_REMEMBERED + 1)]
    await keys.authenticate(made[0].key)
    await keys.authenticate(made[1].key)
    for issued_key in made[:2]:
        await elsewhere.revoke(issued_key.key_id)

    for issued_key in made[2:]:
        await keys.authenticate(issued_key.key)

    await keys.authenticate(made[1].key)
    await refused(keys, made[0].key, saying="revoked")
    assert len(await keys.list()) == len(made)
    await keys.close()


async def test_the_secret_is_nowhere_on_disk_in_the_log_or_in_what_is_printed_of_a_key(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = SqlStore(f"sqlite:///{tmp_path / 'ledger.db'}")
    keys = Keys(store, now=clock)
    made = await keys.create("one", [Scope.INGEST])
    await keys.authenticate(made.key)
    rotated = await keys.rotate(made.key_id, grace=GRACE)
    await keys.revoke(made.key_id)
    await keys.close()

    def on_disk() -> bytes:
        return b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())

    while_open = on_disk()
    await store.close()
    for issued_key in (made, rotated):
        secret = issued_key.key.removeprefix(f"wl_{issued_key.key_id}_")
        for written in (while_open, on_disk()):
            assert secret.encode() not in written
            assert hashlib.sha256(secret.encode()).hexdigest().encode() in written
        assert secret not in caplog.text
        assert secret not in repr(issued_key)
