"""A model's verdicts on sentences about a conversation: one call for them all, over the same fenced lines as a brief.

Sentences and lines are data to the model. What it answers is taken with care: a verdict that names no statement, or one
that is named already, counts for nothing; a statement without a verdict stays unverified; a quotation that does not
stand in its line is struck out; and its reason, which agents read, is one short plain line.
"""

import asyncio
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from time import perf_counter
from typing import Annotated, Any, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.briefs.llm.claims import line_cited, quotes_of
from app.briefs.llm.output import Citations, strict_schema, with_citations
from app.briefs.llm.participants import participants
from app.briefs.llm.prompt_inputs import Numbered, number_lines, readable, says_something
from app.briefs.llm.screening import Screen
from app.errors import ConfigurationError, InvalidModelOutput, ModelFailure, ModelTimeout
from app.metering import calling_for
from app.models import Checker, Interaction, Statement, Transcript, Verdict, VerdictKind
from app.nlu.words import terms
from app.ports import LanguageModel, ModelReply
from app.ports.meter import ModelPurpose
from app.ports.verifier import Verifier
from app.privacy import Redactor
from app.prompts import Prompt, RenderedPrompt

LINE_TOKENS = 6000
MOST_TOGETHER = 40
"""So many statements go into one call; more are checked in several, one after the other."""
ANSWER_TOKENS = 3200
REASON_CHARACTERS = 240
TRUSTED = ("now",)
UNTRUSTED = ("participants", "interactions", "statements")
FORM = "StatementChecks"
_STATEMENT_CHARACTERS = 600
_STATEMENT_ID = re.compile(r"\bs\d+\b")
_LEAST_S = 0.05
_SCORES = {VerdictKind.SUPPORTED: 0.9, VerdictKind.UNVERIFIED: 0.5, VerdictKind.REFUTED: 0.1}
_NO_REASON = {
    VerdictKind.SUPPORTED: "the interactions bear it out",
    VerdictKind.REFUTED: "the interactions say otherwise",
    VerdictKind.UNVERIFIED: "the interactions neither say so nor otherwise",
}
_log = logging.getLogger("warmline.brief")
NOT_JUDGED = "the model gave no verdict on it"


class _CheckPart(BaseModel):
    """Read leniently: what is of no use is passed over, sentence by sentence."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class StatementCheck(_CheckPart):
    """A verdict on one statement, by its short id."""

    id: Annotated[str, Field(max_length=200, json_schema_extra={"maxLength": 5})]
    evidence: Citations = ()
    reason: Annotated[str, Field(max_length=4000, json_schema_extra={"maxLength": 240})] = ""
    verdict: VerdictKind


class StatementChecks(_CheckPart):
    """What a model answers: a verdict for each statement, in their order."""

    checks: tuple[StatementCheck, ...] = Field(max_length=400, json_schema_extra={"maxItems": MOST_TOGETHER})


class CheckPrompt(NamedTuple):
    """What a model is asked about some statements, and what its answer's ids mean."""

    prompt: RenderedPrompt
    statements: Mapping[str, Statement]
    shown: Mapping[str, Interaction]
    redactor: Redactor


