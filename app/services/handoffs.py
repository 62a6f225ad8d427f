"""Handoffs: made, filed, read again, followed while they go on, and what agents say of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, NamedTuple

from app.briefs import explain
from app.errors import NotFound, UnknownCustomer
from app.ids import id_of_work, resumed_work
from app.models import (
    Announcement,
    Customer,
    Explanation,
    FailureCode,
    Feedback,
    FiledFeedback,
    FiledOutcome,
    Handoff,
    HandoffRequest,
    Interaction,
    Snapshot,
    Topic,
)
from app.nlu.read_rows import as_shown
from app.services.filing import MOST_ATTEMPTS, WordsDeleted, check_still_there
from app.services.marks import MarkedClaims, marked_claims
from app.services.parts import Parts
from app.services.request_masking import masked, without_secrets
from app.services.revisions import ready
from app.services.workflow_loader import WorkflowLoader

CONVERSATION_WINDOW = 1000
# Another worker may be writing the brief; this one learns of it only through the archive.
LOOK_AGAIN_S = 0.3
# How long after its deadline a handoff may still be filed; after that, its worker is taken for gone.
GRACE = timedelta(seconds=30)
_MOST_FEEDBACK = 200
_ABOUT_HANDOFFS = (Topic.HANDOFF_READY, Topic.HANDOFF_UPDATED)


class CardRevision(NamedTuple):
    """What became of a handoff: its feedback, oldest first, and the last outcome of each action that was offered."""

    feedback: tuple[FiledFeedback, ...]
    outcomes: Mapping[str, FiledOutcome]


class HandoffService:
    """Makes handoffs and keeps track of them."""

    def __init__(self, parts: Parts, loader: WorkflowLoader, settle: Callable[[float], Awaitable[None]]) -> None:
        self._parts = parts
        self._loader = loader
        self._settle = settle

    @property
    def asks_model(self) -> bool:
        """Whether handoffs wait for a model."""
        return self._parts.writer.has_model

    async def create(self, tenant: str, request: HandoffRequest) -> Handoff:
        """The final stage of `stages`."""
        last: Handoff | None = None
        async for stage in self.stages(tenant, request):
            last = stage
        assert last is not None
        return last

    async def stages(self, tenant: str, request: HandoffRequest, *, file_first: bool = False) -> AsyncIterator[Handoff]:
        """The handoff twice: the deterministic one at once, then the filed one, worded by a model if one is set.

        With `file_first` the first stage is filed too, before it is given, for those who look at it meanwhile. Both
        stages are made again where a message that they quote is deleted meanwhile.
        """
        started = perf_counter()
        workflow = await self._loader.workflow()
        # Soon after a start the models are still being loaded: a handoff waits for them, half of its time at most.
        await self._settle(request.deadline_ms / 2000)
        request = await masked(self._parts, request)
        handoff_id = id_of_work("hnd")
        if resumed_work() and (done := await self._handoff_done(tenant, handoff_id)) is not None:
            yield done
            self._announce(tenant, done)
            return
        for attempt in range(1, MOST_ATTEMPTS + 1):
            now = request.now or datetime.now(UTC)
            made = workflow.handoff(tenant, handoff_id, request, now=now, started=started)
            last: Handoff | None = None
            try:
                async for stage in made:
                    if file_first and last is None:
                        await self._file_handoff(tenant, stage)
                    await check_still_there(self._parts, tenant, stage.customer_id)
                    if file_first and last is not None:
                        await self._parts.continuity.touch(tenant, stage.customer_id)
                    last = stage
                    yield stage
            except WordsDeleted:
                if attempt == MOST_ATTEMPTS:
                    raise
                continue
            if last is not None:
                self._parts.meter.handoff(last)
                self._announce(tenant, last)
            return

    async def prepared(self, tenant: str, request: HandoffRequest) -> tuple[Snapshot, Handoff]:
        """The case and its deterministic brief: for a model to word ahead of a handoff, or to be explained."""
        workflow = await self._loader.workflow()
        return await workflow.draft(tenant, request, now=request.now or datetime.now(UTC), started=perf_counter())

    async def explain(self, tenant: str, request: HandoffRequest) -> Explanation:
        """Why the brief without a model would say what it says: each sentence's reading, and each wish's state."""
        snapshot, drafted = await self.prepared(tenant, request)
        return await asyncio.to_thread(explain, snapshot, drafted.brief)

    async def filed(self, tenant: str, handoff_id: str) -> Handoff:
        """A handoff as it was filed, `stale` when its customer's ledger has moved on. Raises NotFound."""
        handoff = Handoff.model_validate(await self._document(tenant, handoff_id))
        newer = await self._newest(tenant, handoff.customer_id, after_seq=handoff.as_of_seq)
        return handoff.model_copy(update={"stale": newer, "pending": self.is_pending(handoff)})

    async def refreshed_stages(
        self, tenant: str, handoff_id: str, *, file_first: bool = False
    ) -> AsyncIterator[Handoff]:
        """A new handoff for the same request, judged now, in the stages of `stages`. Raises NotFound."""
        request = await self._asked_again(tenant, handoff_id)
        async for stage in self.stages(tenant, request, file_first=file_first):
            yield stage

    async def conversation_of(self, tenant: str, handoff: Handoff) -> tuple[Sequence[Interaction], Customer]:
        """The interactions that a handoff's conversation had when it was made, and whose it is.

        Without a conversation they are the customer's newest. Raises UnknownCustomer.
        """
        customer = await self._parts.identities.customer(tenant, handoff.customer_id)
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
        document = await self._document(tenant, handoff_id)
        feedback = await without_secrets(feedback)
        filed = FiledFeedback(
            feedback_id=id_of_work("fbk"),
            handoff_id=handoff_id,
            customer_id=document["customer_id"],
            filed_at=datetime.now(UTC),
            **dict(feedback),
        )
        await self._parts.archive.put(
            tenant, "feedback", filed.feedback_id, filed.model_dump(mode="json"), customer_id=filed.customer_id
        )
        await check_still_there(self._parts, tenant, filed.customer_id)
        return filed

    async def evidence_of(self, tenant: str, handoff: Handoff) -> Mapping[str, Interaction]:
        """The interactions that a handoff names, by id, as the ledger holds them now.

        One that was erased is missing, as is one that belongs to another customer today. Raises UnknownCustomer.
        """
        customer = await self._parts.identities.customer(tenant, handoff.customer_id)
        rows = await self._parts.ledger.by_ids(tenant, handoff.evidence)
        return {row.interaction_id: as_shown(row) for row in rows if row.identity_id in customer.identity_ids}

    async def card_revision(self, tenant: str, handoff: Handoff) -> CardRevision:
        """What was told of a handoff and of the actions it offered."""
        archive = self._parts.archive
        documents = await archive.of_customer(tenant, "feedback", handoff.customer_id, limit=_MOST_FEEDBACK)
        feedback = [
            FiledFeedback.model_validate(document)
            for document in documents
            if document["handoff_id"] == handoff.handoff_id
        ]
        return CardRevision(tuple(reversed(feedback)), await self._outcomes_of(tenant, handoff))

    async def follow(self, tenant: str, handoff_id: str) -> AsyncIterator[Handoff]:
        """A handoff as it is filed now and, while more of it may come, again whenever that is filed.

        What is filed is what is told, so any worker may be asked. It ends with what is not pending any more; earlier
        when whoever was writing is gone, or the service stops. Raises NotFound.
        """
        async with self._parts.announcer.listening(tenant) as heard:
            handoff = await self._stage(tenant, handoff_id)
            yield handoff
            while self.is_pending(handoff) and self._parts.announcer.working:
                with suppress(TimeoutError):
                    await asyncio.wait_for(_news(heard, handoff_id), LOOK_AGAIN_S)
                stage = await self._stage(tenant, handoff_id)
                if stage != handoff:
                    handoff = stage
                    yield stage

    def is_pending(self, handoff: Handoff) -> bool:
        """Whether more of a handoff may come: one whose maker is gone stays as it is."""
        return still_pending(handoff, patience=timedelta(seconds=self._parts.writer.patience_s))

    def marked_claims(self, tenant: str) -> AsyncIterator[MarkedClaims]:
        """What agents marked right or wrong on their cards, by handoff, as rows of `eval facts`."""

        async def customer(customer_id: str) -> Customer:
            return await self._parts.identities.customer(tenant, customer_id)

        return marked_claims(self._parts.ledger, self._parts.archive, customer, tenant)

    def _announce(self, tenant: str, handoff: Handoff) -> None:
        """Tell listeners that a handoff is ready; webhooks are told by what was filed with it."""
        self._parts.announcer.broadcast(tenant, [ready(handoff)])

    async def _document(self, tenant: str, handoff_id: str) -> Mapping[str, Any]:
        document = await self._parts.archive.get(tenant, "handoffs", handoff_id)
        if document is None:
            raise NotFound(
                f"No handoff has the id {handoff_id!r} in this tenant. Take the handoff_id of an answer, or of GET "
                "/v1/handoffs. A handoff goes when a message that it quotes is deleted or its customer is erased."
            )
        return document

    async def _handoff_done(self, tenant: str, handoff_id: str) -> Handoff | None:
        """What an earlier attempt at this request filed as its answer, or as a revision of that, if it did."""
        document = await self._parts.archive.get(tenant, "handoffs", handoff_id)
        handoff = None if document is None else Handoff.model_validate(document)
        return None if handoff is None or is_first_stage(handoff) else handoff

    async def _asked_again(self, tenant: str, handoff_id: str) -> HandoffRequest:
        filed = await self.filed(tenant, handoff_id)
        return filed.request.model_copy(update={"now": None, "customer_id": filed.customer_id})

    async def _file_handoff(self, tenant: str, handoff: Handoff) -> None:
        document = handoff.model_dump(mode="json")
        await self._parts.archive.put(tenant, "handoffs", handoff.handoff_id, document, customer_id=handoff.customer_id)

    async def _newest(self, tenant: str, customer_id: str, *, after_seq: int) -> bool:
        try:
            customer = await self._parts.identities.customer(tenant, customer_id)
        except UnknownCustomer:
            return True
        newer = await self._parts.ledger.interactions(tenant, customer.identity_ids, after_seq=after_seq, limit=1)
        return bool(newer)

    async def _stage(self, tenant: str, handoff_id: str) -> Handoff:
        return Handoff.model_validate(await self._document(tenant, handoff_id))

    async def _outcomes_of(self, tenant: str, handoff: Handoff) -> Mapping[str, FiledOutcome]:
        decision = handoff.next_actions
        if decision is None or not decision.actions:
            return {}
        outcomes = await self._parts.decisions.learner.outcomes_of(
            tenant, decision.decision_id, [action.action_id for action in decision.actions]
        )
        return {outcome.action_id: outcome for outcome in outcomes}


def is_first_stage(handoff: Handoff) -> bool:
    """Whether a handoff as it is filed is the first brief of one that was not answered yet."""
    late = handoff.failure_code is FailureCode.MODEL_TIMEOUT or handoff.engine == "model"
    return handoff.pending and not late


def still_pending(handoff: Handoff, *, patience: timedelta = timedelta(0)) -> bool:
    """Whether a handoff's brief is still being made: one whose maker is gone stays as it is."""
    due = handoff.created_at + max(patience, timedelta(milliseconds=handoff.request.deadline_ms))
    return handoff.pending and datetime.now(UTC) < due + GRACE


async def _news(heard: asyncio.Queue[Announcement | None], handoff_id: str) -> None:
    """Wait until this handoff is announced; the end of all announcements is not waited beyond."""
    while True:
        announcement = await heard.get()
        if announcement is None:
            await asyncio.sleep(LOOK_AGAIN_S)
        elif announcement.topic in _ABOUT_HANDOFFS and announcement.data.get("handoff_id") == handoff_id:
            return
