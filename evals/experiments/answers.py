"""`warmline eval answers`: what becomes of a strong model's recorded answers on their way to the agent.

Each row holds interactions, what the handoff was asked for with, the prompt that the model was sent (its version and
its messages) and its answer. The row is filed and handed over to a model that replies that answer, by rules alone.

The short ids of an answer mean the lines of the recorded prompt. Where our own prompt numbers its lines otherwise, they
are mapped by what the lines say, so that nothing is taken for the words of somebody else.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

from pydantic import ValidationError

from app.bootstrap import build
from app.errors import InvalidRequest
from app.models import (
    Brief,
    Commitment,
    Handoff,
    HandoffRequest,
    InteractionDraft,
    PromptReference,
    Record,
    Verdict,
    VerdictKind,
)
from app.ports import LanguageModel, ModelReply
from app.services import App
from app.services.brief_words import frames_of
from app.settings import Settings
from evals.datasets.dialogues import rows_of
from evals.datasets.labelled import plain
from evals.datasets.recorded_checks import Divided
from evals.workspace import workspace

DEADLINE_MS = 60_000
LINES = ("headline", "contact_reason", "customer_expectation", "suggested_opening")
LISTS = ("situation", "commitments", "open_questions", "entities")
_LINE = re.compile(r"^(t\d+) \| (.*)$", re.MULTILINE)
_SHORT_ID = re.compile(r"\bt\d+\b")
_PLACEHOLDER = re.compile(r"\\\[[a-z_]+_\d+\\\]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")


class AnswerRow(Record):
    """One recorded answer, with all that it was the answer to."""

    id: str
    prompt: PromptReference
    recorded_on: str
    interactions: tuple[InteractionDraft, ...]
    handoff: HandoffRequest
    messages: tuple[Mapping[str, str], ...]
    answer: Mapping[str, Any]


class Left(Record):
    """A statement of an answer that does not reach the agent, and why, as far as that is known."""

    id: str
    field: str
    text: str
    why: str | None


class AnswerFigures(Record):
    """What `eval answers` prints.

    Of so many rows, `model_briefs` are worded by the model, and in `headline_and_opening_shown` both are its own.
    Shares of its statements are over all that are sentences, by field also over entities; `refuted` counts what a check
    threw out. `unverified` is the share of the shown claims that rules left open. Of `checked` claims that a model was
    asked of, `checked_supported` is the share it supports; it refutes those listed. Of `prompts_differing` rows our own
    prompt is not the recorded one, and `unmapped` ids of an answer are in none of our lines.
    """

    n: int
    model_briefs: int
    statements_shown: float
    shown_by_field: Mapping[str, float]
    statements_by_field: Mapping[str, int]
    refuted: int
    unverified: float
    headline_and_opening_shown: float
    checked: int
    checked_supported: float
    checked_refuted: tuple[Left, ...]
    prompts_differing: int
    unmapped: int
    left_out: tuple[Left, ...]


class AnswerOutcome(NamedTuple):
    """One row with its handoff, and how its prompt compares with ours."""

    row: AnswerRow
    handoff: Handoff
    differs: bool
    unmapped: int
    verdicts: tuple[Verdict, ...] = ()


class Replying:
    """A model that replies what was recorded, with its ids put as our own prompt numbers the lines."""

    name = "recorded"

    def __init__(self) -> None:
        self.row: AnswerRow | None = None
        self.differs = False
        self.unmapped = 0

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """The recorded answer to the row at hand."""
        del schema, timeout_s, max_tokens
        assert self.row is not None
        recorded = {message["role"]: message["content"] for message in self.row.messages}
        self.differs = (recorded.get("system"), recorded.get("user")) != (system, user)
        aliases = mapped(recorded.get("user", ""), user)
        answer, self.unmapped = _with_ids(self.row.answer, aliases)
        return ModelReply(text=json.dumps(answer, ensure_ascii=False), model=self.name)

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""


async def evaluate(
    data: Path,
    settings: Settings,
    *,
    out: Path | None = None,
    checks: LanguageModel | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> AnswerFigures:
    """The figures over a file of recorded answers; each brief is written to `out` as Markdown.

    `checks` is a model that judges what is shown. Raises InvalidRequest, which names the line.
    """
    outcomes = await handed_over(read_rows(data), settings, checks, progress)
    if out is not None:
        write_briefs(outcomes, out)
    return figures(outcomes)


async def handed_over(
    rows: Sequence[AnswerRow],
    settings: Settings,
    checks: LanguageModel | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[AnswerOutcome]:
    """Every row filed and handed over, by the prompt it was recorded to."""
    model, outcomes = Replying(), list[AnswerOutcome]()
    async with AsyncExitStack() as stack:
        own = stack.enter_context(workspace(settings))
        apps: dict[str, App] = {}
        for number, row in enumerate(rows):
            version = row.prompt.version
            if version not in apps:
                update = {"prompt_brief": version, "model_check": None if checks else "none"}
                app = build(own.model_copy(update=update), model=Divided(model, checks))
                apps[version] = await stack.enter_async_context(app)
                await app.warm_up()
            outcome = await _handed_over(apps[version], model, row, f"row-{number}")
            outcomes.append(_checked(outcome) if checks else outcome)
            if progress:
                progress(len(outcomes), len(rows))
    return outcomes


def read_rows(path: Path) -> list[AnswerRow]:
    """The rows of a file, at least one. Raises InvalidRequest, which names the line."""
    rows: list[AnswerRow] = []
    for line, fields in rows_of(path):
        answer = fields.get("answer")
        try:
            read = {**fields, "answer": json.loads(answer) if isinstance(answer, str) else answer}
            rows.append(AnswerRow.model_validate({name: read[name] for name in AnswerRow.model_fields if name in read}))
        except (ValidationError, ValueError) as failure:
            raise InvalidRequest(f"{path}, line {line}: this is no recorded answer ({failure}).") from None
    if not rows:
        raise InvalidRequest(f"{path}: there is no recorded answer in it.")
    return rows


def figures(outcomes: Sequence[AnswerOutcome]) -> AnswerFigures:
    """The figures over rows."""
    shown: dict[str, list[bool]] = defaultdict(list)
    left: list[Left] = []
    both = 0
    for outcome in outcomes:
        here: dict[str, bool] = {}
        for field, text in statements(outcome.row.answer):
            stands = is_shown(field, text, outcome.handoff)
            shown[field].append(stands)
            here[field] = stands
            if not stands:
                left.append(Left(id=outcome.row.id, field=field, text=text, why=_why(text, outcome.handoff)))
        both += here.get("headline", False) and here.get("suggested_opening", False)
    verdicts = [(outcome.row.id, verdict) for outcome in outcomes for verdict in outcome.verdicts]
    claims = [claim for outcome in outcomes for claim in outcome.handoff.brief.claims]
    sentences = [stands for field, those in shown.items() if field != "entities" for stands in those]
    return AnswerFigures(
        n=len(outcomes),
        model_briefs=sum(outcome.handoff.engine == "model" for outcome in outcomes),
        statements_shown=_share(sentences),
        shown_by_field={field: _share(those) for field, those in shown.items()},
        statements_by_field={field: len(those) for field, those in shown.items()},
        refuted=sum(len(outcome.handoff.brief.dropped_claims) for outcome in outcomes),
        unverified=_share([claim.verdict.value != "supported" for claim in claims]),
        headline_and_opening_shown=round(both / len(outcomes), 4),
        checked=len(verdicts),
        checked_supported=_share([verdict.supported for _, verdict in verdicts]),
        checked_refuted=tuple(
            Left(id=row, field="claims", text=verdict.text, why=verdict.why)
            for row, verdict in verdicts
            if verdict.verdict is VerdictKind.REFUTED
        ),
        prompts_differing=sum(outcome.differs for outcome in outcomes),
        unmapped=sum(outcome.unmapped for outcome in outcomes),
        left_out=tuple(left),
    )


def statements(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every statement of an answer with its field: a sentence, a promise, a question or an entity's value."""
    for field in LINES:
        statement = answer.get(field)
        if statement:
            yield field, statement if isinstance(statement, str) else str(statement["text"])
    for field in LISTS:
        for statement in answer.get(field) or ():
            yield field, str(statement.get("value") or statement.get("text"))
    for section in answer.get("custom_sections") or ():
        for statement in section["statements"]:
            yield "custom_sections", str(statement["text"])


