"""The commands with their options; what they do is in the modules beside this one, imported when a command runs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from app.interfaces.cli.administration import connectors, identities, keys, retention
from app.interfaces.cli.articles import knowledge
from app.interfaces.cli.benches import bench
from app.interfaces.cli.catalogues import catalogue_group
from app.interfaces.cli.evaluations import evals
from app.interfaces.cli.options import BackupFile, CatalogueName, ConversationFile, ConversationId, Customer, Json, Now
from app.interfaces.cli.policies import policy_group

commands = typer.Typer(
    name="warmline",
    help="Keeps a customer's story straight across channels: warm-handoff briefs with evidence, friction signals, "
    "next best actions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
commands.add_typer(keys, name="keys")
commands.add_typer(connectors, name="connectors")
commands.add_typer(knowledge, name="knowledge")
commands.add_typer(retention, name="retention")
commands.add_typer(identities, name="identities")
commands.add_typer(catalogue_group, name="catalogue")
commands.add_typer(policy_group, name="policy")
commands.add_typer(evals, name="eval")
commands.add_typer(bench, name="bench")


@commands.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that serve.")] = 1,
) -> None:
    """Serve the HTTP API; its readable docs are at /docs."""
    from app.interfaces.cli.serve import serve as run

    run(host, port, workers)


@commands.command()
def demo() -> None:
    """Play a customer's journey through a service of its own, and show the brief that an agent would see."""
    from app.interfaces.cli.demo import demonstrate

    demonstrate()


@commands.command("import")
def import_files(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files to read, or - for standard input.")],
    *,
    customer: Customer = None,
    our_addresses: Annotated[
        list[str] | None,
        typer.Option(
            "--our-addresses",
            metavar="ADDRESS",
            help="An e-mail address or domain of ours, once for each. Default: WARMLINE_OUR_ADDRESSES, or as it shows.",
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Say what each file is taken for, and file nothing.")] = False,
    as_json: Json = False,
) -> None:
    """File interactions, conversations, vCons, transcripts, captions, mails and helpdesks' exports into the ledger."""
    from app.interfaces.cli.imports import ImportArguments, import_into_ledger

    arguments = ImportArguments(customer, tuple(our_addresses or ()), check)
    import_into_ledger(files, arguments, as_json=as_json)


@commands.command()
def reindex(as_json: Json = False) -> None:
    """Empty the index and make it anew from the ledger. Stop the service first."""
    from app.interfaces.cli.reindex import reindex as run

    run(as_json=as_json)


@commands.command()
def backup(file: BackupFile, as_json: Json = False) -> None:
    """Save all interactions, customers, handoffs, catalogues and keys in one file. The service may go on."""
    from app.interfaces.cli.backups import back_up

    back_up(file, as_json=as_json)


@commands.command()
def restore(file: BackupFile, as_json: Json = False) -> None:
    """Fill an empty ledger from a backup, on SQLite or PostgreSQL, and index it. Stop the service first."""
    from app.interfaces.cli.backups import restore as run

    run(file, as_json=as_json)


@commands.command()
def handoff(
    *,
    conversation: ConversationFile,
    conversation_id: ConversationId = None,
    locale: Annotated[str | None, typer.Option(help="The agent's language, for example en-GB.")] = None,
    now: Now = None,
    catalogue: CatalogueName = None,
    customer: Customer = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say instead what each sentence was taken for, and how each wish stands.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the handoff brief of one conversation file, without a server and without touching the stores."""
    from app.interfaces.cli.decisions import DecisionArguments, show_explanation, show_handoff

    asked = DecisionArguments(conversation, conversation_id, now, catalogue, customer)
    if explain:
        show_explanation(asked, locale=locale, as_json=as_json)
    else:
        show_handoff(asked, locale=locale, as_json=as_json)


@commands.command("next-action")
def next_action(
    *,
    conversation: ConversationFile,
    conversation_id: ConversationId = None,
    audience: Annotated[Literal["bot", "agent"], typer.Option(help="Who would act.")] = "bot",
    limit: Annotated[int, typer.Option(min=1, max=5, help="How many actions at most.")] = 3,
    now: Now = None,
    catalogue: CatalogueName = None,
    customer: Customer = None,
    as_json: Json = False,
) -> None:
    """Say what to do next in one conversation file, without a server and without touching the stores."""
    from app.interfaces.cli.decisions import DecisionArguments, show_next_actions

    asked = DecisionArguments(conversation, conversation_id, now, catalogue, customer)
    show_next_actions(asked, audience=audience, limit=limit, as_json=as_json)


@commands.command()
def verify(
    *,
    conversation: ConversationFile,
    claims: Annotated[str, typer.Option(metavar="FILE", help="A JSON list of sentences.")],
    conversation_id: ConversationId = None,
    as_json: Json = False,
) -> None:
    """Check sentences against one conversation file: is each borne out, by what, and if not, what is wrong."""
    from app.interfaces.cli.verify import show_verdicts

    show_verdicts(conversation, claims, conversation_id, as_json=as_json)


@commands.command()
def marks(
    *,
    facts: Annotated[Path, typer.Option(metavar="FILE", help="Where the rows go, one marked claim a line.")],
    conversations: Annotated[Path, typer.Option(metavar="FILE", help="Where their conversations go.")],
    tenant: Annotated[str, typer.Option(help="Whose cards.")] = "default",
    as_json: Json = False,
) -> None:
    """Write the claims that agents marked right or wrong on their cards as the two files that `eval facts` reads.

    A row has id, text, label (supported or unsupported), kind (true or marked_wrong) and evidence (turns from 0).
    Of each claim the last mark counts; what was marked as missing is no row. The files hold what customers said.
    """
    from app.interfaces.cli.marks import write_marks

    write_marks(tenant, facts, conversations, as_json=as_json)


@commands.command()
def doctor(as_json: Json = False) -> None:
    """Show the settings in force, secrets hidden, and check every part."""
    from app.interfaces.cli.doctor import examine

    examine(as_json=as_json)
