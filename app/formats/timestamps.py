"""Times as these formats write them: RFC 3339 with an offset, and nothing that only looks like one.

A time without an offset is what the setting `NAIVE_TIMES` says; where nobody says anything it is refused.
"""

import re
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BeforeValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from app.formats.options import REFUSED, UTC_NAME

SETTING = "WARMLINE_NAIVE_TIMES"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def placed(moment: datetime, naive_times: str) -> datetime:
    """A time as it is, or in the zone of `naive_times` where it has none. Raises ValueError where that refuses it."""
    if moment.tzinfo is not None:
        return moment
    if naive_times == REFUSED:
        raise ValueError(
            f"This time has no offset. Write one, such as {moment.isoformat(timespec='seconds')}Z, or set {SETTING} to "
            "utc or to a zone such as Europe/Berlin"
        )
    return moment.replace(tzinfo=UTC if naive_times == UTC_NAME else ZoneInfo(naive_times))


def _written_out(value: object, info: ValidationInfo) -> object:
    # Pydantic would take a bare number, in quotes or not, for seconds since 1970.
    if not isinstance(value, str) or not _DATE.match(value):
        raise PydanticCustomError("datetime_parsing", "Not a time")
    if not isinstance(info.context, str):
        return value
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return value
    try:
        return placed(moment, info.context)
    except ValueError as failure:
        raise PydanticCustomError("naive_time", str(failure)) from None  # type: ignore[arg-type]


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
