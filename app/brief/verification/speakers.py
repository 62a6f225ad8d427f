"""Who of the two sides bears which name: told by how they address each other and how they introduce themselves."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from app.brief.verification.reading import MOST_CHARACTERS, NOBODY, SIDE_WORDS, side_of
from app.language.words import STOP_WORDS
from app.models import Channel, Interaction, Kind

_TITLE = r"(?:Mr|Mrs|Ms|Miss|Dr|Doctor|Professor|Prof)\b\.? ?"
_NAME = r"[A-Z][a-z]+"
_INTRODUCED = re.compile(
    r"\b(?:I am|I['’ ]{1,3}m|[Mm]y name is|[Mm]y name['’]s|[Tt]his is|[Cc]all me|name is) "
    rf"(?:{_TITLE})?(?:{_NAME} )?$"
)
_ADDRESSED = re.compile(
    r"(?:^|[.!?,]\s?|\b(?:Hi|Hello|Hey|Yes|No|Well|Oh|Okay|OK|Thanks|[Tt]hank you|[Mm]orning|[Aa]fternoon|[Ee]vening"
    rf"|Dear|Sorry|Good|Sure|Right|Welcome)[,.!]?\s)(?:{_TITLE})?(?:{_NAME} )?$"
)
_ENDS_ADDRESS = re.compile(rf"\s?(?:{_NAME})?(?:[,.!?]|$)")
# A letter ends with its writer's name, where other talk would end with the name of who is spoken to.
_SIGNED = re.compile(rf"(?: {_NAME}| [A-Z]\.)?\s{{0,200}}+$")
_BEFORE_SIGNATURE = re.compile(rf"(?:[.!?,)]|\n)\s{{0,30}}+(?:{_NAME} )?$")
_CAPITALISED = re.compile(r"\b[A-Z][a-z]+\b")
_AROUND = 30
_NO_NAMES = frozenset(
    """sir madam ma'am mister miss doctor professor officer waiter yes no ok okay oh well hi hello hey thanks sure right
    please sorry good great excuse really dear mom dad god""".split()
)


def speakers(interactions: Sequence[Interaction]) -> Mapping[str, int]:
    """The side of each name (lower-cased) that is clearly one speaker's, as in `reading.side_of`."""
    heard: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for one in interactions:
        if one.kind is Kind.MESSAGE:
            for name, side, weight in _heard(
                one.text[:MOST_CHARACTERS], side_of(one), signed=one.channel is Channel.EMAIL
            ):
                heard[name][side] += weight
    sides: dict[str, int] = {}
    for name, by_side in heard.items():
        best = max(
            (side for side in by_side if side != NOBODY),
            key=lambda side: by_side[side],
            default=NOBODY,
        )
        if best and by_side[best] > by_side.get(-best, 0) and by_side[best] >= 0.8 * by_side.get(NOBODY, 0):
            sides[name] = best
    return sides


def _heard(text: str, side: int, *, signed: bool) -> list[tuple[str, int, float]]:
    found: list[tuple[str, int, float]] = []
    for match in _CAPITALISED.finditer(text):
        name = match.group().casefold()
        if name in STOP_WORDS or name in _NO_NAMES or name in SIDE_WORDS:
            continue
        before = text[max(0, match.start() - _AROUND) : match.start()]
        if _INTRODUCED.search(before) or (
            signed and _SIGNED.match(text, match.end()) and _BEFORE_SIGNATURE.search(before)
        ):
            found.append((name, side, 1.5))
        elif _ADDRESSED.search(before) and _ENDS_ADDRESS.match(text, match.end()):
            # A sentence of one word, or one that begins a list, looks alike: half a sign.
            found.append(
                (
                    name,
                    -side,
                    1.0 if before.strip() or _is_followed(text, match.end()) else 0.5,
                )
            )
        else:
            found.append((name, NOBODY, 0.3))
    return found


def _is_followed(text: str, end: int) -> bool:
    return text[end : end + 1] in (",", "!", "?")
