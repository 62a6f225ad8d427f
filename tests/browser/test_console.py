"""The frame of the console: signing in and out, the policy of its pages, and what they look like at any width."""

from playwright.async_api import Page, expect

from app.models import Scope
from tests.browser.conftest import OpenPage, Screenshot
from tests.browser.harness import Service, Watch, assert_accessible, assert_fits


async def test_somebody_signs_in_with_a_key_and_out_again(page: Page, service: Service, watch: Watch) -> None:
    watch.forgive("status of 40[13]")
    key = await service.app.access.create_key("acme", [Scope.INGEST])
    await page.goto("/console")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_label("API key").fill("wl_made_up")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("not known")
    await page.get_by_label("API key").fill(key.key)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_contain_text("opens none of these pages")


async def test_the_sign_in_is_accessible_and_fits_at_any_width(open_page: OpenPage, screenshot: Screenshot) -> None:
    for width, scheme in ((320, "light"), (320, "dark"), (1280, "light")):
        page = await open_page(width=width, scheme=scheme)
        await page.goto("/console/sign-in")
        await assert_accessible(page)
        await assert_fits(page)
        await screenshot(page, f"sign-in-{width}-{scheme}")
