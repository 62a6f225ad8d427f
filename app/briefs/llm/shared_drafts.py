"""A brief that a model words already: whoever asks for the same words waits for those, and the model is asked once.

A handoff of another moment of the same conversation has the words with what came since, in sentences of our own.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.briefs.llm.updates import brought_up_to_date
from app.errors import ModelFailure
from app.models import Handoff, Interaction, Snapshot

_WORDS = ("brief", "engine", "model", "prompt", "usage", "check")
_OUTCOME = ("status", "failure_code")


@dataclass(slots=True, eq=False)
class Underway:
    """The words of a model on a snapshot, as they come: its brief, and the same with the verdicts of its check."""

    snapshot: Snapshot
    brief: "asyncio.Future[Handoff]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    checked: "asyncio.Future[Handoff]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def tell(self, version: Handoff) -> None:
        """Another version is there."""
        stage = self.checked if self.brief.done() else self.brief
        stage.set_result(version)

    def fail(self, failure: ModelFailure) -> None:
        """The model did not come to a brief."""
        if not self.brief.done():
            self.brief.set_exception(failure)
            self.brief.exception()  # read, so that asyncio does not report what nobody waits for

    def end(self) -> None:
        """Nothing more comes; whoever still waits asks the model themselves."""
        self.brief.cancel()
        self.checked.cancel()


async def joined(underway: Underway, handoff: Handoff) -> Handoff | None:
    """The handoff in the words under way, or with their verdicts where it has them; None where these were given up.

    Raises ModelFailure.
    """
    stage = underway.checked if handoff.engine == "model" else underway.brief
    await asyncio.wait({stage})  # not the future itself: whoever stops waiting must not end it for the others
    if stage.cancelled():
        return None
    return in_words_of(stage.result(), handoff)


async def joined_with_news(underway: Underway, handoff: Handoff, fresh: Sequence[Interaction]) -> Handoff | None:
    """The handoff in the words under way and, in sentences of our own, what came since; None where there are none."""
    await asyncio.wait({underway.brief})
    if underway.brief.cancelled() or underway.brief.exception() is not None:
        return None
    version = underway.brief.result()
    return await with_news(version, handoff, fresh) if version.engine == "model" else None


async def with_news(version: Handoff, handoff: Handoff, fresh: Sequence[Interaction]) -> Handoff:
    """The handoff in a model's words on what was there before, and what came since in sentences of our own."""
    brief = await asyncio.to_thread(brought_up_to_date, version.brief, handoff.brief, fresh)
    return in_words_of(version, handoff).model_copy(update={"brief": brief})


def in_words_of(version: Handoff, handoff: Handoff) -> Handoff:
    """The handoff with what a model made of the same case; where that was nothing, as it ended."""
    names = _WORDS if version.engine == "model" else (*_WORDS, *_OUTCOME)
    return handoff.model_copy(update={name: getattr(version, name) for name in names})
