"""The filters of the analytics' pages, as they stand in an address."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from app.interfaces.console.filters import AnalyticsFilters, Span
from app.models import Channel

NOW = datetime(2026, 3, 30, 9, 15, tzinfo=UTC)


def asked(**query: str) -> AnalyticsFilters:
    return AnalyticsFilters.model_validate(query)


def test_without_a_word_it_is_the_four_weeks_that_end_with_today() -> None:
    window = asked().window(NOW)
    assert window.since == datetime(2026, 3, 3, tzinfo=UTC)
    assert window.until == datetime(2026, 3, 31, tzinfo=UTC)
    assert window.in_words == "from 3 Mar 2026 to 30 Mar 2026"


def test_days_are_meant_whole_the_last_one_too() -> None:
    window = asked(**{"from": "2026-03-02", "to": "2026-03-08"}).window(NOW)
    assert window.since == datetime(2026, 3, 2, tzinfo=UTC)
    assert window.until == datetime(2026, 3, 9, tzinfo=UTC)
    assert window.days == 7


def test_days_go_before_a_period_and_one_of_them_is_enough() -> None:
    window = asked(**{"from": "2026-03-02", "period": "7d"}).window(NOW)
    assert (window.since, window.until) == (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))
    assert asked(to="2026-03-08").window(NOW).since is None


def test_a_time_is_taken_as_it_stands() -> None:
    query = asked(**{"from": "2026-03-02T10:30:00+01:00"})
    assert query.window(NOW).since == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_the_period_before_is_as_long_and_ends_where_the_period_begins() -> None:
    query = asked(**{"from": "2026-03-09", "to": "2026-03-15", "channel": "chat"})
    before = query.filter_before(NOW)
    assert before is not None
    assert before.since == datetime(2026, 3, 2, tzinfo=UTC)
    assert before.until == query.filter(NOW).since
    assert before.channel is Channel.CHAT


def test_everything_has_no_period_before() -> None:
    query = asked(period="all")
    assert query.filter_before(NOW) is None
    assert query.window(NOW).in_words == "at any time"


def test_fields_that_a_form_leaves_empty_mean_nothing() -> None:
    assert asked(**dict.fromkeys(("from", "to", "channel", "intent", "period"), "")) == asked()


@pytest.mark.parametrize("day", ["2026-02-30", "9999-12-31", "1066-10-14"])
def test_a_day_that_no_calendar_has_or_no_ledger_holds_is_refused(day: str) -> None:
    with pytest.raises(ValidationError):
        asked(to=day)


def test_an_address_holds_the_filters_and_nothing_that_is_usual_anyway() -> None:
    assert asked().address("/x") == "/x"
    query = asked(**{"from": "2026-03-02", "to": "2026-03-08", "channel": "in_person", "intent": "a&b=c"})
    address = query.address("/x", queue="back office")
    assert parse_qs(urlsplit(address).query) == {
        "from": ["2026-03-02"],
        "to": ["2026-03-08"],
        "channel": ["in_person"],
        "intent": ["a&b=c"],
        "queue": ["back office"],
    }


def test_an_address_leads_to_the_same_filters() -> None:
    query = asked(**{"period": "90d", "from": "2026-03-02T10:30:00Z", "to": "2026-03-08", "from_channel": "app"})
    sent = {name: values[0] for name, values in parse_qs(urlsplit(query.address("/x")).query).items()}
    assert AnalyticsFilters.model_validate(sent) == query


def test_a_filter_is_taken_away_by_none() -> None:
    assert asked(channel="chat", intent="refund").address("/x", channel=None) == "/x?intent=refund"


def test_a_form_shows_the_days_that_were_asked_for() -> None:
    query = asked(**{"from": "2026-03-02", "to": "2026-03-08"})
    assert (query.since_day, query.until_day) == ("2026-03-02", "2026-03-08")
    assert (asked().since_day, asked().until_day) == ("", "")


def test_each_span_is_as_long_as_it_says() -> None:
    for span, days in ((Span.WEEK, 7), (Span.FOUR_WEEKS, 28), (Span.QUARTER, 90)):
        window = asked(period=span.value).window(NOW)
        assert window.days == days
        assert window.until == NOW.replace(hour=0, minute=0) + timedelta(days=1)
