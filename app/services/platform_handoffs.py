"""Handoffs that a connector makes itself, when its platform hands a conversation to people.

Before a delivery is acknowledged, each of its rows by which a conversation may have gone to people, or by which that
may be seen otherwise, is asked about in the outbox; what comes of it is worked out when the message is sent, beside the
answers. So it survives a restart and is tried for a day. All rows of the conversation are judged together, in the order
in which they happened, and a handoff has an id that follows from its rows': deliveries that come again, or in another
order, make no second one. One that goes because a message it quotes is deleted is made anew, without the message.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from weakref import WeakValueDictionary

from app.announcements import heard
from app.connectors import CONNECTORS
from app.connectors.base import ON_TRANSFER, Escalating, handoff_setting
from app.errors import NotFound
from app.ids import Work, made_at, working
from app.models import (
    Announcement,
    ConnectorTask,
    Handoff,
    HandoffRequest,
    Interaction,
    InteractionDraft,
    Kind,
    LifecycleStep,
    Problem,
    Recorded,
)
from app.services.connector_store import ConnectorRecord
from app.services.parts import Parts
from app.services.revisions import ready
from app.services.ways_to_people import Way, is_of_server, order_of, step_of, ways_to_people

CONVERSATION_WINDOW = 1000
# What is older went its way long ago, whatever became of its handoff since.
MADE_WITHIN = timedelta(days=1)
_MOST_QUEUE = 256
# So many of the newest deletions of a conversation may each have had its handoffs made anew.
_MOST_DELETIONS = 20

Create = Callable[[str, HandoffRequest], Awaitable[Handoff]]


class PlatformHandoffs:
    """Makes the handoffs of connectors that are set to do so."""

    def __init__(self, parts: Parts, create: Create) -> None:
        self._parts = parts
        self._create = create
        self._at_work: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def ask(
        self, record: ConnectorRecord, drafts: Sequence[InteractionDraft | Problem], results: Sequence[Recorded]
    ) -> None:
        """File what is to be looked at of rows that were just filed. Raises Unavailable."""
        if handoff_setting(CONNECTORS[record.platform], record.values) != ON_TRANSFER:
            return
        tasks: list[Announcement] = []
        for draft, result in zip(drafts, results, strict=True):
            if isinstance(draft, Problem) or result.interaction_id is None or draft.conversation_id is None:
                continue
            if await self._may_change_ways(record, draft):
                tasks.append(_task(record, result.interaction_id, result.customer_id or ""))
        if tasks:
            await self._parts.outbox.file(record.tenant, tasks)
            self._parts.announcer.wake()

    async def make(self, record: ConnectorRecord, interaction_id: str) -> AsyncGenerator[Handoff]:
        """The handoffs that the conversation of a row calls for and that are not there, one after the other.

        None where it calls for none, or was erased. Raises as handoffs do.
        """
        rows = await self._parts.ledger.by_ids(record.tenant, [interaction_id])
        if not rows or rows[0].conversation_id is None:
            return
        lock = self._at_work.setdefault((record.tenant, rows[0].conversation_id), asyncio.Lock())
        # The rows of one transfer arrive together, and the second must see what the first led to.
        async with lock:
            try:
                talk = await self._conversation(record.tenant, rows[0])
                since = datetime.now(UTC) - MADE_WITHIN
                for way in ways_to_people(talk, _escalations(record)):
                    if not any(row == rows[0] or made_at(row.interaction_id) >= since for row in way):
                        continue
                    if (handoff := await self._made(record, way, talk, since)) is not None:
                        yield handoff
            except NotFound:  # erased meanwhile
                return

    async def _made(
        self, record: ConnectorRecord, way: Way, talk: Sequence[Interaction], since: datetime
    ) -> Handoff | None:
        """The handoff of a way, where it is new or was filed and not told of; None where there is nothing to do."""
        handoff = await self._filed(record.tenant, way, talk)
        if handoff is None:
            row = way[0]
            newest = max(_deletions(talk), key=lambda deletion: deletion.seq, default=None)
            with working(_work_of(row, newest)):
                handoff = await self._create(record.tenant, _request(row, talk))
        elif handoff.created_at < since:
            return None
        # A service that is about to stop files handoffs without their messages.
        mark = f"handed over {handoff.handoff_id}"
        is_new = await self._parts.outbox.file(
            record.tenant, [ready(handoff)], mark=mark, customer_id=handoff.customer_id
        )
        self._parts.announcer.wake()
        return handoff if is_new else None

    async def _filed(self, tenant: str, way: Way, talk: Sequence[Interaction]) -> Handoff | None:
        """The handoff that was made for any row of a way, at first or anew after a deletion."""
        deletions = sorted(_deletions(talk), key=lambda deletion: deletion.seq)[-_MOST_DELETIONS:]
        for row in way:
            for deletion in (None, *deletions):
                handoff_id = _work_of(row, deletion).id_of("hnd")
                document = await self._parts.archive.get(tenant, "handoffs", handoff_id)
                if document is not None:
                    return Handoff.model_validate(document)
        return None

    async def _conversation(self, tenant: str, row: Interaction) -> Sequence[Interaction]:
        customer = await self._parts.identities.customer(tenant, row.identity_id)
        rows = await self._parts.ledger.interactions(
            tenant,
            customer.identity_ids,
            conversation_id=row.conversation_id,
            limit=CONVERSATION_WINDOW,
            newest_first=True,
        )
        return sorted(rows, key=order_of)

    async def _may_change_ways(self, record: ConnectorRecord, draft: InteractionDraft) -> bool:
        """Whether a conversation's ways to people may be others by a row that was just filed, or lose a handoff.

        That is so for each row of a way, for what a bot or an agent said before one, where it comes late, and for what
        was taken back, which a handoff may quote.
        """
        escalations = _escalations(record)
        if step_of(draft, escalations) is not None:
            return True
        if draft.kind is not Kind.DELETION and not is_of_server(draft):
            return False
        steps = await self._steps(record, draft)
        if draft.kind is Kind.DELETION:
            return bool(steps)
        at = draft.occurred_at or datetime.now(UTC)
        return any(row.occurred_at >= at for row in steps)

    async def _steps(self, record: ConnectorRecord, draft: InteractionDraft) -> Sequence[Interaction]:
        """The rows of a conversation by which it may have gone to people."""
        party = await self._parts.ledger.party(record.tenant, conversation_id=draft.conversation_id)
        if party is None:
            return ()
        escalations = _escalations(record)
        rows = [
            row
            for kind in ((Kind.LIFECYCLE, Kind.EVENT) if escalations else (Kind.LIFECYCLE,))
            for row in await self._parts.ledger.interactions(
                record.tenant,
                party.identity_ids,
                conversation_id=draft.conversation_id,
                kind=kind,
                limit=CONVERSATION_WINDOW,
                newest_first=True,
            )
        ]
        return [row for row in rows if step_of(row, escalations) is not None]


def _deletions(talk: Iterable[Interaction]) -> Sequence[Interaction]:
    return [row for row in talk if row.kind is Kind.DELETION]


def _request(row: Interaction, talk: Sequence[Interaction]) -> HandoffRequest:
    spoke = [other.actor for other in talk if order_of(other) < order_of(row) and is_of_server(other)]
    queue = row.data.get("queue")
    joins = row.name == LifecycleStep.ASSIGNED
    return HandoffRequest(
        conversation_id=row.conversation_id,
        from_channel=row.channel,
        from_actor=spoke[-1] if spoke else None,
        to_queue=queue[:_MOST_QUEUE] if isinstance(queue, str) and queue else None,
        agent_id=row.participant.id if joins and row.participant else None,
    )


def _task(record: ConnectorRecord, interaction_id: str, customer_id: str) -> Announcement:
    data = {"connector_id": record.connector_id, "interaction_id": interaction_id}
    return heard(ConnectorTask.HAND_OVER, f"{ConnectorTask.HAND_OVER} {interaction_id}", customer_id, data)


def _work_of(row: Interaction, deletion: Interaction | None) -> Work:
    """The work of handing over by a row: whoever does it again finds what it created.

    What is made after a deletion is other work, of the deletion's time: so it is not taken for something from before.
    """
    number = row.interaction_id.rpartition("_")[2]
    if deletion is None:
        return Work(number, resumed=True)
    return Work(f"{deletion.interaction_id.rpartition('_')[2]} {number}", resumed=True)


def _escalations(record: ConnectorRecord) -> Collection[str]:
    connector = CONNECTORS[record.platform]
    return connector.escalations if isinstance(connector, Escalating) else ()
