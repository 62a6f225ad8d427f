"""What the world's numbering plans say of a telephone number that has its country's code."""

from functools import cache
from typing import Any

from app.identity.words import is_monotonous

# With its country's code a number this short is one of few countries, whose numbers are known.
_SHORT_WITH_COUNTRY = 9
_NORTH_AMERICA = 1


def e164(value: str) -> str | None:
    """A possible number in E.164, an extension behind it; None for whatever else."""
    import phonenumbers

    number = _parsed(value)
    if number is None or not phonenumbers.is_possible_number(number):
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # Behind one switchboard sit many people.
    return f"{written};ext={number.extension}" if number.extension else written


def may_be_somebodys(value: str) -> bool | None:
    """Whether a number with its country's code may be somebody's; None where its digits have to tell by themselves.

    In North America, whose numbers have one length everywhere, forms are filled by hand: there the digits tell.
    """
    import phonenumbers

    number = _parsed(value)
    if number is None:
        return None
    national = phonenumbers.national_significant_number(number)
    whole = f"{number.country_code}{national}"
    if is_monotonous(national, 5) or is_monotonous(whole, 5):
        return False
    if phonenumbers.is_valid_number(number):
        return True
    if len(whole) <= _SHORT_WITH_COUNTRY and not number.extension:
        return False
    return True if number.country_code != _NORTH_AMERICA and phonenumbers.is_possible_number(number) else None


@cache
def countries() -> frozenset[str]:
    """The two letters of each country that has a numbering plan."""
    import phonenumbers

    return frozenset(region.lower() for region in phonenumbers.SUPPORTED_REGIONS)


def _parsed(value: str) -> Any:
    import phonenumbers

    # Two zeros are how most of the world writes the plus sign.
    international = "+" + value[2:] if value.startswith("00") else value
    try:
        return phonenumbers.parse(international, None)
    except phonenumbers.NumberParseException:
        return None
