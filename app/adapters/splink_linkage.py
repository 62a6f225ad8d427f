"""Record linkage by Splink: the Fellegi-Sunter model on DuckDB, in memory and without a network.

Where records are plenty and some of them surely match, the weights are learnt from them without labels: u from random
pairs, m by expectation maximisation. Elsewhere typical weights hold, for little data teaches nothing but its accidents.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from app.errors import ConfigurationError
from app.models import ComparedField, FieldAgreement, Likeness
from app.ports import LinkageRecord, LinkedPair

_Field = ComparedField

SEED = 20_260_302
RANDOM_PAIRS = 2_000_000
TRAINING_PAIRS = 5_000_000
LEARN_FROM = 100
SURE_RECALL = 0.8
LIKELIEST_MATCH = 0.001
LARGEST_GROUP = 50

# Records that agree in all fields of one of these are surely one person; nearly so is enough, for they only tell how
# rare a match is and whether there is anything to learn from.
_SURE = (
    (_Field.GIVEN_NAME, _Field.SURNAME, _Field.BIRTH_DATE),
    (_Field.BIRTH_DATE, _Field.STREET),
    (_Field.SURNAME, _Field.STREET, _Field.CITY),
    (_Field.NATIONAL_ID, _Field.BIRTH_DATE),
    (_Field.EMAIL, _Field.SURNAME),
    (_Field.PHONE, _Field.SURNAME, _Field.GIVEN_NAME),
)
# Only records that agree in one of these are compared at all; a number in brackets is how many first signs count.
_BLOCKS: tuple[tuple[ComparedField | tuple[ComparedField, int], ...], ...] = (
    (_Field.EMAIL,),
    (_Field.PHONE,),
    (_Field.HANDLE,),
    (_Field.ACCOUNT_ID,),
    (_Field.NATIONAL_ID,),
    (_Field.BIRTH_DATE, (_Field.SURNAME, 1)),
    (_Field.BIRTH_DATE, (_Field.GIVEN_NAME, 1)),
    (_Field.BIRTH_DATE, _Field.POSTCODE),
    (_Field.GIVEN_NAME, _Field.SURNAME),
    (_Field.SURNAME, _Field.POSTCODE),
    (_Field.GIVEN_NAME, _Field.POSTCODE),
    (_Field.STREET, _Field.POSTCODE),
    (_Field.STREET, (_Field.SURNAME, 1)),
    (_Field.STREET, (_Field.GIVEN_NAME, 1)),
)
# Each pass of the training learns of the fields that it does not hold equal.
_PASSES = (
    (_Field.GIVEN_NAME, _Field.SURNAME),
    (_Field.BIRTH_DATE,),
    (_Field.STREET,),
    (_Field.EMAIL,),
    (_Field.PHONE,),
)


class _Typical(NamedTuple):
    """How often each level of likeness, equal first, is seen of one person (m) and of two people (u)."""

    m: tuple[float, ...]
    u: tuple[float, ...]


_TYPICAL: Mapping[ComparedField, _Typical] = {
    _Field.GIVEN_NAME: _Typical((0.75, 0.1, 0.05, 0.1), (0.005, 0.003, 0.01, 0.982)),
    _Field.SURNAME: _Typical((0.8, 0.1, 0.03, 0.07), (0.003, 0.001, 0.005, 0.991)),
    _Field.BIRTH_DATE: _Typical((0.92, 0.03, 0.01, 0.04), (0.0001, 0.001, 0.014, 0.9849)),
    _Field.STREET: _Typical((0.6, 0.15, 0.05, 0.2), (0.0002, 0.0003, 0.002, 0.9975)),
    _Field.CITY: _Typical((0.8, 0.1, 0.1), (0.03, 0.005, 0.965)),
    _Field.POSTCODE: _Typical((0.8, 0.08, 0.12), (0.005, 0.015, 0.98)),
    _Field.NATIONAL_ID: _Typical((0.93, 0.04, 0.01, 0.02), (0.00001, 0.0001, 0.0005, 0.99939)),
    _Field.EMAIL: _Typical((0.6, 0.12, 0.05, 0.03, 0.2), (0.00001, 0.0003, 0.001, 0.004, 0.99469)),
    _Field.PHONE: _Typical((0.7, 0.04, 0.26), (0.00005, 0.0003, 0.99965)),
    _Field.HANDLE: _Typical((0.7, 0.1, 0.2), (0.00005, 0.001, 0.99895)),
    _Field.ACCOUNT_ID: _Typical((0.95, 0.05), (0.00001, 0.99999)),
}
# A rare value says more than a common one; of a value that nearly everybody has for himself there is nothing to count.
_BY_RARITY = frozenset({_Field.GIVEN_NAME, _Field.SURNAME, _Field.STREET, _Field.CITY, _Field.POSTCODE})


class SplinkLinkage:
    """A Linkage by Splink 5."""

    async def require(self) -> None:
        """Load Splink, which takes seconds. Raises ConfigurationError when it is not installed."""
        await asyncio.to_thread(_require)

    async def pairs(self, records: Sequence[LinkageRecord], *, at_least: float) -> Sequence[LinkedPair]:
        """The pairs with at least this probability, the same for the same records. Raises ConfigurationError."""
        return await asyncio.to_thread(_pairs, records, at_least)


def _require() -> None:
    try:
        import duckdb  # noqa: F401  # pyright: ignore[reportUnusedImport]
        import splink  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError:
        raise ConfigurationError(
            "Suggesting who may be one person needs Splink, which is an extra and not installed. Install it with: "
            "pip install 'warmline[linkage]'"
        ) from None
    # It tells at length what it could not learn, to whoever tunes a model; here the typical weights stand in for that.
    logging.getLogger("splink").setLevel(logging.ERROR)


def _pairs(records: Sequence[LinkageRecord], at_least: float) -> list[LinkedPair]:
    _require()
    holders = Counter(field for record in records for field in record.fields)
    present = [field for field in ComparedField if holders[field] > 1]
    if not any(_is_present(block, present) for block in _BLOCKS):
        return []
    sure = _sure_pairs(records)
    with TemporaryDirectory(prefix="warmline-linkage-") as folder:
        rows = _predicted(records, present, sure, at_least, folder)
    by_id = {record.record_id: record for record in records}
    linked = [_linked(row, by_id, present) for row in rows]
    return sorted(linked, key=lambda pair: (-pair.weight, pair.first, pair.second))


def _predicted(
    records: Sequence[LinkageRecord], present: Sequence[ComparedField], sure: int, at_least: float, folder: str
) -> list[dict[str, Any]]:
    """Splink's rows for the pairs that are likely enough; what does not fit in memory is laid in the folder."""
    import duckdb
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    learns = sure >= LEARN_FROM
    columns = {"unique_id": [record.record_id for record in records]}
    columns |= {str(field): [record.fields.get(field) for record in records] for field in present}
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[_comparison(field, by_rarity=learns and field in _BY_RARITY) for field in present],
        blocking_rules_to_generate_predictions=[
            block_on(*_sql(block)) for block in _BLOCKS if _is_present(block, present)
        ],
        probability_two_random_records_match=_match_rate(sure, len(records)),
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
        linker_uid="warmline",
    )
    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": folder,
        "autoinstall_known_extensions": False,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        linker = Linker(DuckDBAPI(connection).register(columns), settings, log_level=None)
        if learns:
            _learn(linker, present)
        predictions = linker.inference.predict(threshold_match_probability=at_least, warning_mode="never")
        return predictions.as_record_list()


