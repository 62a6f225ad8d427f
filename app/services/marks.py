"""What agents marked of the claims on their cards, gathered over all handoffs of a tenant."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from app.errors import UnknownCustomer
from app.formats.marked_claims import Mark, conversation_file, fact_rows
from app.models import Customer, FiledFeedback, Handoff, standing_rows
from app.ports import Archive, Ledger

PAGE = 500
# What a brief names lies among the newest; a check reads no more of a conversation either.
MOST_TURNS = 1000


class MarkedClaims(NamedTuple):
    """The marked claims of one handoff as rows of `eval facts`, and the conversation file they are about."""

    conversation: Mapping[str, Any]
    facts: list[dict[str, Any]]


async def marked_claims(
    ledger: Ledger, archive: Archive, customer: Callable[[str], Awaitable[Customer]], tenant: str
) -> AsyncIterator[MarkedClaims]:
    """The claims that were marked right or wrong, by handoff; of each claim the last mark counts.

    A handoff that was erased, with whatever was said of it, is left out.
    """
    for handoff_id, marks in (await _marks(archive, tenant)).items():
        document = await archive.get(tenant, "handoffs", handoff_id)
        if document is None:
            continue
        handoff = Handoff.model_validate(document)
        try:
            identity_ids = (await customer(handoff.customer_id)).identity_ids
        except UnknownCustomer:
            continue
        newest = await ledger.interactions(
            tenant, identity_ids, up_to_seq=handoff.as_of_seq, limit=MOST_TURNS, newest_first=True
        )
        standing = (row for row in standing_rows(newest) if not row.redacted)
        rows = sorted(standing, key=lambda row: (row.occurred_at, row.seq))
        yield MarkedClaims(conversation_file(handoff, rows), fact_rows(handoff, marks, rows))


async def _marks(archive: Archive, tenant: str) -> Mapping[str, Mapping[str, Mark]]:
    marked: list[FiledFeedback] = []
    after = ""
    while page := await archive.page(tenant, "feedback", after=after, limit=PAGE):
        marked += [FiledFeedback.model_validate(document) for _, document in page if document.get("claims")]
        after = page[-1][0]
    by_handoff: dict[str, dict[str, Mark]] = {}
    for filed in sorted(marked, key=lambda feedback: feedback.filed_at):
        for claim in filed.claims:
            if claim.mark != "missing":
                by_handoff.setdefault(filed.handoff_id, {})[claim.text] = claim.mark
    return {handoff_id: marks for handoff_id, marks in by_handoff.items() if marks}
