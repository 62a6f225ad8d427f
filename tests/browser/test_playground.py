"""The playground in a real browser: text and files tried out, sources opened, faults told by line, cases copied."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Page, expect

from app.adapters.scripted import ScriptedModel
from app.bootstrap import build
from app.services import App
from app.settings import Settings
from evals.suite.cases import load_cases
from tests.browser.conftest import OpenPage, Screenshot
from tests.browser.harness import Service, Watch, assert_accessible, assert_fits, tab_to
from tests.conftest import WordEmbedder
from tests.services.test_playground import ANSWER, TALK
from tests.support.vcon_documents import text_dialog as spoken
from tests.support.vcon_documents import vcon

MODEL = "some/model"


@pytest_asyncio.fixture(loop_scope="session")
async def app(settings: Settings) -> AsyncGenerator[App]:
    """An open App with a model that promises more than the bot did."""
    model = ScriptedModel(json.dumps(ANSWER), name=MODEL)
    async with build(settings, embedder=WordEmbedder(), model=model) as opened:
        await opened.warm_up()
        yield opened


async def tried(page: Page, text: str, **chosen: str) -> None:
    """Paste a conversation and try it out."""
    await page.goto("/console/playground")
    await page.get_by_label("Conversation", exact=True).fill(text)
    for label, value in chosen.items():
        await page.get_by_label(label, exact=True).select_option(value)
    await page.get_by_role("button", name="Try it out").click()
    await expect(page.locator("#outcome[aria-busy=false]")).to_be_attached()


async def dropped(page: Page, name: str, text: str) -> None:
    """Drop a file on the form, as a hand does."""
    transfer: Any = await page.evaluate_handle(
        "([name, text]) => { const held = new DataTransfer(); held.items.add(new File([text], name)); return held; }",
        [name, text],
    )
    await page.dispatch_event("#drop", "dragover", {"dataTransfer": transfer})
    await page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})


async def test_pasted_text_becomes_a_brief_whose_sources_open_in_place(page: Page, screenshot: Screenshot) -> None:
    await tried(page, TALK, Catalogue="retail")
    brief = page.get_by_role("region", name="Brief")
    await expect(brief.locator(".headline")).to_contain_text("ORD-70331")
    promised = brief.locator("li", has_text="I will refund the 59.00 EUR within two days.").first
    source = promised.locator("q")
    await expect(source).to_be_hidden()
    await promised.locator("summary").click()
    await expect(source).to_have_text("I will refund the 59.00 EUR within two days.")
    claims = page.get_by_role("region", name="What it says")
    await expect(claims.locator("li .sources").first).to_be_attached()
    assert await claims.locator("li.claim").count() == await claims.locator("li .sources").count()
    await expect(page.get_by_role("region", name="Signals").get_by_text("human request")).to_be_visible()
    await screenshot(page, "playground-light")
    await assert_accessible(page)


async def test_a_decision_shows_its_components_and_what_is_held_back(page: Page) -> None:
    await tried(page, TALK, Catalogue="retail")
    decision = page.get_by_role("region", name="Decision")
    cells = await decision.locator("tbody tr").first.locator("td").all_inner_texts()
    propensity, context, value, lever, score = map(float, cells)
    assert abs(propensity * context * value * lever - score) < 0.02
    suppressed = decision.locator("details", has_text="Held back")
    await expect(suppressed.locator("li").first.locator(".chip")).to_be_visible()


async def test_why_the_brief_says_what_it_says_is_shown_sentence_by_sentence(page: Page) -> None:
    await tried(page, TALK)
    why = page.get_by_role("region", name="Why the brief says this")
    await why.locator("summary").click()
    row = why.locator("tbody tr", has_text="I will refund the 59.00 EUR within two days.")
    await expect(row.locator("td").nth(2)).to_contain_text("promise")
    await expect(row.locator("td").last).to_contain_text("commitments")


async def test_what_a_model_made_up_is_shown_as_dropped_with_why(page: Page, screenshot: Screenshot) -> None:
    await tried(page, TALK, Model=MODEL)
    await expect(page.locator(".headline")).to_contain_text("Cannot return the lamp from order ORD-70331")
    gone = page.get_by_role("region", name="Dropped")
    await expect(gone.locator("s")).to_have_text("The bot promised 75.00 EUR within two days.")
    await expect(gone.locator(".bad")).to_contain_text("75")
    await screenshot(page, "playground-model")
    await page.get_by_label("Model", exact=True).select_option("none")
    await page.get_by_role("button", name="Try it out").click()
    await expect(gone.get_by_text("No model wrote here")).to_be_visible()


async def test_only_the_models_of_the_settings_can_be_chosen(page: Page, service: Service, watch: Watch) -> None:
    await page.goto("/console/playground")
    options = await page.get_by_label("Model", exact=True).locator("option").all_inner_texts()
    assert options == ["none: extractive", MODEL]
    watch.forgive("status of 422")
    body = {"content": TALK, "model": "openai/anything"}
    answer = await service.client.post("/console/playground", json=body, headers={"origin": service.address})
    assert answer.status_code == 422
    assert "model: Use one of none, some/model." in answer.text


async def test_a_json_conversation_and_a_vcon_are_dropped_and_read(page: Page) -> None:
    await page.goto("/console/playground")
    talk = {"id": "talk-9", "turns": [{"role": "customer", "text": "My parcel P-77120 is late."}]}
    await dropped(page, "talk.json", json.dumps(talk))
    await page.get_by_role("button", name="Try it out").click()
    read = page.get_by_role("region", name="As it was read")
    await expect(read).to_contain_text("conversation file, 1 interaction,")
    await dropped(
        page, "call.vcon", json.dumps(vcon(dialog=[spoken("I cannot log in."), spoken("Let me see.", by=1, minute=2)]))
    )
    await page.get_by_role("button", name="Try it out").click()
    await expect(read).to_contain_text("vCon, 2 interactions")
    await page.locator("#file").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": TALK.encode()})
    await expect(page.locator("#said")).to_have_value(TALK)


async def test_input_that_cannot_be_read_is_told_in_words_and_its_line_is_marked(
    page: Page, watch: Watch, screenshot: Screenshot
) -> None:
    watch.forgive("status of 422")
    await tried(page, "Customer: hello\nAnna: hi\nCustomer: <b>so</b>\nAnna: well")
    notice = page.get_by_role("alert")
    await expect(notice).to_contain_text("line 2: nothing says who “Anna” is")
    await expect(page.locator("#said")).to_have_attribute("aria-invalid", "true")
    marked = await page.locator("#said").evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)")
    assert marked == "Anna: hi"
    await screenshot(page, "playground-refused")
    await assert_accessible(page)
    await tried(page, '{"id": "a",\n "turns": [{"role": "cat", "text": "x"}]}')
    await expect(notice).to_contain_text("line 2: turns[0].role")
    await tried(page, "x" * 10)
    await expect(notice).to_contain_text("line 1: nobody is named")


async def test_a_case_is_copied_and_saved_so_that_the_suite_loads_it(open_page: OpenPage, tmp_path: Path) -> None:
    page = await open_page(permissions=["clipboard-read", "clipboard-write"], accept_downloads=True)
    await tried(page, TALK, Catalogue="retail")
    await page.get_by_role("button", name="Copy").click()
    await expect(page.locator("#announcer")).to_have_text("The case is copied.")
    copied = await page.evaluate("navigator.clipboard.readText()")
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Download").click()
    download = await waiting.value
    (tmp_path / "retail").mkdir()
    file = tmp_path / "retail" / download.suggested_filename
    await download.save_as(file)
    assert file.read_text(encoding="utf-8") == copied
    (case,) = load_cases(tmp_path)
    assert case.interactions[0].text.startswith("I cannot return the lamp")


async def test_what_a_customer_wrote_is_text_and_never_markup(page: Page) -> None:
    await tried(
        page, "Customer: <img src=x onerror=alert(1)> <script>alert(2)</script> My order ORD-1234 </textarea> is late."
    )
    await expect(page.get_by_role("region", name="As it was read")).to_contain_text("<script>alert(2)</script>")
    assert await page.locator("img[src=x], #outcome script").count() == 0
    assert "</textarea>" in await page.locator("#case-text").input_value()


async def test_it_works_without_scripts_and_keeps_what_was_pasted(open_page: OpenPage) -> None:
    page = await open_page(java_script_enabled=False)
    await page.goto("/console/playground")
    await page.locator("#said").fill(TALK)
    await page.locator("#now").fill("2026-03-02T09:00:00")
    await page.locator("#play").click()
    await expect(page.locator(".headline")).to_contain_text("ORD-70331")
    await expect(page.locator("#said")).to_have_value(TALK)
    await expect(page.locator("#read + span")).to_contain_text("judged at 2026-03-02 09:00 UTC")


async def test_the_keyboard_alone_tries_out_the_example_and_opens_a_source(page: Page) -> None:
    await page.goto("/console/playground")
    await tab_to(page, "#example")
    await page.keyboard.press("Enter")
    await tab_to(page, "#play")
    await page.keyboard.press("Enter")
    await expect(page.locator(".headline")).to_contain_text("ORD-70331")
    await tab_to(page, ".sources summary")
    await page.keyboard.press("Enter")
    await expect(page.locator(".sources[open] q").first).to_be_visible()


async def test_it_fits_and_is_accessible_in_the_dark_and_on_a_phone(
    open_page: OpenPage, screenshot: Screenshot
) -> None:
    dark = await open_page(scheme="dark")
    await tried(dark, TALK, Model=MODEL)
    await assert_accessible(dark)
    await screenshot(dark, "playground-dark")
    phone = await open_page(width=320, height=640)
    await tried(phone, TALK)
    await assert_fits(phone)
    await assert_accessible(phone)
    await screenshot(phone, "playground-320")
