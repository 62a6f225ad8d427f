"""The journey page in a real browser: found, filtered, searched, with what was noticed, joined and undone."""

from datetime import datetime, timedelta
from typing import Any

from playwright.async_api import Page, expect

from app.models import Scope
from app.services import JourneyQuery
from tests.browser.conftest import OpenPage, Screenshot
from tests.browser.harness import Service, Watch, assert_accessible, assert_fits, tab_to
from tests.support.builders import START

ACCOUNT = {"type": "account_id", "value": "acc-2001", "verified": True, "method": "app login"}
MAIL = {"type": "email", "value": "noor@mail.example", "verified": True, "method": "link"}
MARKUP = "<img src=x onerror=alert(1)><b>bold</b>"


def row(at: datetime, text: str = "", **fields: Any) -> dict[str, Any]:
    """An interaction as a channel sends it; a customer's chat message unless told otherwise."""
    defaults: dict[str, Any] = {"channel": "chat", "actor": "customer", "kind": "message", "conversation_id": "chat-1"}
    return defaults | {"occurred_at": at.isoformat(), "text": text} | fields


def story() -> list[dict[str, Any]]:
    """Three days: a mail, two failed attempts in the app, a chat that asks for a person, and a call."""
    minute, tried, chat = timedelta(minutes=1), START + timedelta(days=1), START + timedelta(days=1, minutes=10)
    call = START + timedelta(days=2)
    step: dict[str, Any] = {"channel": "app", "kind": "event", "name": "start_return", "outcome": "failed"}
    step |= {"conversation_id": "app-1", "data": {"order_id": "ORD-70331", "screen": {"name": "returns"}}}
    return [
        row(START, "Do you sell lamps in brass?", channel="email", conversation_id="mail-1", identifiers=[MAIL]),
        row(START + 30 * minute, "Yes, two of them.", channel="email", conversation_id="mail-1", actor="agent"),
        row(tried, identifiers=[ACCOUNT], **step),
        row(tried + minute, **step),
        row(chat, f"I cannot return the lamp from order ORD-70331. {MARKUP}", identifiers=[ACCOUNT]),
        row(chat + minute, "I will refund the 59.00 EUR within two days.", actor="bot"),
        row(chat + 2 * minute, "That is too late. Can I talk to a real person?"),
        row(
            call,
            "It is me again, about ORD-70331.",
            channel="voice",
            conversation_id="call-1",
            identifiers=[ACCOUNT, MAIL],
        ),
        row(call + minute, "I see it here.", channel="voice", conversation_id="call-1", actor="agent"),
    ]


