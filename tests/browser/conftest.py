"""Fixtures for the tests of the pages: one browser a process, one service a test.

Everything here and every test beside it runs in the event loop of the session, in which the browser was started.
"""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, Page, async_playwright, expect

from app.bootstrap import build
from app.main import create_app
from app.services import App
from app.settings import Settings
from tests.browser.harness import Service, Watch, browser_path, listening
from tests.browser.harness import screenshot as take
from tests.conftest import WordEmbedder

HERE = Path(__file__).parent
# No test is about how soon something comes; a machine that does much else may take its time.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
Scheme = Literal["light", "dark"]
OpenPage = Callable[..., Awaitable[Page]]
Screenshot = Callable[[Page, str], Awaitable[Path]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of the pages where the browser runs."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """The browser of this machine, without a window."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=browser_path(), args=arguments)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def app(settings: Settings) -> AsyncGenerator[App]:
    """An open App on stores of its own, warmed up. A test with a model or a catalogue of its own overrides this."""
    async with build(settings, embedder=WordEmbedder()) as opened:
        await opened.warm_up()
        yield opened


@pytest.fixture
def api(settings: Settings, app: App) -> FastAPI:
    """The ASGI application around the App."""
    return create_app(settings, app)


@pytest_asyncio.fixture(loop_scope="session")
async def service(api: FastAPI, app: App) -> AsyncGenerator[Service]:
    """The service, listening on loopback; without keys until a test makes one."""
    async with listening(api, app) as opened:
        yield opened


@pytest.fixture
def watch(service: Service) -> Watch:
    """What went wrong on this test's pages."""
    return Watch(service.address)


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, service: Service, watch: Watch) -> AsyncGenerator[OpenPage]:
    """Opens pages: `await open_page(width=320, scheme="dark")`; each is watched, and any fault fails the test."""
    contexts: list[Any] = []

    async def open_one(*, width: int = 1280, height: int = 900, scheme: Scheme = "light", **more: Any) -> Page:
        context = await browser.new_context(
            base_url=service.address,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
            **more,
        )
        contexts.append(context)
        opened = await context.new_page()
        watch.over(opened)
        opened.set_default_timeout(PATIENCE_MS)
        return opened

    yield open_one
    for context in contexts:
        await context.close()
    assert not watch.faults, "\n".join(watch.faults)


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_page: OpenPage) -> Page:
    """A page of 1280 by 900 pixels in the light colours."""
    return await open_page()


@pytest.fixture
def screenshot(tmp_path: Path) -> Screenshot:
    """Takes a picture of a page: `await screenshot(page, "card-320-dark")`; gives the file."""

    async def taken(page: Page, name: str) -> Path:
        return await take(page, name, tmp_path / "screenshots")

    return taken
