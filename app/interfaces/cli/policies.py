"""`warmline policy compare`: whether the challenger serves better than the catalogue in force."""

from typing import Annotated

import typer

from app.interfaces.cli.options import Json

policy_group = typer.Typer(help="Compare a challenger with the catalogue in force.", no_args_is_help=True)

VERDICTS = {
    "continue": "Go on: nothing can be said yet.",
    "champion_better": "The catalogue in force is better.",
    "challenger_better": "The challenger is better.",
    "no_difference_worth_it": "There is no difference that is worth it.",
}


# Without it, a group of one command would be that command.
@policy_group.callback()
def policy() -> None:
    """Compare a challenger with the catalogue in force."""


@policy_group.command("compare")
def compare(
    *,
    tenant: Annotated[str, typer.Option(help="Whose challenger.")] = "default",
    least: Annotated[
        float, typer.Option(min=0.001, max=1.0, help="The smallest difference of mean success that is worth it.")
    ] = 0.03,
    as_json: Json = False,
) -> None:
    """Say by the outcomes of both whether the challenger serves better, or whether to go on.

    It may be asked at any time and as often as one likes: the interval holds at all times at once.
    """
    from app.interfaces.cli.asking import ask_app, print_json
    from app.interfaces.cli.common import screen

    comparison = ask_app(lambda app: app.decisions.compare(tenant, least=least))
    if as_json:
        print_json(comparison.model_dump(mode="json"))
        return
    for name, arm in (("in force", comparison.champion), ("challenger", comparison.challenger)):
        screen().print(
            f"{name}: mean success {arm.mean:.3f}, {arm.customers} customers, {arm.decisions} decisions", markup=False
        )
    interval = f"{comparison.ci_low:+.3f} to {comparison.ci_high:+.3f}"
    screen().print(f"difference {comparison.difference:+.3f}, at all times {interval}", markup=False)
    screen().print(VERDICTS[comparison.verdict], markup=False)
