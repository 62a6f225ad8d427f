"""A tenant with its identity rules, and identifiers to file with, for tests of who a customer is."""

from dataclasses import dataclass
from datetime import datetime

from app.adapters.memory import MemoryLedger
from app.identity import Identities, Rules
from app.ledger import Recorder
from app.models import Identifier, Recorded
from app.ports import MergeRecord
from tests.support.builders import draft


def claimed(kind: str, value: str) -> Identifier:
    return Identifier(type=kind, value=value)


def proved(kind: str, value: str, *, at: datetime | None = None, method: str | None = None) -> Identifier:
    return Identifier(type=kind, value=value, verified=True, verified_at=at, method=method)


@dataclass
class World:
    """One tenant's ledger with what files into it and what knows its customers."""

    ledger: MemoryLedger
    recorder: Recorder
    identities: Identities
    tenant: str = "t"

    async def arrives(self, *identifiers: Identifier, conversation: str | None = None, text: str = "") -> Recorded:
        (result,) = await self.recorder.record(
            self.tenant, [draft(text, identifiers=identifiers, conversation_id=conversation)]
        )
        return result

    async def whose(self, *identifiers: Identifier, conversation: str | None = None) -> str:
        """The customer an interaction with these identifiers is filed under."""
        customer_id = (await self.arrives(*identifiers, conversation=conversation)).customer_id
        assert customer_id is not None
        return customer_id

    async def timeline(self, customer_id: str) -> list[str]:
        """The ids of all interactions of a customer."""
        customer = await self.identities.customer(self.tenant, customer_id)
        rows = await self.ledger.interactions(self.tenant, customer.identity_ids)
        return [row.interaction_id for row in rows]

    async def owner(self, result: Recorded) -> str:
        """The customer an interaction belongs to now."""
        (row,) = await self.ledger.by_ids(self.tenant, [result.interaction_id or ""])
        customer_id = await self.ledger.customer_of(self.tenant, row.identity_id)
        assert customer_id is not None
        return customer_id

    def merges(self) -> list[MergeRecord]:
        """All merges there ever were, the undone ones too."""
        return list(self.ledger._tenants[self.tenant].merges.values())  # pyright: ignore[reportPrivateUsage]

    def customers(self, tenant: str) -> set[str]:
        """All customers of a tenant."""
        of = self.ledger._tenants[tenant]  # pyright: ignore[reportPrivateUsage]
        return {of.customer(parent) for parent in of.parents}


def world_with(rules: Rules) -> World:
    ledger = MemoryLedger()
    return World(ledger, Recorder(ledger, rules), Identities(ledger, rules))


ACCOUNT = proved("account_id", "A1")
EMAIL = proved("email", "one@example.com")
PHONE = proved("phone", "+4915112345678")
COOKIE = claimed("cookie_id", "k1")
