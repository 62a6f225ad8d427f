"""The tables of webhooks and of their messages, with what the documents hold of them so far."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from pydantic_core import from_json, to_json

revision = "0003"
down_revision = "0002"


def _column(name: str) -> sa.ColumnClause[Any]:
    return sa.column(name)


_DOCUMENTS = sa.table(
    "documents", *(_column(name) for name in ("tenant", "collection", "key", "customer_id", "document"))
)
_FORMER = ("webhook_tenants", "webhooks", "webhook_messages")


def upgrade() -> None:
    """Make the tables and move webhooks and what was not sent into them."""
    _webhooks()
    _messages()
    op.create_table(
        "announcement_marks",
        _words("tenant", 128),
        _words("mark", 512),
        _words("customer_id", 64, nullable=True),
        _number("at"),
        sa.PrimaryKeyConstraint("tenant", "mark"),
        if_not_exists=True,
    )
    _index("announcement_marks_of_customer", "announcement_marks", "tenant", "customer_id")
    op.create_table(
        "unannounced_arrivals",
        _words("tenant", 128),
        _words("interaction_id", 64),
        _words("conversation_id", 256),
        _number("at"),
        sa.PrimaryKeyConstraint("tenant", "interaction_id"),
        if_not_exists=True,
    )
    _index("unannounced_arrivals_by_time", "unannounced_arrivals", "at")
    _move()


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        _words("webhook_id", 64),
        _words("tenant", 128),
        _words("url"),
        _words("events"),
        _words("created_at", 40),
        _words("secret"),
        _words("former_secret", nullable=True),
        _words("former_until", 40, nullable=True),
        sa.Column("on_arrival", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id"),
        if_not_exists=True,
    )
    _index("webhooks_of_tenant", "webhooks", "tenant", "on_arrival")


def _messages() -> None:
    position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "webhook_messages",
        sa.Column("position", position, primary_key=True, autoincrement=True),
        _words("message_id", 64),
        _words("tenant", 128),
        sa.Column("webhook_id", _text(64), sa.ForeignKey("webhooks.webhook_id", ondelete="CASCADE"), nullable=False),
        _words("topic", 32),
        _words("customer_id", 64),
        _words("body"),
        _words("status", 16),
        _number("attempts"),
        sa.Column("answered", sa.Integer(), nullable=True),
        _words("why", nullable=True),
        _number("created_at"),
        _number("since"),
        _number("due_at"),
        _words("holder", 64, nullable=True),
        sa.UniqueConstraint("message_id", name="webhook_messages_by_id"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    _index("webhook_messages_due", "webhook_messages", "webhook_id", "status", "due_at")
    _index("webhook_messages_of_webhook", "webhook_messages", "webhook_id", "position")
    _index("webhook_messages_of_customer", "webhook_messages", "tenant", "customer_id")
    _index("webhook_messages_held", "webhook_messages", "holder")


def _move() -> None:
    connection = op.get_bind()
    of = _DOCUMENTS.c
    statement: sa.Select[*tuple[Any, ...]] = sa.select(of.tenant, of.key, of.customer_id, of.document)
    live = {key: tenant for tenant, key in _move_webhooks(connection, statement.where(of.collection == "webhooks"))}
    _move_messages(connection, statement.where(of.collection == "webhook_messages"), live)
    connection.execute(sa.delete(_DOCUMENTS).where(of.collection.in_(_FORMER)))


def _move_webhooks(connection: sa.Connection, statement: sa.Select[*tuple[Any, ...]]) -> list[tuple[str, str]]:
    names = ("webhook_id", "tenant", "url", "events", "created_at", "secret", "on_arrival")
    into = sa.table("webhooks", *(_column(name) for name in names))
    moved: list[tuple[str, str]] = []
    for tenant, key, _, text in connection.execute(statement).all():
        document = from_json(text)
        if "removed_at" in document:
            continue
        events = document["events"]
        row = {name: document[name] for name in ("webhook_id", "url", "created_at", "secret")}
        hears = not {"signal.fired", "friction.threshold"}.isdisjoint(events)
        row |= {"tenant": tenant, "events": to_json(events).decode(), "on_arrival": hears}
        connection.execute(sa.insert(into), row)
        moved.append((tenant, key))
    return moved


def _move_messages(connection: sa.Connection, statement: sa.Select[*tuple[Any, ...]], live: dict[str, str]) -> None:
    names = (
        *("message_id", "tenant", "webhook_id", "topic", "customer_id", "body", "status", "attempts"),
        *("created_at", "since", "due_at"),
    )
    into = sa.table("webhook_messages", *(_column(name) for name in names))
    now = round(datetime.now(UTC).timestamp() * 1000)
    for tenant, key, customer_id, text in connection.execute(statement).all():
        document = from_json(text)
        if "body" not in document or live.get(document["webhook_id"]) != tenant:
            continue
        row = {"message_id": key, "tenant": tenant, "webhook_id": document["webhook_id"], "body": document["body"]}
        row |= {"topic": from_json(document["body"])["type"], "customer_id": customer_id or "", "status": "pending"}
        connection.execute(sa.insert(into), row | {"attempts": 0, "created_at": now, "since": now, "due_at": now})


def _index(name: str, table: str, *columns: str) -> None:
    op.create_index(name, table, list(columns), if_not_exists=True)


def _text(length: int | None = None) -> Any:
    kind = sa.String(length) if length else sa.Text()
    return kind.with_variant(sa.Text(collation="C"), "postgresql")


def _words(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _text(length), nullable=nullable)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)
