"""Who is who in a vCon, told by what it says and by what is said; times without a zone; what is not handed on."""

from typing import Any

import pytest

from app.errors import InvalidRequest
from app.formats.options import ReadingOptions
from app.formats.vcon import interactions_of, read_vcon
from app.models import Kind
from tests.support.vcon_documents import messages, read, recording, refused, text_dialog, transcript, vcon

REPORTED = "Yes hello, my order KD-771 never came and I would like my money back."
GREETED = "Kestrel Direct, this is Imke, thank you for calling. How can I help you?"
PROMISED = "I am sorry. I will send you a new one today."
NAMED = [{"tel": "+12025550161", "name": "Olu Bello"}, {"tel": "+12025550162", "name": "Imke Voss"}]


def utterances(*spoken: tuple[str, str]) -> dict[str, Any]:
    return {
        "utterances": [
            {"speaker": speaker, "text": text, "start": 5000 * number, "end": 5000 * number + 4000}
            for number, (speaker, text) in enumerate(spoken)
        ]
    }


CALLER_FIRST = utterances(("A", REPORTED), ("B", GREETED), ("B", PROMISED))


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_who_speaks_first_and_who_is_listed_first_decide_nothing(order: list[int]) -> None:
    parties = [{**NAMED[0], "role": "customer"}, {**NAMED[1], "role": "agent"}]
    drafts = read(
        parties=[parties[index] for index in order], dialog=[recording()], analysis=[transcript(CALLER_FIRST)]
    )
    assert messages(drafts) == [("customer", REPORTED), ("agent", GREETED), ("agent", PROMISED)]
    assert drafts[0].identifiers[0].value == "+12025550161"


def test_without_roles_sides_are_told_by_what_is_said_and_people_by_their_names() -> None:
    result = read_vcon(vcon(parties=NAMED, dialog=[recording()], analysis=[transcript(CALLER_FIRST)]), ReadingOptions())
    spoken = [draft for draft in result.drafts if draft.kind is Kind.MESSAGE]
    assert [draft.participant and draft.participant.name for draft in spoken] == ["Olu Bello", "Imke Voss", "Imke Voss"]
    assert messages(list(result.drafts))[0] == ("customer", REPORTED)
    assert {identifier.value for identifier in spoken[0].identifiers} == {"+12025550161"}
    assert [(label, speaker.reason) for label, speaker in result.speakers] == [
        ("A = Olu Bello", "talk"),
        ("B = Imke Voss", "talk"),
    ]


def test_the_only_party_of_another_domain_is_the_customer() -> None:
    parties = [
        {"mailto": "ada@desk.example", "name": "Ada Lund"},
        {"mailto": "ben@desk.example", "name": "Ben Moss"},
        {"mailto": "zoe@home.example", "name": "Zoe Reed"},
    ]
    body = "Ada Lund: Shall we begin?\nBen Moss: Her parcel was lost twice.\nZoe Reed: I want it by Friday."
    drafts = read(parties=parties, dialog=[recording(parties=[0, 1, 2])], analysis=[transcript(body, encoding="none")])
    assert [actor for actor, _ in messages(drafts)] == ["agent", "agent", "customer"]
    assert drafts[0].identifiers[0].value == "zoe@home.example"


def test_addresses_that_are_set_as_ours_serve() -> None:
    parties = [{"mailto": "x@north.example"}, {"mailto": "y@south.example"}]
    document = vcon(parties=parties, dialog=[text_dialog("Ok."), text_dialog("Ok.", by=1, minute=1)])
    drafts = interactions_of(document, ReadingOptions(our_addresses=("south.example",)))
    assert [actor for actor, _ in messages(drafts)] == ["customer", "agent"]


def test_whoever_cannot_be_told_apart_is_unknown_and_the_warning_says_how_to_tell() -> None:
    parties = [{"name": "X", "tel": "+12025550163"}, {"name": "Y", "tel": "+12025550164"}]
    document = vcon(parties=parties, dialog=[text_dialog("Ok."), text_dialog("Ok.", by=1, minute=1)])
    result = read_vcon(document, ReadingOptions())
    assert [draft.actor.value for draft in result.drafts] == ["system", "system"]
    assert [draft.data["side"] for draft in result.drafts] == ["unknown", "unknown"]
    assert [draft.participant and draft.participant.name for draft in result.drafts] == ["X", "Y"]
    assert [draft.identifiers for draft in result.drafts] == [(), ()]
    (warning,) = result.warnings[0]
    assert (warning.field, warning.code) == ("actor", "side_unknown")
    assert "`customer`" in warning.detail


