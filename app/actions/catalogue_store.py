"""Which catalogue is in force for a tenant: the one that it put here, or else the service's own.

What was put is kept in the archive and in force at once where it was put. Whoever else works on the same archive looks
for another version every few seconds, and takes it up once its examples are embedded.
"""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any, NamedTuple

from app.actions.catalogue import Catalogue
from app.actions.catalogue_loader import stored_catalogue
from app.actions.intents import IntentLearner, IntentReader
from app.actions.lint import CatalogueLinter
from app.errors import InvalidRequest, RetrievalUnavailable
from app.models import CatalogueReport
from app.ports import Archive, Embedder, Vectors

_log = logging.getLogger(__name__)

COLLECTION = "catalogues"
CURRENT = "current"
LOOK_AGAIN_S = 2.0


class InForce(NamedTuple):
    """A catalogue with the reader of its intents; `version` tells it from any other, `put_at` is None for our own."""

    catalogue: Catalogue
    reader: IntentReader
    version: str
    put_at: datetime | None = None


class CatalogueStore:
    """The catalogues of all tenants. Every `look_again_s` seconds it is looked whether a tenant has put another."""

    def __init__(
        self, own: Catalogue, embedder: Embedder, archive: Archive, *, look_again_s: float = LOOK_AGAIN_S
    ) -> None:
        self._embedder = embedder
        self._archive = archive
        self._look_again_s = look_again_s
        self._own = InForce(own, IntentReader(own, embedder), version_of(own))
        self._in_force: dict[str, InForce] = {}
        self._taught: dict[str, InForce] = {}
        self._looked: dict[str, float] = {}
        self._taking_up: dict[str, asyncio.Task[None]] = {}

    async def warm_up(self) -> None:
        """Embed the examples of the service's own catalogue. Raises RetrievalUnavailable."""
        await self._own.reader.warm_up()

    async def of(self, tenant: str) -> InForce:
        """The catalogue in force for a tenant."""
        looked = self._looked.get(tenant)
        if looked is None or monotonic() - looked >= self._look_again_s:
            self._looked[tenant] = monotonic()
            await self._look(tenant, first=looked is None)
        in_force = self._in_force.get(tenant, self._own)
        taught = self._taught.get(tenant)
        return taught if taught is not None and taught.version == in_force.version else in_force

    async def learn(self, tenant: str, traffic: Vectors) -> None:
        """Read a tenant's intents by its own messages too, of shape (messages, dimensions), once they are learnt from.

        Raises RetrievalUnavailable.
        """
        in_force = await self.of(tenant)
        # Tenants without a catalogue of their own share one reader, and none may learn from another's messages.
        reader = IntentReader(in_force.catalogue, self._embedder)
        await reader.learn_from(traffic)
        self._taught[tenant] = in_force._replace(reader=reader)

    def unlearn(self, tenant: str | None) -> None:
        """Read a tenant's intents, or those of all, by the examples alone again."""
        for name in [taught_tenant for taught_tenant in self._taught if tenant in (None, taught_tenant)]:
            del self._taught[name]

    async def put(self, tenant: str, catalogue: Catalogue) -> InForce:
        """Keep a tenant's catalogue for good; it is in force once this has returned."""
        made = InForce(catalogue, IntentReader(catalogue, self._embedder), version_of(catalogue), datetime.now(UTC))
        await _embedded(made)
        document = {
            "version": made.version,
            "put_at": datetime.now(UTC).isoformat(),
            "catalogue": catalogue.model_dump(mode="json", by_alias=True),
        }
        await self._archive.put(tenant, COLLECTION, CURRENT, document)
        self._in_force[tenant] = made
        self._looked[tenant] = monotonic()
        return made

    @property
    def learner(self) -> IntentLearner:
        """What learns intents here."""
        return IntentLearner(self._embedder)

    async def check(self, text: str, *, as_json: bool) -> CatalogueReport:
        """What a linter says of a catalogue as it is written; nothing is put."""
        return await CatalogueLinter(self.learner).check(text, as_json=as_json)

    async def close(self) -> None:
        """Leave off taking up what others have put."""
        under_way = [task for task in self._taking_up.values() if not task.done()]
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way)

    async def _look(self, tenant: str, *, first: bool) -> None:
        in_force = self._in_force.get(tenant)
        document = await self._archive.get(tenant, COLLECTION, CURRENT)
        unchanged = document is None or (in_force is not None and in_force.version == document["version"])
        # What was put here while the archive was read is newer than what was read.
        if document is None or unchanged or self._in_force.get(tenant) is not in_force:
            return
        # Costing the rules of a large catalogue takes a while, and the engine must not hold up everybody else.
        made = await asyncio.to_thread(self._made, document)
        if self._in_force.get(tenant) is not in_force:
            return
        if made is not None and first:
            self._in_force[tenant] = made
        elif made is not None and (tenant not in self._taking_up or self._taking_up[tenant].done()):
            # Nobody waits for a new version: the old one serves until the examples of the new one are embedded.
            self._taking_up[tenant] = asyncio.create_task(self._take_up(tenant, made, in_force))

    async def _take_up(self, tenant: str, made: InForce, in_force: InForce | None) -> None:
        await _embedded(made)
        if self._in_force.get(tenant) is in_force:
            self._in_force[tenant] = made

    def _made(self, document: Mapping[str, Any]) -> InForce | None:
        try:
            catalogue = stored_catalogue(document["catalogue"])
        except InvalidRequest as failure:
            # A later release may know fields that this one does not; what is in force stays.
            _log.error("a tenant's catalogue cannot be read and is left alone: %s", failure.detail)
            return None
        put_at = datetime.fromisoformat(document["put_at"])
        return InForce(catalogue, IntentReader(catalogue, self._embedder), document["version"], put_at)


async def _embedded(made: InForce) -> None:
    try:
        await made.reader.warm_up()
    except RetrievalUnavailable as failure:
        _log.warning("a catalogue's intents are read by words for now: %s", failure.detail)


def version_of(catalogue: Catalogue) -> str:
    """What tells the content of a catalogue from any other."""
    return hashlib.sha256(catalogue.model_dump_json(by_alias=True).encode()).hexdigest()[:32]
