"""Several people on the customer's side stay several: who wants what, and whose matter it is, is told apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from app.briefs.case_reader import read_case
from app.briefs.extractive import compose
from app.briefs.speakers import with_speakers
from app.briefs.wishes import UNSETTLED
from app.models import Brief, HandoffRequest, Intent, Interaction, Participant, ResolutionStatus
from app.nlu.persons import leans_on_somebody
from tests.support.builders import interaction, snapshot

Line = tuple[str, str] | tuple[str, str, Mapping[str, Any]]


def rows(*lines: Line, channel: str = "whatsapp") -> list[Interaction]:
    """One conversation: of each line the actor, the words and what tells who spoke."""
    conversation: list[Interaction] = []
    for seq, (actor, text, *rest) in enumerate(lines, start=1):
        fields = dict(rest[0]) if rest else {}
        who = fields.pop("participant", None)
        row = interaction(seq, text, actor=actor, channel=channel, **fields)
        conversation.append(row.model_copy(update={"participant": who}))
    return conversation


def brief(conversation: Sequence[Interaction], locale: str | None = None) -> Brief:
    return compose(snapshot(conversation), Intent(), HandoffRequest(conversation_id="c1", locale=locale))


def sender(name: str) -> dict[str, Any]:
    return {"data": {"sender": name}}


def nested(name: str, number: str) -> dict[str, Any]:
    return {"data": {"author": {"id": number, "name": name}}}


def who(name: str, number: str | None = None) -> dict[str, Any]:
    return {"participant": Participant(name=name, id=number)}


def house(first: Mapping[str, Any], second: Mapping[str, Any], label: str = "{name}: ") -> list[Interaction]:
    """Two tenants of one house; `label` stands before their words."""
    ines, tom = label.format(name="Ines"), label.format(name="Tom")
    return rows(
        ("customer", f"{ines}the heating in flat 3 is cold since Monday, please send somebody", first),
        ("customer", f"{tom}and I still wait for my deposit of 800 euros, order DEP-77", second),
        ("agent", "I have booked the fitter for flat 3 on Friday at 9."),
        ("customer", f"{ines}perfect, thank you so much!", first),
        ("customer", f"{tom}and when do I get my deposit back?", second),
    )


@pytest.mark.parametrize(
    "conversation",
    [
        house(sender("Ines"), sender("Tom")),
        house({}, {}),
        house(who("Ines Prado", "1"), who("Tom Weil", "2")),
        house(who("Ines Prado", "1"), who("Tom Weil", "2"), ""),
        house(nested("Ines", "41"), nested("Tom", "42"), ""),
        house({"data": {"pushName": "Ines"}}, {"data": {"pushName": "Tom"}}, ""),
        house({"data": {"from": "Ines <ines@haus.example>"}}, {"data": {"from": "Tom <tom@haus.example>"}}, ""),
    ],
)
def test_who_wants_what_is_told_by_name_however_the_platform_names_them(conversation: list[Interaction]) -> None:
    briefing = brief(conversation)
    assert briefing.contact_reason is not None
    assert briefing.contact_reason.startswith("Ines")
    assert (
        briefing.contact_reason.index("heating")
        < briefing.contact_reason.index("Tom")
        < briefing.contact_reason.index("deposit")
    )
    assert briefing.suggested_opening is not None
    assert briefing.suggested_opening.startswith("Hello Tom")
    assert "heating" not in briefing.suggested_opening
    assert briefing.resolution_status is not ResolutionStatus.RESOLVED
    asked = briefing.open_questions[0] if briefing.open_questions else briefing.customer_expectation
    assert asked is not None
    assert asked.startswith("Tom")
    assert "deposit" in asked
    for claim in briefing.claims:
        texts = {row.interaction_id: row.text for row in conversation}
        assert all(quote.text in texts[quote.interaction_id] for quote in claim.quotes)


def test_a_short_name_that_fits_two_people_is_joined_with_neither() -> None:
    conversation = rows(
        ("customer", "the lift is stuck", sender("Kim Berg")),
        ("customer", "the cellar is wet", sender("Kim Vogel")),
        ("customer", "and the door is open", sender("Kim")),
    )
    names = [row.participant.name for row in with_speakers(conversation) if row.participant]
    assert names == ["Kim Berg", "Kim Vogel", "Kim"]


def test_a_place_that_something_comes_from_is_nobody() -> None:
    conversation = rows(("customer", "the coach is late", {"data": {"from": "Leeds"}}))
    assert with_speakers(conversation)[0].participant is None


def test_a_label_is_no_part_of_what_was_said_and_is_not_read_aloud() -> None:
    spoken = [row.text for row in with_speakers(house({}, {})) if row.actor == "customer"]
    assert all(not text.startswith(("Ines", "Tom")) for text in spoken)
    assert spoken[0] == "the heating in flat 3 is cold since Monday, please send somebody"


@pytest.mark.parametrize(
    "texts",
    [
        ["Note: the parcel is late", "Please tell me where it is.", "Update: it came broken", "I want my money back"],
        ["Name: Ines Prado", "Phone: 0176 1234567", "Problem: no heating"],
        ["Hi: I need help", "see https://shop.example/help", "at 10:30 please"],
        ["Error: no connection", "Error: no connection", "I see this all day"],
        ["Ines: the heating is cold", "and it is loud"],
        ["Room: twelve", "Defect: door jams", "Room: fourteen", "Defect: no light"],
    ],
)
def test_a_word_with_a_colon_is_nobodys_name_by_itself(texts: list[str]) -> None:
    conversation = rows(*(("customer", text) for text in texts))
    assert [row.text for row in with_speakers(conversation)] == texts
    assert all(row.participant is None for row in with_speakers(conversation))


def test_the_thanks_of_one_close_nothing_of_the_other() -> None:
    case = read_case(snapshot(house(sender("Ines"), sender("Tom"))))
    open_now = {wish.utterance.speaker for wish in case.wishes if wish.state in UNSETTLED}
    assert "Tom" in open_now
    alone = rows(
        ("customer", "I need my deposit of 800 euros back, please.", who("Tom")),
        ("agent", "We have sent it today."),
        ("customer", "Thank you, that is all. Bye!", who("Ines")),
    )
    assert read_case(snapshot(alone)).farewell is None


def test_one_person_under_two_names_is_one() -> None:
    conversation = rows(
        ("customer", "My card was charged twice for order A-17.", who("Maria", "9")),
        ("agent", "I have refunded one of the charges."),
        ("customer", "Great, thank you. Bye!", who("Maria Lopez", "9")),
    )
    briefing = brief(conversation)
    assert briefing.contact_reason == "The customer said: “My card was charged twice for order A-17.”"
    assert briefing.suggested_opening is not None
    assert "Maria" not in briefing.suggested_opening


def test_the_opening_names_no_thing_of_another_person() -> None:
    conversation = rows(
        ("customer", "My order ORD-4411 came broken, I want a new one.", who("Ines")),
        ("customer", "And please change my address to 5 Mill Road.", who("Tom")),
    )
    briefing = brief(conversation)
    assert briefing.suggested_opening is not None
    assert "4411" not in briefing.suggested_opening
    assert "4411" in str(briefing.contact_reason)


def test_names_stand_in_a_brief_of_another_language_too() -> None:
    briefing = brief(
        rows(
            ("customer", "Die Spülmaschine läuft aus, bitte schicken Sie jemanden.", who("Anke Moor")),
            ("agent", "Der Techniker kommt morgen um 8 Uhr."),
            ("customer", "Super, danke!", who("Anke Moor")),
            ("customer", "Und ich brauche noch die Rechnung für April als PDF.", who("Ralf Moor")),
        ),
        "de",
    )
    assert briefing.suggested_opening is not None
    assert briefing.suggested_opening.startswith("Guten Tag Ralf Moor, ")
    assert "Ralf Moor: “Und ich brauche noch die Rechnung" in str(briefing.contact_reason)
    assert [commitment.text for commitment in briefing.commitments] == ["Der Techniker kommt morgen um 8 Uhr."]


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ([("customer", "This is Jo Brandt. It is about my girl Mia. Her bus pass does not open the gate.")], "Mia"),
        (
            [
                ("customer", "Hi, it's about my father Karl."),
                ("bot", "What is the problem?"),
                ("customer", "His line has been dead since Friday and he needs it."),
            ],
            "Karl",
        ),
        ([("customer", "Llamo de parte de mi esposa Lucía. Ella no puede entrar en la aplicación.")], "Lucía"),
    ],
)
def test_whose_matter_it_is_stands_beside_it(lines: list[Line], named: str) -> None:
    briefing = brief(rows(*lines, channel="voice"))
    assert named in str(briefing.contact_reason)
    assert named in str(briefing.headline)
    assert named not in str(briefing.suggested_opening)


@pytest.mark.parametrize(
    ("sentence", "leans"),
    [
        ("His plan does not work there.", True),
        ("And her card was stolen.", True),
        ("Ihre Karte wurde gestern gestohlen.", True),
        ("Können Sie mir bitte helfen?", False),
        ("My router is dead.", False),
        ("Anna says her line is dead.", False),
        ("Hij kan niet inloggen.", True),
    ],
)
def test_a_sentence_leans_on_the_one_that_names_whom_it_is_about(sentence: str, leans: bool) -> None:
    assert leans_on_somebody(sentence) is leans
