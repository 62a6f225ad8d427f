"""Times as these formats write them: RFC 3339 with an offset, and nothing that only looks like one."""

import re
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _written_out(value: object) -> object:
    # Pydantic would take a bare number, in quotes or not, for seconds since 1970.
    if not isinstance(value, str) or not _DATE.match(value):
        raise PydanticCustomError("datetime_parsing", "Not a time")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
