"""`warmline eval quotes`: whether the brief without a model quotes as it should, judged from its text alone.

Every quotation must stand letter for letter in an interaction of the case, and begin and end where a sentence or a
clause does; and no four of the customer's words in a row may stand in the agent's opening. Markup and masked numbers
are no difference. The check shares no code with what makes the quotations.
"""

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from app.bootstrap import build
from app.conversations import conversation_of
from app.errors import InvalidRequest
from app.models import Actor, Brief, HandoffRequest, InteractionDraft, Kind, Record
from app.settings import Settings
from app.validation import invalid_request
from evals.workspace import workspace

COPIED_WORDS = 4
MOST_SHOWN = 40
_QUOTATION = re.compile(r"“([^“”]*+)”")
_FIRST_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<[/a-zA-Z][^<>]{0,500}>")
_TOKEN = re.compile(r"[^\W_]+|•+")
_NAME = re.compile(r"\d")
# Marks that belong to the word beside them.
_BEFORE, _AFTER = " \t\xa0#$€£¿¡(+@", " \t\xa0\u202f'’)%€$£°"
# Between two clauses: a pause, a mark of one, or a word that joins the next clause on.
_PAUSE = re.compile(r"[.!?…,;:–—\n\r\"“”«»()\[\]<>|*•/-]|\s-\s")
_JOINING = frozenset(
    """
    and but because so then or und aber weil oder dann et mais parce car donc ou y e pero porque entonces o ma perché
    quindi mas então en maar omdat dus of
    """.split()
)


class QuoteFault(Record):
    """A quotation, or a run of words in an opening, that should not be as it is."""

    id: str
    field: str
    text: str
    why: str


class QuoteFigures(Record):
    """What `eval quotes` prints: of the quotations in `n` briefs, the shares that are verbatim and whole clauses."""

    n: int
    quotations: int
    verbatim: float
    whole_clauses: float
    openings: int
    openings_with_customers_words: int
    faults: tuple[QuoteFault, ...]


class _QuoteCase(NamedTuple):
    id: str
    drafts: Sequence[InteractionDraft]
    request: HandoffRequest


async def evaluate(
    path: Path, settings: Settings, *, progress: Callable[[int, int], None] | None = None
) -> QuoteFigures:
    """The figures over a file: conversations with `turns`, or with `interactions` and the `handoff` to ask for.

    Raises InvalidRequest, which names the line.
    """
    cases = list(_cases(path))
    faults: list[QuoteFault] = []
    quotations = openings = 0
    with workspace(settings) as own:
        app = build(own)
        try:
            await app.warm_up()
            for done, case in enumerate(cases, start=1):
                await app.interactions.record(case.id, case.drafts)
                brief = (await app.handoffs.create(case.id, case.request)).brief
                quoted = list(quotations_of(brief))
                quotations += len(quoted)
                openings += brief.suggested_opening is not None
                faults.extend(_faults(case, brief, quoted))
                if progress:
                    progress(done, len(cases))
        finally:
            await app.close()
    kinds = [fault.why for fault in faults]
    return QuoteFigures(
        n=len(cases),
        quotations=quotations,
        verbatim=1 - kinds.count(_NOT_THERE) / max(1, quotations),
        whole_clauses=1 - kinds.count(_CUT) / max(1, quotations),
        openings=openings,
        openings_with_customers_words=kinds.count(_COPIED),
        faults=tuple(faults[:MOST_SHOWN]),
    )


_NOT_THERE = "it stands in no interaction"
_CUT = "it begins or ends within a clause"
_COPIED = "the customer's words"


def quotations_of(brief: Brief) -> Iterator[tuple[str, str]]:
    """Every quotation of a brief with the field it stands in; a promise's text is one as a whole."""
    texts: list[tuple[str, str | None]] = [
        ("headline", brief.headline),
        ("contact_reason", brief.contact_reason),
        ("situation", brief.situation),
        ("customer_expectation", brief.customer_expectation),
        *(("actions_taken", action.step) for action in brief.actions_taken),
        *(("open_questions", question) for question in brief.open_questions),
        *(("history", entry.text) for entry in brief.history),
        *(("custom_sections", section) for section in brief.custom_sections.values()),
    ]
    for field, text in texts:
        for quotation in _QUOTATION.findall(text or ""):
            yield field, quotation
    for promise in brief.commitments:
        yield "commitments", promise.text


