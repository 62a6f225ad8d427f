"""Follows what was just said until its vectors are made, and tells what only they bring to light.

The answer to whoever records a message holds what needs no vector; a question that is asked again in other words is
told here, within a second or two. Nothing is worked out while nobody listens.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from cachetools import FIFOCache

from app.errors import WarmlineError
from app.models import Actor, Kind, Snapshot
from app.retrieval import MeaningReader

_log = logging.getLogger(__name__)

LOOK_S = 0.5
# In a rush the newest conversations are followed, and those for which vectors come too late are left.
MOST_CONVERSATIONS = 500
MOST_AT_ONCE = 25
GIVEN_UP_AFTER_S = 30.0

# Whether anybody wants to hear of a tenant, and what is done once the vectors of fresh messages are there.
Heard = Callable[[str], Awaitable[bool]]
Tell = Callable[[str, str, Collection[str]], Awaitable[None]]


@dataclass(slots=True)
class _Fresh:
    until: float
    customer_id: str
    ids: set[str] = field(default_factory=set[str])


class SemanticSignals:
    """Follows the conversations of all tenants that this process files."""

    def __init__(self, meanings: MeaningReader, heard: Heard, tell: Tell) -> None:
        self._meanings = meanings
        self._heard = heard
        self._tell = tell
        self._fresh: FIFOCache[tuple[str, str], _Fresh] = FIFOCache(maxsize=MOST_CONVERSATIONS)
        self._woken = asyncio.Event()

    def note(self, tenant: str, window: Snapshot, fresh: Collection[str]) -> None:
        """Something was said in a conversation; never waits."""
        message_ids = {
            row.interaction_id
            for row in window.conversation
            if row.interaction_id in fresh and row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE and row.text
        }
        if not message_ids or window.conversation_id is None:
            return
        conversation = (tenant, window.conversation_id)
        followed = self._fresh.pop(conversation, None) or _Fresh(0.0, "")
        followed.until, followed.customer_id = monotonic() + GIVEN_UP_AFTER_S, window.customer.customer_id
        followed.ids |= message_ids
        self._fresh[conversation] = followed
        self._woken.set()

    def forget(self, tenant: str, customer_id: str) -> None:
        """Follow no conversation of this customer any more."""
        theirs = [
            conversation
            for conversation, followed in self._fresh.items()
            if (conversation[0], followed.customer_id) == (tenant, customer_id)
        ]
        for conversation in theirs:
            del self._fresh[conversation]

    async def follow(self) -> None:
        """Look every so often, for good."""
        while True:
            if not self._fresh:
                self._woken.clear()
                await self._woken.wait()
            await asyncio.sleep(LOOK_S)
            try:
                await self._look()
            except Exception as failure:  # noqa: BLE001 - what is said next is followed all the same
                _log.warning("what was said is not followed: %s", type(failure).__name__)

    async def _look(self) -> None:
        for conversation in list(self._fresh)[-MOST_AT_ONCE:]:
            tenant, conversation_id = conversation
            followed = self._fresh.get(conversation)
            if followed is None:
                continue
            if followed.until < monotonic() or not await self._heard(tenant):
                self._fresh.pop(conversation, None)
                continue
            meanings = await self._meanings.of_messages(tenant, list(followed.ids))
            if meanings:
                followed.ids -= meanings.keys()
                with suppress(WarmlineError):  # erased meanwhile
                    await self._tell(tenant, conversation_id, meanings.keys())
            if not followed.ids:
                self._fresh.pop(conversation, None)
