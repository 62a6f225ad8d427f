"""Files documents: handoffs with what webhooks are told of them, and no document of a customer who was erased."""

from app.briefs import Rest
from app.errors import UnknownCustomer
from app.models import Handoff
from app.services.parts import Parts
from app.services.revisions import Revisions, ready


async def check_still_there(parts: Parts, tenant: str, customer_id: str) -> None:
    """Remove what was just filed of a customer who was erased meanwhile. Raises UnknownCustomer for such a customer."""
    if await parts.ledger.customer_of(tenant, customer_id) is None:
        await parts.eraser.forget_documents(tenant, customer_id)
        raise UnknownCustomer("This customer was erased meanwhile.")


class HandoffFiler:
    """The one place where finished handoffs are filed."""

    def __init__(self, parts: Parts, revisions: Revisions) -> None:
        self._parts = parts
        self._revisions = revisions

    async def file(self, tenant: str, handoff: Handoff, rest: Rest | None) -> Handoff:
        """File a handoff, and with it what webhooks are told of it and what is still to come of it; gives it as filed.

        Raises Unavailable.
        """
        if rest is not None and self._revisions.working:
            return await self._revisions.open(tenant, handoff, rest)
        if rest is not None:
            self._parts.writer.abandon(rest)
        document = handoff.model_dump(mode="json")
        if self._parts.announcer.working:
            await self._parts.announcer.put_announced(tenant, "handoffs", handoff.handoff_id, document, ready(handoff))
        else:
            owner = handoff.customer_id
            await self._parts.archive.put(tenant, "handoffs", handoff.handoff_id, document, customer_id=owner)
        return handoff
