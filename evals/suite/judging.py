"""A model as judge, where one is bound to that role: it looks at every sentence and every key fact of a brief.

Without a judge, and where it fails, its scorers are there all the same and say `unscored`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from app.errors import ModelFailure
from app.ports import LanguageModel
from app.prompts import PromptLibrary
from evals.suite.cases import GoldCase
from evals.suite.judgement import Judgement, JudgesAnswer
from evals.suite.observing import Observation, sentences

PROMPT = ("judge", "v1")
TIMEOUT_S = 60.0
ANSWER_TOKENS = 2000


class Judge:
    """A model in the role of the judge."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._prompt = PromptLibrary().prompt(*PROMPT)

    async def judge(self, case: GoldCase, seen: Observation) -> Judgement:
        """One look at one brief. A failure of the model becomes a judgement that says so."""
        statements = sentences(seen.handoff.brief)
        wanted = [fact.name + ": " + " / ".join(fact.any_of) for fact in case.expect.facts.must]
        lines = (
            f"{interaction.actor.value}: {interaction.text or interaction.name or ''} {dict(interaction.data) or ''}"
            for interaction in case.interactions
        )
        prompt = self._prompt.render(
            {"sentences": _numbered(statements), "facts": _numbered(wanted), "interactions": "\n".join(lines)}
        )
        try:
            reply = await self._model.complete(
                prompt.system, prompt.user, schema=_schema(), timeout_s=TIMEOUT_S, max_tokens=ANSWER_TOKENS
            )
            answer = JudgesAnswer.model_validate_json(reply.text)
        except ModelFailure as failure:
            return Judgement(failure=f"The judge did not answer: {failure.detail}")
        except ValidationError:
            return Judgement(failure="The judge answered with something that is no judgement.")
        if len(answer.sentences) != len(statements) or len(answer.facts) != len(wanted):
            return Judgement(failure="The judge passed over a sentence or a fact.")
        return Judgement(sentences=answer.sentences, facts=answer.facts)


def _numbered(lines: Iterable[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))


def _schema() -> Mapping[str, Any]:
    return JudgesAnswer.model_json_schema()
