"""`eval alarms`: planted losses are flagged through the real suite, and runs that differ in luck alone are not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from evals.experiments.suite_self_test import AlarmFigures, Quoting, evaluate
from evals.suite.harness import Plan
from tests.conftest import WordEmbedder
from tests.support.suite_cases import account, message, write_case

CASES = 16
SEEDS = 20


def write_cases(folder: Path) -> Path:
    """Journeys in which the customer tells four things that matter, then four shorter ones that do not."""
    for number in range(CASES):
        name = f"{70000 + number}"
        matters = (
            f"My parcel R-{name} has not arrived and I was at home all day long.",
            f"The courier rang at door {name[-2:]}77 of our neighbours in the other street.",
            f"It holds a lamp of {name[-3:]}5 grams for the birthday of my mother.",
            f"She travels to KELM-{name} soon, so please bring it again before she goes.",
        )
        small = (
            "I waited by the window until the evening.",
            "The weather was bad on that day.",
            "My neighbour saw a white van.",
            "I like your shop in the town.",
        )
        texts = [*matters, *small]
        rows = [message(f"m{index}", text, index, identifiers=[account(name)]) for index, text in enumerate(texts)]
        facts = (f"R-{name}", f"{name[-2:]}77", f"{name[-3:]}5", f"KELM-{name}")
        must = [{"name": fact, "any_of": [fact]} for fact in facts]
        expect = {"intent": None, "resolution": "unresolved", "facts": {"must": must}}
        write_case(folder, name, interactions=rows, expect=expect)
    return folder


def by_words(_: Settings) -> Mapping[str, Any]:
    return {"embedder": WordEmbedder()}


@pytest.fixture
def plan(settings: Settings, tmp_path: Path) -> Plan:
    return Plan(write_cases(tmp_path / "cases"), settings, adapters=by_words)


async def test_planted_losses_are_flagged_and_luck_is_not(plan: Plan) -> None:
    progress: list[tuple[int, int]] = []
    figures = await evaluate(plan, seeds=SEEDS, progress=lambda done, total: progress.append((done, total)))
    print(figures.model_dump_json(indent=1))
    assert progress[-1] == (SEEDS + 5, SEEDS + 5)
    assert {name: planted.flagged for name, planted in figures.planted.items()} == dict.fromkeys(figures.planted, True)
    intervals = [planted.joint_interval for planted in figures.planted.values()]
    assert [interval for interval in intervals if interval[0] <= 0 <= interval[1]] == []
    assert (figures.n, figures.pairs) == (CASES, SEEDS)
    assert len(figures.false_alarms) <= SEEDS // 20
    assert figures.noise["length"] >= SEEDS * 0.9, "the runs differ"
    assert figures.passed


def test_a_comparison_that_misses_a_loss_or_is_alarmed_too_often_does_not_pass() -> None:
    alarm = {"seeds 0 and 1": ("length",), "seeds 1 and 2": ("length",)}
    sound = AlarmFigures(n=1, planted={}, pairs=20, false_alarms={}, noise={})
    assert sound.passed
    assert not sound.model_copy(update={"false_alarms": alarm}).passed


async def test_the_scripted_model_says_the_same_for_the_same_seed_and_what_tells_least_with_the_older_prompt() -> None:
    line = '\nt{0} | 10:00 | customer message, chat | "{1}"'
    texts = ("Yes.", "No.", "It is.", "I see.", "The parcel has not come.")
    user = "".join(line.format(index, text) for index, text in enumerate(texts, start=1))
    schema: Mapping[str, Any] = {"properties": {"situation": {}}}

    async def reply(seed: int, system: str, luck: float = 0.5) -> str:
        return (await Quoting(seed, luck=luck).complete(system, user, schema=schema, timeout_s=1, max_tokens=1)).text

    newest = "what the customer says is told as theirs"
    assert await reply(0, newest) == await reply(0, newest)
    assert len({await reply(seed, newest) for seed in range(8)}) > 1
    assert "The parcel has not come." in await reply(0, newest, luck=0.0)
    assert "The parcel has not come." not in await reply(0, "older", luck=0.0)
