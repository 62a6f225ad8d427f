"""Which addresses of the internet a webhook may lead to: global unicast, with nothing else inside it.

What `ipaddress` takes for global is not enough: it lets multicast pass, and addresses that carry an IPv4 address inside
(NAT64, 6to4, ISATAP) lead to that one.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' own; a cloud's metadata at 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own virtual address
        "169.254.0.0/16",  # link-local; the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})

# A name as DNS has it, or an address written in the one usual way.
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.IGNORECASE)
_LONGEST_NAME = 253
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


def is_public(address: str) -> bool:
    """Whether an address, as a resolver gives it, is global unicast through and through."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _is_public_v4(parsed) if isinstance(parsed, IPv4Address) else _is_public_v6(parsed)


def oddity(host: str) -> str | None:
    """What is odd about a URL's host, in words that end a sentence; None for a plain name or address."""
    if ":" in host and "%" not in host:
        return None if _is_address(host) else "has a host that is no address"
    numeric = _NUMBER.fullmatch(host.rpartition(".")[2]) is not None
    oddities = (
        ("%" in host, "has a zone or an escape in its host"),
        (not host.isascii(), "has a host that is not ASCII: write it as DNS does (xn--…)"),
        (host.endswith("."), "has a host that ends with a dot"),
        (not _NAME.fullmatch(host) or len(host) > _LONGEST_NAME, "has a host that is no name"),
        (numeric and not _is_address(host), "has an address in an unusual spelling: write it as four decimal numbers"),
    )
    return next((words for is_odd, words in oddities if is_odd), None)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in network for network in _REFUSED_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    inner = _inside(address)
    if inner is not None and not _is_public_v4(inner):
        return False
    if address.ipv4_mapped is not None or address in _NAT64 or address in _SIX_TO_FOUR:
        return True
    if address not in _GLOBAL_V6 or any(address in network for network in _REFUSED_V6):
        return False
    return address.is_global


def _inside(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to, where it does."""
    number = int(address)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(number & 0xFFFF_FFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address(number >> 80 & 0xFFFF_FFFF)
    if (number >> 32 & 0xFFFF_FFFF) in _ISATAP:
        return IPv4Address(number & 0xFFFF_FFFF)
    return None
