"""All that is held of one customer, piece by piece, so that a long history needs no more memory than a short one."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from app.models import Customer
from app.ports import Archive, Ledger, Outbox

PAGE = 500
MOST_DOCUMENTS = 100_000
# Collections of documents filed under a customer, and what one of each is called in the export.
DOCUMENTS: Mapping[str, str] = {
    "handoffs": "handoff",
    "decisions": "decision",
    "feedback": "feedback",
    "outcomes": "outcome",
    "offers": "offer",
    "idempotency": "kept_reply",
    "model_answers": "model_answers",
}


async def exported(
    ledger: Ledger, archive: Archive, outbox: Outbox, tenant: str, customer: Customer
) -> AsyncIterator[Mapping[str, Any]]:
    """JSON objects `{type, …}`: the customer, each merge, each interaction by seq, then what is filed of them."""
    yield {"type": "customer", "customer": customer.model_dump(mode="json")}
    for merge in await ledger.merges_of(tenant, customer.identity_ids):
        yield {"type": "merge", "merge": merge.model_dump(mode="json")}
    after = 0
    while rows := await ledger.interactions(tenant, customer.identity_ids, after_seq=after, limit=PAGE):
        for row in rows:
            yield {"type": "interaction", "interaction": row.model_dump(mode="json")}
        after = rows[-1].seq
    for collection, kind in DOCUMENTS.items():
        for identity_id in customer.identity_ids:
            for document in await archive.of_customer(tenant, collection, identity_id, limit=MOST_DOCUMENTS):
                yield {"type": kind, kind: document}
    for identity_id in customer.identity_ids:
        for message in await outbox.of_customer(tenant, identity_id):
            yield {"type": "webhook_message", "webhook_message": message}
