"""The agent's card in a browser: what it shows, what it tells the service, and that nobody is shut out of it."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from app.models import Scope
from app.settings import Settings
from tests.browser.conftest import OpenPage, Screenshot
from tests.browser.handed_over import feedback_of, hand_over, link_to, say_more
from tests.browser.harness import Service, Watch, assert_accessible, assert_fits, tab_to

MOST_BYTES = 100_000
Handoff = Mapping[str, Any]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A retailer's service."""
    return settings.model_copy(update={"catalogue": "retail"})


@pytest_asyncio.fixture(loop_scope="session")
async def handoff(service: Service) -> Handoff:
    """The handoff that the demonstration's journey ends in."""
    return await hand_over(service)


@pytest_asyncio.fixture(loop_scope="session")
async def card(page: Page, service: Service, handoff: Handoff) -> Page:
    """Its card, opened by a link."""
    await page.goto(await link_to(service, handoff))
    return page


async def last_feedback(service: Service, handoff: Handoff, field: str) -> Any:
    """The last thing that the API holds of one field of the feedback, once there is one."""
    for _ in range(100):
        values = [filed[field] for filed in await feedback_of(service, handoff) if filed[field] is not None]
        if values:
            return values[-1]
        await asyncio.sleep(0.02)
    raise AssertionError(f"nothing was told of {field}")


async def grow(page: Page) -> None:
    """Make the window as tall as the page, so that the bar that stays in sight lies over nothing."""
    width, height = await page.evaluate("[window.innerWidth, document.documentElement.scrollHeight]")
    await page.set_viewport_size({"width": width, "height": height})


async def test_what_an_agent_needs_first_stands_first(card: Page, handoff: Handoff) -> None:
    brief = handoff["brief"]
    top = card.locator("[data-part=top]")

    await expect(card.get_by_role("heading", level=1)).to_have_text(brief["headline"])
    await expect(top).to_contain_text(brief["suggested_opening"])
    await expect(top).to_contain_text("Identity verified by one-time code")
    for entity in brief["entities"]:
        await expect(card.get_by_role("region", name="Known already")).to_contain_text(entity["value"])
    tried = card.locator(".tried li")
    assert await tried.count() == len(brief["actions_taken"])
    failed = [step["outcome"] for step in brief["actions_taken"]].index("failed")
    await expect(tried.nth(failed)).to_contain_text("failed")
    promised = card.locator("section", has=card.get_by_role("heading", name="Promised"))
    await expect(promised).to_contain_text(brief["commitments"][0]["text"])
    assert await card.locator("button.take").count() == min(3, len(handoff["next_actions"]["actions"]))


async def test_a_claim_opens_its_evidence_beside_it(card: Page, service: Service, handoff: Handoff) -> None:
    claim = card.locator(".situation [data-claim]").first
    page = await service.get(f"/v1/customers/{handoff['customer_id']}/timeline?limit=1000")
    rows = {row["interaction_id"]: row for row in page["interactions"]}
    claim_text = await claim.inner_text()
    told_of = next(brief_claim for brief_claim in handoff["brief"]["claims"] if brief_claim["text"] in claim_text)
    row = rows[told_of["evidence"][0]]
    mark = claim.get_by_role("button", name="Evidence")

    await expect(mark).to_have_attribute("aria-expanded", "false")
    await mark.click()
    opened = claim.get_by_role("group", name="Evidence")
    await expect(opened).to_contain_text(row["text"])
    await expect(opened).to_contain_text(row["actor"])
    await expect(opened).to_contain_text(row["channel"])
    await expect(opened.locator("time").first).to_have_attribute("datetime", row["occurred_at"].replace("Z", "+00:00"))
    await expect(mark).to_have_attribute("aria-expanded", "true")
    await expect(card.locator("#announcer")).to_contain_text(row["text"])
    await assert_accessible(card)
    await card.keyboard.press("Escape")
    await expect(opened).to_have_count(0)


