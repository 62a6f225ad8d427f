"""Connectors: registered, asked what a platform's request holds, and their rows filed."""

import asyncio
import logging
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

from app.connectors import CONNECTORS, Connector
from app.connectors.base import (
    HANDOFF,
    NEVER,
    ON_TRANSFER,
    Credential,
    ParsedWebhook,
    WebhookAnswer,
    WebhookRequest,
    handoff_setting,
)
from app.connectors.drafts import event, json_object
from app.connectors.recognition import UNFORESEEN
from app.errors import InvalidRequest, NotFound, RateLimited, Unauthorized, Unavailable, WarmlineError
from app.ids import new_id
from app.ledger import MOST_AHEAD
from app.models import (
    MAX_BATCH,
    ConnectorEvent,
    ConnectorEventPage,
    ConnectorProblem,
    ConnectorSummary,
    Direction,
    InteractionDraft,
    Kind,
    Problem,
    Recorded,
)
from app.services.connector_store import ConnectorRecord, ConnectorStore, log_event, names_of, with_scope
from app.services.interactions import InteractionService
from app.services.parts import Parts
from app.services.platform_handoffs import PlatformHandoffs
from app.services.signals import SignalService
from app.validation import invalid_fields

_log = logging.getLogger(__name__)

# Platforms give three to five seconds; whoever gets no answer by then sends again.
ANSWER_WITHIN_S = 2.5
MOST_LOGGED = 20
# A body of this size and more is parsed beside the event loop.
THREAD_BYTES = 256 * 1024
UNREAD = "unread"
_MOST_SCOPE = 32
_CONFLICT = "idempotency_conflict"
# Identifiers that mean the same wherever they come from; all others are a platform's own.
_WIDELY_KNOWN = frozenset({"email", "phone", "account_id", "social_handle"})


class IssuedConnector(NamedTuple):
    """A connector that was just registered, and what was made up for it, which is shown this once.

    `handoff` is `on_transfer` where it makes handoffs itself, else `never`.
    """

    connector: ConnectorSummary
    generated: Mapping[str, str]
    path: str
    handoff: str


class OpenedConnector(NamedTuple):
    """A registered connector with its platform's module."""

    record: ConnectorRecord
    connector: Connector


