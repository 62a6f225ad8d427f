"""The verbs of those who run a ledger: customers joined, parted and forgotten, what is kept for how long, API keys."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from app.actions import InForce, read_catalogue
from app.actions.log import decision_log
from app.erasure import exported
from app.identity.suggestions import reason_of
from app.models import (
    ApiKey,
    Channel,
    Customer,
    Erased,
    FiledCatalogue,
    Interaction,
    IssuedKey,
    KeyGrant,
    RetentionRule,
    RetentionRun,
    Scope,
    Suggestion,
    SuggestionRun,
    SuggestionStatus,
)
from app.ports import MergeRecord
from app.ports.bus import KEY_CHANGED
from app.services.marks import MarkedClaims, marked_claims
from app.services.memory_erasure import Forgetting
from app.services.parts import Parts
from app.signing import Signed

# Several keys of one tenant may together send as much as this many of them at their full rate.
KEYS_AT_FULL_RATE = 4


class Administration:
    """What an App offers beside the journey itself."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._forgetting = Forgetting(parts.ledger, again_after_s=parts.forget_again_after_s)

    async def customer(self, tenant: str, customer_id: str) -> Customer:
        """One customer. Raises UnknownCustomer."""
        return await self._parts.identities.customer(tenant, customer_id)

    async def merge(
        self, tenant: str, survivor: str, other: str, *, reason: str = "asked", evidence: Sequence[str] = ()
    ) -> MergeRecord:
        """Join two customers because somebody asked for it. Raises UnknownCustomer or IdentityConflict."""
        return await self._parts.identities.merge(tenant, survivor, other, reason=reason, evidence=evidence)

    async def unmerge(self, tenant: str, customer_id: str, merge_id: str) -> MergeRecord:
        """Undo one joining of customers. Raises UnknownCustomer or NotFound."""
        return await self._parts.identities.unmerge(tenant, customer_id, merge_id)

    async def erase(self, tenant: str, customer_id: str) -> Erased:
        """Forget a customer: nothing of them remains in any store or in memory. Raises UnknownCustomer."""
        erased = await self._parts.eraser.erase(tenant, customer_id)
        await self.forget_customer_texts(tenant, erased.customer_id)
        return erased

    async def redact(self, tenant: str, interaction_id: str) -> tuple[Interaction, str]:
        """Blank one interaction; gives it as it is now and whose it is. Raises NotFound."""
        row = await self._parts.eraser.redact(tenant, interaction_id)
        customer_id = await self._parts.ledger.customer_of(tenant, row.identity_id) or row.identity_id
        self._parts.announcer.forget(tenant, customer_id)  # a signal tells of a message in its own words
        await self.forget_customer_texts(tenant)
        return row, customer_id

    async def export(self, tenant: str, customer_id: str) -> AsyncIterator[Mapping[str, Any]]:
        """All that is held of a customer, piece by piece. Raises UnknownCustomer."""
        customer = await self.customer(tenant, customer_id)
        return exported(self._parts.ledger, self._parts.archive, self._parts.outbox, tenant, customer)

    def decision_log(
        self, tenant: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Decisions made from `since` on and before `until`, oldest first, each with its `outcomes`."""
        return decision_log(self._parts.archive, tenant, since=since, until=until)

    def marked_claims(self, tenant: str) -> AsyncIterator[MarkedClaims]:
        """What agents marked right or wrong on their cards, by handoff, as rows of `eval facts`."""

        async def customer(customer_id: str) -> Customer:
            return await self.customer(tenant, customer_id)

        return marked_claims(self._parts.ledger, self._parts.archive, customer, tenant)

    async def catalogue(self, tenant: str) -> FiledCatalogue:
        """The catalogue in force for a tenant."""
        return _filed(await self._parts.decisions.shelf.of(tenant))

    async def put_catalogue(self, tenant: str, text: str, *, as_json: bool) -> FiledCatalogue:
        """Keep a tenant's catalogue, from YAML or JSON. Raises InvalidRequest naming each fault by its path and line.

        Decisions made here go by it at once, those of other workers within seconds.
        """
        read = await asyncio.to_thread(read_catalogue, text, as_json=as_json)
        return _filed(await self._parts.decisions.shelf.put(tenant, read))

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
                await self.forget_customer_texts(run.tenant)
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

    async def authenticate(self, presented: str) -> KeyGrant:
        """What the holder of an API key may do, and as which tenant. Raises Unauthorized."""
        return await self._parts.keys.authenticate(presented)

    async def is_within_rate(self, grant: KeyGrant) -> bool:
        """Count one request of a key, or of whoever needs none; whether the key and its tenant may send it now."""
        limits, most = self._parts.rate_limits, self._parts.rate_limit
        if grant.key_id is None:
            return await limits.may_send(f"tenant {grant.tenant}", most)
        if not await limits.may_send(f"key {grant.key_id}", most):
            return False
        return await limits.may_send(f"tenant {grant.tenant}", most * KEYS_AT_FULL_RATE)

    def note_pressure(self) -> None:
        """A request was refused because the process is busy: what nobody waits for gives way for a while."""
        self._parts.pressure.note()

    async def standing(self, key_id: str, *, read_again: bool = False) -> KeyGrant:
        """What an API key allows that was presented before, by its id. Raises Unauthorized when it has ended.

        With `read_again` it is read from the database, whatever is remembered of it.
        """
        if read_again:
            self._parts.keys.forget(key_id)
        return await self._parts.keys.standing(key_id)

    async def sign(
        self, purpose: str, payload: Mapping[str, JsonValue], *, lifetime: timedelta
    ) -> tuple[str, datetime]:
        """A token that says this until it expires, fit for a URL or a cookie, and when that is."""
        return await self._parts.signatures.sign(purpose, payload, lifetime=lifetime)

    async def read_signed(self, purpose: str, token: str) -> Signed:
        """What a token says that was signed for this purpose. Raises Unauthorized when it is void or has expired."""
        return await self._parts.signatures.read(purpose, token)

    async def end_session(self, session_id: str, expires_at: datetime) -> None:
        """End a signed session before its token expires, in every worker. Raises Unavailable."""
        await self._parts.sessions.end(session_id, expires_at)

    async def check_session(self, session_id: str) -> None:
        """Raise Unauthorized for a session that was ended."""
        await self._parts.sessions.check(session_id)

    async def keys_configured(self) -> bool:
        """Whether an API key was ever made: from then on nobody is let in without one."""
        return await self._parts.keys.any_configured()

    async def create_key(
        self, tenant: str, scopes: Collection[Scope], *, label: str = "", lifetime: timedelta | None = None
    ) -> IssuedKey:
        """A new API key, valid until it is revoked unless it has a lifetime. Raises InvalidRequest."""
        return await self._parts.keys.create(tenant, scopes, label=label, lifetime=lifetime)

    async def rotate_key(self, key_id: str, *, grace: timedelta) -> IssuedKey:
        """A new API key in the place of another, which ends after the grace. Raises NotFound or InvalidRequest."""
        issued = await self._parts.keys.rotate(key_id, grace=grace)
        self._parts.bus.publish(KEY_CHANGED, {"key_id": key_id})
        return issued

    async def revoke_key(self, key_id: str) -> ApiKey:
        """End an API key. Raises NotFound."""
        ended = await self._parts.keys.revoke(key_id)
        self._parts.bus.publish(KEY_CHANGED, {"key_id": key_id})
        return ended

    async def keys(self) -> Sequence[ApiKey]:
        """All API keys of all tenants, without their secrets, the oldest first."""
        return await self._parts.keys.list()

    async def forget_customer_texts(self, tenant: str | None, customer_id: str | None = None) -> None:
        """Something of a tenant, or of any, was erased: nothing that was learnt or read of it stays in memory."""
        if tenant is not None and customer_id is not None:
            self._parts.announcer.drop(tenant, customer_id)
        self._parts.traffic.forget(tenant)
        self._parts.cases.forget(tenant)
        self._parts.meanings.forget(tenant)
        await self._forgetting.forget()


def _filed(in_force: InForce) -> FiledCatalogue:
    document = in_force.catalogue.model_dump(mode="json", by_alias=True)
    return FiledCatalogue(version=in_force.version, put_at=in_force.put_at, catalogue=document)
