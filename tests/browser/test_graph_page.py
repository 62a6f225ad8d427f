"""The conversation graph, in a browser, over weeks of journeys that were filed through the API."""

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage, Scheme, Screenshot
from tests.browser.harness import Service, assert_accessible, assert_fits, tab_to
from tests.browser.seeding import seeded_service
from tests.conftest import WordEmbedder

WEEKS = "from=2026-02-02&to=2026-03-29"
API = "from=2026-02-02T00:00:00Z&to=2026-03-30T00:00:00Z"
PAGE = f"/console/graph?{WEEKS}&min_count=1"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Service]:
    """One service for all tests of this file, which only look."""
    async with seeded_service(tmp_path_factory.mktemp("weeks"), customers=48, embedder=WordEmbedder()) as opened:
        yield opened


async def edges(service: Service, more: str = "") -> list[dict[str, Any]]:
    """The edges that the API gives."""
    graph_edges: list[dict[str, Any]] = (await service.get(f"/v1/analytics/graph?{API}{more}"))["edges"]
    return graph_edges


async def widest(service: Service) -> dict[str, Any]:
    """The edge with the most journeys along it, between two nodes."""
    return max((edge for edge in await edges(service) if edge["from"] != edge["to"]), key=lambda edge: edge["count"])


def selector(edge: dict[str, Any]) -> str:
    return f'.edge[data-from="{edge["from"]}"][data-to="{edge["to"]}"]'


async def behind(page: Page) -> int:
    """How many conversations the list shows."""
    return await page.locator("#behind tbody tr").count()


async def test_every_node_and_edge_of_the_api_is_drawn_and_tells_its_figures(page: Page, service: Service) -> None:
    graph = await service.get(f"/v1/analytics/graph?{API}")
    await page.goto(PAGE)
    drawn: list[list[str]] = await page.evaluate(
        "[...document.querySelectorAll('.edge')].map(one => [one.dataset.from, one.dataset.to, one.ariaLabel])"
    )
    labels = {(start, end): label for start, end, label in drawn}
    assert set(labels) == {(edge["from"], edge["to"]) for edge in graph["edges"]}
    for edge in graph["edges"]:
        label = labels[edge["from"], edge["to"]]
        assert f": {edge['count']} time" in label
        assert f"broke {edge['broke']} times, {100 * edge['broke_share']:.0f}%" in label
    nodes: list[str] = await page.evaluate("[...document.querySelectorAll('.node')].map(one => one.dataset.node)")
    assert set(nodes) == {node["id"] for node in graph["nodes"]}


async def test_width_tells_the_count_and_colour_the_share_that_broke(page: Page, service: Service) -> None:
    graph_edges = await edges(service)
    most = max(edge["count"] for edge in graph_edges)
    await page.goto(PAGE)
    for edge in graph_edges:
        line = page.locator(f"{selector(edge)} .line")
        width = float(await line.get_attribute("stroke-width") or 0)
        assert width == pytest.approx(max(1.5, 14 * edge["count"] / most), abs=0.06)
        step = sum(edge["broke_share"] >= bound for bound in (0.05, 0.15, 0.3, 0.5))
        assert f"step-{step}" in (await page.locator(selector(edge)).get_attribute("class") or "").split()
    few = {(edge["from"], edge["to"]) for edge in graph_edges if edge["count"] < 5}
    assert await page.locator(".edge.few-cases").count() == len(few)


async def test_an_edge_under_the_pointer_tells_its_figures_and_stands_out(page: Page, service: Service) -> None:
    edge = await widest(service)
    await page.goto(PAGE)
    hint = page.locator("#told")
    await expect(hint).to_contain_text("Point at an edge")
    await page.locator(selector(edge)).dispatch_event("pointerover")
    await expect(hint).to_contain_text(f"{edge['count']} times")
    assert await page.locator(".edge.lit").count() == 1
    assert await page.locator(".node.lit").count() == 2
    await page.locator(".graph").dispatch_event("pointerleave")
    await expect(hint).to_contain_text("Point at an edge")
    assert await page.locator(".lit").count() == 0


async def test_a_node_in_focus_tells_its_visits_and_lights_up_what_leads_there(page: Page, service: Service) -> None:
    graph = await service.get(f"/v1/analytics/graph?{API}")
    node = graph["nodes"][0]
    await page.goto(PAGE)
    await page.locator(f'.node[data-node="{node["id"]}"]').focus()
    await expect(page.locator("#told")).to_contain_text(f"{node['count']} visits")
    touching = [edge for edge in graph["edges"] if node["id"] in (edge["from"], edge["to"])]
    assert await page.locator(".edge.lit").count() == len(touching)


async def test_enter_on_an_edge_opens_the_conversations_behind_it(page: Page, service: Service) -> None:
    edge = await widest(service)
    conversations = await service.get(
        f"/v1/analytics/graph/conversations?{API}&from_node={edge['from']}&to_node={edge['to']}&limit=50"
    )
    await page.goto(PAGE)
    await tab_to(page, selector(edge), most=120)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/graph?**from_node=**#behind")
    query = parse_qs(urlsplit(page.url).query)
    assert (query["from_node"], query["to_node"], query["from"]) == ([edge["from"]], [edge["to"]], ["2026-02-02"])
    assert await behind(page) == len(conversations["steps"]) == edge["count"]
    assert await page.locator("#behind .bad").count() == sum(step["broke"] for step in conversations["steps"])
    await expect(page.locator(".edge.chosen")).to_have_attribute("aria-current", "true")


