"""The command line: what it prints, where it prints it, and how it ends."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from app.bootstrap import build
from app.demo import Service
from app.models import HandoffRequest, VerificationStatus
from app.settings import Settings
from tests.interfaces.command import Command

TURNS: list[dict[str, Any]] = [
    {"role": "customer", "text": "My parcel PK-20417 has not come. I want my 40.00 EUR back."},
    {"role": "tool_call", "name": "find_parcel", "arguments": {"parcel": "PK-20417"}},
    {"role": "tool_result", "name": "find_parcel", "text": '{"status": "lost"}'},
    {"role": "bot", "text": "I am sorry, parcel PK-20417 is lost. I will refund the 40.00 EUR within two days."},
    {"role": "customer", "text": "That takes too long. I want to talk to a person."},
]


def a_conversation(**fields: Any) -> dict[str, Any]:
    whole = {"id": "talk", "started_at": "2026-03-02T09:00:00Z", "customer_ref": "acc-1", "turns": TURNS}
    return whole | fields


def written(folder: Path, name: str, *values: object) -> str:
    """A file with one JSON value a line."""
    path = folder / name
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return name


def an_interaction(**fields: Any) -> dict[str, Any]:
    return {"channel": "web", "actor": "customer", "kind": "event", "name": "login", "outcome": "failed"} | fields


# --- in general -----------------------------------------------------------------------------------------------------


def test_the_help_lists_every_command(warmline: Command) -> None:
    ended = warmline("--help")
    assert ended.status == 0
    for name in (
        "serve",
        "demo",
        "import",
        "reindex",
        "handoff",
        "next-action",
        "verify",
        "marks",
        "doctor",
        "eval",
        "bench",
    ):
        assert re.search(rf"^│ {name} ", ended.out, re.MULTILINE), name


def test_a_wrong_use_is_status_two_and_a_failure_is_status_one(warmline: Command) -> None:
    assert warmline("handoff").status == 2
    assert warmline("no-such-command").status == 2
    assert warmline("handoff", "--conversation", "absent.json").status == 1


def test_a_setting_that_makes_no_sense_is_named(warmline: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMLINE_LOG_LEVEL", "LOUD")
    ended = warmline("doctor")
    assert ended.status == 1
    assert "WARMLINE_LOG_LEVEL: Use one of" in ended.err


@pytest.mark.parametrize("command", ["doctor", "serve"])
@pytest.mark.parametrize(
    ("variable", "origin"),
    [("WARMLINE_MODLE", "the environment"), ("warmline_modle", "the environment"), (None, ".env")],
)
def test_a_setting_that_is_not_known_stops_the_start_and_the_nearest_one_is_named(
    warmline: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, variable: str | None, origin: str
) -> None:
    if variable is None:
        (folder / ".env").write_text("OTHERS_SETTING=1\nWARMLINE_MODLE=openai/gpt-4o-mini\n", encoding="utf-8")
    else:
        monkeypatch.setenv(variable, "openai/gpt-4o-mini")

    ended = warmline(command)

    assert (ended.status, ended.out) == (1, "")
    problem = " ".join(ended.err.split())
    assert "There is no setting WARMLINE_MODLE; the nearest is WARMLINE_MODEL." in problem
    assert f"Rename or remove it in {origin}." in problem


def test_a_setting_of_the_contract_that_is_not_supported_stops_no_start_and_says_so(
    warmline: Command, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WARMLINE_BROKER_URL", "nats://127.0.0.1:4222")
    warmline("doctor", "--json")
    assert "WARMLINE_BROKER_URL in the environment has no effect" in caplog.text


def test_settings_of_others_in_the_environment_and_in_a_dotenv_are_left_alone(
    warmline: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("OTEL_SERVICE_NAME=desk\nWARMLINE_RATE_LIMIT=7\n", encoding="utf-8")
    monkeypatch.setenv("WARM", "1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")

    assert warmline("doctor", "--json").json["settings"]["WARMLINE_RATE_LIMIT"] == "7"


# --- verify -----------------------------------------------------------------------------------------------------------


def test_verify_prints_a_verdict_for_each_sentence_and_touches_no_store(warmline: Command, folder: Path) -> None:
    talk = written(folder, "talk.json", a_conversation())
    utterance = next(turn["text"] for turn in TURNS if turn.get("role") == "customer")
    claims = written(folder, "claims.json", [f"The customer says: “{utterance}”", "The customer owes 77.31 EUR."])
    ended = warmline("verify", "--conversation", talk, "--claims", claims, "--json")
    assert ended.status == 0, ended.err
    verdicts = ended.json["verdicts"]
    assert [verdict["supported"] for verdict in verdicts] == [True, False]
    assert "77.31" in verdicts[1]["why"]
    assert sorted(path.name for path in folder.iterdir()) == ["claims.json", "talk.json"]


@pytest.mark.parametrize("claims", [{"claims": []}, ["", 3], "a sentence"])
def test_verify_says_what_claims_look_like_when_they_are_none(warmline: Command, folder: Path, claims: object) -> None:
    talk = written(folder, "talk.json", a_conversation())
    ended = warmline("verify", "--conversation", talk, "--claims", written(folder, "claims.json", claims))
    assert ended.status == 1
    assert "claims.json" in ended.err


# --- handoff --------------------------------------------------------------------------------------------------------


def test_handoff_prints_the_contracts_json_alone_and_touches_no_store(warmline: Command, folder: Path) -> None:
    ended = warmline("handoff", "--conversation", written(folder, "talk.json", a_conversation()), "--json")
    assert ended.status == 0, ended.err
    handoff = ended.json
    assert handoff["status"] == "completed"
    assert handoff["engine"] == "extractive"
    assert handoff["conversation_id"] == "talk"
    assert "PK-20417" in json.dumps(handoff["brief"])
    assert handoff["next_actions"]["audience"] == "agent"
    assert "request" not in handoff
    assert [path.name for path in folder.iterdir()] == ["talk.json"]


def test_handoff_is_judged_a_second_after_the_last_turn_unless_told_otherwise(warmline: Command, folder: Path) -> None:
    file = written(folder, "talk.json", a_conversation())
    shortened = warmline("handoff", "--conversation", file, "--now", "2026-03-02T09:00:10Z", "--json").json
    whole = warmline("handoff", "--conversation", file, "--json").json
    assert "two days" not in json.dumps(shortened["brief"])
    assert "two days" in json.dumps(whole["brief"]["commitments"])


def test_what_is_later_than_the_moment_asked_about_is_counted_beside_the_answer(
    warmline: Command, folder: Path
) -> None:
    file = written(folder, "talk.json", a_conversation())
    assert "after --now" not in warmline("next-action", "--conversation", file).err
    shortened = warmline("next-action", "--conversation", file, "--now", "2026-03-02T09:00:10Z")
    assert "turns are after --now (2026-03-02T09:00:10+0000) and not read." in shortened.err


def test_handoff_for_people_is_a_card_without_colour_off_a_terminal(warmline: Command, folder: Path) -> None:
    ended = warmline("handoff", "--conversation", written(folder, "talk.json", a_conversation()))
    assert ended.status == 0, ended.err
    for words in ("Handoff", "account id acc-1", "Do next", "Evidence", "My parcel PK-20417 has not come."):
        assert words in ended.out
    assert "\x1b" not in ended.out


def test_handoff_reads_standard_input(warmline: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    source = TextIOWrapper(BytesIO(json.dumps(a_conversation(), indent=2).encode()))
    monkeypatch.setattr(sys, "stdin", source)
    assert warmline("handoff", "--conversation", "-", "--json").json["conversation_id"] == "talk"


def test_handoff_takes_the_first_conversation_of_a_file_or_the_one_named(warmline: Command, folder: Path) -> None:
    file = written(folder, "talks.jsonl", a_conversation(id="one"), a_conversation(id="two"))
    assert warmline("handoff", "--conversation", file, "--json").json["conversation_id"] == "one"
    named = warmline("handoff", "--conversation", file, "--id", "two", "--json")
    assert named.json["conversation_id"] == "two"
    missed = warmline("handoff", "--conversation", file, "--id", "three")
    assert missed.status == 1
    assert "talks.jsonl: none of its 2 conversations has the id 'three'" in missed.err


@pytest.mark.parametrize("known_as", ["acc-1", None])
def test_a_conversation_without_turns_gives_answers_with_nothing_to_say(
    warmline: Command, folder: Path, known_as: str | None
) -> None:
    file = written(folder, "empty.json", a_conversation(turns=[], customer_ref=known_as))
    handoff = warmline("handoff", "--conversation", file, "--json")
    decision = warmline("next-action", "--conversation", file, "--json")
    assert (handoff.status, decision.status) == (0, 0), handoff.err + decision.err
    assert (handoff.json["status"], handoff.json["failure_code"]) == ("failed", "insufficient_content")
    assert handoff.json["conversation_id"] == decision.json["conversation_id"] == "talk"
    assert warmline("handoff", "--conversation", file).status == 0


def test_gold_is_never_read(warmline: Command, folder: Path) -> None:
    gold: dict[str, Any] = {"goal": "give me the zebra", "actions": [{"name": "zebra", "kwargs": {}}]}
    ended = warmline("handoff", "--conversation", written(folder, "t.json", a_conversation(gold=gold)), "--json")
    assert ended.status == 0, ended.err
    assert "zebra" not in ended.out


def test_a_broken_conversation_is_told_with_file_line_and_field(warmline: Command, folder: Path) -> None:
    broken = a_conversation(turns=[{"role": "robot", "text": "beep"}])
    ended = warmline("handoff", "--conversation", written(folder, "talk.json", broken))
    assert ended.status == 1
    assert ended.err.startswith("warmline: talk.json: line 1: turns[0].role: Use one of")
    assert ended.out == ""


def test_a_catalogue_that_does_not_exist_is_told_in_words(warmline: Command, folder: Path) -> None:
    file = written(folder, "talk.json", a_conversation())
    ended = warmline("handoff", "--conversation", file, "--catalogue", "nowhere")
    assert ended.status == 1
    assert "nowhere" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("moment", ["yesterday", "2026-03-02T09:00:00"])
def test_a_time_without_sense_or_offset_is_a_wrong_use(warmline: Command, moment: str) -> None:
    ended = warmline("handoff", "--conversation", "talk.json", "--now", moment)
    assert ended.status == 2
    assert "--now" in ended.err


# --- next actions ---------------------------------------------------------------------------------------------------


def test_next_action_prints_at_most_so_many_actions_for_the_audience(warmline: Command, folder: Path) -> None:
    file = written(folder, "talk.json", a_conversation())
    ended = warmline(
        "next-action", "--conversation", file, "--audience", "agent", "--limit", "1", "--catalogue", "retail", "--json"
    )
    assert ended.status == 0, ended.err
    assert ended.json["audience"] == "agent"
    assert len(ended.json["actions"]) == 1
    assert [path.name for path in folder.iterdir()] == ["talk.json"]


def test_next_action_for_people_says_how_forward_to_be(warmline: Command, folder: Path) -> None:
    ended = warmline("next-action", "--conversation", written(folder, "talk.json", a_conversation()))
    assert ended.status == 0, ended.err
    assert "Do next" in ended.out
    assert "friction" in ended.out


# --- import ---------------------------------------------------------------------------------------------------------


def test_import_files_interactions_and_conversations_into_the_configured_ledger(
    warmline: Command, folder: Path
) -> None:
    rows = written(folder, "rows.ndjson", an_interaction(id="e1"), {"interactions": [an_interaction(id="e2")]})
    ended = warmline("import", rows, written(folder, "talk.json", a_conversation()), "--json")
    assert ended.status == 0, ended.err
    assert ended.json | {"filed": 7, "duplicates": 0, "refused": 0, "problems": []} == ended.json

    async def handoff() -> VerificationStatus:
        async with build(Settings.model_construct(data_dir=folder / "data", vectors_url="memory:")) as app:
            filed = await app.handoffs.create("default", HandoffRequest(conversation_id="talk"))
            assert "PK-20417" in filed.brief.model_dump_json()
            return filed.verification_status

    assert asyncio.run(handoff()) is not VerificationStatus.VERIFIED


def test_import_takes_vcons(warmline: Command, folder: Path) -> None:
    vcon = {
        "vcon": "0.3.0",
        "uuid": "01920c3a-0000-8000-8000-000000000001",
        "created_at": "2026-03-02T09:05:00Z",
        "parties": [
            {"mailto": "customer@example.com", "role": "customer"},
            {"name": "Service desk", "role": "agent"},
        ],
        "dialog": [
            {
                "type": "text",
                "start": "2026-03-02T09:00:00Z",
                "parties": 0,
                "originator": 0,
                "mediatype": "text/plain",
                "body": "My parcel PK-20417 has not come.",
                "encoding": "none",
            }
        ],
    }
    ended = warmline("import", written(folder, "talk.vcon", vcon), "--json")
    assert ended.status == 0, ended.err
    assert ended.json["filed"] == 1


def test_importing_again_adds_nothing(warmline: Command, folder: Path) -> None:
    file = written(folder, "talk.json", a_conversation())
    assert warmline("import", file).out.endswith("5 interactions filed, 0 were there already, 0 rows refused.\n")
    assert warmline("import", file, "--json").json["duplicates"] == 5


def test_importing_a_conversation_without_times_again_adds_nothing(warmline: Command, folder: Path) -> None:
    file = written(folder, "talk.json", a_conversation(started_at=None))
    assert warmline("import", file, "--json").json["filed"] == 5
    again = warmline("import", file, "--json").json
    assert (again["filed"], again["duplicates"], again["refused"], again["problems"]) == (0, 5, 0, [])


def test_importing_a_conversation_without_turns_says_that_there_is_nothing(warmline: Command, folder: Path) -> None:
    ended = warmline("import", written(folder, "talk.json", a_conversation(turns=[])))
    assert ended.status == 1
    assert "talk.json:1: turns is empty" in ended.err


def test_import_goes_on_past_bad_rows_and_says_where_they_are(warmline: Command, folder: Path) -> None:
    file = folder / "mixed.ndjson"
    lines = [
        json.dumps(an_interaction(id="good")),
        "{oops",
        json.dumps(an_interaction(channel="pigeon")),
        json.dumps({"parcel": "PK-20417"}),
        json.dumps(a_conversation(turns=[{"role": "bot"}])),
        json.dumps(an_interaction(id="good", text="something else")),
        json.dumps(an_interaction(id="also good")),
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    ended = warmline("import", "mixed.ndjson", "--json")
    assert ended.status == 1
    assert (ended.json["filed"], ended.json["refused"]) == (2, 5)
    assert {problem["line"] for problem in ended.json["problems"]} == {2, 3, 4, 5, 6}
    assert "mixed.ndjson:3: channel: Use one of" in ended.err
    assert "mixed.ndjson:4: this is no interaction" in ended.err


def test_import_of_a_file_that_is_not_there_writes_nothing(warmline: Command, folder: Path) -> None:
    ended = warmline("import", written(folder, "rows.ndjson", an_interaction()), "absent.json")
    assert ended.status == 1
    assert "absent.json cannot be read: No such file or directory" in ended.err
    assert not (folder / "data").exists()


def test_more_rows_than_one_batch_are_all_filed(warmline: Command, folder: Path) -> None:
    rows = [an_interaction(id=f"e{number}") for number in range(1101)]
    (folder / "many.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    ended = warmline("import", "many.json", "--json")
    assert ended.json | {"filed": 1101, "duplicates": 0, "refused": 0, "problems": []} == ended.json


# --- doctor ---------------------------------------------------------------------------------------------------------


def test_doctor_shows_the_settings_in_force_without_secrets_and_finds_all_parts_well(
    warmline: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMLINE_MODEL_API_KEY", "sk-secret")
    monkeypatch.setenv("WARMLINE_LOG_LEVEL", "ERROR")
    ended = warmline("doctor", "--json")
    assert ended.status == 0, ended.out
    assert ended.json["healthy"] is True
    assert ended.json["settings"]["WARMLINE_LOG_LEVEL"] == "ERROR"
    assert "sk-secret" not in ended.out
    parts = {
        "python",
        "data folder",
        "catalogue and prompt",
        "other processes",
        "ledger",
        "embedder and vectors",
        "sample handoff",
        "model",
    }
    assert ended.json["checks"].keys() == parts
    assert {check["status"] for check in ended.json["checks"].values()} == {"ok"}


def test_doctor_hides_the_password_in_an_address() -> None:
    from app.interfaces.cli.doctor import shown_settings

    address = "postgresql+asyncpg://warm:secret@db.example.com/ledger"
    shown = shown_settings(Settings.model_construct(database_url=address))
    assert shown["WARMLINE_DATABASE_URL"] == "postgresql+asyncpg://warm:********@db.example.com/ledger"


def test_doctor_fails_when_a_part_is_broken_and_says_how_to_mend_it(
    warmline: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMLINE_CATALOGUE", "nowhere")
    ended = warmline("doctor")
    assert ended.status == 1
    assert "nowhere" in ended.out
    assert "failed" in ended.out


def test_doctor_fails_when_the_model_does_not_answer(warmline: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        monkeypatch.setenv("WARMLINE_MODEL", "hosted_vllm/any")
        monkeypatch.setenv("WARMLINE_MODEL_BASE_URL", f"http://127.0.0.1:{port}/v1")
        ended = warmline("doctor", "--json")
    assert ended.status == 1
    assert ended.json["checks"]["model"]["status"] == "failed"
    assert "model_unavailable" in ended.json["checks"]["model"]["detail"]


# --- serve ----------------------------------------------------------------------------------------------------------


def test_several_workers_are_refused_on_embedded_stores_with_what_to_set(warmline: Command) -> None:
    ended = warmline("serve", "--workers", "2")
    assert ended.status == 1
    assert "WARMLINE_VECTORS_URL" in ended.err


def test_serve_with_a_wrong_catalogue_says_so_and_does_not_start(
    warmline: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMLINE_CATALOGUE", "nowhere")
    ended = warmline("serve")
    assert ended.status == 1
    assert ended.err.startswith("warmline: ")
    assert "nowhere" in ended.err


def test_serve_answers_and_ends_well_when_asked_to_stop(folder: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "app.interfaces.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    service = Service(f"http://127.0.0.1:{port}")
    try:
        deadline = monotonic() + 120
        while not service.is_warm():
            assert process.poll() is None
            assert monotonic() < deadline
            sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        _, output = process.communicate(timeout=120)
    # The server finishes what is going on and then ends by the signal, as its caller expects.
    assert process.returncode in (0, -signal.SIGTERM), output
    assert "Application shutdown complete" in output
    assert "Traceback" not in output


# --- eval -----------------------------------------------------------------------------------------------------------


def test_eval_handoffs_reads_a_file_of_one_document_and_names_the_line_of_what_is_wrong(
    warmline: Command, folder: Path
) -> None:
    gold: dict[str, Any] = {"goal": "a refund of $40.00", "actions": []}
    talks = [a_conversation(id="one", gold=gold), a_conversation(id="two", gold=gold)]
    (folder / "talks.json").write_text(json.dumps(talks, indent=2), encoding="utf-8")
    wrong = written(folder, "wrong.jsonl", talks[0], {"id": "three"})
    assert warmline("eval", "handoffs", "--data", "talks.json", "--json").json["n"] == 2
    assert f"{wrong}:2: turns: This field is needed." in warmline("eval", "handoffs", "--data", wrong).err


def test_eval_handoffs_prints_the_contracts_figures(warmline: Command, folder: Path) -> None:
    gold: dict[str, Any] = {"goal": "a refund of $40.00", "actions": []}
    file = written(folder, "talks.jsonl", a_conversation(id="one", gold=gold), a_conversation(id="two", gold=gold))
    ended = warmline("eval", "handoffs", "--data", file, "--json")
    assert ended.status == 0, ended.err
    keys = "n relevant_recall relevant_precision prose_recall fabricated words_max words_median p50_ms p99_ms"
    assert set(keys.split()) <= ended.json.keys()
    assert ended.json["n"] == 2
    assert [path.name for path in folder.iterdir()] == ["talks.jsonl"]
