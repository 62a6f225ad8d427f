"""What is asked of others over a network: a language model, and the receivers of webhooks."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

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


class Attempt(NamedTuple):
    """How sending a message went: `taken`, or else `why` not; `gone` when the receiver wants no more messages at all.

    `status` is what the receiver answered, and `retry_after_s` how long it asks to be left alone, in seconds.
    """

    taken: bool
    status: int | None = None
    why: str | None = None
    gone: bool = False
    retry_after_s: float | None = None


class Courier(Protocol):
    """Carries signed messages to the URLs of webhooks."""

    async def check(self, url: str) -> None:
        """Raises InvalidRequest for a URL to which nothing may be sent."""
        ...

    async def attempt(self, url: str, secrets: Sequence[str], message_id: str, body: str) -> Attempt:
        """Post a message once, signed with every secret. Whatever goes wrong is told by the attempt, never raised."""
        ...

    async def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Make one request as it is, unsigned, within the same bounds. Whatever goes wrong is told, never raised."""
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...
