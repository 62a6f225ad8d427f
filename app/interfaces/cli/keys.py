"""`warmline keys …`: make, list, rotate and revoke the API keys that callers of the service send."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rich.table import Table
from rich.text import Text

from app.interfaces.cli.asking import ask_app, print_json
from app.interfaces.cli.common import screen
from app.models import ApiKey, IssuedKey, Scope
from app.services import App


def create(tenant: str, scopes: Sequence[str], *, label: str, days: int | None, as_json: bool) -> None:
    """Make a key and show it, the only time that it can be seen. Raises InvalidRequest."""

    async def make(app: App) -> tuple[IssuedKey, bool]:
        first = not await app.access.keys_configured()
        lifetime = None if days is None else timedelta(days=days)
        return await app.access.create_key(
            tenant, [Scope(scope) for scope in scopes], label=label, lifetime=lifetime
        ), first

    issued, first = ask_app(make)
    if as_json:
        print_json(issued)
        return
    _print_issued(issued)
    if first:
        _print("This is the first key: from now on the service answers no request without one, not even from here.")


def rotate(key_id: str, *, grace_hours: int, as_json: bool) -> None:
    """Make a key that takes another's place, and show it. Raises NotFound or InvalidRequest."""
    issued = ask_app(lambda app: app.access.rotate_key(key_id, grace=timedelta(hours=grace_hours)))
    if as_json:
        print_json(issued)
        return
    _print_issued(issued)
    _print(f"The old key, {key_id}, " + (f"ends within {grace_hours} hours." if grace_hours else "has ended."))


def revoke(key_id: str, *, as_json: bool) -> None:
    """End a key. Raises NotFound."""
    revoked = ask_app(lambda app: app.access.revoke_key(key_id))
    if as_json:
        print_json(revoked)
        return
    _print(f"The key {key_id} of tenant {revoked.tenant} is revoked. A running service refuses it within 5 seconds.")


def show_all(*, as_json: bool) -> None:
    """Print every key of every tenant, without its secret."""
    keys = ask_app(lambda app: app.access.keys())
    if as_json:
        listing = {"keys": [key.model_dump(mode="json") for key in keys]}
        sys.stdout.write(json.dumps(listing, ensure_ascii=False, indent=2) + "\n")
    elif keys:
        screen().print(_table(keys, datetime.now(UTC)))
    else:
        _print("There are no keys: the service answers callers on this machine only. Make one with keys create.")


def _print(words: str) -> None:
    screen().print(words, markup=False)


def _print_issued(issued: IssuedKey) -> None:
    until = f", valid until {_minute(issued.expires_at)}" if issued.expires_at else ""
    _print(f"API key {issued.key_id} of tenant {issued.tenant} for {', '.join(issued.scopes)}{until}:\n")
    # Never folded, so that it can be copied whole from a narrow terminal.
    screen().print(f"  {issued.key}\n", markup=False, soft_wrap=True)
    _print("It is shown this once. Keep it safe, and send it as Authorization: Bearer <key> or X-API-Key: <key>.")


def _table(keys: Sequence[ApiKey], now: datetime) -> Table:
    table = Table(box=None, header_style="dim")
    table.add_column("key", no_wrap=True, min_width=max(len(key.key_id) for key in keys))
    for name in ("tenant", "scopes", "label", "made", "state", "last used"):
        table.add_column(name)
    for key in keys:
        used = _minute(key.last_used_at) if key.last_used_at else "never"
        made = f"{key.created_at.astimezone():%Y-%m-%d}"
        cells = (key.key_id, key.tenant, " ".join(key.scopes), key.label, made)
        table.add_row(*map(Text, cells), _state(key, now), Text(used))
    return table


def _state(key: ApiKey, now: datetime) -> Text:
    if key.revoked_at is not None:
        return Text(f"revoked {_minute(key.revoked_at)}", style="red")
    if key.expires_at is None:
        return Text("valid", style="green")
    if key.expires_at <= now:
        return Text(f"expired {_minute(key.expires_at)}", style="red")
    return Text(f"valid until {_minute(key.expires_at)}", style="yellow" if key.replaced_by else "green")


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
