"""What is asked of others over a network: a language model, and the receivers of webhooks."""

from collections.abc import Mapping
from typing import Any, Protocol

from app.models import (
    Record,
)


class ModelReply(Record):
    """What a model answered, and what it cost."""

    text: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None


class LanguageModel(Protocol):
    """A chat model that is asked for one JSON object."""

    @property
    def name(self) -> str:
        """The model's name as the setting gives it."""
        ...

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """One answer to one prompt. Raises ModelTimeout, ModelUnavailable or InvalidModelOutput, and nothing else."""
        ...

    async def warm_up(self) -> None:
        """Load what the first answer needs; sends nothing to the model."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Courier(Protocol):
    """Carries signed messages to the URLs of webhooks."""

    async def check(self, url: str) -> None:
        """Raises InvalidRequest for a URL to which nothing may be sent."""
        ...

    async def deliver(self, url: str, secret: str, message_id: str, body: str) -> bool:
        """Post a message, trying again for a while; False when the receiver is gone for good.

        Raises Unavailable when nobody took it.
        """
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...
