"""Webhooks and their messages, in the database of the ledger."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from app.adapters.outbox_rows import conversations_of, hears_arrivals, messages_of
from app.adapters.sql import SqlStore, put_document
from app.adapters.sql.chunks import chunks
from app.adapters.sql.erasure import empty_journal
from app.adapters.sql.outbox_erasure import erase_messages
from app.adapters.sql.tables import (
    announcement_marks,
    identities,
    unannounced_arrivals,
    webhook_messages,
    webhooks,
)
from app.adapters.sql.upserts import upsert
from app.models import Announcement, Delivery, DeliveryStatus, IssuedWebhook
from app.ports.outbox import LeasedMessage, Settlement, UnannouncedArrival, WebhookRecord, from_ms, now_ms

_OF = webhook_messages.c
_PENDING = _OF.status == DeliveryStatus.PENDING.value
_NOW = bindparam("now", type_=BigInteger)
# Whoever files keeps a webhook, and the customer, from being removed until the transaction ends.
_WANTING = (
    select(webhooks.c.webhook_id, webhooks.c.events, webhooks.c.url)
    .where(webhooks.c.tenant == bindparam("tenant"))
    .order_by(webhooks.c.webhook_id)
    .with_for_update(read=True, key_share=True)
)
_THERE = (
    select(identities.c.identity_id)
    .where(
        identities.c.tenant == bindparam("tenant"), identities.c.identity_id.in_(bindparam("values", expanding=True))
    )
    .order_by(identities.c.identity_id)
    .with_for_update(read=True, key_share=True)
)
_WEBHOOKS = select(webhooks).where(webhooks.c.tenant == bindparam("tenant")).order_by(webhooks.c.webhook_id)
_DUE = select(webhooks.c.tenant, webhooks.c.webhook_id).where(
    exists().where(_OF.webhook_id == webhooks.c.webhook_id, _PENDING, _OF.due_at <= _NOW)
)
_WAITING = select(func.count()).where(_PENDING)
_LEASE = (
    update(webhook_messages)
    .where(
        _OF.position.in_(
            select(_OF.position)
            .where(_OF.webhook_id == bindparam("of_webhook"), _PENDING, _OF.due_at <= _NOW)
            .order_by(_OF.due_at, _OF.position)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(due_at=bindparam("until", type_=BigInteger), holder=bindparam("by"), attempts=_OF.attempts + 1)
    .returning(_OF.message_id, _OF.holder, _OF.body, _OF.attempts, _OF.since, _OF.customer_id, _OF.position)
)
_SETTLE = (
    update(webhook_messages)
    .where(_OF.message_id == bindparam("of_message"), _OF.holder == bindparam("by"))
    .values(
        status=bindparam("to_status"),
        due_at=bindparam("to_due_at", type_=BigInteger),
        answered=bindparam("to_answered"),
        why=bindparam("to_why"),
        holder=None,
    )
)
_TAKE_ARRIVALS = (
    update(unannounced_arrivals)
    .where(
        unannounced_arrivals.c.interaction_id.in_(
            select(unannounced_arrivals.c.interaction_id)
            .where(unannounced_arrivals.c.at < bindparam("before", type_=BigInteger))
            .order_by(unannounced_arrivals.c.at)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(at=_NOW)
    .returning(
        unannounced_arrivals.c.tenant, unannounced_arrivals.c.interaction_id, unannounced_arrivals.c.conversation_id
    )
)


class SqlOutbox:
    """An Outbox in the tables beside those of a SqlStore. Everything raises Unavailable as that does."""

    def __init__(self, store: SqlStore) -> None:
        self._connections = store.connections

    async def register(self, tenant: str, webhook: IssuedWebhook) -> None:
        """Keep a new webhook."""
        row = {
            "webhook_id": webhook.webhook_id,
            "tenant": tenant,
            "url": webhook.url,
            "events": to_json(webhook.events).decode(),
            "created_at": webhook.created_at.isoformat(),
            "secret": webhook.secret,
            "on_arrival": hears_arrivals(webhook.events),
        }
        await self._connections.write(lambda connection: connection.execute(insert(webhooks), row))

    async def webhooks(self, tenant: str) -> Sequence[WebhookRecord]:
        """The tenant's webhooks, the oldest first."""
        rows = await self._connections.glance(
            lambda connection: connection.execute(_WEBHOOKS, {"tenant": tenant}).all()
        )
        return [_webhook_of(row) for row in rows]

    async def remove(self, tenant: str, webhook_id: str) -> bool:
        """Remove a webhook with all its messages; tells whether there was one."""
        this = (webhooks.c.tenant == tenant, webhooks.c.webhook_id == webhook_id)
        return await self._connections.write(
            lambda connection: connection.execute(delete(webhooks).where(*this)).rowcount == 1
        )

    async def rotate(self, tenant: str, webhook_id: str, secret: str, former_until: datetime) -> WebhookRecord | None:
        """Give a webhook a new secret and keep the one before for a while; None when there is no such webhook."""
        this = (webhooks.c.tenant == tenant, webhooks.c.webhook_id == webhook_id)
        values = {"former_secret": webhooks.c.secret, "secret": secret, "former_until": former_until.isoformat()}

        def work(connection: Connection) -> WebhookRecord | None:
            connection.execute(update(webhooks).where(*this).values(values))
            row = connection.execute(select(webhooks).where(*this)).one_or_none()
            return None if row is None else _webhook_of(row)

        return await self._connections.write(work)

    async def file(
        self,
        tenant: str,
        announcements: Sequence[Announcement],
        *,
        mark: str | None = None,
        customer_id: str | None = None,
    ) -> bool:
        """In one transaction: a message for each webhook that wants an announcement, and the mark."""

        def work(connection: Connection) -> bool:
            if mark is not None:
                row = {"tenant": tenant, "mark": mark, "customer_id": customer_id, "at": now_ms()}
                if connection.execute(_add_mark(connection.dialect.name), row).rowcount != 1:
                    return False
            file_messages(connection, tenant, announcements)
            return True

        return await self._connections.write(work)

    async def put_announced(
        self,
        tenant: str,
        collection: str,
        key: str,
        document: Mapping[str, Any],
        announcement: Announcement,
    ) -> None:
        """Write or replace a document of the archive, with the messages of its announcement, in one transaction."""

        def work(connection: Connection) -> None:
            put_document(connection, tenant, collection, key, document, announcement.customer_id)
            file_messages(connection, tenant, [announcement])

        await self._connections.write(work)

    async def take_arrivals(self, now: int, *, before: int, limit: int) -> Sequence[UnannouncedArrival]:
        """Arrivals that were noted before a moment and that nobody has announced; noted anew for whoever asks now."""
        waiting = select(exists().where(unannounced_arrivals.c.at < before))
        if not await self._connections.glance(lambda connection: connection.scalar(waiting)):
            return ()
        given = {"now": now, "before": before, "limit": limit}
        rows = await self._connections.write(lambda connection: connection.execute(_TAKE_ARRIVALS, given).all())
        return [UnannouncedArrival(*row) for row in rows]

    async def settle_arrivals(self, tenant: str, interaction_ids: Collection[str]) -> None:
        """These arrivals are announced."""
        of = unannounced_arrivals.c

        def work(connection: Connection) -> None:
            for chunk in chunks(interaction_ids):
                these = (of.tenant == tenant, of.interaction_id.in_(chunk))
                connection.execute(delete(unannounced_arrivals).where(*these))

        await self._connections.write(work)

    async def due(self, now: int) -> Sequence[tuple[str, str]]:
        """The webhooks that have messages to send now, as (tenant, webhook_id)."""
        rows = await self._connections.read(lambda connection: connection.execute(_DUE, {"now": now}).all())
        return [(row[0], row[1]) for row in rows]

    async def waiting(self) -> int:
        """How many messages are still to be sent, whenever they are due."""
        return await self._connections.read(lambda connection: connection.execute(_WAITING).scalar_one())

    async def lease(self, webhook_id: str, holder: str, now: int, *, until: int, limit: int) -> Sequence[LeasedMessage]:
        """Some of a webhook's messages that are due, the longest due first; nobody else gets them `until` then."""
        given = {"of_webhook": webhook_id, "by": holder, "now": now, "until": until, "limit": limit}
        rows = await self._connections.write(lambda connection: connection.execute(_LEASE, given).all())
        return [LeasedMessage(*row[:6]) for row in sorted(rows, key=lambda row: row[6])]

    async def settle(self, settlements: Sequence[Settlement], now: int) -> None:  # noqa: ARG002 - the twin needs it
        """Note what became of attempts; what is leased to somebody else by now is left alone."""
        given = [
            {
                "of_message": settlement.message_id,
                "by": settlement.holder,
                "to_status": settlement.status.value,
                "to_due_at": settlement.due_at,
                "to_answered": settlement.answered,
                "to_why": settlement.why,
            }
            for settlement in sorted(settlements)
        ]
        if given:
            await self._connections.write(lambda connection: connection.execute(_SETTLE, given))

    async def give_back(self, holder: str, now: int) -> None:
        """End every lease of this holder; what it has leased was not sent."""
        values = {"holder": None, "due_at": now, "attempts": _OF.attempts - 1}
        statement = update(webhook_messages).where(_OF.holder == holder, _PENDING).values(values)
        await self._connections.write(lambda connection: connection.execute(statement))

    async def deliveries(
        self, tenant: str, webhook_id: str, *, status: DeliveryStatus | None, before: int | None, limit: int
    ) -> Sequence[tuple[int, Delivery]]:
        """Messages to a webhook with their numbers, the newest first, below the number `before`."""
        narrowed: list[ColumnElement[bool]] = [_OF.tenant == tenant, _OF.webhook_id == webhook_id]
        if status is not None:
            narrowed.append(_OF.status == status.value)
        if before is not None:
            narrowed.append(_OF.position < before)
        statement = select(webhook_messages).where(*narrowed).order_by(_OF.position.desc()).limit(limit)
        rows = await self._connections.read(lambda connection: connection.execute(statement).all())
        return [(row.position, _delivery_of(row)) for row in rows]

    async def redeliver(self, tenant: str, webhook_id: str, message_ids: Collection[str] | None, now: int) -> int:
        """Send these messages again, or every one that was given up; tells how many."""
        theirs = (_OF.tenant == tenant, _OF.webhook_id == webhook_id)
        again = {
            # What is leased just now is being sent, and due again only when that has failed.
            "due_at": case((_OF.holder.is_not(None), _OF.due_at), else_=now),
            "status": DeliveryStatus.PENDING.value,
            "attempts": case((_OF.holder.is_not(None), _OF.attempts), else_=0),
            "since": now,
        }

        def work(connection: Connection) -> int:
            if message_ids is None:
                failed = _OF.status == DeliveryStatus.FAILED.value
                return connection.execute(update(webhook_messages).where(*theirs, failed).values(again)).rowcount
            these = [_OF.message_id.in_(chunk) for chunk in chunks(message_ids)]
            return sum(
                connection.execute(update(webhook_messages).where(*theirs, some).values(again)).rowcount
                for some in these
            )

        return await self._connections.write(work)

    async def prune(self, *, settled_before: int, filed_before: int, now: int) -> None:
        """Remove what was settled before a moment, and give up what has been pending since before another."""
        settled = delete(webhook_messages).where(~_PENDING, _OF.due_at < settled_before)
        marks = delete(announcement_marks).where(announcement_marks.c.at < settled_before)
        given_up = (
            update(webhook_messages)
            .where(_PENDING, _OF.since < filed_before, _OF.holder.is_(None))
            .values(status=DeliveryStatus.FAILED.value, due_at=now)
        )

        def work(connection: Connection) -> None:
            for statement in (settled, marks, given_up):
                connection.execute(statement)

        await self._connections.write(work)

    async def erase(
        self, tenant: str, customer_ids: Collection[str], *, naming: Collection[str] = (), owners: Collection[str] = ()
    ) -> int:
        """Remove messages, marks and notes, leaving no trace in any file; tells how many messages there were."""
        count = await self._connections.write(
            lambda connection: erase_messages(connection, tenant, customer_ids, naming=naming, owners=owners)
        )
        await empty_journal(self._connections)
        return count

    async def of_customer(self, tenant: str, customer_id: str) -> Sequence[Mapping[str, Any]]:
        """The messages about one customer, oldest first, as documents."""
        theirs = (_OF.tenant == tenant, _OF.customer_id == customer_id)
        statement = select(webhook_messages).where(*theirs).order_by(_OF.position)
        rows = await self._connections.read(lambda connection: connection.execute(statement).all())
        return [
            {**_delivery_of(row).model_dump(mode="json"), "webhook_id": row.webhook_id, "body": from_json(row.body)}
            for row in rows
        ]


