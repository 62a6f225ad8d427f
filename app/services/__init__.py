"""The few verbs of Warmline, called by every door and by the evals alike."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from app import offline
from app.briefs import Rest, Word, explain
from app.errors import (
    InvalidRequest,
    NotFound,
    UnknownCustomer,
)
from app.idempotency import REPLIES, WorkAttempt
from app.ids import id_of_work, resumed_work
from app.ledger import CARD_PURPOSE
from app.models import (
    ActionOutcome,
    Channel,
    Check,
    Customer,
    Decision,
    Explanation,
    Feedback,
    FiledFeedback,
    FiledOutcome,
    Handoff,
    HandoffRequest,
    Identifier,
    IndexProgress,
    Interaction,
    InteractionDraft,
    Kind,
    NextActionRequest,
    Problem,
    Record,
    Recorded,
    Resolution,
    Signal,
    Snapshot,
)
from app.privacy import holds_card, masked_identifiers, masked_request, takes_long
from app.readiness import ExampleReadiness, LedgerProbe, Readiness
from app.services.analytics import Continuing
from app.services.answers import (
    ConversationFriction,
    ConversationSignals,
    RecordAnswer,
    SearchAnswer,
    TimelinePage,
    VerifyAnswer,
)
from app.services.cards import Cards, is_first_stage
from app.services.customer_history import FoundCustomer, JourneyPage, JourneyQuery
from app.services.journeys import Journeys
from app.services.listings import Listings
from app.services.parts import Parts
from app.services.playground import Playground, Trial, TrialOptions, TrialRequest
from app.services.verification import Verifying
from app.signals import SHORT_TEXTS, detect

if TYPE_CHECKING:
    from app.workflow import Workflow

__all__ = [
    "App",
    "ConversationFriction",
    "ConversationSignals",
    "FoundCustomer",
    "JourneyPage",
    "JourneyQuery",
    "Parts",
    "Readiness",
    "RecordAnswer",
    "SearchAnswer",
    "TimelinePage",
    "Trial",
    "TrialOptions",
    "TrialRequest",
    "VerifyAnswer",
]

_Asked = TypeVar("_Asked", bound=Record)

LIVE_CONVERSATIONS = 20
CONVERSATION_WINDOW = 1000


class App(Cards, Continuing, Journeys, Verifying):
    """Warmline itself. Open it with `async with`, so that its index follows the ledger and its stores are let go."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._workflow: Workflow | None = None
        self._examples = ExampleReadiness(parts.decisions)
        self._probe = LedgerProbe(parts.ledger, parts.archive)
        self._playground = Playground(parts)
        self.listings = Listings(parts.ledger, parts.archive, parts.identities)

    async def __aenter__(self) -> "App":
        self._parts.indexer.start()
        self._parts.analyst.start()
        self._parts.traffic.start()
        self._parts.cases.start()
        self._parts.announcer.start()
        self._parts.continuity.start()
        self.start_watching()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Finish what is acknowledged and let go of every store."""
        await self._parts.recorder.close()
        await self.end_announcements()
        await self._forgetting.close()
        await self._examples.close()
        await self._parts.traffic.close()
        await self._parts.cases.close()
        await self._parts.continuity.close()
        await self._parts.decisions.shelf.close()
        await self._parts.indexer.close()
        await self._parts.analyst.close()
        await self._parts.writer.close()
        await self._parts.keys.close()
        await self._parts.rate_limits.close()
        await self._parts.ledger.close()

    @property
    def asks_model(self) -> bool:
        """Whether handoffs wait for a model."""
        return self._parts.writer.has_model

    async def prepare(self) -> None:
        """Load what no handoff can do without, before the service listens: from then on deadlines hold."""
        await self._ready_workflow()

    async def warm_up(self) -> None:
        """Load what the first handoff needs, off the event loop; a service calls it in the background."""
        await self.prepare()
        await asyncio.gather(self._examples.embed(), self._parts.indexer.warm_up())
        # The model's client last, which takes longest: nobody but the model has to wait for it.
        await self._parts.writer.warm_up()
        if not gc.get_freeze_count():
            gc.freeze()  # half a million objects of libraries that stay: looking through them takes 0.3 s each time

    def reindex(self) -> AsyncIterator[IndexProgress]:
        """Make the index anew for all tenants, in an App that was not opened. Raises as the vectors and embedder do."""
        return self._parts.indexer.rebuild()

    async def record(self, tenant: str, drafts: Sequence[InteractionDraft | Problem]) -> RecordAnswer:
        """File interactions durably. A Problem among them is a row the door refused: it comes back in its place."""
        results = await self._parts.recorder.record(tenant, drafts)
        self._parts.indexer.wake(len(results))
        self._parts.analyst.wake(len(results))
        windows = await self._live_windows(tenant, drafts, results)
        fresh = {result.interaction_id for result in results if result.interaction_id and not result.duplicate}
        signals = await _detected(windows, fresh)
        await self.announce(tenant, windows, signals, fresh)
        # What was acknowledged before this request began has lower numbers than what it filed itself.
        newest = (result.seq for result in results if result.seq and not result.duplicate)
        head = max((*newest, *(window.as_of_seq for window in windows)), default=0)
        return RecordAnswer(
            results=tuple(results), signals=signals, as_of_seq=head or await self._parts.ledger.head(tenant)
        )

    async def handoff(self, tenant: str, request: HandoffRequest) -> Handoff:
        """The final stage of `handoff_stages`."""
        last: Handoff | None = None
        async for stage in self.handoff_stages(tenant, request):
            last = stage
        assert last is not None
        return last

    async def handoff_stages(
        self, tenant: str, request: HandoffRequest, *, file_first: bool = False
    ) -> AsyncIterator[Handoff]:
        """The handoff twice: the deterministic one at once, then the filed one, worded by a model if one is set.

        With `file_first` the first stage is filed too, before it is given, for those who look at it meanwhile.
        """
        started = perf_counter()
        workflow = await self._ready_workflow()
        named = request.model_copy(update={"identifiers": await self._masked(request.identifiers)})
        request = await _masked(named)
        handoff_id = id_of_work("hnd")
        if resumed_work() and (done := await self._handoff_done(tenant, handoff_id)) is not None:
            yield done
            self.announce_handoff(tenant, done)
            return
        stages = workflow.handoff(tenant, handoff_id, request, now=request.now or datetime.now(UTC), started=started)
        last: Handoff | None = None
        async for stage in stages:
            if file_first and last is None:
                await self._file_handoff(tenant, stage)
            await self._check_still_there(tenant, stage.customer_id)
            if file_first and last is not None:
                await self._parts.continuity.touch(tenant, stage.customer_id)
            last = stage
            yield stage
        if last is not None:
            self.announce_handoff(tenant, last)

    async def prepared(self, tenant: str, request: HandoffRequest) -> tuple[Snapshot, Handoff]:
        """The case and its deterministic brief: for a model to word ahead of a handoff, or to be explained."""
        workflow = await self._ready_workflow()
        return await workflow.draft(tenant, request, now=request.now or datetime.now(UTC), started=perf_counter())

    async def explain(self, tenant: str, request: HandoffRequest) -> Explanation:
        """Why the brief without a model would say what it says: each sentence's reading, and each wish's state."""
        snapshot, drafted = await self.prepared(tenant, request)
        return await asyncio.to_thread(explain, snapshot, drafted.brief)

    def trial_options(self) -> TrialOptions:
        """What a trial may choose from."""
        return self._playground.options()

    async def play(self, tenant: str, request: TrialRequest) -> Trial:
        """Try out one conversation in stores that are thrown away; nothing of the tenant's is touched.

        Raises InvalidRequest, PayloadTooLarge or RateLimited.
        """
        return await self._playground.play(tenant, request)

    async def filed_handoff(self, tenant: str, handoff_id: str) -> Handoff:
        """A handoff as it was filed, `stale` when its customer's ledger has moved on. Raises NotFound."""
        handoff = Handoff.model_validate(await self._filed(tenant, "handoffs", handoff_id))
        newer = await self._newest(tenant, handoff.customer_id, after_seq=handoff.as_of_seq)
        return handoff.model_copy(update={"stale": newer, "pending": self.still_pending(handoff)})

    async def refreshed_stages(
        self, tenant: str, handoff_id: str, *, file_first: bool = False
    ) -> AsyncIterator[Handoff]:
        """A new handoff for the same request, judged now, in the stages of `handoff_stages`. Raises NotFound."""
        request = await self._asked_again(tenant, handoff_id)
        async for stage in self.handoff_stages(tenant, request, file_first=file_first):
            yield stage

    async def next_actions(self, tenant: str, request: NextActionRequest) -> Decision:
        """What to do next."""
        started = perf_counter()
        work = resumed_work()
        if work and (filed := await self._parts.archive.get(tenant, "decisions", work.id_of("dec"))) is not None:
            return Decision.model_validate(filed)
        workflow = await self._ready_workflow()
        named = request.model_copy(update={"identifiers": await self._masked(request.identifiers)})
        request = await _masked(named)
        decision = await workflow.decide(tenant, request, now=request.now or datetime.now(UTC), started=started)
        await self._check_still_there(tenant, decision.customer_id)
        return decision

    async def resolve(self, tenant: str, identifiers: Sequence[Identifier]) -> Resolution:
        """Whom these identifiers name; a new customer when nobody is known by them."""
        return await self._parts.identities.resolve(tenant, await self._masked(identifiers))

    async def _masked(self, identifiers: Sequence[Identifier]) -> tuple[Identifier, ...]:
        key = await self._parts.signatures.key(CARD_PURPOSE) if holds_card(identifiers) else b""
        return masked_identifiers(identifiers, key)

    async def timeline(
        self,
        tenant: str,
        customer_id: str,
        *,
        channel: Channel | None = None,
        kind: Kind | None = None,
        after_seq: int = 0,
        limit: int = 50,
    ) -> TimelinePage:
        """One page of a customer's history over all channels, by seq. Raises UnknownCustomer."""
        head = await self._parts.ledger.head(tenant)
        customer = await self.customer(tenant, customer_id)
        rows = await self._parts.ledger.interactions(
            tenant,
            customer.identity_ids,
            channel=channel,
            kind=kind,
            after_seq=after_seq,
            up_to_seq=head,
            limit=limit + 1,
        )
        page = tuple(rows[:limit])
        more = len(rows) > limit
        return TimelinePage(
            customer_id=customer.customer_id,
            interactions=page,
            next_after_seq=page[-1].seq if more else None,
            as_of_seq=head,
        )

    async def search(self, tenant: str, customer_id: str, query: str, *, limit: int = 10) -> SearchAnswer:
        """Find in one customer's history, by the retrieval that feeds the brief. Raises UnknownCustomer."""
        started = perf_counter()
        head = await self._parts.ledger.head(tenant)
        customer = await self.customer(tenant, customer_id)
        hits = await self._parts.retriever.search(tenant, customer.identity_ids, query, up_to_seq=head, limit=limit)
        return SearchAnswer(hits=tuple(hits), as_of_seq=head, duration_ms=round((perf_counter() - started) * 1000))

    async def conversation_of(self, tenant: str, handoff: Handoff) -> tuple[Sequence[Interaction], Customer]:
        """The interactions that a handoff's conversation had when it was made, and whose it is.

        Without a conversation they are the customer's newest. Raises UnknownCustomer.
        """
        customer = await self.customer(tenant, handoff.customer_id)
        rows = await self._parts.ledger.interactions(
            tenant,
            customer.identity_ids,
            conversation_id=handoff.conversation_id,
            up_to_seq=handoff.as_of_seq,
            limit=CONVERSATION_WINDOW,
            newest_first=True,
        )
        return rows[::-1], customer

    async def file_feedback(self, tenant: str, handoff_id: str, feedback: Feedback) -> FiledFeedback:
        """Keep what was told of a handoff. Raises NotFound."""
        document = await self._filed(tenant, "handoffs", handoff_id)
        feedback = await _masked(feedback)
        filed = FiledFeedback(
            feedback_id=id_of_work("fbk"),
            handoff_id=handoff_id,
            customer_id=document["customer_id"],
            filed_at=datetime.now(UTC),
            **dict(feedback),
        )
        await self._file(tenant, "feedback", filed.feedback_id, filed)
        return filed

    async def file_outcome(self, tenant: str, decision_id: str, outcome: ActionOutcome) -> FiledOutcome:
        """Keep what became of an action and learn from it; telling it again replaces it.

        Raises NotFound or InvalidRequest.
        """
        decision = Decision.model_validate(await self._filed(tenant, "decisions", decision_id))
        if outcome.action_id not in {action.action_id for action in (*decision.actions, *decision.suppressed)}:
            message = "This decision neither offered nor held back an action with this id."
            raise InvalidRequest(f"action_id: {message}", [{"path": "action_id", "message": message}])
        filed = FiledOutcome(
            decision_id=decision_id,
            customer_id=decision.customer_id,
            intent=decision.intent,
            case_id=decision.case_id,
            filed_at=datetime.now(UTC),
            **dict(outcome),
        )
        await self._parts.decisions.learner.file_outcome(tenant, filed)
        self._parts.cases.note(tenant, filed)
        await self._parts.continuity.touch(tenant, filed.customer_id)
        await self._check_still_there(tenant, filed.customer_id)
        return filed

    def attempt(self, tenant: str, key: str, body_sha256: str) -> AbstractAsyncContextManager[WorkAttempt]:
        """Get the answer that a door kept under this key, or else the claim to the work while the block runs.

        Raises Conflict for a key that was used with another body, or Unavailable.
        """
        return self._parts.claims.attempt(tenant, key, body_sha256)

    async def remove_expired_replies(self) -> int:
        """Remove the answers kept for retries that have been kept for long enough; tells how many."""
        return await self._parts.claims.remove_expired()

    async def keep_reply(
        self, tenant: str, key: str, reply: Mapping[str, Any], *, customer_id: str | None = None
    ) -> bool:
        """Keep a door's answer for retries; tells whether this one was the first under its key."""
        added = await self._parts.archive.add(tenant, REPLIES, key, reply, customer_id=customer_id)
        if customer_id is not None:
            await self._check_still_there(tenant, customer_id)
        return added

    async def readiness(self) -> Readiness:
        """Whether a handoff can be served now, and how each part is."""
        checks = {"ledger": await self._probe.check(), "workflow": self._workflow_check()}
        checks["index"] = self._parts.indexer.check()
        checks["actions"] = self._examples.check()
        checks["model"] = self._parts.writer.check()
        if self._parts.writer.has_model:
            checks["revisions"] = self._revisions.check()
            checks["drafts"] = self._drafts.check()
        usable = checks["ledger"].status == "ok" and checks["workflow"].status == "ok"
        lag = await self._parts.indexer.lag() if usable else 0
        return Readiness(status="ready" if usable else "unavailable", checks=checks, index_lag=lag)

    async def _handoff_done(self, tenant: str, handoff_id: str) -> Handoff | None:
        """What an earlier attempt at this request filed as its answer, or as a revision of that, if it did."""
        document = await self._parts.archive.get(tenant, "handoffs", handoff_id)
        handoff = None if document is None else Handoff.model_validate(document)
        return None if handoff is None or is_first_stage(handoff) else handoff

    async def _filed(self, tenant: str, collection: Literal["handoffs", "decisions"], key: str) -> Mapping[str, Any]:
        document = await self._parts.archive.get(tenant, collection, key)
        if document is None:
            raise NotFound(f"No {collection.removesuffix('s')} has the id {key!r} in this tenant.")
        return document

    async def _asked_again(self, tenant: str, handoff_id: str) -> HandoffRequest:
        filed = await self.filed_handoff(tenant, handoff_id)
        return filed.request.model_copy(update={"now": None, "customer_id": filed.customer_id})

    async def _file_handoff(self, tenant: str, handoff: Handoff) -> None:
        document = handoff.model_dump(mode="json")
        await self._parts.archive.put(tenant, "handoffs", handoff.handoff_id, document, customer_id=handoff.customer_id)

    async def _file(self, tenant: str, collection: str, key: str, record: FiledFeedback) -> None:
        document = record.model_dump(mode="json")
        await self._parts.archive.put(tenant, collection, key, document, customer_id=record.customer_id)
        await self._check_still_there(tenant, record.customer_id)

    async def _check_still_there(self, tenant: str, customer_id: str) -> None:
        """Take back what was just filed of a customer who was erased meanwhile. Raises UnknownCustomer for one."""
        if await self._parts.ledger.customer_of(tenant, customer_id) is None:
            await self._parts.eraser.forget_documents(tenant, customer_id)
            raise UnknownCustomer("This customer was erased meanwhile.")

    async def _ready_workflow(self) -> "Workflow":
        if self._workflow is None:
            self._workflow = await offline.in_turn(
                lambda: _build_workflow(self._parts, self._drafts.word, self.file_handoff)
            )
        return self._workflow

    async def _newest(self, tenant: str, customer_id: str, *, after_seq: int) -> bool:
        try:
            customer = await self.customer(tenant, customer_id)
        except UnknownCustomer:
            return True
        newer = await self._parts.ledger.interactions(tenant, customer.identity_ids, after_seq=after_seq, limit=1)
        return bool(newer)

    async def _live_windows(
        self, tenant: str, drafts: Sequence[InteractionDraft | Problem], results: Sequence[Recorded]
    ) -> Sequence[Snapshot]:
        """How the conversations stand that a request added to; of very many, the last ones."""
        pairs = [
            (draft, result)
            for draft, result in zip(drafts, results, strict=True)
            if result.seq and not result.duplicate
        ]
        talks = [
            (result.customer_id, draft.conversation_id) for draft, result in pairs if not isinstance(draft, Problem)
        ]
        places = list(dict.fromkeys((who, where) for who, where in talks if who and where))[-LIVE_CONVERSATIONS:]
        return await self._parts.windows.of(tenant, places) if places else ()

    def _workflow_check(self) -> Check:
        if self._workflow is None:
            return Check(status="loading", detail="loads in the background after the start")
        return Check(status="ok", detail="compiled")


