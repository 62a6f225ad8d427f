"""`warmline catalogue`: look a catalogue through, and draft a first one from a tenant's own conversations."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.interfaces.cli.options import Json, moment

catalogue_group = typer.Typer(
    help="Check a catalogue of next best actions, and draft a first one from conversations.", no_args_is_help=True
)


@catalogue_group.command("check")
def check_catalogue(
    catalogue: Annotated[
        str, typer.Argument(metavar="FILE|NAME", help="A YAML or JSON file, or a shipped catalogue by its name.")
    ],
    *,
    strict: Annotated[bool, typer.Option("--strict", help="End with 2 if there are warnings and no errors.")] = False,
    as_json: Json = False,
) -> None:
    """Say what in a catalogue can never work, is probably not meant so, or is worth a thought, and how to mend it.

    Looks at examples that two intents share or that read as another intent, at policies that never open, at scripts
    that promise what no fact holds, at parameters that may take a card's digits, at unguarded changes, and at weights
    with which one action always wins. Ends with 1 if there are errors. Takes seconds: examples are compared by meaning.
    """
    from app.interfaces.cli.catalogue_checks import show_findings

    show_findings(catalogue, strict=strict, as_json=as_json)


@catalogue_group.command("draft")
def draft_catalogue(
    *,
    tenant: Annotated[str, typer.Option(help="Whose conversations.")] = "default",
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="A JSON file with conversations that `warmline import` takes, or -. Default: the ledger.",
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", parser=moment, metavar="TIME", help="Only conversations of this time or later."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the draft goes; a file that is there is left alone.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draft a first catalogue from resolved conversations. It is a beginning: a person must edit it.

    Wishes that mean the same become an intent with 4 to 12 examples, without personal data as far as rules find it.
    Steps that succeeded after such wishes become actions, with the parameters they were called with. The draft says in
    comments what it stands on and what is to be decided: labels, policies, scripts. Prints YAML unless --out is given.
    """
    from app.interfaces.cli.catalogue_drafts import show_draft

    show_draft(tenant, data=data, since=since, out=out, as_json=as_json)
