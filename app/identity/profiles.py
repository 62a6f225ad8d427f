"""What is compared of an identity: identifiers, names, birth date and address, as its interactions carry them.

Every value is brought into one plain form, so that equal means equal. What stands in a list is left out, for lists
hold other people as often as not, and so is whatever stands under the name of somebody else's part.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from app.identity.non_identifiers import reason_to_join_nobody
from app.identity.normalise import key_of
from app.models import ComparedField, Interaction, Kind
from app.nlu.steps import read_json
from app.ports import LinkageRecord

_Field = ComparedField

_KEYS: Mapping[str, ComparedField] = {
    **dict.fromkeys(("given_name", "first_name", "forename", "firstname"), _Field.GIVEN_NAME),
    **dict.fromkeys(("surname", "last_name", "family_name", "lastname"), _Field.SURNAME),
    **dict.fromkeys(("birth_date", "date_of_birth", "dob", "birthdate", "birthday"), _Field.BIRTH_DATE),
    **dict.fromkeys(("street", "address", "street_address", "address_1", "address1", "address_line_1"), _Field.STREET),
    **dict.fromkeys(("city", "town", "suburb", "locality"), _Field.CITY),
    **dict.fromkeys(("postcode", "postal_code", "zip", "zip_code", "zipcode"), _Field.POSTCODE),
    **dict.fromkeys(("national_id", "ssn", "social_security_number", "tax_id"), _Field.NATIONAL_ID),
    **dict.fromkeys(("email", "e_mail", "email_address"), _Field.EMAIL),
    **dict.fromkeys(("phone", "phone_number", "mobile", "mobile_phone", "telephone"), _Field.PHONE),
    "account_id": _Field.ACCOUNT_ID,
}
_FULL_NAMES = frozenset({"full_name", "customer_name"})
_HOUSE_NUMBERS = ("house_number", "street_number")
_OTHER_PEOPLE = frozenset(
    {"agent", "employee", "recipient", "beneficiary", "emergency_contact", "merchant", "seller", "store", "branch"}
)
_DEEPEST = 6
_LONGEST = 200
_PHONE_TAIL = 9
_SHORTEST_PHONE = 7
_DATE = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?!\d)")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# What so many hold is a placeholder or a shared device, and tells nobody apart.
MOST_HOLDERS = 50
_TELLING = frozenset({_Field.EMAIL, _Field.PHONE, _Field.HANDLE, _Field.ACCOUNT_ID, _Field.NATIONAL_ID})
_NAMES = frozenset({_Field.EMAIL, _Field.PHONE, _Field.HANDLE, _Field.ACCOUNT_ID})
_DATES_SHARE = 200


class ComparedValue(NamedTuple):
    """One value in its comparable form, with the interaction it was read from."""

    value: str
    interaction_id: str


class Profiles:
    """What is known of every identity; of several values of one field the newest counts."""

    def __init__(self) -> None:
        self._values_by_identity: dict[str, dict[ComparedField, ComparedValue]] = {}

    def read(self, row: Interaction) -> None:
        """Take in one interaction; they are to come in the order they were written."""
        if row.redacted:
            return
        for field, value in _values(row):
            if field in _NAMES and reason_to_join_nobody(field.value, value[:_LONGEST]):
                continue
            plain = _PLAIN[field](value[:_LONGEST])
            if plain:
                self._values_by_identity.setdefault(row.identity_id, {})[field] = ComparedValue(
                    plain, row.interaction_id
                )

    def records(self) -> list[LinkageRecord]:
        """One record for each identity of whom anything is known, without the values that too many share."""
        shared = self._shared()
        records: list[LinkageRecord] = []
        for identity_id, readings in sorted(self._values_by_identity.items()):
            fields = {
                field: reading.value for field, reading in readings.items() if (field, reading.value) not in shared
            }
            if fields:
                records.append(LinkageRecord(record_id=identity_id, fields=fields))
        return records

    def source(self, identity_id: str, field: ComparedField) -> str | None:
        """The interaction that an identity's value of a field was read from."""
        reading = self._values_by_identity.get(identity_id, {}).get(field)
        return reading.interaction_id if reading else None

    def _shared(self) -> set[tuple[ComparedField, str]]:
        dates = max(MOST_HOLDERS, len(self._values_by_identity) // _DATES_SHARE)
        most = {**dict.fromkeys(_TELLING, MOST_HOLDERS), _Field.BIRTH_DATE: dates}
        holders = Counter(
            (field, reading.value)
            for readings in self._values_by_identity.values()
            for field, reading in readings.items()
            if field in most
        )
        return {key for key, count in holders.items() if count > most[key[0]]}


def _values(row: Interaction) -> Iterator[tuple[ComparedField, str]]:
    for identifier in row.identifiers:
        kind = identifier.type.strip().lower()
        if kind == "handle" or kind.endswith("_handle"):
            yield _Field.HANDLE, identifier.value
        elif kind in ("email", "phone", "account_id"):
            yield ComparedField(kind), identifier.value
    yield from _in_mapping(row.data)
    if row.kind is Kind.TOOL_RESULT:
        document = read_json(row.text)
        if isinstance(document, Mapping):
            yield from _in_mapping(cast(Mapping[str, Any], document))


def _in_mapping(data: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[ComparedField, str]]:
    named = {_CAMEL.sub("_", key).lower().replace("-", "_").replace(" ", "_"): value for key, value in data.items()}
    for key, value in named.items():
        if isinstance(value, Mapping):
            if depth < _DEEPEST and key not in _OTHER_PEOPLE:
                yield from _in_mapping(cast(Mapping[str, Any], value), depth + 1)
            continue
        text = _text(value)
        field = _KEYS.get(key)
        if not text:
            continue
        if key in _FULL_NAMES:
            given, _, surname = text.rpartition(" ")
            yield _Field.GIVEN_NAME, given
            yield _Field.SURNAME, surname
        elif field is _Field.STREET:
            number = next((house_number for name in _HOUSE_NUMBERS if (house_number := _text(named.get(name)))), "")
            yield field, f"{number} {text}"
        elif field:
            yield field, text


def _text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _words(value: str) -> str:
    """Lower case without accents and punctuation, one space between words."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", value) if not unicodedata.combining(sign))
    return " ".join(re.findall(r"\w+", plain.casefold()))


def _signs(value: str) -> str:
    return _words(value).replace(" ", "")


def _date(value: str) -> str:
    """Year, month and day as eight digits; a date whose order one would have to guess is left out."""
    match = _DATE.match(value)
    return "".join(match.groups()) if match else ""


def _phone(value: str) -> str:
    """The last digits, which are alike with and without the country's code."""
    number, _, _ = key_of("phone", value)[1].partition(";")
    digits = "".join(sign for sign in number if sign.isdigit())
    return digits[-_PHONE_TAIL:] if len(digits) >= _SHORTEST_PHONE else ""


_PLAIN: Mapping[ComparedField, Callable[[str], str]] = {
    _Field.GIVEN_NAME: _words,
    _Field.SURNAME: _words,
    _Field.BIRTH_DATE: _date,
    _Field.STREET: _words,
    _Field.CITY: _words,
    _Field.POSTCODE: _signs,
    _Field.NATIONAL_ID: _signs,
    _Field.EMAIL: lambda value: key_of("email", value)[1],
    _Field.PHONE: _phone,
    _Field.HANDLE: lambda value: key_of("handle", value)[1],
    _Field.ACCOUNT_ID: str.strip,
}
