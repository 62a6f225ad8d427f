"""Finds the names of things in a text: account and order numbers, codes, amounts, dates, addresses of a person.

A name is found by its shape alone, never by a list of one trade's words, so the same code serves every tenant.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast, get_args

from app.caching import text_cache

MentionType = Literal["email", "account", "code", "number", "phone", "amount", "date", "error_code"]
TYPES: tuple[MentionType, ...] = get_args(MentionType)

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_SIGN = "$€£¥₹"
_CURRENCY = r"(?:USD|EUR|GBP|CHF|SEK|NOK|DKK|PLN|INR|[Dd]ollars?|[Ee]uros?|[Pp]ounds?|[Cc]ents?|kr)"
_FIGURE = r"\d{1,12}(?:[.,]\d{3}){0,4}(?:[.,]\d{1,2})?"
# Every repetition that can fail late is bounded: a customer may send one word of 200,000 characters.
_PATTERNS: tuple[tuple[MentionType, str], ...] = (
    ("email", r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"),
    ("date", r"\b\d{4}-\d{2}-\d{2}\b"),
    ("date", rf"\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?\b"),
    ("date", rf"\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?: \d{{4}})?\b"),
    ("date", r"\b\d{1,2}/\d{1,2}/\d{2,4}\b"),
    ("amount", rf"[{_SIGN}]\s?{_FIGURE}(?![\w])"),
    ("amount", rf"(?<![\w.,-]){_FIGURE} ?(?:[{_SIGN}]|{_CURRENCY}\b)"),
    ("amount", rf"\b(?:USD|EUR|GBP|CHF) ?{_FIGURE}(?![\w])"),
    ("account", r"\b(?=\w{1,64}\b)[A-Za-z]\w*_\w*\d\w*\b"),
    ("phone", r"\+\d[\d ()-]{7,20}\d"),
    ("number", r"(?<![\w-])\d{4}(?: \d{4}){2,4}(?![\w-])"),
    ("phone", r"(?<![\w-])0\d{2,5}[ /]\d{4,10}(?![\w-])"),
    ("phone", r"(?<![\w-])(?=0(?:[ ]?\d){8,12}(?![\w-]))\d{2,5}(?: \d{2,4}){2,4}(?![\w-])"),
    ("number", r"(?<![\w-])(?=[1-9](?:[ ]?\d){8,12}(?![\w-]))\d{2,5}(?: \d{2,4}){2,4}(?![\w-])"),
    ("code", r"#?\b(?=[A-Z0-9/-]{0,48}\d)(?=[A-Z0-9/-]{0,48}[A-Z])[A-Z0-9]+(?:[-/][A-Z0-9]+)*\b"),
    ("code", r"\b[a-z]{1,3}\d{5,20}\b"),
    ("code", r"\b[A-Z]{6,12}\b"),
    ("number", r"#?(?<![\w.,-])(?=[\d-]{6,80})\d{1,20}(?:-\d{1,20}){1,6}(?![\w-])"),
    ("number", r"#?(?<![\w.,-])\d{4,40}(?![\w-]|[.,]\d)"),
)
_FINDER = re.compile("|".join(f"(?P<p{index}>{pattern})" for index, (_, pattern) in enumerate(_PATTERNS)))
_SHORTEST_CODE = 4
_CUE_CHARACTERS = 40
_YEAR = re.compile(r"(?:19|20)\d\d")
_ORDINAL_TIME = re.compile(r"\d{1,2}(?:AM|PM)|\d{1,2}(?:ST|ND|RD|TH)")
# Letters alone name something only where they are announced as a name.
_ANNOUNCED = re.compile(
    r"(?:\bno\.|\b(?:ids?|numbers?|codes?|reference|ref|booking|reservation|order|ticket|confirmation|locator|case"
    r"|voucher)\b)"
    r"\W{0,3}(?:(?:is|are|was|id|number|code|called|of|and|or)\W{1,3}){0,3}$",
    re.IGNORECASE,
)
_ERROR = re.compile(
    r"\b(?:error|fault|fehler|erreur)s?(?:[ -]?(?:codes?|messages?|numbers?|no))?(?:\W{1,3}(?:is|says|code))?\W{0,3}$",
    re.IGNORECASE,
)
_IDENTIFYING_KEY = re.compile(r"(?:^|_)(?:id|ids|number|numbers|code|codes|reference|ref|no)$")
_CODED = re.compile(r"(?=(?:[\w-]{0,32}?\d){4})[\w-]{6,32}")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLACEHOLDER = re.compile(r"(?:password|code|iban|card|national_id|email|phone)_\d+")
_GROUPED = re.compile(r"[.,](?=\d{3}(?:\D|$))")


# Thai, Lao, Burmese, Khmer, Chinese, Japanese and Korean.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
# So much is searched at once, and as much beyond as a name and what stands right behind it may have.
_AT_ONCE, _LONGEST = 2_000, 500


class Mention(NamedTuple):
    """One name found in a text, as it stands there, with its place in characters."""

    type: MentionType
    value: str
    start: int
    end: int


@text_cache(maxsize=4096)
def mentions(text: str) -> tuple[Mention, ...]:
    """The names of things in a text, in the order they stand in it; a part of a longer name is none."""
    return tuple(_as_error(mention, text) for mention in _all_mentions(text) if _is_name(mention, text))


def canonical(value: str) -> str:
    """A form in which two spellings of the same name are equal: `$1,250.00` and `1.250,00 EUR`, `#w12` and `W12`."""
    bare = re.sub(rf"[{_SIGN}\s]|{_CURRENCY}", "", value)
    if bare != value.replace(" ", "") and re.fullmatch(r"\d[\d.,]*", bare):
        return f"{float(_GROUPED.sub('', bare).replace(',', '.')):g}"
    return value.lstrip("#").rstrip(".").casefold()


def structured_names(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Walks JSON and yields (key, text) of everything that names a thing: values under keys such as `order_id`."""
    for inner_key, text in _texts(value, key):
        if _IDENTIFYING_KEY.search(inner_key) and re.fullmatch(r"#?[\w-]{3,64}", text):
            yield inner_key, text


