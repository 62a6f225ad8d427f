"""What is said in a warm transfer, asked of Warmline: a line for the customer who waits, and a whisper for the agent.

Needs only httpx. `livekit_warm_transfer.py` and `pipecat_warm_transfer.py` beside this file use it.
"""

from dataclasses import dataclass
from typing import Any

import httpx

# Said where Warmline cannot be reached: a transfer never waits for a brief.
WITHOUT_WHISPER = "A customer is waiting for you. Nothing is known of their matter yet."
WITHOUT_LINE = "Thank you for waiting. I am passing you on to a colleague."


@dataclass(frozen=True)
class SpokenHandoff:
    """A handoff in words to be spoken; `handoff_id` is None where there is no brief."""

    handoff_id: str | None
    whisper: str
    customer_line: str


async def spoken_handoff(client: httpx.AsyncClient, conversation_id: str, **request: Any) -> SpokenHandoff:
    """Make the handoff of a conversation and read what is to be said; never raises for a service that is not there.

    `client` has Warmline's address as its base_url, and the API key (scope `handoff`) in its headers. `request` is more
    of the body of `POST /v1/handoffs`, such as `to_queue` and `locale`.
    """
    try:
        made = await client.post("/v1/handoffs", json={"conversation_id": conversation_id} | request)
        made.raise_for_status()
        handoff_id = made.json()["handoff_id"]
        whisper = await _text(client, handoff_id, "whisper")
        return SpokenHandoff(handoff_id, whisper, await _text(client, handoff_id, "customer"))
    except (httpx.HTTPError, KeyError, ValueError):
        return SpokenHandoff(None, WITHOUT_WHISPER, WITHOUT_LINE)


async def _text(client: httpx.AsyncClient, handoff_id: str, profile: str) -> str:
    accept = {"Accept": f"text/plain; profile={profile}"}
    answer = await client.get(f"/v1/handoffs/{handoff_id}", headers=accept)
    return answer.raise_for_status().text.strip()
