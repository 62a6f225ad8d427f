"""What the tests of the pages share: a real service on loopback, and a browser's page that is watched for faults."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import uvicorn
from axe_playwright_python.async_playwright import Axe
from fastapi import FastAPI
from playwright.async_api import ConsoleMessage, Page, Request
from starlette.types import ASGIApp

from app.services import App

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# What axe calls best practice is asked for as well, beside WCAG 2.2 AA.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Service:
    """A service that really listens, the App in it, and a client that talks to it as a channel does."""

    def __init__(self, address: str, app: App, client: httpx.AsyncClient) -> None:
        self.address = address
        self.app = app
        self.client = client

    async def post(self, path: str, body: object, **headers: str) -> Any:
        """The JSON that a POST answers. Fails unless it succeeded."""
        answer = await self.client.post(path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def get(self, path: str, **headers: str) -> Any:
        """The JSON that a GET answers. Fails unless it succeeded."""
        answer = await self.client.get(path, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()


@asynccontextmanager
async def listening(api: FastAPI, app: App) -> AsyncGenerator[Service]:
    """The service on a free port of loopback."""
    async with served(api) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield Service(f"http://127.0.0.1:{port}", app, client)


@asynccontextmanager
async def served(api: ASGIApp) -> AsyncGenerator[int]:
    """An ASGI application, listening; gives the port of loopback that it was given."""
    server = uvicorn.Server(uvicorn.Config(api, port=0, log_level="error", timeout_graceful_shutdown=2))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else
        await asyncio.sleep(0.005)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


def browser_path() -> str:
    """The browser of this machine. Raises LookupError telling how to get one."""
    executable = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if executable is None:
        raise LookupError(
            "The tests of the pages need Chromium or Google Chrome, and this machine has none on its PATH. "
            "On Debian and Ubuntu: `sudo apt-get install chromium`. Elsewhere install one of the two. "
            "Then run make again."
        )
    return executable


class Watch:
    """Everything that went wrong on the pages of one test, and every request that left the service."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._forgiven: list[re.Pattern[str]] = []
        self._faults: list[str] = []

    def over(self, page: Page) -> None:
        """Listen to a page: errors and warnings of its console, among them each violation of the page's policy."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._faults.append(f"script: {error}"))
        page.on("request", self._request)

    def forgive(self, pattern: str) -> None:
        """Expect faults that match this: `status of 401` where a test is refused on purpose."""
        self._forgiven.append(re.compile(pattern))

    async def until_saw(self, pattern: str) -> None:
        """Wait for a fault that is expected, so that a test knows it came. Fails after a minute without it."""
        async with asyncio.timeout(60):
            while not any(re.search(pattern, fault) for fault in self._faults):  # noqa: ASYNC110 - told by callbacks
                await asyncio.sleep(0.01)

    @property
    def faults(self) -> Collection[str]:
        """What went wrong and was not expected."""
        return [fault for fault in self._faults if not any(pattern.search(fault) for pattern in self._forgiven)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._faults.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self._origin:
            self._faults.append(f"left the origin: {request.url}")


async def assert_accessible(page: Page, *, within: str | None = None) -> None:
    """Fail on anything that axe finds wrong, with the element it is about; `within` narrows it to a selector."""
    axe_results = await Axe().run(page, context=within, options={"runOnly": {"type": "tag", "values": RULES}})
    violations = cast(list[dict[str, Any]], axe_results.response["violations"])
    failures = [
        f"{violation['id']} ({violation['impact']}): {violation['help']}\n  {node['html']}\n  {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"]
    ]
    assert not failures, "\n".join(failures)


async def assert_fits(page: Page) -> None:
    """Fail when a page is wider than its window, so that it has to be moved sideways to be read."""
    width, shown = await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= shown, f"{width} px of page in a window of {shown} px"


# Every line of text that is shown, labels before an element among them, as [text, left, top, right, bottom].
_TEXTS = """() => {
  const lines = [];
  const clipped = (element) => element
    && (getComputedStyle(element).clipPath !== "none" || clipped(element.parentElement));
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && !clipped(element) && !element.closest(".skip");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || !shown(parent) || parent.closest("option, script, template")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width > 1 && box.height > 1) lines.push([node.data.trim(), box.left, box.top, box.right, box.bottom]);
    }
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    const label = getComputedStyle(element, "::before");
    if (!shown(element) || label.content === "none") continue;
    const box = element.getBoundingClientRect();
    const top = box.top + parseFloat(getComputedStyle(element).paddingTop);
    const [right, bottom] = [box.left + parseFloat(label.width), top + parseFloat(label.height)];
    lines.push([element.dataset.label, box.left, top, right, bottom]);
  }
  return lines;
}"""
_TOUCHING = 0.2


async def assert_nothing_overprints(page: Page) -> None:
    """Fail when two texts are drawn over one another, with both texts; boxes of lines may touch by a fifth."""
    lines: list[tuple[str, float, float, float, float]] = await page.evaluate(_TEXTS)
    assert lines
    lines.sort(key=lambda line: line[2])
    over: list[str] = []
    for index, (text, left, top, right, bottom) in enumerate(lines):
        for other, other_left, other_top, other_right, other_bottom in lines[index + 1 :]:
            if other_top >= bottom:
                break
            wide = min(right, other_right) - max(left, other_left)
            high = min(bottom, other_bottom) - other_top
            if wide > 1 and high > _TOUCHING * min(bottom - top, other_bottom - other_top):
                over.append(f"{text!r} and {other!r}, at {left:.0f}, {other_top:.0f}")
    assert not over, "\n".join(over)


async def tab_to(page: Page, selector: str, *, most: int = 80) -> None:
    """Press Tab until the element has the focus, as somebody without a mouse does."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} was not reached by {most} presses of Tab")


async def screenshot(page: Page, name: str, folder: Path, *, whole: bool = True) -> Path:
    """A picture of a page in `folder`, and in SCREENSHOTS where that is set."""
    screenshots_folder = os.environ.get("SCREENSHOTS")
    path = (Path(screenshots_folder) if screenshots_folder else folder) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=path, full_page=whole)
    return path