def coded_values(value: Any) -> Iterator[tuple[str, str]]:
    """Walks JSON and yields (key, text) of what looks like a name under any key: one word with many digits, no date."""
    for key, text in _texts(value, ""):
        if _CODED.fullmatch(text) and not _ISO_DATE.match(text):
            yield key, text


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for inner_key, inner in cast(Mapping[str, Any], value).items():
            yield from _texts(inner, str(inner_key))
    elif isinstance(value, list | tuple):
        for inner in cast(Sequence[Any], value):
            yield from _texts(inner, key)
    elif isinstance(value, str):
        yield key, value


def _all_mentions(text: str) -> Iterator[Mention]:
    for match in _matches(text):
        index = int((match.lastgroup or "p0")[1:])
        yield Mention(_PATTERNS[index][0], match.group(), match.start(), match.end())


def _matches(text: str) -> Iterator[re.Match[str]]:
    """The finder's matches. One search through a long text would hold up every other thread until its end."""
    text = _parted(text)
    index = 0
    while index < len(text):
        piece, end = index + _AT_ONCE, index + _AT_ONCE + _LONGEST
        match = _FINDER.search(text, index, end)
        if match and match.end() >= end:  # it may go on beyond
            start = match.start()
            match = _FINDER.match(text, start)
            piece = piece if match else start + 1
        if match and (match.start() < piece or end >= len(text)):
            yield match
            index = max(match.end(), index + 1)
        else:
            index = piece


def _parted(text: str) -> str:
    """The text with a space for each letter of scripts that put none between words: a name stands right beside them."""
    return text if text.isascii() else _UNSPACED.sub(" ", text)


def _is_name(mention: Mention, text: str) -> bool:
    # A placeholder in the place of a secret, or what is left of a hidden number, names nothing.
    before = text[max(0, mention.start - 1) : mention.start]
    if before == "•" or (before == "[" and _PLACEHOLDER.fullmatch(mention.value)):
        return False
    if mention.type == "number":
        return not _YEAR.fullmatch(mention.value)
    if mention.type != "code":
        return True
    bare = mention.value.lstrip("#")
    if bare.isalpha():
        return _ANNOUNCED.search(text, max(0, mention.start - _CUE_CHARACTERS), mention.start) is not None
    return len(bare) >= _SHORTEST_CODE and not _ORDINAL_TIME.fullmatch(bare)


def _as_error(mention: Mention, text: str) -> Mention:
    if mention.type not in ("code", "number"):
        return mention
    announced = _ERROR.search(text, max(0, mention.start - _CUE_CHARACTERS), mention.start)
    return mention._replace(type="error_code") if announced else mention
