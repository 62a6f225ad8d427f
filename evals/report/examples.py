"""Examples for the pages: what was said beside what the brief says, every sentence with the numbers of its evidence."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape

from app.models import Brief, VerdictKind
from evals.compare import Change
from evals.numbers import significant
from evals.scorers import Scorer
from evals.suite.cases import GoldCase
from evals.suite.observing import Observation
from evals.suite.records import CaseResult

MOST_INTERACTIONS = 60


def example(result: CaseResult, case: GoldCase, scorers: Sequence[Scorer]) -> str:
    """One case that can be unfolded: journey and brief side by side, then every harm with its reason."""
    seen = result.observation
    if seen is None:
        return ""
    by_name = {scorer.name: scorer for scorer in scorers}
    harms = [(name, score) for name, score in result.scores.items() if name in by_name and by_name[name].harmed(score)]
    reasons = "".join(
        f"<li><b>{escape(name)}</b> {significant(score.value or 0.0)} "
        f"<small>({escape(by_name[name].direction)})</small> {escape(score.reason)}"
        for name, score in harms
    )
    counted = f"{len(harms)} harm" + ("s" if len(harms) != 1 else "")
    return (
        f"<details><summary>{escape(result.case)} <small>{counted}</small></summary>"
        f'<div class="pair"><div><h4>What happened</h4>{_journey(case, _cited(seen))}</div>'
        f"<div><h4>The brief</h4>{_brief(seen, case)}</div></div>"
        f"<h4>What the scorers found</h4><ul>{reasons}</ul></details>"
    )


def side_by_side(a: CaseResult, b: CaseResult, case: GoldCase | None, changes: Sequence[Change]) -> str:
    """One case that changed: both briefs beside each other, above them the journey with the evidence of both."""
    if a.observation is None or b.observation is None:
        return ""
    journey = _journey(case, _cited(a.observation) | _cited(b.observation)) if case else ""
    summary = "; ".join(f"{change.scorer} {significant(change.a)} → {significant(change.b)}" for change in changes)
    return (
        f"<details><summary>{escape(a.case)} <small>{escape(summary)}</small></summary>{journey}"
        f'<div class="pair"><div><h4>a</h4>{_brief(a.observation, case)}</div>'
        f"<div><h4>b</h4>{_brief(b.observation, case)}</div></div></details>"
    )


def _cited(seen: Observation) -> frozenset[str]:
    brief = seen.handoff.brief
    parts = (brief.claims, brief.entities, brief.commitments, brief.actions_taken)
    ids = (interaction_id for part in parts for item in part for interaction_id in item.evidence)
    return frozenset(seen.sources[interaction_id] for interaction_id in ids if interaction_id in seen.sources)


def _journey(case: GoldCase, cited: Collection[str]) -> str:
    """The interactions by their numbers, what the brief rests on marked; of a long journey only that and the newest."""
    rows = list(enumerate(case.interactions, start=1))
    if len(rows) > MOST_INTERACTIONS:
        newest = {draft.id for _, draft in rows[-MOST_INTERACTIONS // 2 :]}
        rows = [(number, draft) for number, draft in rows if draft.id in cited or draft.id in newest]
    lines: list[str] = []
    for number, draft in rows:
        text = escape(draft.text or f"{draft.name or ''} {draft.outcome.value if draft.outcome else ''}".strip())
        when = f"{draft.occurred_at:%d %b %H:%M}" if draft.occurred_at else ""
        shown = f"<mark>{text}</mark>" if draft.id in cited else text
        lines.append(
            f'<li value="{number}"><small>{when} {draft.channel.value}, {draft.actor.value}</small><br>{shown}</li>'
        )
    return f"<ol>{''.join(lines)}</ol>"


def _brief(seen: Observation, case: GoldCase | None) -> str:
    brief = seen.handoff.brief
    numbers = _numbers(seen, case)
    prose = {
        "headline": brief.headline,
        "contact reason": brief.contact_reason,
        "situation": brief.situation,
        "expects": brief.customer_expectation,
    }
    sections = {name: _with_evidence(text, seen, numbers) for name, text in prose.items() if text}
    sections |= {name: text for name, text in _listed(brief, numbers).items() if text}
    if brief.dropped_claims:
        sections["dropped"] = _list(
            f"<s>{escape(claim.text)}</s> {escape(claim.why)}" for claim in brief.dropped_claims
        )
    if case and case.expect.reference:
        sections["a person's summary"] = escape(case.expect.reference)
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in sections.items()) + "</dl>"


def _listed(brief: Brief, numbers: Mapping[str, int]) -> Mapping[str, str]:
    return {
        "intent": escape(brief.intent.name or ""),
        "resolution": brief.resolution_status.value,
        "done": _list(
            f"{escape(action.step)} ({action.outcome.value}){_cites(action.evidence, numbers)}"
            for action in brief.actions_taken
        ),
        "promised": _list(
            f"{commitment.by.value}: {escape(commitment.text)}{_cites(commitment.evidence, numbers)}"
            for commitment in brief.commitments
        ),
        "entities": escape("; ".join(f"{entity.type} {entity.value}" for entity in brief.entities)),
    }


def _with_evidence(text: str, seen: Observation, numbers: Mapping[str, int]) -> str:
    """The text, each of its claims with the numbers of what bears it out; what the check rejects is marked."""
    rejected = {verdict.text: verdict.why for verdict in seen.verdicts if verdict.verdict is VerdictKind.REFUTED}
    cited = {brief_claim.text: brief_claim.evidence for brief_claim in seen.handoff.brief.claims}
    shown = escape(text)
    for claim in sorted({*cited, *rejected}, key=len, reverse=True):
        marked = escape(claim) + _cites(cited.get(claim, ()), numbers)
        if claim in rejected:
            marked = f'<span class="worse" title="{escape(rejected[claim], quote=True)}">{marked}</span>'
        shown = shown.replace(escape(claim), marked, 1)
    return shown


def _cites(evidence: Iterable[str], numbers: Mapping[str, int]) -> str:
    cited = sorted({numbers[interaction_id] for interaction_id in evidence if interaction_id in numbers})
    return f"<sup>{', '.join(map(str, cited))}</sup>" if cited else ""


def _numbers(seen: Observation, case: GoldCase | None) -> Mapping[str, int]:
    """The number of each of the ledger's interactions in the journey."""
    places = {interaction.id: number for number, interaction in enumerate(case.interactions, start=1)} if case else {}
    return {ours: places[theirs] for ours, theirs in seen.sources.items() if theirs in places}


def _list(items: Iterable[str]) -> str:
    lines = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{lines}</ul>" if lines else ""
