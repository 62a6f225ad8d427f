"""Handoffs whose revisions a test files itself, as whoever words a brief late would file them."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.models import Brief, Claim, ClaimCheck, Handoff, Quote, VerdictKind
from app.ports import Archive
from tests.browser.handed_over import hand_over
from tests.browser.harness import Service

WORDS = "I was promised my 129.00 EUR within 48 hours."
CONFIRMED = "The customer was promised 129.00 EUR within 48 hours."
UNCONFIRMED = "The customer is about to give up."
LATER = "The customer calls for the second time."


async def with_claims(service: Service, archive: Archive, **update: Any) -> Handoff:
    """The demonstration's handoff as a model worded it: one claim that a model confirmed, one that nobody checked."""
    made = await hand_over(service, deadline_ms=60_000)
    filed = await service.app.handoffs.filed("default", made["handoff_id"])
    row = await quoted_row(service, filed)
    quote = Quote(interaction_id=row["interaction_id"], text=WORDS)
    evidence = (row["interaction_id"],)
    claims = (
        Claim(text=CONFIRMED, evidence=evidence, quotes=(quote,), support=0.98, checked_by="model"),
        Claim(text=UNCONFIRMED, evidence=evidence, support=0.5, verdict=VerdictKind.UNVERIFIED),
    )
    worded = {"situation": f"{CONFIRMED} {UNCONFIRMED}", "claims": claims, "contact_reason": None}
    brief = filed.brief.model_copy(update=worded)
    return await file(archive, filed, brief, **update)


async def file(archive: Archive, handoff: Handoff, brief: Brief, **update: Any) -> Handoff:
    """File the handoff with another brief, as its next revision would be."""
    revised = handoff.model_copy(update={"brief": brief, "engine": "model", "stale": False, **update})
    document = revised.model_dump(mode="json")
    await archive.put("default", "handoffs", revised.handoff_id, document, customer_id=revised.customer_id)
    return revised


async def quoted_row(service: Service, handoff: Handoff) -> Mapping[str, Any]:
    """The interaction in which the customer says `WORDS`."""
    page = await service.get(f"/v1/customers/{handoff.customer_id}/timeline?limit=1000")
    rows: Sequence[Mapping[str, Any]] = page["interactions"]
    return next(row for row in rows if WORDS in row["text"])


def checked(handoff: Handoff, *later: Claim) -> Brief:
    """The brief once a model has checked it: the claim that nobody had checked is confirmed, and `later` are added."""
    claims = [claim.model_copy(update=_CONFIRMED) for claim in handoff.brief.claims]
    situation = " ".join([handoff.brief.situation or "", *(claim.text for claim in later)])
    return handoff.brief.model_copy(update={"claims": (*claims, *later), "situation": situation})


_CONFIRMED: Mapping[str, Any] = {"verdict": VerdictKind.SUPPORTED, "checked_by": "model", "support": 0.99}
PENDING = ClaimCheck(by="rules", state="pending")
DONE = ClaimCheck(by="model", state="done")
