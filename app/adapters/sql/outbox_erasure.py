"""Erasing what the outbox holds of a customer."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, select

from app.adapters.sql.chunks import chunks
from app.adapters.sql.tables import announcement_marks, unannounced_arrivals, webhook_messages
from app.ids import ids_in


def erase_messages(
    connection: Connection,
    tenant: str,
    customer_ids: Collection[str],
    *,
    naming: Collection[str],
    owners: Collection[str],
) -> int:
    """Remove messages, marks and notes of arrivals; tells how many messages there were."""
    of, marks, arrivals = webhook_messages.c, announcement_marks.c, unannounced_arrivals.c
    count = 0
    for chunk in chunks(customer_ids):
        theirs = (of.tenant == tenant, of.customer_id.in_(chunk))
        count += connection.execute(delete(webhook_messages).where(*theirs)).rowcount
        these = (marks.tenant == tenant, marks.customer_id.in_(chunk))
        connection.execute(delete(announcement_marks).where(*these))
    for chunk in chunks(naming):
        noted = (arrivals.tenant == tenant, arrivals.interaction_id.in_(chunk))
        connection.execute(delete(unannounced_arrivals).where(*noted))
    wanted = frozenset(naming)
    for chunk in chunks(owners if wanted else ()):
        rows = connection.execute(
            select(of.position, of.body).where(of.tenant == tenant, of.customer_id.in_(chunk))
        ).all()
        for position, body in rows:
            if not wanted.isdisjoint(ids_in(body)):
                count += connection.execute(delete(webhook_messages).where(of.position == position)).rowcount
    return count
