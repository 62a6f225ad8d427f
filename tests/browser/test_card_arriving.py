"""The card while its brief is still being made, and in the frame of an agent's desktop on another site."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Page, expect
from starlette.responses import HTMLResponse

from app.adapters.scripted import ScriptedModel
from app.bootstrap import build
from app.errors import ModelUnavailable
from app.main import create_app
from app.ports import ModelReply
from app.services import App
from app.settings import Settings
from tests.browser.conftest import OpenPage
from tests.browser.handed_over import CONVERSATION, hand_over, link_to, play
from tests.browser.harness import Service, Watch, listening, served
from tests.conftest import WordEmbedder

QUOTED = "I was promised my 129.00 EUR within 48 hours."
WORDED = {"situation": [{"text": f"The customer said: “{QUOTED}”", "evidence": ["t17"]}]}
STREAM = {"accept": "text/event-stream"}


class HeldModel(ScriptedModel):
    """A model that answers when it is told to, like one that takes its time."""

    def __init__(self) -> None:
        super().__init__(json.dumps(WORDED))
        self.may_answer = asyncio.Event()
        self.failure: ModelUnavailable | None = None

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """The scripted answer, or the failure that was set meanwhile."""
        await self.may_answer.wait()
        if self.failure is not None:
            raise self.failure
        return await super().complete(system, user, schema=schema, timeout_s=timeout_s, max_tokens=max_tokens)


@pytest.fixture
def model() -> HeldModel:
    """The model of the service."""
    return HeldModel()


@pytest_asyncio.fixture(loop_scope="session")
async def app(settings: Settings, model: HeldModel) -> AsyncGenerator[App]:
    """An App with a model."""
    async with build(settings, embedder=WordEmbedder(), model=model) as opened:
        await opened.warm_up()
        yield opened


class Desktop:
    """A desktop that asked for a handoff in stages: the first one, and the stream of what follows."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stages: asyncio.Queue[tuple[str, Mapping[str, Any]]] = asyncio.Queue()

    async def listen(self) -> None:
        """Ask, and keep each stage as it comes."""
        asked = {"conversation_id": CONVERSATION, "deadline_ms": 30_000}
        async with self._service.client.stream("POST", "/v1/handoffs", json=asked, headers=STREAM) as answer:
            name = ""
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self._stages.put_nowait((name, json.loads(line.removeprefix("data: "))))

    async def stage(self) -> tuple[str, Mapping[str, Any]]:
        """The next stage, with the name of its event."""
        return await asyncio.wait_for(self._stages.get(), 30)


@pytest_asyncio.fixture(loop_scope="session")
async def desktop(service: Service, model: HeldModel) -> AsyncGenerator[Desktop]:
    """A desktop that has just asked."""
    await play(service)
    opened = Desktop(service)
    listening_on = asyncio.create_task(opened.listen())
    yield opened
    model.may_answer.set()
    await listening_on


async def test_the_card_is_there_after_the_first_stage_and_fills_in_by_itself(
    page: Page, service: Service, desktop: Desktop, model: HeldModel
) -> None:
    name, first = await desktop.stage()
    assert (name, first["pending"], first["engine"]) == ("brief", True, "extractive")
    await page.goto(await link_to(service, first))
    await expect(page.locator("#coming")).to_be_visible()
    await expect(page.locator(".situation")).to_contain_text(first["brief"]["situation"].partition(".")[0])
    await page.locator(".actions a.mark").first.click()  # what somebody reads meanwhile is left as it is

    model.may_answer.set()

    await expect(page.locator("#coming")).to_have_count(0)
    await expect(page.locator("#announcer")).to_have_text("The brief is complete.")
    _, last = await desktop.stage()
    assert (last["pending"], last["engine"]) == (False, "model")
    await expect(page.locator(".situation")).to_contain_text(QUOTED)
    await expect(page.locator(".actions .in-place")).to_be_visible()


async def test_a_model_that_fails_leaves_the_first_brief_and_says_so(
    page: Page, service: Service, desktop: Desktop, model: HeldModel
) -> None:
    _, first = await desktop.stage()
    await page.goto(await link_to(service, first))
    model.failure = ModelUnavailable("The model's server refused.")
    model.may_answer.set()

    await expect(page.locator("#coming")).to_have_count(0)
    await expect(page.get_by_text("model unavailable")).to_be_visible()


async def test_what_somebody_is_writing_is_not_taken_away_when_the_brief_arrives(
    page: Page, service: Service, desktop: Desktop, model: HeldModel
) -> None:
    _, first = await desktop.stage()
    await page.goto(await link_to(service, first))
    await page.locator("#edit summary").click()
    await page.get_by_label("Headline").fill("Half a sent")
    model.may_answer.set()

    await expect(page.locator(".situation")).to_contain_text(QUOTED)
    await expect(page.get_by_label("Headline")).to_have_value("Half a sent")
    await expect(page.get_by_label("Headline")).to_be_focused()


async def test_a_refresh_shows_the_first_brief_at_once_and_fills_in(
    page: Page, service: Service, model: HeldModel
) -> None:
    model.may_answer.set()
    await page.goto(await link_to(service, await hand_over(service, deadline_ms=30_000)))
    model.may_answer.clear()
    message = {"channel": "voice", "actor": "customer", "kind": "message", "text": "It is urgent."}
    await service.post("/v1/interactions", {**message, "conversation_id": CONVERSATION})
    await page.reload()
    await page.get_by_role("button", name="Make the brief anew").click()

    await expect(page.locator("#coming")).to_be_visible()
    await expect(page.locator("#stale")).to_have_count(0)
    model.may_answer.set()
    await expect(page.locator("#coming")).to_have_count(0)


async def test_without_a_script_the_page_asks_again_by_itself(
    open_page: OpenPage, service: Service, desktop: Desktop, model: HeldModel
) -> None:
    _, first = await desktop.stage()
    page = await open_page(java_script_enabled=False)
    await page.goto(await link_to(service, first))
    await expect(page.locator("#coming")).to_be_visible()
    model.may_answer.set()

    await expect(page.locator("#coming")).to_have_count(0)
    await expect(page.locator(".situation")).to_contain_text(QUOTED)


@pytest.mark.parametrize("allowed", [True, False])
async def test_only_the_desktops_of_the_settings_may_frame_a_card(
    open_page: OpenPage, settings: Settings, model: HeldModel, watch: Watch, app: App, allowed: bool
) -> None:
    model.may_answer.set()
    watch.forgive("left the origin")
    if not allowed:
        watch.forgive("frame-ancestors")
    desk = FastAPI()
    shown: dict[str, str] = {}

    @desk.get("/")
    async def _() -> HTMLResponse:
        return HTMLResponse(
            f'<!doctype html><link rel="icon" href="data:,"><title>Desk</title><iframe src="{shown["url"]}"></iframe>'
        )

    async with served(desk) as port:
        site = f"http://localhost:{port}" if allowed else "https://desk.example"
        framed = settings.model_copy(update={"frame_ancestors": f"'self' {site}"})
        async with listening(create_app(framed, app), app) as service:
            handoff = await hand_over(service)
            shown["url"] = await link_to(service, handoff)
            page = await open_page()
            await page.goto(f"http://localhost:{port}/")  # another site than 127.0.0.1, so no cookie is sent along
            frame = page.frame_locator("iframe")
            if not allowed:
                await watch.until_saw("frame-ancestors")
                await expect(frame.locator("#card")).to_have_count(0)
                return
            await frame.get_by_role("button", name="Customer had to repeat this").click()
            await expect(frame.locator("#repeated")).to_have_attribute("aria-pressed", "true")
