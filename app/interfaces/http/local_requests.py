"""Whether a request comes straight from this machine: by its address, its target, its Host and its other headers.

A proxy on this machine calls from a loopback address on behalf of anybody. Each of its signs may be missing, and one
that hides itself entirely, speaking as a local client does, cannot be told from one: behind a proxy, keys are needed.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from fastapi import Request

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+))(?::(?P<port>[0-9]{1,5}))?")
_USUAL_PORTS = {"http": 80, "https": 443}

# What only somebody in between has to tell: whose request it was, how it came in, and which product passed it on. A
# word stands for itself anywhere in a header's name, so that a product nobody has heard of is told by what it says.
_WORDS_OF_PROXIES = re.compile(
    r"""(?:^|[-_])(?:
      [a-z]*forward(?:ed|s|er|ing)?[a-z]* | via | proxy[a-z]* | cdn | loop | hops? | early[-_]data
    | (?:client|real|true|user|remote|source|src|orig|origin|original|peer|cluster|connecting|socket|visitor)?ips?
    | [a-z]*ip(?:addr|address|v4|v6) | (?:client|remote|peer|source)?addr(?:ess)? | (?:client|remote|peer)(?:port|host)
    | (?:client|remote|peer|source|user|original|real)[-_](?:addr|address|host|port|proto|protocol|scheme|uri|url)
    | remote[-_](?:user|users|group|groups|name|email) | front[-_]?end[-_]?https
    | (?:lb|loadbalancer|load[-_]balancer|balancer|ingress|upstream|gateway|backend|edge|router|tunnel|waf)
    | (?:geo|geoip|country|continent|asn|ja3|ja4|tls|ssl|mtls|https)
    | (?:client|peer)[-_](?:cert|certificate|dn|verify) | xfcc
    )(?:$|[-_])"""
    r"|^x[-_](?:scheme|proto|protocol|host|port|server|url|uri|original|rewrite|real|remote|cache|served|cloud[-_]trace)"
    r"(?:$|[-_])",
    re.VERBOSE,
)
_PRODUCTS = re.compile(
    r"(?:cf|cloudfront|fastly|fly|akamai|incap|sucuri|surrogate|ngrok|tailscale|zrok|pagekite|rndr|disguised|was"
    r"|x-(?:amz|amzn|azure|ms-client-principal|ms-proxy|arr|appgw|appservice|waws|site-deployment|fd|goog|google|gfe|appengine"
    r"|akamai|sucuri|vercel|nf|bb|railway|render|heroku|envoy|istio|varnish|squid|haproxy|nginx|traefik|kong|consumer"
    r"|auth-request|authentik|authelia|pomerium|vouch|webauth|authenticated|tailscale|ngrok|cdn|qs|iinfo|middleton))-"
)
_OF_PROXIES = frozenset({"max-forwards", "connect-via", "x-varnish", "x-cache", "x-iinfo", "cdn-loop", "true-client"})
# CloudEvents carries what it tells of an event in headers, under names that the sender of the event chooses.
_OF_EVENTS = "ce-"


def sign_of_a_proxy(request: Request) -> str | None:
    """What of a request shows that it was passed on, in words that go on after "shows"; None where nothing does."""
    if str(request.scope.get("http_version")) == "1.0":
        return "HTTP/1.0, which proxies speak to the servers behind them,"
    target = request.scope.get("raw_path") or b"/"
    if not target.startswith(b"/"):
        return "its target, a whole address as it is sent to a proxy,"
    name = next((name for name in _names(request) if tells_of_a_proxy(name)), None)
    return None if name is None else f"the header {name}"


def asks_for_this_machine(request: Request) -> bool:
    """Whether a request asks for this machine by its one Host header: a loopback name, and the port it came in at."""
    hosts = request.headers.getlist("host")
    if len(hosts) != 1 or not names_this_machine(hosts[0]):
        return False
    _, port = request.scope.get("server") or (None, None)
    # A proxy that was not told otherwise leaves the port away, or puts its own.
    return port is None or _port_of(hosts[0], request.scope.get("scheme", "http")) == port


@lru_cache(maxsize=1024)
def is_loopback(host: str | None) -> bool:
    """Whether an address (IPv4, IPv6, or IPv4 inside IPv6) is this machine itself. A Unix socket has no address."""
    if host is None:
        return False
    try:
        address = ip_address(host)
    except ValueError:
        return False
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (inner or address).is_loopback


@lru_cache(maxsize=1024)
def names_this_machine(host: str) -> bool:
    """Whether a Host header is exactly localhost, a name below it or a loopback address, with or without a port."""
    parts = _HOST.fullmatch(host)
    if parts is None:
        return False
    name = (parts["six"] or parts["name"]).lower()
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)


@lru_cache(maxsize=4096)
def tells_of_a_proxy(header: str) -> bool:
    """Whether a header of this name, in lower case, is one that proxies add and callers do not send."""
    if header.startswith(_OF_EVENTS):
        return False
    return header in _OF_PROXIES or bool(_PRODUCTS.match(header) or _WORDS_OF_PROXIES.search(header))


def _names(request: Request) -> Iterable[str]:
    return (name for name in request.headers if len(name) <= 256)


def _port_of(host: str, scheme: str) -> int | None:
    parts = _HOST.fullmatch(host)
    return int(parts["port"]) if parts and parts["port"] else _USUAL_PORTS.get(scheme)