async def filed(service: Service, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """File rows one by one, as they happened; gives what became of each."""
    return [(await service.post("/v1/interactions", interaction))["results"][0] for interaction in rows]


async def whole_story(service: Service) -> str:
    """File the story with a handoff and a decision in it; gives the customer's id."""
    results = await filed(service, story())
    at = (START + timedelta(days=1, minutes=13)).isoformat()
    asked = {"conversation_id": "chat-1", "now": at}
    reason = {"code": "customer_request"}
    await service.post("/v1/handoffs", {**asked, "from_channel": "chat", "to_channel": "voice", "reason": reason})
    await service.post("/v1/next-actions", asked)
    return (await service.get(f"/v1/customers/{results[-1]['customer_id']}"))["customer_id"]


async def lines(page: Page) -> list[str]:
    return [seq.strip() for seq in await page.locator(".line .seq").all_inner_texts()]


async def test_a_customer_is_found_by_an_identifier_and_told_from_the_first_mail_to_the_last_call(
    service: Service, page: Page, screenshot: Screenshot
) -> None:
    customer_id = await whole_story(service)
    await page.goto("/console/journey")
    await page.get_by_label("Find a customer").fill("NOOR@mail.example")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Customer journey")).to_be_visible()
    assert customer_id in page.url
    assert await lines(page) == [f"#{n}" for n in range(1, 10)]
    assert await page.locator(".day").count() == 3
    await expect(page.locator(".talk")).to_have_count(4)
    await expect(page.get_by_label("Who it is").get_by_text("acc-2001").first).to_be_visible()
    await screenshot(page, "journey-light")
    await assert_accessible(page)


async def test_signals_handoff_decision_and_joining_stand_where_they_happened(service: Service, page: Page) -> None:
    customer_id = await whole_story(service)
    await page.goto(f"/console/customers/{customer_id}")
    asked = page.locator(".line", has_text="Can I talk to a real person?")
    await expect(asked.locator(".signal", has_text="human request")).to_be_visible()
    await expect(asked.locator("meter")).to_have_count(await asked.locator(".signal").count())
    tried = page.locator(".line", has_text="start_return").nth(1)
    await expect(tried.locator(".signal", has_text="repeated failure")).to_be_visible()
    order = await page.locator(".line, .mark").evaluate_all("all => all.map(one => one.id ? 'line' : one.className)")
    assert order[7:9] == ["mark handoff", "mark decision"]
    assert "mark joining" in order
    handoff = page.locator(".mark.handoff a")
    assert (await handoff.get_attribute("href") or "").startswith("/console/handoffs/hnd_")


async def test_what_a_customer_wrote_is_text_and_never_markup(service: Service, page: Page) -> None:
    customer_id = await whole_story(service)
    await page.goto(f"/console/customers/{customer_id}")
    await expect(page.locator(".line", has_text="<b>bold</b>")).to_have_count(1)
    assert await page.locator("img[src=x], .said b").count() == 0


async def test_filters_stand_in_the_address_and_leave_what_they_name(service: Service, page: Page) -> None:
    customer_id = await whole_story(service)
    await page.goto(f"/console/customers/{customer_id}")
    await page.get_by_label("Channel", exact=True).select_option("chat")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator(".line")).to_have_count(3)
    assert "channel=chat" in page.url
    await page.goto(f"/console/customers/{customer_id}?from=2026-03-03&to=2026-03-03&kind=event")
    assert await lines(page) == ["#3", "#4"]
    await expect(page.get_by_label("From")).to_have_value("2026-03-03")
    await page.get_by_role("link", name="Clear").click()
    await expect(page.locator(".line")).to_have_count(9)
    await page.get_by_label("Only friction").check()
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator(".line", has_text="two of them")).to_have_count(0)
    await expect(page.locator(".line", has_text="real person")).to_have_count(1)
    assert "friction=yes" in page.url


async def test_searching_in_a_history_leads_to_the_place(service: Service, page: Page) -> None:
    customer_id = await whole_story(service)
    await page.goto(f"/console/customers/{customer_id}")
    await page.get_by_label("Search in it").fill("brass lamps")
    await page.keyboard.press("Enter")
    first = page.locator(".hits li").first
    await expect(first).to_contain_text("Do you sell lamps in brass?")
    await first.get_by_role("link").click()
    await expect(page.locator(".line:target")).to_contain_text("Do you sell lamps in brass?")


async def test_a_joining_is_undone_after_a_question_and_the_customers_are_shown_apart(
    service: Service, page: Page, screenshot: Screenshot
) -> None:
    customer_id = await whole_story(service)
    await page.goto(f"/console/customers/{customer_id}")
    panel = page.get_by_label("Who it is")
    await expect(panel.get_by_text("Yes, take them apart")).to_be_hidden()
    await panel.get_by_text("Undo …").click()
    await screenshot(page, "journey-undo")
    await panel.get_by_role("button", name="Yes, take them apart").click()
    notice = page.locator(".notice.good")
    await expect(notice).to_contain_text("Taken apart.")
    here = await lines(page)
    await expect(page.get_by_text("ORD-70331")).to_have_count(0 if "#1" in here else 3)
    await screenshot(page, "journey-undone")
    await notice.get_by_role("link").click()
    there = await lines(page)
    assert not {*here} & {*there}
    assert {*here, *there} == {f"#{n}" for n in range(1, 10)}
    await expect(page.get_by_label("Who it is").get_by_text("Parted from")).to_be_visible()
    await expect(page.get_by_text("Undo …")).to_have_count(0)