async def test_a_long_message_is_opened_in_full_where_it_stands(page: Page, service: Service) -> None:
    story = "My parcel has not arrived, order ORD-5512. " + "It was to be a present and I have waited. " * 30
    message = {"channel": "email", "actor": "customer", "kind": "message", "text": story, "conversation_id": "long"}
    await service.post("/v1/interactions", message)
    handoff = await service.post("/v1/handoffs", {"conversation_id": "long"})
    await page.goto(await link_to(service, handoff))

    claim = page.locator(
        "[data-claim]", has_text="The customer said: “My parcel has not arrived, order ORD-5512.”"
    ).last
    await claim.get_by_role("button", name="Evidence").first.click()
    await expect(claim.locator("blockquote").last).not_to_contain_text(story.strip())
    await claim.get_by_role("link", name="The whole text").click()
    await expect(claim.locator("blockquote").last).to_contain_text(story.strip())
    await expect(claim.get_by_role("link", name="The whole text")).to_have_count(0)


async def test_that_it_was_seen_is_told_once(card: Page, service: Service, handoff: Handoff) -> None:
    assert await last_feedback(service, handoff, "displayed_at")
    await card.reload()
    await expect(card.locator("#card:not([data-unseen])")).to_have_count(1)

    assert sum(filed["displayed_at"] is not None for filed in await feedback_of(service, handoff)) == 1


async def test_what_the_agent_tells_is_filed_and_shown(card: Page, service: Service, handoff: Handoff) -> None:
    repeated = card.get_by_role("button", name="Customer had to repeat this")
    await repeated.click()
    await expect(repeated).to_have_attribute("aria-pressed", "true")
    await expect(card.locator("#announcer")).to_have_text("Kept.")
    assert await last_feedback(service, handoff, "repeated_information") is True
    await repeated.click()
    await expect(repeated).to_have_attribute("aria-pressed", "false")
    assert await last_feedback(service, handoff, "repeated_information") is False

    await card.get_by_role("button", name="Accept").click()
    await expect(card.get_by_role("button", name="Accepted")).to_have_attribute("aria-pressed", "true")
    assert await last_feedback(service, handoff, "accepted") is True

    await card.get_by_text("This is wrong").click()
    await card.get_by_label("What is wrong?").fill("The refund was paid yesterday.")
    await card.get_by_role("button", name="Tell that it is wrong").click()
    await expect(card.get_by_text("Told: this is wrong")).to_be_visible()
    assert await last_feedback(service, handoff, "accepted") is False
    assert await last_feedback(service, handoff, "comment") == "The refund was paid yesterday."


async def test_an_edited_brief_is_filed_and_shown_from_then_on(card: Page, service: Service, handoff: Handoff) -> None:
    await card.locator("#edit summary").click()
    await card.get_by_label("Headline").fill("Waits for 129.00 EUR")
    await card.get_by_role("button", name="Save the edited brief").click()

    await expect(card.get_by_role("heading", level=1)).to_have_text("Waits for 129.00 EUR")
    await expect(card.get_by_text("edited by the agent")).to_be_visible()
    edited = await last_feedback(service, handoff, "edited_brief")
    assert edited["headline"] == "Waits for 129.00 EUR"
    assert edited["situation"] == handoff["brief"]["situation"]
    await card.reload()
    await expect(card.get_by_role("heading", level=1)).to_have_text("Waits for 129.00 EUR")


async def test_taking_an_action_files_its_outcome(card: Page, service: Service, handoff: Handoff) -> None:
    decision = handoff["next_actions"]
    action = decision["actions"][0]

    async def outcome() -> Any:
        log = (await service.client.get("/v1/decisions")).text.splitlines()
        [logged] = [line for line in log if decision["decision_id"] in line]
        return json.loads(logged)["outcomes"]

    await card.get_by_role("button", name=action["label"]).click()
    await expect(card.get_by_text(f"✓ {action['label']}")).to_be_visible()
    [filed] = await outcome()
    assert (filed["action_id"], filed["displayed"], filed["accepted"]) == (action["action_id"], True, True)
    assert filed["outcome"] == "unknown"
    await card.get_by_role("button", name="It helped").click()
    await expect(card.locator(".taken")).to_contain_text("helped")
    assert [filed_outcome["outcome"] for filed_outcome in await outcome()] == ["succeeded"]


