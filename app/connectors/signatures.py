"""Signatures that platforms put beside a body: compared in constant time, and refused alike whatever is wrong."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal

from app.errors import UnverifiedRequest

Algorithm = Literal["sha1", "sha256"]


def secret_of(credentials: Mapping[str, str], name: str) -> bytes:
    """A secret of the settings. Raises UnverifiedRequest where it is not set: nothing can be verified then."""
    secret = credentials.get(name, "").strip()
    if not secret:
        raise UnverifiedRequest(f"The connector has no {name}, so no request of the platform can be verified. Add it.")
    return secret.encode()


def mac(secret: bytes, message: bytes, algorithm: Algorithm) -> bytes:
    """The HMAC of a message."""
    return hmac.new(secret, message, getattr(hashlib, algorithm)).digest()


def is_base64_of(expected: bytes, written: str) -> bool:
    """Whether a header's Base64 stands for the expected bytes."""
    try:
        return hmac.compare_digest(base64.b64decode(written.strip(), validate=True), expected)
    except (binascii.Error, ValueError):
        return False


def is_hex_of(expected: bytes, written: str) -> bool:
    """Whether a header's hexadecimal digits stand for the expected bytes."""
    try:
        return hmac.compare_digest(bytes.fromhex(written.strip()), expected)
    except ValueError:
        return False


def check_sha256(header: str, stated: str | None, secret: bytes, signed: bytes) -> None:
    """Raises UnverifiedRequest unless a header is `sha256=` and the HMAC-SHA256 of these bytes in hexadecimal."""
    written = (stated or "").strip()
    if not written.startswith("sha256=") or not is_hex_of(
        mac(secret, signed, "sha256"), written.removeprefix("sha256=")
    ):
        raise refused(header)


def refused(header: str) -> UnverifiedRequest:
    """The refusal: what the platform should send, and nothing of what was compared."""
    return UnverifiedRequest(
        f"The signature in {header} is missing or does not fit the body. Compare the connector's secret."
    )
