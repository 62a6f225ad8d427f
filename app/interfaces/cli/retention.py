"""`warmline retention …`: for how long each channel of a tenant is kept, and the removal of what is older."""

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.interfaces.cli.asking import ask_app, print_json
from app.interfaces.cli.common import screen, side_screen
from app.models import Channel, RetentionRule
from app.services import App

ALL_OTHERS = "all others"


def set_rule(tenant: str, channel: Channel | None, days: int | None, *, as_json: bool) -> None:
    """Keep a channel, or all that have no rule of their own, for so many days; without days, for good."""

    async def put(app: App) -> None:
        if days is None:
            await app.customers.unset_retention(tenant, channel)
        else:
            await app.customers.set_retention(tenant, RetentionRule(channel=channel, days=days))

    ask_app(put)
    if as_json:
        print_json({"tenant": tenant, "channel": channel, "days": days})
    else:
        duration = "for good" if days is None else f"for {days} days"
        screen().print(f"{tenant}: {channel or ALL_OTHERS} kept {duration}.", markup=False)


def show_rules(tenant: str, *, as_json: bool) -> None:
    """Print for how long each channel of a tenant is kept."""
    rules = ask_app(lambda app: app.customers.retention_rules(tenant))
    if as_json:
        print_json({"tenant": tenant, "rules": [rule.model_dump(mode="json") for rule in rules]})
    elif not rules:
        screen().print(f"{tenant}: everything is kept for good. Change it with retention set.", markup=False)
    for rule in () if as_json else rules:
        screen().print(f"{tenant}: {rule.channel or ALL_OTHERS} kept for {rule.days} days", markup=False)


def apply_rules(tenant: str | None, *, as_json: bool) -> None:
    """Erase what has been kept for too long, of one tenant or of all, and print the counts."""
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=side_screen(), transient=True
    ) as progress:
        progress.add_task("erasing what is too old", total=None)
        runs = ask_app(lambda app: app.customers.apply_retention(tenant=tenant))
    if as_json:
        print_json({"runs": [run.model_dump(mode="json") for run in runs]})
    elif not runs:
        screen().print("No retention rule is set, so nothing was erased.", markup=False)
    for run in () if as_json else runs:
        counts = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in run.erased.items() if count)
        screen().print(f"{run.tenant}: {counts or 'nothing was too old'}", markup=False)
