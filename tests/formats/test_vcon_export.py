"""A vCon that is handed on keeps to the draft, and holds nothing that our side wrote among itself."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from app.formats.vcon import interactions_of, vcon_of
from app.models import Actor, Claim, Interaction, Kind
from tests.support.builders import interaction
from tests.support.vcon_documents import JOURNEY, customer, handoff
from tests.support.vcon_schema import SCHEMA

NOTE = interaction(7, "Give him nothing, he shouts.", kind=Kind.NOTE, actor=Actor.AGENT)
STEP = interaction(8, "", kind=Kind.LIFECYCLE, actor=Actor.SYSTEM, name="resolved")
EDIT = interaction(9, "An older wording.", kind=Kind.EDIT)
ROWS = [*JOURNEY, NOTE, STEP, EDIT]


def written(rows: list[Interaction] = ROWS, *claims: Claim, internal: bool = False) -> dict[str, Any]:
    return json.loads(json.dumps(vcon_of(handoff(*claims), rows, customer(), internal=internal)))


@pytest.mark.parametrize("rows", [ROWS, JOURNEY, JOURNEY[:1], []], ids=["all", "journey", "an event", "nothing"])
@pytest.mark.parametrize("internal", [False, True])
def test_what_is_written_keeps_to_the_draft(rows: list[Interaction], internal: bool) -> None:
    faults = Draft202012Validator(SCHEMA, format_checker=FormatChecker()).iter_errors(written(rows, internal=internal))
    assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []


def test_notes_of_our_side_are_handed_on_on_request_only() -> None:
    assert NOTE.text not in json.dumps(written())
    assert NOTE.text in json.dumps(written(internal=True))


def test_claims_that_only_a_note_bears_out_stay_with_it() -> None:
    claims = (
        Claim(text="He shouts.", evidence=("int_7",), support=1.0),
        Claim(text="The parcel is late.", evidence=("int_7", "int_2"), support=1.0),
    )
    (analysis,) = written(ROWS, *claims)["analysis"]
    assert [claim["text"] for claim in analysis["body"]["claims"]] == ["The parcel is late."]
    (whole,) = written(ROWS, *claims, internal=True)["analysis"]
    assert len(whole["body"]["claims"]) == 2


def test_edits_are_no_talk_and_steps_of_a_lifecycle_are_attachments() -> None:
    document = written(internal=True)
    assert EDIT.text not in json.dumps(document)
    kinds = [attachment["body"]["kind"] for attachment in document["attachments"]]
    assert kinds.count("lifecycle") == 1
    steps = [draft for draft in interactions_of(document) if draft.kind is Kind.LIFECYCLE]
    assert [step.name for step in steps] == ["resolved"]
