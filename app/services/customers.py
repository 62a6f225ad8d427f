"""Customers: found, joined, parted, exported and erased; and for how long what they wrote is kept."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.erasure import exported
from app.identity.suggestions import reason_of
from app.models import (
    Channel,
    Customer,
    Erased,
    Identifier,
    Resolution,
    RetentionRule,
    RetentionRun,
    Suggestion,
    SuggestionRun,
    SuggestionStatus,
)
from app.ports import MergeRecord
from app.services.drafts import Drafts
from app.services.memory_erasure import MemoryErasure
from app.services.parts import Parts
from app.services.request_masking import without_card_identifiers


class CustomerService:
    """Manages who a customer is and what is kept of them."""

    def __init__(self, parts: Parts, drafts: Drafts, memory: MemoryErasure) -> None:
        self._parts = parts
        self._drafts = drafts
        self._memory = memory

    async def customer(self, tenant: str, customer_id: str) -> Customer:
        """One customer. Raises UnknownCustomer."""
        return await self._parts.identities.customer(tenant, customer_id)

    async def resolve(self, tenant: str, identifiers: Sequence[Identifier]) -> Resolution:
        """Whom these identifiers name; a new customer when nobody is known by them."""
        named = await without_card_identifiers(self._parts, identifiers)
        return await self._parts.identities.resolve(tenant, named)

    async def merge(
        self, tenant: str, survivor: str, other: str, *, reason: str = "asked", evidence: Sequence[str] = ()
    ) -> MergeRecord:
        """Join two customers because somebody asked for it. Raises UnknownCustomer or IdentityConflict."""
        merge = await self._parts.identities.merge(tenant, survivor, other, reason=reason, evidence=evidence)
        await self._drafts.regrouped(tenant, (merge.survivor, merge.absorbed))
        return merge

    async def unmerge(self, tenant: str, customer_id: str, merge_id: str) -> MergeRecord:
        """Undo one joining of customers. Raises UnknownCustomer or NotFound."""
        merge = await self._parts.identities.unmerge(tenant, customer_id, merge_id)
        await self._drafts.regrouped(tenant, (merge.survivor, merge.absorbed))
        return merge

    async def erase(self, tenant: str, customer_id: str) -> Erased:
        """Forget a customer: nothing of them remains in any store or in memory. Raises UnknownCustomer."""
        erased = await self._parts.eraser.erase(tenant, customer_id)
        await self._memory.forget(tenant, erased.customer_id)
        self._memory.announce(tenant, erased.customer_id)
        return erased

    async def export(self, tenant: str, customer_id: str) -> AsyncIterator[Mapping[str, Any]]:
        """All that is held of a customer, piece by piece. Raises UnknownCustomer."""
        customer = await self.customer(tenant, customer_id)
        return exported(self._parts.ledger, self._parts.archive, self._parts.outbox, tenant, customer)

    async def set_retention(self, tenant: str, rule: RetentionRule) -> None:
        """Keep a channel for so many days from now on."""
        await self._parts.retention.set(tenant, rule)

    async def unset_retention(self, tenant: str, channel: Channel | None) -> bool:
        """Keep a channel for good again; tells whether it had a rule."""
        return await self._parts.retention.unset(tenant, channel)

    async def retention_rules(self, tenant: str) -> Sequence[RetentionRule]:
        """For how long each channel of a tenant is kept."""
        return await self._parts.retention.rules(tenant)

    async def apply_retention(
        self, *, tenant: str | None = None, now: datetime | None = None
    ) -> Sequence[RetentionRun]:
        """Erase what has been kept for longer than its rule allows, of one tenant or of all."""
        runs = await self._parts.retention.apply(now or datetime.now(UTC), tenant=tenant)
        for run in runs:
            if any(run.erased.values()):
                await self._memory.forget(run.tenant)
                self._memory.announce(run.tenant, None)
        return runs

    async def suggest_identities(
        self, tenant: str, *, at_least: float, progress: Callable[[int, int], None] | None = None
    ) -> SuggestionRun:
        """File suggestions for customers who are one person with at least this probability; joins nobody.

        `progress` hears how many rows were read, of how many. Raises ConfigurationError without the extra it needs.
        """
        return await self._parts.suggestions.suggest(tenant, at_least=at_least, progress=progress)

    async def suggestions(self, tenant: str, status: SuggestionStatus) -> Sequence[Suggestion]:
        """The suggestions with this status, the heaviest first."""
        return await self._parts.suggestions.list(tenant, status)

    async def confirm_suggestion(self, tenant: str, suggestion_id: str) -> Suggestion:
        """Join the two customers of a suggestion, under the older. Raises NotFound or IdentityConflict."""
        suggestion = await self._parts.suggestions.get(tenant, suggestion_id)
        survivor, other = suggestion.customer_ids
        reason = reason_of(suggestion)
        merge = await self.merge(tenant, survivor, other, reason=reason, evidence=suggestion.evidence)
        return await self._parts.suggestions.confirmed(tenant, suggestion, merge)

    async def dismiss_suggestion(self, tenant: str, suggestion_id: str) -> Suggestion:
        """Settle that the customers of a suggestion are two people. Raises NotFound or InvalidRequest."""
        return await self._parts.suggestions.dismiss(tenant, suggestion_id)
