"""`warmline bench …` with its options; the figures are made in `evals.bench`."""

from typing import Annotated

import typer

from app.interfaces.cli.options import Json

bench = typer.Typer(help="Measure how fast Warmline is on this machine.", no_args_is_help=True)

Interactions = Annotated[int, typer.Option(min=1, help="How many interactions the customer has.")]


@bench.command("handoff")
def bench_handoff(
    interactions: Interactions = 200,
    others: Annotated[int, typer.Option(min=0, help="How many interactions of other customers there are.")] = 0,
    requests: Annotated[int, typer.Option(min=1, help="How many handoffs are timed.")] = 50,
    drafted: Annotated[
        bool,
        typer.Option(
            "--drafted",
            help="With a model on loopback that takes seconds, asked for after the model's time has passed since the "
            "customer asked for a person.",
        ),
    ] = False,
    model: Annotated[
        bool,
        typer.Option("--model", help="With a model on loopback that answers at once: what is added around its calls."),
    ] = False,
    as_json: Json = False,
) -> None:
    """How long a handoff takes over HTTP with one worker, beside the least any answer takes."""
    from app.interfaces.cli.bench_runs import time_drafted_handoffs, time_handoffs, time_handoffs_with_model

    if model:
        time_handoffs_with_model(interactions, requests, as_json=as_json)
        return
    if drafted:
        time_drafted_handoffs(interactions, requests, as_json=as_json)
        return
    time_handoffs(interactions, others, requests, as_json=as_json)


@bench.command("revisions")
def bench_revisions(
    handoffs: Annotated[int, typer.Option(min=1, help="How many are followed by GET, and how many by stream.")] = 10,
    brief_s: Annotated[float, typer.Option(min=0.1, help="What the model takes for a brief.")] = 6.0,
    check_s: Annotated[float, typer.Option(min=0.1, help="What it takes for the check of one.")] = 2.0,
    deadline_ms: Annotated[int, typer.Option(min=100, help="The deadline of each handoff.")] = 2000,
    as_json: Json = False,
) -> None:
    """How soon a late model's brief and verdicts are there by GET, stream and webhook, also after a kill."""
    from app.interfaces.cli.bench_runs import time_revisions

    time_revisions(handoffs, brief_s, check_s, deadline_ms, as_json=as_json)


@bench.command("next-action")
def bench_next_action(
    interactions: Interactions = 200,
    others: Annotated[int, typer.Option(min=0, help="How many interactions of other customers there are.")] = 0,
    per_second: Annotated[float, typer.Option(min=1, help="How many requests leave a second.")] = 50,
    seconds: Annotated[float, typer.Option(min=1, help="For how long.")] = 10,
    as_json: Json = False,
) -> None:
    """How long a next action takes over HTTP under a steady load, beside the least any answer takes."""
    from app.interfaces.cli.bench_runs import time_next_actions

    time_next_actions(interactions, others, per_second, seconds, as_json=as_json)


@bench.command("retrieval")
def bench_retrieval(
    interactions: Interactions = 200,
    requests: Annotated[int, typer.Option(min=1, help="How many searches are timed.")] = 200,
    as_json: Json = False,
) -> None:
    """How long a search in one customer's history takes, beside embedding the question alone."""
    from app.interfaces.cli.bench_runs import time_retrieval

    time_retrieval(interactions, requests, as_json=as_json)


@bench.command("ingest")
def bench_ingest(
    seconds: Annotated[float, typer.Option(min=0.5, help="How long each way of sending is measured.")] = 10,
    as_json: Json = False,
) -> None:
    """How many interactions a second are made durable over HTTP, beside the bare inserts of the database."""
    from app.interfaces.cli.bench_runs import time_ingestion

    time_ingestion(seconds, as_json=as_json)


@bench.command("history")
def bench_history(
    interactions: Annotated[int, typer.Option(min=10_000, help="How many interactions are imported.")] = 1_000_000,
    customers: Annotated[int, typer.Option(min=1, help="How many customers they are of.")] = 50_000,
    embedded: Annotated[int, typer.Option(min=10_000, help="How many of them get made-up vectors.")] = 100_000,
    as_json: Json = False,
) -> None:
    """How fast a long history is imported, and whether a page and a search stay as quick as among 10,000."""
    from app.interfaces.cli.bench_runs import time_history

    time_history(interactions, customers, embedded, as_json=as_json)


@bench.command("analytics")
def bench_analytics(
    interactions: Annotated[int, typer.Option(min=1000, help="How many interactions the tenant has.")] = 100_000,
    requests: Annotated[int, typer.Option(min=1, help="How many answers of each kind are timed.")] = 50,
    as_json: Json = False,
) -> None:
    """How long the figures, the graph and the moments take over HTTP, beside the least any answer takes."""
    from app.interfaces.cli.bench_runs import time_analytics

    time_analytics(interactions, requests, as_json=as_json)


@bench.command("overload")
def bench_overload(
    seconds: Annotated[float, typer.Option(min=1, help="For how long too much is asked.")] = 45,
    factor: Annotated[float, typer.Option(min=1, help="How many times the sustainable rate that is.")] = 5,
    as_json: Json = False,
) -> None:
    """What becomes of accepted requests, memory and recovery when far more is asked than the service can do."""
    from app.interfaces.cli.bench_runs import time_overload

    time_overload(seconds, factor, as_json=as_json)


@bench.command("hostile")
def bench_hostile(
    characters: Annotated[int, typer.Option(min=1000, max=200_000, help="How long each hostile text is.")] = 50_000,
    rounds: Annotated[
        int, typer.Option(min=1, max=10, help="How often each is played; the round that held others up least counts.")
    ] = 2,
    as_json: Json = False,
) -> None:
    """How long one request keeps all others waiting whose text was made to be slow to read.

    Twelve shapes of text (letters, capitals, digits, newlines, brackets, quotes, near-matches of what is looked for …)
    and a conversation of 1,000 turns go through each of the four POSTs of a real service: as messages, in the context
    of a next action, and as claims, of which 200 are checked against the 1,000 turns. Meanwhile /healthz is asked every
    3 ms. For each POST: the longest that an answer of /healthz took, in which shape, beside the longest during
    ordinary requests (the floor); the longest the POST itself took; and the statuses of its answers.
    """
    from app.interfaces.cli.bench_runs import time_hostile

    time_hostile(characters, rounds, as_json=as_json)


@bench.command("silences")
def bench_silences(
    silences: Annotated[int, typer.Option(min=1, help="How many questions are left unanswered.")] = 300,
    workers: Annotated[int, typer.Option(min=1, help="How many workers; several need --database-url.")] = 1,
    database_url: Annotated[
        str | None, typer.Option(help="An empty PostgreSQL database with pgvector; default: SQLite in a fresh folder.")
    ] = None,
    kill: Annotated[
        bool, typer.Option("--kill", help="Kill the service before the silences are due, and start it again.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Whether each silence is told exactly once; exit status 1 when one is not."""
    from app.interfaces.cli.bench_runs import time_silences

    time_silences(silences, workers, database_url, kill=kill, as_json=as_json)
