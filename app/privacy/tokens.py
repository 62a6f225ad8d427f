"""Finds credentials by their form: tokens, keys and passwords in addresses, as issuers publish how they are made.

The prefixes are those that GitHub, GitLab, Slack, Stripe, AWS, Google, OpenAI and others document so that leaked keys
can be found. What follows one must look drawn by lot, as by its entropy (Shannon): `sk-learn-pipeline` is a name.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator

_SHORTEST_WORD = 16
_FEWEST_BITS = 2.8
_FEWEST_BITS_PREFIXED = 2.5
_SHORTEST_BODY = 10
_SHORTEST_PART = 8
_FEWEST_FIGURES = 2
_LONG = 20
_WORD = re.compile(rf"\S{{{_SHORTEST_WORD},}}")
_BEGINS_KEY = "-----BEGIN "
_KEY_HEAD = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{1,60}-----")
# Each takes all that may belong to the token, so that no text is read twice.
_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|gl[a-z]{2,6}-|xox[a-z]-|xapp-|AIza|ya29\.|GOCSPX-|npm_|pypi-|hf_"
    r"|do[por]_v1_|shp[a-z]{2}_|sq0[a-z]{3}-|SG\.|whsec_|dapi|hv[sb]\.|figd_|lin_api_|rubygems_|sk-|key-"
    # How services call what is for real use and what is for tests: `sk_live_…`.
    r"|[a-z]{2,8}_(?:live|test|prod|sandbox)_|(?:sk|rk|tok|token|secret|api|apikey|pat|key)_)"
    r"(?P<body>[\w-]+(?:\.[\w-]+)*)"
)
_AWS = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9])")
_BOT = re.compile(r"(?<!\d)\d{8,10}:AA[\w-]{32,34}(?![\w-])")
_WEB = re.compile(r"(?<![\w.-])eyJ[\w-]+(?:\.[\w-]*)+")
_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@?#]{0,64}:(?P<body>[^\s/@?#]{1,128})@")


def token_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the tokens of a text stand, in no order."""
    if _BEGINS_KEY in text:
        yield from _private_keys(text)
    if max(map(len, text.split()), default=0) < _SHORTEST_WORD:
        return
    for word in _WORD.finditer(text):
        written = word.group()
        if "_" in written or "-" in written or "." in written or ":" in written or "A" in written:
            yield from ((word.start() + start, word.start() + end) for start, end in _in_word(written))


def is_random(body: str, *, bits: float = _FEWEST_BITS) -> bool:
    """Whether a text looks drawn by lot: letters and figures, or capitals amid small letters, and few signs twice."""
    figures = sum(sign.isdigit() for sign in body)
    letters = sum(map(str.isalpha, body))
    mixed = any(map(str.isupper, body)) and any(map(str.islower, body))
    if not letters or not (figures >= _FEWEST_FIGURES or (mixed and len(body) >= _LONG)):
        return False
    counts = Counter(body).values()
    return -sum(count / len(body) * math.log2(count / len(body)) for count in counts) >= bits


def _in_word(word: str) -> Iterator[tuple[int, int]]:
    for match in _PREFIXED.finditer(word):
        body = match["body"]
        if len(body) >= _SHORTEST_BODY and is_random(body, bits=_FEWEST_BITS_PREFIXED):
            yield match.span()
    for pattern in (_AWS, _BOT):
        yield from (match.span() for match in pattern.finditer(word))
    for match in _WEB.finditer(word):
        parts = match.group().split(".")
        if all(len(part) >= _SHORTEST_PART for part in parts[:2]):
            yield match.span()
    if "://" in word and "@" in word:
        yield from (match.span("body") for match in _IN_ADDRESS.finditer(word))


def _private_keys(text: str) -> Iterator[tuple[int, int]]:
    """The blocks of private keys; one without its end goes on to the end of the text."""
    start = 0
    while head := _KEY_HEAD.search(text, start):
        end = _KEY_END.search(text, head.end())
        start = end.end() if end else len(text)
        yield head.start(), start
