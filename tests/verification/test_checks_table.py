"""The checks: one tuple, to which a check is added as a module and a line."""

import pkgutil
from pathlib import Path

from app.verification import CHECKS, checks
from tests.support.changed_copy import ChangedCopy

CHECK = '''"""Colours: whether each was told."""

from app.verification.checks.base import Objection, StatementReading
from app.verification.transcript import TranscriptIndex


class ColourCheck:
    """Objects to a colour that nobody told of."""

    name = "colours"

    def object(self, reading: StatementReading, index: TranscriptIndex) -> Objection | None:
        """Why the statement cannot be so, None where this check leaves it open."""
        for colour in ("red", "green", "blue"):
            if colour in reading.text.split() and not any(colour in line.text.split() for line in index.lines):
                return Objection(f"the colour {colour} stands nowhere in the conversation")
        return None
'''
VERIFY = """
import sys
from app.interfaces.cli import main

sys.argv = ["warmline", "verify", "--conversation", sys.argv[1], "--claims", sys.argv[2], "--json"]
main()
"""


def test_a_check_is_added_by_a_module_and_a_line(tmp_path: Path) -> None:
    copy = ChangedCopy(tmp_path)
    (copy.app / "verification" / "checks" / "colours.py").write_text(CHECK, encoding="utf-8")
    init = "verification/checks/__init__.py"
    copy.insert(init, before="CHECKS:", lines="from app.verification.checks.colours import ColourCheck\n\n")
    copy.insert(init, before="QuotationCheck(),", lines="    ColourCheck(),\n")
    conversation, claims = tmp_path / "conversation.json", tmp_path / "claims.json"
    conversation.write_text('{"id": "c", "turns": [{"role": "customer", "text": "My blue bicycle has not come."}]}')
    claims.write_text('["The customer waits for a red bicycle.", "The customer waits for a blue bicycle."]')
    red, blue = copy.answer(VERIFY, str(conversation), str(claims))["verdicts"]
    assert (red["verdict"], red["why"]) == ("refuted", "the colour red stands nowhere in the conversation")
    assert blue["verdict"] != "refuted"


def test_every_module_of_checks_has_one_line_in_the_table() -> None:
    modules = {name for _, name, _ in pkgutil.iter_modules(checks.__path__)} - {"base"}
    assert sorted(type(check).__module__.rpartition(".")[2] for check in CHECKS) == sorted(modules)
    assert len({check.name for check in CHECKS}) == len(CHECKS)