class ConnectorService:
    """Registers connectors and takes what their platforms send."""

    def __init__(
        self, parts: Parts, interactions: InteractionService, signals: SignalService, handovers: PlatformHandoffs
    ) -> None:
        self._parts = parts
        self._interactions = interactions
        self._signals = signals
        self._handovers = handovers
        self._store = ConnectorStore(parts.archive, parts.outbox)
        self._late: set[asyncio.Task[Sequence[Recorded]]] = set()

    async def add(
        self,
        platform: str,
        values: Mapping[str, str],
        *,
        tenant: str,
        label: str = "",
        scope: str | None = None,
    ) -> IssuedConnector:
        """Register a connector. Raises InvalidRequest naming what is missing or not known."""
        connector = CONNECTORS.get(platform)
        if connector is None:
            raise _fault("platform", f"Use one of {', '.join(sorted(CONNECTORS))}")
        generated = _generated(connector.credentials, values)
        whole = {**values, **generated}
        _check(connector, whole, scope)
        others = [other for other in await self._store.all() if (other.tenant, other.platform) == (tenant, platform)]
        if any(other.scope == scope for other in others):
            message = (
                f"This tenant has a connector of {connector.title} already ({others[0].connector_id}). "
                "Remove it, or give this one a scope that tells the ids of both apart"
            )
            raise _fault("scope", message)
        record = ConnectorRecord(
            connector_id=new_id("con"),
            platform=platform,
            tenant=tenant,
            label=label,
            scope=scope,
            credentials=tuple(names_of(whole)),
            created_at=datetime.now(UTC),
            values=whole,
        )
        await self._store.add(record)
        handoff = handoff_setting(connector, whole)
        return IssuedConnector(record.summary(), generated, _path(record, connector), handoff)

    async def list(self, tenant: str | None = None) -> Sequence[ConnectorSummary]:
        """The connectors of a tenant, or of all, without the values of their credentials."""
        return [record.summary() for record in await self._store.all() if tenant in (None, record.tenant)]

    async def remove(self, connector_id: str) -> ConnectorSummary:
        """End a connector. Raises NotFound."""
        return (await self._store.remove(connector_id)).summary()

    async def open(self, connector_id: str) -> OpenedConnector:
        """The connector that a platform's request is for. Raises NotFound."""
        record = await self._store.get(connector_id)
        return OpenedConnector(record, CONNECTORS[record.platform])

    def check_tenant(self, opened: OpenedConnector, tenant: str) -> None:
        """Raises NotFound for a connector of another tenant, as for one that nobody has."""
        if opened.record.tenant != tenant:
            raise NotFound("No connector has this id.")

    async def check_there(self, connector_id: str) -> None:
        """Raises Unauthorized for a connector that was removed: what was signed in its name opens nothing."""
        try:
            await self._store.get(connector_id)
        except WarmlineError as failure:
            raise Unauthorized("The connector behind this was removed.") from failure

    def greet(self, opened: OpenedConnector, request: WebhookRequest) -> WebhookAnswer | None:
        """The answer to a platform that only asks whether we are there; None where that is not what it asks.

        Raises Unauthorized for one that does not know the secret.
        """
        return opened.connector.handshake(request, opened.record.values)

    async def receive(self, opened: OpenedConnector, request: WebhookRequest) -> WebhookAnswer:
        """Take one request of a platform: checked, filed durably, and only then acknowledged.

        Raises Unauthorized for a wrong signature, of which nothing is kept; InvalidRequest for a body that is not the
        platform's; Unavailable where the rows are not filed in time, so that the platform sends them again.
        """
        with self._counted(opened.record.platform):
            return await self._received(opened, request)

    async def _received(self, opened: OpenedConnector, request: WebhookRequest) -> WebhookAnswer:
        record, connector = opened
        connector.verify(request, record.values)
        await self._check_rate(record)
        handshake = connector.handshake(request, record.values)
        if handshake is not None:
            return handshake
        try:
            read = await parsed(connector, request)
        except InvalidRequest as refusal:
            await self._note_refusal(record, request, refusal)
            raise
        drafts = [_in_time(_scoped(draft, record.scope)) for draft in read.drafts]
        results = await self._filed(record, drafts) if drafts else ()
        await self._note(record, _entry(request, read, drafts, results))
        return connector.answer(request)

    @contextmanager
    def _counted(self, platform: str) -> Generator[None]:
        """Count what becomes of one delivery of a platform."""
        result = "unavailable"
        try:
            yield
            result = "taken"
        except Unauthorized:
            result = "refused"
            raise
        except InvalidRequest:
            result = "invalid"
            raise
        finally:
            self._parts.meter.connector_event(platform, result)

    async def events(self, tenant: str, connector_id: str, *, cursor: str | None, limit: int) -> ConnectorEventPage:
        """What came through a connector in the last seven days, the newest first. Raises NotFound."""
        opened = await self.open(connector_id)
        self.check_tenant(opened, tenant)
        return await self._store.events(opened.record, before=cursor, limit=limit)

    async def prune(self, *, now: datetime | None = None) -> int:
        """Remove what is older than seven days from the logs of all connectors; tells how many entries there were."""
        return await self._store.prune(now or datetime.now(UTC))

    async def _check_rate(self, record: ConnectorRecord) -> None:
        """Count a delivery that was let in. Raises RateLimited."""
        limits, most = self._parts.rate_limits, self._parts.rate_limit
        if not await limits.may_send(f"key {record.connector_id}", most):
            raise RateLimited("More deliveries in this second than a connector may send.", retry_after_s=1)

    async def _filed(self, record: ConnectorRecord, drafts: Sequence[InteractionDraft | Problem]) -> Sequence[Recorded]:
        filing = asyncio.create_task(self._file_and_follow(record, drafts))
        try:
            # What is late goes on: the platform sends it again, and finds it filed.
            return await asyncio.wait_for(asyncio.shield(filing), ANSWER_WITHIN_S)
        except TimeoutError:
            self._late.add(filing)
            filing.add_done_callback(self._late_is_over)
            raise Unavailable("The ledger is too slow to acknowledge this. Send it again.") from None

    def _late_is_over(self, filing: "asyncio.Task[Sequence[Recorded]]") -> None:
        self._late.discard(filing)
        if not filing.cancelled() and filing.exception() is not None:
            _log.warning("a late delivery was not filed: %s", type(filing.exception()).__name__)

    async def _file_and_follow(
        self, record: ConnectorRecord, drafts: Sequence[InteractionDraft | Problem]
    ) -> Sequence[Recorded]:
        results: list[Recorded] = []
        for start in range(0, len(drafts), MAX_BATCH):
            some = drafts[start : start + MAX_BATCH]
            filed = await self._interactions.file(record.tenant, some, now=datetime.now(UTC))
            # What the rows show is worked out afterwards: the platform waits for none of it.
            self._signals.in_background(self._follow(record.tenant, some, filed))
            # What is acknowledged is handed over, whenever the process ends; the handoff itself is made later.
            await self._handovers.ask(record, some, filed)
            results.extend(filed)
        return results

    async def _follow(
        self, tenant: str, drafts: Sequence[InteractionDraft | Problem], results: Sequence[Recorded]
    ) -> None:
        try:
            await self._interactions.follow(tenant, drafts, results)
        except WarmlineError as failure:
            _log.warning("what a connector's rows show is found later: %s", failure.detail)

    async def _note_refusal(self, record: ConnectorRecord, request: WebhookRequest, refusal: InvalidRequest) -> None:
        problem = ConnectorProblem(code=refusal.reported_code, detail=refusal.detail)
        await self._note(record, _event(request, problems=(problem,), refused=True))

    async def _note(self, record: ConnectorRecord, event: ConnectorEvent) -> None:
        try:
            await log_event(self._parts.archive, record, event)
        except WarmlineError as failure:  # the rows are filed: the platform need not send them again
            _log.warning("a delivery is missing in the log of connector %s: %s", record.connector_id, failure.detail)