async def _masked(request: _Asked) -> _Asked:
    """A request without secrets; where much was written in it, they are looked for off the event loop."""
    return await asyncio.to_thread(masked_request, request) if takes_long(request) else masked_request(request)


async def _detected(windows: Sequence[Snapshot], fresh: Collection[str]) -> tuple[Signal, ...]:
    """The signals of every window; a batch may touch a thousand of them, so others are let in between."""
    signals: list[Signal] = []
    for index, window in enumerate(windows):
        if index:
            await asyncio.sleep(0)
        signals.extend(await _signals_of(window, fresh))
    return tuple(signals)


async def _signals_of(window: Snapshot, fresh: Collection[str]) -> tuple[Signal, ...]:
    """The signals of a window; where much was written, they are looked for off the event loop."""
    if window.characters <= SHORT_TEXTS:
        return detect(window, fresh=fresh)
    return await asyncio.to_thread(detect, window, fresh=fresh)


def _build_workflow(
    parts: Parts,
    word: Word,
    file_handoff: Callable[[str, Handoff, Rest | None], Awaitable[Handoff]],
) -> "Workflow":
    with offline.LOADING:  # LangGraph takes most of a second to import, so it is left until somebody needs it
        from app.workflow import Rooms, Workflow

    return Workflow(
        Rooms(
            identities=parts.identities,
            gatherer=parts.gatherer,
            decisions=parts.decisions,
            meanings=parts.meanings,
            archive=parts.archive,
            ladder=parts.ladder,
            word=word,
            file_handoff=file_handoff,
        )
    )
