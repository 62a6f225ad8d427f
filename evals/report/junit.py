"""JUnit XML of a run, as build servers read it: a test for each case, failed where a grave harm is in it."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from evals.numbers import significant
from evals.scorers import SCORERS, Score, Scorer
from evals.suite.records import CaseResult, Manifest
from evals.suite.summary import Summary


def junit(
    manifest: Manifest, figures: Summary, results: Sequence[CaseResult], *, scorers: Sequence[Scorer] = SCORERS
) -> str:
    """One suite. A case that ended in an error is an error; scorers that could not score are told as output."""
    grave = {scorer.name: scorer for scorer in scorers if scorer.grave}
    suite = Element("testsuite", name=f"warmline.{manifest.cases}", tests=str(len(results)))
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", name="wording", value=figures.wording.in_words)
    failures = errors = 0
    for result in results:
        where = {"classname": f"{manifest.cases}.{result.industry}", "name": result.case}
        test = SubElement(suite, "testcase", {**where, "time": f"{result.duration_s:.3f}"})
        if result.error is not None:
            errors += 1
            SubElement(test, "error", message=_printable(result.error))
            continue
        harms = {name: score for name, score in result.scores.items() if name in grave and grave[name].harmed(score)}
        failures += bool(harms)
        for name, score in harms.items():
            SubElement(test, "failure", type=name, message=_printable(f"{grave[name].harm}: {score.reason}"))
        lines = (_line(name, score, figures) for name, score in result.scores.items())
        SubElement(test, "system-out").text = _printable("\n".join(lines))
    suite.set("failures", str(failures))
    suite.set("errors", str(errors))
    suite.set("time", f"{sum(case_result.duration_s for case_result in results):.3f}")
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _line(name: str, score: Score, figures: Summary) -> str:
    """A score with its unit and direction: `attempt_recall: 1 (share, higher is better): every attempt is there`."""
    value = score.status if score.value is None else significant(score.value)
    direction = figures.scorers[name].direction if name in figures.scorers else ""
    return f"{name}: {value} ({direction}): {score.reason}" if direction else f"{name}: {value}: {score.reason}"


def _printable(text: str) -> str:
    # XML 1.0 has no way to write most control characters.
    return "".join(
        character if character in "\t\n\r" or character >= " " else "\N{REPLACEMENT CHARACTER}" for character in text
    )
