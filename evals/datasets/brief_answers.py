"""`warmline eval record`: a strong model's answers to the brief's exact prompt, about journeys of our own.

The prompts are written out, each as a file with its schema, for somebody to answer; the answers are taken in as rows
of `warmline eval answers`, whole, with the hash of the template. An answer to a prompt that is rendered otherwise now
is refused, never bent to fit.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import JsonValue, TypeAdapter, ValidationError

from app.bootstrap import build
from app.errors import InvalidRequest, ModelUnavailable
from app.models import PromptReference
from app.ports import ModelReply
from app.prompts import PromptLibrary
from app.settings import Settings
from evals.datasets.recorded_checks import FOLDER, WrittenPrompt, prompt_sha256
from evals.datasets.recordings import StaleRecording
from evals.experiments.answers import DEADLINE_MS, AnswerRow
from evals.suite.cases import GoldCase
from evals.suite.observing import file_case
from evals.workspace import workspace

BRIEFS = FOLDER / "briefs"
Progress = Callable[[int, int], None]
_OBJECT = TypeAdapter(Mapping[str, JsonValue])


class CasePrompt(NamedTuple):
    """What a model is asked about one case."""

    case: GoldCase
    system: str
    user: str
    schema: Mapping[str, Any]

    @property
    def file_name(self) -> str:
        """The name of its prompt's file; that of the answer says `answer` instead of `prompt`."""
        return f"{prompt_sha256(self.system, self.user)[:16]}.prompt.json"


class _Listening:
    """Stands in a model's place, keeps what it was asked last, and answers nothing."""

    name = "nobody"

    def __init__(self) -> None:
        self._asked: tuple[str, str, Mapping[str, Any]] | None = None

    def asked(self) -> tuple[str, str, Mapping[str, Any]] | None:
        """What it was asked since the last time."""
        asked, self._asked = self._asked, None
        return asked

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        del timeout_s, max_tokens
        self._asked = (system, user, schema)
        raise ModelUnavailable("The prompt was written out, not asked.")

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""


async def asked_about(
    cases: Sequence[GoldCase], settings: Settings, progress: Progress | None = None
) -> Sequence[CasePrompt]:
    """The brief's prompt about each case of which a model is asked, by the version in the settings."""
    model, prompts = _Listening(), list[CasePrompt]()
    with workspace(settings) as own:
        async with build(own.model_copy(update={"model_check": "none"}), model=model) as app:
            await app.warm_up()
            for case in cases:
                await file_case(app, case)
                await app.handoffs.create(case.id, case.request(deadline_ms=DEADLINE_MS))
                prompt = model.asked()
                if prompt is not None:  # of somebody of whom nothing is known no model is asked
                    prompts.append(CasePrompt(case, *prompt))
                if progress:
                    progress(len(prompts), len(cases))
    return prompts


def write_prompts(asked: Sequence[CasePrompt], settings: Settings, folder: Path) -> int:
    """Write each prompt to a file of the folder; gives how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    template = _template(settings)
    for question in asked:
        prompt = WrittenPrompt(
            template_sha256=template.sha256,
            prompt_sha256=prompt_sha256(question.system, question.user),
            system=question.system,
            user=question.user,
            answer_schema=question.schema,
        )
        (folder / question.file_name).write_text(prompt.model_dump_json(indent=1), encoding="utf-8")
    return len(asked)


def take_in(asked: Sequence[CasePrompt], settings: Settings, folder: Path, into: Path, *, recorded_on: str) -> int:
    """Write the answers in a folder as rows of a file; gives how many.

    Raises InvalidRequest for a file that is no JSON object, and StaleRecording for an answer to none of these prompts.
    """
    template = _template(settings)
    answers = {path.name: path for path in folder.glob("*.answer.json")}
    rows: list[AnswerRow] = []
    for question in asked:
        path = answers.pop(question.file_name.replace(".prompt.", ".answer."), None)
        if path is not None:
            rows.append(_row(question, path, template, recorded_on))
    if answers:
        names = ", ".join(sorted(answers))
        raise StaleRecording(f"{folder}: {names} answer none of the prompts that are asked now. Write them out anew.")
    into.parent.mkdir(parents=True, exist_ok=True)
    lines = [row.model_dump_json(exclude_none=True, exclude_defaults=True) for row in rows]
    into.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(rows)


def _row(asked: CasePrompt, path: Path, template: PromptReference, recorded_on: str) -> AnswerRow:
    try:
        answer = _OBJECT.validate_json(path.read_bytes())
    except ValidationError:
        raise InvalidRequest(f"{path}: this is no JSON object.") from None
    return AnswerRow(
        id=asked.case.id,
        prompt=template,
        recorded_on=recorded_on,
        interactions=(*asked.case.others, *asked.case.interactions),
        handoff=asked.case.request(),
        messages=({"role": "system", "content": asked.system}, {"role": "user", "content": asked.user}),
        answer=answer,
    )


def _template(settings: Settings) -> PromptReference:
    return PromptLibrary().prompt("brief", settings.prompt_brief).reference
