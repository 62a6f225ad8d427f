"""The container's recipe, carried out without a container engine: its files, its environment, its user, its commands.

What the recipe copies is laid out in a folder that nobody may write, and its commands run there as another user (where
the tests run as root), with only the data folder and the temporary folder to write to. The packages are those of the
environment that runs the tests, which are pinned to the same versions.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parents[2]
NOBODY = 65534
START_WITHIN_S = 60
# Another user, who may read the interpreter wherever it lies, and write nothing that is not theirs.
AS_NOBODY = (
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
)


class Step(NamedTuple):
    """One instruction of the recipe."""

    word: str
    rest: str


class Container(NamedTuple):
    """The last stage, laid out in a folder: its environment, its commands and how to run something in it."""

    root: Path
    environment: Mapping[str, str]
    health: Sequence[str]
    process: subprocess.Popen[bytes]

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command the way the container's engine would."""
        return subprocess.run(
            as_user([sys.executable if command[0] == "python" else command[0], *command[1:]]),
            cwd=self.root / "data",
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def steps() -> list[Step]:
    """The instructions of the Dockerfile, lines that go on put together."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    joined = re.sub(r"\\\n\s*", " ", text)
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def stages() -> list[list[Step]]:
    """The instructions by stage, each beginning with its FROM."""
    by_stage: list[list[Step]] = []
    for step in steps():
        if step.word == "FROM":
            by_stage.append([])
        by_stage[-1].append(step)
    return by_stage


def last(word: str) -> str:
    """The one that counts of an instruction given several times."""
    return [step.rest for step in stages()[-1] if step.word == word][-1]


def as_user(command: Sequence[str]) -> list[str]:
    return [*AS_NOBODY, *command] if os.geteuid() == 0 else list(command)


def environment_of(root: Path) -> dict[str, str]:
    """What ENV sets, its absolute folders below `root`, and nothing of the environment of the tests."""
    pairs = dict(pair.split("=", 1) for pair in last("ENV").split())
    below = {
        name: f"{root}{value}" if value.startswith("/") and name != "PATH" else value for name, value in pairs.items()
    }
    return below | {"PATH": os.environ["PATH"], "TMPDIR": str(root / "tmp")}


def lay_out(root: Path) -> None:
    """Copy what the stages copy, make the folders that may be written, and take all other rights to write away."""
    for source, target in (step.rest.split() for step in stages()[0] if step.word == "COPY" and "/opt/" in step.rest):
        shutil.copytree(ROOT / source, root / target.lstrip("/"), ignore=shutil.ignore_patterns("__pycache__"))
    for writable in ("data", "tmp"):
        (root / writable).mkdir()
        if os.geteuid() == 0:
            os.chown(root / writable, NOBODY, NOBODY)
    for path in [root, *root.rglob("*")]:
        if path.name not in ("data", "tmp"):
            path.chmod(0o555 if path.is_dir() else 0o444)


def open_up(root: Path) -> None:
    for path in [root, *root.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Generator[Container]:
    """The container's service, running and healthy."""
    folder = tmp_path_factory.mktemp("container")
    # The other user must get to it: pytest keeps its own folders to itself, one more of them beside parallel workers.
    for parent in (ancestor for ancestor in folder.parents if ancestor.name.startswith(("pytest-", "popen-"))):
        parent.chmod(0o755)
    root = folder / "root"
    root.mkdir()
    folder.chmod(0o755)
    lay_out(root)
    port = str(free_port())
    health = json.loads(last("HEALTHCHECK").partition("CMD")[2].replace(":8000/", f":{port}/"))
    command = [*json.loads(last("ENTRYPOINT")), *json.loads(last("CMD").replace('"8000"', f'"{port}"'))]
    environment = environment_of(root)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            as_user([sys.executable, *command[1:]]), cwd=root / "data", env=environment, stdout=log, stderr=log
        )
    started = Container(root, environment, health, process)
    try:
        deadline = monotonic() + START_WITHIN_S
        while started.run(health).returncode != 0:
            assert process.poll() is None, (folder / "log").read_text()
            assert monotonic() < deadline, (folder / "log").read_text()
            sleep(0.2)
        yield started
    finally:
        process.terminate()
        process.wait(20)
        open_up(root)


def test_what_the_recipe_copies_exists_and_reaches_the_engine() -> None:
    copied = [
        source
        for step in steps()
        if step.word == "COPY" and not step.rest.startswith("--from")
        for source in step.rest.split()[:-1]
    ]
    let_through = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert f"!{source.split('/')[0]}" in let_through
    assert let_through[0] == "*"


def test_every_package_of_the_image_is_pinned_with_its_hash() -> None:
    installs = [step.rest for step in stages()[0] if step.word == "RUN" and "requirements/" in step.rest]
    assert len(installs) == 2
    assert all("--require-hashes" in command for command in installs)
    for name in ("uv.txt", "runtime.txt"):
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        packages = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, flags=re.MULTILINE | re.DOTALL)
        assert packages
        assert all("==" in package and "--hash=sha256:" in package for package in packages)


def test_the_image_is_slim_and_its_user_is_not_root() -> None:
    assert stages()[-1][0].rest == "python:3.11-slim"
    assert last("USER") == "warmline"
    assert re.search(r"useradd .*--uid [1-9]\d+ .*warmline", last("RUN"))


def test_the_service_is_healthy_as_another_user_on_a_tree_that_nobody_may_write(container: Container) -> None:
    assert container.run(container.health).returncode == 0
    where = container.run(["python", "-c", "import app, os; print(app.__file__, os.geteuid())"])
    path, user = where.stdout.split()
    assert Path(path).is_relative_to(container.root)
    assert os.geteuid() != 0 or int(user) == NOBODY
    refused = container.run(["python", "-c", "import app, pathlib; pathlib.Path(app.__file__).with_name('x').touch()"])
    assert "PermissionError" in refused.stderr


def test_a_handoff_is_served_from_the_container(container: Container) -> None:
    port = re.search(r":(\d+)/", container.health[-1])
    assert port is not None
    script = """
import json, sys
from urllib.request import Request, urlopen
def post(path, body):
    request = Request(sys.argv[1] + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urlopen(request, timeout=30))
post("/v1/interactions", {"channel": "chat", "actor": "customer", "kind": "message", "conversation_id": "c",
                          "text": "My order A-1001 has not come. I want to talk to a person."})
print(post("/v1/handoffs", {"conversation_id": "c"})["status"])
"""
    served = container.run(["python", "-c", script, f"http://127.0.0.1:{port.group(1)}"])
    assert served.stdout.strip() == "completed", served.stderr + (container.root.parent / "log").read_text()
    assert (container.root / "data" / "ledger.db").exists()


def test_the_health_check_fails_when_nothing_listens(container: Container) -> None:
    elsewhere = re.sub(r":\d+/", f":{free_port()}/", container.health[-1])
    assert container.run([*container.health[:-1], elsewhere]).returncode != 0


def test_compose_keeps_the_root_read_only_and_hands_in_only_settings_that_exist() -> None:
    from app.settings import Settings

    service = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["warmline"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    variables = {f"WARMLINE_{name.upper()}" for name in Settings.model_fields}
    assert set(service["environment"]) <= variables
    assert "/data" in {volume.partition(":")[2] for volume in service["volumes"]}


def test_the_example_of_settings_names_every_setting_and_no_other() -> None:
    from app.settings import Settings

    named = set(re.findall(r"^#(WARMLINE_\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {f"WARMLINE_{name.upper()}" for name in Settings.model_fields}
