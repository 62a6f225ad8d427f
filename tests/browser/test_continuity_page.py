"""The dashboard of continuity, in a browser, over weeks of journeys that were filed through the API."""

from collections.abc import AsyncGenerator
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage, Scheme, Screenshot
from tests.browser.harness import Service, assert_accessible, assert_fits, assert_nothing_overprints, tab_to
from tests.browser.seeding import seeded_service
from tests.conftest import WordEmbedder

MARCH = "from=2026-03-02&to=2026-03-29"
API = "from=2026-03-02T00:00:00Z&to=2026-03-30T00:00:00Z"
PAGE = f"/console/continuity?{MARCH}"
RATES = ("repeat_information_rate", "context_gap_rate", "override_rate")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Service]:
    """One service for all tests of this file, which only look."""
    async with seeded_service(tmp_path_factory.mktemp("weeks"), customers=48, embedder=WordEmbedder()) as opened:
        yield opened


async def rows(page: Page, table: str = ".breaks") -> list[list[str]]:
    """The cells of a table's rows, each with its text."""
    cells: list[list[str]] = await page.evaluate(
        "table => [...document.querySelectorAll(`${table} tbody tr`)].map(row => "
        "[...row.children].map(cell => cell.innerText.replace(/\\s+/g, ' ').trim()))",
        table,
    )
    return cells


async def test_the_figures_are_those_of_the_api_with_their_counts_and_intervals(page: Page, service: Service) -> None:
    overall = (await service.get(f"/v1/analytics/continuity?{API}"))["overall"]
    await page.goto(PAGE)
    for name in RATES:
        tile = page.locator(f"#{name}")
        await expect(tile.locator(".figure-value")).to_have_text(f"{100 * overall[name]['value']:.0f}%")
        low, high = (f"{100 * overall[name][bound]:.0f}" for bound in ("ci_low", "ci_high"))
        await expect(tile).to_contain_text(f"{overall[name]['count']} cases")
        await expect(tile).to_contain_text(f"95% interval {low}–{high}%")


async def test_each_figure_stands_beside_that_of_the_period_before(page: Page, service: Service) -> None:
    before = (await service.get("/v1/analytics/continuity?from=2026-02-02T00:00:00Z&to=2026-03-02T00:00:00Z"))[
        "overall"
    ]
    await page.goto(PAGE)
    for name in RATES:
        await expect(page.locator(f"#{name} .change")).to_contain_text(f"before ({100 * before[name]['value']:.0f}%)")
    await page.goto("/console/continuity?period=all")
    await expect(page.locator(".change")).to_have_count(0)


async def test_breakpoints_are_sorted_by_what_they_cost_until_another_column_is_chosen(
    page: Page, service: Service
) -> None:
    breakpoints = (await service.get(f"/v1/analytics/continuity?{API}"))["breakpoints"]

    def cost(figures: dict[str, dict[str, float]]) -> float:
        return sum(
            figures[name]["count"] * (figures[name]["value"] or 0)
            for name in ("handoff_penalty_ms", "unprepared_penalty_ms")
        )

    def label(channels: dict[str, str]) -> str:
        return f"{channels['from_channel']} → {channels['to_channel']}"

    await page.goto(PAGE)
    assert [row[0] for row in await rows(page)] == [
        label(figures) for figures in sorted(breakpoints, key=cost, reverse=True)
    ]
    await page.get_by_role("link", name="Escalations", exact=True).click()
    assert parse_qs(urlsplit(page.url).query)["sort"] == ["count"]
    counts = [int(row[1]) for row in await rows(page)]
    assert counts == sorted((figures["count"] for figures in breakpoints), reverse=True)
    await expect(page.locator("th[aria-sort=descending]")).to_have_text("Escalations ↓")


async def test_filters_change_the_address_and_the_figures_and_the_address_can_be_sent_on(
    page: Page, open_page: OpenPage, service: Service
) -> None:
    await page.goto(PAGE)
    everything = await rows(page)
    await page.get_by_label("Channel").select_option("whatsapp")
    await page.get_by_label("Table by").select_option("queue")
    await page.get_by_role("button", name="Show").click()
    query = parse_qs(urlsplit(page.url).query)
    assert (query["channel"], query["group_by"], query["from"]) == (["whatsapp"], ["queue"], ["2026-03-02"])
    narrowed = await rows(page)
    groups = (await service.get(f"/v1/analytics/continuity?{API}&channel=whatsapp&group_by=queue"))["groups"]
    assert {(row[0], int(row[1])) for row in narrowed} == {
        ((group["name"] or "none").replace("_", " "), group["count"]) for group in groups
    }
    assert narrowed != everything
    other = await open_page()
    await other.goto(page.url)
    assert await rows(other) == narrowed
    await expect(other.get_by_label("Channel")).to_have_value("whatsapp")


async def test_the_csv_is_the_one_that_the_api_gives(page: Page, service: Service) -> None:
    await page.goto(f"{PAGE}&channel=chat")
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="CSV").click()
    path = await (await waiting.value).path()
    answer = await service.client.get(f"/v1/analytics/continuity?{API}&channel=chat&format=csv")
    assert path.read_bytes() == answer.content
    assert answer.text.startswith("from_channel,to_channel,")


async def test_a_breakpoint_leads_to_its_escalations_and_these_to_card_and_journey(
    page: Page, service: Service
) -> None:
    answer = await service.get(
        f"/v1/analytics/continuity/escalations?{API}&from_channel=chat&to_channel=voice&limit=50"
    )
    await page.goto(PAGE)
    await tab_to(page, ".breaks tbody a")
    await page.get_by_role("link", name="chat → voice").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Escalations")
    assert len(await rows(page, ".behind")) == len(answer["escalations"])
    for part in ("journey", "card"):
        await page.locator(".links").get_by_text(part, exact=True).first.click()
        await page.wait_for_url("**/console/*/*")
        assert "refusal" not in await page.content()
        await page.go_back()


