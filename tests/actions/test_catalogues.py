"""The catalogues that ship, and what is said of one that is wrong."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from app.actions import Catalogue, DecisionMaker, load_catalogue, parse_catalogue
from app.adapters.embeddings import MiniLM
from app.adapters.memory import MemoryArchive, MemoryVectors
from app.errors import ConfigurationError, InvalidRequest
from app.models import NextActionRequest
from app.signals import detect, intervene
from tests.support.builders import interaction, snapshot
from tests.support.cases import understood

SHIPPED = ("general", "retail", "airline", "bank", "telecom")

SMALL = """\
name: small
intents:
  - name: greet
    label: Greet
    examples: [hello there]
actions:
  - id: wave
    label: Wave
    intents: [greet]
    policy:
      eligibility: facts.hand == 'free'
    script: I wave at {whom}.
    parameters:
      - name: whom
        from: [mention.email]
"""


def broken(tmp_path: Path, old: str, new: str) -> str:
    """What is said of the small catalogue after one change, without the folder it lies in."""
    assert old in SMALL
    file = tmp_path / "small.yaml"
    file.write_text(SMALL.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as failure:
        load_catalogue(str(file))
    return failure.value.detail.replace(f"{tmp_path}/", "")


# --- the shipped ones -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_catalogue_is_whole(name: str) -> None:
    catalogue = load_catalogue(name)
    used = {intent for action in catalogue.actions for intent in action.intents}
    assert catalogue.name == name
    assert {intent.name for intent in catalogue.intents} <= used, "an intent nothing is done about"
    assert all(6 <= len(intent.examples) <= 12 for intent in catalogue.intents)
    assert all(action.script for action in catalogue.actions)
    assert all(action.intents or action.levels or action.instead_of for action in catalogue.actions)
    assert (12 if name == "general" else 20) <= len(catalogue.actions) <= 42


@pytest.mark.parametrize("name", SHIPPED)
def test_no_two_intents_of_a_shipped_catalogue_share_an_example(name: str) -> None:
    examples = [example.casefold() for intent in load_catalogue(name).intents for example in intent.examples]
    assert len(examples) == len(set(examples))


def test_the_airline_has_the_steps_its_bots_tools_are_named_after() -> None:
    ids = {action.id for action in load_catalogue("airline").actions}
    assert ids >= {
        "book_reservation",
        "cancel_reservation",
        "update_reservation_flights",
        "update_reservation_baggages",
        "update_reservation_passengers",
        "send_certificate",
        "transfer_to_human_agents",
        "inform_no_change",
    }


# --- what the airline's policy opens and closes -----------------------------------------------------------------------

NOW = datetime.fromisoformat("2026-05-15T15:00:00-05:00")
FUTURE = [{"flight_number": "XY101", "date": "2026-05-27"}]
PAST = [{"flight_number": "XY101", "date": "2026-05-13"}, {"flight_number": "XY102", "date": "2026-05-21"}]
LONG_AGO = "2026-05-02T10:00:00"
TODAY = "2026-05-15T09:00:00"

BASIC = {"cabin": "basic_economy"}
ECONOMY = {"cabin": "economy"}
BUSINESS = {"cabin": "business"}
INSURED = {"insurance": "yes"}
CANCEL, FLIGHTS, BAGS = "cancel_reservation", "update_reservation_flights", "update_reservation_baggages"
PASSENGERS, CERTIFICATE, BOOK = "update_reservation_passengers", "send_certificate", "book_reservation"
PLANS = "I want to cancel my reservation because of a change of plans"
ILL = "I want to cancel my reservation, I am sick"
DELAYED = "My flight was delayed and I want compensation"

POLICY_CASES: list[tuple[str, Mapping[str, Any], str, bool]] = [
    (CANCEL, BASIC, PLANS, False),
    (CANCEL, ECONOMY, PLANS, False),
    (CANCEL, BUSINESS, PLANS, True),
    (CANCEL, {**BASIC, "created_at": TODAY}, PLANS, True),
    (CANCEL, {**ECONOMY, "created_at": "2026-05-14T15:30:00"}, PLANS, True),
    (CANCEL, {**ECONOMY, "created_at": "2026-05-14T14:30:00"}, PLANS, False),
    (CANCEL, {**ECONOMY, **INSURED}, ILL, True),
    (CANCEL, {**BASIC, **INSURED}, "Cancel my trip please, there is a storm coming", True),
    (CANCEL, {**ECONOMY, **INSURED}, PLANS, False),
    (CANCEL, ECONOMY, ILL, False),
    (CANCEL, {**BASIC, "membership": "gold"}, PLANS, False),
    (CANCEL, BASIC, "The airline cancelled my flight, so cancel the reservation and refund me", True),
    (CANCEL, {**BUSINESS, "flights": PAST}, PLANS, False),
    (CANCEL, {**BUSINESS, "status": "cancelled"}, PLANS, False),
    (FLIGHTS, BASIC, "Can I move my flight to the next day?", False),
    (FLIGHTS, ECONOMY, "Can I move my flight to the next day?", True),
    (FLIGHTS, BUSINESS, "I want to switch to an earlier flight", True),
    (FLIGHTS, BASIC, "I want to upgrade to business class", True),
    (FLIGHTS, BASIC, "Upgrade my basic economy ticket to economy", True),
    (FLIGHTS, {**BASIC, **INSURED}, "Please put me on a later flight", False),
    (FLIGHTS, {**ECONOMY, "status": "cancelled"}, "Can I move my flight to the next day?", False),
    (FLIGHTS, {**ECONOMY, "flights": PAST[:1]}, "Can I move my flight to the next day?", False),
    (BAGS, BASIC, "I want to add a checked bag", True),
    (BAGS, ECONOMY, "I want to remove my checked bag and get the money back", False),
    (BAGS, {**ECONOMY, "status": "cancelled"}, "I want to add a checked bag", False),
    (PASSENGERS, BASIC, "My name is misspelt on the ticket", True),
    (PASSENGERS, ECONOMY, "Remove one passenger from my reservation", False),
    (PASSENGERS, {**ECONOMY, "flights": PAST}, "My name is misspelt on the ticket", True),
    (PASSENGERS, {**ECONOMY, "flights": PAST[:1]}, "My name is misspelt on the ticket", False),
    (CERTIFICATE, {**ECONOMY, "membership": "regular"}, DELAYED, False),
    (CERTIFICATE, {**ECONOMY, "membership": "silver"}, DELAYED, True),
    (CERTIFICATE, {**BASIC, "membership": "gold"}, DELAYED, True),
    (CERTIFICATE, {**BUSINESS, "membership": "regular"}, DELAYED, True),
    (CERTIFICATE, {**BASIC, **INSURED, "membership": "regular"}, DELAYED, True),
    (CERTIFICATE, {**BUSINESS, "membership": "gold"}, "My flight was delayed, when does it leave?", False),
    (CERTIFICATE, {**BUSINESS, "membership": "gold"}, "The seat was dirty and I want a voucher", False),
    (BOOK, ECONOMY, "I would like to book a flight", True),
]


@pytest.fixture(scope="module")
def airline() -> DecisionMaker:
    return DecisionMaker(load_catalogue("airline"), MiniLM(), MemoryArchive(), vectors=MemoryVectors())


@pytest.mark.parametrize(("action", "facts", "utterance", "is_open"), POLICY_CASES)
async def test_the_airlines_policy_opens_what_it_allows_and_closes_the_rest(
    airline: DecisionMaker, action: str, facts: Mapping[str, Any], utterance: str, is_open: bool
) -> None:
    membership = {name: value for name, value in facts.items() if name == "membership"}
    reservation = {
        "reservation_id": "QWER12",
        "flights": FUTURE,
        "created_at": LONG_AGO,
        "insurance": "no",
        **{name: value for name, value in facts.items() if name != "membership"},
    }
    rows = [
        interaction(1, utterance, at=NOW),
        interaction(
            2, json.dumps(reservation), kind="tool_result", actor="system", name="get_reservation_details", at=NOW
        ),
    ]
    if membership:
        rows.append(
            interaction(3, json.dumps(membership), kind="tool_result", actor="system", name="get_user_details", at=NOW)
        )
    case = snapshot(rows, now=NOW)
    signals = detect(case)
    decision = await airline.decide(
        case,
        await understood(airline, case),
        signals,
        intervene(signals, NOW),
        NextActionRequest(limit=5),
        started=perf_counter(),
    )
    offered = {offered_action.action_id for offered_action in decision.actions}
    suppressed = {suppressed_action.action_id: suppressed_action.detail for suppressed_action in decision.suppressed}
    assert (action in offered, action in suppressed) == (is_open, not is_open), suppressed.get(action)


# --- what is said of a wrong one --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: wave", "idd: wave", "small.yaml:7: actions[0].idd: there is no such field; is 'id' meant?"),
        (
            "[greet]\n    policy",
            "[great]\n    policy",
            "there is no intent 'great' in this catalogue; the nearest is 'greet'",
        ),
        (
            "    intents: [greet]\n    policy",
            "    intents: [greet]\n    audience: agent\n    policy",
            "actions[0].audience: give a list here",
        ),
        ("    label: Wave\n", "", "small.yaml:7: actions[0].label: this field is needed"),
        ("[greet]\n    policy", "[bow]\n    policy", "small.yaml:9: actions[0].intents.bow: there is no intent 'bow'"),
        (
            "== 'free'",
            "== ",
            "small.yaml:11: actions[0].policy.eligibility[0].expression: this is not a valid expression",
        ),
        (
            "facts.hand",
            "facct.hand",
            "small.yaml:11: actions[0].policy.eligibility[0].expression: 'facct' is not known",
        ),
        ("facts.hand == 'free'", "signals.anger > 0.1", "there is no signal 'anger'"),
        ("facts.hand == 'free'", "conversation.intents.bow > 0.1", "there is no intent 'bow' in this catalogue"),
        ("facts.hand == 'free'", "shout(facts.hand)", "there is no function 'shout'"),
        ("{whom}", "{who}", "small.yaml:12: actions[0].script: the script uses {who}"),
        ("mention.email", "memory.email", "small.yaml:15: actions[0].parameters[0].from: 'memory.email' is no place"),
        (
            "mention.email",
            "mention.mail",
            "small.yaml:15: actions[0].parameters[0].from: 'mention.mail': nothing",
        ),
        (
            "    intents: [greet]\n    policy",
            "    intents: [greet]\n    after: bow\n    policy",
            "actions[0].after.bow: there is no",
        ),
        ("    intents: [greet]\n    policy", "    intents: [greet]\n    after: wave\n    policy", "wait for itself"),
        (
            "facts.hand == 'free'",
            "{expression: 'true', instead: bow}",
            "small.yaml:11: actions[0].policy.eligibility[0].instead: there is no action 'bow'",
        ),
        ("examples: [hello there]", "examples: []", "small.yaml:5: intents[0].examples:"),
        (
            "label: Greet\n",
            "label: Greet\n    label: Hail\n",
            "small.yaml:4: intents[0].label: this key stands here twice",
        ),
        ("name: small", "name: 'a name with spaces'", "small.yaml:1: name:"),
        ("name: small\n", "name: [small\n", "small.yaml:2: this is not valid YAML"),
    ],
)
def test_an_error_names_the_file_the_line_and_the_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert message in broken(tmp_path, old, new)


def test_an_id_used_twice_is_named(tmp_path: Path) -> None:
    again = SMALL[SMALL.index("  - id: wave") :]
    file = tmp_path / "small.yaml"
    file.write_text(SMALL + again, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"small.yaml:16: actions\[1\].id: 'wave' is used twice"):
        load_catalogue(str(file))


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    message = broken(tmp_path, "facts.hand == 'free'\n    script: I wave at {whom}.", "nobody\n    script: Hi {you}.")
    assert len(message.splitlines()) == 2


@pytest.mark.parametrize("content", [b"", b"- a list", b"\xff\xfe\x00", b"just words"])
def test_a_file_that_is_no_catalogue_is_refused_in_plain_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "small.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"small\.yaml"):
        load_catalogue(str(file))


def test_an_unknown_catalogue_is_answered_with_the_names_of_the_shipped_ones() -> None:
    with pytest.raises(ConfigurationError, match="airline, bank, general, retail, telecom"):
        load_catalogue("bakery")


def test_a_catalogue_from_json_says_which_field_is_wrong() -> None:
    with pytest.raises(InvalidRequest) as failure:
        parse_catalogue({"name": "small", "actions": [{"id": "wave", "label": "Wave", "value": -1}]})
    assert [error["path"] for error in failure.value.errors] == ["actions[0].value"]


def test_a_catalogue_read_from_yaml_and_written_as_json_is_the_same() -> None:
    catalogue = load_catalogue("retail")
    assert isinstance(catalogue, Catalogue)
    assert parse_catalogue(catalogue.model_dump(mode="json", by_alias=True)) == catalogue