def file_messages(connection: Connection, tenant: str, announcements: Sequence[Announcement]) -> None:
    """File a message for each webhook that wants an announcement, within a transaction."""
    wanting = connection.execute(_WANTING, {"tenant": tenant}).all()
    own = conversations_of((webhook_id, url) for webhook_id, _, url in wanting)
    new = list(messages_of([(webhook_id, from_json(events)) for webhook_id, events, _ in wanting], announcements, own))
    if not new:
        return
    there = set(
        connection.scalars(_THERE, {"tenant": tenant, "values": sorted({message.customer_id for message in new})})
    )
    now = now_ms()
    rows = [
        {
            **message._asdict(),
            "tenant": tenant,
            "status": DeliveryStatus.PENDING.value,
            "attempts": 0,
            "created_at": now,
            "since": now,
            "due_at": now,
        }
        for message in new
        if message.customer_id in there
    ]
    if rows:
        connection.execute(_add_message(connection.dialect.name), rows)


@cache
def _add_message(dialect: str) -> Executable:
    return upsert(dialect, webhook_messages).on_conflict_do_nothing(index_elements=["message_id"])


@cache
def _add_mark(dialect: str) -> Executable:
    return upsert(dialect, announcement_marks).on_conflict_do_nothing(index_elements=["tenant", "mark"])


def _webhook_of(row: Any) -> WebhookRecord:
    return WebhookRecord(
        url=row.url,
        events=tuple(from_json(row.events)),
        webhook_id=row.webhook_id,
        created_at=datetime.fromisoformat(row.created_at),
        secret=row.secret,
        former_secret=row.former_secret,
        former_until=datetime.fromisoformat(row.former_until) if row.former_until else None,
    )


def _delivery_of(row: Any) -> Delivery:
    pending = row.status == DeliveryStatus.PENDING.value
    return Delivery(
        message_id=row.message_id,
        event=row.topic,
        status=row.status,
        attempts=row.attempts,
        last_status=row.answered,
        why=row.why,
        created_at=from_ms(row.created_at),
        next_at=from_ms(row.due_at) if pending and row.holder is None else None,
    )
