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

from app.briefs.llm.prompt_inputs import Packed
from app.errors import WarmlineError
from app.models import PromptReference, Snapshot
from app.ports import Archive, ModelReply

COLLECTION = "model_answers"
MOST_ANSWERS = 4
"""So many are kept of one customer's conversation, the newest; older ones give way."""


class AnswerKey(NamedTuple):
    """Where an answer belongs: `shelf` holds those of one conversation, `fingerprint` tells them apart."""

    tenant: str
    customer_id: str
    shelf: str
    fingerprint: str


def answer_key(snapshot: Snapshot, packed: Packed, prompt: PromptReference, model: str) -> AnswerKey:
    """Where the answer of a model to a packed snapshot belongs."""
    asked = {**packed.inputs, "now": snapshot.now.date().isoformat()}
    content = json.dumps([prompt.sha256, model, asked], ensure_ascii=False, sort_keys=True)
    customer_id = snapshot.customer.customer_id
    shelf = json.dumps([customer_id, snapshot.conversation_id])
    return AnswerKey(snapshot.tenant, customer_id, _digest(shelf), _digest(content))


class AnswerCache:
    """Answers of models in the archive. When the archive does not answer, nothing is found and nothing is kept."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def get(self, key: AnswerKey) -> ModelReply | None:
        """The answer at this place, which costs nothing now."""
        stored = next((answer for answer in await self._shelf(key) if answer["fingerprint"] == key.fingerprint), None)
        return ModelReply(text=stored["text"], model=stored["model"], cost_usd=0.0) if stored else None

    async def put(self, key: AnswerKey, reply: ModelReply, packed: Packed) -> None:
        """Keep an answer to what was shown."""
        others = [answer for answer in await self._shelf(key) if answer["fingerprint"] != key.fingerprint]
        fresh = {
            "fingerprint": key.fingerprint,
            "model": reply.model,
            "text": reply.text,
            "shown": [interaction.interaction_id for interaction in packed.shown.values()],
        }
        document = {"answers": [fresh, *others][:MOST_ANSWERS]}
        try:
            await self._archive.put(key.tenant, COLLECTION, key.shelf, document, customer_id=key.customer_id)
        except WarmlineError:
            return  # the next handoff pays for its answer once more

    async def _shelf(self, key: AnswerKey) -> list[Mapping[str, Any]]:
        try:
            document = await self._archive.get(key.tenant, COLLECTION, key.shelf)
        except WarmlineError:
            return []
        return list(document["answers"]) if document else []


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
