"""What a model answered, kept so that a handoff made again of the same snapshot costs nothing.

An answer is found again only for the same content: the packed snapshot, what was asked of it (locale, custom sections,
limits), the prompt by its hash, and the model. Of the moment only its day counts, as far as a model is told of it. An
answer is kept as it came, with placeholders in the place of secrets, among the customer's documents in the archive, so
it goes when they, or an interaction it was shown, are erased.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.briefs.packing import Packed
from app.errors import WarmlineError
from app.models import PromptReference, Snapshot
from app.ports import Archive, ModelReply

COLLECTION = "model_answers"
MOST_ANSWERS = 4
"""So many are kept of one customer's conversation, the newest; older ones give way."""


class Place(NamedTuple):
    """Where an answer belongs: `shelf` holds those of one conversation, `fingerprint` tells them apart."""

    tenant: str
    customer_id: str
    shelf: str
    fingerprint: str


def place_of(snapshot: Snapshot, packed: Packed, prompt: PromptReference, model: str) -> Place:
    """Where the answer of a model to a packed snapshot belongs."""
    asked = {**packed.inputs, "now": snapshot.now.date().isoformat()}
    content = json.dumps([prompt.sha256, model, asked], ensure_ascii=False, sort_keys=True)
    customer_id = snapshot.customer.customer_id
    shelf = json.dumps([customer_id, snapshot.conversation_id])
    return Place(snapshot.tenant, customer_id, _digest(shelf), _digest(content))


class AnswerCache:
    """Answers of models in the archive. When the archive does not answer, nothing is found and nothing is kept."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def get(self, place: Place) -> ModelReply | None:
        """The answer at this place, which costs nothing now."""
        found = next((one for one in await self._shelf(place) if one["fingerprint"] == place.fingerprint), None)
        return ModelReply(text=found["text"], model=found["model"], cost_usd=0.0) if found else None

    async def put(self, place: Place, reply: ModelReply, packed: Packed) -> None:
        """Keep an answer to what was shown."""
        others = [one for one in await self._shelf(place) if one["fingerprint"] != place.fingerprint]
        fresh = {
            "fingerprint": place.fingerprint,
            "model": reply.model,
            "text": reply.text,
            "shown": [interaction.interaction_id for interaction in packed.shown.values()],
        }
        document = {"answers": [fresh, *others][:MOST_ANSWERS]}
        try:
            await self._archive.put(place.tenant, COLLECTION, place.shelf, document, customer_id=place.customer_id)
        except WarmlineError:
            return  # the next handoff pays for its answer once more

    async def _shelf(self, place: Place) -> list[Mapping[str, Any]]:
        try:
            document = await self._archive.get(place.tenant, COLLECTION, place.shelf)
        except WarmlineError:
            return []
        return list(document["answers"]) if document else []


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
