"""The verb of those who check a summary, whoever wrote it."""

from time import perf_counter

from app.errors import UnknownConversation
from app.models import Statement, Transcript, VerifyRequest, standing_rows
from app.services.answers import VerifyAnswer
from app.services.parts import Parts

CHECKING_S = 30.0
"""So long a model may take over what rules leave open; without its verdicts, that stays unverified."""
_MOST_INTERACTIONS = 1000


class VerificationService:
    """Checks sentences of others against the ledger."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def check(self, tenant: str, request: VerifyRequest) -> VerifyAnswer:
        """A verdict for each claim, in order, by the newest 1,000 interactions of the conversation or the customer.

        Of long texts and of a long history as much is read as for a brief, by rules for two seconds.

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
        customer = await self._parts.identities.customer(tenant, customer_id)
        rows = await self._parts.ledger.interactions(
            tenant,
            customer.identity_ids,
            conversation_id=request.conversation_id,
            up_to_seq=head,
            limit=_MOST_INTERACTIONS,
            newest_first=True,
        )
        verdicts = await self._parts.verifier.check(
            [Statement(text=text) for text in request.claims],
            Transcript(interactions=tuple(standing_rows(rows[::-1]))),
            timeout_s=CHECKING_S,
        )
        return VerifyAnswer(
            verdicts=tuple(verdicts), as_of_seq=head, duration_ms=round((perf_counter() - started) * 1000)
        )
