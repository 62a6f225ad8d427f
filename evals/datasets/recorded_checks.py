"""Recorded checks: what a strong model judged of statements, kept so that it can be counted again without the model.

`PromptWriter` stands in the model's place and writes each exact prompt to a file, for somebody to answer;
`take_in` takes the answers in; `RecordedChecks` replays them. About data that is not ours a recording holds
nothing of it: the hashes of template and rendered prompt, the numbers of statements and of the lines that decide them,
the verdicts and the date. What is asked now and was not recorded, or was recorded to another template, is refused,
never made up.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import Field, ValidationError

from app.bootstrap import language_model
from app.errors import InvalidRequest, ModelUnavailable
from app.models import Record
from app.ports import LanguageModel, ModelReply
from app.prompts import PromptLibrary
from app.settings import Settings
from evals.datasets.recordings import StaleRecording

NAME = "recorded checks"
FOLDER = Path(__file__).parents[1] / "answers"
ORIGIN = "answers of a large language model, recorded"
CHECK_PROMPT = ("check", "v1")
_NUMBER = re.compile(r"\d+")
_Verdict = Literal["supported", "refuted", "unverified"]


class RecordedVerdict(Record):
    """What was judged of one statement, by the numbers of the statement and of the lines that decide it."""

    statement: int = Field(ge=1)
    verdict: _Verdict
    evidence: tuple[int, ...] = ()


class CheckRecording(Record):
    """One answer to one prompt. `answer` is the whole of it, and stands only where the data is our own."""

    template_sha256: str
    prompt_sha256: str
    recorded_on: str
    origin: str = ORIGIN
    verdicts: tuple[RecordedVerdict, ...]
    answer: Mapping[str, Any] | None = None


class WrittenPrompt(Record):
    """A prompt as it is written out, to be answered with one JSON object of its schema."""

    template_sha256: str
    prompt_sha256: str
    system: str
    user: str
    answer_schema: Mapping[str, Any]


class RecordedChecks:
    """A model whose checks are replayed from a folder; `stale` counts what was asked and is not recorded."""

    name = NAME

    def __init__(self, folder: Path = FOLDER) -> None:
        """Raises StaleRecording for recordings of another template, or none at all."""
        self._folder = folder
        self._template = template_sha256()
        self._by_prompt = {recording.prompt_sha256: recording for recording in read_recordings(folder)}
        if not self._by_prompt:
            raise StaleRecording(f"{folder} holds no recorded check. Write the prompts out with --write-prompts.")
        others = {recording.template_sha256 for recording in self._by_prompt.values()} - {self._template}
        if others:
            raise StaleRecording(f"{folder} holds checks recorded to another template than prompts/check/v1.md is now.")
        self.stale = 0

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """The recorded answer to exactly this prompt. Raises ModelUnavailable, and counts it, where there is none."""
        del schema, timeout_s, max_tokens
        recording = self._by_prompt.get(prompt_sha256(system, user))
        if recording is None:
            self.stale += 1
            raise ModelUnavailable("Nothing was recorded to this prompt.")
        return ModelReply(text=json.dumps(recording.answer or _answer_of(recording)), model=self.name)

    def insist(self) -> None:
        """Raises StaleRecording where anything was asked that is not recorded."""
        if self.stale:
            raise StaleRecording(
                f"{self.stale} prompts that are asked now are not among the recordings in {self._folder}. "
                "Write them out with --write-prompts, have them answered, and take them in with --read-answers."
            )

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""


class PromptWriter:
    """Stands in a model's place and writes every prompt to a file of a folder, named by its hash."""

    name = "prompt writer"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written = 0

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """Writes the prompt, and raises ModelUnavailable."""
        del timeout_s, max_tokens
        self._folder.mkdir(parents=True, exist_ok=True)
        digest = prompt_sha256(system, user)
        prompt = WrittenPrompt(
            template_sha256=template_sha256(), prompt_sha256=digest, system=system, user=user, answer_schema=schema
        )
        path = self._folder / f"{digest[:16]}.prompt.json"
        path.write_text(prompt.model_dump_json(indent=1), encoding="utf-8")
        self.written += 1
        raise ModelUnavailable("The prompt was written out, not asked.")

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""


class Divided:
    """A model that has one model write briefs and another one check them."""

    def __init__(self, writes: LanguageModel, checks: LanguageModel | None) -> None:
        self._writes = writes
        self._checks = checks

    @property
    def name(self) -> str:
        """The name of the one that writes."""
        return self._writes.name

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """The answer of the one that is meant."""
        is_check = "checks" in schema.get("properties", {})
        model = self._checks if is_check else self._writes
        if model is None:
            raise ModelUnavailable("Nobody checks here.")
        return await model.complete(system, user, schema=schema, timeout_s=timeout_s, max_tokens=max_tokens)

    async def warm_up(self) -> None:
        """Load what either needs."""
        for model in (self._writes, self._checks):
            if model is not None:
                await model.warm_up()

    async def close(self) -> None:
        """Let go of both."""
        for model in (self._writes, self._checks):
            if model is not None:
                await model.close()


