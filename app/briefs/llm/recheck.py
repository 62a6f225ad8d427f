"""Applies a model's verdicts to a brief that rules have checked already.

What the model refutes leaves the brief and is listed; a field of which nothing is left falls back to the extractive
words. What it supports, or leaves open, stays with that verdict. Of what our own engine found nothing is asked.
"""

from collections.abc import Iterable, Mapping, Sequence

from app.briefs.llm.claims import asserted_in
from app.briefs.llm.merge import with_claims
from app.models import Brief, Claim, DroppedClaim, Statement, Verdict, VerdictKind

_LINES = ("headline", "contact_reason", "situation", "customer_expectation")


def statements_of(brief: Brief, draft: Brief) -> list[Statement]:
    """What a model is to check of a brief: every sentence of a model's in it, and what the opening asserts.

    `draft` is the extractive brief of the same snapshot.
    """
    own = {claim.text for claim in draft.claims}
    statements = [
        Statement(text=claim.text, evidence=claim.evidence, quotes=claim.quotes)
        for claim in brief.claims
        if claim.text not in own
    ]
    is_ours = brief.suggested_opening in (None, draft.suggested_opening)
    asserted = () if is_ours else asserted_in(brief.suggested_opening or "")
    return [*statements, *(Statement(text=text) for text in asserted)]


def with_verdicts(brief: Brief, draft: Brief, verdicts: Sequence[Verdict]) -> Brief:
    """The brief by a model's verdicts on `statements_of` it, in whatever order."""
    verdicts_by_text = {verdict.text: verdict for verdict in verdicts}
    refuted = [verdict for verdict in verdicts if verdict.verdict is VerdictKind.REFUTED]
    claims = [
        _decided(claim, verdicts_by_text.get(claim.text))
        for claim in brief.claims
        if not _is_refuted(claim.text, refuted)
    ]
    pruned = without(brief, draft, [verdict.text for verdict in refuted])
    dropped = {dropped_claim.text: dropped_claim for dropped_claim in brief.dropped_claims}
    dropped |= {
        verdict.text: DroppedClaim(text=verdict.text, why=verdict.why, checked_by=verdict.checked_by)
        for verdict in refuted
    }
    return with_claims(pruned, draft, claims).model_copy(update={"dropped_claims": tuple(dropped.values())})


def without(brief: Brief, draft: Brief, sentences: Iterable[str]) -> Brief:
    """The brief without these sentences; where nothing is left of a field, with the draft's."""
    refuted = tuple(sentences)
    update: dict[str, object] = {}
    for field in _LINES:
        text = getattr(brief, field)
        left = _left_of(text, refuted) if text else text
        if left != text:
            update[field] = left or getattr(draft, field)
    commitments = tuple(commitment for commitment in brief.commitments if commitment.text not in refuted)
    if commitments != brief.commitments:
        update["commitments"] = commitments or draft.commitments
    opening = brief.suggested_opening
    if opening and not set(asserted_in(opening)).isdisjoint(refuted):
        update["suggested_opening"] = draft.suggested_opening
    update["custom_sections"] = _sections(brief.custom_sections, draft.custom_sections, refuted)
    return brief.model_copy(update=update)


def _sections(written: Mapping[str, str], drafted: Mapping[str, str], refuted: Sequence[str]) -> Mapping[str, str]:
    left = {name: _left_of(text, refuted) or drafted.get(name, "") for name, text in written.items()}
    return {name: text for name, text in left.items() if text}


def _left_of(text: str, refuted: Sequence[str]) -> str:
    """A field's text without whole sentences of it."""
    for sentence in refuted:
        before, separator, after = f" {text} ".partition(f" {sentence} ")
        if separator:
            text = f"{before} {after}".strip()
    return text


def _decided(claim: Claim, verdict: Verdict | None) -> Claim:
    """The claim by a model's verdict: what rules support stays supported unless the model refutes it."""
    if verdict is None or verdict.verdict is VerdictKind.REFUTED or verdict.checked_by != "model":
        return claim
    if claim.verdict is VerdictKind.SUPPORTED and not verdict.supported:
        return claim
    return claim.model_copy(
        update={
            "verdict": verdict.verdict,
            "support": verdict.score,
            "checked_by": "model",
            "quotes": claim.quotes or verdict.quotes,
        }
    )


def _is_refuted(text: str, refuted: Sequence[Verdict]) -> bool:
    return any(verdict.text == text for verdict in refuted)
