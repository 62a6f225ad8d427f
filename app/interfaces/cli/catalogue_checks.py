"""What `warmline catalogue check` shows: each finding with its line, what is wrong and how to mend it."""

import asyncio
import sys

from rich.console import Group
from rich.table import Table
from rich.text import Text

from app.bootstrap import intent_learner
from app.interfaces.cli.common import screen, settings_in_force
from app.interfaces.cli.figures import measured
from app.models import CatalogueFinding, CatalogueReport
from app.services.catalogues import CatalogueWork

_STYLES = {"error": "bold red", "warning": "yellow", "hint": "cyan"}
_WARNED = 2


def show_findings(name_or_path: str, *, strict: bool, as_json: bool) -> None:
    """Print the findings, and end with 1 on errors and, if `strict`, with 2 on warnings. Raises ConfigurationError."""
    work = CatalogueWork(intent_learner(settings_in_force()))
    with measured("examples compared, in rounds") as tell:
        report = asyncio.run(work.check(name_or_path, tell=tell))
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        _print(name_or_path, report)
    if report.count("error"):
        sys.exit(1)
    if strict and report.count("warning"):
        sys.exit(_WARNED)


def _print(name_or_path: str, report: CatalogueReport) -> None:
    if report.findings:
        table = Table(
            "line", "severity", "where", "what, and how to mend it", box=None, header_style="bold", pad_edge=False
        )
        for finding in report.findings:
            table.add_row(
                str(finding.line or ""),
                Text(finding.severity, _STYLES[finding.severity]),
                Text(_where(finding), overflow="fold"),
                Group(Text(finding.what), Text(f"→ {finding.mend}", "dim")),
            )
        screen().print(table)
    counts = [(report.count("error"), "error"), (report.count("warning"), "warning"), (report.count("hint"), "hint")]
    counted = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts)
    # One line however long the path is, for those who search a build's log for it.
    screen().print(f"{name_or_path}: {counted}", style=_summary_style(report), markup=False, soft_wrap=True)
    if report.name and report.examples_compared_by == "words":
        screen().print("The embedder did not answer: examples were compared by shared words alone.", style="dim")


def _where(finding: CatalogueFinding) -> str:
    """The action or intent by name, and the field within it."""
    if finding.name is None:
        return finding.path
    field = finding.path.partition("].")[2]
    return f"{finding.name}\n{field}" if field else finding.name


def _summary_style(report: CatalogueReport) -> str:
    return "bold red" if report.count("error") else "yellow" if report.count("warning") else "green"
