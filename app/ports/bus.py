"""Short messages between all processes of one service."""

from collections.abc import Callable, Mapping
from typing import Protocol

from pydantic import JsonValue

from app.models import Check

Message = Mapping[str, JsonValue]
Receive = Callable[[Message], None]

# Subjects, each with the fields of its messages.
ANNOUNCED = "announced"  # tenant, announcements: something happened that listeners are to hear of
# tenant, customer_id (null: whoever's), origin (the sender): nothing of what was erased may stay in memory
ERASED = "erased"
ESCALATION_LIKELY = "escalation_likely"  # tenant, conversation_id, customer_id: a brief may be drafted ahead
KEY_CHANGED = "key_changed"  # key_id: what is remembered of this API key no longer holds
# Without fields, from the bus to its own process alone: it was cut off, and what others told meanwhile may be missing.
MISSED = "missed"


class Bus(Protocol):
    """Carries messages to every process of the service, the sender's own included.

    Delivery is best effort: while a connection is lost, messages wait for it, a limited number of them; nothing that
    must not be lost may depend on the bus alone. Who was cut off hears `MISSED` once it is connected again.
    """

    def subscribe(self, subject: str, receive: Receive) -> None:
        """Call `receive`, in the event loop, with each message on this subject."""
        ...

    def publish(self, subject: str, message: Message) -> None:
        """Call the receivers of this process now, and those of the others soon; never waits."""
        ...

    def start(self) -> None:
        """Connect to the other processes, in the background. Needs a running event loop."""
        ...

    def check(self) -> Check:
        """Whether the other processes are reached now: `loading` before the first attempt, `degraded` while not."""
        ...

    async def close(self) -> None:
        """Send what waits, for at most two seconds, and let go of the connection; may be called without `start`."""
        ...
