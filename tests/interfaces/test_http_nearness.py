"""Without keys only callers on this machine are let in, and directly: whatever shows a proxy in between is told."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from app.interfaces.cli.connections import BoundedConnection
from app.interfaces.http.local_requests import tells_of_a_proxy
from app.models import Scope
from app.services import App
from tests.interfaces.http import message, problem

PATH = "/v1/webhooks"
OF_PROXIES = """client-ip fastly-client-ip fly-client-ip x-azure-clientip x-amzn-trace-id x-amz-cf-id cdn-loop
ngrok-trace-id tailscale-user-login x-scheme x-remote-addr x-cluster-client-ip true-client-ip wl-proxy-client-ip
x-forwarded x-forwarded-for x_forwarded_for x-original-forwarded-for forwarded forwarded-for x-forward-for via x-via
x-real-ip x-user-ip x-appengine-user-ip remote-addr remote-user remote-groups cf-ray cf-connecting-ip
do-connecting-ip x-arr-log-id max-forwards x-original-host x-original-url x-host x-client-addr x-source-ip
x-proxyuser-ip proxy-connection x-auth-request-email x-ms-client-principal-name x-goog-iap-jwt-assertion
x-goog-authenticated-user-email x-ssl-client-cert ssl-client-verify x-tls-version front-end-https x-country-code
early-data x-varnish x-envoy-internal x-nf-client-connection-ip x-vercel-id x-akamai-edgescape x-cloud-trace-context
x-loadbalancer x-kong-request-id x-consumer-id x-b2-edge x-newcdn-client-ip acme-cdn-pop""".split()
OF_CALLERS = """host user-agent accept accept-encoding accept-language connection content-type content-length cookie
origin referer authorization x-api-key idempotency-key x-request-id traceparent tracestate baggage x-requested-with
cache-control pragma dnt sec-gpc sec-fetch-site sec-fetch-mode sec-fetch-dest sec-fetch-user sec-ch-ua
sec-ch-ua-platform upgrade-insecure-requests priority te last-event-id if-none-match if-modified-since range
mcp-protocol-version mcp-session-id webhook-id webhook-signature webhook-timestamp ce-id ce-source ce-clientip ce-via
ce-specversion hx-request hx-current-url hx-target hx-trigger x-stainless-lang postman-token expect from date
keep-alive transfer-encoding x-b3-traceid x-correlation-id x-ms-client-request-id purpose save-data""".split()


@pytest.fixture
async def address(service: FastAPI) -> AsyncGenerator[str]:
    """Where the service is served on a socket, as `warmline serve` does."""
    config = uvicorn.Config(service, port=0, http=BoundedConnection, ws="none", log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running


async def status_of(address: str, *lines: str, target: str = PATH, version: str = "1.1") -> int:
    """The status that a request of these lines gets; PORT in them is the service's own."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = "\r\n".join([f"GET {target} HTTP/{version}", *lines, "Connection: close", "", ""])
    writer.write(head.replace("PORT", str(parts.port)).encode())
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])


async def test_whoever_calls_directly_is_let_in(address: str) -> None:
    port = urlsplit(address).port
    for host in ("127.0.0.1", "localhost", "LocalHost", "warmline.localhost", "[::1]"):
        assert await status_of(address, f"Host: {host}:{port}") == 200
    opener = build_opener(ProxyHandler({}))
    assert (await asyncio.to_thread(opener.open, f"{address}{PATH}")).status == 200
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{address}{PATH}")).status_code == 200
    curl = await asyncio.create_subprocess_exec("curl", "--noproxy", "*", "-sf", f"{address}{PATH}", stdout=-3)
    assert await curl.wait() == 0


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: 127.0.0.1:PORT", "Host: 127.0.0.1:PORT"),
        ("Host: localhost:PORT", "Host: warmline.example"),
        ("Host: warmline.example", "Host: localhost:PORT"),
        ("Host: localhost",),
        ("Host: localhost:1",),
        ("Host: 127.0.0.1:80",),
        ("Host:",),
        ("Host: warmline.example:PORT",),
    ],
)
async def test_a_request_for_another_port_or_name_or_for_two_is_refused(address: str, lines: tuple[str, ...]) -> None:
    assert await status_of(address, *lines) in (400, 401)


