"""Registered connectors with their credentials, and the log of what came through each.

Connectors belong to no tenant's documents, for the tenant is only known once the connector is: they are filed under the
tenant "", which no key can have. Credentials are kept as the secrets of webhooks are: as they are, in the database,
and no answer holds them. A connector that can write back has a webhook of its own, so that the messages of the
outbox that tell of handoffs reach it too.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from app.errors import NotFound
from app.ids import first_id_at
from app.models import ConnectorEvent, ConnectorEventPage, ConnectorSummary, Topic
from app.ports import Archive, Outbox
from app.ports.outbox import WebhookRecord, connector_url

_NO_TENANT = ""
_CONNECTORS = "connectors"
_PROGRESS = "connector_calls"
_PAGE = 1000
KEPT_FOR = timedelta(days=7)


class ConnectorRecord(ConnectorSummary):
    """A connector as it is kept."""

    values: Mapping[str, str] = Field(default_factory=dict, repr=False)

    @property
    def begins(self) -> str:
        """How the ids of its rows and conversations begin."""
        return f"{self.scope}/{self.platform}:" if self.scope else f"{self.platform}:"

    def summary(self) -> ConnectorSummary:
        """The connector without the values of its credentials."""
        return ConnectorSummary(**self.model_dump(exclude={"values"}))


class ConnectorStore:
    """Reads and writes connectors and their logs. Everything raises Unavailable as the archive does."""

    def __init__(self, archive: Archive, outbox: Outbox) -> None:
        self._archive = archive
        self._outbox = outbox

    async def add(self, record: ConnectorRecord) -> None:
        """Keep a new connector, and have its handoffs told to it."""
        webhook = WebhookRecord(
            url=connector_url(record.connector_id, record.begins),
            events=(Topic.HANDOFF_READY,),
            webhook_id=record.connector_id,
            created_at=record.created_at,
            secret="",
        )
        await self._outbox.register(record.tenant, webhook)
        await self._archive.add(_NO_TENANT, _CONNECTORS, record.connector_id, record.model_dump(mode="json"))

    async def get(self, connector_id: str) -> ConnectorRecord:
        """A connector with its credentials. Raises NotFound."""
        return await connector_record(self._archive, connector_id)

    async def all(self) -> Sequence[ConnectorRecord]:
        """The connectors of all tenants, the oldest first."""
        documents = await _whole(self._archive, _NO_TENANT, _CONNECTORS)
        return [ConnectorRecord.model_validate(document) for _, document in documents]

    async def remove(self, connector_id: str) -> ConnectorRecord:
        """End a connector, with its log and what was not written back yet. Raises NotFound."""
        record = await self.get(connector_id)
        await self._outbox.remove(record.tenant, connector_id)
        await self._archive.remove(_NO_TENANT, _CONNECTORS, [connector_id])
        entries = await _whole(self._archive, record.tenant, _log_of(connector_id))
        await self._archive.remove(record.tenant, _log_of(connector_id), [key for key, _ in entries])
        return record

    async def events(self, record: ConnectorRecord, *, before: str | None, limit: int) -> ConnectorEventPage:
        """What came through a connector, the newest first, below the entry `before`."""
        entries = await self._archive.newest(
            record.tenant, _log_of(record.connector_id), before=before, limit=limit + 1
        )
        page = entries[:limit]
        return ConnectorEventPage(
            events=tuple(ConnectorEvent.model_validate(document) for _, document in page),
            next_cursor=page[-1][0] if len(entries) > limit else None,
        )

    async def prune(self, now: datetime) -> int:
        """Remove what is older than seven days from every log; tells how many entries there were."""
        count, tenants = 0, set[str]()
        for record in await self.all():
            collection, oldest = _log_of(record.connector_id), first_id_at("cev", now - KEPT_FOR)
            count += await self._remove_below(record.tenant, collection, oldest)
            tenants.add(record.tenant)
        for tenant in tenants:
            await self._remove_below(tenant, _PROGRESS, first_id_at("hnd", now - KEPT_FOR))
        return count

    async def _remove_below(self, tenant: str, collection: str, first: str) -> int:
        count = 0
        while keys := [key for key, _ in await self._archive.page(tenant, collection, limit=_PAGE) if key < first]:
            count += await self._archive.remove(tenant, collection, keys)
        return count


async def connector_record(archive: Archive, connector_id: str) -> ConnectorRecord:
    """A connector with its credentials. Raises NotFound."""
    document = await archive.get(_NO_TENANT, _CONNECTORS, connector_id)
    if document is None:
        raise NotFound("No connector has this id.")
    return ConnectorRecord.model_validate(document)


async def log_event(archive: Archive, record: ConnectorRecord, event: ConnectorEvent) -> None:
    """Add an entry to a connector's log. It names rows and handoffs, so that it goes when they are erased."""
    document = event.model_dump(mode="json")
    await archive.add(record.tenant, _log_of(record.connector_id), event.event_id, document)


class WriteBackProgress:
    """How many of the calls that write one handoff back have been taken, so that none is made twice."""

    def __init__(self, archive: Archive, tenant: str, connector_id: str, handoff_id: str, customer_id: str) -> None:
        self._archive = archive
        self._tenant = tenant
        self._key = f"{handoff_id}:{connector_id}"
        self._customer_id = customer_id

    async def read(self) -> int:
        """How many were taken."""
        document = await self._archive.get(self._tenant, _PROGRESS, self._key)
        return 0 if document is None else int(document["taken"])

    async def note(self, taken: int) -> None:
        """So many were taken by now."""
        document: Mapping[str, Any] = {"taken": taken, "at": datetime.now(UTC).isoformat()}
        await self._archive.put(self._tenant, _PROGRESS, self._key, document, customer_id=self._customer_id)


async def _whole(archive: Archive, tenant: str, collection: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
    page = await archive.page(tenant, collection, limit=_PAGE)
    documents = [*page]
    while len(page) == _PAGE:
        page = await archive.page(tenant, collection, after=page[-1][0], limit=_PAGE)
        documents.extend(page)
    return documents


def _log_of(connector_id: str) -> str:
    return f"connector_events:{connector_id}"


def with_scope(text: str | None, scope: str | None) -> str | None:
    """An id with a connector's scope before it."""
    return text if text is None or scope is None else f"{scope}/{text}"


def without_scope(text: str, scope: str | None) -> str:
    """The id as the platform's module made it."""
    return text if scope is None else text.removeprefix(f"{scope}/")


def names_of(values: Mapping[str, str]) -> Collection[str]:
    """The names of credentials that have a value."""
    return tuple(name for name, value in values.items() if value)
