"""Friction: detected when somebody asks, and announced the moment it shows."""

import asyncio
import logging
from collections.abc import Collection, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, NamedTuple

from app.announcements import heard
from app.errors import UnknownConversation, WarmlineError
from app.models import Announcement, Friction, Signal, Snapshot, Topic, standing_rows
from app.services.answers import ConversationFriction, ConversationSignals
from app.services.drafts import Drafts
from app.services.leftover_arrivals import LeftOverArrivals
from app.services.parts import Parts
from app.services.rankings_ahead import RankingsAhead
from app.services.semantic_signals import SemanticSignals
from app.services.silence_timers import SilenceTimers
from app.signals import came_by_waiting, course, crossing_of, detect, explained, strain_at

_log = logging.getLogger(__name__)

_LONGEST_CONVERSATION = 1000
# Of the customer's other conversations only the newest can tell of a change of channel or of something said again.
_NEWEST_OF_OTHERS = 100


class _ConversationSnapshot(NamedTuple):
    customer_id: str
    snapshot: Snapshot
    as_of_seq: int


class SignalService:
    """Detects friction when asked, and announces it the moment it shows."""

    def __init__(self, parts: Parts, drafts: Drafts, rankings: RankingsAhead) -> None:
        self._parts = parts
        self._drafts = drafts
        self._rankings = rankings
        self._timers = SilenceTimers(parts.ledger, self._announce_waiting)
        parts.announcer.connect(parts.bus)
        self._semantic = SemanticSignals(parts.meanings, parts.announcer.is_heard, self._announce_meant)
        self._left_over = LeftOverArrivals(parts.ledger, parts.outbox, parts.windows, self._announce_arrivals)

    async def conversation_signals(
        self, tenant: str, conversation_id: str, *, now: datetime | None = None
    ) -> ConversationSignals:
        """The signals of one conversation as they stood at a moment, by default now. Raises UnknownConversation."""
        started = perf_counter()
        seen = await self._seen(tenant, conversation_id, now or datetime.now(UTC))
        ladder, meanings = await self._parts.ladder_of(tenant), await self._parts.meanings.of(seen.snapshot)

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
        ladder, meanings = await self._parts.ladder_of(tenant), await self._parts.meanings.of(seen.snapshot)
        return ConversationFriction(
            conversation_id=conversation_id,
            customer_id=seen.customer_id,
            moments=await asyncio.to_thread(lambda: tuple(course(seen.snapshot, ladder, meanings))),
            as_of_seq=seen.as_of_seq,
            duration_ms=round((perf_counter() - started) * 1000),
        )

    def start(self) -> None:
        """Look again at conversations from now on. Needs a running event loop."""
        self._timers.start()
        self._timers.in_background(self._semantic.follow())
        self._timers.in_background(self._left_over.follow())

    async def announce(
        self, tenant: str, windows: Sequence[Snapshot], signals: Sequence[Signal], fresh: Collection[str]
    ) -> None:
        """Tell of what just fired; what else the conversations show is worked out in the background.

        When this returns, what webhooks are to hear of the signals is in the outbox, or their interactions are still
        noted as not announced.
        """
        announcer = self._parts.announcer
        self._parts.meter.signals(signals)
        if not announcer.working:
            return
        announcements = [_of_signal(signal) for signal in signals]
        noted = self._parts.recorder.noted(tenant)
        filed = not noted or await self._file_signals(tenant, announcements)
        if not noted or not filed:
            announcer.broadcast(tenant, announcements)
        for window in windows:
            self._timers.note(tenant, window)
            self._semantic.note(tenant, window, fresh)
            self._drafts.note(tenant, window, signals, fresh)
            self._rankings.note(tenant, window, fresh)
        seen = {row.interaction_id for window in windows for row in window.conversation}
        if unseen := [interaction_id for interaction_id in fresh if interaction_id not in seen]:
            self._timers.in_background(self._note_rows(tenant, unseen))
        if noted and filed and fresh:
            self._timers.in_background(self._settle_arrivals(tenant, windows, fresh))

    def forget(self, tenant: str, customer_id: str) -> None:
        """Look again at no conversation of a customer who was erased."""
        self._timers.forget(tenant, customer_id)
        self._semantic.forget(tenant, customer_id)

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside everything else; it ends when the service does."""
        self._timers.in_background(work)

    async def close(self) -> None:
        """Look at no conversation any more, and stop announcing."""
        await self._timers.close()

    async def _note_rows(self, tenant: str, interaction_ids: Collection[str]) -> None:
        with suppress(WarmlineError):  # the ledger is away: what is due is found when it is looked through
            await self._timers.note_rows(tenant, interaction_ids)

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
            self._semantic.note(tenant, window, fresh)
        await self._settle_arrivals(tenant, windows, fresh)

    async def _announce_levels(self, tenant: str, windows: Sequence[Snapshot], fresh: Collection[str]) -> None:
        """Tell of each conversation that came to a higher level with what is fresh, once over all processes."""
        wanted = await self._parts.announcer.wants(tenant, Topic.FRICTION_THRESHOLD)
        ladder = await self._parts.ladder_of(tenant)
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

    async def _announce_waiting(self, tenant: str, conversation_id: str) -> None:
        """Tell of silence and the like, each signal once over all processes. Raises UnknownConversation."""
        seen = await self._seen(tenant, conversation_id, datetime.now(UTC))
        signals = await asyncio.to_thread(detect, seen.snapshot)
        for signal in signals:
            if came_by_waiting(signal, seen.snapshot):
                self._parts.meter.signals([signal])
                await self._parts.announcer.announce(
                    tenant,
                    [_of_signal(signal)],
                    mark=f"waited {signal.signal_id}",
                    customer_id=seen.customer_id,
                )

    async def _announce_meant(self, tenant: str, conversation_id: str, fresh: Collection[str]) -> None:
        """Tell of what these messages show by their meaning; what their words show was told as they came."""
        seen = await self._seen(tenant, conversation_id, datetime.now(UTC))
        meanings = await self._parts.meanings.of(seen.snapshot)

        def meant() -> list[Signal]:
            by_words = {signal.signal_id for signal in detect(seen.snapshot, fresh=fresh)}
            detected = detect(seen.snapshot, fresh=fresh, vectors=meanings)
            return [signal for signal in detected if signal.signal_id not in by_words]

        signals = await asyncio.to_thread(meant)
        self._parts.meter.signals(signals)
        await self._parts.announcer.announce(tenant, [_of_signal(signal) for signal in signals])

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
        others = tuple(row for row in standing_rows(reversed(newest)) if row.conversation_id != conversation_id)
        return _ConversationSnapshot(seat.customer_id, snapshot.model_copy(update={"prior": others}), head)


def _of_signal(signal: Signal) -> Announcement:
    data = signal.model_dump(mode="json")
    return heard(Topic.SIGNAL_FIRED, signal.signal_id, signal.customer_id, data)
