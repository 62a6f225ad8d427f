"""The verbs of those who watch friction: asked for, and told of the moment it happens."""

import asyncio
import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime
from time import perf_counter
from typing import NamedTuple

from app.announcements import heard
from app.briefs import Rest
from app.errors import UnknownConversation, WarmlineError
from app.models import (
    Announcement,
    DeliveryPage,
    DeliveryStatus,
    Erased,
    Friction,
    Handoff,
    HandoffRequest,
    Interaction,
    IssuedWebhook,
    Ladder,
    Redelivery,
    RetentionRun,
    RotatedWebhook,
    Signal,
    Snapshot,
    Topic,
    Webhook,
    WebhookDraft,
)
from app.ports import MergeRecord
from app.ports.bus import ERASED, KEY_CHANGED, MISSED, Message
from app.services.administration import Administration
from app.services.answers import ConversationFriction, ConversationSignals
from app.services.drafts import Drafts
from app.services.leftover_arrivals import LeftOverArrivals
from app.services.parts import Parts
from app.services.revisions import Revisions, ready
from app.services.semantic_signals import Following
from app.services.silence_timers import Waiting
from app.signals import came_by_waiting, course, crossing_of, detect, explained, strain_at

_log = logging.getLogger(__name__)

_LONGEST_CONVERSATION = 1000
# Of the customer's other conversations only the newest can tell of a change of channel or of something said again.
_NEWEST_OF_OTHERS = 100


class _ConversationSnapshot(NamedTuple):
    customer_id: str
    snapshot: Snapshot
    as_of_seq: int


