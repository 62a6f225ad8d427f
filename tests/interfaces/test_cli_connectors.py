"""`warmline connectors`: added with their secrets out of sight, and tried from files without stores or secrets."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.command import Command, command, move_to
from tests.support.platforms import chatwoot_message, whatsapp, whatsapp_message


@pytest.fixture
def connectors(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """`warmline connectors` in an empty folder."""
    move_to(tmp_path, monkeypatch)
    return command(monkeypatch, capsys, "connectors")


def write(name: str, content: object) -> str:
    """Save a JSON file; gives its name."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return name


def texts(document: dict[str, Any]) -> list[str]:
    """The texts of all rows."""
    return [row["text"] for body in document["bodies"] for row in body["rows"]]


def test_a_connector_is_added_listed_without_its_secrets_and_removed(connectors: Command) -> None:
    added = connectors(
        "add", "whatsapp", "--credential", "app_secret=s3cret-of-meta", "--label", "Main number", "--json"
    )
    assert added.status == 0, added.err
    issued = added.json
    assert issued["url"].endswith(f"/v1/connectors/{issued['connector_id']}")
    assert set(issued["generated"]) == {"verify_token"}
    listed = connectors("list", "--json")
    assert "s3cret-of-meta" not in listed.out
    assert issued["generated"]["verify_token"] not in listed.out
    (entry,) = listed.json["connectors"]
    assert (entry["platform"], entry["label"], entry["credentials"]) == (
        "whatsapp",
        "Main number",
        ["app_secret", "verify_token"],
    )
    assert issued["connector_id"] in connectors("list").out
    assert connectors("remove", issued["connector_id"]).status == 0
    assert connectors("list", "--json").json == {"connectors": []}
    assert connectors("remove", issued["connector_id"]).status == 1


def test_adding_a_connector_tells_the_address_that_it_assumes_and_who_makes_its_handoffs(
    connectors: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = connectors("add", "chatwoot")
    assert "http://127.0.0.1:8000/v1/connectors/" in shown.out
    for words in ("reached at http://127.0.0.1:8000", "Set WARMLINE_PUBLIC_URL", "handoff=never"):
        assert words in " ".join(shown.out.split())
    way_back = ("base_url=https://desk.example", "account_id=1", "api_access_token=t")
    credentials = [part for value in way_back for part in ("--credential", value)]
    issued = connectors("add", "chatwoot", "--scope", "second", *credentials, "--json")
    assert issued.json["handoff"] == "on_transfer"
    assert "WARMLINE_PUBLIC_URL" in issued.err
    never = connectors("add", "chatwoot", "--scope", "third", *credentials, "--credential", "handoff=never", "--json")
    assert never.json["handoff"] == "never"

    monkeypatch.setenv("WARMLINE_PUBLIC_URL", "https://warmline.example")
    shown = connectors("add", "whatsapp", "--credential", "app_secret=s")
    assert "https://warmline.example/v1/connectors/" in shown.out
    assert "WARMLINE_PUBLIC_URL" not in shown.out + shown.err


def test_the_address_of_an_unsigned_chatwoot_holds_its_token(connectors: Command) -> None:
    shown = connectors("add", "chatwoot")
    assert "?token=" in shown.out
    assert "shown this once" in shown.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "teletext"), "platform"),
        (("add", "whatsapp"), "app_secret"),
        (("add", "whatsapp", "--credential", "app_secret"), "NAME=VALUE"),
        (("add", "whatsapp", "--credential", "app_secret=x", "--credential", "colour=red"), "colour"),
        (("add", "chatwoot", "--scope", "a/b"), "scope"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(connectors: Command, arguments: tuple[str, ...], words: str) -> None:
    ended = connectors(*arguments)
    assert ended.status == 1
    assert words in ended.err


def test_bodies_in_every_form_of_file_are_recognised(connectors: Command) -> None:
    hello, bye = whatsapp(messages=[whatsapp_message(1, "Hello.")]), whatsapp(messages=[whatsapp_message(2, "Bye.")])
    write("bodies/one.json", hello)
    write("bodies/named.json", {"wet": chatwoot_message(1, "Wet."), "torn": chatwoot_message(2, "Torn.")})
    write("bodies/list.json", [bye])
    write("bodies/more/lines.ndjson", "\n".join(json.dumps(chatwoot_message(n, f"Line {n}.")) for n in (3, 4)))
    write("bodies/readme.txt", "no JSON")
    ended = connectors("test", "bodies", "--json")
    assert ended.status == 0, ended.err
    assert sorted(texts(ended.json)) == ["Bye.", "Hello.", "Line 3.", "Line 4.", "Torn.", "Wet."]
    assert {body["platform"] for body in ended.json["bodies"]} == {"whatsapp", "chatwoot"}


def test_a_body_with_its_headers_is_taken_by_itself(connectors: Command) -> None:
    write("sent.json", {"headers": {"Content-Type": "application/json"}, "body": chatwoot_message(1, "Wet.")})
    assert texts(connectors("test", "sent.json", "--json").json) == ["Wet."]


def test_samples_that_share_an_id_are_all_shown(connectors: Command) -> None:
    write("same.json", {"a": chatwoot_message(1, "Wet."), "b": chatwoot_message(1, "Torn.")})
    ended = connectors("test", "same.json", "--json")
    assert (ended.status, texts(ended.json)) == (0, ["Wet.", "Torn."])
    (row,) = ended.json["bodies"][1]["rows"]
    assert "shared_id" in [warning["code"] for warning in row["warnings"]]


def test_a_body_of_nobodys_or_cut_off_ends_with_a_failure_and_the_rest_is_shown(connectors: Command) -> None:
    write("wet.json", chatwoot_message(1, "My parcel is wet."))
    write("strange.json", {"colour": "green"})
    write("cut.json", json.dumps(chatwoot_message(2, "Torn."))[:-30])
    ended = connectors("test", "wet.json", "strange.json", "cut.json")
    assert ended.status == 1
    assert "“My parcel is wet.”" in ended.out
    assert "2 of 3" in ended.err


def test_a_platform_that_is_named_keeps_what_it_does_not_know(connectors: Command) -> None:
    write("strange.json", {"colour": "green"})
    ended = connectors("test", "strange.json", "--platform", "chatwoot", "--json")
    assert ended.status == 0
    assert ended.json["bodies"][0]["rows"][0]["kind"] == "event"
    assert connectors("test", "strange.json", "--platform", "teletext").status == 1


def test_the_brief_of_each_conversation_is_shown_when_asked_for(connectors: Command) -> None:
    write(
        "talk.json",
        [chatwoot_message(1, "My parcel PX-11 is wet."), whatsapp(messages=[whatsapp_message(1, "Hello.")])],
    )
    ended = connectors("test", "talk.json", "--brief", "--json")
    assert ended.status == 0, ended.err
    assert next(brief["conversation_id"] for brief in ended.json["briefs"]) == "chatwoot:31"
    assert "PX-11" in json.dumps(ended.json["briefs"][0]["brief"])
    assert "PX-11" in connectors("test", "talk.json", "--brief").out


def test_names_between_colons_are_shown_as_they_are(connectors: Command) -> None:
    form = "MessageSid=SM7&From=%2B351911000111&To=%2B351800200300&Body=Call+me+:smile:+[bold]now[/bold]"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    shown = connectors("test", write("sms.json", {"headers": headers, "body": form}), "--platform", "twilio")
    assert shown.status == 0, shown.err
    assert "twilio:thread:" in shown.out
    assert ":smile: [bold]now[/bold]" in shown.out
