"""Names say what they hold: no pronouns and no participles for variables, and one meaning for a class's name."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BANNED = frozenset({"one", "told", "said", "held", "kept", "known", "place", "found"})
BANNED_CLASSES = frozenset(word.capitalize() for word in BANNED)
# Fields of answers, files and prompts, which callers know by these names.
PUBLISHED = {
    "app/models/continuity.py": {"known"},
    "evals/experiments/injections.py": {"place"},
    "evals/experiments/labels.py": {"found"},
    "evals/experiments/signals.py": {"found"},
    "evals/suite/judgement.py": {"told"},
    "evals/experiments/verifier.py": {"kept"},
}
# The name stands in the schema of a released prompt.
PUBLISHED_CLASSES = frozenset({"Told"})
MODULES = sorted(path for package in ("app", "evals", "tests") for path in (ROOT / package).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def bound_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that a module binds: variables, attributes, parameters, functions, and what it imports as."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name, node.lineno


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_variable_is_called_by_a_pronoun_or_a_participle(path: Path) -> None:
    published = PUBLISHED.get(str(path.relative_to(ROOT)), set())
    offenders = [
        f"line {line}: {name}" for name, line in bound_names(parsed(path)) if name.lstrip("_") in BANNED - published
    ]
    assert offenders == []


def test_a_class_name_means_one_thing() -> None:
    locations: defaultdict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] == "tests":
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                locations[node.name.lstrip("_")].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: where for name, where in locations.items() if len(where) > 1} == {}
    assert BANNED_CLASSES & locations.keys() - PUBLISHED_CLASSES == set()
