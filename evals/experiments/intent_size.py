"""What many intents cost: `python -m evals.experiments.intent_size`, on made vectors, so nothing is embedded but names.

Each intent is a direction, its texts lie around it, and the traffic is drawn from all intents alike. It tells the time
and the memory of learning them and of reading a text, not how well they are told apart.
"""

import argparse
import asyncio
import tracemalloc
from statistics import median
from time import perf_counter

import numpy as np

from app.bootstrap import intent_learner
from app.models import Record
from app.ports import Vectors
from app.settings import Settings

DIMENSIONS = 384
SPREAD = 0.05
_MEBIBYTE = 1 << 20


class IntentSizeFigures(Record):
    """Times in milliseconds; the most memory that learning takes at a time and what stays of it, in mebibytes."""

    intents: int
    shots: int
    traffic: int
    fit_ms: float
    reading_ms: float
    fit_mib: float
    classifier_mib: float


def made_vectors(rng: np.random.Generator, centres: Vectors, rows: int) -> Vectors:
    """Unit vectors around the centres, so many rows around each; shape (centres * rows, dimensions)."""
    drawn = np.repeat(centres, rows, axis=0) + SPREAD * rng.standard_normal((len(centres) * rows, centres.shape[1]))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


async def measured_size(
    settings: Settings, intents: int, shots: int, traffic: int, reads: int = 500
) -> IntentSizeFigures:
    """The figures of so many intents of so many examples each beside so many messages. Raises RetrievalUnavailable."""
    rng = np.random.default_rng(0)
    centres = made_vectors(rng, rng.standard_normal((intents, DIMENSIONS)).astype(np.float32), 1)
    rows = made_vectors(rng, centres, shots)
    examples = {f"intent {number}": rows[number * shots : (number + 1) * shots] for number in range(intents)}
    messages = made_vectors(rng, centres, -(-traffic // intents))[:traffic] if traffic else None
    learner = intent_learner(settings)
    await learner.embed(list(examples))
    started = perf_counter()
    await learner.learn_embedded(examples, traffic=messages)
    fit_ms = (perf_counter() - started) * 1000
    # Once more for the memory, since following it takes time of its own.
    tracemalloc.start()
    classifier = await learner.learn_embedded(examples, traffic=messages)
    stays, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    times: list[float] = []
    for vector in made_vectors(rng, centres, -(-reads // intents)):
        started = perf_counter()
        classifier.likelihoods(vector[None])
        times.append((perf_counter() - started) * 1000)
    return IntentSizeFigures(
        intents=intents,
        shots=shots,
        traffic=traffic,
        fit_ms=round(fit_ms, 1),
        reading_ms=round(median(times), 3),
        fit_mib=round(most / _MEBIBYTE, 1),
        classifier_mib=round(stays / _MEBIBYTE, 1),
    )


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--intents", type=int, default=150)
    parser.add_argument("--shots", type=int, default=10)
    parser.add_argument("--traffic", type=int, default=10_000, help="messages without an intent; 0 for none")
    arguments = parser.parse_args()
    figures = asyncio.run(measured_size(Settings(), arguments.intents, arguments.shots, arguments.traffic))
    print(figures.model_dump_json(indent=2))


if __name__ == "__main__":
    main()
