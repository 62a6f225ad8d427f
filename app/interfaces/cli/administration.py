"""`warmline keys`, `connectors`, `identities` and `retention`: what the people do who run a ledger."""

from enum import StrEnum
from typing import Annotated, Literal

import typer

from app.interfaces.cli.options import AtLeast, Json

keys = typer.Typer(help="Make and end the API keys that callers of the service send.", no_args_is_help=True)
identities = typer.Typer(
    help="Find customers who look like one person, and decide about each pair.", no_args_is_help=True
)
connectors = typer.Typer(
    help="Take the webhooks of platforms as they are, and try their bodies from files.", no_args_is_help=True
)
retention = typer.Typer(help="Say for how long each channel is kept, and erase what is older.", no_args_is_help=True)


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
    scope: Annotated[
        list[ScopeName],
        typer.Option(help="What the key allows; name several by repeating it. `admin` includes the others."),
    ],
    label: Annotated[str, typer.Option(help="What the key is for, in your own words.")] = "",
    expires_in_days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Default: valid until it is revoked.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key and show it, the only time that it can be seen."""
    from app.interfaces.cli.keys import create

    create(tenant, scope, label=label, days=expires_in_days, as_json=as_json)


@keys.command("list")
def list_keys(as_json: Json = False) -> None:
    """Show every key of every tenant, without its secret."""
    from app.interfaces.cli.keys import show_all

    show_all(as_json=as_json)


@keys.command("rotate")
def rotate_key(
    key_id: KeyId,
    grace_hours: Annotated[int, typer.Option(min=0, max=8_760, help="How long the old key goes on working.")] = 24,
    as_json: Json = False,
) -> None:
    """Make a key that takes another's place, with the same tenant and scopes."""
    from app.interfaces.cli.keys import rotate

    rotate(key_id, grace_hours=grace_hours, as_json=as_json)


@keys.command("revoke")
def revoke_key(key_id: KeyId, as_json: Json = False) -> None:
    """End a key now."""
    from app.interfaces.cli.keys import revoke

    revoke(key_id, as_json=as_json)


Tenant = Annotated[str, typer.Option(help="Whose customers.")]
SuggestionId = Annotated[
    str, typer.Argument(metavar="SUGGESTION_ID", help="The id; `warmline identities suggestions` shows it.")
]


@identities.command("suggest")
def suggest_identities(tenant: Tenant = "default", at_least: AtLeast = 0.95, as_json: Json = False) -> None:
    """Compare all customers and file suggestions of who may be one person; joins nobody."""
    from app.interfaces.cli.identities import suggest

    suggest(tenant, at_least=at_least, as_json=as_json)


@identities.command("suggestions")
def list_suggestions(
    tenant: Tenant = "default",
    status: Annotated[Literal["open", "confirmed", "dismissed"], typer.Option(help="Which to show.")] = "open",
    as_json: Json = False,
) -> None:
    """Show the suggestions on file, the weightiest first."""
    from app.interfaces.cli.identities import show_suggestions

    show_suggestions(tenant, status, as_json=as_json)


@identities.command("confirm")
def confirm_suggestion(suggestion_id: SuggestionId, tenant: Tenant = "default", as_json: Json = False) -> None:
    """Join the two customers of a suggestion; it can be undone."""
    from app.interfaces.cli.identities import confirm

    confirm(tenant, suggestion_id, as_json=as_json)


@identities.command("dismiss")
def dismiss_suggestion(suggestion_id: SuggestionId, tenant: Tenant = "default", as_json: Json = False) -> None:
    """Settle that they are two people, so that the pair is not suggested again."""
    from app.interfaces.cli.identities import dismiss

    dismiss(tenant, suggestion_id, as_json=as_json)


@identities.command("unmerge")
def unmerge_customers(
    customer_id: Annotated[str, typer.Argument(metavar="CUSTOMER_ID", help="The customer who survived the merge.")],
    merge_id: Annotated[str, typer.Argument(metavar="MERGE_ID", help="The merge to undo.")],
    tenant: Tenant = "default",
    as_json: Json = False,
) -> None:
    """Take two joined customers apart again, as if they had never been joined."""
    from app.interfaces.cli.identities import unmerge

    unmerge(tenant, customer_id, merge_id, as_json=as_json)


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
    from app.interfaces.cli.retention import set_rule
    from app.models import Channel

    if channel not in ("others", *Channel):
        raise typer.BadParameter(f"{channel!r} is no channel. Use one of {', '.join(Channel)}, or others.")
    set_rule(tenant, None if channel == "others" else Channel(channel), days, as_json=as_json)


@retention.command("list")
def list_retention(tenant: OfTenant = "default", as_json: Json = False) -> None:
    """Show for how long each channel of a tenant is kept."""
    from app.interfaces.cli.retention import show_rules

    show_rules(tenant, as_json=as_json)


@retention.command("apply")
def apply_retention(
    tenant: Annotated[str | None, typer.Option(help="Default: all tenants.")] = None, as_json: Json = False
) -> None:
    """Erase now what has been kept for longer than its channel's rule allows."""
    from app.interfaces.cli.retention import apply_rules

    apply_rules(tenant, as_json=as_json)


@connectors.command("add")
def add_connector(
    platform: Annotated[str, typer.Argument(metavar="PLATFORM", help="The platform's name, such as whatsapp.")],
    *,
    credential: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A value of the platform's settings; name several by repeating it."),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose ledger it writes to.")] = "default",
    label: Annotated[str, typer.Option(help="What it is for, in your own words.")] = "",
    scope: Annotated[
        str | None, typer.Option(help="What tells its ids apart, where a tenant has several of one platform.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take a platform's webhooks: shows the address to write into its settings, and what was made up for it."""
    from app.interfaces.cli.connectors import add

    add(platform, credential or [], tenant=tenant, label=label, scope=scope, as_json=as_json)


@connectors.command("list")
def list_connectors(as_json: Json = False) -> None:
    """Show every connector of every tenant, without the values of its credentials."""
    from app.interfaces.cli.connectors import show_all

    show_all(as_json=as_json)


@connectors.command("remove")
def remove_connector(
    connector_id: Annotated[str, typer.Argument(metavar="CONNECTOR_ID", help="`warmline connectors list` shows it.")],
    as_json: Json = False,
) -> None:
    """End a connector, with its log. What it filed stays in the ledger."""
    from app.interfaces.cli.connectors import remove

    remove(connector_id, as_json=as_json)


@connectors.command("test")
def try_connectors(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="JSON files or folders of them, or - for standard input.")
    ],
    *,
    platform: Annotated[str | None, typer.Option(help="Whose bodies they are. Default: by their shape.")] = None,
    brief: Annotated[bool, typer.Option("--brief", help="Also print the brief of each conversation.")] = False,
    as_json: Json = False,
) -> None:
    """Say what each body of a platform's webhooks would be taken for, without a server, a secret or a store.

    A file holds one body, an object of named bodies, a list of them, or one a line. The exit status is 0 when all were
    read, if only as events that nobody knows.
    """
    from app.interfaces.cli.connector_trials import try_bodies

    try_bodies(files, platform=platform, brief=brief, as_json=as_json)
