"""What the pages of the analytics are asked, as it stands in their address: a page that was filtered can be sent on.

A day in the address is meant whole, in UTC: `from` begins with it and `to` ends with it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, cast
from urllib.parse import urlencode

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from app.models import Channel, Moment, Record
from app.models.continuity import ContinuityFilter

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME = Annotated[str, Field(max_length=256)]


class Span(StrEnum):
    """A period that ends with today."""

    WEEK = "7d"
    FOUR_WEEKS = "28d"
    QUARTER = "90d"
    ALL = "all"

    @property
    def in_words(self) -> str:
        """The span in words."""
        return "everything" if self is Span.ALL else f"{self.value.removesuffix('d')} days"


class Window(NamedTuple):
    """A period, from a moment on and before another; None where it is open."""

    since: datetime | None
    until: datetime | None

    @property
    def days(self) -> float | None:
        """How long it is; None where it is open."""
        if self.since is None or self.until is None:
            return None
        return (self.until - self.since) / timedelta(days=1)

    @property
    def in_words(self) -> str:
        """The period in words; the day it ends with is the last one that belongs to it."""
        first = None if self.since is None else _in_words(self.since)
        last = None if self.until is None else _in_words(self.until - timedelta(microseconds=1))
        if first is None:
            return "at any time" if last is None else f"up to {last}"
        return f"from {first}" if last is None else f"from {first} to {last}"


def _in_words(moment: datetime) -> str:
    day = moment.astimezone(UTC)
    return f"{day.day} {day:%b %Y}"


def _from_day(value: object) -> object:
    return _midnight(value, 0)


def _to_day(value: object) -> object:
    return _midnight(value, 1)


def _midnight(value: object, later: int) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return value
    try:
        return datetime.combine(date.fromisoformat(value) + timedelta(days=later), time(), UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{value} is no day of the calendar: write it as 2026-03-31") from None


class AnalyticsFilters(Record):
    """The filters that all pages of the analytics share."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    period: Span = Span.FOUR_WEEKS
    since: Annotated[Moment, BeforeValidator(_from_day)] | None = Field(None, alias="from")
    until: Annotated[Moment, BeforeValidator(_to_day)] | None = Field(None, alias="to")
    channel: Channel | None = None
    from_channel: Channel | None = None
    to_channel: Channel | None = None
    intent: _NAME | None = None
    queue: _NAME | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, sent: Any) -> Any:
        # A form sends every field, also those that nobody filled in.
        if not isinstance(sent, Mapping):
            return sent
        fields = cast(Mapping[str, Any], sent)
        return {name: value for name, value in fields.items() if value != ""}

    def window(self, now: datetime) -> Window:
        """The period that is meant; `from` and `to` go before `period`, which ends with the day of `now`."""
        end = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
        if self.since is not None or self.until is not None:
            return Window(self.since, self.until or end)
        if self.period is Span.ALL:
            return Window(None, None)
        return Window(end - timedelta(days=int(self.period.value.removesuffix("d"))), end)

    def filter(self, now: datetime) -> ContinuityFilter:
        """The same as the analytics take it."""
        window = self.window(now)
        return self._within(window.since, window.until)

    def filter_before(self, now: datetime) -> ContinuityFilter | None:
        """The same for the period before, just as long; None where the period is open and has none."""
        window = self.window(now)
        if window.since is None or window.until is None:
            return None
        return self._within(window.since - (window.until - window.since), window.since)

    def _within(self, since: datetime | None, until: datetime | None) -> ContinuityFilter:
        shared = ("channel", "from_channel", "to_channel", "intent", "queue")
        return ContinuityFilter.model_validate(
            {"since": since, "until": until, **{name: getattr(self, name) for name in shared}}
        )

    def shared(self) -> "AnalyticsFilters":
        """The filters that the other pages understand as well."""
        return AnalyticsFilters.model_validate({name: getattr(self, name) for name in AnalyticsFilters.model_fields})

    @property
    def since_day(self) -> str:
        """`from` as a date field of a form takes it."""
        return f"{self.since.astimezone(UTC).date()}" if self.since else ""

    @property
    def until_day(self) -> str:
        """`to` as a date field of a form takes it: the last day that is meant."""
        return f"{(self.until.astimezone(UTC) - timedelta(microseconds=1)).date()}" if self.until else ""

    def address(self, path: str, **changes: Any) -> str:
        """A page with the same filters, some of them changed; None takes one away."""
        current = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        parameters = {name: value for name, value in (current | changes).items() if value is not None}
        if parameters.get("period") == Span.FOUR_WEEKS:
            del parameters["period"]
        if "since" in parameters:
            parameters["from"] = _as_day(parameters.pop("since"), 0)
        if "until" in parameters:
            parameters["to"] = _as_day(parameters.pop("until"), 1)
        written = urlencode({name: str(value) for name, value in parameters.items()})
        return f"{path}?{written}" if written else path


def _as_day(moment: datetime, later: int) -> str:
    moment = moment.astimezone(UTC)
    if moment.time() == time():
        return f"{moment.date() - timedelta(days=later)}"
    return moment.isoformat()