def is_shown(field: str, text: str, handoff: Handoff) -> bool:
    """Whether a statement stands in its field; what another field says in the same words need not be said twice."""
    brief = handoff.brief
    pieces: Mapping[str, Iterable[str | None]] = {
        "headline": (brief.headline,),
        "suggested_opening": (brief.suggested_opening,),
        "commitments": [commitment.text for commitment in brief.commitments],
        "open_questions": brief.open_questions,
        "entities": [entity.value for entity in brief.entities],
        "custom_sections": brief.custom_sections.values(),
    }
    prose = (brief.contact_reason, brief.situation, brief.customer_expectation)
    there = [plain(piece) for piece in pieces.get(field, prose) if piece]
    # What a placeholder stands for is back in the brief.
    parts = [re.compile(_PLACEHOLDER.sub(".+", re.escape(plain(part)))) for part in _SENTENCE_END.split(text)]
    if any(all(part.search(piece) for part in parts) for piece in there):
        return True
    # The same number or day in another spelling is the same entity.
    return field == "entities" and any(
        (_figures(text) and _figures(text) <= _figures(piece)) or _is_same_day(text, piece) for piece in there
    )


def mapped(recorded: str, ours: str) -> Mapping[str, str]:
    """Our short id of each line of a recorded prompt, by what the line says; lines that are alike go in order."""
    places: dict[str, list[str]] = defaultdict(list)
    for alias, line in _LINE.findall(ours):
        places[line].append(alias)
    seen: Counter[str] = Counter()
    aliases: dict[str, str] = {}
    for alias, line in _LINE.findall(recorded):
        there = places.get(line, ())
        if seen[line] < len(there):
            aliases[alias] = there[seen[line]]
            seen[line] += 1
    return aliases


