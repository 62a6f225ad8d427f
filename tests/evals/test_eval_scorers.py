"""`eval scorers`: the scorers of lies reject what was altered and keep what is true, and the figures count that."""

import json
from pathlib import Path

import pytest

from app.errors import InvalidRequest
from app.settings import Settings
from evals.experiments.scorer_sensitivity import evaluate

DIALOGUES = (
    {
        "fname": "d-1",
        "dialogue": "#Person1#: I lost my 12 keys, Henrik.\n#Person2#: I will bring the spare keys, said Henrik.",
        "summary": "#Person1# lost 12 keys. #Person1# tells Henrik of the keys.",
    },
    {
        "fname": "d-2",
        "dialogue": "#Person1#: The rent is 840 euros, Marta.\n#Person2#: Good, said Marta.",
        "summary": "#Person1# says that the rent is 840 euros. #Person1# tells Marta.",
    },
)


def written(folder: Path, *rows: object) -> Path:
    path = folder / "dialogues.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


async def test_the_scorers_of_lies_catch_new_numbers_and_names_and_keep_true_sentences(
    settings: Settings, tmp_path: Path
) -> None:
    progress: list[tuple[int, int]] = []
    figures = await evaluate(
        written(tmp_path, *DIALOGUES), settings, progress=lambda done, total: progress.append((done, total))
    )
    assert (figures.n, progress) == (4, [(1, 2), (2, 2)])
    assert (figures.altered["number"], figures.altered["name_new"]) == (2, 2)
    entities = figures.scorers["fabricated_entities"]
    assert entities.true_kept == 1
    assert (entities.rejected["number"], entities.rejected["name_new"]) == (1, 1)
    assert (entities.balanced_accuracy["number"], entities.balanced_accuracy["date"]) == (1, None)


async def test_a_sentence_in_a_brief_is_judged_as_the_bare_check_judges_it(settings: Settings, tmp_path: Path) -> None:
    figures = await evaluate(written(tmp_path, *DIALOGUES), settings)
    assert figures.scorers["unsupported_sentences"] == figures.scorers["verifier"]
    assert figures.scorers["unsupported_sentences"].rejected["number"] == 1


async def test_a_file_without_a_dialogue_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="there is no dialogue in it"):
        await evaluate(written(tmp_path), settings)