async def parsed(connector: Connector, request: WebhookRequest) -> ParsedWebhook:
    """What a request holds; a JSON object that its platform does not send, or not so, is kept as one event.

    Raises InvalidRequest for what is no JSON object.
    """
    parse = connector.parse
    try:
        if len(request.body) < THREAD_BYTES:
            return parse(request)
        return await asyncio.to_thread(parse, request)
    except InvalidRequest as refusal:
        if request.body.lstrip()[:1] != b"{":
            raise
        _log.warning("a delivery of %s is kept as an event: %s", connector.name, refusal.detail.partition(".")[0])
        return unread(connector.name, request)
    except UNFORESEEN as failure:
        _log.warning("a delivery of %s is kept as an event: %s", connector.name, type(failure).__name__)
        return unread(connector.name, request)


def unread(platform: str, request: WebhookRequest) -> ParsedWebhook:
    """A request that nobody can read, as one event with its body. Raises InvalidRequest where it is not even JSON."""
    body = json_object(request)
    return ParsedWebhook((event(platform, UNREAD, body),), (UNREAD,))


def _in_time(draft: InteractionDraft | Problem) -> InteractionDraft | Problem:
    """A row without its time where a platform's clock is far ahead of ours: nothing is lost for that."""
    if isinstance(draft, Problem) or draft.occurred_at is None:
        return draft
    ahead = draft.occurred_at > datetime.now(UTC) + MOST_AHEAD
    return draft.model_copy(update={"occurred_at": None}) if ahead else draft


