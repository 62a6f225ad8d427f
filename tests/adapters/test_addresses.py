"""Where webhooks may lead: which addresses count as public, which spellings are refused, and what is connected."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest

from app.adapters.addresses import is_public, oddity
from app.adapters.webhook_sender import WebhookSender
from app.errors import InvalidRequest

REFUSED = """
    0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16 169.254.169.254
    169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.9 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1
    192.31.196.1 192.52.193.1 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255
    240.0.0.1 255.255.255.255
    :: ::1 ::7f00:1 ::808:808 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:224.0.0.1 ::ffff:0:808:808
    64:ff9b::a9fe:a9fe 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b::a83f:8110 64:ff9b::e000:1 64:ff9b:1::808:808
    64:ff9b:1::a00:1 64:ff9b:0:1::808:808 100::1 100:0:0:1::1
    2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:1::1 2001:db8::1
    2002:7f00:1::1 2002:a00:1::1 2002:a9fe:a9fe:: 2002:c0a8:101::1 2002:a83f:8110::1 2620:4f:8000::1 3fff::1 5f00::1
    2600:1f18::5efe:10.0.0.1 2600:1f18::200:5efe:127.0.0.1 2600:1f18::5efe:a9fe:a9fe
    fc00::1 fd00:ec2::254 fd12:3456::1 fe80::1 fe80::5efe:8.8.8.8 fec0::1 feff::1 ff02::1 ff0e::1 4000::1
    fe80::1%eth0 2600:1f18::1%1 nonsense 1.2.3 1.2.3.4.5
""".split()
PUBLIC = """
    1.1.1.1 8.8.8.8 93.184.215.14 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 168.63.129.17 198.17.255.255
    223.255.255.254
    2606:4700:4700::1111 2600:1f18::1 2a00:1450:4001::1 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808
    2002:808:808::1 2600:1f18::5efe:8.8.8.8
""".split()
ODD = """
    0x7f.1 0x7f000001 2130706433 017700000001 127.1 127.0.1 0177.0.0.1 8.8.8.010 0x8.8.8.8 1.2.3.4.5 8.8.8.8.
    example.org. 1.2.3.999 example..org .example.org -example.org exa_mple!.org exa,mple.org 127。0。0。1 １２７.0.0.1
    ⑯.example localhost%00.example.org fe80::1%eth0 ::1%25lo 1:2:3 a:b
""".split()
PLAIN = ["example.org", "hooks.example.co.uk", "xn--bcher-kva.example", "a_b.example.org", "8.8.8.8", "2600:1f18::1"]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_global_through_and_through_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_global_unicast_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ODD)
def test_a_host_in_an_unusual_spelling_is_odd(host: str) -> None:
    assert oddity(host)


@pytest.mark.parametrize("host", PLAIN)
def test_a_plain_name_or_address_is_not_odd(host: str) -> None:
    assert oddity(host) is None


@pytest.fixture
async def courier() -> AsyncGenerator[WebhookSender]:
    courier = WebhookSender(timeout_s=5.0)
    yield courier
    await courier.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://localhost:8000/x",
        "http://169.254.169.254/latest/meta-data",
        "http://168.63.129.16/machine",
        "http://[::1]/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://[64:ff9b::a9fe:a9fe]/x",
        "http://[2002:7f00:1::]/x",
        "http://[fec0::1]/x",
        "http://[fe80::1%25eth0]/x",
        "http://224.0.0.1/x",
        "http://0x7f.1/x",
        "http://2130706433/x",
        "http://8.8.8.8./x",
        "http://somebody@8.8.8.8/x",
        "http://somebody:secret@8.8.8.8/x",
        "http://8.8.8.8\\@127.0.0.1/x",
        "http://[8.8.8.8/x",
        "http://8.8.8.8:99999/x",
        "http:///x",
        "http://no-such-host.invalid/x",
    ],
)
async def test_a_url_that_leads_elsewhere_is_refused_at_registration_and_at_every_attempt(
    courier: WebhookSender, url: str
) -> None:
    with pytest.raises(InvalidRequest, match="url"):
        await courier.check(url)
    attempt = await courier.attempt(url, ["whsec_c2VjcmV0"], "msg_1", "{}")
    assert not attempt.taken
    assert attempt.status is None
    assert attempt.why


async def test_a_redirect_into_the_network_is_not_followed() -> None:
    inner = await asyncio.start_server(_answer(b"HTTP/1.1 204 No Content\r\n\r\n"), "127.0.0.1", 0)
    inside = inner.sockets[0].getsockname()[1]
    redirect = f"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{inside}/x\r\nContent-Length: 0\r\n\r\n".encode()
    outer = await asyncio.start_server(_answer(redirect), "127.0.0.1", 0)
    courier = WebhookSender(private=True)
    port = outer.sockets[0].getsockname()[1]
    attempt = await courier.attempt(f"http://127.0.0.1:{port}/x", ["whsec_c2VjcmV0"], "msg_1", "{}")
    await courier.close()
    inner.close()
    outer.close()
    assert (attempt.taken, attempt.status) == (False, 307)


async def test_the_address_that_was_checked_is_the_one_that_is_connected_under_the_name_of_the_url() -> None:
    requests: list[bytes] = []
    server = await asyncio.start_server(_answer(b"HTTP/1.1 204 No Content\r\n\r\n", requests), "127.0.0.1", 0)
    courier = WebhookSender(private=True)
    port = server.sockets[0].getsockname()[1]
    url = f"http://localhost:{port}/x?y=1"
    if socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)[0][4][0] != "127.0.0.1":
        url = f"http://127.0.0.1:{port}/x?y=1"
    attempt = await courier.attempt(url, ["whsec_c2VjcmV0"], "msg_1", "{}")
    await courier.close()
    server.close()
    assert (attempt.taken, attempt.status) == (True, 204)
    assert requests[0].startswith(b"POST /x?y=1 HTTP/1.1\r\n")
    assert f"host: {url.split('/')[2]}\r\n".encode() in requests[0].lower()


def _answer(
    answer: bytes, requests: list[bytes] | None = None
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if requests is not None:
            requests.append(head)
        writer.write(answer)
        await writer.drain()
        writer.close()

    return answering
