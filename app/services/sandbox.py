"""What an App asks for when a conversation is only tried out: another App, on stores that are thrown away."""

from collections.abc import Sequence
from typing import Protocol

from app.actions import Catalogue
from app.models import Explanation, Handoff, HandoffRequest, InteractionDraft, Problem
from app.services.answers import RecordAnswer

NO_MODEL = "none"


class TrialApp(Protocol):
    """The part of an App that a trial needs."""

    async def warm_up(self) -> None:
        """Load what the first handoff needs."""
        ...

    async def record(self, tenant: str, drafts: Sequence[InteractionDraft | Problem]) -> RecordAnswer:
        """File interactions."""
        ...

    async def handoff(self, tenant: str, request: HandoffRequest) -> Handoff:
        """A handoff."""
        ...

    async def explain(self, tenant: str, request: HandoffRequest) -> Explanation:
        """Why the brief without a model says what it says."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


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

    def app(self, *, catalogue: Catalogue | str, prompt: str, model: str) -> TrialApp:
        """A new App; it may be made in a thread. Raises ConfigurationError for a name that there is not."""
        ...