def checking_model(
    settings: Settings, *, check: bool, write_prompts: Path | None, read_answers: Path | None, ours: bool
) -> LanguageModel | None:
    """Who checks what rules leave open: the model that is set for it, else the recordings; None without a check.

    First the answers in the folder `read_answers` are taken in; with `write_prompts` the prompts are written there
    instead of asked. Raises InvalidRequest, or StaleRecording.
    """
    if read_answers is not None:
        take_in(read_answers, FOLDER, recorded_on=datetime.now(UTC).date().isoformat(), ours=ours)
    if write_prompts is not None:
        return PromptWriter(write_prompts)
    if check and settings.model_check not in (None, "none"):
        return language_model(settings.model_copy(update={"model": settings.model_check}))
    return RecordedChecks() if check else None


def insist_on_recordings(model: LanguageModel | None) -> None:
    """Raises StaleRecording where recorded checks were asked for what was never recorded."""
    if isinstance(model, RecordedChecks):
        model.insist()


def take_in(folder: Path, into: Path, *, recorded_on: str, ours: bool = False) -> int:
    """Take in every `<hash>.answer.json` beside its `<hash>.prompt.json`; gives how many there are now in `into`.

    Of data that is not ours (`ours` false) nothing but numbers is taken. Raises InvalidRequest for an answer that does
    not judge each statement of its prompt exactly once, and StaleRecording for a prompt of another template.
    """
    fresh = [_taken_in(path, recorded_on, ours=ours) for path in sorted(folder.glob("*.answer.json"))]
    recordings_by_prompt = {recording.prompt_sha256: recording for recording in (*read_recordings(into), *fresh)}
    into.mkdir(parents=True, exist_ok=True)
    lines = [recordings_by_prompt[digest].model_dump_json(exclude_none=True) for digest in sorted(recordings_by_prompt)]
    (into / "checks.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)


def read_recordings(folder: Path) -> list[CheckRecording]:
    """Every recorded check in a folder. Raises StaleRecording for a file that cannot be read."""
    recordings: list[CheckRecording] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                recordings.append(CheckRecording.model_validate_json(line))
            except ValidationError:
                raise StaleRecording(f"{path}, line {number}: this is no recorded check.") from None
    return recordings


def prompt_sha256(system: str, user: str) -> str:
    """What tells a rendered prompt from every other one."""
    return hashlib.sha256(f"{system}\0{user}".encode()).hexdigest()


def template_sha256() -> str:
    """The hash of the prompt that checks are asked with."""
    return PromptLibrary().prompt(*CHECK_PROMPT).reference.sha256


def _taken_in(path: Path, recorded_on: str, *, ours: bool) -> CheckRecording:
    asked = path.with_name(path.name.replace(".answer.json", ".prompt.json"))
    try:
        prompt = WrittenPrompt.model_validate_json(asked.read_bytes())
        answer = cast(Mapping[str, Any], json.loads(path.read_text(encoding="utf-8")))
        verdicts = _verdicts(cast(Iterable[Mapping[str, Any]], answer["checks"]))
    except (OSError, ValueError, KeyError, TypeError) as failure:
        raise InvalidRequest(f"{path}: this is no answer to {asked.name} ({failure}).") from None
    if prompt.template_sha256 != template_sha256():
        raise StaleRecording(f"{asked} was written with another template than prompts/check/v1.md is now.")
    statements = re.findall(r"^s(\d+) \| ", prompt.user, re.MULTILINE)
    if sorted(verdict.statement for verdict in verdicts) != sorted(map(int, statements)):
        raise InvalidRequest(f"{path}: it does not judge each of the {len(statements)} statements exactly once.")
    return CheckRecording(
        template_sha256=prompt.template_sha256,
        prompt_sha256=prompt.prompt_sha256,
        recorded_on=recorded_on,
        verdicts=tuple(verdicts),
        answer=answer if ours else None,
    )


def _verdicts(checks: Iterable[Mapping[str, Any]]) -> Sequence[RecordedVerdict]:
    return [
        RecordedVerdict(
            statement=_number(str(check["id"])),
            verdict=check["verdict"],
            evidence=tuple(_number(str(line["id"])) for line in check.get("evidence", ())),
        )
        for check in checks
    ]


def _number(text: str) -> int:
    match = _NUMBER.search(text)
    if match is None:
        raise ValueError(f"{text!r} is no short id")
    return int(match.group())


def _answer_of(recording: CheckRecording) -> Mapping[str, Any]:
    checks = [
        {
            "id": f"s{verdict.statement}",
            "evidence": [f"t{line}" for line in verdict.evidence],
            "verdict": verdict.verdict,
        }
        for verdict in recording.verdicts
    ]
    return {"checks": checks}
