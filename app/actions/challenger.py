"""A second catalogue that decides for some of a tenant's customers, beside the one in force, its champion.

A challenger weighs actions otherwise; what customers want is read by the champion's intents, so that the arms differ in
nothing else. A hash of the customer says which arm decides for them, the same for as long as both catalogues are in
force: another champion ends the comparison. Outcomes teach both arms alike.
"""

import hashlib
import logging
from datetime import UTC, datetime
from time import monotonic
from typing import Literal, NamedTuple

from app.actions.catalogue import ANY_INTENT, Catalogue
from app.actions.catalogue_loader import stored_catalogue
from app.actions.catalogue_store import COLLECTION, InForce, version_of
from app.errors import InvalidRequest
from app.ports import Archive

_log = logging.getLogger(__name__)

CHALLENGER = "challenger"
MOST_SHARE = 0.5
LOOK_AGAIN_S = 2.0
_BUCKETS = 2**32

Arm = Literal["champion", "challenger"]


class Challenger(NamedTuple):
    """A catalogue that decides for a share (0..0.5) of the customers while one version of the champion is in force."""

    catalogue: Catalogue
    version: str
    share: float
    champion_version: str
    put_at: datetime

    def decides_for(self, customer_id: str) -> bool:
        """Whether this customer is in the challenger's share."""
        digest = hashlib.sha256(f"{self.version} {customer_id}".encode()).digest()
        return int.from_bytes(digest[:4], "big") < self.share * _BUCKETS


class Challengers:
    """The challengers of all tenants. What another worker put is seen after `look_again_s` seconds."""

    def __init__(self, archive: Archive, *, look_again_s: float = LOOK_AGAIN_S) -> None:
        self._archive = archive
        self._look_again_s = look_again_s
        self._read: dict[str, tuple[float, Challenger | None]] = {}

    async def of(self, tenant: str, champion_version: str) -> Challenger | None:
        """The challenger of a tenant's catalogue in force, or None. Raises Unavailable."""
        read_at, challenger = self._read.get(tenant, (0.0, None))
        if tenant not in self._read or monotonic() - read_at >= self._look_again_s:
            challenger = await self._look(tenant, challenger)
            self._read[tenant] = monotonic(), challenger
        if challenger is None or not challenger.share or challenger.champion_version != champion_version:
            return None
        return challenger

    async def put(self, tenant: str, catalogue: Catalogue, share: float, champion: InForce) -> Challenger:
        """Let a catalogue decide for a share of the customers, 0 for none. Raises InvalidRequest and Unavailable."""
        _check(catalogue, share, champion.catalogue)
        challenger = Challenger(catalogue, version_of(catalogue), share, champion.version, datetime.now(UTC))
        document = {
            "version": challenger.version,
            "put_at": challenger.put_at.isoformat(),
            "share": share,
            "champion_version": champion.version,
            "catalogue": catalogue.model_dump(mode="json", by_alias=True),
        }
        await self._archive.put(tenant, COLLECTION, CHALLENGER, document)
        self._read[tenant] = monotonic(), challenger
        return challenger

    async def _look(self, tenant: str, before: Challenger | None) -> Challenger | None:
        document = await self._archive.get(tenant, COLLECTION, CHALLENGER)
        if document is None:
            return None
        put_at = datetime.fromisoformat(document["put_at"])
        if before is not None and before.put_at == put_at:
            return before
        try:
            catalogue = stored_catalogue(document["catalogue"])
        except InvalidRequest as failure:
            _log.error("a tenant's challenger cannot be read and is left alone: %s", failure.detail)
            return None
        return Challenger(catalogue, document["version"], document["share"], document["champion_version"], put_at)


def _check(challenger: Catalogue, share: float, champion: Catalogue) -> None:
    if not 0 <= share <= MOST_SHARE:
        message = f"Give a share of the customers from 0 to {MOST_SHARE:g}."
        raise InvalidRequest(f"share: {message}", [{"path": "share", "message": message}])
    read = {intent.name for intent in champion.intents} | {ANY_INTENT}
    for index, action in enumerate(challenger.actions):
        unread = sorted(set(action.intents) - read)
        if unread:
            message = f"The catalogue in force has no intent {unread[0]!r}, and its intents are read for both."
            path = f"actions.{index}.intents"
            raise InvalidRequest(f"{path}: {message}", [{"path": path, "message": message}])
