"""Gold cases: a frozen journey, what a good handoff of it holds and must not hold, where it comes from, which split.

A case is one YAML file, `<folder>/<industry>/<id>.yaml`. The industry names the catalogue, a shipped one or a
`catalogue.yaml` that lies beside the cases. The README shows a whole file.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, JsonValue, ValidationError

from app.bootstrap import catalogue_named
from app.errors import ConfigurationError, InvalidRequest
from app.models import (
    Actor,
    HandoffRequest,
    InteractionDraft,
    Outcome,
    Record,
    ResolutionStatus,
    SentimentLabel,
    SignalType,
)
from app.validation import invalid_request
from app.yaml_text import YamlProblem, read_yaml

CATALOGUE_FILE = "catalogue.yaml"
MOST_LETTERS = 200
"""In the id of a case."""
Split = Literal["development", "held_out"]
Trap = Literal[
    "shared_phone",
    "contradiction",
    "resolved_issue",
    "injection",
    "personal_data",
    "sarcasm",
    "language",
    "long_history",
    "empty_history",
    "none",
]
Harm = Literal["other_customer", "stale", "personal_data", "injected", "reopened"]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]


class ExpectedFact(Record):
    """Something a brief holds when it holds one of these texts."""

    name: Text
    any_of: Texts


class HarmfulFact(ExpectedFact):
    """Something a brief must not hold, and the harm it would do.

    What is `stale` may be told beside what replaced it: `replaced_by` names that fact among those a brief must hold.
    """

    harm: Harm
    replaced_by: Text | None = None


class ExpectedFacts(Record):
    """What a brief must, may and must not hold; what it may is neither asked for nor held against it."""

    must: tuple[ExpectedFact, ...] = ()
    may: tuple[ExpectedFact, ...] = ()
    must_not: tuple[HarmfulFact, ...] = ()


class ExpectedAttempt(Record):
    """A step that was taken: one of these texts stands in its `step`, and it ended so."""

    step: Texts
    outcome: Outcome


class ExpectedCommitment(Record):
    """A promise: by whom, and one of these texts in it."""

    by: Actor
    any_of: Texts


class ExpectedActions(Record):
    """Ids of the catalogue: one of `right` is among the offered actions, none of `forbidden` is."""

    right: tuple[Text, ...] = ()
    forbidden: tuple[Text, ...] = ()


class ExpectedSignals(Record):
    """Signals that fire, and signals that must not."""

    expected: tuple[SignalType, ...] = ()
    absent: tuple[SignalType, ...] = ()


class Expectation(Record):
    """What a good handoff of the case says. `reference` is a summary by a person, where there is one.

    `also_intents` are those that are as right as `intent`: either queue would do what the customer wants.
    """

    intent: str | None
    also_intents: tuple[Text, ...] = ()
    resolution: ResolutionStatus
    facts: ExpectedFacts = ExpectedFacts()
    attempts: tuple[ExpectedAttempt, ...] = ()
    commitments: tuple[ExpectedCommitment, ...] = ()
    actions: ExpectedActions = ExpectedActions()
    signals: ExpectedSignals = ExpectedSignals()
    sentiment: SentimentLabel | None = None
    reference: str | None = None


# Fields of interactions that are younger than the first baselines.
_LATER_FIELDS = ("visibility", "target_id", "partial", "case_id")


class GoldCase(Record):
    """One case. `others` are interactions of other customers of the same tenant; `industry` comes from the folder.

    `family` names cases that are alike and therefore count together when a difference is judged; without it they are
    those of one industry and intent.
    """

    id: Annotated[str, Field(min_length=1, max_length=MOST_LETTERS)]
    industry: str
    split: Split
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    traps: tuple[Trap, ...]
    provenance: Text
    family: str | None = None
    now: AwareDatetime
    interactions: tuple[InteractionDraft, ...]
    others: tuple[InteractionDraft, ...] = ()
    ask: Mapping[str, JsonValue]
    expect: Expectation

    @property
    def cluster(self) -> str:
        """The cases of one cluster are not independent of each other."""
        return self.family or f"{self.industry}/{self.expect.intent}"

    @property
    def sha256(self) -> str:
        """Tells this content of the case from any other."""
        fields = InteractionDraft.model_fields
        rows = (*self.interactions, *self.others)
        # A field that no row uses has no part in it, so that cases written before it existed stay the same.
        unused = {name for name in _LATER_FIELDS if all(getattr(row, name) == fields[name].default for row in rows)}
        of_rows = {"__all__": unused}
        content = self.model_dump_json(exclude={"interactions": of_rows, "others": of_rows})
        return hashlib.sha256(content.encode()).hexdigest()

    def request(self, *, deadline_ms: int | None = None) -> HandoffRequest:
        """What is asked of the App. A deadline the case itself names stays."""
        own: dict[str, object] = {"now": self.now, **({"deadline_ms": deadline_ms} if deadline_ms else {})}
        return HandoffRequest.model_validate({**own, **self.ask})


def load_cases(folder: Path, *, split: Split | None = None, only: Sequence[str] = ()) -> list[GoldCase]:
    """The cases below a folder, or `only` those with certain ids. Raises InvalidRequest with the file and the field.

    With `only` no other file is read, so that a case which is still being written stops nobody.
    """
    files = [file for file in sorted(folder.glob("*/*.yaml")) if file.name != CATALOGUE_FILE]
    if not files:
        raise InvalidRequest(f"{folder}: there is no case in it. A case is a file <industry>/<id>.yaml.")
    unknown = [name for name in only if name not in {file.stem for file in files}]
    if unknown:
        raise InvalidRequest(f"{folder}: there is no case {unknown[0]!r} in it.")
    files = [file for file in files if not only or file.stem in only]
    cases = [_case(file) for file in files]
    seen: dict[str, Path] = {}
    for file, case in zip(files, cases, strict=True):
        if case.id in seen:
            raise InvalidRequest(f"{file}: id: {seen[case.id]} has the same. Every id stands once.")
        seen[case.id] = file
    for industry in sorted({case.industry for case in cases}):
        _check_names([case for case in cases if case.industry == industry], catalogue_for(folder, industry), folder)
    return [case for case in cases if split is None or case.split == split]


def catalogue_for(folder: Path, industry: str) -> str:
    """The catalogue of an industry, as the setting names it: the file beside its cases, else a shipped one."""
    own = folder / industry / CATALOGUE_FILE
    return str(own) if own.is_file() else industry


def _case(file: Path) -> GoldCase:
    content = _yaml(file)
    if not isinstance(content, dict):
        raise InvalidRequest(f"{file}: a case is a mapping of fields, such as id, split and interactions.")
    try:
        case = GoldCase.model_validate({**content, "industry": file.parent.name})
    except ValidationError as failure:
        raise InvalidRequest(f"{file}: {invalid_request(failure, whole='case').detail}") from None
    try:
        case.request()
    except ValidationError as failure:
        raise InvalidRequest(f"{file}: {invalid_request(failure, inside='ask').detail}") from None
    if case.id != file.stem:
        raise InvalidRequest(f"{file}: id: {case.id!r} must be the name of the file, {file.stem!r}.")
    named = {fact.name for fact in case.expect.facts.must}
    for fact in case.expect.facts.must_not:
        if fact.replaced_by is not None and fact.replaced_by not in named:
            raise InvalidRequest(f"{file}: expect.facts.must_not: {fact.replaced_by!r} is no fact of `must`.")
    for path, drafts in (("interactions", case.interactions), ("others", case.others)):
        for index, draft in enumerate(drafts):
            if draft.id is None or draft.occurred_at is None:
                raise InvalidRequest(f"{file}: {path}[{index}]: an interaction of a case needs id and occurred_at.")
    return case


def _yaml(file: Path) -> Any:
    try:
        return read_yaml(file.read_bytes()).content
    except YamlProblem as failure:
        line = "" if failure.line is None else f" in line {failure.line}"
        raise InvalidRequest(f"{file}: this is not YAML{line}: {failure.message}.") from None
    except OSError as failure:
        raise InvalidRequest(f"{file} cannot be read: {failure.strerror}.") from None


def _check_names(cases: Sequence[GoldCase], catalogue_name: str, folder: Path) -> None:
    """A name that the catalogue lacks would count as a fault of every brief."""
    try:
        catalogue = catalogue_named(catalogue_name)
    except ConfigurationError as failure:
        industry_folder = folder / cases[0].industry
        raise InvalidRequest(f"{industry_folder}: the folder names the catalogue. {failure.detail}") from None
    intents = {intent.name for intent in catalogue.intents}
    actions = {action.id for action in catalogue.actions}
    for case in cases:
        expect = case.expect
        unknown = [("expect.intent", expect.intent)] if expect.intent and expect.intent not in intents else []
        unknown += [("expect.also_intents", intent) for intent in expect.also_intents if intent not in intents]
        unknown += [
            ("expect.actions.right", action_id) for action_id in expect.actions.right if action_id not in actions
        ]
        unknown += [
            ("expect.actions.forbidden", action_id)
            for action_id in expect.actions.forbidden
            if action_id not in actions
        ]
        for path, name in unknown:
            file = folder / case.industry / f"{case.id}.yaml"
            names = intents if "intent" in path else actions
            raise InvalidRequest(
                f"{file}: {path}: the catalogue {catalogue_name} has no {name!r}; it has {', '.join(sorted(names))}."
            )
