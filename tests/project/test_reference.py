"""The reference pages and the code say the same: settings, errors, paths and scopes, tools, commands, metrics."""

import inspect
import json
import re
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
from standardwebhooks import Webhook

from app.actions.catalogue import CatalogueAction
from app.adapters.outbox_rows import messages_of
from app.errors import ConfigurationError
from app.formats.vcon.reading import SIDE_UNKNOWN
from app.identity import non_identifiers
from app.interfaces.cli import connections
from app.interfaces.cli.commands import commands as command_line
from app.interfaces.http import problems
from app.interfaces.http.request_bodies import UNREAD_WORDS
from app.interfaces.http.scopes import SCOPES
from app.interfaces.mcp.tools import TOOLS
from app.main import create_app
from app.models import Announcement, Channel, FailureCode, HandoffStatus, SignalType, Topic
from app.models.continuity import ContinuityMetrics
from app.settings import WITHOUT_EFFECT, Settings
from tests.support.markdown_blocks import ROOT, blocks, text_of

DOCS = ROOT / "docs"
_ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)
_CODE = re.compile(r"^`([^`]+)`$")


def rows(page: str, section: str | None = None) -> list[list[str]]:
    """The rows of a page's tables, or of one section's, whose first cell is code; a bar inside a cell is escaped."""
    text = text_of(DOCS / page)
    if section is not None:
        text = re.split(r"^## ", text.split(f"## {section}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in _ROW.findall(text)]
    return [row for row in cells if "`" in row[0]]


def names(page: str, section: str | None = None) -> set[str]:
    """What the first cells of the tables name."""
    return {code for row in rows(page, section) for code in re.findall(r"`([^`]+)`", row[0])}


def plain(cell: str) -> str:
    """A cell without its code marks."""
    match = _CODE.match(cell)
    return match[1] if match else cell


def _default(name: str) -> str:
    value: Any = Settings.model_fields[name].default
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if value == ():
        return "[]"
    return value.model_dump_json() if hasattr(value, "model_dump_json") else str(value)


def test_every_setting_is_in_the_table_with_its_default() -> None:
    shown = {plain(row[0]): plain(row[1]) for row in rows("reference/settings.md")}
    assert shown == {f"WARMLINE_{name.upper()}": _default(name) for name in Settings.model_fields}


def test_every_setting_without_effect_is_listed() -> None:
    text = text_of(DOCS / "reference" / "settings.md").split("## Accepted without effect")[1]
    assert set(re.findall(r"`WARMLINE_(\w+)`", text)) == WITHOUT_EFFECT


def test_every_setting_is_in_the_example_of_an_environment_file() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^#(WARMLINE_\w+)=", example, re.MULTILINE)) == {
        f"WARMLINE_{name.upper()}" for name in Settings.model_fields
    }


def test_every_error_code_is_in_the_table_with_its_status() -> None:
    shown = {plain(row[0]): int(row[1]) for row in rows("reference/errors.md", "Codes of answers")}
    of_the_protocol = {"method_not_allowed": 405, "not_acceptable": 406}
    of_the_connection = {
        code: int(status)
        for status, code in re.findall(r"(\d{3}): \"(\w+)\"", inspect.getsource(connections))
        if code != "unavailable"
    }
    assert shown == {**problems.STATUS_OF_CODE, **of_the_protocol, **of_the_connection}


def test_every_failure_code_of_a_handoff_is_in_the_table_with_a_status() -> None:
    shown = {plain(row[0]): plain(row[1]) for row in rows("reference/errors.md", "Failure codes of a handoff")}
    assert shown.keys() == set(FailureCode)
    assert set(shown.values()) <= set(HandoffStatus)


def test_every_warning_of_a_row_is_in_the_table() -> None:
    shown = names("reference/errors.md", "Warnings of a recorded row")
    assert shown == {*get_args(non_identifiers.Reason), "empty_message", "empty_edit", UNREAD_WORDS.code, SIDE_UNKNOWN}


def test_the_error_of_a_wrong_configuration_is_told() -> None:
    assert ConfigurationError.code in text_of(DOCS / "reference" / "errors.md")


def test_every_path_is_in_the_table_with_its_scope(settings: Settings) -> None:
    text = text_of(DOCS / "reference" / "http.md")
    shown = {
        f"{method} {path}": scope.strip("`")
        for method, path, scope in re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \| (\S+) \|", text, re.MULTILINE)
    }
    described = {
        f"{method.upper()} {path}": operation.get("x-scope", "none")
        for path, operations in create_app(settings).openapi()["paths"].items()
        for method, operation in operations.items()
    }
    assert shown == described
    assert {name for name, scope in shown.items() if scope != "none"} == SCOPES.keys()


def test_every_path_that_a_page_names_exists(settings: Settings) -> None:
    described = create_app(settings).openapi()["paths"]
    patterns = [re.compile(re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(path))) for path in described]
    for page in DOCS.rglob("*.md"):
        for path in re.findall(r"`(?:(?:GET|POST|PUT|DELETE) )?(/v1/[\w/{}$-]+)", text_of(page)):
            assert any(pattern.fullmatch(path) for pattern in patterns), f"{page}: {path}"


