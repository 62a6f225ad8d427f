"""A journey of the demonstration that ends in a handoff, for the tests of its card."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.demo import JOURNEY
from tests.browser.harness import Service

CONVERSATION = JOURNEY[-1].conversation_id


async def play(service: Service) -> None:
    """File the whole journey, as its channels would."""
    now = datetime.now(UTC)
    for episode in JOURNEY:
        await service.post("/v1/interactions", {"interactions": [*episode.interactions(now)]})


async def hand_over(service: Service, **asked: Any) -> Mapping[str, Any]:
    """File the journey and escalate it; gives the handoff."""
    await play(service)
    return await service.post("/v1/handoffs", {"conversation_id": CONVERSATION, "to_channel": "voice", **asked})


async def link_to(service: Service, handoff: Mapping[str, Any], ttl_s: int = 600) -> str:
    """A link to the card of a handoff."""
    made = await service.post(f"/v1/handoffs/{handoff['handoff_id']}/link", {"ttl_s": ttl_s})
    return made["url"]


async def say_more(service: Service, text: str = "And the parcel came open as well.") -> None:
    """The customer says something after the handoff was made."""
    message = {"channel": "voice", "actor": "customer", "kind": "message", "text": text}
    await service.post("/v1/interactions", {**message, "conversation_id": CONVERSATION})


async def feedback_of(service: Service, handoff: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the API holds of what was told of a handoff, oldest first."""
    exported = await service.client.get(f"/v1/customers/{handoff['customer_id']}/export")
    records = [json.loads(line) for line in exported.text.splitlines()]
    feedback = [record["feedback"] for record in records if record["type"] == "feedback"]
    return sorted(
        (filed for filed in feedback if filed["handoff_id"] == handoff["handoff_id"]),
        key=lambda filed: filed["filed_at"],
    )
