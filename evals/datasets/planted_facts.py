"""Hard facts planted in true sentences: another identifier, amount, day, hour, word of a quotation, or speaker.

What is planted stands nowhere in the conversation. The same sentence and seed give the same plants, in any language.
"""

import re
from collections.abc import Callable, Iterator
from random import Random

_IDENTIFIER = re.compile(
    r"(?<![\w.,:-])#?(?=[A-Za-z\d-]*\d)[A-Za-z]+-?\d[\dA-Za-z-]{2,}(?![\w-])|(?<![\w.,:-])\d{5,}(?![\w.,-])"
)
_AMOUNT = re.compile(
    r"(?<![\w.,:-])\d{1,4}[.,]\d\d(?=\s?(?:€|EUR|USD|GBP|\$|£|euros?|dollars?))|(?<=[$€£])\d+(?:\.\d\d)?"
)
_MONTH = r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zé]*"
_DAY = re.compile(rf"(?<=\d{{4}}-\d\d-)\d\d\b|\b\d{{1,2}}(?=(?:st|nd|rd|th|\.)? (?:de )?{_MONTH}\b)", re.IGNORECASE)
_HOUR = re.compile(r"(?<![\d:.-])([01]?\d|2[0-3])(?=:[0-5]\d(?!\d))")
_QUOTED_WORD = re.compile(r"(?<=[“ ])[a-zà-ÿ]{5,}(?=[^“”]*”)")
_SPEAKER = re.compile(r"^(?:The )?(customer|agent|bot)(?= (?:says|said))", re.IGNORECASE)
_OTHER_WORDS = ("umbrella", "orchestra", "volcano", "pineapple")


def planted(text: str, heard: str, seed: int) -> Iterator[str]:
    """The sentence with one fact of each kind that it holds changed; `heard` is all that was said."""
    random = Random(f"{seed} {text}")  # noqa: S311 - no secret
    for pattern, change in _KINDS:
        matches = list(pattern.finditer(text))
        if not matches:
            continue
        match = random.choice(matches)
        changed = change(match.group(), random)
        if changed != match.group() and not re.search(rf"(?<!\w){re.escape(changed)}(?!\w)", heard):
            yield text[: match.start()] + changed + text[match.end() :]


def _other_digits(value: str, random: Random) -> str:
    places = [index for index, letter in enumerate(value) if letter.isdigit()]
    for index in places[-3:]:
        value = value[:index] + str((int(value[index]) + random.randint(1, 9)) % 10) + value[index + 1 :]
    return value


def _other_amount(value: str, random: Random) -> str:
    whole, mark, cents = re.match(r"(\d++)([.,]?)(\d*+)", value).groups()  # type: ignore[union-attr]
    return f"{int(whole) + random.randint(3, 97)}{mark}{cents and f'{random.randint(1, 99):02d}'}"


def _other_day(value: str, random: Random) -> str:
    return f"{(int(value) + random.randint(3, 12)) % 28 + 1:02d}"


def _other_hour(value: str, random: Random) -> str:
    return str((int(value) + random.randint(1, 5)) % 12 + 1)


def _other_word(_: str, random: Random) -> str:
    return random.choice(_OTHER_WORDS)


def _other_speaker(value: str, _: Random) -> str:
    return "The agent" if "customer" in value.casefold() else "The customer"


_KINDS: tuple[tuple[re.Pattern[str], Callable[[str, Random], str]], ...] = (
    (_IDENTIFIER, _other_digits),
    (_AMOUNT, _other_amount),
    (_DAY, _other_day),
    (_HOUR, _other_hour),
    (_QUOTED_WORD, _other_word),
    (_SPEAKER, _other_speaker),
)
