"""The plan of the house, held by machine: who may import whom, what is loaded when, and how large a room may grow."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("app", "evals") for path in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE = 500
LONGEST_FUNCTION = 60
HEAVY = {
    "chromadb",
    "langgraph",
    "litellm",
    "mcp",
    "onnxruntime",
    "tiktoken",
    "tokenizers",
    "cel",
    "sqlalchemy",
    "numpy",
}
SLOW_TO_LOAD = HEAVY - {"sqlalchemy", "numpy"}
NOT_FOR_THE_HELP = HEAVY | {
    "fastapi",
    "pydantic",
    "uvicorn",
    "pydantic_settings",
    "rich.progress",
    "app.models",
    "app.bootstrap",
}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def loaded_after(statement: str) -> set[str]:
    """The modules that a fresh Python holds once it has run a statement."""
    finished = run(sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')")
    assert finished.returncode == 0, finished.stderr
    return set(finished.stdout.split())


def test_every_import_follows_the_arrows_of_the_house() -> None:
    finished = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo")
    assert finished.returncode == 0, finished.stdout


def test_vendors_that_are_imported_by_name_are_so_only_in_their_one_place() -> None:
    imports = {
        (str(path.relative_to(ROOT)), vendor.partition(".")[0])
        for path in SOURCES
        for vendor in re.findall(r"import_module\(\"([\w.]+)\"", path.read_text(encoding="utf-8"))
    }
    assert imports == {
        ("app/adapters/embeddings.py", "onnxruntime"),
        ("app/adapters/llm.py", "litellm"),
        ("app/adapters/pgvector.py", "asyncpg"),
        ("app/adapters/pgvector.py", "pgvector"),
        ("app/adapters/vectors.py", "chromadb"),
        ("app/nlu/calendars.py", "icalendar"),
        ("evals/servers/small.py", "xllamacpp"),
    }


def test_the_help_of_the_command_line_loads_nothing_heavy() -> None:
    help_was_shown = (
        "import sys\nsys.argv = ['warmline', '--help']\nfrom app.interfaces.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )
    loaded = loaded_after(help_was_shown)
    assert "typer" in loaded
    assert not loaded & NOT_FOR_THE_HELP


def test_the_service_starts_without_its_slow_parts() -> None:
    loaded = loaded_after("from app.main import create_app; create_app()")
    assert not loaded & SLOW_TO_LOAD


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_and_no_function_outgrows_what_one_can_read_at_once(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= LONGEST_FILE
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_shipped_is_finished(path: Path) -> None:
    left_open = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b|#\s*pragma: no cover")
    assert left_open.findall(path.read_text(encoding="utf-8")) == []


def test_only_the_settings_and_what_disarms_libraries_know_the_environment() -> None:
    allowed = {"app/offline.py", "app/demo.py", "app/interfaces/cli/demo.py", "evals/bench/service.py"}
    allowed |= {"app/adapters/prometheus.py", "app/interfaces/cli/serve.py"}  # a vendor's own variable
    readers = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text(encoding="utf-8"))
    }
    assert readers <= allowed


def test_every_module_of_the_evals_can_be_the_first_that_is_imported() -> None:
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in SOURCES if "evals" in path.parts]
    program = (
        "import importlib, sys\n"
        f"for module in {[module.removesuffix('.__init__') for module in modules]!r}:\n"
        "    for loaded in [name for name in sys.modules if name.partition('.')[0] == 'evals']:\n"
        "        del sys.modules[loaded]\n"
        "    importlib.import_module(module)\n"
    )
    finished = run(sys.executable, "-c", program)
    assert finished.returncode == 0, finished.stderr
