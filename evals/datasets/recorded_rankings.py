"""Recorded rankings: the order in which a strong model put the open actions of a case, kept to be counted again.

`RankingPrompts` stands in the model's place and writes each exact prompt to a file, for somebody to answer; `take_in`
reads the answers; `RecordedRanking` replays them. Of data that is not ours a recording holds the order of the
actions alone, with the hashes of template and rendered prompt and the day.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from app.errors import InvalidRequest, ModelUnavailable
from app.models import Record
from app.ports import ModelReply
from app.prompts import PromptLibrary

NAME = "recorded rankings"
ORIGIN = "answers of a large language model, recorded"
RANKING_PROMPT = ("next_action", "v2")


class RankingRecording(Record):
    """One answer about one conversation: the actions in the model's order."""

    id: str
    template_sha256: str
    prompt_sha256: str
    recorded_on: str
    origin: str = ORIGIN
    order: tuple[str, ...]


class RankingPrompts:
    """Writes what a model is asked into a folder, `<id>.prompt.json`, and answers nothing."""

    name = NAME

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.conversation = ""
        self.written = 0

    async def complete(
        self,
        system: str,
        user: str,
        *,
        schema: Mapping[str, Any],
        timeout_s: float,  # noqa: ARG002 - the port's signature
        max_tokens: int,  # noqa: ARG002
    ) -> ModelReply:
        """Raises ModelUnavailable, always."""
        self._folder.mkdir(parents=True, exist_ok=True)
        prompt = {"prompt_sha256": digest_of(system, user), "system": system, "user": user, "answer_schema": schema}
        path = self._folder / f"{self.conversation}.prompt.json"
        path.write_text(json.dumps(prompt, ensure_ascii=False, indent=1), encoding="utf-8")
        self.written += 1
        raise ModelUnavailable("The prompt is written out; nobody answers it now.")

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""


class RecordedRanking:
    """Replays the answer about one conversation after the other; `differing` counts prompts that are others by now."""

    name = NAME

    def __init__(self, answers: Mapping[str, tuple[str, str]]) -> None:
        """`answers` holds, by the conversation's id, the hash of the prompt that was answered and the answer."""
        self._answers = answers
        self.conversation = ""
        self.differing = 0

    async def complete(
        self,
        system: str,
        user: str,
        *,
        schema: Mapping[str, Any],  # noqa: ARG002 - the port's signature
        timeout_s: float,  # noqa: ARG002
        max_tokens: int,  # noqa: ARG002
    ) -> ModelReply:
        """The recorded answer. Raises ModelUnavailable where there is none."""
        if self.conversation not in self._answers:
            raise ModelUnavailable("Nothing is recorded of this conversation.")
        prompt_sha256, text = self._answers[self.conversation]
        self.differing += prompt_sha256 != digest_of(system, user)
        return ModelReply(text=text, model=self.name)

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""


def digest_of(system: str, user: str) -> str:
    """The hash of a rendered prompt."""
    return hashlib.sha256(f"{system}\0{user}".encode()).hexdigest()


def template_sha256() -> str:
    """The hash of the released prompt that is in use."""
    return PromptLibrary().prompt(*RANKING_PROMPT).reference.sha256


def answers_in(folder: Path, ids: Iterable[str]) -> Mapping[str, tuple[str, str]]:
    """The answers `<id>.answer.json` beside their prompts. Raises InvalidRequest for a file that is no JSON object."""
    answers: dict[str, tuple[str, str]] = {}
    for name in ids:
        prompt, answer = folder / f"{name}.prompt.json", folder / f"{name}.answer.json"
        if prompt.is_file() and answer.is_file():
            answers[name] = (str(_object(prompt)["prompt_sha256"]), json.dumps(_object(answer), ensure_ascii=False))
    return answers


def take_in(answers: Mapping[str, tuple[str, str]], into: Path, *, recorded_on: str) -> int:
    """Keep the orders of these answers in a file, one a line. Gives how many there are."""
    recordings = [
        RankingRecording(
            id=name,
            template_sha256=template_sha256(),
            prompt_sha256=prompt_sha256,
            recorded_on=recorded_on,
            order=tuple(str(action["action_id"]) for action in json.loads(text)["actions"]),
        )
        for name, (prompt_sha256, text) in answers.items()
    ]
    into.write_text("".join(f"{recording.model_dump_json()}\n" for recording in recordings), encoding="utf-8")
    return len(recordings)


def read_recordings(path: Path) -> Mapping[str, tuple[str, str]]:
    """The recorded orders as answers. Raises InvalidRequest for a file of something else, or of another template."""
    answers: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            recording = RankingRecording.model_validate_json(line)
        except ValidationError:
            raise InvalidRequest(f"{path}:{number}: this is no recorded ranking; write it with --into.") from None
        if recording.template_sha256 != template_sha256():
            version = "/".join(RANKING_PROMPT)
            raise InvalidRequest(f"{path}:{number}: it was recorded to another prompt than prompts/{version}.md.")
        order = [{"action_id": action_id} for action_id in recording.order]
        answers[recording.id] = (recording.prompt_sha256, json.dumps({"actions": order}))
    return answers


def _object(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as failure:
        raise InvalidRequest(f"{path}: this is not JSON: {failure}") from None
    if not isinstance(content, dict):
        raise InvalidRequest(f"{path}: this is no JSON object.")
    return cast(Mapping[str, Any], content)
