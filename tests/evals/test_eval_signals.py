"""The figures of `eval signals`, and what the shipped journeys must give."""

import json
from pathlib import Path

import pytest

from app.errors import InvalidRequest
from app.models import SignalType
from app.settings import Settings
from evals.experiments.signals import evaluate, read

LEAST = 0.9
FEWEST_MOMENTS = 15
LOOP = {
    "id": "loop",
    "industry": "any",
    "turns": [
        {"actor": "bot", "channel": "chat", "after_s": 0, "text": "Please tell me your customer number."},
        {"actor": "customer", "channel": "chat", "after_s": 20, "text": "Why? I want to know your opening hours"},
        {"actor": "bot", "channel": "chat", "after_s": 5, "text": "Please tell me your customer number."},
    ],
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("data"))


async def test_every_type_is_found_in_the_shipped_journeys_and_nothing_else_fires(settings: Settings) -> None:
    figures = await evaluate(settings)
    assert set(figures.types) == set(SignalType)
    for kind, type_figures in figures.types.items():
        assert type_figures.expected >= FEWEST_MOMENTS, kind
        assert type_figures.precision >= LEAST, (kind, figures.mistakes)
        assert type_figures.recall >= LEAST, (kind, figures.mistakes)
    assert figures.journeys_without_signal >= 50


async def test_a_missed_moment_and_a_wrong_signal_are_counted_and_named(settings: Settings, tmp_path: Path) -> None:
    cases = [
        LOOP | {"id": "found", "moments": [{"type": "bot_loop", "turn": 2}]},
        LOOP | {"id": "missed", "moments": [{"type": "silence", "turn": 2}], "tolerated": ["bot_loop"]},
        LOOP | {"id": "wrong"},
    ]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(json.dumps(case) for case in cases))
    figures = await evaluate(settings, path=file)
    loop, silence = figures.types[SignalType.BOT_LOOP], figures.types[SignalType.SILENCE]
    assert (loop.expected, loop.found, loop.fired, loop.wrong) == (1, 1, 2, 1)
    assert (loop.precision, loop.recall) == (0.5, 1.0)
    assert (silence.expected, silence.found, silence.recall) == (1, 0, 0.0)
    assert [mistake.split(" ")[0] for mistake in figures.mistakes] == ["missed:", "wrong:"]


async def test_a_moment_counts_only_with_its_own_turn_as_evidence(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps(LOOP | {"moments": [{"type": "bot_loop", "turn": 1}]}))
    type_figures = (await evaluate(settings, path=file)).types[SignalType.BOT_LOOP]
    assert (type_figures.found, type_figures.wrong) == (0, 1)


def test_a_journey_that_cannot_be_read_is_told_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps(LOOP) + '\n{"id": "x", "industry": "any", "turns": []}\n')
    with pytest.raises(InvalidRequest, match=r"cases\.jsonl:2: turns"):
        list(read(file))
