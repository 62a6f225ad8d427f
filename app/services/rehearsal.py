"""Does once, on a conversation that nobody had, what a first request would load libraries and tables for."""

from datetime import UTC, datetime

from app.briefs import compose
from app.identity import Rules
from app.models import (
    Actor,
    Channel,
    Customer,
    HandoffRequest,
    Identifier,
    Intent,
    Interaction,
    InteractionDraft,
    Kind,
    Snapshot,
)
from app.privacy import all_masked
from app.signals import detect

_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
_TALK = "rehearsal"
_SAID = (
    (Actor.CUSTOMER, "My order 4411 for 25 dollars was due on 27 February. Can you send it again by Friday?"),
    (Actor.BOT, "We will send it again by 9 January."),
)


def rehearse_filing() -> None:
    """What is done with a message before it is acknowledged, but for writing it."""
    phone = Identifier(type="phone", value="+12025550143", verified=True)
    drafts = [
        InteractionDraft(
            channel=Channel.CHAT,
            actor=actor,
            kind=Kind.MESSAGE,
            text=text,
            conversation_id=_TALK,
            identifiers=(phone,),
        )
        for actor, text in _SAID
    ]
    Rules().keys(drafts)
    all_masked(drafts, {})


def rehearse_brief() -> None:
    """What is done for signals and for a brief without a model, but for reading and writing."""
    rows = tuple(
        Interaction(
            interaction_id=f"int_{seq}",
            seq=seq,
            identity_id="cus_0",
            occurred_at=_AT,
            channel=Channel.CHAT,
            actor=actor,
            kind=Kind.MESSAGE,
            text=text,
            conversation_id=_TALK,
        )
        for seq, (actor, text) in enumerate(_SAID, 1)
    )
    snapshot = Snapshot(
        tenant=_TALK,
        customer=Customer(customer_id="cus_0", identity_ids=("cus_0",)),
        conversation_id=_TALK,
        conversation=rows,
        as_of_seq=len(rows),
        now=_AT,
    )
    detect(snapshot)
    compose(snapshot, Intent(), HandoffRequest(conversation_id=_TALK))
