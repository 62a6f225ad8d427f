"""Examples for the pages: what was said beside what the brief says, every sentence with the numbers of its evidence."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape

from app.models import Brief, VerdictKind
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
    reasons = "".join(f"<li><b>{escape(name)}</b> {escape(score.reason)}" for name, score in harms)
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
    told = "; ".join(f"{one.scorer} {one.a:.3g} → {one.b:.3g}" for one in changes)
    return (
        f"<details><summary>{escape(a.case)} <small>{escape(told)}</small></summary>{journey}"
        f'<div class="pair"><div><h4>a</h4>{_brief(a.observation, case)}</div>'
        f"<div><h4>b</h4>{_brief(b.observation, case)}</div></div></details>"
    )


def _cited(seen: Observation) -> frozenset[str]:
    brief = seen.handoff.brief
    parts = (brief.claims, brief.entities, brief.commitments, brief.actions_taken)
    ids = (one for part in parts for item in part for one in item.evidence)
    return frozenset(seen.sources[one] for one in ids if one in seen.sources)


def _journey(case: GoldCase, cited: Collection[str]) -> str:
    """The interactions by their numbers, what the brief rests on marked; of a long journey only that and the newest."""
    rows = list(enumerate(case.interactions, start=1))
    if len(rows) > MOST_INTERACTIONS:
        newest = {one.id for _, one in rows[-MOST_INTERACTIONS // 2 :]}
        rows = [(number, one) for number, one in rows if one.id in cited or one.id in newest]
    lines: list[str] = []
    for number, one in rows:
        said = escape(one.text or f"{one.name or ''} {one.outcome.value if one.outcome else ''}".strip())
        when = f"{one.occurred_at:%d %b %H:%M}" if one.occurred_at else ""
        shown = f"<mark>{said}</mark>" if one.id in cited else said
        lines.append(
            f'<li value="{number}"><small>{when} {one.channel.value}, {one.actor.value}</small><br>{shown}</li>'
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
    said = {name: _with_evidence(text, seen, numbers) for name, text in prose.items() if text}
    said |= {name: text for name, text in _listed(brief, numbers).items() if text}
    if brief.dropped_claims:
        said["dropped"] = _list(f"<s>{escape(one.text)}</s> {escape(one.why)}" for one in brief.dropped_claims)
    if case and case.expect.reference:
        said["a person's summary"] = escape(case.expect.reference)
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in said.items()) + "</dl>"


def _listed(brief: Brief, numbers: Mapping[str, int]) -> Mapping[str, str]:
    return {
        "intent": escape(brief.intent.name or ""),
        "resolution": brief.resolution_status.value,
        "done": _list(
            f"{escape(one.step)} ({one.outcome.value}){_cites(one.evidence, numbers)}" for one in brief.actions_taken
        ),
        "promised": _list(
            f"{one.by.value}: {escape(one.text)}{_cites(one.evidence, numbers)}" for one in brief.commitments
        ),
        "entities": escape("; ".join(f"{one.type} {one.value}" for one in brief.entities)),
    }


def _with_evidence(text: str, seen: Observation, numbers: Mapping[str, int]) -> str:
    """The text, each of its claims with the numbers of what bears it out; what the check rejects is marked."""
    rejected = {one.text: one.why for one in seen.verdicts if one.verdict is VerdictKind.REFUTED}
    cited = {one.text: one.evidence for one in seen.handoff.brief.claims}
    told = escape(text)
    for claim in sorted({*cited, *rejected}, key=len, reverse=True):
        marked = escape(claim) + _cites(cited.get(claim, ()), numbers)
        if claim in rejected:
            marked = f'<span class="worse" title="{escape(rejected[claim], quote=True)}">{marked}</span>'
        told = told.replace(escape(claim), marked, 1)
    return told


def _cites(evidence: Iterable[str], numbers: Mapping[str, int]) -> str:
    found = sorted({numbers[one] for one in evidence if one in numbers})
    return f"<sup>{', '.join(map(str, found))}</sup>" if found else ""


def _numbers(seen: Observation, case: GoldCase | None) -> Mapping[str, int]:
    """The number of each of the ledger's interactions in the journey."""
    places = {one.id: number for number, one in enumerate(case.interactions, start=1)} if case else {}
    return {ours: places[theirs] for ours, theirs in seen.sources.items() if theirs in places}


def _list(items: Iterable[str]) -> str:
    lines = "".join(f"<li>{one}</li>" for one in items)
    return f"<ul>{lines}</ul>" if lines else ""