class ModelVerifier:
    """Has a model judge statements; an implementation of the port of a verifier."""

    def __init__(self, model: LanguageModel, prompt: Prompt, *, hide_contacts: bool = True) -> None:
        """Raises ConfigurationError when the prompt asks for other inputs than there are, or for another answer."""
        prompt.check_inputs(TRUSTED, UNTRUSTED)
        if prompt.output != FORM:
            raise ConfigurationError(f"The prompt of a check has the output {FORM}, not {prompt.output!r}.")
        self._model = model
        self._prompt = prompt
        self._hide_contacts = hide_contacts

    @property
    def checker(self) -> Checker:
        """Who judges."""
        return "model"

    @property
    def model(self) -> LanguageModel:
        """The model that is asked."""
        return self._model

    async def check(
        self,
        statements: Sequence[Statement],
        transcript: Transcript,
        *,
        timeout_s: float,
        now: datetime | None = None,
    ) -> Sequence[Verdict]:
        """One verdict a statement, in order, as of `now`, which is the last interaction's time unless given.

        Raises ModelTimeout, ModelUnavailable or InvalidModelOutput where no verdict came at all; what is not judged in
        time stays unverified.
        """
        until = perf_counter() + timeout_s
        verdicts: list[Verdict] = []
        for start in range(0, len(statements), MOST_TOGETHER):
            batch = statements[start : start + MOST_TOGETHER]
            left = until - perf_counter()
            if left < _LEAST_S and verdicts:
                verdicts += [open_verdict(statement, "the time for checking was up") for statement in batch]
                continue
            if left < _LEAST_S:
                raise ModelTimeout("There was no time to check anything.")
            asked = await asyncio.to_thread(self.asked, batch, transcript, now)
            reply = await self._reply(asked, left)
            verdicts += await asyncio.to_thread(judged, asked, reply.text, self._prompt.reference.name)
        return verdicts

    def asked(
        self, statements: Sequence[Statement], transcript: Transcript, now: datetime | None = None
    ) -> CheckPrompt:
        """The prompt about some statements: their lines within a budget, those that are cited first."""
        redactor = Redactor(contacts=self._hide_contacts)
        rows = [interaction for interaction in transcript.interactions if says_something(interaction)]
        ranked = _by_weight(rows, statements)
        numbered = number_lines(ranked, transcript.interactions, redactor, named=True, budget=LINE_TOKENS)
        named = {f"s{number}": statement for number, statement in enumerate(statements, start=1)}
        at = now or max((row.occurred_at for row in rows), default=datetime.now(UTC))
        inputs = {
            "now": at.isoformat(timespec="minutes"),
            "participants": participants(numbered.sent.values()) or "none",
            "interactions": numbered.lines() or "none",
            "statements": "\n".join(
                f"{alias} | {_one_line(redactor, statement.text)}" for alias, statement in named.items()
            ),
        }
        return CheckPrompt(self._prompt.render(inputs), named, _readable(numbered, redactor), redactor)

    async def _reply(self, asked: CheckPrompt, timeout_s: float) -> ModelReply:
        with calling_for(ModelPurpose.CHECK):
            return await self._model.complete(
                asked.prompt.system,
                asked.prompt.user,
                schema=check_schema(),
                timeout_s=timeout_s,
                max_tokens=ANSWER_TOKENS,
            )


class CombinedVerifier:
    """Rules first, then a model for what they leave open; what a rule refutes stays refuted."""

    def __init__(self, rules: Verifier, model: Verifier) -> None:
        self._rules = rules
        self._model = model

    @property
    def checker(self) -> Checker:
        """Who judges in the end."""
        return self._model.checker

    async def check(
        self, statements: Sequence[Statement], transcript: Transcript, *, timeout_s: float
    ) -> Sequence[Verdict]:
        """One verdict a statement, in order; where the model fails, those of the rules."""
        until = perf_counter() + timeout_s
        by_rules = await self._rules.check(statements, transcript, timeout_s=timeout_s)
        undecided = [index for index, verdict in enumerate(by_rules) if verdict.verdict is VerdictKind.UNVERIFIED]
        if not undecided:
            return by_rules
        left = until - perf_counter()
        try:
            by_model = await self._model.check([statements[index] for index in undecided], transcript, timeout_s=left)
        except ModelFailure as failure:
            _log.warning("statements are checked by rules alone: %s", failure.reported_code)
            return by_rules
        decided = dict(zip(undecided, by_model, strict=True))
        return [decided.get(index, verdict) for index, verdict in enumerate(by_rules)]


@cache
def check_schema() -> Mapping[str, Any]:
    """The JSON schema of a model's verdicts."""
    return cast(Mapping[str, Any], with_citations(strict_schema(StatementChecks), "QuotedBrief"))


