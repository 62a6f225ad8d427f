"""Follows the README and the documentation as a reader does: their commands, their requests, and a real service.

`python -m tests.support.readme` carries out every page and writes the answers of a real service into it; `python -m
tests.support.readme docs/start/bot.md` does so for one page.
"""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any, NamedTuple, cast

import httpx
from typer.testing import CliRunner

from app.interfaces.cli.commands import commands as command_line
from tests.support.markdown_blocks import ROOT, Block, blocks, commands, files, text_of, words_of

SERVE = ".venv/bin/warmline serve"
WARMLINE = ".venv/bin/warmline"
ADDRESS = "http://127.0.0.1:8000"
START_WITHIN_S = 180
# What a service loads at its first handoffs, and a machine that is too busy for vectors, is not what a page tells of.
TRIES = 8
REST_S = 2.0
SETTLED_MS = 1000
# A list that ends so has more in it than is shown.
MORE = "…"
# What a measurement needs of time or of data of one's own is cut down to what a test may take.
CUT_DOWN = {"--data LOCOMO": "--data histories.jsonl"}
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
_ASSIGNED = re.compile(r"(?P<export>export )?(?P<name>[A-Z][A-Z_]+)=(?P<value>.*)")
_OURS = re.compile(r"[a-z]{2,4}_")
_NEEDS_OWN = re.compile(r"warmline (?:keys create|connectors add)\b")
_SETTING = re.compile(r"^export (?P<name>WARMLINE_\w+)=(?P<value>.*)$", re.MULTILINE)


class Answer(NamedTuple):
    """What came of a request or a command: its text, as JSON where it is that, and whether it was refused."""

    text: str
    content: Any
    refused: bool


def environment(folder: Path) -> dict[str, str]:
    """The environment of whoever follows a page: no setting but a data folder of their own."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("WARMLINE_")}
    return variables | {"WARMLINE_DATA_DIR": str(folder / "data"), "COLUMNS": "100"}


@contextmanager
def served(folder: Path, settings: Mapping[str, str] | None = None) -> Generator[str]:
    """The address of the service that the README starts, on a free port instead of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "app.interfaces.cli", *shlex.split(SERVE)[1:], "--port", str(port)]
    nowhere = subprocess.DEVNULL
    chosen = environment(folder) | dict(settings or {})
    process = subprocess.Popen(command, cwd=folder, env=chosen, stdout=nowhere, stderr=nowhere)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = monotonic() + START_WITHIN_S
        while not _is_ready(address):
            assert process.poll() is None, "the service ended"
            assert monotonic() < deadline, "the service did not become ready"
            sleep(0.05)
        _settle(address)
        yield address
    finally:
        process.terminate()
        process.wait(20)