@pytest.mark.parametrize("meant", ["Y", "y", "1"])
def test_the_sender_may_name_the_customer(meant: str) -> None:
    parties = [{"name": "X", "tel": "+12025550163"}, {"name": "Y", "tel": "+12025550164"}]
    document = vcon(parties=parties, dialog=[text_dialog("Ok."), text_dialog("Ok.", by=1, minute=1)])
    result = read_vcon(document, ReadingOptions(customer=meant))
    assert [draft.actor.value for draft in result.drafts] == ["agent", "customer"]
    assert result.drafts[0].identifiers[0].value == "+12025550164"
    assert list(result.warnings) == [(), ()]


def test_a_customer_who_is_nobody_here_is_refused_with_those_who_are() -> None:
    document = vcon(dialog=[recording()], analysis=[transcript(CALLER_FIRST)])
    with pytest.raises(InvalidRequest, match=r"Nobody here is called 'Q'.*A, B"):
        interactions_of(document, ReadingOptions(customer="Q"))


def test_a_transcript_of_a_text_dialog_without_a_word_is_the_talk() -> None:
    silent = {"type": "text", "start": "2026-03-02T09:00:00Z", "duration": 60, "parties": [0, 1]}
    drafts = read(dialog=[silent], analysis=[transcript("An Agent: Hello.\n\nCustomer: Hi.", encoding="none")])
    assert messages(drafts) == [("agent", "Hello."), ("customer", "Hi.")]
    assert {draft.channel.value for draft in drafts} == {"voice"}


def test_a_transcript_without_any_dialog_is_the_talk() -> None:
    drafts = read(analysis=[transcript("Agent: Hello.\nCustomer: Hi.", encoding="none", dialog=[])])
    assert messages(drafts) == [("agent", "Hello."), ("customer", "Hi.")]


def test_a_role_may_stand_in_meta_or_beside_the_name() -> None:
    parties = [{"name": "Agent Bo Lund"}, {"name": "Ida", "meta": {"role": "customer"}}]
    drafts = read(parties=parties, dialog=[text_dialog("Hello"), text_dialog("Hi", by=1, minute=1)])
    assert messages(drafts) == [("agent", "Hello"), ("customer", "Hi")]


@pytest.mark.parametrize(("naive_times", "hour"), [("utc", "09:00:00+00:00"), ("Europe/Berlin", "09:00:00+01:00")])
def test_a_time_without_a_zone_is_of_the_zone_that_is_set(naive_times: str, hour: str) -> None:
    document = vcon(dialog=[text_dialog("Hello", start="2026-03-02T09:00:00.123456")])
    (draft,) = interactions_of(document, ReadingOptions(naive_times))
    assert draft.occurred_at is not None
    assert draft.occurred_at.replace(microsecond=0).isoformat() == f"2026-03-02T{hour}"


def test_where_such_times_are_refused_the_refusal_names_the_setting() -> None:
    document = vcon(dialog=[text_dialog("Hello", start="2026-03-02T09:00:00")])
    with pytest.raises(InvalidRequest) as failure:
        interactions_of(document, ReadingOptions("refuse"))
    (error,) = failure.value.errors
    assert error["path"] == "dialog[0].start"
    assert "WARMLINE_NAIVE_TIMES" in str(error["message"])


def test_dialogs_that_are_elsewhere_may_be_minus_one() -> None:
    transfer = {
        "type": "transfer",
        "start": "2026-03-02T09:00:00Z",
        "transferor": 1,
        "original": -1,
        "target_dialog": [-1],
    }
    (draft,) = read(dialog=[transfer])
    assert draft.name == "transfer"
    assert refused(vcon(dialog=[{**transfer, "original": -2}]))