async def test_without_the_admin_scope_nothing_can_be_undone(
    service: Service, open_page: OpenPage, watch: Watch
) -> None:
    customer_id = await whole_story(service)
    merge_id = (await service.app.journeys.journey("default", customer_id, JourneyQuery())).joinings[0].merge.merge_id
    issued = await service.app.access.create_key("default", [Scope.HANDOFF])
    page = await open_page()
    await page.goto(f"/console/customers/{customer_id}")
    await page.get_by_label("API key").fill(issued.key)
    await page.keyboard.press("Enter")
    await expect(page.locator(".line")).to_have_count(9)
    await expect(page.get_by_text("Undo …")).to_have_count(0)
    watch.forgive("status of 403")
    status = await page.evaluate(
        "async ([address, merge_id]) => "
        "(await fetch(address, {method: 'POST', body: new URLSearchParams({merge_id})})).status",
        [f"/console/customers/{customer_id}/unmerge", merge_id],
    )
    assert status == 403


async def test_a_redacted_interaction_is_shown_as_such(service: Service, page: Page) -> None:
    results = await filed(service, story())
    await service.post(f"/v1/interactions/{results[4]['interaction_id']}/redact", {})
    await page.goto(f"/console/customers/{results[4]['customer_id']}")
    line = page.locator(f"#{results[4]['interaction_id']}")
    await expect(line).to_contain_text("Redacted")
    await expect(line).not_to_contain_text("ORD-70331")


async def test_a_long_history_is_paged_through_by_links(service: Service, page: Page) -> None:
    rows = [row(START + timedelta(minutes=n), f"message {n}", identifiers=[ACCOUNT]) for n in range(150)]
    answer = await service.post("/v1/interactions", {"interactions": rows})
    await page.goto(f"/console/customers/{answer['results'][0]['customer_id']}")
    assert (await lines(page))[-1] == "#150"
    await expect(page.get_by_role("heading", name="91 to 150 of 150")).to_be_visible()
    await page.get_by_role("link", name="Earlier").click()
    assert (await lines(page))[0] == "#31"
    await page.get_by_role("link", name="Earlier").click()
    assert await lines(page) == [f"#{n}" for n in range(1, 31)]
    await page.get_by_role("link", name="Later").click()
    assert (await lines(page))[0] == "#31"


async def test_the_page_fits_and_is_accessible_in_the_dark_and_on_a_phone(
    service: Service, open_page: OpenPage, screenshot: Screenshot
) -> None:
    customer_id = await whole_story(service)
    dark = await open_page(scheme="dark")
    await dark.goto(f"/console/customers/{customer_id}?q=lamp")
    await assert_accessible(dark)
    await screenshot(dark, "journey-dark")
    phone = await open_page(width=320, height=640)
    for path in (f"/console/customers/{customer_id}", "/console/journey?q=ORD-70331"):
        await phone.goto(path)
        await assert_fits(phone)
        await assert_accessible(phone)
        await screenshot(phone, "journey-320" if "customers" in path else "journey-find-320")


async def test_the_keyboard_alone_finds_filters_and_undoes(service: Service, page: Page) -> None:
    customer_id = await whole_story(service)
    await page.goto("/console/journey")
    await expect(page.get_by_label("Find a customer")).to_be_focused()
    await page.keyboard.type("acc-2001")
    await page.keyboard.press("Enter")
    await expect(page.locator(".line")).to_have_count(9)
    assert customer_id in page.url
    await tab_to(page, "select[name=kind]")
    await page.keyboard.type("ev")
    await page.keyboard.press("Enter")
    await tab_to(page, ".toolbar button")
    await page.keyboard.press("Enter")
    await expect(page.locator(".line")).to_have_count(2)
    await tab_to(page, "aside summary", most=120)
    await page.keyboard.press("Enter")
    await tab_to(page, "aside .confirm button")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice.good")).to_be_visible()


async def test_nobody_and_nonsense_are_told_in_words(service: Service, page: Page, watch: Watch) -> None:
    customer_id = await whole_story(service)
    watch.forgive("status of 4")
    await page.goto("/console/journey?q=nobody%40mail.example")
    await expect(page.get_by_text("Nobody is known by this.")).to_be_visible()
    await page.goto("/console/customers/cus_nobody")
    await expect(page.get_by_text("No customer has the id")).to_be_visible()
    await page.goto(f"/console/customers/{customer_id}?before=int_gone")
    await expect(page.get_by_text("No interaction of this customer has this id.")).to_be_visible()
    await page.goto(f"/console/customers/{customer_id}?channel=pigeon")
    await expect(page.get_by_role("heading", name="does not fit")).to_be_visible()
