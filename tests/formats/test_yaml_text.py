"""YAML that others wrote: bounded in depth and size, without tags, and never the end of the process."""

import json
from datetime import date

import httpx
import pytest

from app.actions import read_catalogue
from app.errors import InvalidRequest
from app.interfaces.http.examples import CATALOGUE_LINES
from app.yaml_text import DEEPEST, MOST_NODES, YamlProblem, read_yaml
from tests.interfaces.http import problem

HOSTILE = {
    "sequences": "[" * 30_000,
    "mappings": "{" * 30_000,
    "mappings with keys": "{a: " * 30_000,
    "dashes": "- " * 30_000,
    "questions": "? " * 30_000,
    "indented": "a:\n" + "".join(f"{' ' * depth}a:\n" for depth in range(1, 400)),
    "itself": "a: &a [*a]",
    "laughs": "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 9)),
    "deeper by aliases": "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 40)),
    "merged": "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{f'*a{n - 1},' * 9}]}}\n" for n in range(1, 9)),
    "inside out": "&a [b, {c: *a}]",
    "alias": "a: *b",
    "tag": "a: !!python/object/apply:os.system [x]",
    "wrong tag": "a: !!timestamp x",
    "values": f"[{'a,' * (MOST_NODES + 1)}]",
    "documents": "---\n" * MOST_NODES,
    "digits": "a: " + "9" * 10_000,
    "sixties": "a: 1" + ":01" * 100_000,
    "month": "a: 2001-99-99",
    "control": "a: \x00",
    "surrogate": "a: \ud800",
    "escaped surrogate": '"\\ud800"',
    "open": "name: [open",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_yaml_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(YamlProblem) as refusal:
        read_yaml(text)
    assert refusal.value.message


def test_ordinary_yaml_is_read_with_its_lines() -> None:
    document = read_yaml("a: 1\nb:\n  - {c: 2.5}\n  - d: 2026-03-01\n'e': |\n  text\n  more\nf: true\ng:\n")
    assert document.content == {
        "a": 1,
        "b": [{"c": 2.5}, {"d": date(2026, 3, 1)}],
        "e": "text\nmore\n",
        "f": True,
        "g": None,
    }
    assert [document.line(path) for path in (("b", 0, "c"), ("b", 1, "d"), ("e",), ("b", 9))] == [3, 4, 5, 2]


def test_a_key_that_stands_twice_is_told_with_its_path() -> None:
    assert list(read_yaml("a: {b: 1, b: 2}").repeated_keys()) == [("a", "b")]


def test_an_alias_stands_for_what_is_complete_before_it() -> None:
    text = "a: &a {x: [1, 2]}\nb: *a\nc: {<<: *a, y: &e 3}\nd: *e"
    assert read_yaml(text).content == {"a": {"x": [1, 2]}, "b": {"x": [1, 2]}, "c": {"x": [1, 2], "y": 3}, "d": 3}


def test_what_is_nested_as_deep_as_allowed_is_read() -> None:
    assert read_yaml("[" * DEEPEST + "]" * DEEPEST).content


@pytest.mark.parametrize("name", ["sequences", "itself", "laughs", "tag", "digits", "month", "values"])
async def test_hostile_yaml_over_http_is_a_problem_and_what_is_in_force_stays(
    client: httpx.AsyncClient, name: str
) -> None:
    headers = {"content-type": "application/yaml"}
    for _ in range(6):
        refused = await client.put("/v1/catalogue", content=HOSTILE[name], headers=headers)
        assert "this is not valid YAML (" in problem(refused, 422, "invalid_request")["errors"][0]["message"]
    assert (await client.put("/v1/catalogue", content=CATALOGUE_LINES, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"name": NaN}',
        '{"name": Infinity}',
        f'{{"value": {"9" * 10_000}}}',
        '{"name": 1e999}',
        '{"name": "\\ud800"}',
        "[" * 150 + "]" * 150,
        json.dumps({"name": "x", "actions": [{"id": "a"}]}).replace('"id": "a"', '"id": "a", "id": "b"'),
        "",
        "null",
    ],
)
def test_hostile_json_is_refused_as_a_catalogue(text: str) -> None:
    with pytest.raises(InvalidRequest):
        read_catalogue(text, as_json=True)
