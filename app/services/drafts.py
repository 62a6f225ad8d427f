"""Drafts briefs ahead of handoffs: once a customer asks for a person, a model begins on the brief at once.

While the moment lasts, the draft is kept up to date with what comes. It is filed with the customer's documents, so that
any process may use it and it is erased with them; one process at a time drafts a conversation, under a lease. What is
begun is budgeted for each tenant. A handoff asked for meanwhile has the drafted words at once, and beside them, in
sentences of our own, what came since; where the model is still at them, it waits for them and asks for no others.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from time import monotonic
from typing import Any
from uuid import uuid4

from app.briefs import Rest, Underway, Worded, in_words_of, with_news
from app.errors import ModelFailure, WarmlineError
from app.metering import calling_for
from app.models import (
    Check,
    Handoff,
    HandoffRequest,
    HandoffStatus,
    Interaction,
    InterventionLevel,
    Kind,
    Ladder,
    ResolutionStatus,
    Signal,
    SignalType,
    Snapshot,
)
from app.ports.bus import ESCALATION_LIKELY, Message
from app.ports.claims import ClaimRequest
from app.ports.meter import ModelPurpose
from app.ports.outbox import now_ms
from app.services.parts import Parts
from app.services.shown_rows import changed_since, shown_rows
from app.signals import crossing_of

_log = logging.getLogger(__name__)

COLLECTION = "drafts"
REDRAFT_S = 3.0
QUIET_S = 300.0  # a moment in which nothing happens for so long has passed
LEASE_S = 15.0
MOST_MOMENTS = 10_000
MOST_AT_ONCE = 16
BUDGET_WINDOW_S = 60
# Drafts that were left behind are looked for in tenants with one of so many newest interactions, and how often.
LATELY, LOOK_S = 50_000, 600.0
_FORWARD = (InterventionLevel.ROUTE, InterventionLevel.ESCALATE)
_BY_PEOPLE = (Kind.MESSAGE, Kind.NOTE, Kind.TOOL_CALL, Kind.TOOL_RESULT)
_OVER = ("_ended", "_closed", "_resolved", "_completed", "_hung_up", "_disconnected")

ConversationKey = tuple[str, str]
# The case of a conversation and its deterministic brief, as a handoff of it would gather them.
Prepare = Callable[[str, HandoffRequest], Awaitable[tuple[Snapshot, Handoff]]]
LadderOf = Callable[[str], Awaitable[Ladder]]


@dataclass(slots=True)
class DraftCounts:
    """What became of drafts in this process since its start."""

    begun: int = 0
    filed: int = 0
    used: int = 0
    joined: int = 0
    dropped: int = 0
    orphaned: int = 0
    over_budget: int = 0


@dataclass(slots=True)
class _LikelyHandoff:
    """A conversation in which a handoff is likely: up to where it has come, and up to where it is drafted."""

    customer_id: str
    until: float
    newest_seq: int = 0
    drafted_seq: int = 0
    is_used: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None
    underway: Underway | None = None


class Drafts:
    """Drafts until it is closed. `start` it in the event loop that it shall work in."""

    def __init__(self, parts: Parts, prepare: Prepare, ladder: LadderOf) -> None:
        self._parts = parts
        self._writer = parts.writer
        self._prepare = prepare
        self._ladder = ladder
        self._mode = parts.draft_ahead if parts.writer.has_model else "off"
        self._moments: OrderedDict[ConversationKey, _LikelyHandoff] = OrderedDict()
        self._beside: set[asyncio.Task[None]] = set()
        self._under_way = asyncio.Semaphore(MOST_AT_ONCE)
        self._holder = uuid4().hex
        self._started = False
        self.counts = DraftCounts()
        parts.bus.subscribe(ESCALATION_LIKELY, self._hear)

    def start(self) -> None:
        """Draft from now on, and drop what earlier runs left behind."""
        self._started = True
        self._do_beside(self._look_for_orphans())

    async def close(self) -> None:
        """Draft nothing any more; what is filed stays for other processes."""
        self._started = False
        tasks = [*self._beside, *(moment.task for moment in self._moments.values() if moment.task is not None)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def working(self) -> bool:
        """Whether anything is drafted ahead."""
        return self._started and self._mode != "off"

    def check(self) -> Check:
        """What became of drafts in this process."""
        counts = self.counts
        detail = (
            f"{self._mode}: {len(self._moments)} conversations; {counts.begun} begun, {counts.filed} filed, "
            f"{counts.used} used, {counts.joined} joined, {counts.dropped} dropped, "
            f"{counts.orphaned} of them orphaned, {counts.over_budget} over budget"
        )
        return Check(status="ok", detail=detail)

    def note(self, tenant: str, window: Snapshot, signals: Sequence[Signal], fresh: Collection[str]) -> None:
        """Something was said or done in a conversation; never waits."""
        rows = [row for row in window.conversation if row.interaction_id in fresh]
        if not self.working or window.conversation_id is None or not rows:
            return
        conversation = (tenant, window.conversation_id)
        if any(_is_over(row) for row in rows):
            self._pass(conversation)
            self._do_beside(self._drop(conversation))  # another process may have drafted it
            return
        asked = any(
            signal.type is SignalType.HUMAN_REQUEST and signal.conversation_id == window.conversation_id
            for signal in signals
        )
        if (moment := self._moments.get(conversation)) is not None:
            moment.customer_id = window.customer.customer_id  # another than before, where customers were joined
            moment.is_used = moment.is_used and not asked  # after a handoff that led nowhere they may ask again
            self._go_on(conversation, max(row.seq for row in rows))
            return
        if max(row.occurred_at for row in rows) < datetime.now(UTC) - timedelta(seconds=QUIET_S):
            return  # history that somebody imports
        if asked:
            self._begin(conversation, window.customer.customer_id, max(row.seq for row in rows))
        elif self._mode == "friction":
            self._do_beside(self._judge(conversation, window, fresh))

    def forget(self, tenant: str, customer_id: str) -> None:
        """Draft nothing of a customer of whom something was erased."""
        conversations = [
            conversation
            for conversation, moment in self._moments.items()
            if _is_of(conversation, moment, tenant, customer_id)
        ]
        for conversation in conversations:
            moment = self._moments.pop(conversation)
            if moment.task is not None:
                moment.task.cancel()

    async def regrouped(self, tenant: str, customer_ids: Collection[str]) -> None:
        """Drop what was drafted of customers who were joined or parted: it may tell of too many, or of too few."""
        for customer_id in customer_ids:
            self.forget(tenant, customer_id)
            with suppress(WarmlineError):  # what stays is not used, and dropped when its time is over
                documents = await self._parts.archive.of_customer(tenant, COLLECTION, customer_id)
                for document in documents:
                    await self._drop((tenant, document["handoff"]["conversation_id"]))

    async def word(self, snapshot: Snapshot, handoff: Handoff, *, started: float) -> Worded:
        """The handoff that is filed, before its deadline, and what is still to come of it; see TimelyWriter.word.

        It is in words that were drafted ahead, where there are any, or in those that are being drafted.
        """
        if not self.working or handoff.status is HandoffStatus.FAILED or not _is_plain(handoff.request):
            return await self._writer.word(snapshot, handoff, started=started)
        underway = self._joined(snapshot)
        draft = await self._draft_of(snapshot)
        if draft is not None:
            return await self._in_drafted_words(snapshot, handoff, draft, underway)
        if underway is None:
            return await self._writer.word(snapshot, handoff, started=started)
        self.counts.joined += 1
        fresh = _fresh(snapshot, underway.snapshot.as_of_seq)
        return await self._writer.word(snapshot, handoff, started=started, underway=underway, fresh=fresh)

    def _joined(self, snapshot: Snapshot) -> Underway | None:
        """What is being drafted of this case. From now on the handoff asks the model for it, and no draft does."""
        moment = self._moments.get((snapshot.tenant, snapshot.conversation_id or ""))
        if moment is None:
            return None
        moment.is_used = True
        underway = moment.underway
        if underway is None or underway.snapshot.customer.identity_ids != snapshot.customer.identity_ids:
            return None  # nothing is drafted, or it is of somebody else since identities were joined or parted
        return underway

    async def _in_drafted_words(
        self, snapshot: Snapshot, handoff: Handoff, draft: Handoff, underway: Underway | None
    ) -> Worded:
        self.counts.used += 1
        is_current = underway is not None and not _fresh(snapshot, underway.snapshot.as_of_seq)
        joined = underway if is_current else None
        if fresh := _fresh(snapshot, draft.as_of_seq):
            made = await with_news(draft, handoff, fresh)
            rest = self._writer.rest_of(snapshot, handoff, joined)
        else:
            made = in_words_of(draft, handoff)
            rest = self._writer.rest_of(snapshot, made, joined) if made.check.state == "pending" else None
        return Worded(made.model_copy(update={"drafted_ahead": True}), rest)

    async def _draft_of(self, snapshot: Snapshot) -> Handoff | None:
        """The draft of a conversation, if it is of the same customer and by the prompt in force."""
        if snapshot.conversation_id is None:
            return None
        try:
            document = await self._parts.archive.get(snapshot.tenant, COLLECTION, snapshot.conversation_id)
        except WarmlineError:
            return None
        if document is None:
            return None
        if document["identity_ids"] != list(snapshot.customer.identity_ids):
            await self._drop((snapshot.tenant, snapshot.conversation_id))
            return None
        draft = Handoff.model_validate(document["handoff"])
        same_prompt = draft.prompt is not None and draft.prompt.version == self._writer.prompt_version
        return draft if same_prompt and draft.customer_id == snapshot.customer.customer_id else None

    def _hear(self, message: Message) -> None:
        """Another process found a handoff likely: what arrives here of that conversation is drafted here."""
        conversation = (str(message["tenant"]), str(message["conversation_id"]))
        if self.working and conversation not in self._moments:
            self._add(conversation, _LikelyHandoff(str(message["customer_id"]), monotonic() + QUIET_S))

    def _begin(self, conversation: ConversationKey, customer_id: str, seq: int) -> None:
        self._add(conversation, _LikelyHandoff(customer_id, monotonic() + QUIET_S))
        self._go_on(conversation, seq)
        tenant, conversation_id = conversation
        likely = {"tenant": tenant, "conversation_id": conversation_id, "customer_id": customer_id}
        self._parts.bus.publish(ESCALATION_LIKELY, likely)

    def _add(self, conversation: ConversationKey, moment: _LikelyHandoff) -> None:
        self._moments[conversation] = moment
        while len(self._moments) > MOST_MOMENTS:
            _, oldest = self._moments.popitem(last=False)
            _end(oldest)
        moment.task = asyncio.create_task(self._keep_up(conversation, moment), context=Context())

    def _go_on(self, conversation: ConversationKey, seq: int) -> None:
        moment = self._moments[conversation]
        self._moments.move_to_end(conversation)
        moment.until = monotonic() + QUIET_S
        moment.newest_seq = max(moment.newest_seq, seq)
        moment.news.set()

    def _pass(self, conversation: ConversationKey) -> None:
        """The moment has passed."""
        if (moment := self._moments.get(conversation)) is not None:
            _end(moment)

    def _do_beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, context=Context())
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _drop(self, conversation: ConversationKey) -> None:
        """Remove the draft of a conversation, whoever filed it."""
        with suppress(WarmlineError):  # it is not used, and dropped when its time is over
            self.counts.dropped += await self._parts.archive.remove(conversation[0], COLLECTION, [conversation[1]])

    async def _look_for_orphans(self) -> None:
        """Drop, now and every so often, drafts whose process ended before their moment did."""
        while True:
            try:
                for tenant in {tenant for tenant, _ in await self._parts.ledger.lately_active(LATELY, limit=LATELY)}:
                    await self._drop_orphans(tenant)
            except WarmlineError as failure:
                _log.warning("drafts that were left behind are looked for later: %s", failure.detail)
            await asyncio.sleep(LOOK_S)

    async def _drop_orphans(self, tenant: str) -> None:
        longest = timedelta(seconds=QUIET_S + self._writer.patience_s)
        after = ""
        while documents := await self._parts.archive.page(tenant, COLLECTION, after=after):
            after = documents[-1][0]
            now = datetime.now(UTC)
            old = [key for key, document in documents if _begun_at(document) < now - longest]
            orphans = [key for key in old if (tenant, key) not in self._moments]
            count = await self._parts.archive.remove(tenant, COLLECTION, orphans) if orphans else 0
            self.counts.dropped += count
            self.counts.orphaned += count

    async def _judge(self, conversation: ConversationKey, window: Snapshot, fresh: Collection[str]) -> None:
        with suppress(WarmlineError):
            crossing = await asyncio.to_thread(crossing_of, window, fresh, await self._ladder(conversation[0]))
            if crossing is not None and crossing.intervention.level in _FORWARD and conversation not in self._moments:
                self._begin(conversation, window.customer.customer_id, max(row.seq for row in window.conversation))

    async def _keep_up(self, conversation: ConversationKey, moment: _LikelyHandoff) -> None:
        """Draft whenever there is news, until the moment has passed; then drop the draft."""
        try:
            while (left := moment.until - monotonic()) > 0:
                moment.news.clear()
                if moment.newest_seq > moment.drafted_seq and not moment.is_used:
                    await self._draft(conversation, moment)
                    await asyncio.sleep(REDRAFT_S)
                else:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(moment.news.wait(), left)
            await self._drop(conversation)
        except WarmlineError as failure:
            _log.warning("a brief is not drafted ahead: %s", failure.detail)
        except Exception as failure:  # noqa: BLE001 - the handoff is made without a draft
            _log.warning("a brief is not drafted ahead: %s", type(failure).__name__)
        finally:
            if self._moments.get(conversation) is moment:
                del self._moments[conversation]

    async def _draft(self, conversation: ConversationKey, moment: _LikelyHandoff) -> None:
        """Draft once, unless another process does or the tenant's budget is used up."""
        tenant, conversation_id = conversation
        document = await self._parts.archive.get(tenant, COLLECTION, conversation_id)
        if document is not None and _is_current(document, moment):
            moment.drafted_seq = moment.newest_seq
            return
        lease = self._lease(conversation)
        if not (await self._parts.leases.claim(lease)).is_mine:
            return
        try:
            most = self._parts.drafts_per_minute
            if await self._parts.rate_limits.may_send(f"drafts {tenant}", most, seconds=BUDGET_WINDOW_S):
                async with self._under_way:
                    await self._write(conversation, moment)
            else:
                self.counts.over_budget += 1
                moment.drafted_seq = moment.newest_seq
        finally:
            with suppress(WarmlineError):
                await self._parts.leases.release(lease, forget=True)

    async def _write(self, conversation: ConversationKey, moment: _LikelyHandoff) -> None:
        tenant, conversation_id = conversation
        snapshot, handoff = await self._prepare(tenant, HandoffRequest(conversation_id=conversation_id))
        moment.drafted_seq = max(moment.drafted_seq, snapshot.as_of_seq)
        if handoff.brief.resolution_status is ResolutionStatus.RESOLVED:
            self._pass(conversation)
        if handoff.status is HandoffStatus.FAILED or moment.until < monotonic() or moment.is_used:
            return
        self.counts.begun += 1
        rest = self._writer.rest_of(snapshot, handoff)
        underway = moment.underway = Underway(snapshot)
        try:
            with calling_for(ModelPurpose.DRAFT):
                async for version in self._writer.revisions(rest):
                    if version.engine == "model" and not await self._file(conversation, rest, version):
                        return
                    underway.tell(version)
        except ModelFailure as failure:
            underway.fail(failure)
            _log.warning("a brief is not drafted ahead: %s", failure.reported_code)
        finally:
            moment.underway = None
            underway.end()
            self._writer.abandon(rest)

    async def _file(self, conversation: ConversationKey, rest: Rest, version: Handoff) -> bool:
        """File a draft, unless something that the model was shown was erased meanwhile."""
        tenant, conversation_id = conversation
        if await self._gone(tenant, rest.snapshot):
            return False
        document: Mapping[str, Any] = {
            "handoff": version.model_dump(mode="json"),
            "identity_ids": list(rest.snapshot.customer.identity_ids),
            "shown": list(shown_rows(rest.snapshot)),  # so that it is erased with any of them
        }
        await self._parts.archive.put(tenant, COLLECTION, conversation_id, document, customer_id=version.customer_id)
        if await self._gone(tenant, rest.snapshot):
            await self._parts.archive.remove(tenant, COLLECTION, [conversation_id])
            return False
        self.counts.filed += 1
        return True

    async def _gone(self, tenant: str, snapshot: Snapshot) -> bool:
        """Whether the customer or something of what was shown was erased; what the model answered goes with it."""
        customer_id = snapshot.customer.customer_id
        if await self._parts.ledger.customer_of(tenant, customer_id) is None:
            await self._parts.eraser.forget_documents(tenant, customer_id)
            return True
        changed = await changed_since(self._parts.ledger, tenant, snapshot)
        if changed:
            await self._parts.eraser.erase_derived_of(tenant, changed)
        return bool(changed)

    def _lease(self, conversation: ConversationKey) -> ClaimRequest:
        now = now_ms()
        until = now + round((LEASE_S + self._writer.patience_s) * 1000)
        return ClaimRequest(
            tenant=conversation[0],
            key=f"draft {sha256(conversation[1].encode()).hexdigest()}",
            body_sha256=COLLECTION,
            work_id=self._holder,
            holder=self._holder,
            now=now,
            leased_until=until,
            expires_at=until,
        )


def _is_plain(request: HandoffRequest) -> bool:
    """Whether a handoff is asked for as a draft assumes: nothing that changes what a model is to write."""
    return request.locale is None and not request.sections and request.now is None


def _end(moment: _LikelyHandoff) -> None:
    moment.until = 0.0
    moment.news.set()


def _is_of(conversation: ConversationKey, moment: _LikelyHandoff, tenant: str, customer_id: str) -> bool:
    return (conversation[0], moment.customer_id) == (tenant, customer_id)


def _is_current(document: Mapping[str, Any], moment: _LikelyHandoff) -> bool:
    draft = document["handoff"]
    return draft["customer_id"] == moment.customer_id and draft["as_of_seq"] >= moment.newest_seq


def _begun_at(document: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(document["handoff"]["created_at"])


def _fresh(snapshot: Snapshot, as_of_seq: int) -> list[Interaction]:
    """What came after a moment, oldest first."""
    rows = sorted(shown_rows(snapshot).values(), key=lambda row: row.seq)
    return [row for row in rows if row.seq > as_of_seq]


def _is_over(row: Interaction) -> bool:
    return row.kind not in _BY_PEOPLE and row.name is not None and f"_{row.name.lower()}".endswith(_OVER)
