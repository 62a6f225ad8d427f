"""Choosing a media type by `Accept` (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence
from typing import NamedTuple

from fastapi import Request
from starlette.exceptions import HTTPException

JSON = "application/json"


class _Range(NamedTuple):
    type: str
    subtype: str
    quality: float
    profile: str | None


def chosen_media_type(request: Request, offers: Sequence[str]) -> str:
    """The offer that the caller likes best, the first of equals. Raises a 406 refusal when none is accepted.

    An offer may name a profile, such as `text/plain; profile=whisper`; a range without one accepts it too.
    """
    ranges = _ranges(",".join(request.headers.getlist("accept")))
    if not ranges:
        return offers[0]
    qualities = [_quality(offer, ranges) for offer in offers]
    best = max(qualities)
    if best <= 0:
        raise HTTPException(406, f"This path answers as {', '.join(offers)}. Name one of them in Accept.")
    return offers[qualities.index(best)]


def _ranges(accept: str) -> list[_Range]:
    ranges: list[_Range] = []
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        main, slash, sub = name.partition("/")
        if slash:
            ranges.append(_Range(main, sub, _weight(parameters), _profile(parameters)))
    return ranges


def _profile(parameters: Sequence[str]) -> str | None:
    """Which form of a media type is meant, where one is; no other parameter changes what we send."""
    pairs = (parameter.partition("=") for parameter in parameters)
    return next((value.strip().strip('"') for name, _, value in pairs if name.strip() == "profile"), None)


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def _quality(offer: str, ranges: Sequence[_Range]) -> float:
    # The most specific range that fits decides, so `text/html;q=0, */*` means anything but HTML.
    name, *parameters = (piece.strip() for piece in offer.split(";"))
    main, _, sub = name.partition("/")
    profile = _profile(parameters)
    named = [media_range for media_range in ranges if (media_range.type, media_range.subtype) == (main, sub)]
    if profile:
        named = [media_range for media_range in named if media_range.profile in (None, profile)]
        named = [media_range for media_range in named if media_range.profile] or named
    exact = [media_range.quality for media_range in named]
    of_type = [media_range.quality for media_range in ranges if (media_range.type, media_range.subtype) == (main, "*")]
    anything = [media_range.quality for media_range in ranges if (media_range.type, media_range.subtype) == ("*", "*")]
    return max(exact or of_type or anything or [0.0])