async def test_a_stale_brief_says_so_and_is_made_anew_in_place(card: Page, service: Service) -> None:
    before = card.url
    await say_more(service)
    await card.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(card.get_by_text("The customer has been active since this was made.").first).to_be_visible()

    await card.get_by_role("button", name="Make the brief anew").click()

    await card.wait_for_url(lambda url: url != before)
    await expect(card.locator("#stale")).to_have_count(0)
    await expect(card.get_by_role("heading", level=1)).to_be_visible()


async def test_everything_can_be_done_without_a_mouse(card: Page, service: Service, handoff: Handoff) -> None:
    await tab_to(card, ".situation a.mark")
    await card.keyboard.press("Enter")
    await expect(card.locator(".situation .in-place")).to_be_visible()
    await card.keyboard.press("Escape")
    assert await card.evaluate("document.activeElement.matches('.situation a.mark')")
    await card.keyboard.press("Space")
    await expect(card.locator(".situation .in-place")).to_be_visible()

    await tab_to(card, "#take-1")
    await card.keyboard.press("Enter")
    await expect(card.locator(".taken").first).to_be_visible()
    await tab_to(card, "#accept")
    await card.keyboard.press("Space")
    await expect(card.get_by_role("button", name="Accepted")).to_be_focused()
    await tab_to(card, "#wrong > summary")
    await card.keyboard.press("Enter")
    await tab_to(card, "#comment")
    await card.keyboard.type("The order is another one.")
    await tab_to(card, "#send-wrong")
    await card.keyboard.press("Enter")
    await expect(card.get_by_text("Told: this is wrong")).to_be_visible()
    assert await last_feedback(service, handoff, "comment") == "The order is another one."


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (768, "light"), (1280, "light"), (1280, "dark")])
async def test_it_is_accessible_and_fits_at_any_width(
    open_page: OpenPage, service: Service, handoff: Handoff, screenshot: Screenshot, width: int, scheme: str
) -> None:
    page = await open_page(width=width, scheme=scheme)
    await page.goto(await link_to(service, handoff))
    await grow(page)
    await screenshot(page, f"card-{width}-{scheme}")
    await say_more(service)
    await page.reload()
    for summary in await page.locator("details > summary").all():
        if not await summary.evaluate("summary => summary.parentElement.open"):
            await summary.click()
    await grow(page)

    await assert_accessible(page)
    await assert_fits(page)


async def test_it_is_small(page: Page, service: Service, handoff: Handoff) -> None:
    sizes: list[int] = []

    async def weigh(response: Any) -> None:
        sizes.append(len(await response.body()))

    page.on("response", weigh)
    await page.goto(await link_to(service, handoff), wait_until="networkidle")

    assert len(sizes) >= 4  # the page, two styles, two scripts
    assert sum(sizes) < MOST_BYTES


async def test_without_a_script_everything_is_there_and_works(
    open_page: OpenPage, service: Service, handoff: Handoff
) -> None:
    page = await open_page(java_script_enabled=False)
    await page.goto(await link_to(service, handoff))

    await expect(page.get_by_role("heading", level=1)).to_have_text(handoff["brief"]["headline"])
    await page.locator("#evidence summary").click()
    assert await page.locator(".evidence-list blockquote").count() > 5
    await page.get_by_role("button", name="Customer had to repeat this").click()
    await expect(page.get_by_role("button", name="Customer had to repeat this")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert await last_feedback(service, handoff, "repeated_information") is True
    await page.locator("button.take").first.click()
    await expect(page.locator(".taken")).to_be_visible()


async def test_a_link_that_expires_says_so_in_words(
    page: Page, service: Service, watch: Watch, handoff: Handoff
) -> None:
    watch.forgive("status of 401")
    url = await link_to(service, handoff)
    # Not the last letter: some of its bits mean nothing.
    answer = await page.goto(url[:-5] + ("A" if url[-5] != "A" else "B") + url[-4:])

    assert answer is not None
    assert answer.status == 401
    await expect(page.get_by_role("heading", level=1)).to_have_text("This link opens nothing")
    await assert_accessible(page)


async def test_a_card_left_open_tells_when_its_link_has_ended(card: Page, service: Service, watch: Watch) -> None:
    watch.forgive("status of 401")
    await service.app.access.create_key("acme", [Scope.HANDOFF])  # from now on nobody is let in without one
    await card.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    await expect(card.locator("#fault")).to_contain_text("Ask the desktop that showed it for a new link")
