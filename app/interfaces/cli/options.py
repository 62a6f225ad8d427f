"""Options that several commands share."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The file of the backup.")]
ConversationFile = Annotated[
    str,
    typer.Option(
        "--conversation",
        metavar="FILE",
        help="A conversation as JSON, vCon, transcript, captions, mail or plain text, or - for standard input.",
    ),
]
ConversationId = Annotated[
    str | None, typer.Option("--id", help="Which conversation, where the file holds several. Default: the first.")
]


def moment(text: str) -> datetime:
    """A time with its offset, as an option reads it. Raises typer.BadParameter."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time. Write it like 2026-03-02T09:00:00+01:00.") from None
    if read.tzinfo is None:
        raise typer.BadParameter(f"{text!r} lacks its offset. Write it like 2026-03-02T09:00:00+01:00 or with Z.")
    return read


Now = Annotated[
    datetime | None,
    typer.Option(
        parser=moment,
        metavar="TIME",
        help="The moment to judge at, with an offset. Default: a second after the last turn.",
    ),
]
CatalogueName = Annotated[
    str | None, typer.Option(metavar="NAME", help="A shipped catalogue or a YAML file. Default: WARMLINE_CATALOGUE.")
]
Customer = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Who is the customer, by name, label or number, where a vCon or transcript does not say."
    ),
]
AtLeast = Annotated[float, typer.Option(min=0.01, max=1.0, help="How likely a pair must be one person.")]
Check = Annotated[
    bool,
    typer.Option("--check", help="Have a model judge what rules leave open: WARMLINE_MODEL_CHECK, else as recorded."),
]
WritePrompts = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Write the prompts of the check here, to be answered.")
]
ReadAnswers = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Take in answers to such prompts, as recordings.")
]
Ours = Annotated[
    bool, typer.Option("--ours", help="The data is our own: keep the whole answers, not their numbers alone.")
]