@pytest.mark.parametrize(
    "target", [f"http://evil.example{PATH}", f"http://127.0.0.1:PORT{PATH}?a=b", f"HTTPS://evil.example{PATH}"]
)
async def test_a_whole_address_as_it_is_sent_to_a_proxy_is_refused(address: str, target: str) -> None:
    assert await status_of(address, "Host: localhost:PORT", target=target) in (400, 401, 404)


async def test_http_1_0_as_proxies_speak_it_is_refused_and_with_a_key_it_is_not(address: str, app: App) -> None:
    assert await status_of(address, "Host: 127.0.0.1:PORT", version="1.0") == 401
    assert await status_of(address, version="1.0") == 401
    made = await app.access.create_key("one", [Scope.ADMIN])
    key = f"X-API-Key: {made.key}"
    assert await status_of(address, "Host: warmline.example", key, "X-Forwarded-For: 192.0.2.1", version="1.0") == 200
    assert await status_of(address, "Host: localhost:PORT", key, target=f"http://warmline.example{PATH}") == 200


@pytest.mark.parametrize("header", OF_PROXIES)
async def test_a_header_that_only_proxies_add_is_told_with_what_to_do(client: httpx.AsyncClient, header: str) -> None:
    detail = problem(await client.get(PATH, headers={header: "127.0.0.1"}), 401, "unauthorized")["detail"]
    assert header in detail
    assert "warmline keys create" in detail


@pytest.mark.parametrize("header", OF_CALLERS)
def test_a_header_that_callers_send_themselves_is_none_of_a_proxy(header: str) -> None:
    assert not tells_of_a_proxy(header)


BROWSER: dict[str, dict[str, str]] = {
    "script of another site": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"},
    "other port": {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
    "frame": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    "nothing but the site": {"sec-fetch-site": "cross-site"},
    "unheard of": {"sec-fetch-site": "elsewhere"},
    "origin": {"sec-fetch-site": "same-origin", "origin": "https://warmline.example"},
    "page": {"sec-fetch-site": "same-origin", "referer": "https://warmline.example/console"},
    "page of an older browser": {"referer": "https://warmline.example/console"},
}


@pytest.mark.parametrize("name", BROWSER)
async def test_what_another_sites_page_or_one_behind_a_proxy_asks_for_is_refused(
    client: httpx.AsyncClient, name: str
) -> None:
    assert "keys create" in problem(await client.get(PATH, headers=BROWSER[name]), 403, "forbidden")["detail"]


async def test_a_link_that_leads_here_opens_a_page_but_posts_nothing(client: httpx.AsyncClient) -> None:
    headers: dict[str, Any] = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    headers |= {"sec-fetch-dest": "document", "referer": "https://desk.example/"}
    assert (await client.get("/console", headers=headers, follow_redirects=True)).status_code == 200
    problem(await client.post("/v1/interactions", json=message(), headers=headers), 403, "forbidden")


@pytest.mark.parametrize("site", ["none", "same-origin"])
async def test_our_own_pages_in_a_browser_are_answered(client: httpx.AsyncClient, site: str) -> None:
    headers = {"sec-fetch-site": site, "sec-fetch-mode": "cors", "referer": "http://localhost/console"}
    assert (await client.get(PATH, headers=headers)).status_code == 200


@pytest.mark.parametrize("referrer", ["about:client", "", "http://[", "http:"])
async def test_a_referrer_that_names_no_site_breaks_nothing(client: httpx.AsyncClient, referrer: str) -> None:
    assert (await client.get(PATH, headers={"referer": referrer})).status_code in (200, 403)
