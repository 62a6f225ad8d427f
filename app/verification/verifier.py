"""The check by rules: they refute what is decidable without understanding, and leave open what is about meaning."""

import asyncio
import time
from collections.abc import Callable, Sequence

from app.models import Checker, Quote, Statement, Transcript, Verdict, VerdictKind
from app.verification.checks import CHECKS, Objection, StatementReading
from app.verification.near_certain import support
from app.verification.transcript import MOST_LINES, Line, TranscriptIndex

_REFUTED, _OPEN, _SUPPORTED = 0.05, 0.5, 0.95
_LONGEST_QUOTE = 2000
RULES_S = 2.0
"""So long the rules may take, however long a model may take after them."""
NO_TIME = "the time for checking was used up before it was read"
UNREAD = "it does not stand in what was read, and the texts were too long to be read whole"
LEFT_OPEN = "its names, numbers and dates fit the conversation; whether the rest is so, rules cannot tell"

Clock = Callable[[], float]


def check(
    statements: Sequence[Statement],
    transcript: Transcript,
    *,
    budget_s: float | None = None,
    clock: Clock = time.monotonic,
) -> list[Verdict]:
    """A verdict for each statement, in order. What is not read within the budget, in seconds, is `unverified`."""
    until = None if budget_s is None else clock() + budget_s
    index = TranscriptIndex(transcript)
    return [
        _unread(statement)
        if until is not None and clock() >= until
        else _judged(StatementReading(statement, index), index)
        for statement in statements
    ]


class RuleVerifier:
    """The rules behind the port `Verifier`."""

    checker: Checker = "rules"

    async def check(
        self, statements: Sequence[Statement], transcript: Transcript, *, timeout_s: float
    ) -> Sequence[Verdict]:
        """One verdict a statement, in order; what is not judged within the time is `unverified`."""
        return await asyncio.to_thread(check, statements, transcript, budget_s=min(timeout_s, RULES_S))


def refusing_rules(statements: Sequence[Statement], transcript: Transcript) -> list[str | None]:
    """The name of the check that refutes each statement, None where none does: what each rule is worth is measured."""
    index = TranscriptIndex(transcript)
    refusals = (objection(StatementReading(statement, index), index) for statement in statements)
    return [refusal and refusal[0] for refusal in refusals]


def objection(reading: StatementReading, index: TranscriptIndex) -> tuple[str, Objection] | None:
    """The first check that objects to a statement, by its name, and its objection."""
    objections = ((rule.name, rule.object(reading, index)) for rule in CHECKS)
    return next(((name, objected) for name, objected in objections if objected), None)


def _judged(reading: StatementReading, index: TranscriptIndex) -> Verdict:
    refuted = objection(reading, index)
    if refuted and index.is_cut:
        return _verdict(reading, VerdictKind.UNVERIFIED, _OPEN, _evidence(reading, index), UNREAD)
    if refuted:
        _, objected = refuted
        lines = objected.lines or _evidence(reading, index)
        return _verdict(reading, VerdictKind.REFUTED, _REFUTED, lines, objected.why)
    if not index.lines:
        return _verdict(reading, VerdictKind.UNVERIFIED, _OPEN, (), "there is nothing to check it against")
    borne_out = support(reading, index)
    if borne_out:
        source = Quote(
            interaction_id=borne_out.line.interaction.interaction_id, text=borne_out.sentence[:_LONGEST_QUOTE]
        )
        who = "the customer" if borne_out.line.by_customer else "our side"
        why = f"{who} said so in these words"
        return _verdict(reading, VerdictKind.SUPPORTED, _SUPPORTED, (borne_out.line,), why, (source,))
    return _verdict(reading, VerdictKind.UNVERIFIED, _OPEN, _evidence(reading, index), LEFT_OPEN)


def _evidence(reading: StatementReading, index: TranscriptIndex) -> Sequence[Line]:
    """The lines that a statement cites, or those that bear most on it."""
    return reading.cited[:MOST_LINES] or index.bearing(reading.text)


def _verdict(
    reading: StatementReading,
    kind: VerdictKind,
    score: float,
    lines: Sequence[Line],
    why: str,
    quotes: Sequence[Quote] = (),
) -> Verdict:
    return Verdict(
        text=reading.text,
        verdict=kind,
        score=round(score, 4),
        evidence=tuple(dict.fromkeys(line.interaction.interaction_id for line in lines)),
        quotes=(*quotes, *_verbatim(reading)),
        why=why,
    )


def _verbatim(reading: StatementReading) -> list[Quote]:
    """The quotes that a statement comes with, as far as they stand letter for letter in what they are said to be of."""
    texts = {line.interaction.interaction_id: line.text for line in reading.cited}
    return [quote for quote in reading.statement.quotes if quote.text in texts.get(quote.interaction_id, "")]


def _unread(statement: Statement) -> Verdict:
    return Verdict(text=statement.text, verdict=VerdictKind.UNVERIFIED, score=_OPEN, why=NO_TIME)
