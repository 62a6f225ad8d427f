"""The measurements of `warmline bench`, on few enough interactions to take a moment."""

import pytest

from evals.bench import Figure, bench_handoff, bench_retrieval, figure


def test_a_figure_is_the_middle_and_the_slow_end_beside_the_middle_of_its_floor() -> None:
    took = [float(one) for one in range(1, 102)]
    assert figure(took, [2.0, 1.0, 300.0]) == Figure(p50_ms=51.0, p99_ms=100.0, floor_ms=2.0, ratio=25.5)
    assert figure([4.0], [2.0]) == Figure(p50_ms=4.0, p99_ms=4.0, floor_ms=2.0, ratio=2.0)


async def test_a_handoff_is_timed_over_http_among_the_interactions_of_others() -> None:
    told: list[tuple[int, int]] = []
    figures = await bench_handoff(25, others=30, requests=2, progress=lambda done, total: told.append((done, total)))
    assert (figures.interactions, figures.others, figures.requests) == (25, 30, 2)
    assert figures.handoff.p50_ms > figures.handoff.floor_ms > 0
    assert figures.handoff.ratio == pytest.approx(figures.handoff.p50_ms / figures.handoff.floor_ms, rel=0.05)
    assert told == [(0, 30), (30, 30)]


async def test_a_search_is_timed_beside_embedding_the_question() -> None:
    figures = await bench_retrieval(25, requests=2)
    assert figures.search.p50_ms > 0
    assert figures.search.floor_ms > 0
