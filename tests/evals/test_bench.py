"""The measurements of `warmline bench`, on few enough interactions to take a moment."""

from collections.abc import Generator

import pytest

from evals.bench import (
    LatencyFigure,
    ThroughputFigure,
    bench_handoff,
    bench_history,
    bench_hostile,
    bench_ingest,
    bench_model,
    bench_retrieval,
    bench_revisions,
    figure,
    rate,
)
from evals.bench.service import LAUNCH
from tests.support.forked_service import launch

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def forked_services() -> Generator[None]:
    """Services that are measured are forked: how long one takes to start is no figure."""
    token = LAUNCH.set(launch)
    yield
    LAUNCH.reset(token)


def test_a_figure_is_the_middle_and_the_slow_end_beside_the_middle_of_its_floor() -> None:
    took = [float(number) for number in range(1, 102)]
    assert figure(took, [2.0, 1.0, 300.0]) == LatencyFigure(p50_ms=51.0, p99_ms=100.0, floor_ms=2.0, ratio=25.5)
    assert figure([4.0], [2.0]) == LatencyFigure(p50_ms=4.0, p99_ms=4.0, floor_ms=2.0, ratio=2.0)


async def test_a_handoff_is_timed_over_http_among_the_interactions_of_others() -> None:
    reported: list[tuple[int, int]] = []
    figures = await bench_handoff(
        25, others=30, requests=2, progress=lambda done, total: reported.append((done, total))
    )
    assert (figures.interactions, figures.others, figures.requests) == (25, 30, 2)
    assert figures.handoff.p50_ms > figures.handoff.floor_ms > 0
    assert figures.handoff.ratio == pytest.approx(figures.handoff.p50_ms / figures.handoff.floor_ms, rel=0.05)
    assert reported == [(0, 30), (30, 30)]


async def test_a_search_is_timed_beside_embedding_the_question() -> None:
    figures = await bench_retrieval(25, requests=2)
    assert figures.search.p50_ms > 0
    assert figures.search.floor_ms > 0


def test_a_rate_is_told_beside_what_its_floor_did_in_a_second() -> None:
    expected = ThroughputFigure(per_second=500.0, p50_ms=2.0, p99_ms=2.98, floor_per_second=2000.0, ratio=4.0)
    assert rate(500.0, [1.0, 2.0, 3.0], 2000.0) == expected


async def test_ingestion_is_timed_over_http_in_batches_and_in_single_requests_beside_bare_inserts() -> None:
    reported: list[tuple[int, int]] = []
    figures = await bench_ingest(0.5, progress=lambda done, total: reported.append((done, total)))
    for measured in (figures.batches, figures.singles):
        assert 0 < measured.p50_ms <= measured.p99_ms
        assert measured.ratio == pytest.approx(measured.floor_per_second / measured.per_second, rel=0.05)
    assert reported == [(done, 4) for done in range(5)]


async def test_a_long_ledger_is_compared_with_a_short_one_by_its_timelines_and_by_retrieval() -> None:
    reported: list[tuple[int, int]] = []
    figures = await bench_history(
        1500, 60, embedded=200, small=100, progress=lambda done, total: reported.append((done, total))
    )
    assert (figures.interactions, figures.customers, figures.embedded) == (1500, 60, 200)
    assert (figures.timeline.small_rows, figures.timeline.large_rows) == (100, 1500)
    assert (figures.search.small_rows, figures.search.large_rows) == (100, 200)
    assert figures.timeline.ratio == pytest.approx(figures.timeline.large_ms / figures.timeline.small_ms, rel=0.05)
    assert figures.import_per_second > 0
    assert figures.disk_mib_per_100k > 0
    assert reported == [(100, 1500), (1100, 1500), (1500, 1500), (100, 200), (200, 200)]


async def test_each_hostile_shape_goes_through_the_four_posts_while_the_health_of_the_service_is_asked() -> None:
    reported: list[tuple[int, int]] = []
    figures = await bench_hostile(
        1200, 1, turns=20, afterwards_s=0.01, progress=lambda done, total: reported.append((done, total))
    )
    assert list(figures.posts) == ["interactions", "handoffs", "next-actions", "briefs/verify"]
    assert {post: hold.statuses for post, hold in figures.posts.items()} == {
        "interactions": {"201": 13},
        "handoffs": {"201": 13},
        "next-actions": {"200": 13},
        "briefs/verify": {"200": 25},
    }
    for post, hold in figures.posts.items():
        assert hold.floor_ms > 0
        assert (
            hold.longest_ms == figures.holds_ms[hold.shape][post] == max(of[post] for of in figures.holds_ms.values())
        )
    assert reported == [(index, 14) for index in range(1, 15)]


async def test_what_is_added_around_a_models_calls_is_timed_without_what_the_model_takes() -> None:
    reported: list[tuple[int, int]] = []
    figures = await bench_model(25, requests=2, progress=lambda done, total: reported.append((done, total)))
    assert (figures.interactions, figures.requests) == (25, 2)
    assert figures.calls_each == 2  # the brief and its check
    assert figures.added.p50_ms > figures.added.floor_ms > 0
    assert reported[-1] == (2, 2)


async def test_revisions_are_followed_by_every_way_and_taken_up_again_after_a_kill() -> None:
    figures = await bench_revisions(1, brief_s=3.0, check_s=1.0, deadline_ms=1000)
    for reached in (figures.brief, figures.verdicts):
        for lag in (reached.get, reached.stream, reached.webhook):
            assert 0 < lag.p50_ms <= lag.max_ms
    assert [(killed.revision, killed.told_once) for killed in figures.killed] == [(2, True), (3, True)]
