"""The rules that `app.verification` replaces, behind the port of a verifier. This file goes at the merge."""

import asyncio
import re
from collections.abc import Sequence

from app.brief.verification import verify
from app.brief.verification.judging import Statement as Sentence
from app.models import Checker, Statement, Transcript, Verdict, VerdictKind

_HARD = re.compile(r"\d.* is not in the evidence$|^the number |^nobody said ")


class FormerRules:
    """Refutes only what is about numbers and quotations; what else the former rules reject is left open."""

    @property
    def checker(self) -> Checker:
        """Who judges."""
        return "rules"

    async def check(
        self, statements: Sequence[Statement], transcript: Transcript, *, timeout_s: float
    ) -> Sequence[Verdict]:
        """One verdict a statement, in order."""
        del timeout_s
        sentences = [Sentence(one.text, one.evidence) for one in statements]
        found = await asyncio.to_thread(verify, sentences, transcript.interactions)
        return [_softened(one) for one in found]


def _softened(verdict: Verdict) -> Verdict:
    if verdict.supported or _HARD.search(verdict.why):
        return verdict
    return verdict.model_copy(update={"verdict": VerdictKind.UNVERIFIED})