def _learn(linker: Any, present: Sequence[ComparedField]) -> None:
    from splink import block_on
    from splink.internals.exceptions import EMTrainingException

    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=SEED)
    for fields in _PASSES:
        if not _is_present(fields, present):
            continue
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*_sql(fields)), max_pairs=TRAINING_PAIRS
            )
        except EMTrainingException:
            # No two records agree in these fields, so this pass has nothing to teach; the others go on.
            continue


def _comparison(field: ComparedField, *, by_rarity: bool) -> Any:
    import splink.comparison_library as library

    name = str(field)
    if field in (_Field.GIVEN_NAME, _Field.SURNAME):
        comparison = library.JaroWinklerAtThresholds(name, [0.92, 0.8])
    elif field is _Field.STREET:
        comparison = library.JaroWinklerAtThresholds(name, [0.95, 0.85])
    elif field in (_Field.CITY, _Field.HANDLE):
        comparison = library.JaroWinklerAtThresholds(name, [0.92])
    elif field in (_Field.BIRTH_DATE, _Field.NATIONAL_ID):
        comparison = library.DamerauLevenshteinAtThresholds(name, [1, 2])
    elif field in (_Field.POSTCODE, _Field.PHONE):
        comparison = library.DamerauLevenshteinAtThresholds(name, [1])
    elif field is _Field.EMAIL:
        comparison = library.EmailComparison(name)
    else:
        comparison = library.ExactMatch(name)
    typical = _TYPICAL[field]
    return comparison.configure(
        term_frequency_adjustments=by_rarity, m_probabilities=list(typical.m), u_probabilities=list(typical.u)
    )


def _linked(row: Mapping[str, Any], by_id: Mapping[str, LinkageRecord], present: Sequence[ComparedField]) -> LinkedPair:
    first, second = by_id[row["unique_id_l"]], by_id[row["unique_id_r"]]
    agreements: list[FieldAgreement] = []
    for field in present:
        first_value, second_value = first.fields.get(field), second.fields.get(field)
        if first_value is None or second_value is None:
            continue
        weight = float(row[f"mw_{field}"]) + float(row.get(f"mw_tf_adj_{field}") or 0.0)
        likeness = Likeness.SIMILAR if weight > 0 else Likeness.DIFFERENT
        likeness = Likeness.SAME if first_value == second_value else likeness
        agreements.append(FieldAgreement(field=field, likeness=likeness, weight=round(weight, 2)))
    return LinkedPair(
        first=first.record_id,
        second=second.record_id,
        weight=round(float(row["match_weight"]), 2),
        # Sums of many threads differ in their last digits from run to run.
        probability=round(float(row["match_probability"]), 6),
        agreements=tuple(agreements),
    )


def _sure_pairs(records: Sequence[LinkageRecord]) -> int:
    """How many pairs agree in all fields of one of the sure combinations."""
    pairs: set[tuple[str, str]] = set()
    for fields in _SURE:
        groups: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for record in records:
            if all(field in record.fields for field in fields):
                groups[tuple(record.fields[field] for field in fields)].append(record.record_id)
        for group in groups.values():
            # A larger one is a household of machines, and all its pairs would be counted for people.
            if len(group) <= LARGEST_GROUP:
                pairs.update(combinations(sorted(group), 2))
    return len(pairs)


def _match_rate(sure: int, records: int) -> float:
    """How likely two records drawn at random are one person; among few, no likelier than would take good evidence."""
    return min(max(sure, 1) / SURE_RECALL / (records * (records - 1) / 2), LIKELIEST_MATCH)


def _is_present(block: Sequence[ComparedField | tuple[ComparedField, int]], present: Sequence[ComparedField]) -> bool:
    return all((part if isinstance(part, ComparedField) else part[0]) in present for part in block)


def _sql(block: Sequence[ComparedField | tuple[ComparedField, int]]) -> list[str]:
    return [str(part) if isinstance(part, ComparedField) else f"substr({part[0]}, 1, {part[1]})" for part in block]