def test_every_tool_is_in_the_table_with_its_scope() -> None:
    shown = {plain(row[0]): (plain(row[1]), row[2]) for row in rows("reference/mcp.md", "Tools")}
    assert shown == {tool.name: (tool.scope.value, "no" if tool.reads_only else "yes") for tool in TOOLS}


def _leaves(command: Any, words: tuple[str, ...] = ()) -> dict[str, set[str]]:
    if not hasattr(command, "commands"):
        options = {parameter.opts[0] for parameter in command.params if parameter.opts[0].startswith("--")}
        return {" ".join(words): options - {"--help"}}
    inner = (_leaves(within, (*words, word)) for word, within in command.commands.items())
    return dict(chain.from_iterable(leaves.items() for leaves in inner))


def test_every_command_is_in_the_table_with_its_options() -> None:
    shown = {
        re.sub(r" [A-Z_ ]+$", "", plain(row[0])).removeprefix("warmline "): set(re.findall(r"`(--[\w-]+)`", row[2]))
        for row in rows("reference/cli.md")
    }
    assert shown == _leaves(typer.main.get_command(command_line))


def test_every_field_of_a_catalogue_action_is_in_the_table() -> None:
    assert names("howto/catalogue.md", "Actions") == set(CatalogueAction.model_fields)


def test_every_metric_is_in_the_table_and_defined() -> None:
    shown = {name for name in names("reference/metrics.md") if name.endswith(("_rate", "_ms"))}
    assert shown == {name for name in names("continuity.md", "Figures") if name.endswith(("_rate", "_ms"))}
    assert shown <= set(ContinuityMetrics.model_fields)


def test_every_signal_and_channel_is_told() -> None:
    assert names("explain/friction.md", "Signals") == set(SignalType)
    listed = text_of(DOCS / "reference" / "formats.md")
    assert all(f"`{channel.value}`" in listed for channel in Channel)


def test_every_event_of_a_webhook_is_told() -> None:
    text = text_of(DOCS / "howto" / "webhooks.md")
    assert all(f"`{topic.value}`" in text for topic in Topic)


def test_every_shipped_catalogue_is_named() -> None:
    text = text_of(DOCS / "reference" / "settings.md")
    assert all(f"`{path.stem}`" in text for path in (ROOT / "app" / "catalogues").glob("*.yaml"))


def test_the_message_of_a_webhook_has_the_form_that_the_page_shows() -> None:
    block = next(block for block in blocks(text_of(DOCS / "howto" / "webhooks.md")) if block.words == ("message",))
    shown = json.loads(block.text)
    announcement = Announcement(
        announcement_id="hnd_1",
        topic=Topic.HANDOFF_READY,
        at=datetime(2026, 3, 2, 8, 52, 30, tzinfo=UTC),
        customer_id="cus_1",
        data=shown["data"],
    )
    [message] = messages_of([("whk_1", ["handoff.ready"])], [announcement])
    assert json.loads(message.body) == shown


@pytest.mark.parametrize("tampered", [False, True])
def test_the_pages_check_of_a_signature_takes_our_messages_and_no_other(tampered: bool, tmp_path: Path) -> None:
    block = next(block for block in blocks(text_of(DOCS / "howto" / "webhooks.md")) if block.file == "verify.py")
    space: dict[str, Any] = {}
    exec(compile(block.text, "verify.py", "exec"), space)
    secret, now, body = "whsec_c2VjcmV0", datetime.now(UTC), '{"type":"handoff.ready"}'
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": "v1,b2xk " + Webhook(secret).sign("msg_1", now, body),
    }
    received = body.replace("ready", "gone") if tampered else body
    assert space["verified"](secret, headers, received.encode()) is not tampered
