"""`eval identities`: its figures on pairs worked by hand, and on a small file."""

from pathlib import Path

import pytest

from app.errors import InvalidRequest
from app.settings import Settings
from evals.experiments.identities import FEBRL4, evaluate, figures

FILE = """person,given_name,surname,birth_date,city
1,Greta,Muster,1980-02-03,Town
1,Gretta,Muster,1980-02-03,Town
2,Otto,Normal,1955-11-30,Port
2,Otto,Normal,,Elsewhere
3,Anna,Beispiel,1990-01-01,Town
"""


def test_precision_and_recall_are_counted_over_pairs_of_records() -> None:
    persons = {"a": "1", "b": "1", "c": "1", "d": "2", "e": "2", "f": "3"}
    suggested = {frozenset("ab"), frozenset("de"), frozenset("ef")}

    linkage_figures = figures("data", persons, suggested, threshold=0.5)

    assert (linkage_figures.records, linkage_figures.n, linkage_figures.suggested) == (6, 4, 3)
    assert (linkage_figures.precision, linkage_figures.recall) == (pytest.approx(2 / 3), 0.5)
    assert linkage_figures.f1 == pytest.approx(4 / 7)


def test_where_nothing_is_suggested_or_nobody_is_twice_the_figures_are_zero() -> None:
    nothing = figures("data", {"a": "1", "b": "1"}, set(), threshold=0.5)
    nobody = figures("data", {"a": "1", "b": "2"}, {frozenset("ab")}, threshold=0.5)

    assert (nothing.precision, nothing.recall, nothing.f1) == (0.0, 0.0, 0.0)
    assert (nobody.n, nobody.precision, nobody.recall, nobody.f1) == (0, 0.0, 0.0, 0.0)


async def test_a_file_is_measured_with_the_suggestions_of_the_service(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "people.csv").write_text(FILE, encoding="utf-8")
    settings = settings.model_copy(update={"data_dir": tmp_path / "untouched"})
    heard: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        heard.append((done, total))

    linkage_figures = await evaluate(str(tmp_path / "people.csv"), settings, at_least=0.9, progress=tell)
    without = await evaluate(str(tmp_path / "people.csv"), settings, at_least=0.9, without=["birth_date"])

    assert (
        linkage_figures.records,
        linkage_figures.n,
        linkage_figures.suggested,
        linkage_figures.precision,
        linkage_figures.recall,
    ) == (5, 2, 1, 1.0, 0.5)
    assert (linkage_figures.threshold, heard) == (0.9, [(5, 5)])
    assert linkage_figures.fields == ("birth_date", "city", "given_name", "surname")
    assert (without.fields, without.suggested) == (("city", "given_name", "surname"), 0)
    assert not settings.data_dir.exists()


@pytest.mark.parametrize(
    ("text", "saying"),
    [("", "column 'person'"), ("name\nGreta\n", "column 'person'"), ("person,city\n1,Town,more\n", "record 2")],
)
async def test_a_file_that_does_not_fit_is_told_in_words(
    tmp_path: Path, settings: Settings, text: str, saying: str
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidRequest, match=saying):
        await evaluate(str(path), settings)
    with pytest.raises(InvalidRequest, match="cannot be read"):
        await evaluate(str(tmp_path / "none.csv"), settings)


async def test_febrl4_is_found_with_high_precision_and_recall(settings: Settings) -> None:
    linkage_figures = await evaluate(FEBRL4, settings)

    assert (linkage_figures.records, linkage_figures.n) == (10_000, 5_000)
    assert linkage_figures.precision >= 0.98
    assert linkage_figures.recall >= 0.95
