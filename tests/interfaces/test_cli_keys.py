"""`warmline keys`: what it prints, and that a service honours the keys it makes."""

import asyncio
from pathlib import Path

import httpx
import pytest

from app.bootstrap import build
from app.main import create_app
from app.models import Scope
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.command import Command, command, move_to
from tests.interfaces.http import message, problem


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`warmline keys` in an empty folder, with no setting of Warmline in the environment."""
    monkeypatch.setenv("COLUMNS", "100")
    move_to(tmp_path, monkeypatch)
    return command(monkeypatch, capsys, "keys")


def test_a_new_key_is_printed_whole_on_a_line_of_its_own(keys: Command) -> None:
    ended = keys("create", "--tenant", "one", "--scope", "ingest", "--scope", "handoff", "--label", "[b]the app[/b]")

    assert (ended.status, ended.err) == (0, "")
    key_id = keys("list", "--json").json["keys"][0]["key_id"]
    lines = [line.strip() for line in ended.out.splitlines()]
    assert [line for line in lines if line.startswith(f"wl_{key_id}_") and len(line) == 63]
    assert "tenant one for ingest, handoff" in ended.out
    assert "no request without one" in ended.out
    assert "[b]the app[/b]" in keys("list").out


def test_only_the_first_key_is_told_to_be_the_first(keys: Command) -> None:
    keys("create", "--scope", "ingest")

    assert "first" not in keys("create", "--scope", "ingest").out


@pytest.mark.parametrize("scope", [str(scope) for scope in Scope])
def test_every_scope_can_be_granted_to_the_tenant_default(keys: Command, scope: str) -> None:
    made = keys("create", "--scope", scope, "--json").json

    assert (made["tenant"], made["scopes"], made["expires_at"]) == ("default", [scope], None)


def test_the_list_shows_every_key_and_no_secret(keys: Command) -> None:
    made = keys("create", "--tenant", "one", "--scope", "admin", "--expires-in-days", "30", "--json").json
    ended = keys("create", "--tenant", "two", "--scope", "ingest", "--json").json
    keys("revoke", ended["key_id"])

    shown, listed = keys("list"), keys("list", "--json")

    assert [listed_key["key_id"] for listed_key in listed.json["keys"]] == [made["key_id"], ended["key_id"]]
    assert listed.json["keys"][0] == {name: value for name, value in made.items() if name != "key"}
    assert "valid until" in shown.out
    assert "revoked" in shown.out
    for key in (made, ended):
        assert key["key_id"] in shown.out
        assert key["key"].removeprefix(f"wl_{key['key_id']}_") not in shown.out + listed.out


def test_without_keys_the_list_says_what_that_means(keys: Command) -> None:
    assert "on this machine only" in keys("list").out
    assert keys("list", "--json").json == {"keys": []}


def test_a_rotated_key_is_told_its_end_and_a_revoked_one_is_gone(keys: Command) -> None:
    old = keys("create", "--tenant", "one", "--scope", "ingest", "--json").json
    other = keys("create", "--tenant", "one", "--scope", "ingest", "--json").json

    assert f"{old['key_id']}, ends within 24 hours" in keys("rotate", old["key_id"]).out
    assert "has ended" in keys("rotate", other["key_id"], "--grace-hours", "0").out
    successor = keys("list", "--json").json["keys"][2]
    assert (successor["tenant"], successor["scopes"]) == ("one", ["ingest"])
    again = keys("rotate", old["key_id"])
    assert (again.status, again.out) == (1, "")
    assert successor["key_id"] in again.err
    assert f"{old['key_id']} of tenant one is revoked" in keys("revoke", old["key_id"]).out
    assert keys("revoke", old["key_id"], "--json").json["revoked_at"] is not None


@pytest.mark.parametrize("command", ["rotate", "revoke"])
def test_an_unknown_key_is_told_in_words(keys: Command, command: str) -> None:
    ended = keys(command, "0123456789abcdef")

    assert (ended.status, ended.out) == (1, "")
    assert "keys list" in ended.err


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--tenant", "one"], 2),
        (["--scope", "everything"], 2),
        (["--scope", "ingest", "--expires-in-days", "0"], 2),
        (["--scope", "ingest", "--tenant", ""], 1),
        (["--scope", "ingest", "--tenant", "two words"], 1),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_and_not_made(keys: Command, arguments: list[str], status: int) -> None:
    ended = keys("create", *arguments)

    assert (ended.status, ended.out) == (status, "")
    assert ended.err
    assert keys("list", "--json").json == {"keys": []}


def test_a_service_on_the_same_database_honours_the_keys_that_were_made_and_ended(keys: Command) -> None:
    made = keys("create", "--tenant", "one", "--scope", "ingest", "--json").json
    ended = keys("create", "--tenant", "one", "--scope", "ingest", "--json").json
    keys("revoke", ended["key_id"])

    async def send(*sent: str) -> list[httpx.Response]:
        settings = Settings.model_construct(data_dir=Path("data"), vectors_url="memory:")
        async with build(settings, embedder=WordEmbedder()) as app:
            transport = httpx.ASGITransport(create_app(settings, app), client=("192.0.2.7", 40000))
            async with httpx.AsyncClient(transport=transport, base_url="https://warmline.example") as client:
                return [
                    await client.post("/v1/interactions", json=message(), headers={"x-api-key": key}) for key in sent
                ]

    with_made, with_ended = asyncio.run(send(made["key"], ended["key"]))

    assert with_made.status_code == 201
    problem(with_ended, 401, "unauthorized")
    assert keys("list", "--json").json["keys"][0]["last_used_at"] is not None
