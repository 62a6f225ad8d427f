"""The verbs of the agent's card: what a handoff stands on, what was told of it since, and when it is complete."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app.errors import NotFound
from app.models import Announcement, FailureCode, FiledFeedback, FiledOutcome, Handoff, Interaction, Topic
from app.services.administration import Administration

# Another worker may be writing the brief, and tells this one only through the archive.
LOOK_AGAIN_S = 0.3
# How long after its deadline a handoff may still be filed; after that, whoever was writing it is taken for gone.
GRACE = timedelta(seconds=30)
_MOST_TOLD = 200
_ABOUT_HANDOFFS = (Topic.HANDOFF_READY, Topic.HANDOFF_UPDATED)


class CardRevision(NamedTuple):
    """What became of a handoff: its feedback, oldest first, and the last outcome of each action that was offered."""

    feedback: tuple[FiledFeedback, ...]
    outcomes: Mapping[str, FiledOutcome]


class Cards(Administration):
    """What an App tells whoever reads a handoff."""

    async def evidence_of(self, tenant: str, handoff: Handoff) -> Mapping[str, Interaction]:
        """The interactions that a handoff names, by id, as the ledger holds them now.

        One that was erased is missing, as is one that belongs to another customer today. Raises UnknownCustomer.
        """
        customer = await self.customer(tenant, handoff.customer_id)
        rows = await self._parts.ledger.by_ids(tenant, handoff.evidence)
        return {row.interaction_id: row for row in rows if row.identity_id in customer.identity_ids}

    async def told_of(self, tenant: str, handoff: Handoff) -> CardRevision:
        """What was told of a handoff and of the actions it offered."""
        archive = self._parts.archive
        documents = await archive.of_customer(tenant, "feedback", handoff.customer_id, limit=_MOST_TOLD)
        feedback = [
            FiledFeedback.model_validate(document)
            for document in documents
            if document["handoff_id"] == handoff.handoff_id
        ]
        return CardRevision(tuple(reversed(feedback)), await self._outcomes_of(tenant, handoff))

    async def stages_of(self, tenant: str, handoff_id: str) -> AsyncIterator[Handoff]:
        """A handoff as it is filed now and, while more of it may come, again whenever that is filed.

        What is filed is what is told, so any worker may be asked. It ends with what is not pending any more; earlier
        when whoever was writing is gone, or the service stops. Raises NotFound.
        """
        async with self._parts.announcer.listening(tenant) as heard:
            handoff = await self._stage(tenant, handoff_id)
            yield handoff
            while self.still_pending(handoff) and self._parts.announcer.working:
                with suppress(TimeoutError):
                    await asyncio.wait_for(_news(heard, handoff_id), LOOK_AGAIN_S)
                stage = await self._stage(tenant, handoff_id)
                if stage != handoff:
                    handoff = stage
                    yield stage

    def still_pending(self, handoff: Handoff) -> bool:
        """Whether more of a handoff may come: one whose maker is gone stays as it is."""
        return still_pending(handoff, patience=timedelta(seconds=self._parts.writer.patience_s))

    async def _stage(self, tenant: str, handoff_id: str) -> Handoff:
        document = await self._parts.archive.get(tenant, "handoffs", handoff_id)
        if document is None:  # erased meanwhile
            raise NotFound(f"No handoff has the id {handoff_id!r} in this tenant.")
        return Handoff.model_validate(document)

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
