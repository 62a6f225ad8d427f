"""The shipped catalogues, as the linter and somebody who did not write them read them."""

import pytest

from app.actions import load_catalogue
from app.actions.intents import IntentLearner
from app.actions.lint import CatalogueLinter
from app.adapters.embeddings import MiniLM

SHIPPED = ("general", "retail", "airline", "bank", "telecom")
LINTER = CatalogueLinter(IntentLearner(MiniLM()))


@pytest.mark.parametrize("name", SHIPPED)
async def test_a_shipped_catalogue_has_neither_errors_nor_warnings(name: str) -> None:
    report = await LINTER.check_named(name)
    wrong = [finding for finding in report.findings if finding.severity != "hint"]
    assert [f"{finding.line}: {finding.what}" for finding in wrong] == []


@pytest.mark.parametrize("name", SHIPPED)
def test_every_action_of_a_shipped_catalogue_says_when_and_when_not(name: str) -> None:
    lacking = [
        action.id
        for action in load_catalogue(name).actions
        if not (action.description or "").startswith("When: ") or " Not when: " not in (action.description or "")
    ]
    assert lacking == []
