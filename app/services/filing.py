"""Files handoffs and decisions, and takes back what quotes words that were erased or deleted meanwhile."""

from app.briefs import Rest
from app.errors import Unavailable, UnknownCustomer
from app.models import Decision, Handoff, Snapshot
from app.services.parts import Parts
from app.services.revisions import Revisions, ready
from app.services.shown_rows import changed_since

# So often an answer is made because messages that it quotes are deleted while it is made.
MOST_ATTEMPTS = 3


class WordsDeleted(Unavailable):
    """Messages that an answer stands on were deleted while it was made; what was filed of it is taken back."""


async def check_still_there(parts: Parts, tenant: str, customer_id: str) -> None:
    """Remove what was just filed of a customer who was erased meanwhile. Raises UnknownCustomer for such a customer."""
    if await parts.ledger.customer_of(tenant, customer_id) is None:
        await parts.eraser.forget_documents(tenant, customer_id)
        raise UnknownCustomer("This customer was erased meanwhile.")


class Filer:
    """The one place where finished handoffs and decisions are filed."""

    def __init__(self, parts: Parts, revisions: Revisions) -> None:
        self._parts = parts
        self._revisions = revisions

    async def file_decision(self, tenant: str, decision: Decision) -> None:
        """File a decision, so that its outcome can be learnt from. Raises Unavailable."""
        await self._put(tenant, "decisions", decision.decision_id, decision)

    async def file_handoff(self, tenant: str, handoff: Handoff, rest: Rest | None) -> Handoff:
        """File a handoff, and with it what webhooks are told of it and what is still to come of it; gives it as filed.

        Raises Unavailable.
        """
        if rest is not None and self._revisions.working:
            return await self._revisions.open(tenant, handoff, rest)
        if rest is not None:
            self._parts.writer.abandon(rest)
        if self._parts.announcer.working:
            document = handoff.model_dump(mode="json")
            await self._parts.announcer.put_announced(tenant, "handoffs", handoff.handoff_id, document, ready(handoff))
        else:
            await self._put(tenant, "handoffs", handoff.handoff_id, handoff)
        return handoff

    async def check_stands(self, tenant: str, answer: Handoff | Decision, snapshot: Snapshot) -> None:
        """Take back what was just filed where a message that it names was blanked or erased since it was read.

        Whoever blanks a message removes the documents that name it, but finds none that is still being made. Raises
        WordsDeleted when it was taken back.
        """
        decision = answer.next_actions if isinstance(answer, Handoff) else answer
        named = {*answer.evidence, decision.case_id if decision else None}
        changed = await changed_since(self._parts.ledger, tenant, snapshot, among=named)
        if not changed:
            return
        if isinstance(answer, Handoff):
            self._revisions.abandon(tenant, answer.handoff_id)
        await self._parts.eraser.erase_derived_of(tenant, changed)
        raise WordsDeleted(
            "Messages of this conversation were deleted while the answer was made. Please ask again.", retry_after_s=1
        )

    async def _put(self, tenant: str, collection: str, key: str, document: Handoff | Decision) -> None:
        owner = document.customer_id
        await self._parts.archive.put(tenant, collection, key, document.model_dump(mode="json"), customer_id=owner)
