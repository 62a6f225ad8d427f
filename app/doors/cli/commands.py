"""The commands with their options; what they do is in the modules beside this one, imported when a command runs."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

commands = typer.Typer(
    name="warmline",
    help="Keeps a customer's story straight across channels: warm-handoff briefs with evidence, friction signals, "
    "next best actions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
evals = typer.Typer(help="Measure what Warmline makes of real conversations.", no_args_is_help=True)
bench = typer.Typer(help="Measure how fast Warmline is on this machine.", no_args_is_help=True)
keys = typer.Typer(help="Make and end the API keys that callers of the service send.", no_args_is_help=True)
identities = typer.Typer(
    help="Find customers who look like one person, and decide about each pair.", no_args_is_help=True
)
retention = typer.Typer(help="Say for how long each channel is kept, and erase what is older.", no_args_is_help=True)
commands.add_typer(keys, name="keys")
commands.add_typer(retention, name="retention")
commands.add_typer(identities, name="identities")
commands.add_typer(evals, name="eval")
commands.add_typer(bench, name="bench")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
ConversationFile = Annotated[
    str, typer.Option("--conversation", metavar="FILE", help="A conversation file, or - for standard input.")
]
ConversationId = Annotated[
    str | None, typer.Option("--id", help="Which conversation, where the file holds several. Default: the first.")
]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time. Write it like 2026-03-02T09:00:00+01:00.") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} lacks its offset. Write it like 2026-03-02T09:00:00+01:00 or with Z.")
    return moment


Now = Annotated[
    datetime | None,
    typer.Option(
        parser=_moment,
        metavar="TIME",
        help="The moment to judge at, with an offset. Default: a second after the last turn.",
    ),
]
CatalogueName = Annotated[
    str | None, typer.Option(metavar="NAME", help="A shipped catalogue or a YAML file. Default: WARMLINE_CATALOGUE.")
]


@commands.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that serve.")] = 1,
) -> None:
    """Serve the HTTP API; its readable docs are at /docs."""
    from app.doors.cli.serving import serve as run

    run(host, port, workers)


@commands.command()
def demo() -> None:
    """Play a customer's journey through a service of its own, and show the brief that an agent would see."""
    from app.doors.cli.demonstrating import demonstrate

    demonstrate()


@commands.command("import")
def import_files(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files to read, or - for standard input.")],
    as_json: Json = False,
) -> None:
    """File interactions, conversations and vCons from JSON and NDJSON files into the ledger."""
    from app.doors.cli.importing import import_into_ledger

    import_into_ledger(files, as_json=as_json)


@commands.command()
def reindex(as_json: Json = False) -> None:
    """Empty the index and make it anew from the ledger. Stop the service first."""
    from app.doors.cli.reindexing import reindex as run

    run(as_json=as_json)


@commands.command()
def handoff(
    *,
    conversation: ConversationFile,
    conversation_id: ConversationId = None,
    locale: Annotated[str | None, typer.Option(help="The agent's language, for example en-GB.")] = None,
    now: Now = None,
    catalogue: CatalogueName = None,
    as_json: Json = False,
) -> None:
    """Make the handoff brief of one conversation file, without a server and without touching the stores."""
    from app.doors.cli.deciding import Asked, show_handoff

    show_handoff(Asked(conversation, conversation_id, now, catalogue), locale=locale, as_json=as_json)


@commands.command("next-action")
def next_action(
    *,
    conversation: ConversationFile,
    conversation_id: ConversationId = None,
    audience: Annotated[Literal["bot", "agent"], typer.Option(help="Who would act.")] = "bot",
    limit: Annotated[int, typer.Option(min=1, max=5, help="How many actions at most.")] = 3,
    now: Now = None,
    catalogue: CatalogueName = None,
    as_json: Json = False,
) -> None:
    """Say what to do next in one conversation file, without a server and without touching the stores."""
    from app.doors.cli.deciding import Asked, show_next_actions

    asked = Asked(conversation, conversation_id, now, catalogue)
    show_next_actions(asked, audience=audience, limit=limit, as_json=as_json)


@commands.command()
def doctor(as_json: Json = False) -> None:
    """Show the settings in force, secrets hidden, and check every part."""
    from app.doors.cli.doctor import examine

    examine(as_json=as_json)


