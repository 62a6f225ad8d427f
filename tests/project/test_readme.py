"""What the README and the documentation say is so: commands run, requests get their answers, links are whole."""

import json
import os
import re
import subprocess
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import typer.main
from pydantic import BaseModel

from app.actions.catalogue_loader import parse_catalogue
from app.interfaces.cli.commands import commands as command_line
from app.models import InteractionDraft, VerifyRequest
from app.yaml_text import read_yaml
from tests.support import readme
from tests.support.markdown_blocks import (
    README,
    ROOT,
    Block,
    anchors,
    blocks,
    commands,
    files,
    links,
    prose,
    spans,
    text_of,
    words_of,
)

PAGES = [str(path.relative_to(ROOT)) for path in files()]
# What differs from one run to the next, or with the clock.
VARIES = {
    *("created_at", "filed_at", "expires_at", "put_at", "former_secret_until", "duration_ms", "index_lag"),
    *("as_of_seq", "seq", "next_after_seq", "next_cursor", "secret", "url", "version"),
}
IDS = re.compile(r"\b([a-z]{3,4})_(?:[0-9a-z]*\d[0-9a-z]{12,})")
PERCENT = re.compile(r"\b\d+(?=%)")
RECORDS: Mapping[str, type[BaseModel]] = {"interaction": InteractionDraft, "verify": VerifyRequest}
COMMAND = re.compile(r"(?:\.venv/bin/)?warmline (?!serve --)[a-z].*")
YET_TO_BE_WRITTEN = {"prompts/brief/v4.md"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of the service that the README starts."""
    with readme.served(tmp_path_factory.mktemp("served")) as address:
        yield address


def make(target: str) -> str:
    """What `make` would run for a target."""
    command = ["make", "--dry-run", "--no-print-directory", target]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    finished = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return finished.stdout


def same(shown: object, real: object, path: str) -> None:
    """Fails unless what is shown stands in the answer; ids and times need only be of the same kind."""
    if isinstance(shown, Mapping):
        fields, actual = cast(Mapping[str, Any], shown), cast(Mapping[str, Any], real)
        assert fields.keys() <= actual.keys(), path
        for name in fields.keys() - VARIES:
            same(fields[name], actual[name], f"{path}.{name}")
    elif isinstance(shown, list):
        parts, actual_parts = cast(list[Any], shown), cast(list[Any], real)
        if parts and parts[-1] == readme.MORE:
            assert len(parts) - 1 <= len(actual_parts), path
            parts, actual_parts = parts[:-1], actual_parts[: len(parts) - 1]
        assert len(parts) == len(actual_parts), path
        for index, (part, actual_part) in enumerate(zip(parts, actual_parts, strict=True)):
            same(part, actual_part, f"{path}[{index}]")
    elif isinstance(shown, float):
        assert real == pytest.approx(shown, abs=0.02), path
    elif isinstance(shown, str):
        assert shown == readme.MORE or _form(shown) == _form(str(real)), path
    else:
        assert shown == real, path


def _form(text: str) -> str:
    return PERCENT.sub("", IDS.sub(r"\1", text))


def _check_answer(block: Block, answer: readme.Answer, where: str) -> None:
    shown: Any = json.loads(block.text)
    content = answer.content
    if isinstance(shown, dict) and isinstance(content, list):
        content = cast(list[Any], content)[0]
    if answer.refused:
        assert "code" in shown, f"{where}: {answer.text}"
    # `python -m tests.support.readme` writes the answers anew where the service has learnt to answer better.
    same(cast(object, shown), content, where)


def _check_lines(block: Block, answer: readme.Answer, where: str) -> None:
    """Fails unless the lines that are shown stand in the answer, in this order."""
    real = iter([_form(line.rstrip()) for line in answer.text.splitlines()])
    for line in block.text.splitlines():
        assert line.strip() in ("", readme.MORE) or _form(line.rstrip()) in real, f"{where}: {line}\n{answer.text}"


def _check_example(block: Block, where: str) -> None:
    """Fails unless a part of a catalogue, or a record, is what it is meant to be."""
    if block.language == "yaml":
        content = read_yaml(block.text).content
        if block.words == ("actions",):
            _check_actions(content)
        else:
            assert block.words in (("intents",), ("catalogue",)), f"{where}: nothing checks this example"
            action = {"id": "wait", "label": "Wait"}
            parse_catalogue({"name": "example", "actions": [action], **content})
    else:
        assert block.language == "json", where
        assert block.words, f"{where}: nothing checks this example"
        if block.words[0] in RECORDS:
            RECORDS[block.words[0]].model_validate_json(block.text)
        else:
            assert block.words == ("message",), f"{where}: nothing checks this example"


def _check_actions(actions: list[dict[str, Any]]) -> None:
    """As a part of a catalogue that has every intent and action which the part names."""
    intents = {name for action in actions for name in action.get("intents", ()) if name != "any"}
    others = {name for action in actions for field in ("instead_of", "after") for name in action.get(field, ())}
    others |= set(re.findall(r"'instead': '([^']+)'", str(actions)))
    others -= {action["id"] for action in actions}
    parse_catalogue(
        {
            "name": "example",
            "intents": [{"name": name, "label": name, "examples": [name]} for name in sorted(intents)],
            "actions": [*actions, *({"id": name, "label": name} for name in sorted(others))],
        }
    )


def _check(block: Block, answer: readme.Answer | None, where: str) -> bool:
    """Check a block that is not carried out; tells whether it showed the answer."""
    if readme.is_answer(block):
        assert answer is not None, f"{where}: this answers no request"
        _check_answer(block, answer, where)
        return True
    if readme.is_printed(block):
        assert answer is not None, f"{where}: this answers no command"
        _check_lines(block, answer, where)
        return True
    if block.language in ("json", "yaml"):
        _check_example(block, where)
    else:
        assert block.language in ("sh", "mermaid", "python", "html", "plain"), f"{where}: nothing checks this block"
        if block.language == "python":
            compile(block.text, where, "exec")
    return False


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_request_of_a_page_does_what_the_page_shows(page: str, service: str, tmp_path: Path) -> None:
    text = text_of(ROOT / page)
    with readme.service_for(text, service, tmp_path) as address:
        reader = readme.Reader(address, tmp_path)
        for block in blocks(text):
            where = f"{page}:{block.line}"
            reader.follow(block)
            if not block.runs and block.file is None and _check(block, reader.answer, where) and reader.answer:
                reader.answer = reader.answer._replace(refused=False)
        assert reader.answer is None or not reader.answer.refused, f"{page}: {reader.answer}"


def _arguments_fit(command: Any, words: list[str]) -> None:
    """Fails unless every command and option that is named exists."""
    for number, word in enumerate(words):
        if hasattr(command, "commands"):
            assert word in command.commands, f"{words}: there is no command {word!r}"
            command = command.commands[word]
            continue
        options = {name for parameter in command.params for name in parameter.opts}
        unknown = [name for name in words[number:] if name.startswith("--") and name.split("=")[0] not in options]
        assert not unknown, f"{words}: {unknown}"
        return


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_names_exists_with_its_options(page: str) -> None:
    text, root = text_of(ROOT / page), typer.main.get_command(command_line)
    shells = [block.text for block in blocks(text) if block.language == "sh"]
    named = [*spans(text), *(command for shell in shells for command in commands(shell))]
    for command in named:
        if COMMAND.fullmatch(command):
            bare = re.sub(r" ?[\[\]…]| >.*", "", command)
            _arguments_fit(root, [word for word in words_of(bare, {"_": ""}) if word != "-h"][1:])


def test_both_commands_of_the_readme_exist_and_do_what_they_say() -> None:
    shells = [block.text.strip() for block in blocks(text_of(README)) if block.runs]
    assert shells[:2] == ["make demo", "make test"]
    assert make("demo").splitlines()[-1] == ".venv/bin/warmline demo"
    steps = make("test")
    for check in ("ruff check", "ruff format --check", "lint-imports", "pyright", "pytest"):
        assert re.search(rf"^\.venv/bin/{check}", steps, re.MULTILINE), check


def test_every_target_of_make_that_a_page_names_exists() -> None:
    named = {span for path in files() for span in spans(text_of(path)) if re.fullmatch(r"make [a-z]+", span)}
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[0].split()
    assert {name.removeprefix("make ") for name in named} <= set(targets)


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert script[-1] == "exec make test"


def test_the_docs_are_there_without_a_network(service: str) -> None:
    page = httpx.get(f"{service}/docs", trust_env=False)
    assert page.status_code == 200
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_that_exist(page: str) -> None:
    path = ROOT / page
    for link in links(text_of(path)):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(text_of(target)), link


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_folder_that_a_page_names_exists(page: str) -> None:
    named = re.findall(r"`((?:app|evals|prompts|tests|docs|examples)/[\w./]*)`", prose(text_of(ROOT / page)))
    assert [name for name in named if name not in YET_TO_BE_WRITTEN and not (ROOT / name).exists()] == []


def test_every_page_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links(text_of(index))}
    assert [page for page in PAGES if ROOT / page not in {README, index, *linked}] == []
    assert "docs/README.md" in links(text_of(README))


def test_the_readme_fits_on_a_screen_and_a_half() -> None:
    assert len(text_of(README).splitlines()) <= 90


def test_what_no_test_can_carry_out_is_marked_and_rare() -> None:
    unrun = [block for path in files() for block in blocks(text_of(path)) if block.language == "sh" and not block.runs]
    assert len(unrun) <= 10
    assert all(block.text.strip() for block in unrun)


def test_the_lines_of_a_page_are_renewed_from_what_the_command_prints_now() -> None:
    shown = f"recall  1 all there\n{readme.MORE}\nThe end.\n"
    printed = "case    unit     value why  \nrecall  share ↑      1 all there  \nlength  words ↓     86\nThe end.\n"
    renewed = f"recall  share ↑      1 all there\n{readme.MORE}\nThe end.\n"
    assert readme.printed_lines(shown, printed) == renewed
