"""Replies of models, kept to be replayed: a suite with a paid model then runs free, offline and the same every time.

A reply is found again only for the same model, the same released prompts and the same rendered input. What was not
recorded so is an error that says what to do, never a call and never a silent zero.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.errors import InvalidModelOutput, ModelFailure, ModelTimeout, ModelUnavailable, WarmlineError
from app.models import PromptReference, Record
from app.ports import LanguageModel, ModelReply

_FAILURES: Mapping[str, type[ModelFailure]] = {
    failure.code: failure for failure in (ModelTimeout, ModelUnavailable, InvalidModelOutput)
}


class StaleRecording(WarmlineError):
    """There is no recording of what is asked now."""

    code = "stale_recording"
    title = "The recordings are of something else"


class Recording(Record):
    """One reply, or the failure in its place, under what it was the reply to."""

    model: str
    prompts: tuple[PromptReference, ...]
    input_sha256: str
    reply: ModelReply | None = None
    failure_code: str | None = None


class Recordings:
    """A folder of recordings, one JSON file each, named by its key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> Recording | None:
        """The recording under a key. Raises StaleRecording when its file cannot be read."""
        path = self._folder / f"{key}.json"
        if not path.is_file():
            return None
        try:
            return Recording.model_validate_json(path.read_bytes())
        except ValidationError:
            raise StaleRecording(f"{path} is no recording. Remove it and record again with --record.") from None

    def keep(self, key: str, recording: Recording) -> None:
        """Write a recording; a half-written one never stands under its name."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{key}.json"
        draft = path.with_suffix(".part")
        draft.write_text(recording.model_dump_json(indent=1), encoding="utf-8")
        draft.replace(path)

    def why_missing(self, model: str, prompts: tuple[PromptReference, ...]) -> str:
        """What there is instead, in words."""
        recordings = [Recording.model_validate_json(path.read_bytes()) for path in sorted(self._folder.glob("*.json"))]
        of_model = [recording for recording in recordings if recording.model == model]
        if not of_model:
            return f"{self._folder} holds no recording of {model}."
        if not any(recording.prompts == prompts for recording in of_model):
            return "The prompts have changed since it was recorded."
        return "What the prompt is filled with has changed since, or the case is new."


class RecordedModel:
    """A model whose replies are replayed where they were recorded; with `inner` the others are asked for and kept."""

    def __init__(
        self,
        name: str,
        recordings: Recordings,
        prompts: tuple[PromptReference, ...],
        *,
        inner: LanguageModel | None = None,
    ) -> None:
        self._name = name
        self._recordings = recordings
        self._prompts = prompts
        self._inner = inner
        self.stale: list[str] = []

    @property
    def name(self) -> str:
        """The name of the model whose replies they are."""
        return self._name

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """The recorded reply, or the recorded failure. Raises StaleRecording for what was never recorded."""
        asked = _sha256(json.dumps([system, user, schema, max_tokens], ensure_ascii=False, sort_keys=True))
        key = _sha256(json.dumps([self._name, [prompt.sha256 for prompt in self._prompts], asked]))
        recording = self._recordings.find(key)
        if recording is None and self._inner is None:
            detail = (
                f"There is no recording of {self._name} for this input. "
                f"{self._recordings.why_missing(self._name, self._prompts)} Record again with --record."
            )
            self.stale.append(detail)
            raise StaleRecording(detail)
        if recording is None:
            assert self._inner is not None
            recording = await self._recorded(self._inner, key, asked, (system, user), schema, timeout_s, max_tokens)
        if recording.reply is None:
            raise _FAILURES.get(recording.failure_code or "", ModelUnavailable)(
                "The model failed when it was recorded."
            )
        return recording.reply

    async def warm_up(self) -> None:
        """Load what the model behind needs, if there is one."""
        if self._inner is not None:
            await self._inner.warm_up()

    async def close(self) -> None:
        """Let go of the model behind, if there is one."""
        if self._inner is not None:
            await self._inner.close()

    async def _recorded(
        self,
        inner: LanguageModel,
        key: str,
        asked: str,
        prompt: tuple[str, str],
        schema: Mapping[str, Any],
        timeout_s: float,
        max_tokens: int,
    ) -> Recording:
        about = {"model": self._name, "prompts": self._prompts, "input_sha256": asked}
        try:
            reply = await inner.complete(*prompt, schema=schema, timeout_s=timeout_s, max_tokens=max_tokens)
        except InvalidModelOutput as failure:
            recording = Recording.model_validate({**about, "failure_code": failure.reported_code})
        else:
            recording = Recording.model_validate({**about, "reply": reply})
        self._recordings.keep(key, recording)
        return recording


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
