"""How Twilio signs: an HMAC over the address it called and the sorted fields of the form.

Facts: twilio.com/docs/usage/webhooks/webhooks-security; twilio/twilio-node `examples/WebhookSignatureValidation.md` (a
shared key and its algorithm in a header of their own); twilio.com/docs/api/errors/57012 (`bodySHA256` for JSON).
Whether the signed address names the standard port is not certain, so both are tried, as Twilio's own libraries do.
"""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, parse_qsl, urlsplit

from app.connectors.base import WebhookRequest
from app.connectors.signatures import Algorithm, is_base64_of, mac, refused, secret_of
from app.errors import UnverifiedRequest

HEADER = "x-twilio-signature"
_SETTINGS = "x-twilio-webhooks-signature-settings"
_ALGORITHMS: Mapping[str, Algorithm] = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 2_000


def is_form(request: WebhookRequest) -> bool:
    """Whether the body is a form, by its header or, without one, because it does not begin as JSON does."""
    written = request.headers.get("content-type", "")
    return _FORM in written.lower() if written else request.body.lstrip()[:1] not in (b"{", b"[")


def form_fields(text: bytes | str) -> list[tuple[str, str]]:
    """The fields of a form or a query, empty ones too. Raises ValueError for bytes that are no UTF-8."""
    written = text.decode() if isinstance(text, bytes) else text
    return parse_qsl(written, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)


def check_signature(request: WebhookRequest, credentials: Mapping[str, str]) -> None:
    """Raises UnverifiedRequest unless the request was signed by somebody who knows the account's secret."""
    secret, algorithm = _secret(request, credentials)
    signature = request.headers.get(HEADER, "")
    if not signature:
        raise refused(HEADER)
    digests = parse_qs(urlsplit(request.url).query).get("bodySHA256")
    fields = ""
    if request.body and digests is None and is_form(request):
        fields = _sorted_fields(request.body)
    elif (request.body or digests) and not _body_is_signed(request.body, digests, credentials):
        raise refused(HEADER)
    if not any(is_base64_of(mac(secret, (url + fields).encode(), algorithm), signature) for url in _urls(request.url)):
        raise refused(HEADER)


def _secret(request: WebhookRequest, credentials: Mapping[str, str]) -> tuple[bytes, Algorithm]:
    settings = request.headers.get(_SETTINGS, "")
    if not settings:
        return secret_of(credentials, "auth_token"), "sha1"
    pairs = {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in settings.split(","))}
    algorithm = _ALGORITHMS.get(pairs.get("algorithm", ""))
    if algorithm is None:
        raise UnverifiedRequest(f"{_SETTINGS} names an algorithm that is not known: HMAC_SHA1 and HMAC_SHA256 are.")
    return secret_of(credentials, "shared_key"), algorithm


def _body_is_signed(body: bytes, digests: Sequence[str] | None, credentials: Mapping[str, str]) -> bool:
    """The address holds the digest of a body that is no form. Without it anybody who saw the address could send any."""
    if digests is None:
        return credentials.get("json_without_digest", "") == "accept"
    return hmac.compare_digest(digests[0].lower().encode(), hashlib.sha256(body).hexdigest().encode())


def _sorted_fields(body: bytes) -> str:
    values: defaultdict[str, set[str]] = defaultdict(set)
    try:
        for name, value in form_fields(body):
            values[name].add(value)
    except ValueError:
        raise refused(HEADER) from None
    return "".join(f"{name}{value}" for name in sorted(values) for value in sorted(values[name]))


def _urls(url: str) -> tuple[str, ...]:
    """The address as it stands, with its scheme's port, and without any."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.netloc
    except ValueError:
        return (url,)
    bare = host.removesuffix(f":{port}") if port is not None else host
    standard = _PORTS.get(parts.scheme, port)
    begin = f"{parts.scheme}://"
    behind = url[len(begin) + len(host) :] if url.lower().startswith(begin + host.lower()) else None
    if behind is None:
        return (url,)
    with_port = f"{begin}{bare}:{port or standard}{behind}" if port or standard else url
    return (url, with_port, f"{begin}{bare}{behind}")