def write_briefs(outcomes: Sequence[AnswerOutcome], folder: Path) -> None:
    """Each brief as Markdown, with what was left out, to be read by somebody."""
    folder.mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        name = re.sub(r"[^\w.-]+", "_", outcome.row.id)
        (folder / f"{name}.md").write_text(_markdown(outcome), encoding="utf-8")


def _markdown(outcome: AnswerOutcome) -> str:
    brief = outcome.handoff.brief
    verdicts = {claim.text: claim.verdict.value for claim in brief.claims}
    blocks = {
        "Headline": [brief.headline],
        "Contact reason": [brief.contact_reason],
        "Situation": [brief.situation],
        "Expectation": [brief.customer_expectation],
        "Commitments": [f"{it.by.value}: {it.text}{_due(it, brief)}" for it in brief.commitments],
        "Open questions": list(brief.open_questions),
        "Entities": [f"{it.type}: {it.value}" for it in brief.entities],
        "Actions taken": [
            f"{it.actor.value}: {it.step} – {frames_of(brief).outcomes[it.outcome]}" for it in brief.actions_taken
        ],
        "History": [f"{it.at:%Y-%m-%d} {it.channel.value}: {it.text}" for it in brief.history],
        "Opening": [brief.suggested_opening],
        "Claims": [f"[{verdict}] {text}" for text, verdict in verdicts.items()],
        "Dropped": [f"{it.text} ({it.why})" for it in brief.dropped_claims],
    }
    sections = [f"## {name}\n" + "\n".join(f"- {line}" for line in lines if line) for name, lines in blocks.items()]
    answer = json.dumps(outcome.row.answer, ensure_ascii=False, indent=1)
    return "\n\n".join((f"# {outcome.row.id}", *sections, f"## Recorded answer\n```json\n{answer}\n```")) + "\n"


def _due(promise: Commitment, brief: Brief) -> str:
    due = frames_of(brief).due_of(promise)
    return f" ({due})" if due else ""


async def _handed_over(app: App, model: Replying, row: AnswerRow, tenant: str) -> AnswerOutcome:
    await app.interactions.record(tenant, row.interactions)
    model.row, model.differs, model.unmapped = row, True, 0
    handoff = await app.handoffs.create(tenant, row.handoff.model_copy(update={"deadline_ms": DEADLINE_MS}))
    return AnswerOutcome(row, handoff, model.differs, model.unmapped)


def _checked(outcome: AnswerOutcome) -> AnswerOutcome:
    """The row with the verdicts that the check gave by itself; what rules decided before is none of them."""
    brief = outcome.handoff.brief
    shown = (
        Verdict(
            text=claim.text, verdict=VerdictKind(claim.verdict), score=claim.support, why="", evidence=claim.evidence
        )
        for claim in brief.claims
        if claim.checked_by == "model"
    )
    refuted = (
        Verdict(text=dropped.text, verdict=VerdictKind.REFUTED, score=0.0, why=dropped.why)
        for dropped in brief.dropped_claims
        if dropped.checked_by == "model"
    )
    return outcome._replace(verdicts=(*shown, *refuted))


def _with_ids(answer: Mapping[str, Any], aliases: Mapping[str, str]) -> tuple[Mapping[str, Any], int]:
    """The answer with every id put as our prompt has it; those that are in none of our lines become `t0`, no line."""
    missing = 0

    def moved(value: Any, key: str = "") -> Any:
        nonlocal missing
        if isinstance(value, Mapping):
            return {name: moved(inner, name) for name, inner in cast(Mapping[str, Any], value).items()}
        if isinstance(value, list | tuple):
            return [moved(element, key) for element in cast(Sequence[Any], value)]
        match = _SHORT_ID.search(value) if isinstance(value, str) and key in ("evidence", "id") else None
        if match is None:
            return value
        missing += match.group() not in aliases
        return aliases.get(match.group(), "t0")

    return moved(answer), missing


def _why(text: str, handoff: Handoff) -> str | None:
    parts = [plain(part) for part in _SENTENCE_END.split(text)]
    dropped = {plain(claim.text): claim.why for claim in handoff.brief.dropped_claims}
    return next(
        (why for claim_text, why in dropped.items() if any(claim_text in part or part in claim_text for part in parts)),
        None,
    )


def _figures(text: str) -> set[str]:
    return {re.sub(r"[.,](?=\d{3}\b)", "", figure) for figure in re.findall(r"\d[\d.,]*\d|\d", text)}


def _is_same_day(date: str, piece: str) -> bool:
    """Whether a date by its numbers is told with its month by name: `2026-10-11`, `11 October`."""
    try:
        day = datetime.strptime(date.strip(), "%Y-%m-%d")  # noqa: DTZ007 - a day of the calendar, at no time
    except ValueError:
        return False
    return f"{day:%b}".casefold() in piece.casefold() and str(day.day) in _figures(piece)


def _share(those: Sequence[bool]) -> float:
    return round(sum(those) / len(those), 4) if those else 0.0
