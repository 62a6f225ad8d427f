"""`warmline demo`: the journey while it is played, the card that comes of it, and how to go on."""

import os
import sys
from datetime import datetime
from pathlib import Path

from rich.console import Console, Group
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from app.demo import JOURNEY, DemoOutcome, Scene, own_service, play
from app.interfaces.cli.common import screen
from app.interfaces.terminal_card import card, plain


def demonstrate() -> None:
    """Play the journey through a service of its own and print its card. Raises Unavailable when that fails."""
    console = screen()
    console.print(Padding(Text("One customer, four channels, one story", style="bold"), 1))
    shown = _play(console)
    console.print(card(shown.handoff, shown.interactions))
    console.print(_how_to_go_on())


def _play(console: Console) -> DemoOutcome:
    now = datetime.now().astimezone().replace(microsecond=0)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting the service", total=len(JOURNEY) + 2)

        def tell(scene: Scene) -> None:
            progress.update(task, advance=1, description=f"{scene.episode.channel}: {scene.episode.title}")
            progress.console.print(_scene_table(scene))

        with own_service() as service:
            progress.update(task, advance=1, description="playing the journey")
            progress.console.print(_done(f"service ready after {service.ready_after_s:.1f} s, at {service.address}"))
            shown = play(service, now, tell)
            progress.update(task, advance=1, description="the call is handed to a person")
    console.print(_done(f"brief ready {shown.handoff.duration_ms} ms after the escalation; its service is stopped\n"))
    return shown


def _scene_table(scene: Scene) -> Table:
    rows = Table.grid(padding=(0, 1))
    rows.add_column(width=3, justify="right", style="green")
    rows.add_column(width=12)
    rows.add_column(width=9)
    rows.add_column(ratio=1)
    rows.add_row("✓", f"{scene.at:%d %b %H:%M}", scene.episode.channel, Text(scene.episode.title))
    for signal in scene.signals:
        rows.add_row("", "", "", Text.assemble(("⚠ ", "yellow"), plain(signal)))
    if scene.advice is not None:
        rows.add_row(
            "", "", "", Text.assemble(("→ ", "magenta"), "the bot is told what to do next: ", plain(scene.advice))
        )
    return rows


def _done(words: str) -> Text:
    return Text.assemble(("  ✓ ", "green"), words)


def _how_to_go_on() -> Padding:
    command = _own_command()
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_row("a service of your own", Text(f"{command} serve"))
    rows.add_row("its API, to read and try", Text("http://127.0.0.1:8000/docs"))
    rows.add_row("a model's words", Text("set WARMLINE_MODEL=openai/gpt-4o-mini and WARMLINE_MODEL_API_KEY=…"))
    rows.add_row("", Text("(any model that litellm knows, or WARMLINE_MODEL_BASE_URL for a server of your own)", "dim"))
    return Padding(Group(Text("Your turn", style="bold cyan"), Padding(rows, (0, 0, 0, 1))), (1, 2))


def _own_command() -> str:
    """How this very `warmline` is called from the folder one is in."""
    folder = Path(sys.executable).parent
    if str(folder) in os.environ.get("PATH", "").split(os.pathsep):
        return "warmline"
    return os.path.relpath(folder / "warmline")