def judged(asked: CheckPrompt, text: str, purpose: str = "check") -> list[Verdict]:
    """The verdicts that stand in a model's answer, one for each statement asked, in order.

    Raises InvalidModelOutput when it is not JSON, or holds no verdict at all.
    """
    checks = parsed_checks(asked.redactor.restore(text))
    screen = Screen(asked.shown, asked.prompt.system)
    first: dict[str, StatementCheck] = {}
    for check in checks:
        match = _STATEMENT_ID.search(check.id)
        if match and match.group() in asked.statements:
            first.setdefault(match.group(), check)
    if asked.statements and not first:
        raise InvalidModelOutput(f"The model's {purpose} holds no verdict on any statement.")
    return [
        _verdict(statement, first[alias], asked.shown, screen) if alias in first else open_verdict(statement)
        for alias, statement in asked.statements.items()
    ]


def parsed_checks(text: str) -> list[StatementCheck]:
    """The checks in an answer; one that is of no use is passed over. Raises InvalidModelOutput where there are none."""
    try:
        written = json.loads(text)
    except ValueError as failure:
        raise InvalidModelOutput("The model answered with something that is no check.") from failure
    rows = cast(Mapping[str, Any], written).get("checks") if isinstance(written, Mapping) else None
    if not isinstance(rows, list):
        raise InvalidModelOutput("The model answered with something that is no check.")
    return list(_readable_checks(cast(list[object], rows)))


def open_verdict(statement: Statement, why: str = NOT_JUDGED) -> Verdict:
    """The verdict on a statement that nobody judged."""
    return Verdict(
        text=statement.text,
        verdict=VerdictKind.UNVERIFIED,
        score=_SCORES[VerdictKind.UNVERIFIED],
        evidence=statement.evidence,
        why=why,
    )


def _verdict(statement: Statement, check: StatementCheck, shown: Mapping[str, Interaction], screen: Screen) -> Verdict:
    lines = (line_cited(citation, shown) for citation in check.evidence)
    return Verdict(
        text=statement.text,
        verdict=check.verdict,
        score=_SCORES[check.verdict],
        evidence=tuple(dict.fromkeys(line.interaction_id for line in lines if line)) or statement.evidence,
        quotes=quotes_of(check.evidence, shown),
        why=_reason(check, screen),
        checked_by="model",
    )


def _reason(check: StatementCheck, screen: Screen) -> str:
    """The model's reason as an agent may read it: plain, short, and without instructions, links or other addresses."""
    reason = " ".join("".join(letter if letter.isprintable() else " " for letter in check.reason).split())
    if not reason or screen.objection(reason):
        return _NO_REASON[check.verdict]
    return reason if len(reason) <= REASON_CHARACTERS else reason[:REASON_CHARACTERS].rsplit(" ", 1)[0] + " …"


def _readable_checks(rows: Iterable[object]) -> Iterator[StatementCheck]:
    for row in rows:
        try:
            yield StatementCheck.model_validate(row)
        except ValidationError:
            continue


def _readable(numbered: Numbered, redactor: Redactor) -> Mapping[str, Interaction]:
    return readable(numbered.sent, redactor)


def _by_weight(rows: Sequence[Interaction], statements: Sequence[Statement]) -> Iterator[Interaction]:
    """The cited rows, then the newest, then those with most of the statements' words, then the rest."""
    cited = {interaction_id for statement in statements for interaction_id in statement.evidence}
    wanted = frozenset(word for statement in statements for word in terms(statement.text))
    newest = list(reversed(rows))
    near = sorted(newest, key=lambda interaction: len(wanted.intersection(terms(interaction.text))), reverse=True)
    given: set[str] = set()
    for interaction in (*(row for row in newest if row.interaction_id in cited), *newest[:40], *near):
        if interaction.interaction_id not in given:
            given.add(interaction.interaction_id)
            yield interaction


def _one_line(redactor: Redactor, text: str) -> str:
    """A statement as a line that cannot pose as another one."""
    return " ".join(json.dumps(redactor.redact(text[:_STATEMENT_CHARACTERS]), ensure_ascii=False).splitlines())
