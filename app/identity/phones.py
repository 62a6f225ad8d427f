"""What the world's numbering plans say of a telephone number that has its country's code."""

from functools import cache
from itertools import takewhile
from typing import Any

from app.identity.words import is_monotonous

# With its country's code a number this short is one of few countries, whose numbers are known.
_SHORT_WITH_COUNTRY = 9
_NORTH_AMERICA = 1
# So many digits that begin with no zero are no country's national number, so they begin with the country's code.
_WHOLE = 12


# WhatsApp and many address books keep the number under which somebody began. Brazil put a nine before all mobile
# numbers (Anatel, 2012 to 2016); Mexico took away the 1 after its code in 2019; in Argentina the 9 after the code only
# tells callers from abroad that the number is mobile, the digits behind it are of one plan for both (ITU E.164 national
# plans); Ivory Coast (2021) and Benin (2024) put two digits before every number.
_ARGENTINA = 54
# The second digit of a mobile number in Ivory Coast told the operator, which stands in front today.
_OPERATORS = dict.fromkeys("0123", "01") | dict.fromkeys("456", "05") | dict.fromkeys("789", "07")


def _national_today(country: int, former: str) -> str | None:
    """A national number as today's plan has it; None where nothing changed."""
    match country, len(former):
        case (55, 10):
            return f"{former[:2]}9{former[2:]}"
        case (52, 11) if former[0] == "1":
            return former[1:]
        case (54, 11) if former[0] == "9":
            return former[1:]
        case (225, 8):
            return _OPERATORS.get(former[1], "") + former
        case (229, 8):
            return f"01{former}"
        case _:
            return None


def _national_before(country: int, today: str) -> str | None:
    """A national number as it was written before, or is to be dialled from abroad."""
    match country, len(today):
        case (55, 11) if today[2] == "9":
            return today[:2] + today[3:]
        case (52, 10):
            return f"1{today}"
        case (54, 10):
            return f"9{today}"
        case (225 | 229, 10):
            return today[2:]
        case _:
            return None


def e164(value: str, *, is_whole: bool = False) -> str | None:
    """A possible number in E.164 as its country's plan has it today, an extension behind it; None for whatever else.

    `is_whole` says that digits without a plus sign begin with the country's code.
    """
    import phonenumbers

    number = _parsed(value, is_whole=is_whole)
    if number is None:
        return None
    number = _today(number)
    return _written(number) if phonenumbers.is_possible_number(number) else None


def e164_of_old(value: str) -> str | None:
    """The form in which earlier versions compared a number: as it was dialled, and only with its plus sign."""
    import phonenumbers

    number = _parsed(value, is_whole=False, least=None)
    return _written(number) if number is not None and phonenumbers.is_possible_number(number) else None


def former_forms(number: str) -> frozenset[str]:
    """The other ways in which a number in E.164 was kept before: as digits alone, or by its country's former plan."""
    import phonenumbers

    today = _parsed(number, is_whole=True)
    if today is None or today.extension:
        return frozenset()
    forms = {number}
    former = _national_before(today.country_code, phonenumbers.national_significant_number(today))
    if former and e164(f"+{today.country_code}{former}") == number:
        forms.add(f"+{today.country_code}{former}")
    digits = {form.removeprefix("+") for form in forms}
    return frozenset(forms | {plain for plain in digits if len(plain) >= _WHOLE}) - {number}


def may_be_somebodys(value: str, *, is_whole: bool = False) -> bool | None:
    """Whether a number with its country's code may be somebody's; None where its digits have to tell by themselves.

    In North America, whose numbers have one length everywhere, forms are filled by hand: there the digits tell.
    """
    import phonenumbers

    number = _parsed(value, is_whole=is_whole)
    if number is None:
        return None
    number = _today(number)
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


def _parsed(value: str, *, is_whole: bool, least: int | None = _WHOLE) -> Any:
    import phonenumbers

    written = value.strip(" ()[]\u00a0")
    # Two zeros are how most of the world writes the plus sign.
    international = "+" + written[2:] if written.startswith("00") else written
    if least is not None and "+" not in international:
        # What follows a letter or one of these signs is an extension.
        before = takewhile(lambda sign: not sign.isalpha() and sign not in "#;,", written)
        digits = [sign for sign in before if sign.isdigit()]
        if digits and digits[0] != "0" and (is_whole or len(digits) >= least):
            international = "+" + written
    try:
        return phonenumbers.parse(international, None)
    except phonenumbers.NumberParseException:
        return None


def _today(number: Any) -> Any:
    import phonenumbers

    national = _national_today(number.country_code, phonenumbers.national_significant_number(number))
    is_second_way = number.country_code == _ARGENTINA
    if national is None or (not is_second_way and phonenumbers.is_valid_number(number)):
        return number
    today = phonenumbers.parse(f"+{number.country_code}{national}", None)
    if not is_second_way and not phonenumbers.is_valid_number(today):
        return number
    if number.extension:
        today.extension = number.extension
    return today


def _written(number: Any) -> str:
    import phonenumbers

    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # Behind one switchboard sit many people.
    return f"{written};ext={number.extension}" if number.extension else written
