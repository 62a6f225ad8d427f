"""Names the test files that a change concerns: `python -m tests.support.changed` prints them, parted by spaces.

What changed is what differs from the branch that the work goes into, committed or not. Concerned are the test files
that changed, and those that import a module that changed or one that imports it; a module that names a changed file of
another kind counts as changed. Tests that only reach a module through the whole App are left to `make test`. Where
something has changed that all tests share, `tests` itself is named.
"""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "evals", "tests")
INTO = ("upstream/main", "origin/main", "main")
STEPS = 2
SHARED = {"tests/conftest.py", "tests/support/postgres.py", "pyproject.toml", "requirements/dev.txt"}


def git(*arguments: str) -> str:
    """What git answers; nothing where it refuses."""
    command = ("git", *arguments)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def changed_files() -> set[str]:
    """The paths that differ from the branch that the work goes into, and those that git does not know yet."""
    base = next((common for branch in INTO if (common := git("merge-base", "HEAD", branch))), "HEAD")
    listed = git("diff", "--name-only", base), git("ls-files", "--others", "--exclude-standard")
    return {path for lines in listed for path in lines.splitlines()}


def module_of(path: str) -> str:
    """The dotted name of a Python file."""
    return ".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")


def importers(graph: grimp.ImportGraph, modules: Iterable[str]) -> set[str]:
    """These modules, and those that import them in so many steps."""
    reached = {module for module in modules if module in graph.modules}
    for _ in range(STEPS):
        reached |= {importer for module in reached for importer in graph.find_modules_that_directly_import(module)}
    return reached


def naming(data: Sequence[Path]) -> set[str]:
    """The modules whose source names one of these files, or the name of one without its suffix as a whole text."""
    texts = [text for path in data for text in (path.name, f'"{path.stem}"')]
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {
        module_of(str(path.relative_to(ROOT)))
        for path in sources
        if any(text in path.read_text(encoding="utf-8") for text in texts)
    }


def concerned(changed: Iterable[str], test_files: Sequence[Path]) -> list[str]:
    """The test files that these changes concern, or `tests` for all."""
    paths = set(changed)
    if paths & SHARED:
        return ["tests"]
    names = {module_of(path) for path in paths if path.endswith(".py")}
    names |= naming([Path(path) for path in paths if not path.endswith(".py")])
    modules = importers(grimp.build_graph(*PACKAGES), names)
    folders = {folder for path in paths for folder in mirrors(path)}
    files = [str(file.relative_to(ROOT)) for file in test_files]
    return [path for path in files if module_of(path) in modules or path.startswith(tuple(folders) or "-")]


def mirrors(path: str) -> tuple[str, ...]:
    """The folders and files of tests that stand for a room of the package, or for the documentation."""
    parts = path.split("/")
    if path == "README.md" or parts[0] == "docs":
        return ("tests/project/test_readme.py", "tests/project/test_reference.py")
    if path == "app/workflow.py":
        return ("tests/services/", "tests/briefs/")
    if parts[0] == "app" and len(parts) > 2:
        return (f"tests/{parts[1]}/",)
    return ("tests/evals/",) if parts[0] == "evals" else ()


def main() -> None:
    """Print them."""
    test_files = sorted((ROOT / "tests").rglob("test_*.py"))
    sys.stdout.write(" ".join(concerned(changed_files(), test_files)) + "\n")


if __name__ == "__main__":
    main()
