"""What many intents cost, on made vectors."""

import numpy as np
import pytest

from app.settings import Settings
from evals.experiments.intent_size import made_vectors, measured_size


def test_made_vectors_lie_nearest_to_their_own_centre() -> None:
    centres = np.eye(3, 8, dtype=np.float32)

    rows = made_vectors(np.random.default_rng(1), centres, 4)

    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(12), abs=1e-5)
    assert (rows @ centres.T).argmax(axis=1).tolist() == np.repeat(np.arange(3), 4).tolist()


async def test_traffic_costs_memory_that_stays(settings: Settings) -> None:
    without = await measured_size(settings, 4, 3, 0, reads=4)
    taught = await measured_size(settings, 4, 3, 200, reads=4)

    assert 0 < without.classifier_mib < taught.classifier_mib <= taught.fit_mib
    assert taught.reading_ms > 0
