"""Examples for the pages: what was said beside what the brief says, with the evidence of the brief marked."""

from collections.abc import Collection, Sequence
from html import escape

from app.models import Brief
from evals.compare import Change
from evals.scorers import SCORERS
from evals.suite.cases import GoldCase
from evals.suite.observing import Observation
from evals.suite.records import CaseResult

MOST_INTERACTIONS = 60


def example(result: CaseResult, case: GoldCase) -> str:
    """One case that can be unfolded: journey and brief side by side, then every harm with its reason."""
    seen = result.observation
    if seen is None:
        return ""
    scorers = {one.name: one for one in SCORERS}
    harms = [(name, score) for name, score in result.scores.items() if name in scorers and scorers[name].harmed(score)]
    reasons = "".join(f"<li><b>{escape(name)}</b>: {escape(score.reason)}" for name, score in harms)
    return (
        f"<details><summary>{escape(result.case)} <small>{len(harms)} harms</small></summary>"
        f'<div class="pair"><div>{_journey(case, _cited(seen))}</div><div>{_brief(seen.handoff.brief)}</div></div>'
        f"<ul>{reasons}</ul></details>"
    )


def side_by_side(a: CaseResult, b: CaseResult, case: GoldCase | None, changes: Sequence[Change]) -> str:
    """One case that changed: both briefs beside each other, above them the journey with the evidence of both."""
    if a.observation is None or b.observation is None:
        return ""
    journey = _journey(case, _cited(a.observation) | _cited(b.observation)) if case else ""
    told = "; ".join(f"{one.scorer} {one.a:.3g} → {one.b:.3g}" for one in changes)
    return (
        f"<details><summary>{escape(a.case)} <small>{escape(told)}</small></summary>{journey}"
        f'<div class="pair"><div><h4>a</h4>{_brief(a.observation.handoff.brief)}</div>'
        f"<div><h4>b</h4>{_brief(b.observation.handoff.brief)}</div></div></details>"
    )


def _cited(seen: Observation) -> frozenset[str]:
    brief = seen.handoff.brief
    parts = (brief.claims, brief.entities, brief.commitments, brief.actions_taken)
    ids = (one for part in parts for item in part for one in item.evidence)
    return frozenset(seen.sources[one] for one in ids if one in seen.sources)


def _journey(case: GoldCase, cited: Collection[str]) -> str:
    """The interactions, those that the brief rests on marked; of a long journey those and the newest."""
    rows = list(case.interactions)
    if len(rows) > MOST_INTERACTIONS:
        newest = {one.id for one in rows[-MOST_INTERACTIONS // 2 :]}
        rows = [one for one in rows if one.id in cited or one.id in newest]
    lines: list[str] = []
    for one in rows:
        said = escape(one.text or f"{one.name or ''} {one.outcome.value if one.outcome else ''}".strip())
        when = f"{one.occurred_at:%d %b %H:%M}" if one.occurred_at else ""
        shown = f"<mark>{said}</mark>" if one.id in cited else said
        lines.append(f"<li><small>{when} {one.channel.value}, {one.actor.value}</small> {shown}")
    return f"<ul>{''.join(lines)}</ul>"


def _brief(brief: Brief) -> str:
    said = {
        "headline": brief.headline,
        "contact reason": brief.contact_reason,
        "intent": brief.intent.name,
        "situation": brief.situation,
        "resolution": brief.resolution_status.value,
        "expects": brief.customer_expectation,
        "done": "; ".join(f"{one.step} ({one.outcome.value})" for one in brief.actions_taken),
        "promised": "; ".join(f"{one.by.value}: {one.text}" for one in brief.commitments),
        "entities": "; ".join(f"{one.type} {one.value}" for one in brief.entities),
    }
    return "".join(f"<p><small>{name}</small><br>{escape(text)}</p>" for name, text in said.items() if text)
