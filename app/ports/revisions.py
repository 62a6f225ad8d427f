"""Handoffs that are still being revised: open work that is filed with them and leased by whoever does it.

Times are milliseconds since 1970. Everything raises Unavailable as the ledger does.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from app.models import Announcement


class OpenHandoff(NamedTuple):
    """A handoff of which a revision is still to come."""

    tenant: str
    handoff_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class Filing:
    """A handoff as a document, under the customer and with the messages of its announcement."""

    tenant: str
    handoff_id: str
    document: Mapping[str, Any]
    announcement: Announcement


class RevisionStore(Protocol):
    """The handoffs of all tenants that are still being revised."""

    async def open(self, filing: Filing, holder: str, *, until: int) -> None:
        """File a handoff, its messages and the work that is open of it, leased until then, in one transaction."""
        ...

    async def revise(self, filing: Filing, holder: str, *, is_last: bool, silently: bool = False) -> bool:
        """Replace a handoff by its revision and file its messages, in one transaction; after the last, no work is open.

        False, and nothing is filed, when the work is not leased to this holder any more, or the handoff is gone.
        `silently`, no message is filed.
        """
        ...

    async def take(self, holder: str, now: int, *, until: int, limit: int) -> Sequence[OpenHandoff]:
        """Some of the work that nobody has a lease of; nobody else gets it until then."""
        ...

    async def renew(self, holder: str, until: int) -> None:
        """Keep everything that this holder has leased for longer."""
        ...

    async def give_back(self, holder: str, now: int) -> None:
        """End every lease of this holder; the work is open to others."""
        ...

    async def drop(self, tenant: str, handoff_ids: Collection[str]) -> None:
        """Nothing more comes of these handoffs."""
        ...

    async def erase(self, tenant: str, customer_ids: Collection[str]) -> None:
        """Remove the open work of these customers."""
        ...
