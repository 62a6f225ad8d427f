"""Has a model rank the next actions of a conversation as soon as its customer writes, for bots that ask every time.

Whoever asked for the next action in a conversation will probably ask again after the customer's next message. The model
is asked then at once, as that request will ask it, and the request finds the answer or waits for it. Nothing is filed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from contextvars import Context
from time import monotonic

from cachetools import TTLCache

from app.errors import WarmlineError
from app.models import Actor, Decision, Kind, NextActionRequest, Snapshot
from app.services.parts import Parts

_log = logging.getLogger(__name__)

ASKED_LATELY_S = 600.0
MOST_CONVERSATIONS = 10_000
# A bot waits for its request's deadline; what is begun ahead may take so long.
PATIENCE_MS = 10_000
BUDGET_WINDOW_S = 60

Rehearse = Callable[[str, NextActionRequest], Awaitable[object]]
ConversationKey = tuple[str, str]


class RankingsAhead:
    """Begins rankings in the event loop of whoever notes interactions, until it is closed."""

    def __init__(self, parts: Parts, rehearse: Rehearse) -> None:
        self._parts = parts
        self._rehearse = rehearse
        self._requests = TTLCache[ConversationKey, tuple[str, NextActionRequest]](
            MOST_CONVERSATIONS, ASKED_LATELY_S, timer=monotonic
        )
        self._tasks: dict[ConversationKey, asyncio.Task[None]] = {}

    @property
    def working(self) -> bool:
        """Whether anything is ranked ahead."""
        return self._parts.decisions.ranks_by_model and self._parts.draft_ahead != "off"

    def asked(self, tenant: str, request: NextActionRequest, decision: Decision) -> None:
        """Somebody asked for the next action in a conversation."""
        if self.working and decision.conversation_id is not None and request.now is None:
            patient = request.model_copy(update={"deadline_ms": PATIENCE_MS})
            self._requests[tenant, decision.conversation_id] = (decision.customer_id, patient)

    def note(self, tenant: str, window: Snapshot, fresh: Collection[str]) -> None:
        """Something was said or done in a conversation; never waits."""
        if not self.working or window.conversation_id is None:
            return
        conversation = (tenant, window.conversation_id)
        spoke = any(
            row.interaction_id in fresh and row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE
            for row in window.conversation
        )
        if spoke and (asked := self._requests.get(conversation)) is not None:
            self._end(conversation)
            work = self._rank(conversation, asked[1])
            self._tasks[conversation] = asyncio.get_running_loop().create_task(work, context=Context())

    def forget(self, tenant: str, customer_id: str) -> None:
        """Rank nothing ahead of a customer of whom something was erased."""
        theirs = [
            conversation
            for conversation, (owner, _) in list(self._requests.items())
            if (conversation[0], owner) == (tenant, customer_id)
        ]
        for conversation in theirs:
            self._requests.pop(conversation, None)
            self._end(conversation)

    async def close(self) -> None:
        """End what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _rank(self, conversation: ConversationKey, request: NextActionRequest) -> None:
        tenant = conversation[0]
        try:
            most = self._parts.drafts_per_minute
            if await self._parts.rate_limits.may_send(f"rankings {tenant}", most, seconds=BUDGET_WINDOW_S):
                await self._rehearse(tenant, request)
        except WarmlineError as failure:
            _log.warning("a ranking is not made ahead: %s", failure.detail)
        except Exception as failure:  # noqa: BLE001 - the request asks the model itself
            _log.warning("a ranking is not made ahead: %s", type(failure).__name__)
        finally:
            if self._tasks.get(conversation) is asyncio.current_task():
                del self._tasks[conversation]

    def _end(self, conversation: ConversationKey) -> None:
        with suppress(KeyError):
            self._tasks.pop(conversation).cancel()
