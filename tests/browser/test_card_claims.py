"""Claims on the card in a browser: their quotes, what is unconfirmed, the agent's word on each, and later revisions."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from app.adapters.sql import SqlStore
from app.models import Claim, Handoff
from app.settings import Settings
from tests.browser.card_revisions import (
    CONFIRMED,
    DONE,
    LATER,
    PENDING,
    UNCONFIRMED,
    WORDS,
    checked,
    file,
    quoted_row,
    with_claims,
)
from tests.browser.conftest import OpenPage, Screenshot
from tests.browser.handed_over import feedback_of, link_to
from tests.browser.harness import Service, assert_accessible, assert_fits, tab_to


@pytest_asyncio.fixture(loop_scope="session")
async def archive(service: Service, settings: Settings) -> AsyncGenerator[SqlStore]:
    """The service's own archive, written to by another worker; `service` is up, so its tables are there."""
    assert service.address
    store = SqlStore(f"sqlite:///{settings.data_dir / 'ledger.db'}")
    yield store
    await store.close()


@pytest_asyncio.fixture(loop_scope="session")
async def handoff(service: Service, archive: SqlStore) -> Handoff:
    """A handoff whose first revision is still being checked by a model."""
    return await with_claims(service, archive, pending=True, check=PENDING)


@pytest_asyncio.fixture(loop_scope="session")
async def card(page: Page, service: Service, handoff: Handoff) -> Page:
    """Its card, opened by a link."""
    await page.goto(await link_to(service, shown(handoff)))
    return page


def shown(handoff: Handoff) -> Mapping[str, Any]:
    return handoff.model_dump(mode="json")


def sentence(card: Page, text: str) -> Locator:
    """The sentence of the situation that makes a claim."""
    return card.locator(".situation [data-claim]").filter(has_text=text)


def listed(card: Page, text: str) -> Locator:
    """A claim in the list of claims."""
    return card.locator("#claims li").filter(has_text=text)


async def marks(service: Service, handoff: Handoff, count: int) -> Sequence[Mapping[str, Any]]:
    """The marks that the API holds, in the order they were given, once there are so many."""
    for _ in range(200):
        given = [mark for filed in await feedback_of(service, shown(handoff)) for mark in filed["claims"]]
        if len(given) >= count:
            return given
        await asyncio.sleep(0.02)
    raise AssertionError(f"there are no {count} marks")


async def test_a_claim_opens_its_quotes_with_who_said_them_where_and_when(
    card: Page, service: Service, handoff: Handoff
) -> None:
    row = await quoted_row(service, handoff)
    claim = sentence(card, CONFIRMED)
    await claim.get_by_role("button", name="Evidence").click()
    opened = claim.get_by_role("group", name="Evidence")
    await expect(opened.locator("blockquote")).to_have_text(f"“{WORDS}”")
    await expect(opened).to_contain_text("customer")
    await expect(opened).to_contain_text(row["channel"])
    await expect(opened.locator("time")).to_have_attribute("datetime", row["occurred_at"].replace("Z", "+00:00"))
    await expect(opened).to_contain_text("Confirmed by a model.")
    await opened.locator("a[data-entry]").click()
    await expect(opened.locator(".entry blockquote")).to_have_text(row["text"])
    await assert_accessible(card)


async def test_what_nobody_confirmed_has_a_small_mark_and_what_is_confirmed_has_none(card: Page) -> None:
    mark = sentence(card, UNCONFIRMED).locator(".unchecked")
    await expect(mark).to_contain_text("(not checked)")
    await expect(sentence(card, CONFIRMED).locator(".unchecked")).to_have_count(0)
    colours = await mark.evaluate(
        "mark => [getComputedStyle(mark).color, getComputedStyle(document.querySelector('.soft')).color]"
    )
    assert colours[0] == colours[1]


@pytest.mark.parametrize("where", ["list", "sentence"])
async def test_a_claim_is_marked_with_one_click_and_the_mark_can_be_changed(
    card: Page, service: Service, handoff: Handoff, where: str
) -> None:
    claim = listed(card, UNCONFIRMED) if where == "list" else sentence(card, UNCONFIRMED)
    if where == "sentence":
        await claim.get_by_role("button", name="Evidence").click()
    wrong, right = (claim.get_by_role("button", name=name) for name in ("Wrong", "Right"))
    await wrong.click()
    await expect(wrong).to_have_attribute("aria-pressed", "true")
    await expect(wrong).to_be_focused()
    await right.click()
    await expect(right).to_have_attribute("aria-pressed", "true")
    await expect(wrong).to_have_attribute("aria-pressed", "false")
    assert await marks(service, handoff, 2) == [
        {"text": UNCONFIRMED, "mark": "wrong"},
        {"text": UNCONFIRMED, "mark": "right"},
    ]
    await card.reload()
    right_button = listed(card, UNCONFIRMED).get_by_role("button", name="Right")
    await expect(right_button).to_have_attribute("aria-pressed", "true")


async def test_a_claim_is_marked_without_a_mouse(card: Page, service: Service, handoff: Handoff) -> None:
    await tab_to(card, '[data-judge^="wrong-"]')
    await card.keyboard.press("Enter")
    assert (await marks(service, handoff, 1))[0] == {"text": CONFIRMED, "mark": "wrong"}
    await expect(card.locator('[data-judge^="wrong-"]').first).to_be_focused()


async def test_what_is_missing_is_told_in_a_line(card: Page, service: Service, handoff: Handoff) -> None:
    field = card.get_by_label("Something is missing from the brief")
    await field.fill("They called before, on Monday.")
    await field.press("Enter")
    await expect(card.get_by_role("list", name="Told as missing")).to_have_text("They called before, on Monday.")
    await expect(field).to_have_value("")
    assert await marks(service, handoff, 1) == [{"text": "They called before, on Monday.", "mark": "missing"}]


