"""The eval of labelled sentences, over the held-out conversations that come with the project."""

from pathlib import Path

import pytest

from app.errors import InvalidRequest
from evals.experiments.labels import evaluate


def test_the_classifiers_tell_acts_and_promises_of_conversations_that_nothing_was_fitted_to() -> None:
    figures = evaluate(None)
    written = figures.by_source["written"]
    assert written.sentences > 700
    assert written.acts_macro_f1 > 0.55  # 14 acts: chance is about 0.07
    assert (written.promises.precision or 0) > 0.7
    assert (written.promises.recall or 0) > 0.6
    assert (figures.wordings["withdrawal"].precision or 0) > 0.6


def test_a_folder_without_the_public_files_is_refused_by_the_name_of_the_file_that_lacks(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"is not there\. Name the folder that holds the public files"):
        evaluate(tmp_path)
