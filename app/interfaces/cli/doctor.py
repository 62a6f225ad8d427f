"""`warmline doctor`: the settings in force, and whether every part does its work."""

import asyncio
import json
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import SecretStr
from rich.table import Table
from rich.text import Text

from app.bootstrap import build
from app.conversations import conversation_of
from app.errors import WarmlineError
from app.interfaces.cli.common import TENANT, screen, settings_in_force, side_screen
from app.interfaces.cli.sandbox import throw_away_app
from app.models import Check, Handoff, HandoffRequest
from app.settings import Settings

HIDDEN = "********"
OLDEST_PYTHON = (3, 11)
PATIENCE_MS = 30_000
REACHED_WITHIN_S = 6.0
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*(?=@)")
_STYLES = {"ok": "green", "loading": "yellow", "degraded": "yellow", "failed": "red"}
_SAMPLE = {
    "id": "doctor",
    "turns": [
        {"role": "customer", "text": "I paid twice for order A-1001 and want one payment back."},
        {"role": "bot", "text": "I could not find a second payment."},
        {"role": "customer", "text": "Please let me talk to a person."},
    ],
}


def examine(*, as_json: bool) -> None:
    """Print settings and checks, and exit with 1 when a part is broken. Raises ConfigurationError for a bad setting."""
    settings = settings_in_force()
    with side_screen().status("Checking every part …"):
        checks = asyncio.run(_checks(settings))
    healthy = all(check.status == "ok" for check in checks.values())
    if as_json:
        report = {
            "healthy": healthy,
            "settings": shown_settings(settings),
            "checks": {part: check.model_dump() for part, check in checks.items()},
        }
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    else:
        screen().print(_settings_table(settings), "", _checks_table(checks))
    sys.exit(0 if healthy else 1)


def shown_settings(settings: Settings) -> Mapping[str, str | None]:
    """Every setting by its variable, with keys and the passwords in addresses hidden."""
    shown: dict[str, str | None] = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        text = HIDDEN if isinstance(value, SecretStr) else _PASSWORD.sub(rf"\1:{HIDDEN}", _as_text(value))
        shown[f"WARMLINE_{name.upper()}"] = text or None
    return shown


async def _checks(settings: Settings) -> dict[str, Check]:
    checks = {"python": _python(), "data folder": _data_folder(settings.data_dir)}
    try:
        app = build(settings)
    except WarmlineError as failure:
        return checks | {"catalogue and prompt": Check(status="failed", detail=failure.detail)}
    checks["catalogue and prompt"] = Check(status="ok", detail=f"{settings.catalogue}, brief {settings.prompt_brief}")
    try:
        await app.warm_up()
        checks["other processes"] = await app.reach_others(REACHED_WITHIN_S)
        readiness = await app.readiness()
    finally:
        await app.close()
    checks["ledger"] = readiness.checks["ledger"]
    checks["embedder and vectors"] = readiness.checks["index"]
    if checks["embedder and vectors"].status == "loading":
        # The index was not started, since a service may be writing it: what can be known is that both parts answered.
        waiting = f"{readiness.index_lag:,} interactions wait to be embedded"
        checks["embedder and vectors"] = Check(status="ok", detail=f"both answer; {waiting}")
    return checks | await _sample(settings)


async def _sample(settings: Settings) -> dict[str, Check]:
    """A handoff of a made-up conversation: nothing tells more surely that all parts, and a model, work together."""
    conversation = conversation_of(_SAMPLE)
    request = HandoffRequest(conversation_id=conversation.id, deadline_ms=PATIENCE_MS)
    try:
        async with throw_away_app(settings, conversation) as app:
            handoff = await app.handoffs.create(TENANT, request)
    except WarmlineError as failure:
        return {"sample handoff": Check(status="failed", detail=failure.detail)}
    sample = Check(status="ok", detail=f"{handoff.status.value} in {handoff.duration_ms} ms")
    return {"sample handoff": sample, "model": _model(settings, handoff)}


def _model(settings: Settings, handoff: Handoff) -> Check:
    if settings.model is None:
        return Check(status="ok", detail="none is set: briefs are extractive (set WARMLINE_MODEL for a model's words)")
    if handoff.engine == "model":
        return Check(status="ok", detail=f"{handoff.model} wrote the sample's brief")
    why = handoff.failure_code.value if handoff.failure_code else "it was not asked"
    mend = "look at WARMLINE_MODEL, WARMLINE_MODEL_BASE_URL and WARMLINE_MODEL_API_KEY"
    return Check(status="failed", detail=f"{settings.model} gave no usable brief: {why}; {mend}")


def _python() -> Check:
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return Check(status="failed", detail=f"{version}; 3.11 or newer is needed")
    return Check(status="ok", detail=version)


def _data_folder(folder: Path) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder):
            return Check(status="ok", detail=f"{folder.resolve()} can be written")
    except OSError as failure:
        detail = (
            f"{folder.resolve()} cannot be written: {failure.strerror}. Set WARMLINE_DATA_DIR to a folder that can."
        )
        return Check(status="failed", detail=detail)


def _as_text(value: Path | str | bool | tuple[str, ...] | None) -> str:
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _settings_table(settings: Settings) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in shown_settings(settings).items():
        table.add_row(Text(name, style="dim"), Text(value) if value is not None else Text("not set", style="dim"))
    return table


def _checks_table(checks: Mapping[str, Check]) -> Table:
    table = Table.grid(padding=(0, 2))
    for part, check in checks.items():
        table.add_row(Text(check.status, style=_STYLES[check.status]), Text(part), Text(check.detail, style="dim"))
    return table
