"""Signed tokens: one secret for all workers, and nothing that was changed, misused or is over."""

from datetime import UTC, datetime, timedelta

import pytest

from app.adapters.memory import MemoryArchive
from app.errors import Unauthorized
from app.signing import Signatures

HOUR = timedelta(hours=1)


async def test_what_one_worker_signs_another_reads_until_it_expires() -> None:
    archive, now = MemoryArchive(), datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    signer, reader = Signatures(archive, now=lambda: now), Signatures(archive, now=lambda: now)

    token, expires_at = await signer.sign("card", {"handoff": "hnd_1"}, lifetime=HOUR)

    assert await reader.read("card", token) == ({"handoff": "hnd_1"}, expires_at)
    assert expires_at == now + HOUR
    now += HOUR
    with pytest.raises(Unauthorized, match="expired"):
        await reader.read("card", token)


async def test_a_token_is_good_for_its_purpose_only_and_as_it_was_signed() -> None:
    signatures = Signatures(MemoryArchive())
    token, _ = await signatures.sign("card", {"handoff": "hnd_1"}, lifetime=HOUR)
    payload, _, signature = token.rpartition(".")

    for purpose, wrong in (("session", token), ("card", f"{payload}x.{signature}"), ("card", payload), ("card", "")):
        with pytest.raises(Unauthorized, match="not signed here"):
            await signatures.read(purpose, wrong)


async def test_another_services_token_is_void() -> None:
    token, _ = await Signatures(MemoryArchive()).sign("card", {"handoff": "hnd_1"}, lifetime=HOUR)

    with pytest.raises(Unauthorized):
        await Signatures(MemoryArchive()).read("card", token)


async def test_a_token_fits_into_an_address() -> None:
    token, _ = await Signatures(MemoryArchive()).sign("card", {"tenant": "ü/?#&=" * 20}, lifetime=HOUR)

    assert all(character.isascii() and (character.isalnum() or character in "-_.") for character in token)
