"""What an App asks for when a conversation is only tried out: another App, on stores that are thrown away."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from app.actions import Catalogue

if TYPE_CHECKING:
    from app.services import App

NO_MODEL = "none"


class Sandbox(Protocol):
    """Makes Apps on stores in memory, which share the loaded embedder and know nobody's ledger."""

    def catalogues(self) -> Sequence[str]:
        """The catalogues that come with the service."""
        ...

    def prompts(self) -> Sequence[str]:
        """The released versions of the brief's prompt."""
        ...

    def models(self) -> Sequence[str]:
        """`none`, and every model that the settings name."""
        ...

    def app(self, *, catalogue: Catalogue | str, prompt: str, model: str) -> "App":
        """A new App; it may be made in a thread. Raises ConfigurationError for a name that there is not."""
        ...