def _scoped(draft: InteractionDraft | Problem, scope: str | None) -> InteractionDraft | Problem:
    """A row whose ids tell it apart from those of the tenant's other connectors of the same platform."""
    if scope is None or isinstance(draft, Problem):
        return draft
    ids = {name: with_scope(getattr(draft, name), scope) for name in ("id", "conversation_id", "target_id", "case_id")}
    identifiers = tuple(
        identifier
        if identifier.type in _WIDELY_KNOWN
        else identifier.model_copy(update={"value": f"{scope}/{identifier.value}"})
        for identifier in draft.identifiers
    )
    return draft.model_copy(update={**ids, "identifiers": identifiers})


def _entry(
    request: WebhookRequest,
    read: ParsedWebhook,
    drafts: Sequence[InteractionDraft | Problem],
    results: Sequence[Recorded],
) -> ConnectorEvent:
    pairs = list(zip(drafts, results, strict=True))
    repeated = [result for draft, result in pairs if result.duplicate or _is_repeat(draft, result)]
    problems = [
        ConnectorProblem(code=result.problem.code, detail=result.problem.detail, id=result.id)
        for draft, result in pairs
        if result.problem is not None and not _is_repeat(draft, result)
    ]
    rows = [result.interaction_id for result in results if result.interaction_id]
    return _event(
        request,
        types=tuple(dict.fromkeys(read.event_types))[:MOST_LOGGED],
        filed=len(results) - len(repeated) - len(problems),
        duplicates=len(repeated),
        interactions=tuple(rows[:MOST_LOGGED]),
        problems=tuple(problems[:MOST_LOGGED]),
    )


def _is_repeat(draft: InteractionDraft | Problem, result: Recorded) -> bool:
    # A platform tells a change again with whatever else has changed by then; the words have a name of their own.
    changes = isinstance(draft, InteractionDraft) and draft.kind in (Kind.EDIT, Kind.DELETION, Kind.LIFECYCLE)
    return changes and result.problem is not None and result.problem.code == _CONFLICT


def _event(request: WebhookRequest, **more: object) -> ConnectorEvent:
    made = {
        "event_id": new_id("cev"),
        "at": datetime.now(UTC),
        "direction": Direction.INCOMING,
        "bytes": len(request.body),
    }
    return ConnectorEvent.model_validate({**made, **more})


def _generated(credentials: Sequence[Credential], values: Mapping[str, str]) -> Mapping[str, str]:
    return {
        credential.name: secrets.token_urlsafe(24)
        for credential in credentials
        if credential.generated and not values.get(credential.name)
    }


def _check(connector: Connector, values: Mapping[str, str], scope: str | None) -> None:
    names = {credential.name: credential for credential in (*connector.credentials, HANDOFF)}
    faults = [
        (name, f"There is no such credential; {connector.title} has {', '.join(names) or 'none'}")
        for name in values
        if name not in names
    ]
    faults += [
        (name, f"This is needed: {credential.description}")
        for name, credential in names.items()
        if credential.required and not values.get(name)
    ]
    if values.get(HANDOFF.name) not in (None, "", ON_TRANSFER, NEVER):
        faults.append((HANDOFF.name, f"Use {ON_TRANSFER} or {NEVER}"))
    if scope is not None and not (scope.replace("-", "").isalnum() and scope.isascii() and len(scope) <= _MOST_SCOPE):
        faults.append(("scope", f"Use at most {_MOST_SCOPE} letters, digits and hyphens"))
    if faults:
        raise invalid_fields([{"type": "connector", "loc": (name,), "msg": message} for name, message in faults])


def _path(record: ConnectorRecord, connector: Connector) -> str:
    """The path that the platform calls, with what it has to send back in it."""
    sent = {c.name: record.values[c.name] for c in connector.credentials if c.in_url and record.values.get(c.name)}
    return f"/v1/connectors/{record.connector_id}" + (f"?{urlencode(sent)}" if sent else "")


def _fault(field: str, message: str) -> InvalidRequest:
    return invalid_fields([{"type": "connector", "loc": (field,), "msg": message}])