class ScopeName(StrEnum):
    """The scopes once more: importing the records just for their names would slow the help down."""

    INGEST = "ingest"
    HANDOFF = "handoff"
    ACTIONS = "actions"
    ANALYTICS = "analytics"
    ADMIN = "admin"


KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="The id of the key; `warmline keys list` shows it.")]


@keys.command("create")
def create_key(
    *,
    tenant: Annotated[str, typer.Option(help="Whose data the key opens.")] = "default",
    scope: Annotated[list[ScopeName], typer.Option(help="What the key allows; name several by repeating it.")],
    label: Annotated[str, typer.Option(help="What the key is for, in your own words.")] = "",
    expires_in_days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Default: valid until it is revoked.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key and show it, the only time that it can be seen."""
    from app.doors.cli.keys import create

    create(tenant, scope, label=label, days=expires_in_days, as_json=as_json)


@keys.command("list")
def list_keys(as_json: Json = False) -> None:
    """Show every key of every tenant, without its secret."""
    from app.doors.cli.keys import show_all

    show_all(as_json=as_json)


@keys.command("rotate")
def rotate_key(
    key_id: KeyId,
    grace_hours: Annotated[int, typer.Option(min=0, max=8_760, help="How long the old key goes on working.")] = 24,
    as_json: Json = False,
) -> None:
    """Make a key that takes another's place, with the same tenant and scopes."""
    from app.doors.cli.keys import rotate

    rotate(key_id, grace_hours=grace_hours, as_json=as_json)


@keys.command("revoke")
def revoke_key(key_id: KeyId, as_json: Json = False) -> None:
    """End a key now."""
    from app.doors.cli.keys import revoke

    revoke(key_id, as_json=as_json)


Tenant = Annotated[str, typer.Option(help="Whose customers.")]
AtLeast = Annotated[float, typer.Option(min=0.01, max=1.0, help="How likely a pair must be one person.")]
SuggestionId = Annotated[
    str, typer.Argument(metavar="SUGGESTION_ID", help="The id; `warmline identities suggestions` shows it.")
]


@identities.command("suggest")
def suggest_identities(tenant: Tenant = "default", at_least: AtLeast = 0.95, as_json: Json = False) -> None:
    """Compare all customers and file suggestions of who may be one person; joins nobody."""
    from app.doors.cli.identities import suggest

    suggest(tenant, at_least=at_least, as_json=as_json)


@identities.command("suggestions")
def list_suggestions(
    tenant: Tenant = "default",
    status: Annotated[Literal["open", "confirmed", "dismissed"], typer.Option(help="Which to show.")] = "open",
    as_json: Json = False,
) -> None:
    """Show the suggestions on file, the weightiest first."""
    from app.doors.cli.identities import show_suggestions

    show_suggestions(tenant, status, as_json=as_json)


@identities.command("confirm")
def confirm_suggestion(suggestion_id: SuggestionId, tenant: Tenant = "default", as_json: Json = False) -> None:
    """Join the two customers of a suggestion; it can be undone."""
    from app.doors.cli.identities import confirm

    confirm(tenant, suggestion_id, as_json=as_json)


@identities.command("dismiss")
def dismiss_suggestion(suggestion_id: SuggestionId, tenant: Tenant = "default", as_json: Json = False) -> None:
    """Settle that they are two people, so that the pair is not suggested again."""
    from app.doors.cli.identities import dismiss

    dismiss(tenant, suggestion_id, as_json=as_json)


@identities.command("unmerge")
def unmerge_customers(
    customer_id: Annotated[str, typer.Argument(metavar="CUSTOMER_ID", help="The customer who survived the merge.")],
    merge_id: Annotated[str, typer.Argument(metavar="MERGE_ID", help="The merge to undo.")],
    tenant: Tenant = "default",
    as_json: Json = False,
) -> None:
    """Take two joined customers apart again, as if they had never been joined."""
    from app.doors.cli.identities import unmerge

    unmerge(tenant, customer_id, merge_id, as_json=as_json)


@evals.command("identities")
def eval_identities(
    data: Annotated[str, typer.Option(metavar="FEBRL4|FILE", help="FEBRL4, or a CSV file with a column person.")],
    at_least: AtLeast = 0.95,
    without: Annotated[
        list[str] | None, typer.Option(help="A field to leave out; name several by repeating it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How many records of one person are suggested, and how many suggestions are right."""
    from app.doors.cli.measuring import evaluate_identities

    evaluate_identities(data, at_least=at_least, without=without or [], as_json=as_json)


OfTenant = Annotated[str, typer.Option(help="Whose channels.")]


@retention.command("set")
def set_retention(
    channel: Annotated[
        str, typer.Argument(metavar="CHANNEL", help="A channel such as chat, or `others` for all without a rule.")
    ],
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Counted from when it happened. Default: kept for good.")
    ] = None,
    tenant: OfTenant = "default",
    as_json: Json = False,
) -> None:
    """Keep a channel for so many days from now on; the service erases what is older once an hour."""
    from app.doors.cli.forgetting import set_rule
    from app.models import Channel

    if channel not in ("others", *Channel):
        raise typer.BadParameter(f"{channel!r} is no channel. Use one of {', '.join(Channel)}, or others.")
    set_rule(tenant, None if channel == "others" else Channel(channel), days, as_json=as_json)


@retention.command("list")
def list_retention(tenant: OfTenant = "default", as_json: Json = False) -> None:
    """Show for how long each channel of a tenant is kept."""
    from app.doors.cli.forgetting import show_rules

    show_rules(tenant, as_json=as_json)


@retention.command("apply")
def apply_retention(
    tenant: Annotated[str | None, typer.Option(help="Default: all tenants.")] = None, as_json: Json = False
) -> None:
    """Erase now what has been kept for longer than its channel's rule allows."""
    from app.doors.cli.forgetting import apply_rules

    apply_rules(tenant, as_json=as_json)


@evals.command("handoffs")
def eval_handoffs(
    data: Annotated[Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Conversations with gold.")],
    catalogue: CatalogueName = None,
    as_json: Json = False,
) -> None:
    """How much of what matters in real conversations their briefs hold, and how quickly they are there."""
    from app.doors.cli.measuring import evaluate_handoffs

    evaluate_handoffs(data, catalogue=catalogue, as_json=as_json)


Interactions = Annotated[int, typer.Option(min=1, help="How many interactions the customer has.")]


@bench.command("handoff")
def bench_handoff(
    interactions: Interactions = 200,
    others: Annotated[int, typer.Option(min=0, help="How many interactions of other customers there are.")] = 0,
    requests: Annotated[int, typer.Option(min=1, help="How many handoffs are timed.")] = 50,
    as_json: Json = False,
) -> None:
    """How long a handoff takes over HTTP with one worker, beside the least any answer takes."""
    from app.doors.cli.measuring import time_handoffs

    time_handoffs(interactions, others, requests, as_json=as_json)


@bench.command("retrieval")
def bench_retrieval(
    interactions: Interactions = 200,
    requests: Annotated[int, typer.Option(min=1, help="How many searches are timed.")] = 200,
    as_json: Json = False,
) -> None:
    """How long a search in one customer's history takes, beside embedding the question alone."""
    from app.doors.cli.measuring import time_retrieval

    time_retrieval(interactions, requests, as_json=as_json)


@bench.command("ingest")
def bench_ingest(
    seconds: Annotated[float, typer.Option(min=0.5, help="How long each way of sending is measured.")] = 10,
    as_json: Json = False,
) -> None:
    """How many interactions a second are made durable over HTTP, beside the bare inserts of the database."""
    from app.doors.cli.measuring import time_ingestion

    time_ingestion(seconds, as_json=as_json)


@bench.command("history")
def bench_history(
    interactions: Annotated[int, typer.Option(min=10_000, help="How many interactions are imported.")] = 1_000_000,
    customers: Annotated[int, typer.Option(min=1, help="How many customers they are of.")] = 50_000,
    embedded: Annotated[int, typer.Option(min=10_000, help="How many of them get made-up vectors.")] = 100_000,
    as_json: Json = False,
) -> None:
    """How fast a long history is imported, and whether a page and a search stay as quick as among 10,000."""
    from app.doors.cli.measuring import time_history

    time_history(interactions, customers, embedded, as_json=as_json)
