"""`warmline connectors …`: register the platforms whose webhooks are taken, and try their bodies from files."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from app.connectors.base import NEVER, ON_TRANSFER
from app.errors import InvalidRequest
from app.interfaces.cli.asking import ask_app, print_json
from app.interfaces.cli.common import screen, settings_in_force, side_screen
from app.models import ConnectorSummary
from app.services import IssuedConnector

_OWN_ADDRESS = "http://127.0.0.1:8000"
_ASSUMED = (
    f"The address assumes that the service is reached at {_OWN_ADDRESS}. Set WARMLINE_PUBLIC_URL, for this command and "
    "for the service, to where platforms and browsers reach it: without it no links to cards are written back."
)
_HANDOFF = {
    ON_TRANSFER: "Handoffs are made when the platform hands a conversation to people (handoff=on_transfer).",
    NEVER: "Handoffs are made when you ask for them (handoff=never); with handoff=on_transfer, at each transfer.",
}


def add(
    platform: str, credentials: Sequence[str], *, tenant: str, label: str, scope: str | None, as_json: bool
) -> None:
    """Register a connector and show its address, with what was made up for it. Raises InvalidRequest."""
    values = dict(_pair(credential) for credential in credentials)
    settings = settings_in_force()
    issued = ask_app(lambda app: app.connectors.add(platform, values, tenant=tenant, label=label, scope=scope))
    address = f"{(settings.public_url or _OWN_ADDRESS).rstrip('/')}{issued.path}"
    if as_json:
        document = issued.connector.model_dump(mode="json")
        print_json(document | {"url": address, "generated": dict(issued.generated), "handoff": issued.handoff})
    else:
        _print_issued(issued, address)
    if settings.public_url is None:
        # Beside the document, which is read by machines.
        (side_screen() if as_json else screen()).print(_ASSUMED, markup=False)


def show_all(*, as_json: bool) -> None:
    """Print every connector of every tenant, without the values of its credentials."""
    connectors = ask_app(lambda app: app.connectors.list())
    if as_json:
        print_json({"connectors": [connector.model_dump(mode="json") for connector in connectors]})
    elif connectors:
        screen().print(_table(connectors))
    else:
        _print("There are no connectors. Add one with connectors add.")


def remove(connector_id: str, *, as_json: bool) -> None:
    """End a connector. Raises NotFound."""
    removed = ask_app(lambda app: app.connectors.remove(connector_id))
    if as_json:
        print_json(removed.model_dump(mode="json"))
        return
    _print(f"The connector {connector_id} is removed with its log. What it filed stays in the ledger.")


def _pair(credential: str) -> tuple[str, str]:
    name, sign, value = credential.partition("=")
    if not sign or not name.strip():
        raise InvalidRequest(f"--credential {name}: write NAME=VALUE.")
    return name.strip(), value.strip()


def _print(words: str) -> None:
    screen().print(words, markup=False)


def _print_issued(issued: IssuedConnector, address: str) -> None:
    connector = issued.connector
    _print(f"Connector {connector.connector_id} of tenant {connector.tenant}. Its webhook address:\n")
    # Never folded, so that it can be copied whole from a narrow terminal.
    screen().print(f"  {address}\n", markup=False, soft_wrap=True)
    for name, value in issued.generated.items():
        screen().print(f"  {name}: {value}", markup=False, soft_wrap=True)
    if issued.generated:
        _print("\nWhat was made up here is shown this once.")
    _print(f"\n{_HANDOFF[issued.handoff]}")


def _table(connectors: Sequence[ConnectorSummary]) -> Table:
    table = Table(box=None, header_style="dim")
    table.add_column("connector", no_wrap=True, min_width=max(len(entry.connector_id) for entry in connectors))
    table.add_column("platform", no_wrap=True)
    for name in ("tenant", "label", "credentials", "made"):
        table.add_column(name, overflow="fold")
    for entry in connectors:
        made = f"{entry.created_at.astimezone():%Y-%m-%d}"
        cells = (entry.connector_id, entry.platform, entry.tenant, entry.label, " ".join(entry.credentials), made)
        table.add_row(*map(Text, cells))
    return table
