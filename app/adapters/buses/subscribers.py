"""The bus of one process, which all others deliver through."""

import logging
from collections import defaultdict

from app.models import Check
from app.ports.bus import Message, Receive

_log = logging.getLogger(__name__)


class ProcessBus:
    """A Bus that reaches its own process alone."""

    def __init__(self) -> None:
        self._receivers: defaultdict[str, list[Receive]] = defaultdict(list)

    def subscribe(self, subject: str, receive: Receive) -> None:
        """Call `receive` with each message on this subject."""
        self._receivers[subject].append(receive)

    def publish(self, subject: str, message: Message) -> None:
        """Call the receivers now; one that fails does not keep the message from the others."""
        for receive in self._receivers.get(subject, ()):
            try:
                receive(message)
            except Exception as failure:  # noqa: BLE001 - a message that nobody can read must not stop the bus
                _log.warning("a message on %s was not understood: %s", subject, type(failure).__name__)

    def start(self) -> None:
        """There is nothing to connect to."""

    def check(self) -> Check:
        """Always well: there are no others."""
        return Check(status="ok", detail="one process, which reaches itself")

    async def close(self) -> None:
        """There is nothing to let go of."""
