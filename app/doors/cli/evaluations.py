"""`warmline eval …` with its options; the figures are made in `evals`."""

from pathlib import Path
from typing import Annotated

import typer

from app.doors.cli.options import AtLeast, CatalogueName, Json

evals = typer.Typer(help="Measure what Warmline makes of real conversations.", no_args_is_help=True)


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


@evals.command("handoffs")
def eval_handoffs(
    data: Annotated[Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Conversations with gold.")],
    catalogue: CatalogueName = None,
    as_json: Json = False,
) -> None:
    """How much of what matters in real conversations their briefs hold, and how quickly they are there."""
    from app.doors.cli.measuring import evaluate_handoffs

    evaluate_handoffs(data, catalogue=catalogue, as_json=as_json)
