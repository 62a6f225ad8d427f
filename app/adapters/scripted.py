"""The in-memory twin of a language model: it says what it was told to say, so that a run can be repeated exactly."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.errors import ModelFailure, ModelTimeout
from app.ports import ModelReply


class ScriptedQuestion(NamedTuple):
    """What a scripted model was asked."""

    system: str
    user: str
    schema: Mapping[str, Any]


class ScriptedModel:
    """Gives its answers in order, the last one ever after; a failure among them is raised.

    Without an answer it is like a server that hangs. `questions` keeps what it was asked.
    """

    def __init__(self, *answers: str | ModelFailure, name: str = "scripted") -> None:
        self._name = name
        self._answers = list(answers)
        self.questions: list[ScriptedQuestion] = []

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """The next answer; its tokens are counted as words. Raises the scripted failure, or ModelTimeout."""
        self.questions.append(ScriptedQuestion(system, user, schema))
        if not self._answers:
            await asyncio.sleep(timeout_s)
            raise ModelTimeout("The model did not answer in time.")
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, ModelFailure):
            raise answer
        words = answer.split()[:max_tokens]
        return ModelReply(text=answer, model=self._name, prompt_tokens=len(user.split()), completion_tokens=len(words))

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""
