"""The HTML pages: a run by itself, and two runs side by side. Everything is in the one file; it opens offline."""

from collections.abc import Mapping, Sequence
from html import escape

from evals.compare import Comparison, Difference
from evals.report import svg
from evals.report.examples import example, side_by_side
from evals.scorers import SCORERS
from evals.suite.cases import GoldCase
from evals.suite.records import CaseResult, Manifest
from evals.suite.summary import ScorerFigures, Summary, values_of

MOST_EXAMPLES = 12
_STYLE = """
:root{color-scheme:light dark;--line:#8884;--bar:#4a7ebb;--good:#2e8b57;--bad:#c0392b}
body{font:15px/1.45 system-ui,sans-serif;max-width:1180px;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;
vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}small{opacity:.75}h2{margin-top:2.5rem}
.bar{fill:var(--bar)}.whisker{stroke:currentColor;fill:none;stroke-width:1.5}.zero{stroke:var(--line)}
circle{fill:currentColor}.better{color:var(--good);stroke:var(--good)}.worse{color:var(--bad);stroke:var(--bad)}
circle.better{fill:var(--good)}circle.worse{fill:var(--bad)}svg text{font-size:11px;fill:currentColor}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:1.2rem}.pair>div{min-width:0;overflow-wrap:anywhere}
mark{background:#f5d76e;color:#222;border-radius:.2em;padding:0 .15em}details{border:1px solid var(--line);
border-radius:.4em;padding:.5rem .8rem;margin:.6rem 0}summary{cursor:pointer}li{margin:.15rem 0}
@media(max-width:760px){.pair{grid-template-columns:1fr}}
"""


def run_page(manifest: Manifest, figures: Summary, results: Sequence[CaseResult], cases: Mapping[str, GoldCase]) -> str:
    """A run: each scorer with its interval, by industry, its distribution, and the worst cases with their evidence."""
    rows = "".join(_scorer_row(name, one, results, figures) for name, one in figures.scorers.items())
    head = "<tr><th>scorer<th>mean, 95 % interval<th>by industry<th>distribution<th>cases</tr>"
    worst = sorted(results, key=lambda one: -_harms(one))[:MOST_EXAMPLES]
    shown = "".join(example(one, cases[one.case]) for one in worst if one.case in cases and _harms(one))
    errors = "".join(f"<li>{escape(case)}: {escape(error)}" for case, error in figures.errors.items())
    body = (
        f"<h1>Warmline: {escape(manifest.cases)}</h1>{_made_with(manifest, figures)}"
        f"<h2>Scorers</h2><table>{head}{rows}</table>"
        + (f"<h2>Cases that ended in an error</h2><ul>{errors}</ul>" if errors else "")
        + (f"<h2>Cases with most harm</h2>{shown}" if shown else "")
    )
    return _page(f"Warmline: {manifest.cases}", body)


def comparison_page(
    compared: Comparison,
    a: Mapping[str, CaseResult],
    b: Mapping[str, CaseResult],
    cases: Mapping[str, GoldCase],
) -> str:
    """Two runs: the paired differences, and the cases that changed most with both briefs beside the evidence."""
    rows = "".join(map(_difference_row, compared.differences))
    head = "<tr><th>scorer<th>a<th>b<th>difference, joint interval<th>verdict<th>n</tr>"
    changed = list(dict.fromkeys(one.case for one in compared.changes))[:MOST_EXAMPLES]
    pairs = "".join(
        side_by_side(a[case], b[case], cases.get(case), [one for one in compared.changes if one.case == case])
        for case in changed
        if case in a and case in b
    )
    moved = "".join(
        f"<tr><td>{escape(one.case)}<td>{escape(one.scorer)}<td class=n>{one.a:.3g}<td class=n>{one.b:.3g}</tr>"
        for one in compared.changes
    )
    body = (
        f"<h1>{escape(compared.a)} and {escape(compared.b)}</h1><p>{_counted(compared)}</p>"
        f"<table>{head}{rows}</table><h2>Changed most</h2>"
        f"<table><tr><th>case<th>scorer<th>a<th>b</tr>{moved}</table>{pairs}"
    )
    return _page("Warmline: comparison", body)