def _faults(case: _QuoteCase, brief: Brief, quoted: Sequence[tuple[str, str]]) -> Iterator[QuoteFault]:
    texts = [_TAG.sub("\n", html.unescape(draft.text)) for draft in case.drafts if draft.text]
    for field, quotation in quoted:
        bare = quotation.rstrip().removesuffix("…").rstrip().removeprefix("… ")
        places = [(text, span) for text in texts for span in _spans(bare, text)]
        if not places:
            yield QuoteFault(id=case.id, field=field, text=quotation, why=_NOT_THERE)
        elif not any(_is_whole(text, *span) for text, span in places):
            yield QuoteFault(id=case.id, field=field, text=quotation, why=_CUT)
    customers = [draft.text for draft in case.drafts if draft.actor is Actor.CUSTOMER and draft.kind is Kind.MESSAGE]
    copied = _runs(brief.suggested_opening or "") & frozenset[tuple[str, ...]]().union(*map(_runs, customers))
    if copied:
        yield QuoteFault(id=case.id, field="suggested_opening", text=" ".join(min(copied)), why=_COPIED)


def _spans(quotation: str, text: str) -> Iterator[tuple[int, int]]:
    """Where the words of a quotation stand in a text in a row; a masked word is any word or figure."""
    wanted = [match.group().casefold() for match in _TOKEN.finditer(quotation)]
    tokens = list(_TOKEN.finditer(text))
    masked = any("•" in word for word in wanted)
    if masked:
        wanted = wanted[: next(index for index, word in enumerate(wanted) if "•" in word)]
    for start in range(len(tokens) - len(wanted) + 1):
        if wanted and all(tokens[start + index].group().casefold() == word for index, word in enumerate(wanted)):
            last = tokens[-1] if masked else tokens[start + len(wanted) - 1]
            yield tokens[start].start(), last.end()


def _is_whole(text: str, start: int, end: int) -> bool:
    before, after = text[:start].rstrip(_BEFORE), text[end:].lstrip(_AFTER)
    begins = not before or bool(_PAUSE.match(before[-1])) or text[start:].split(maxsplit=1)[0].casefold() in _JOINING
    following = _FIRST_WORD.match(after)
    return begins and (
        not after or bool(_PAUSE.match(after)) or (following is not None and following.group().casefold() in _JOINING)
    )


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    """Every few words in a row; names with figures in them are not counted."""
    words = [word for word in (match.group().casefold() for match in _TOKEN.finditer(text)) if not _NAME.search(word)]
    return frozenset(tuple(words[at : at + COPIED_WORDS]) for at in range(len(words) - COPIED_WORDS + 1))


def _cases(path: Path) -> Iterator[_QuoteCase]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row: Mapping[str, Any] = json.loads(line)
        except ValueError:
            raise InvalidRequest(f"Line {number} of {path.name} is no JSON object.") from None
        if "interactions" in row and "handoff" in row:
            try:
                drafts = [InteractionDraft.model_validate(draft) for draft in row["interactions"]]
                yield _QuoteCase(str(row.get("id", number)), drafts, HandoffRequest.model_validate(row["handoff"]))
            except ValidationError as error:
                raise invalid_request(error, whole=f"line {number} of {path.name}") from None
        elif "turns" in row:
            talk = conversation_of({key: value for key, value in row.items() if key != "gold"})
            yield _QuoteCase(talk.id, talk.drafts, HandoffRequest(**dict(talk.subject()), now=talk.now))
        else:
            raise InvalidRequest(f"Line {number} of {path.name} has neither turns nor interactions with a handoff.")