async def test_without_a_script_claims_are_marked_and_quotes_are_there(
    open_page: OpenPage, service: Service, handoff: Handoff, archive: SqlStore
) -> None:
    await file(archive, handoff, handoff.brief, pending=False)
    page = await open_page(java_script_enabled=False)
    await page.goto(await link_to(service, shown(handoff)))
    await listed(page, CONFIRMED).locator("summary").click()
    await expect(listed(page, CONFIRMED).locator("blockquote")).to_have_text(f"“{WORDS}”")
    await listed(page, CONFIRMED).get_by_role("button", name="Right").click()
    await expect(listed(page, CONFIRMED).get_by_role("button", name="Right")).to_have_attribute("aria-pressed", "true")
    assert await marks(service, handoff, 1) == [{"text": CONFIRMED, "mark": "right"}]


async def test_later_revisions_arrive_on_the_open_card_and_are_announced(
    card: Page, handoff: Handoff, archive: SqlStore
) -> None:
    await expect(card.locator("#coming")).to_contain_text("still being checked")
    more = Claim(text=LATER, evidence=handoff.brief.claims[0].evidence, support=0.9, checked_by="model")
    second = await file(archive, handoff, checked(handoff), revision=2)
    await expect(sentence(card, UNCONFIRMED).locator(".unchecked")).to_have_count(0)
    await expect(card.locator("#announcer")).to_have_text("The brief was brought up to date.")
    await expect(card.locator(".made")).to_contain_text("revision 2")

    await file(archive, second, checked(second, more), revision=3, pending=False, check=DONE, drafted_ahead=True)
    await expect(sentence(card, LATER)).to_have_count(1)
    await expect(card.locator("#coming")).to_have_count(0)
    await expect(card.locator("#announcer")).to_have_text("The brief is complete.")
    await expect(card.locator(".made")).to_contain_text("revision 3 · drafted ahead")


async def test_a_revision_takes_nothing_away_of_what_the_agent_opened_wrote_and_reads(
    open_page: OpenPage, service: Service, handoff: Handoff, archive: SqlStore
) -> None:
    page = await open_page(width=400, height=500)
    await page.goto(await link_to(service, shown(handoff)))
    await sentence(page, CONFIRMED).get_by_role("button", name="Evidence").click()
    await listed(page, CONFIRMED).locator("summary").click()
    await page.locator("#edit summary").click()
    await page.get_by_label("Headline").fill("Half a headline")
    field = page.get_by_label("Something is missing from the brief")
    await field.fill("Half a sentence")
    await field.evaluate("field => field.setSelectionRange(4, 4)")
    await field.scroll_into_view_if_needed()
    top = (await field.bounding_box() or {})["y"]

    more = [Claim(text=f"{LATER} {number}.", evidence=(), support=0.9, checked_by="model") for number in range(6)]
    await file(archive, handoff, checked(handoff, *more), revision=2, pending=False, check=DONE)

    await expect(page.locator("#claims li")).to_have_count(8)
    await expect(sentence(page, CONFIRMED).get_by_role("group", name="Evidence")).to_contain_text(WORDS)
    await expect(listed(page, CONFIRMED).locator(".behind")).to_have_attribute("open", "")
    await expect(page.get_by_label("Headline")).to_have_value("Half a headline")
    await expect(page.get_by_label("Situation")).to_have_value(checked(handoff, *more).situation or "")
    await expect(field).to_have_value("Half a sentence")
    await expect(field).to_be_focused()
    assert await field.evaluate("field => field.selectionStart") == 4
    assert await field.evaluate("field => innerHeight > 0 && field.getBoundingClientRect().top > 0")
    assert top > 0


async def test_reading_goes_on_where_it_was_when_what_stands_above_grows(
    open_page: OpenPage, service: Service, handoff: Handoff, archive: SqlStore
) -> None:
    page = await open_page(width=400, height=500)
    await page.goto(await link_to(service, shown(handoff)))
    story = page.locator("[data-part=next]")
    await story.evaluate("part => scrollTo(0, part.getBoundingClientRect().top + scrollY)")
    before = await story.evaluate("part => Math.round(part.getBoundingClientRect().top)")
    more = [Claim(text=f"{LATER} {number}.", evidence=(), support=0.9, checked_by="model") for number in range(12)]
    await file(archive, handoff, checked(handoff, *more), revision=2, pending=False, check=DONE)
    await expect(page.locator("#coming")).to_have_count(0)
    after = await story.evaluate("part => Math.round(part.getBoundingClientRect().top)")
    assert abs(after - before) <= 1


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (320, "light"), (1280, "light"), (1280, "dark")])
async def test_claims_are_accessible_and_fit_at_any_width(
    open_page: OpenPage, service: Service, handoff: Handoff, screenshot: Screenshot, width: int, scheme: str
) -> None:
    page = await open_page(width=width, scheme=scheme)
    await page.goto(await link_to(service, shown(handoff)))
    await listed(page, UNCONFIRMED).get_by_role("button", name="Wrong").click()
    await expect(listed(page, UNCONFIRMED).get_by_role("button", name="Wrong")).to_have_attribute(
        "aria-pressed", "true"
    )
    await sentence(page, CONFIRMED).get_by_role("button", name="Evidence").click()
    await listed(page, CONFIRMED).locator("summary").click()
    height = await page.evaluate("document.documentElement.scrollHeight")
    await page.set_viewport_size({"width": width, "height": height})
    await screenshot(page, f"claims-{width}-{scheme}")
    await assert_accessible(page)
    await assert_fits(page)
