"""What each rule of the check is worth.

`python -m evals.experiments.rules --dialogues FILE [--facts FILE --conversations FILE]`

Prints for every rule how many sentences it refuses and how many of these refusals are right, over three kinds of
sentences together: labelled facts, true sentences about dialogues and the same with one fact altered
(`evals.datasets.perturbations`), and the sentences of our own journeys' briefs, true and with something planted
(`evals.datasets.planted_facts`). An altered sentence counts only where the rule does not refuse the true one too. A
rule is kept while at least 95 of 100 of its refusals are right, of at least 20.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from app.bootstrap import refusing_rules
from app.models import Statement, Transcript
from app.services import App
from app.settings import Settings
from evals.datasets.dialogues import read_dialogues
from evals.datasets.perturbations import alterations
from evals.datasets.planted_facts import planted
from evals.datasets.statements import transcript_of, transcript_of_conversation
from evals.experiments.facts import read_facts, read_transcripts
from evals.suite.cases import GoldCase, load_cases
from evals.suite.observing import sentences
from evals.workspace import app_of_its_own

_JOURNEYS = Path(str(files("evals") / "cases" / "journeys"))


class RuleFigures(NamedTuple):
    """A rule, how many refusals of it there are, and how many of them are right."""

    rule: str
    refusals: int
    right: int


class Probe(NamedTuple):
    """A true sentence about a transcript, and false ones made of it."""

    transcript: Transcript
    true: str
    false: Sequence[str]


def figures(probes: Sequence[Probe]) -> list[RuleFigures]:
    """The figures of each rule that refuses something, by its name."""
    refusals: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for probe in probes:
        texts = (probe.true, *probe.false)
        rules = refusing_rules([Statement(text=text) for text in texts], probe.transcript)
        refusals.update(rule for rule in rules[:1] if rule)
        caught = [rule for rule in rules[1:] if rule and rule != rules[0]]
        refusals.update(caught)
        right.update(caught)
    return [RuleFigures(rule, refusals[rule], right[rule]) for rule in sorted(refusals)]


def probes_of_dialogues(path: Path, seeds: int) -> Iterator[Probe]:
    """True sentences of summaries with what they are altered to. Raises InvalidRequest, which names the line."""
    for dialogue in read_dialogues(path):
        transcript = transcript_of_conversation(dialogue.conversation)
        for text in dialogue.sentences:
            drawn = [alterations(text, dialogue.transcript, seed) for seed in range(seeds)]
            yield Probe(transcript, text, _distinct(altered.text for those in drawn for altered in those.values()))


def figures_of_facts(facts: Path, conversations: Path) -> list[RuleFigures]:
    """The figures over labelled facts. Raises InvalidRequest, which names the line."""
    transcripts = read_transcripts(conversations)
    refusals: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for fact in read_facts(facts):
        rule = refusing_rules([fact.statement], transcripts[fact.id])[0]
        if rule:
            refusals[rule] += 1
            right[rule] += not fact.is_true
    return [RuleFigures(rule, refusals[rule], right[rule]) for rule in sorted(refusals)]


async def probes_of_journeys(app: App, cases: Sequence[GoldCase], seeds: int) -> list[Probe]:
    """The sentences of our own briefs of the journeys, which are true, with what is planted in them."""
    probes: list[Probe] = []
    for case in cases:
        await app.interactions.record(case.id, (*case.interactions, *case.others))
        handoff = await app.handoffs.create(case.id, case.request(deadline_ms=20_000))
        transcript = transcript_of(case.interactions)
        heard = " ".join(row.text for row in case.interactions)
        for text in sentences(handoff.brief):
            plants = (plant for seed in range(seeds) for plant in planted(text, heard, seed))
            probes.append(Probe(transcript, text, _distinct(plants)))
    return probes


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def added(*tables: Sequence[RuleFigures]) -> list[RuleFigures]:
    """Several tables as one."""
    names = sorted({row.rule for table in tables for row in table})
    rows = {name: [row for table in tables for row in table if row.rule == name] for name in names}
    return [
        RuleFigures(name, sum(row.refusals for row in those), sum(row.right for row in those))
        for name, those in rows.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of every kind of sentence, and of all together."""
    parser = argparse.ArgumentParser(description="What each rule of the check is worth.")
    parser.add_argument("--dialogues", type=Path, required=True)
    parser.add_argument("--facts", type=Path)
    parser.add_argument("--conversations", type=Path)
    parser.add_argument("--seeds", type=int, default=5, help="So many draws of the alterations.")
    options = parser.parse_args(arguments)
    tables = {
        "dialogues": figures(list(probes_of_dialogues(options.dialogues, options.seeds))),
        "journeys": figures(asyncio.run(_journeys(options.seeds))),
    }
    if options.facts and options.conversations:
        tables["facts"] = figures_of_facts(options.facts, options.conversations)
    for title, table in {**tables, "all together": added(*tables.values())}.items():
        sys.stdout.write(f"{title}\n")
        for row in table:
            sys.stdout.write(f"  {row.rule:<12} {row.refusals:>5} refusals {row.right:>5} right\n")


async def _journeys(seeds: int) -> list[Probe]:
    async with app_of_its_own(Settings()) as app:
        return await probes_of_journeys(app, load_cases(_JOURNEYS), seeds)


if __name__ == "__main__":
    main()