class Reader:
    """Somebody who follows one page: a folder like the checkout's, variables of their shell, and the last answer."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.folder = folder
        self.answer: Answer | None = None
        self._variables: dict[str, str] = {}
        self._exported = environment(folder)
        self._answers: list[Any] = []
        for name in ("examples", "evals", "prompts"):
            (folder / name).symlink_to(ROOT / name)
        talk = json.loads((ROOT / "examples" / "conversation.json").read_text(encoding="utf-8"))
        self._save("conversations.jsonl", json.dumps(talk) + "\n")
        self._save("histories.jsonl", json.dumps(HISTORY) + "\n")

    def follow(self, block: Block) -> None:
        """Save the file, or carry out the commands; the answer of the last one is kept."""
        if block.file is not None:
            self._save(block.file, block.text)
        elif block.runs:
            for command in commands(block.text):
                assert self.answer is None or not self.answer.refused, f"line {block.line}: {self.answer}"
                self.answer = self._carried_out(command)

    def _carried_out(self, command: str) -> Answer | None:
        for given, cut in CUT_DOWN.items():
            command = command.replace(given, cut)
        if assigned := _ASSIGNED.fullmatch(command):
            self._assign(assigned["name"], shlex.split(assigned["value"])[0], export=bool(assigned["export"]))
            return self.answer
        words = words_of(command, self._variables)
        into = None
        if ">" in words:
            *words, _, into = words
        if words[0] == "curl":
            answer = self._asked(words[1:])
        elif words[0] == WARMLINE and words[1:] != ["serve"]:
            answer = self._command_line(words[1:])
        elif words[0] == ".venv/bin/python":
            answer = self._python(words[1:])
        else:
            assert words[0] == "make" or command == SERVE, f"no test can carry out {command!r}"
            return None
        if into is not None:
            self._save(into, answer.text)
        self._answers.append(answer.content)
        return answer

    def _assign(self, name: str, value: str, *, export: bool) -> None:
        if _OURS.match(value):
            # An id of an earlier answer: the page shows one that another service gave.
            value = next(actual for answer in reversed(self._answers) if (actual := _of(answer, name.lower())))
        self._variables[name] = value
        if export:
            self._exported[name] = value

    def _asked(self, options: list[str]) -> Answer:
        """Carry out a curl command at this address, whether or not curl is installed."""
        method, headers, content, url, endless = None, dict[str, str](), None, "", False
        left = iter(options)
        for option in left:
            if option == "-H":
                name, _, value = next(left).partition(": ")
                headers[name] = value
            elif option == "-X":
                method = next(left)
            elif option in ("-d", "--data-binary"):
                body = next(left)
                content = (self.folder / body[1:]).read_bytes() if body.startswith("@") else body.encode()
            elif option.startswith("-"):
                assert option in ("-s", "-sN"), f"{option} is not foreseen here"
                endless = option == "-sN"
            else:
                url = option.replace(ADDRESS, self.address)
        method = method or ("GET" if content is None else "POST")
        if content is not None:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        text = ""
        for _ in range(TRIES):
            with httpx.stream(method, url, headers=headers, content=content, timeout=30, trust_env=False) as response:
                text = next(response.iter_text()) if endless and method == "GET" else response.read().decode()
                answer = Answer(text, _content(text), response.is_error)
            if not _is_degraded(answer.content):
                return answer
            sleep(REST_S)
        raise AssertionError(f"the machine is too busy: {text}")

    def _command_line(self, arguments: list[str]) -> Answer:
        for _ in range(TRIES):
            with chdir(self.folder):
                finished = CliRunner().invoke(command_line, arguments, env=self._exported)
            assert finished.exit_code == 0, f"{arguments}: {finished.output} {finished.exception!r}"
            assert finished.output, arguments
            answer = Answer(finished.stdout, _content(finished.stdout), refused=False)
            if not _is_degraded(answer.content):
                return answer
            sleep(REST_S)
        raise AssertionError(f"the machine is too busy: {arguments}")

    def _python(self, arguments: list[str]) -> Answer:
        environment_with_code = self._exported | {"PYTHONPATH": str(ROOT), "WARMLINE_URL": self.address}
        finished = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=environment_with_code,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return Answer(finished.stdout, _content(finished.stdout), refused=False)

    def _save(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _settle(address: str) -> None:
    """Ask for handoffs until they take no longer than usual."""
    talk = {"id": "settling", "channel": "other", "actor": "customer", "kind": "message", "conversation_id": "settling"}
    message = {**talk, "text": "Where is my parcel?", "occurred_at": "2026-03-01T00:00:00Z"}
    asked = {"conversation_id": "settling"}
    with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
        client.post("/v1/interactions", json=message).raise_for_status()
        for _ in range(TRIES):
            handoff = client.post("/v1/handoffs", json=asked).raise_for_status().json()
            if handoff["duration_ms"] < SETTLED_MS and not _is_degraded(handoff):
                return
            sleep(REST_S)


def _is_degraded(content: Any) -> bool:
    """Whether a busy machine kept an answer from being whole."""
    return isinstance(content, Mapping) and cast(Mapping[str, Any], content).get("failure_code") is not None


def shortened(shown: Any, real: Any) -> Any:
    """A real answer in the form that a page shows of it."""
    if isinstance(shown, Mapping) and isinstance(real, Mapping):
        fields, actual = cast(Mapping[str, Any], shown), cast(Mapping[str, Any], real)
        return {name: shortened(inside, actual[name]) for name, inside in fields.items()}
    if isinstance(shown, list) and isinstance(real, list):
        parts, actual_parts = cast(list[Any], shown), cast(list[Any], real)
        if not parts:
            return actual_parts
        whole = parts[-1] != MORE
        count = len(actual_parts) if whole else len(parts) - 1
        forms = [*parts[: len(parts) if whole else -1]]
        forms += forms[-1:] * (count - len(forms))
        filled = [shortened(form, part) for form, part in zip(forms, actual_parts, strict=False)]
        return filled if whole else [*filled, MORE]
    return cast(Any, MORE if shown == MORE else real)


def written_out(answer: Any) -> str:
    """JSON for people: what fits on a line is on one line."""
    return _written(answer, "", 120) + "\n"


def _content(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.splitlines()]
    except ValueError:
        return None


def _of(answer: Any, name: str) -> str | None:
    """The first value with this name in an answer, however deep it stands."""
    if isinstance(answer, Mapping):
        fields = cast(Mapping[str, Any], answer)
        if isinstance(fields.get(name), str):
            return fields[name]
        inside = list(fields.values())
    else:
        inside = cast(list[Any], answer) if isinstance(answer, list) else []
    return next((value for part in inside if (value := _of(part, name)) is not None), None)


def _written(value: Any, indent: str, width: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(flat) <= width or not isinstance(value, dict | list) or not value:
        return flat
    deeper = indent + "  "
    if isinstance(value, list):
        items = [deeper + _written(item, deeper, width) for item in cast(list[Any], value)]
        return "[\n" + ",\n".join(items) + f"\n{indent}]"
    pairs = [
        f"{deeper}{json.dumps(name)}: {_written(item, deeper, width)}"
        for name, item in cast(dict[str, Any], value).items()
    ]
    return "{\n" + ",\n".join(pairs) + f"\n{indent}}}"


def _is_ready(address: str) -> bool:
    try:
        readiness = httpx.get(f"{address}/readyz", trust_env=False).json()
    except httpx.TransportError:
        return False
    return all(part["status"] == "ok" for part in readiness["checks"].values())


def is_answer(block: Block) -> bool:
    """Whether a block shows the answer of the commands before it."""
    return block.language == "json" and not block.words


def is_printed(block: Block) -> bool:
    """Whether a block shows lines that the command before it prints."""
    return block.language in ("text", "markdown", "csv") and not block.words


def printed_lines(shown: str, printed: str) -> str:
    """The lines of a block as the command prints them now; a line is recognised by its first word."""
    left = [line.rstrip() for line in printed.splitlines()]
    lines: list[str] = []
    for line in shown.splitlines():
        first = line.split()[:1]
        same = line in left or not first or first == [MORE]
        printed_line = line if same else next((other for other in left if other.split()[:1] == first), line)
        left = left[left.index(printed_line) + 1 :] if printed_line in left else left
        lines.append(printed_line)
    return "\n".join(lines) + "\n"


def catalogue_of(address: str) -> Any:
    """The catalogue in force."""
    return httpx.get(f"{address}/v1/catalogue", trust_env=False, timeout=30).raise_for_status().json()


def put_catalogue(address: str, catalogue: Any) -> None:
    """Put back the catalogue that was in force before a page put another."""
    httpx.put(f"{address}/v1/catalogue", json=catalogue, trust_env=False, timeout=30).raise_for_status()


@contextmanager
def service_for(text: str, address: str, folder: Path) -> Generator[str]:
    """The address of the service for the reader of one page.

    It is the shared service at `address`, whose catalogue is put back afterwards. A page that makes API keys or adds
    connectors has a service of its own on the reader's data folder, with the settings that the page exports: the first
    key closes a service for callers without one, and a connector is added to the stores.
    """
    runs = [block.text for block in blocks(text) if block.runs]
    if any(_NEEDS_OWN.search(commands_shown) for commands_shown in runs):
        exported = [match for shown in runs for match in _SETTING.finditer(shown)]
        with served(folder, {match["name"]: shlex.split(match["value"])[0] for match in exported}) as own_address:
            yield own_address
        return
    before = catalogue_of(address)
    try:
        yield address
    finally:
        if catalogue_of(address) != before:
            put_catalogue(address, before)


def renew(path: Path, shared_address: str, folder: Path) -> None:
    """Write the answers of a real service into one page."""
    text = text_of(path)
    with service_for(text, shared_address, folder) as address:
        path.write_text(_renewed(text, address, Reader(address, folder)), encoding="utf-8")


def _renewed(text: str, address: str, reader: Reader) -> str:
    renewed, end = "", 0
    for block in blocks(text):
        reader.follow(block)
        if is_answer(block) and reader.answer is not None:
            answer, shown = reader.answer, json.loads(block.text)
            content = _first(answer.content) if isinstance(shown, dict) else answer.content
            written = written_out(shortened(shown, content)).replace(address, ADDRESS)
            reader.answer = answer._replace(refused=False)
        elif is_printed(block) and reader.answer is not None:
            written = printed_lines(block.text, reader.answer.text)
        else:
            continue
        renewed += text[end : block.start] + written
        end = block.start + len(block.text)
    return renewed + text[end:]


def _first(content: Any) -> Any:
    return cast(list[Any], content)[0] if isinstance(content, list) else content


def main() -> None:
    """Write the answers of a real service into the pages that are named, or into all."""
    wanted = [Path(name).resolve() for name in sys.argv[1:]] or files()
    with TemporaryDirectory() as folder, served(Path(folder)) as address:
        for number, path in enumerate(wanted):
            page = Path(folder) / f"page-{number}"
            page.mkdir()
            renew(path, address, page)
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
