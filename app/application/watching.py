"""The verbs of those who watch friction: asked for, and told of the moment it happens."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from time import perf_counter
from typing import NamedTuple

from cachetools import LRUCache

from app.announcements import heard
from app.application.administration import Administration
from app.application.answers import ConversationFriction, ConversationSignals
from app.application.following import Following
from app.application.parts import Parts
from app.application.waiting import Waiting
from app.errors import UnknownConversation
from app.models import (
    Announcement,
    Friction,
    Handoff,
    InterventionLevel,
    IssuedWebhook,
    Ladder,
    Signal,
    SignalType,
    Snapshot,
    Topic,
    Webhook,
    WebhookDraft,
)
from app.signals import course, detect, explained, intervene, strain_at

_LONGEST_CONVERSATION = 1000
# Of the customer's other conversations only the newest can tell of a change of channel or of something said again.
_NEWEST_OF_OTHERS = 100
_MOST_CONVERSATIONS = 10_000
_LEVELS = tuple(InterventionLevel)
_BY_WAITING = frozenset({SignalType.SILENCE, SignalType.DELAYED_REPLY, SignalType.HESITATION})


class _Seen(NamedTuple):
    customer_id: str
    snapshot: Snapshot
    as_of_seq: int


class Watching(Administration):
    """What an App tells about friction beside its answers to others."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        # By tenant and conversation: whose it is, and how forward it was last.
        self._levels: LRUCache[tuple[str, str], tuple[str, InterventionLevel]] = LRUCache(_MOST_CONVERSATIONS)
        self._waiting = Waiting(parts.ledger, parts.archive, self._tell_what_waiting_showed)
        self._following = Following(parts.meanings, parts.announcer.is_heard, self._tell_what_was_meant)

    async def conversation_signals(
        self, tenant: str, conversation_id: str, *, now: datetime | None = None
    ) -> ConversationSignals:
        """The signals of one conversation as they stood at a moment, by default now. Raises UnknownConversation."""
        started = perf_counter()
        seen = await self._seen(tenant, conversation_id, now or datetime.now(UTC))
        ladder, meanings = await self._ladder(tenant), await self._parts.meanings.of(seen.snapshot)

        def judged() -> tuple[tuple[Signal, ...], Friction]:
            signals = detect(seen.snapshot, vectors=meanings)
            return signals, explained(signals, seen.snapshot.now, strain_at(seen.snapshot), ladder=ladder)

        signals, friction = await asyncio.to_thread(judged)
        return ConversationSignals(
            conversation_id=conversation_id,
            customer_id=seen.customer_id,
            signals=signals,
            friction=friction,
            as_of_seq=seen.as_of_seq,
            duration_ms=round((perf_counter() - started) * 1000),
        )

    async def conversation_friction(self, tenant: str, conversation_id: str) -> ConversationFriction:
        """How a conversation stood at each of its customer's messages, by what was known then.

        Raises UnknownConversation.
        """
        started = perf_counter()
        seen = await self._seen(tenant, conversation_id, datetime.now(UTC))
        ladder, meanings = await self._ladder(tenant), await self._parts.meanings.of(seen.snapshot)
        return ConversationFriction(
            conversation_id=conversation_id,
            customer_id=seen.customer_id,
            moments=await asyncio.to_thread(lambda: tuple(course(seen.snapshot, ladder, meanings))),
            as_of_seq=seen.as_of_seq,
            duration_ms=round((perf_counter() - started) * 1000),
        )

    def listening(
        self, tenant: str, *, after: str | None = None
    ) -> AbstractAsyncContextManager[asyncio.Queue[Announcement | None]]:
        """What happens from now on in this process, as a queue that None ends; see Announcer.listening."""
        return self._parts.announcer.listening(tenant, after=after)

    async def register_webhook(self, tenant: str, draft: WebhookDraft) -> IssuedWebhook:
        """A new webhook with its secret. Raises InvalidRequest for a URL to which nothing may be sent."""
        return await self._parts.announcer.register(tenant, draft)

    async def webhooks(self, tenant: str) -> Sequence[Webhook]:
        """A tenant's webhooks, the oldest first."""
        return await self._parts.announcer.webhooks(tenant)

    async def remove_webhook(self, tenant: str, webhook_id: str) -> None:
        """End a webhook. Raises NotFound."""
        await self._parts.announcer.remove(tenant, webhook_id)

    async def forget_customer_texts(self, tenant: str, customer_id: str | None = None) -> None:
        """Keep nothing in this process of an erased customer's words; without one, of something else that was erased.

        Whoever erased in this process has it called; it is for other processes to call when they hear of an erasure.
        """
        if customer_id is not None:
            self._waiting.forget(tenant, customer_id)
            self._following.forget(tenant, customer_id)
            for place in [one for one, level in self._levels.items() if (one[0], level[0]) == (tenant, customer_id)]:
                del self._levels[place]
        await super().forget_customer_texts(tenant, customer_id)

    def start_watching(self) -> None:
        """Look again at conversations from now on. Needs a running event loop."""
        self._waiting.start()
        self._waiting.in_background(self._following.follow())

    def announce(
        self, tenant: str, windows: Sequence[Snapshot], signals: Sequence[Signal], fresh: Collection[str]
    ) -> None:
        """Tell of what just fired; what else the conversations show is worked out in the background."""
        if not self._parts.announcer.working:
            return
        self._parts.announcer.publish(tenant, [_of_signal(signal) for signal in signals])
        for window in windows:
            self._waiting.note(tenant, window)
            self._following.note(tenant, window, fresh)
        if windows and self._parts.announcer.may_want(tenant, Topic.FRICTION_THRESHOLD):
            self._waiting.in_background(self._announce_levels(tenant, windows))

    def announce_handoff(self, tenant: str, handoff: Handoff) -> None:
        """Tell that a handoff is ready, without what is in it: whoever may read it fetches it."""
        fields = {"handoff_id", "customer_id", "conversation_id", "status", "engine", "as_of_seq"}
        data = handoff.model_dump(mode="json", include=fields)
        one = heard(Topic.HANDOFF_READY, handoff.handoff_id, handoff.customer_id, data)
        self._parts.announcer.publish(tenant, [one])

    async def end_announcements(self) -> None:
        """Check nothing any more, and stop telling."""
        await self._waiting.close()
        await self._parts.announcer.close()

    async def _announce_levels(self, tenant: str, windows: Sequence[Snapshot]) -> None:
        wanted = await self._parts.announcer.wants(tenant, Topic.FRICTION_THRESHOLD)
        ladder = await self._ladder(tenant)
        for window in windows if wanted else ():
            if window.conversation_id is None:
                continue
            signals = await asyncio.to_thread(detect, window)
            decided = intervene(signals, window.now, strain_at(window), ladder=ladder)
            place = (tenant, window.conversation_id)
            before = self._levels[place][1] if place in self._levels else InterventionLevel.WAIT
            self._levels[place] = (window.customer.customer_id, decided.level)
            if _LEVELS.index(decided.level) > _LEVELS.index(before):
                customer_id = window.customer.customer_id
                newest = window.conversation[-1].interaction_id
                data = {
                    "customer_id": customer_id,
                    "conversation_id": window.conversation_id,
                    "previous_level": before,
                    **decided.model_dump(mode="json"),
                }
                told = f"{newest} {decided.level}"
                self._parts.announcer.publish(tenant, [heard(Topic.FRICTION_THRESHOLD, told, customer_id, data)])

    async def _tell_what_waiting_showed(self, tenant: str, conversation_id: str) -> tuple[str, str]:
        """Tell of silence and the like; names the newest interaction and whose it is."""
        seen = await self._seen(tenant, conversation_id, datetime.now(UTC))
        newest = seen.snapshot.conversation[-1].interaction_id
        signals = await asyncio.to_thread(detect, seen.snapshot)
        # What ends with the newest interaction is what has come true by waiting; the rest was told as it fired.
        waited = [one for one in signals if one.type in _BY_WAITING and one.evidence == (newest,)]
        self._parts.announcer.publish(tenant, [_of_signal(signal) for signal in waited])
        return newest, seen.customer_id

    async def _tell_what_was_meant(self, tenant: str, conversation_id: str, fresh: Collection[str]) -> None:
        """Tell of what these messages show by their meaning; what their words show was told as they came."""
        seen = await self._seen(tenant, conversation_id, datetime.now(UTC))
        meanings = await self._parts.meanings.of(seen.snapshot)

        def meant() -> list[Signal]:
            by_words = {one.signal_id for one in detect(seen.snapshot, fresh=fresh)}
            found = detect(seen.snapshot, fresh=fresh, vectors=meanings)
            return [one for one in found if one.signal_id not in by_words]

        signals = await asyncio.to_thread(meant)
        self._parts.announcer.publish(tenant, [_of_signal(signal) for signal in signals])

    async def _ladder(self, tenant: str) -> Ladder:
        return await self._parts.decisions.ladder(tenant) or self._parts.ladder

    async def _seen(self, tenant: str, conversation_id: str, now: datetime) -> _Seen:
        head = await self._parts.ledger.head(tenant)
        seat = await self._parts.ledger.seat_of(tenant, conversation_id)
        if seat is None:
            raise UnknownConversation(f"No interaction of this tenant belongs to the conversation {conversation_id!r}.")
        snapshot = await self._parts.gatherer.window(
            tenant, seat.identity_id, conversation_id, limit=_LONGEST_CONVERSATION, now=now
        )
        newest = await self._parts.ledger.interactions(
            tenant, snapshot.customer.identity_ids, up_to_seq=head, limit=_NEWEST_OF_OTHERS, newest_first=True
        )
        others = tuple(row for row in reversed(newest) if row.conversation_id != conversation_id)
        return _Seen(seat.customer_id, snapshot.model_copy(update={"prior": others}), head)


def _of_signal(signal: Signal) -> Announcement:
    data = signal.model_dump(mode="json")
    return heard(Topic.SIGNAL_FIRED, signal.signal_id, signal.customer_id, data)
