"""The verb of those who check a summary, whoever wrote it."""

import asyncio
from time import perf_counter

from app.application.answers import VerifyAnswer
from app.application.watching import Watching
from app.brief import Statement, verify
from app.budget import Budget
from app.errors import UnknownConversation
from app.models import VerifyRequest
from app.retrieval import readable

_MOST_INTERACTIONS = 1000
# Claims that were not checked by then are not: whoever waits for an answer gets one.
_CHECKED_FOR_S = 2.0


class Verifying(Watching):
    """What an App tells about sentences of others."""

    async def verify_claims(self, tenant: str, request: VerifyRequest) -> VerifyAnswer:
        """A verdict for each claim, in order, by the newest 1,000 interactions of the conversation or the customer.

        Of long texts and of a long history as much is read as for a brief, and for two seconds.

        Raises UnknownConversation or UnknownCustomer.
        """
        started = perf_counter()
        head = await self._parts.ledger.head(tenant)
        customer_id = request.customer_id
        if request.conversation_id is not None:
            seat = await self._parts.ledger.seat_of(tenant, request.conversation_id)
            if seat is None:
                raise UnknownConversation(
                    f"No interaction of this tenant belongs to the conversation {request.conversation_id!r}."
                )
            customer_id = customer_id or seat.customer_id
        assert customer_id is not None  # the request names one of the two
        customer = await self.customer(tenant, customer_id)
        rows = await self._parts.ledger.interactions(
            tenant,
            customer.identity_ids,
            conversation_id=request.conversation_id,
            up_to_seq=head,
            limit=_MOST_INTERACTIONS,
            newest_first=True,
        )
        read = readable(rows[::-1]).rows
        statements = [Statement(text) for text in request.claims]
        verdicts = await asyncio.to_thread(verify, statements, read, Budget(_CHECKED_FOR_S))
        return VerifyAnswer(
            verdicts=tuple(verdicts), as_of_seq=head, duration_ms=round((perf_counter() - started) * 1000)
        )
