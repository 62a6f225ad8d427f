"""The command line: `warmline --help` lists the commands.

Every command imports what it needs when it runs, so that the help answers at once. Exit status: 0 on success only, 1
when something failed, 2 when the command was used wrongly.
"""

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command that the arguments name; a foreseen failure is told in words, without a traceback."""
    from app.interfaces.cli.commands import commands

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a sign shows a question mark instead of ending the command.
            stream.reconfigure(errors="replace")
    try:
        commands()
    except BrokenPipeError:
        # Whoever read our output has had enough; closing standard output again at exit must not fail either.
        sys.stderr.close()
        sys.exit(1)
    except Exception as failure:
        if not _is_foreseen(failure):
            raise
        sys.stderr.write(f"warmline: {failure}\n")
        sys.exit(1)


def _is_foreseen(failure: Exception) -> bool:
    # Imported here because our errors bring pydantic with them, which takes as long as the whole help.
    from app.errors import WarmlineError

    return isinstance(failure, WarmlineError)