class Watching(Administration, ABC):
    """What an App tells about friction beside its answers to others."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._origin = secrets.token_hex(8)
        self._waiting = Waiting(parts.ledger, self._tell_what_waiting_showed)
        parts.announcer.connect(parts.bus)
        parts.bus.subscribe(KEY_CHANGED, lambda message: parts.keys.forget(str(message["key_id"])))
        parts.bus.subscribe(ERASED, self._hear_of_erasure)
        parts.bus.subscribe(MISSED, self._hear_of_a_gap)
        self._following = Following(parts.meanings, parts.announcer.is_heard, self._tell_what_was_meant)
        self._revisions = Revisions(parts)
        self._drafts = Drafts(parts, self.prepared, self._ladder)
        self._left_over = LeftOverArrivals(parts.ledger, parts.outbox, parts.windows, self._announce_arrivals)

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

    async def rotate_webhook(self, tenant: str, webhook_id: str) -> RotatedWebhook:
        """Give a webhook a new secret; the one before signs beside it for a day. Raises NotFound."""
        return await self._parts.announcer.rotate(tenant, webhook_id)

    async def deliveries(
        self,
        tenant: str,
        webhook_id: str,
        *,
        status: DeliveryStatus | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> DeliveryPage:
        """Messages to a webhook, the newest first. Raises NotFound, or InvalidRequest for a cursor not ours."""
        return await self._parts.announcer.deliveries(tenant, webhook_id, status=status, cursor=cursor, limit=limit)

    async def redeliver(self, tenant: str, webhook_id: str, message_ids: Collection[str] | None = None) -> Redelivery:
        """Send these messages again, or every one that was given up. Raises NotFound."""
        return await self._parts.announcer.redeliver(tenant, webhook_id, message_ids)

    async def erase(self, tenant: str, customer_id: str) -> Erased:
        """Forget a customer: nothing of them remains in any store or in memory. Raises UnknownCustomer."""
        erased = await super().erase(tenant, customer_id)
        self._tell_of_erasure(tenant, erased.customer_id)
        return erased

    async def apply_retention(
        self, *, tenant: str | None = None, now: datetime | None = None
    ) -> Sequence[RetentionRun]:
        """Erase what has been kept for longer than its rule allows, of one tenant or of all."""
        runs = await super().apply_retention(tenant=tenant, now=now)
        for run in runs:
            if any(run.erased.values()):
                self._tell_of_erasure(run.tenant, None)
        return runs

    async def forget_customer_texts(self, tenant: str | None, customer_id: str | None = None) -> None:
        """Keep nothing in this process of an erased customer's words; without one, of something else that was erased.

        Whoever erased in this process has it called; other processes hear of it on the bus.
        """
        if tenant is not None and customer_id is not None:
            self._waiting.forget(tenant, customer_id)
            self._following.forget(tenant, customer_id)
            self._revisions.forget(tenant, customer_id)
            self._drafts.forget(tenant, customer_id)
        await super().forget_customer_texts(tenant, customer_id)

    def _hear_of_erasure(self, message: Message) -> None:
        """Forget what another process erased; this one has forgotten what it erased itself."""
        if message["origin"] == self._origin:
            return
        customer_id = message["customer_id"]
        work = self.forget_customer_texts(str(message["tenant"]), None if customer_id is None else str(customer_id))
        self._waiting.in_background(work)

    def _hear_of_a_gap(self, _: Message) -> None:
        """Forget everybody's words: whose were erased elsewhere while the bus was lost, nobody tells any more."""
        self._waiting.in_background(self.forget_customer_texts(None))

    def _tell_of_erasure(self, tenant: str, customer_id: str | None) -> None:
        self._parts.bus.publish(ERASED, {"tenant": tenant, "customer_id": customer_id, "origin": self._origin})

    async def redact(self, tenant: str, interaction_id: str) -> tuple[Interaction, str]:
        """Blank one interaction; gives it as it is now and whose it is. Raises NotFound."""
        row, customer_id = await super().redact(tenant, interaction_id)
        self._drafts.forget(tenant, customer_id)  # the model may be at words that were blanked
        self._tell_of_erasure(tenant, customer_id)  # what was announced of this customer may quote it
        return row, customer_id

    async def merge(
        self, tenant: str, survivor: str, other: str, *, reason: str = "asked", evidence: Sequence[str] = ()
    ) -> MergeRecord:
        """Join two customers because somebody asked for it. Raises UnknownCustomer or IdentityConflict."""
        merge = await super().merge(tenant, survivor, other, reason=reason, evidence=evidence)
        await self._drafts.regrouped(tenant, (merge.survivor, merge.absorbed))
        return merge

    async def unmerge(self, tenant: str, customer_id: str, merge_id: str) -> MergeRecord:
        """Undo one joining of customers. Raises UnknownCustomer or NotFound."""
        merge = await super().unmerge(tenant, customer_id, merge_id)
        await self._drafts.regrouped(tenant, (merge.survivor, merge.absorbed))
        return merge

    def start_watching(self) -> None:
        """Look again at conversations from now on. Needs a running event loop."""
        self._parts.bus.start()
        self._waiting.start()
        self._waiting.in_background(self._following.follow())
        self._waiting.in_background(self._left_over.follow())
        self._revisions.start()
        self._drafts.start()

    async def announce(
        self, tenant: str, windows: Sequence[Snapshot], signals: Sequence[Signal], fresh: Collection[str]
    ) -> None:
        """Tell of what just fired; what else the conversations show is worked out in the background.

        When this returns, what webhooks are to hear of the signals is in the outbox, or their interactions are still
        noted as not announced.
        """
        announcer = self._parts.announcer
        if not announcer.working:
            return
        announcements = [_of_signal(signal) for signal in signals]
        noted = self._parts.recorder.noted(tenant)
        filed = not noted or await self._file_signals(tenant, announcements)
        if not noted or not filed:
            announcer.broadcast(tenant, announcements)
        for window in windows:
            self._waiting.note(tenant, window)
            self._following.note(tenant, window, fresh)
            self._drafts.note(tenant, window, signals, fresh)
        seen = {row.interaction_id for window in windows for row in window.conversation}
        if unseen := [interaction_id for interaction_id in fresh if interaction_id not in seen]:
            self._waiting.in_background(self._note_rows(tenant, unseen))
        if noted and filed and fresh:
            self._waiting.in_background(self._settle_arrivals(tenant, windows, fresh))

    def announce_handoff(self, tenant: str, handoff: Handoff) -> None:
        """Tell listeners that a handoff is ready; webhooks are told by what was filed with it."""
        self._parts.announcer.broadcast(tenant, [ready(handoff)])

    async def file_handoff(self, tenant: str, handoff: Handoff, rest: Rest | None) -> Handoff:
        """File a handoff, and with it what webhooks are told of it and what is still to come of it; gives it as filed.

        Raises Unavailable.
        """
        if rest is not None and self._revisions.working:
            return await self._revisions.open(tenant, handoff, rest)
        if rest is not None:
            self._parts.writer.abandon(rest)
        document = handoff.model_dump(mode="json")
        if self._parts.announcer.working:
            await self._parts.announcer.put_announced(tenant, "handoffs", handoff.handoff_id, document, ready(handoff))
        else:
            owner = handoff.customer_id
            await self._parts.archive.put(tenant, "handoffs", handoff.handoff_id, document, customer_id=owner)
        return handoff

    @abstractmethod
    async def prepared(self, tenant: str, request: HandoffRequest) -> tuple[Snapshot, Handoff]:
        """The case and its deterministic brief, for a model to word ahead of a handoff."""
        ...

    async def hand_on(self) -> None:
        """Go on with no handoff any more: whoever runs next takes up what is still to come."""
        await self._drafts.close()
        await self._revisions.close()

    async def end_announcements(self) -> None:
        """Check nothing any more, and stop telling."""
        await self.hand_on()
        await self._waiting.close()
        await self._parts.announcer.close()
        await self._parts.bus.close()

    async def _note_rows(self, tenant: str, interaction_ids: Collection[str]) -> None:
        with suppress(WarmlineError):  # the ledger is away: what is due is found when it is looked through
            await self._waiting.note_rows(tenant, interaction_ids)

    async def _file_signals(self, tenant: str, announcements: Sequence[Announcement]) -> bool:
        """File and tell; false when the database is away: what stays noted is announced later."""
        try:
            await self._parts.announcer.announce(tenant, announcements)
        except WarmlineError as failure:
            _log.warning("signals of tenant %s are filed for webhooks later: %s", tenant, failure.detail)
            return False
        return True

    async def _settle_arrivals(self, tenant: str, windows: Sequence[Snapshot], fresh: Collection[str]) -> None:
        await self._announce_levels(tenant, windows, fresh)
        self._parts.announcer.settle(tenant, fresh)

    async def _announce_arrivals(
        self, tenant: str, windows: Sequence[Snapshot], signals: Sequence[Signal], fresh: Collection[str]
    ) -> None:
        await self._parts.announcer.announce(tenant, [_of_signal(signal) for signal in signals])
        for window in windows:
            self._following.note(tenant, window, fresh)
        await self._settle_arrivals(tenant, windows, fresh)

    async def _announce_levels(self, tenant: str, windows: Sequence[Snapshot], fresh: Collection[str]) -> None:
        """Tell of each conversation that came to a higher level with what is fresh, once over all processes."""
        wanted = await self._parts.announcer.wants(tenant, Topic.FRICTION_THRESHOLD)
        ladder = await self._ladder(tenant)
        for window in windows if wanted else ():
            crossing = await asyncio.to_thread(crossing_of, window, fresh, ladder)
            if crossing is None or window.conversation_id is None:
                continue
            customer_id = window.customer.customer_id
            data = {
                "customer_id": customer_id,
                "conversation_id": window.conversation_id,
                "previous_level": crossing.previous_level,
                **crossing.intervention.model_dump(mode="json"),
            }
            announced = f"{crossing.interaction_id} {crossing.intervention.level}"
            announcement = heard(Topic.FRICTION_THRESHOLD, announced, customer_id, data)
            await self._parts.announcer.announce(
                tenant, [announcement], mark=f"level {crossing.interaction_id}", customer_id=customer_id
            )

    async def _tell_what_waiting_showed(self, tenant: str, conversation_id: str) -> None:
        """Tell of silence and the like, each signal once over all processes. Raises UnknownConversation."""
        seen = await self._seen(tenant, conversation_id, datetime.now(UTC))
        signals = await asyncio.to_thread(detect, seen.snapshot)
        for signal in signals:
            if came_by_waiting(signal, seen.snapshot):
                await self._parts.announcer.announce(
                    tenant,
                    [_of_signal(signal)],
                    mark=f"waited {signal.signal_id}",
                    customer_id=seen.customer_id,
                )

    async def _tell_what_was_meant(self, tenant: str, conversation_id: str, fresh: Collection[str]) -> None:
        """Tell of what these messages show by their meaning; what their words show was told as they came."""
        seen = await self._seen(tenant, conversation_id, datetime.now(UTC))
        meanings = await self._parts.meanings.of(seen.snapshot)

        def meant() -> list[Signal]:
            by_words = {signal.signal_id for signal in detect(seen.snapshot, fresh=fresh)}
            detected = detect(seen.snapshot, fresh=fresh, vectors=meanings)
            return [signal for signal in detected if signal.signal_id not in by_words]

        signals = await asyncio.to_thread(meant)
        await self._parts.announcer.announce(tenant, [_of_signal(signal) for signal in signals])

    async def _ladder(self, tenant: str) -> Ladder:
        return await self._parts.decisions.ladder(tenant) or self._parts.ladder

    async def _seen(self, tenant: str, conversation_id: str, now: datetime) -> _ConversationSnapshot:
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
        return _ConversationSnapshot(seat.customer_id, snapshot.model_copy(update={"prior": others}), head)


def _of_signal(signal: Signal) -> Announcement:
    data = signal.model_dump(mode="json")
    return heard(Topic.SIGNAL_FIRED, signal.signal_id, signal.customer_id, data)
