"""The HTML pages: a run by itself, and two runs side by side. Everything is in the one file; it opens offline."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import cast

from evals.compare import Comparison, Difference
from evals.numbers import between, money, signed, significant
from evals.report import svg
from evals.report.examples import example, side_by_side
from evals.scorers import SCORERS, Scorer
from evals.suite.cases import GoldCase
from evals.suite.records import CaseResult, Manifest
from evals.suite.summary import ScorerFigures, Summary, values_of
from evals.suite.wording import BriefOrigins

MOST_EXAMPLES = 12
SHOWN = "development"
_LEGEND = (
    "Marked is what the brief rests on; a small number behind a sentence is that of its evidence. A sentence that the "
    "check of sentences rejects is underlined. Held-out cases are in the figures above, but none is shown."
)
_STYLE = """
:root{color-scheme:light dark;--line:#8884;--bar:#4a7ebb;--good:#2e8b57;--bad:#c0392b}
@media(prefers-color-scheme:dark){:root{--bar:#6d9fd8;--good:#5fbf8a;--bad:#ef7d6f}}
body{font:15px/1.45 system-ui,sans-serif;max-width:1240px;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--line);padding:.4rem .6rem;text-align:left;
vertical-align:top}th{overflow-wrap:normal}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}small,dt{font-size:.83em;opacity:.75}
h2{margin-top:2.5rem}h4{margin:.8rem 0 .3rem}
.bar{fill:var(--bar)}.whisker{stroke:currentColor;fill:none;stroke-width:1.5}.zero{stroke:var(--line)}
circle{fill:currentColor}.better{color:var(--good);stroke:var(--good)}.worse{color:var(--bad);stroke:var(--bad)}
td.better,td.worse,span.worse{stroke:none}span.worse{text-decoration:underline wavy}
circle.better{fill:var(--good)}circle.worse{fill:var(--bad)}svg{display:block;max-width:100%;height:auto}
svg text{font-size:11px;fill:currentColor;stroke:none}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:1.2rem}.pair>div{min-width:0}
mark{background:#f5d76e;color:#222;border-radius:.2em;padding:0 .15em}sup{font-size:.7em;opacity:.8;padding-left:.2em}
details{border:1px solid var(--line);border-radius:.4em;padding:.5rem .8rem;margin:.6rem 0}summary{cursor:pointer}
li{margin:.2rem 0}dl,dd{margin:0 0 .5rem}dd>ul{margin:0;padding-left:1.1rem}ol{margin:0;padding-left:1.9rem}
@media(max-width:820px){.pair{grid-template-columns:1fr}.plots tr,.plots td{display:block}.plots tr:first-child
{display:none}.plots td{border:0;padding:.15rem 0}.plots tr{border-bottom:1px solid var(--line);padding:.6rem 0}
.plots td.n{text-align:left}.plots td[data-name]::before{content:attr(data-name) " ";font-size:.83em;opacity:.75}}
"""
_POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"


def run_page(
    manifest: Manifest,
    figures: Summary,
    results: Sequence[CaseResult],
    cases: Mapping[str, GoldCase],
    *,
    scorers: Sequence[Scorer] = SCORERS,
) -> str:
    """A run: in whose words its briefs are, each scorer with its interval, and the worst cases with their evidence.

    No case that is held out is shown: whoever looks at them while building has none left to judge by.
    """
    measured = {
        name: scorer_figures for name, scorer_figures in figures.scorers.items() if scorer_figures.mean is not None
    }
    rows = "".join(_scorer_row(name, scorer_figures, results, figures) for name, scorer_figures in measured.items())
    head = "<tr><th>scorer, unit, direction<th>mean, 95 % interval<th>by industry<th>distribution<th>cases</tr>"
    silent = "".join(
        f"<li><b>{escape(name)}</b> {scorer_figures.unscored} unscored, {scorer_figures.not_applicable} not asked"
        for name, scorer_figures in figures.scorers.items()
        if name not in measured
    )
    worst = sorted(
        (result for result in results if result.split == SHOWN), key=lambda result: -_harms(result, scorers)
    )[:MOST_EXAMPLES]
    shown = "".join(
        example(result, cases[result.case], scorers)
        for result in worst
        if result.case in cases and _harms(result, scorers)
    )
    errors = "".join(f"<li>{escape(case)}: {escape(error)}" for case, error in figures.errors.items())
    body = (
        f"<h1>Warmline: {escape(manifest.cases)}</h1>{_wording(figures.wording)}{_made_with(manifest, figures)}"
        f'<h2>Scorers</h2><table class="plots">{head}{rows}</table>'
        + (f"<h3>Without a value</h3><ul>{silent}</ul>" if silent else "")
        + (f"<h2>Cases that ended in an error</h2><ul>{errors}</ul>" if errors else "")
        + (f"<h2>Cases with most harm</h2><p>{_LEGEND}</p>{shown}" if shown else "")
    )
    return _page(f"Warmline: {manifest.cases}", body)


def comparison_page(
    compared: Comparison,
    a: Mapping[str, CaseResult],
    b: Mapping[str, CaseResult],
    cases: Mapping[str, GoldCase],
) -> str:
    """Two runs: the paired differences, and the cases that changed most with both briefs beside the evidence."""
    moved_scorers = [
        difference for difference in compared.differences if difference.difference or difference.interval != (0.0, 0.0)
    ]
    rows = "".join(map(_difference_row, moved_scorers))
    same = ", ".join(difference.scorer for difference in compared.differences if difference not in moved_scorers)
    head = (
        "<tr><th>scorer, unit, direction<th class=n>a<th class=n>b<th>difference, joint interval<th>verdict<th>n</tr>"
    )
    changed = list(dict.fromkeys(change.case for change in compared.changes))[:MOST_EXAMPLES]
    pairs = "".join(
        side_by_side(a[case], b[case], cases.get(case), [change for change in compared.changes if change.case == case])
        for case in changed
        if case in a and case in b and a[case].split == SHOWN
    )
    moved = "".join(
        f"<tr><td>{escape(change.case)}<td>{escape(change.scorer)}"
        f"<td class=n>{significant(change.a)}<td class=n>{significant(change.b)}</tr>"
        for change in compared.changes
    )
    body = (
        f"<h1>{escape(compared.a)} and {escape(compared.b)}</h1>"
        f"<p>a: {escape(compared.wording_a.in_words)}<br>b: {escape(compared.wording_b.in_words)}</p>"
        f"{_warned(compared.warnings)}<p>{_counted(compared)}</p>"
        f"{_list(compared.made_with)}"
        f'<table class="plots">{head}{rows}</table>'
        f"<p><small>No difference in any case: {escape(same) or 'none'}.</small></p><h2>Changed most</h2>"
        f"<table><tr><th>case<th>scorer<th class=n>a<th class=n>b</tr>{moved}</table>{pairs}"
    )
    return _page("Warmline: comparison", body)


def _scorer_row(name: str, scorer_figures: ScorerFigures, results: Sequence[CaseResult], figures: Summary) -> str:
    label = (
        f"<td><b>{escape(name)}</b><br>{escape(scorer_figures.direction)}"
        f"<br><small>harm: {escape(scorer_figures.harm)}</small>"
    )
    counted = f"<td>{scorer_figures.n}" + (
        f", {scorer_figures.harmed} harmed" if scorer_figures.harmed is not None else ""
    )
    counted += f"<br><small>{scorer_figures.unscored} unscored, {scorer_figures.not_applicable} not asked</small>"
    mean = scorer_figures.mean or 0.0
    values = [value for _, value in values_of(name, results)]
    means = {
        industry: means_by_scorer[name]
        for industry, means_by_scorer in figures.industries.items()
        if name in means_by_scorer
    }
    most = (
        1.0
        if scorer_figures.unit == "share"
        else max([abs(mean), *map(abs, means.values()), *(scorer_figures.interval or ())])
    )
    interval = f" <small>{between(*scorer_figures.interval)}</small>" if scorer_figures.interval else ""
    unit = "" if scorer_figures.unit in ("share", "count") else f" {scorer_figures.unit}"
    return (
        f"<tr>{label}<td>{significant(mean)}{unit}{interval}"
        f"{svg.bar(mean, scorer_figures.interval, most=most)}"
        f"<td>{svg.shares(means, most=most)}<td>{svg.histogram(values)}{counted}</tr>"
    )


def _difference_row(difference: Difference) -> str:
    mark = difference.verdict if difference.verdict in ("better", "worse") else "same"
    low, high = difference.joint_interval
    most = max(
        abs(difference.difference), *(abs(end) for end in difference.joint_interval if abs(end) != float("inf")), 0.0
    )
    plot = svg.difference(difference.difference, difference.joint_interval, most=most, mark=mark)
    change = f"{signed(difference.difference)} <small>{between(low, high, sign=True)}</small>{plot}"
    return (
        f"<tr><td><b>{escape(difference.scorer)}</b><br><small>{escape(difference.direction)}</small>"
        f"<td class=n data-name=a>{significant(difference.mean_a)}"
        f"<td class=n data-name=b>{significant(difference.mean_b)}<td>{change}"
        f'<td class="{mark}">{escape(difference.verdict_in_words)}'
        f"<td>{difference.n} cases, {difference.clusters} clusters"
        f"<br><small>unscored: {difference.unscored_a} and {difference.unscored_b}</small></tr>"
    )


def _counted(compared: Comparison) -> str:
    counts = f"{compared.n} cases in both"
    left = {"only in a": compared.only_a, "only in b": compared.only_b, "edited since": compared.edited}
    counts += "".join(f", {number} {words}" for words, number in left.items() if number)
    failed = compared.failed_a or compared.failed_b
    counts += f"; errors: {compared.failed_a} and {compared.failed_b}" if failed else ""
    return escape(counts) + ". A verdict rests on intervals that hold for all scorers together (95 %)."


def _made_with(manifest: Manifest, figures: Summary) -> str:
    code = manifest.code
    facts = {
        "cases": f"{figures.n}" + (f" of the split {manifest.split}" if manifest.split else ""),
        "errors": str(figures.failed),
        "model": figures.model or "none: the extractive engine",
        "judge": figures.judge or "none: its scorers are unscored",
        "tokens": f"{figures.usage.prompt_tokens} in, {figures.usage.completion_tokens} out" if figures.model else "",
        "cost": money(figures.usage.cost_usd) if figures.model else "",
        "prompts": ", ".join(f"{prompt.name} {prompt.version} ({prompt.sha256[:12]})" for prompt in manifest.prompts),
        "settings": ", ".join(_setting(name, value) for name, value in manifest.settings.items() if value),
        "code": f"{code.package}, commit {code.commit or 'none'}, content {code.sha256[:12]}",
        "begun": f"{manifest.started_at:%Y-%m-%d %H:%M} UTC",
    }
    rows = "".join(f"<tr><th>{escape(name)}<td>{escape(value)}</tr>" for name, value in facts.items() if value)
    return f"<table>{rows}</table>"


def _setting(name: str, value: object) -> str:
    words = name.replace("_", " ")
    if isinstance(value, Mapping):
        inner = cast(Mapping[str, object], value)
        return f"{words} ({', '.join(f'{inner_name} {inner_value}' for inner_name, inner_value in inner.items())})"
    return words if value is True else f"{words} {value}"


def _list(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(item)}' for item in items)}</ul>" if items else ""


def _wording(wording: BriefOrigins) -> str:
    mark = ' class="worse"' if wording.fallbacks else ""
    return f"<p><strong{mark}>{escape(wording.in_words)}</strong></p>"


def _warned(warnings: Sequence[str]) -> str:
    return "".join(f'<p><strong class="worse">{escape(warning)}</strong></p>' for warning in warnings)


def _harms(result: CaseResult, scorers: Sequence[Scorer]) -> float:
    by_name = {scorer.name: scorer for scorer in scorers}
    harmful = [
        by_name[name] for name, score in result.scores.items() if name in by_name and by_name[name].harmed(score)
    ]
    return sum(3.0 if scorer.grave else 1.0 for scorer in harmful)


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )
