"""What `warmline bench …` does: the figures of `evals.bench`, with a progress bar, for people or as JSON."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from app.interfaces.cli.figures import measured, show
from app.settings import Settings


def time_handoffs(interactions: int, others: int, requests: int, *, as_json: bool) -> None:
    """Print how long a handoff takes over HTTP. Raises Unavailable when the measured service does not start."""
    from evals.bench import bench_handoff

    with measured("filing other customers") as tell:
        figures = asyncio.run(bench_handoff(interactions, others, requests, progress=tell))
    show(figures, as_json=as_json)


def time_drafted_handoffs(interactions: int, requests: int, *, as_json: bool) -> None:
    """Print how long a handoff takes whose brief was drafted ahead. Raises Unavailable when nothing was drafted."""
    from evals.bench import bench_drafted

    with measured("drafting ahead") as tell:
        figures = asyncio.run(bench_drafted(interactions, requests, progress=tell))
    show(figures, as_json=as_json)


def time_handoffs_with_model(interactions: int, requests: int, *, as_json: bool) -> None:
    """Print what is added around a model's calls. Raises Unavailable when the measured service does not start."""
    from evals.bench import bench_model

    with measured("handoffs") as tell:
        figures = asyncio.run(bench_model(interactions, requests, progress=tell))
    show(figures, as_json=as_json)


def time_revisions(handoffs: int, brief_s: float, check_s: float, deadline_ms: int, *, as_json: bool) -> None:
    """Print how soon late words reach whoever follows a handoff. Raises Unavailable when a revision never comes."""
    from evals.bench import bench_revisions

    with measured("followed, then killed before each revision") as tell:
        figures = asyncio.run(
            bench_revisions(handoffs, brief_s=brief_s, check_s=check_s, deadline_ms=deadline_ms, progress=tell)
        )
    show(figures, as_json=as_json)


def time_next_actions(interactions: int, others: int, per_second: float, seconds: float, *, as_json: bool) -> None:
    """Print how long a next action takes under a steady load. Raises Unavailable when the service does not start."""
    from evals.bench import bench_next_action

    with measured("filing other customers") as tell:
        figures = asyncio.run(bench_next_action(interactions, others, per_second, seconds, progress=tell))
    show(figures, as_json=as_json)


def time_retrieval(interactions: int, requests: int, *, as_json: bool) -> None:
    """Print how long a search in one customer's history takes."""
    from evals.bench import bench_retrieval

    with measured("embedding") as tell:
        figures = asyncio.run(bench_retrieval(interactions, requests, progress=tell))
    show(figures, as_json=as_json)


def time_ingestion(seconds: float, *, as_json: bool) -> None:
    """Print how many interactions a second the service takes. Raises Unavailable when it does not start."""
    from evals.bench import bench_ingest

    with measured("batches and their floor, then single requests and theirs") as tell:
        figures = asyncio.run(bench_ingest(seconds, progress=tell))
    show(figures, as_json=as_json)


def time_history(interactions: int, customers: int, embedded: int, *, as_json: bool) -> None:
    """Print how a ledger does when it has grown. Raises Unavailable when something could not be filed."""
    from evals.bench import bench_history

    with measured("importing, then making vectors") as tell:
        figures = asyncio.run(bench_history(interactions, customers, embedded, progress=tell))
    show(figures, as_json=as_json)


def time_analytics(interactions: int, requests: int, *, as_json: bool) -> None:
    """Print how long the analytics of continuity take. Raises Unavailable when the measured service does not start."""
    from evals.bench import bench_analytics

    with measured("filing journeys, then reading them") as tell:
        figures = asyncio.run(bench_analytics(interactions, requests, progress=tell))
    show(figures, as_json=as_json)


def time_overload(seconds: float, factor: float, *, as_json: bool) -> None:
    """Print what becomes of the service when too much is asked. Raises Unavailable when it does not start."""
    from evals.bench import bench_overload

    with measured("the sustainable rate, the normal answers, the flood, the recovery") as tell:
        figures = asyncio.run(bench_overload(seconds, factor, progress=tell))
    show(figures, as_json=as_json)


def time_hostile(characters: int, rounds: int, *, as_json: bool) -> None:
    """Print how long hostile texts hold others up. Raises Unavailable when the measured service does not start."""
    from evals.bench import bench_hostile

    with measured("shapes of text, each through four POSTs") as tell:
        figures = asyncio.run(bench_hostile(characters, rounds, progress=tell))
    show(figures, as_json=as_json)


def time_silences(silences: int, workers: int, database_url: str | None, *, kill: bool, as_json: bool) -> None:
    """Print how often each silence was told. Raises Unavailable when the measured service does not start."""
    from evals.bench import bench_silences

    shared = {"WARMLINE_DATABASE_URL": database_url, "WARMLINE_VECTORS_URL": database_url} if database_url else {}
    with TemporaryDirectory(prefix="warmline-bench-") as folder, measured("asking, then waiting"):
        settings = Settings.model_construct(data_dir=Path(folder))
        figures = asyncio.run(bench_silences(settings, silences, workers=workers, kill=kill, environment=shared))
    show(figures, as_json=as_json)
    if figures.told_once != silences or figures.told_more:
        raise typer.Exit(1)