async def test_a_click_on_an_edge_opens_them_too_and_each_leads_to_its_journey(page: Page, service: Service) -> None:
    edge = await widest(service)
    await page.goto(PAGE)
    # The pointer meets the line somewhere along its way, not in the middle of its box.
    at = await page.locator(f"{selector(edge)} .line").evaluate(
        "line => { const at = line.getPointAtLength(8).matrixTransform(line.getScreenCTM()); return [at.x, at.y]; }"
    )
    await page.mouse.click(*at)
    await page.wait_for_url("**#behind")
    assert await behind(page) == edge["count"]
    await page.locator("#behind .links a").first.click()
    await page.wait_for_url("**/console/customers/**")


async def test_a_node_opens_its_visits(page: Page, service: Service) -> None:
    node = (await service.get(f"/v1/analytics/graph?{API}"))["nodes"][0]
    await page.goto(PAGE)
    await page.locator(f'.node[data-node="{node["id"]}"]').click()
    await page.wait_for_url("**#behind")
    assert await behind(page) == min(50, node["count"])
    await page.get_by_role("link", name="Close").click()
    await expect(page.locator("#behind")).to_have_count(0)


async def test_filters_change_the_address_and_what_is_drawn(page: Page, open_page: OpenPage, service: Service) -> None:
    await page.goto(PAGE)
    await page.get_by_label("Channel", exact=True).select_option("whatsapp")
    await page.get_by_label("At least").fill("2")
    await page.get_by_role("button", name="Show").click()
    query = parse_qs(urlsplit(page.url).query)
    assert (query["channel"], query["min_count"], query["from"]) == (["whatsapp"], ["2"], ["2026-02-02"])
    wanted = [edge for edge in await edges(service, "&channel=whatsapp") if edge["count"] >= 2]
    assert 0 < len(wanted) < len(await edges(service))
    assert await page.locator(".edge").count() == len(wanted)
    other = await open_page()
    await other.goto(page.url)
    assert await other.locator(".edge").count() == len(wanted)


async def test_an_intent_narrows_the_graph_to_where_it_was_wanted(page: Page, service: Service) -> None:
    graph = await service.get(f"/v1/analytics/graph?{API}")
    intent = next(node["intent"] for node in graph["nodes"] if node["intent"])
    await page.goto(PAGE)
    await page.get_by_label("Intent", exact=True).select_option(intent)
    await page.get_by_role("button", name="Show").click()
    narrowed = await edges(service, f"&intent={intent}")
    assert await page.locator(".edge").count() == len(narrowed) < len(graph["edges"])


async def test_the_table_tells_the_same_as_the_drawing(page: Page, service: Service) -> None:
    graph_edges = await edges(service)
    await page.goto(PAGE)
    await page.get_by_role("link", name="Past the drawing").click()
    lines = page.locator("#edges tbody tr")
    await expect(lines).to_have_count(len(graph_edges))
    await expect(lines.first).to_be_visible()
    broke = [int(cell) for cell in await page.locator('#edges td[data-label="Broke"]').all_inner_texts()]
    assert broke == sorted((edge["broke"] for edge in graph_edges), reverse=True)


async def test_the_csv_is_the_one_that_the_api_gives(page: Page, service: Service) -> None:
    await page.goto(f"{PAGE}&channel=chat")
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="CSV").click()
    path = await (await waiting.value).path()
    answer = await service.client.get(f"/v1/analytics/graph?{API}&channel=chat&format=csv")
    assert path.read_bytes() == answer.content


async def test_moments_are_ranked_by_the_journeys_they_cost_and_lead_to_where_they_were(
    page: Page, service: Service
) -> None:
    moments = (await service.get(f"/v1/analytics/moments?{API}&limit=12"))["moments"]
    await page.goto(PAGE)
    section = page.get_by_role("region", name="Table of moments")
    costs = [int(cell) for cell in await section.locator('td[data-label="Journeys cost"]').all_inner_texts()]
    assert costs == [moment["journeys"] for moment in moments] == sorted(costs, reverse=True)
    await section.locator(".links a").first.click()
    await page.wait_for_url("**/console/customers/**")
    sample = moments[0]["samples"][0]
    assert sample["customer_id"] in page.url
    assert sample["evidence"][0] in page.url
    await expect(page.locator(f"#{sample['evidence'][0]}")).to_be_visible()


async def test_without_a_script_edges_lead_to_their_conversations(open_page: OpenPage, service: Service) -> None:
    edge = await widest(service)
    page = await open_page(java_script_enabled=False)
    await page.goto(PAGE)
    address = await page.locator(selector(edge)).get_attribute("href")
    assert address is not None
    await page.goto(address)
    assert await behind(page) == edge["count"]


async def test_a_misspelt_node_is_told_on_a_page(page: Page, watch: Any) -> None:
    watch.forgive("status of 4")
    await page.goto(f"{PAGE}&from_node=nowhere&to_node=chat")
    await expect(page.get_by_role("heading", level=1)).not_to_have_text("Conversation graph")
    await expect(page.locator("main")).to_contain_text("This is no node.")


@pytest.mark.parametrize("opened", ["", "&node=chat"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1920, "dark"), (320, "light")])
async def test_the_page_is_accessible_and_fits_any_window(
    open_page: OpenPage, screenshot: Screenshot, opened: str, width: int, scheme: Scheme
) -> None:
    page = await open_page(width=width, scheme=scheme)
    await page.goto(PAGE + opened)
    await assert_fits(page)
    await assert_accessible(page)
    await screenshot(page, f"graph{opened.replace('&', '-').replace('=', '-')}-{width}-{scheme}")
