"""Contact policy: how often an action was offered to a customer, and whether it may be offered once more.

A bot asks after every message, so one conversation is one offer, and the one at hand goes on with its own. Offers are
kept by themselves, one small document for each action and conversation: a decision is read back in many times the time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.actions.catalogue import CatalogueAction
from app.models import Decision, Snapshot, SuppressedAction, SuppressionReason
from app.ports import Archive

COLLECTION = "offers"
READ = 200
# An offer is dated anew once it is so old, since a conversation may go on for days.
DATED_ANEW = timedelta(hours=1)

Offers = Sequence[Mapping[str, Any]]


class ContactPolicies:
    """What has been offered to customers, as far as a contact policy asks for it."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def offers(self, snapshot: Snapshot, actions: Sequence[CatalogueAction]) -> Offers:
        """What the customer has been offered lately; nothing where none of these actions has a contact policy."""
        if not any(action.contact_policy for action in actions):
            return ()
        customer_id = snapshot.customer.customer_id
        return await self._archive.of_customer(snapshot.tenant, COLLECTION, customer_id, limit=READ)

    async def note(
        self, snapshot: Snapshot, decision: Decision, actions: Sequence[CatalogueAction], offers: Offers
    ) -> None:
        """Keep that the decision offers some of these actions, where `offers` does not have it yet."""
        offered = {offered_action.action_id for offered_action in decision.actions}
        conversation_id = decision.conversation_id or decision.decision_id
        fresh = {
            offer["action_id"]
            for offer in offers
            if offer["conversation_id"] == conversation_id and decision.created_at - _at(offer) < DATED_ANEW
        }
        for action in actions:
            if action.contact_policy is not None and action.id in offered - fresh:
                document = {
                    "action_id": action.id,
                    "conversation_id": conversation_id,
                    "decision_id": decision.decision_id,
                    "at": decision.created_at.isoformat(),
                }
                key = f"{decision.customer_id} {conversation_id} {action.id}"
                await self._archive.put(snapshot.tenant, COLLECTION, key, document, customer_id=decision.customer_id)


def capped(action: CatalogueAction, offers: Offers, snapshot: Snapshot) -> SuppressedAction | None:
    """Why the action may not be offered again, or None where it may."""
    cap = action.contact_policy
    if cap is None:
        return None
    since = snapshot.now - timedelta(days=cap.per_days)
    elsewhere = {
        offer["conversation_id"]
        for offer in offers
        if offer["action_id"] == action.id
        and offer["conversation_id"] != snapshot.conversation_id
        and since < _at(offer) <= snapshot.now
    }
    if len(elsewhere) < cap.max_offers:
        return None
    times = f"in {len(elsewhere)} conversations within {cap.per_days:g} days"
    return SuppressedAction(
        action_id=action.id,
        reason=SuppressionReason.CONTACT_POLICY,
        detail=f"It was offered {times}; {cap.max_offers} are allowed.",
    )


def _at(offer: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(offer["at"]))