async def test_escalations_can_be_narrowed_to_those_that_count_and_tell_what_was_said_again(
    page: Page, service: Service
) -> None:
    answer = await service.get(f"/v1/analytics/continuity/escalations?{API}&only=repeated&limit=50")
    await page.goto(f"/console/continuity/escalations?{MARCH}")
    await page.get_by_label("Only those").select_option("repeated")
    await page.get_by_role("button", name="Show").click()
    shown_rows = await rows(page, ".behind")
    assert len(shown_rows) == len(answer["escalations"])
    assert all(row[3].startswith("yes") for row in shown_rows)
    again = next(escalation for escalation in answer["escalations"] if escalation["restated"])
    link = page.get_by_role("link", name="said again").first
    await link.click()
    await page.wait_for_url("**/console/customers/**")
    assert any(
        restated["restated"] in page.url for escalation in answer["escalations"] for restated in escalation["restated"]
    ), again


async def test_plots_are_drawn_from_the_installed_package_and_say_in_words_what_they_show(
    page: Page, service: Service
) -> None:
    periods = (await service.get(f"/v1/analytics/continuity?{API}&group_by=week"))["over_time"]
    await page.goto(PAGE)
    plots = page.locator(".plot")
    await expect(plots).to_have_count(6)
    await expect(page.locator(".plot .main-svg:first-child")).to_have_count(6)
    await expect(page.locator(".plot").first.locator(".scatterlayer .point")).to_have_count(len(periods))
    label = await plots.first.get_attribute("aria-label")
    last = periods[-1]["repeat_information_rate"]
    assert label is not None
    assert f"Last, week of 23 Mar 2026: {100 * last['value']:.0f}%" in label
    await page.get_by_text("As a table").click()
    table = await rows(page, ".as-table")
    assert [row[1] for row in table] == [str(period["count"]) for period in periods]


async def test_a_plot_tells_its_figures_under_the_pointer(page: Page) -> None:
    await page.goto(PAGE)
    plot = page.locator(".plot").first
    await plot.scroll_into_view_if_needed()
    box = await plot.locator(".scatterlayer .point").first.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await expect(plot.locator(".hoverlayer")).to_contain_text("week of 2 Mar 2026")


async def test_plots_follow_the_colour_scheme(page: Page) -> None:
    await page.goto(PAGE)
    line = page.locator(".plot").first.locator(".js-line")
    await expect(line).to_have_css("stroke", "rgb(36, 86, 196)")
    await page.emulate_media(color_scheme="dark")
    await expect(line).to_have_css("stroke", "rgb(141, 178, 255)")


async def test_few_cases_are_shown_as_uncertain(page: Page, service: Service) -> None:
    breakpoints = (await service.get(f"/v1/analytics/continuity?{API}"))["breakpoints"]
    least = min(breakpoints, key=lambda figures: figures["count"])
    await page.goto(PAGE)
    cells = next(row for row in await rows(page) if row[0] == f"{least['from_channel']} → {least['to_channel']}")
    assert f"only {least['context_gap_rate']['count']}" in cells[4]
    await expect(page.locator(".tile .chip.warn").first).to_have_text("few cases")


async def test_each_figure_has_its_formula_a_click_away(page: Page, service: Service) -> None:
    definitions = (await service.get(f"/v1/analytics/continuity?{API}"))["definitions"]
    await page.goto(PAGE)
    for name in (*RATES, "handoff_penalty_ms", "time_to_brief_ms"):
        tile = page.locator(f"#{name}")
        formula = tile.get_by_text(definitions[name]["formula"])
        await expect(formula).to_be_hidden()
        await tile.get_by_text("What it means").click()
        await expect(formula).to_be_visible()


async def test_without_a_script_everything_but_the_plots_is_there(open_page: OpenPage) -> None:
    page = await open_page(java_script_enabled=False)
    await page.goto(PAGE)
    await expect(page.locator(".tile .figure-value")).to_have_count(5)
    await page.get_by_text("As a table").click()
    await expect(page.get_by_role("rowheader", name="week of 2 Mar 2026")).to_be_visible()


async def test_a_period_in_which_nobody_was_handed_on_says_so_and_leads_out(page: Page) -> None:
    await page.goto("/console/continuity?from=2019-01-01&to=2019-01-31")
    await expect(page.get_by_text("Nobody was handed on here.")).to_be_visible()
    await page.get_by_role("link", name="Show everything").click()
    await expect(page.locator(".tile")).to_have_count(5)


PAGES = {
    "continuity": PAGE,
    "escalations": f"/console/continuity/escalations?{MARCH}",
    "continuity-empty": "/console/continuity?from=2019-01-01&to=2019-01-31",
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1920, "dark"), (390, "light"), (320, "light")])
async def test_the_pages_are_accessible_and_fit_any_window(
    open_page: OpenPage, screenshot: Screenshot, name: str, width: int, scheme: Scheme
) -> None:
    page = await open_page(width=width, scheme=scheme)
    await page.goto(PAGES[name])
    if name == "continuity":
        await page.locator(".plot .main-svg").last.wait_for(state="attached")
    for details in await page.locator("details").all():
        await details.evaluate("details => { details.open = true; }")
    await assert_fits(page)
    await assert_nothing_overprints(page)
    await assert_accessible(page)
    await screenshot(page, f"{name}-{width}-{scheme}")
