"""What the README says is so: its commands run, its request gets its answer, its tables and links are whole."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from app.settings import Settings
from evals.bench.service import LAUNCH
from tests import readme
from tests.doors.command import command as command_line
from tests.doors.command import move_to
from tests.forked_service import launch

pytestmark = pytest.mark.long

README = readme.text()
COMMANDS = readme.commands()
ONE_LINERS = [
    line
    for block in COMMANDS
    for line in block.splitlines()
    if line.startswith(".venv/bin/warmline ") and line != readme.SERVE
]
# What a measurement needs of time or of data of one's own is cut down to what a test may take.
CUT_DOWN = {
    "--data FILE": "--data talks.jsonl",
    "--data LOCOMO": "--data histories.jsonl",
    "--others 300000": "--others 300",
    "--requests 50": "--requests 3",
    "--requests 200": "--requests 3",
    "--characters 50000 --rounds 2": "--characters 1000 --rounds 1",
}
HISTORY = {
    "id": "history",
    "speakers": ["Ada", "Ben"],
    "sessions": [
        {
            "n": 1,
            "date_time": "9:05 am on 2 March, 2026",
            "turns": [
                {"id": "D1:1", "speaker": "Ada", "text": "My router lost its light in the storm."},
                {"id": "D1:2", "speaker": "Ben", "text": "How long has it been dark?"},
            ],
        }
    ],
    "qa": [{"question": "What broke in the storm?", "evidence": ["D1:1"], "category": 1}],
}
VARIES = {"created_at", "duration_ms", "as_of_seq"}
IDS = re.compile(r"\b(int|cus|hnd|dec|sig)_[0-9a-z]+")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of the service that the README starts."""
    with readme.served(tmp_path_factory.mktemp("readme")) as address:
        yield address


def make(target: str) -> str:
    """What `make` would run for a target."""
    command = ["make", "--dry-run", "--no-print-directory", target]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    finished = subprocess.run(
        command, cwd=readme.ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return finished.stdout


def same(shown: object, real: object, path: str = "answer") -> None:
    """Fails unless the answer is the one shown; ids and times need only be of the same kind."""
    if isinstance(shown, Mapping):
        fields, actual = cast(Mapping[str, Any], shown), cast(Mapping[str, Any], real)
        assert fields.keys() == actual.keys(), path
        for name in fields.keys() - VARIES:
            same(fields[name], actual[name], f"{path}.{name}")
    elif isinstance(shown, list):
        shown_parts, real_parts = cast(list[Any], shown), cast(list[Any], real)
        assert len(shown_parts) == len(real_parts), path
        for index, (shown_part, real_part) in enumerate(zip(shown_parts, real_parts, strict=True)):
            same(shown_part, real_part, f"{path}[{index}]")
    elif isinstance(shown, float):
        assert real == pytest.approx(shown, abs=0.02), path
    elif isinstance(shown, str):
        assert IDS.sub(r"\1", shown) == IDS.sub(r"\1", str(real)), path
    else:
        assert shown == real, path


def test_both_commands_of_the_readme_exist_and_do_what_they_say() -> None:
    assert COMMANDS[:2] == ["make demo", "make test"]
    assert make("demo").splitlines()[-1] == ".venv/bin/warmline demo"
    steps = make("test")
    for check in ("ruff check", "ruff format --check", "lint-imports", "pyright", "pytest"):
        assert re.search(rf"^\.venv/bin/{check}", steps, re.MULTILINE), check


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    script = (readme.ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert script[-1] == f"exec {COMMANDS[1]}"


@pytest.mark.parametrize("command", ONE_LINERS)
def test_every_command_of_the_readme_runs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for given, cut in CUT_DOWN.items():
        command = command.replace(given, cut)
    arguments = shlex.split(command)[1:]
    examples = tmp_path / "examples"
    examples.symlink_to(readme.ROOT / "examples")
    talk = json.loads((examples / "conversation.json").read_text(encoding="utf-8"))
    (tmp_path / "talks.jsonl").write_text(json.dumps(talk) + "\n", encoding="utf-8")
    (tmp_path / "histories.jsonl").write_text(json.dumps(HISTORY) + "\n", encoding="utf-8")
    move_to(tmp_path, monkeypatch)
    monkeypatch.setenv("WARMLINE_DATA_DIR", str(tmp_path / "data"))
    token = LAUNCH.set(launch)
    ended = command_line(monkeypatch, capsys)(*arguments)
    LAUNCH.reset(token)
    assert ended.status == 0, ended.err
    assert ended.out
    if "--json" in arguments:
        json.loads(ended.out)


def test_no_command_of_the_readme_is_left_untried() -> None:
    lines = [line for block in COMMANDS if not block.startswith("curl ") for line in block.splitlines()]
    assert set(lines) == {"make demo", "make test", readme.SERVE, *ONE_LINERS}


def test_the_request_of_the_readme_gets_the_answer_of_the_readme(service: str) -> None:
    filed, handed_on = (readme.asked(request, service) for request in readme.requests())
    assert filed.status_code == 201, filed.text
    assert handed_on.status_code == 201, handed_on.text
    shown = readme.ANSWER.search(README)
    assert shown is not None
    # `python -m tests.readme` writes the answer anew where the service has learnt to answer better.
    same(json.loads(shown.group()), readme.shortened(handed_on.json()))


def test_the_docs_are_there_without_a_network(service: str) -> None:
    page = httpx.get(f"{service}/docs", trust_env=False)
    assert page.status_code == 200
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text) == []


def test_every_setting_is_in_the_table_and_no_other() -> None:
    named = set(re.findall(r"^\| `(WARMLINE_\w+)` \|", README, re.MULTILINE))
    assert named == {f"WARMLINE_{name.upper()}" for name in Settings.model_fields}


def test_every_file_and_folder_that_the_readme_names_exists() -> None:
    linked = re.findall(r"\]\((?!https?:)([^)]+)\)", README)
    rooms = re.findall(r"`((?:app|evals|prompts|tests)/[\w./]*)`", README)
    yet_to_be_written = "prompts/brief/v4.md"
    assert [name for name in [*linked, *rooms] if not (readme.ROOT / name).exists()] == [yet_to_be_written]


def test_every_shipped_catalogue_is_named() -> None:
    for path in (readme.ROOT / "app" / "catalogues").glob("*.yaml"):
        assert f"`{path.stem}`" in README
