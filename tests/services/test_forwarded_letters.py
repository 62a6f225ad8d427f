"""A customer's letter that an agent passes on into the helpdesk is filed as the customer's own."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import build
from app.formats.mail import read_mails
from app.formats.options import ReadingOptions
from app.models import (
    Actor,
    Brief,
    HandoffRequest,
    Identifier,
    Interaction,
    InteractionDraft,
    Kind,
    SignalType,
    Visibility,
)
from app.services import App
from app.settings import Settings

HEADER = (
    "From: Odile Marchand <odile@brook.example>\nDate: Tue, 5 May 2026 at 11:20\nSubject: harp\nTo: kim@desk.example"
)
LETTER = "The strings of my harp HR-77 snap every week.\nPlease send a new set."
FORWARD = f"Please take over.\n\nKim\n\n---------- Forwarded message ---------\n{HEADER}\n\n{LETTER}\n\nOdile"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncGenerator[App]:
    built = build(Settings(data_dir=tmp_path))
    yield built
    await built.close()


def mail(text: str = FORWARD, **fields: Any) -> InteractionDraft:
    defaults: dict[str, Any] = {
        "id": "fw",
        "occurred_at": datetime(2026, 5, 5, 14, tzinfo=UTC),
        "channel": "email",
        "actor": "agent",
        "kind": "message",
        "text": text,
        "conversation_id": "talk",
        "participant": {"name": "Kim", "id": "kim@desk.example"},
    }
    return InteractionDraft.model_validate(defaults | fields)


async def file(app: App, *rows: InteractionDraft) -> str:
    results = (await app.interactions.record("default", rows)).results
    assert len(results) == len(rows)
    assert results[0].customer_id is not None
    return results[0].customer_id


async def rows_of(app: App, customer_id: str) -> Sequence[Interaction]:
    rows = (await app.interactions.timeline("default", customer_id)).interactions
    return [row for row in rows if row.kind is Kind.MESSAGE]


async def brief_of(app: App) -> Brief:
    request = HandoffRequest(conversation_id="talk", now=datetime(2026, 5, 5, 15, tzinfo=UTC))
    return (await app.handoffs.create("default", request)).brief


async def test_a_letter_that_an_agent_passes_on_stands_under_its_senders_address_at_its_time(app: App) -> None:
    letter, sent = await rows_of(app, await file(app, mail()))
    assert (letter.id, letter.actor, letter.text) == ("fw:forwarded", Actor.CUSTOMER, f"{LETTER}\n\nOdile")
    assert letter.occurred_at == datetime(2026, 5, 5, 11, 20, tzinfo=UTC)
    assert letter.identifiers == (Identifier(type="email", value="odile@brook.example"),)
    assert letter.participant is not None
    assert letter.participant.name == "Odile Marchand"
    assert (sent.id, sent.actor, sent.text) == ("fw", Actor.AGENT, FORWARD)


async def test_the_brief_tells_what_the_customer_wrote_and_greets_no_agent(app: App) -> None:
    await file(app, mail())
    brief = await brief_of(app)
    assert "strings of my harp" in (brief.contact_reason or "")
    assert "take over" not in (brief.contact_reason or "")
    assert "Kim" not in (brief.suggested_opening or "")
    assert {entity.value for entity in brief.entities} >= {"HR-77"}
    assert not any("desk.example" in entity.value for entity in brief.entities)


async def test_what_the_customer_promises_in_a_letter_is_no_promise_of_the_agent(app: App) -> None:
    await file(app, mail(FORWARD.replace("Please send a new set.", "I will send you the broken ones on Friday.")))
    assert {promise.by for promise in (await brief_of(app)).commitments} <= {Actor.CUSTOMER}


async def test_what_the_forwarder_writes_above_is_for_our_side_alone(app: App) -> None:
    who = await file(app, mail(FORWARD.replace("Please take over.", "We will refund the 40.00 EUR today.")))
    assert [row.visibility for row in await rows_of(app, who)] == [Visibility.PUBLIC, Visibility.INTERNAL]
    assert (await brief_of(app)).commitments == ()


async def test_who_asks_for_a_person_in_a_letter_that_is_passed_on_is_heard(app: App) -> None:
    text = FORWARD.replace("Please send a new set.", "I want to talk to a real person, not a bot.")
    answer = await app.interactions.record("default", [mail(text)])
    assert SignalType.HUMAN_REQUEST in {signal.type for signal in answer.signals}


async def test_a_second_delivery_and_a_second_agent_file_nothing_twice(app: App) -> None:
    who = await file(app, mail())
    (again,) = (await app.interactions.record("default", [mail()])).results
    await file(app, mail(id="fw2", participant={"name": "Tove", "id": "tove@desk.example"}))
    assert again.duplicate
    assert [row.id for row in await rows_of(app, who)] == ["fw:forwarded", "fw", "fw2"]


async def test_a_letter_that_the_customer_sent_themselves_is_not_filed_again(app: App) -> None:
    own = mail(LETTER, id="own", actor="customer", participant={"name": "Odile"})
    who = await file(app, own, mail(FORWARD.replace("\n\nOdile", "")))
    assert [row.id for row in await rows_of(app, who)] == ["own", "fw"]


async def test_two_letters_of_one_customer_lead_to_one_customer(app: App) -> None:
    other = FORWARD.replace("HR-77", "HR-78").replace("Please take", "Would you take")
    assert await file(app, mail()) == await file(app, mail(other, id="fw2", conversation_id="other"))


async def test_the_forwarders_own_address_identifies_no_customer(app: App) -> None:
    own = [{"type": "email", "value": "kim@desk.example"}]
    who = await file(app, mail(identifiers=own))
    customer = await app.customers.customer("default", who)
    assert [identifier.value for identifier in customer.identifiers] == ["odile@brook.example"]


async def test_blanking_the_mail_blanks_the_letter(app: App) -> None:
    who = await file(app, mail())
    sent = (await rows_of(app, who))[-1]
    await app.interactions.redact("default", sent.interaction_id)
    assert [(row.redacted, row.text) for row in await rows_of(app, who)] == [(True, ""), (True, "")]


@pytest.mark.parametrize("early", [True, False])
async def test_an_edit_of_the_mail_edits_the_letter_whichever_comes_first(app: App, *, early: bool) -> None:
    edit = mail(FORWARD.replace("every week", "every day"), id="e", kind="edit", target_id="fw")
    for row in (edit, mail()) if early else (mail(), edit):
        await app.interactions.record("default", [row])
    assert "every day" in ((await brief_of(app)).contact_reason or "")


async def test_a_deletion_of_the_mail_takes_the_letter_back(app: App) -> None:
    who = await file(app, mail())
    await file(app, mail("", id="d", kind="deletion", target_id="fw"))
    assert [row.text for row in await rows_of(app, who)] == ["", ""]


async def test_an_edit_that_takes_the_letter_out_takes_it_back(app: App) -> None:
    who = await file(app, mail())
    await file(app, mail("Sorry, wrong queue.", id="e", kind="edit", target_id="fw"))
    assert [row.text for row in await rows_of(app, who)] == ["", "Sorry, wrong queue."]


REPLY = f"Hello Odile, we send a set.\n\n-----Original Message-----\n{HEADER}\n\n{LETTER}"


@pytest.mark.parametrize(
    "sent",
    [
        mail(FORWARD.replace("odile@brook", "lia@desk")),
        mail(FORWARD.replace("odile@brook", "kim@desk")),
        mail(REPLY, data={"subject": "RE: harp"}),
        mail(REPLY, data={"to": ["odile@brook.example"]}),
        mail(actor="customer"),
        mail(channel="chat"),
    ],
)
async def test_a_reply_and_what_our_own_side_wrote_are_filed_as_they_are(app: App, sent: InteractionDraft) -> None:
    assert [row.id for row in await rows_of(app, await file(app, sent))] == ["fw"]


async def test_a_letter_that_is_passed_on_below_no_words_is_the_customers_alone(app: App) -> None:
    await file(app, mail(REPLY.partition("\n\n")[2]))
    brief = await brief_of(app)
    assert "strings of my harp" in (brief.contact_reason or "")
    assert len({quote.interaction_id for claim in brief.claims for quote in claim.quotes}) == 1


async def test_an_answer_in_a_known_conversation_brings_no_letter(app: App) -> None:
    asked = mail("My harp HR-77 is out of tune.", id="own", actor="customer")
    who = await file(app, asked, mail(REPLY))
    assert [row.id for row in await rows_of(app, who)] == ["own", "fw"]


async def test_a_mail_that_is_refused_brings_no_letter(app: App) -> None:
    who = await file(app, mail("Nothing of interest."))
    (refused,) = (await app.interactions.record("default", [mail()])).results
    assert refused.problem is not None
    assert [row.id for row in await rows_of(app, who)] == ["fw"]


async def test_a_forward_out_of_a_mailbox_tells_the_customers_trouble(app: App) -> None:
    source = (
        "From: Kim <kim@desk.example>\r\nTo: help@desk.example\r\nDate: Tue, 5 May 2026 14:00:00 +0000\r\n"
        f"Subject: Fwd: harp\r\nMessage-ID: <a1@desk.example>\r\n\r\n{FORWARD}"
    )
    read = read_mails(source.encode(), ReadingOptions(our_addresses=("desk.example",)))
    who = await file(app, *(draft for _, draft in read.drafts))
    assert [(row.id, row.actor) for row in await rows_of(app, who)] == [
        ("mail-a1@desk.example:forwarded", Actor.CUSTOMER),
        ("mail-a1@desk.example", Actor.AGENT),
    ]
