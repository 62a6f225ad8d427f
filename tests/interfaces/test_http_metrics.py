"""`/metrics`: what is counted agrees with what was asked, and names no customer."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from app.adapters.memory import MemoryArchive, MemoryLedger, MemoryVectors
from app.adapters.prometheus import GAUGES
from app.adapters.scripted import ScriptedModel
from app.bootstrap import build
from app.errors import ModelUnavailable
from app.main import create_app
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.http import email, message, problem, record


async def counted(client: httpx.AsyncClient) -> Mapping[str, float]:
    """Every figure by its name, with the values of its labels behind it."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        " ".join([sample.name.removeprefix("warmline_"), *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


async def test_the_counts_agree_with_what_was_sent(client: httpx.AsyncClient) -> None:
    rows = [message("I want to talk to a person now.", id=f"m{n}", conversation_id="c-1") for n in range(3)]
    answer = (await client.post("/v1/interactions", json={"interactions": rows})).json()
    await record(client, rows[0])
    refused = await client.post("/v1/interactions", json={"interactions": [{"channel": "chat"}]})
    handoffs = [await client.post("/v1/handoffs", json={"conversation_id": "c-1"}) for _ in range(2)]
    decision = (await client.post("/v1/next-actions", json={"conversation_id": "c-1"})).json()
    action_id = decision["actions"][0]["action_id"]
    outcome = {"action_id": action_id, "displayed": True, "accepted": False}
    assert (await client.post(f"/v1/next-actions/{decision['decision_id']}/outcome", json=outcome)).is_success
    assert (await client.get("/v1/handoffs/hnd_unknown")).status_code == 404

    figures = await counted(client)
    assert figures["interactions_total filed"] == 3
    assert figures["interactions_total duplicate"] == 1
    assert figures["http_requests_total POST /v1/handoffs 201"] == 2
    assert figures["http_requests_total GET /v1/handoffs/{handoff_id} 404"] == 1
    assert figures[f"http_requests_total POST /v1/interactions {refused.status_code}"] >= 1
    assert figures["http_request_seconds_count POST /v1/handoffs"] == 2
    handed_over = {name: value for name, value in figures.items() if name.startswith("handoffs_total")}
    assert handed_over == {f"handoffs_total extractive  1 {handoffs[0].json()['status']}": 2}
    assert figures["handoff_seconds_count"] == 2
    assert figures["friction_count"] == 3
    assert figures[f"action_outcomes_total {decision['audience']} overridden"] == 1
    types = [signal["type"] for signal in answer["signals"]]
    assert {name: value for name, value in figures.items() if name.startswith("signals_total")} == {
        f"signals_total {name}": types.count(name) for name in set(types)
    }
    assert sum(value for name, value in figures.items() if name.startswith("claims_total")) == sum(
        len(handoff.json()["brief"]["claims"]) for handoff in handoffs
    )
    assert set(GAUGES) <= set(figures)


async def test_nothing_of_a_customer_or_a_conversation_is_in_the_metrics(client: httpx.AsyncClient) -> None:
    await record(
        client, message("My secret plan is blue.", conversation_id="talk-4711", identifiers=[email("a@b.example")])
    )
    handoff = (await client.post("/v1/handoffs", json={"conversation_id": "talk-4711"})).json()
    await client.get(f"/v1/customers/{handoff['customer_id']}/timeline")
    await client.get("/v1/conversations/talk-4711/signals")
    text = (await client.get("/metrics")).text
    for private in ("talk-4711", "blue", "a@b.example", handoff["customer_id"], handoff["handoff_id"], "cus_", "int_"):
        assert private not in text


async def test_calls_of_a_model_are_counted_by_what_they_were_for_and_how_they_ended(settings: Settings) -> None:
    failing = ScriptedModel(ModelUnavailable("It does not answer."))
    stores: dict[str, Any] = {"ledger": MemoryLedger(), "archive": MemoryArchive(), "vectors": MemoryVectors()}
    async with AsyncExitStack() as opened:
        app = await opened.enter_async_context(build(settings, **stores, embedder=WordEmbedder(), model=failing))
        client = await opened.enter_async_context(client_of(settings, app))
        await record(client, message("The gate is stuck.", conversation_id="c-1"))
        await client.post("/v1/handoffs", json={"conversation_id": "c-1", "deadline_ms": 20_000})
        figures = await counted(client)
    assert figures["model_calls_total brief model_unavailable"] >= 1
    assert figures["model_call_seconds_count brief"] >= 1


async def test_metrics_that_are_switched_off_are_not_there(settings: Settings, app: App) -> None:
    async with client_of(settings.model_copy(update={"metrics": "off"}), app) as client:
        assert "WARMLINE_METRICS" in problem(await client.get("/metrics"), 404, "not_found")["detail"]


def test_workers_of_one_service_count_together(tmp_path: Path) -> None:
    count = "from app.adapters.prometheus import PrometheusMeter as M; m = M(); m.delivery('taken'); "
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], env=environment, check=True)
    shown = subprocess.run(
        [sys.executable, "-c", count + "print(m.exposition({})[0].decode())"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert 'warmline_webhook_deliveries_total{result="taken"} 3.0' in shown


def client_of(settings: Settings, app: App) -> httpx.AsyncClient:
    """A client of a service around this App."""
    transport = httpx.ASGITransport(create_app(settings, app))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def test_the_dashboard_the_alerts_and_the_docs_name_figures_that_there_are(client: httpx.AsyncClient) -> None:
    root = Path(__file__).parents[2]
    families = {family.name for family in text_string_to_metric_families((await client.get("/metrics")).text)}
    files = ("examples/monitoring/dashboard.json", "examples/monitoring/alerts.yaml", "docs/howto/monitoring.md")
    for file in files:
        named = set(re.findall(r"\bwarmline_[a-z_]+", (root / file).read_text(encoding="utf-8")))
        assert named
        assert {without_suffix(name) for name in named} <= families, file
    documented = re.findall(r"`(warmline_[a-z_]+)`", (root / files[-1]).read_text(encoding="utf-8"))
    assert {without_suffix(name) for name in documented} == families


def without_suffix(name: str) -> str:
    """The family that a figure belongs to."""
    return re.sub(r"_(?:total|bucket|sum|count)$", "", name)
