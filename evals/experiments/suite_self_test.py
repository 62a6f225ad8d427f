"""`warmline eval alarms`: whether a comparison may be believed, tried on the suite itself.

Losses are planted, each of which `compare` must flag with an interval that excludes zero: a scripted model that tells
what matters least when it is asked with the older prompt, a ledger that gives retrieval the newest interactions only,
and a lie in every second brief, which two scorers must catch. Then the scripted model runs again and again with other
seeds, which differ in luck alone: at most one pair in twenty may be flagged.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from app.adapters.memory import MemoryArchive, MemoryLedger
from app.errors import InvalidRequest, ModelTimeout
from app.models import Handoff, Interaction, Record
from app.ports import ModelReply
from app.settings import Settings
from evals.compare import Comparison, Difference, compare
from evals.suite.cases import GoldCase
from evals.suite.harness import Plan, run
from evals.suite.records import Scores, scores_of

LIE = "A refund with the number QX-83121 is on its way."
_LINE = re.compile(r"^(t\d+) \| [^|]+ \| customer message, \w+ \| (\".*\")$", re.MULTILINE)
_MOST_SENTENCES = 4
_MOST_LETTERS = 160
_NEWEST = 4
_EVERY = 2


class Planted(Record):
    """One planted loss as a scorer sees it."""

    scorer: str
    before: float
    after: float
    joint_interval: tuple[float, float]
    flagged: bool


class AlarmFigures(Record):
    """What `eval alarms` prints: `n` cases, every planted loss, and the pairs of runs in which noise alone was flagged.

    `noise` are the scorers whose values differed in a pair of seeds, so that silence is none of nothing.
    """

    n: int
    planted: Mapping[str, Planted]
    pairs: int
    false_alarms: Mapping[str, tuple[str, ...]]
    noise: Mapping[str, int]

    @property
    def passed(self) -> bool:
        """Whether every planted loss is flagged, and noise in at most one pair in twenty."""
        return all(loss.flagged for loss in self.planted.values()) and 20 * len(self.false_alarms) <= self.pairs


class Quoting:
    """A scripted model: quotes four things that the customer said, each of which it leaves out with the chance `luck`.

    Luck is drawn with the seed and the words. Asked with the newest prompt it quotes the longest things, with an older
    one the shortest, which tell least.
    """

    name = "scripted/quoting"

    def __init__(self, seed: int, *, luck: float = 0.15) -> None:
        self._seed, self._luck = seed, luck

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """The brief as JSON. Raises ModelTimeout when something else is asked."""
        if "situation" not in schema["properties"]:
            raise ModelTimeout(f"It only writes briefs, also with {timeout_s} s and {max_tokens} tokens.")
        lines = [(turn, str(json.loads(text))) for turn, text in _LINE.findall(user)]
        lines.sort(key=lambda line: len(line[1]), reverse=_is_newest(system))
        quotations = [_quoted(turn, text) for turn, text in lines[:_MOST_SENTENCES]]
        random = Random(zlib.crc32(f"{self._seed} {lines}".encode()))  # noqa: S311 - no secret
        chosen = [quotation for quotation in quotations if random.random() >= self._luck]
        first = quotations[0] if quotations else None
        answer = {"headline": None, "contact_reason": first, "situation": chosen}
        return ModelReply(text=json.dumps(answer), model=self.name)

    async def warm_up(self) -> None:
        """Nothing is loaded."""

    async def close(self) -> None:
        """Nothing is held."""


class Shortsighted(MemoryLedger):
    """A ledger that gives the newest interactions only, however many are asked for."""

    async def interactions(self, *args: Any, **options: Any) -> Sequence[Interaction]:
        """At most four."""
        return await super().interactions(*args, **{**options, "limit": min(options.get("limit") or _NEWEST, _NEWEST)})


class _SuiteTrial(NamedTuple):
    plan: Plan
    folder: Path
    progress: Callable[[int, int], None] | None
    total: int

    async def ran(self, number: int, label: str, **changes: Any) -> Scores:
        plan = self.plan._replace(label=label, **changes)
        finished = await run(plan, self.folder / str(number), progress=None)
        failed = next((result for result in finished.results if result.error), None)
        if failed:
            raise InvalidRequest(f"{failed.case} ended in an error: {failed.error}")
        if self.progress:
            self.progress(number + 1, self.total)
        return scores_of(finished.manifest, finished.results)


async def evaluate(plan: Plan, *, seeds: int = 20, progress: Callable[[int, int], None] | None = None) -> AlarmFigures:
    """Try the comparison on the cases of a plan. Raises InvalidRequest when they are wrong or one ends in an error."""
    with TemporaryDirectory(prefix="warmline-alarms-") as folder:
        settings = plan.settings.model_copy(update={"model": None, "prompt_brief": "v2"})
        bare = plan._replace(settings=settings, judge=None)
        trial = _SuiteTrial(bare, Path(folder), progress, total=seeds + 5)
        sound = await trial.ran(0, "sound", adapters=_joined(plan, MemoryLedger))
        near = await trial.ran(1, "near", adapters=_joined(plan, Shortsighted))
        lying = await trial.ran(2, "lying", adapters=_joined(plan, MemoryLedger), spoil=planted)
        new = await trial.ran(3, "seed 0", model=Quoting(0))
        old = await trial.ran(4, "older", model=Quoting(0), settings=_with_prompt(bare.settings, "v1"))
        runs = [new, *[await trial.ran(4 + seed, f"seed {seed}", model=Quoting(seed)) for seed in range(1, seeds + 1)]]
    pairs = [compare(scores, other) for scores, other in pairwise(runs)]
    losses = {
        "a model worse with the older prompt": (compare(new, old), "finesure_completeness"),
        "retrieval of the newest interactions only": (compare(sound, near), "key_fact_recall"),
        "a lie, by its entity": (compare(sound, lying), "fabricated_entities"),
        "a lie, by its sentence": (compare(sound, lying), "unsupported_sentences"),
    }
    return AlarmFigures(
        n=len(sound.cases),
        planted={name: _planted(compared, scorer) for name, (compared, scorer) in losses.items()},
        pairs=len(pairs),
        false_alarms={
            f"seeds {number} and {number + 1}": alarms for number, pair in enumerate(pairs) if (alarms := _alarms(pair))
        },
        noise=_noise(pairs),
    )


def planted(case: GoldCase, handoff: Handoff) -> Handoff:
    """The handoff with a lie in it, in every second case by its name."""
    if zlib.crc32(case.id.encode()) % _EVERY:
        return handoff
    situation = f"{LIE} {handoff.brief.situation or ''}".strip()
    return handoff.model_copy(update={"brief": handoff.brief.model_copy(update={"situation": situation})})


def _joined(plan: Plan, ledger: type[MemoryLedger]) -> Callable[[Settings], Mapping[str, Any]]:
    def adapters(own: Settings) -> Mapping[str, Any]:
        return {**(plan.adapters(own) if plan.adapters else {}), "ledger": ledger(), "archive": MemoryArchive()}

    return adapters


def _with_prompt(settings: Settings, version: str) -> Settings:
    return settings.model_copy(update={"prompt_brief": version})


def _is_newest(system: str) -> bool:
    # What the second version of the prompt asks for and the first does not.
    return "is told as theirs" in system


def _quoted(turn: str, text: str) -> Mapping[str, Any]:
    short = text if len(text) <= _MOST_LETTERS else text[:_MOST_LETTERS].rsplit(" ", 1)[0] + " …"
    return {"text": f"The customer said: “{short}”", "evidence": [turn]}


def _planted(compared: Comparison, scorer: str) -> Planted:
    difference = next(candidate for candidate in compared.differences if candidate.scorer == scorer)
    return Planted(
        scorer=scorer,
        before=difference.mean_a,
        after=difference.mean_b,
        joint_interval=difference.joint_interval,
        flagged=difference.verdict == "worse",
    )


def _gated(compared: Comparison) -> Iterator[Difference]:
    return (difference for difference in compared.differences if difference.gated)


def _alarms(compared: Comparison) -> tuple[str, ...]:
    return tuple(difference.scorer for difference in _gated(compared) if difference.verdict != "no difference")


def _noise(pairs: Sequence[Comparison]) -> Mapping[str, int]:
    counted: dict[str, int] = {}
    for pair in pairs:
        for difference in _gated(pair):
            counted[difference.scorer] = counted.get(difference.scorer, 0) + (difference.interval != (0.0, 0.0))
    return {name: number for name, number in counted.items() if number}