def _scorer_row(name: str, one: ScorerFigures, results: Sequence[CaseResult], figures: Summary) -> str:
    told = f"<td><b>{escape(name)}</b><br><small>{escape(one.harm)}</small>"
    counted = f"<td>{one.n}" + (f", {one.harmed} harmed" if one.harmed is not None else "")
    counted += f"<br><small>{one.unscored} unscored, {one.not_applicable} not asked</small>"
    if one.mean is None:
        return f"<tr>{told}<td>no value<td><td>{counted}</tr>"
    values = [value for _, value in values_of(name, results)]
    means = {industry: found[name] for industry, found in figures.industries.items() if name in found}
    most = 1.0 if one.unit == "share" else max([abs(one.mean), *map(abs, means.values()), *(one.interval or ())])
    interval = f" <small>{one.interval[0]:.3g} to {one.interval[1]:.3g}</small>" if one.interval else ""
    return (
        f"<tr>{told}<td>{one.mean:.3g}{interval}<br>{svg.bar(one.mean, one.interval, most=most)}"
        f"<td>{svg.shares(means, most=most)}<td>{svg.histogram(values)}{counted}</tr>"
    )


def _difference_row(one: Difference) -> str:
    mark = one.verdict if one.verdict != "no difference" else "same"
    low, high = one.joint_interval
    most = max(abs(one.difference), *(abs(end) for end in one.joint_interval if abs(end) != float("inf")), 0.0)
    plot = svg.difference(one.difference, one.joint_interval, most=most, mark=mark)
    told = f"{one.difference:+.3g} <small>{low:+.3g} to {high:+.3g}</small><br>{plot}"
    return (
        f"<tr><td><b>{escape(one.scorer)}</b><td class=n>{one.mean_a:.3g}<td class=n>{one.mean_b:.3g}<td>{told}"
        f'<td class="{mark}">{one.verdict}<td>{one.n} cases, {one.clusters} clusters'
        f"<br><small>unscored: {one.unscored_a} and {one.unscored_b}</small></tr>"
    )


def _counted(compared: Comparison) -> str:
    told = f"{compared.n} cases in both"
    left = {"only in a": compared.only_a, "only in b": compared.only_b, "edited since": compared.edited}
    told += "".join(f", {number} {words}" for words, number in left.items() if number)
    failed = compared.failed_a or compared.failed_b
    told += f"; errors: {compared.failed_a} and {compared.failed_b}" if failed else ""
    return escape(told) + ". A verdict rests on intervals that hold for all scorers together (95 %)."


def _made_with(manifest: Manifest, figures: Summary) -> str:
    code = manifest.code
    facts = {
        "cases": f"{figures.n}" + (f" of the split {manifest.split}" if manifest.split else ""),
        "errors": str(figures.failed),
        "model": figures.model or "none: the extractive engine",
        "judge": figures.judge or "none: its scorers are unscored",
        "tokens": f"{figures.usage.prompt_tokens} in, {figures.usage.completion_tokens} out",
        "prompts": ", ".join(f"{one.name} {one.version} ({one.sha256[:12]})" for one in manifest.prompts),
        "settings": ", ".join(f"{name} {value}" for name, value in manifest.settings.items()),
        "code": f"{code.package}, commit {code.commit or 'none'}, content {code.sha256[:12]}",
        "begun": f"{manifest.started_at:%Y-%m-%d %H:%M} UTC",
    }
    rows = "".join(f"<tr><th>{escape(name)}<td>{escape(value)}</tr>" for name, value in facts.items())
    return f"<table>{rows}</table>"


def _harms(result: CaseResult) -> float:
    scorers = {one.name: one for one in SCORERS}
    found = [scorers[name] for name, score in result.scores.items() if name in scorers and scorers[name].harmed(score)]
    return sum(3.0 if one.grave else 1.0 for one in found)


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )
