"""`python -m tests.browser.screenshots`: the README's pictures of the pages, taken anew into docs/images.

A service of its own is filled with the demonstration's customer and with weeks of journeys made up by a seed, and
looked at with the browser that the tests of the pages use. It takes about a minute.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.async_api import Browser, ViewportSize, async_playwright

from app.demo import JOURNEY
from tests.browser.harness import Service, browser_path
from tests.browser.seeding import LAST_DAY, WEEKS, seeded_service

FOLDER = Path(__file__).parents[2] / "docs" / "images"
CUSTOMERS = 300
MOST_BYTES = 200_000
MOMENT = LAST_DAY + timedelta(hours=16)
WIDTH = 1200
MARCH = f"from={LAST_DAY - timedelta(days=27):%Y-%m-%d}&to={LAST_DAY:%Y-%m-%d}"
WHOLE = f"from={LAST_DAY - timedelta(days=7 * WEEKS - 1):%Y-%m-%d}&to={LAST_DAY:%Y-%m-%d}"


async def main(folder: Path) -> None:
    """Take the three pictures. Fails where one is larger than a README should load."""
    with TemporaryDirectory(prefix="warmline-pictures-") as data:
        async with seeded_service(Path(data), customers=CUSTOMERS) as service, async_playwright() as playwright:
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = await playwright.chromium.launch(executable_path=browser_path(), args=arguments)
            await _picture(browser, f"{service.address}/console/continuity?{MARCH}", folder / "dashboard.png", 1120)
            await _picture(browser, f"{service.address}/console/graph?{WHOLE}", folder / "graph.png", 880)
            # Last, for the card tells the service when it was looked at, and that is today.
            await _picture(browser, f"{service.address}{await _card(service)}", folder / "card.png", 780)
            await browser.close()


async def _card(service: Service) -> str:
    """The path of the card of the demonstration's customer, who is put through to an agent."""
    for episode in JOURNEY:
        await service.post("/v1/interactions", {"interactions": episode.interactions(MOMENT)})
    made: Mapping[str, Any] = await service.post(
        "/v1/handoffs",
        {
            "conversation_id": JOURNEY[-1].conversation_id,
            "from_channel": "voice",
            "to_channel": "voice",
            "from_actor": "bot",
            "to_queue": "returns",
            "reason": {"code": "customer_request"},
            "now": MOMENT.isoformat(),
        },
    )
    return f"/console/handoffs/{made['handoff_id']}"


async def _picture(browser: Browser, address: str, path: Path, height: int) -> None:
    """A page from its top, at most so many pixels high."""
    window: ViewportSize = {"width": WIDTH, "height": height}
    page = await browser.new_page(viewport=window, color_scheme="light", locale="en-GB", timezone_id="UTC")
    await page.goto(address)
    await page.wait_for_load_state("networkidle")
    whole: int = await page.evaluate("document.documentElement.scrollHeight")
    await page.set_viewport_size({"width": WIDTH, "height": min(height, whole)})
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = await page.screenshot(path=path, animations="disabled")
    await page.close()
    assert len(picture) < MOST_BYTES, f"{path} has {len(picture):,} bytes; show less of the page"
    print(f"{path}: {len(picture):,} bytes")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
