"""Days told from the moment of speaking, and times of the day: decided against what the transcript itself tells."""

import pytest

from app.models import VerdictKind
from tests.support.verification_room import verdict


@pytest.mark.parametrize(
    ("text", "lines", "why"),
    [
        # What speaks of the same tells another day, though that word stands somewhere else.
        (
            "The customer's sister had a car accident last year.",
            ("My sister had a car accident last week.", "Our parents moved to another town last year."),
            "it was told of “last week”",
        ),
        ("The customer argued with the neighbour today.", ("I argued with the neighbour yesterday.",), "today"),
        (
            "The customer wants the visit of the repairer in the afternoon.",
            ("I would like you to come to me in the morning.",),
            "afternoon",
        ),
        ("The parcel comes tomorrow.", ("The parcel comes by boat in May.",), "tomorrow"),
        # A count of something is no day of a month.
        ("The lamp has been dark since 3 May.", ("The lamp has been dark since 9 May, I tried three times.",), "3 May"),
        # An appointment has one day and one hour.
        ("The customer comes today at ten.", ("May I come today?", "You may come tomorrow morning at 10."), "today"),
        ("The talk is late, at noon.", ("It is nearly midnight.",), "noon"),
        ("The visit is tomorrow afternoon.", ("Good afternoon, I want you to come tomorrow morning.",), "afternoon"),
        ("The repairer visits the customer in the evening.", ("The repairer visits me in the morning.",), "evening"),
        # Monday's tomorrow is a day of this week.
        ("The repairer visits the customer next week.", ("It is tomorrow that the repairer visits me.",), "next week"),
        ("The customer tries the boat next month.", ("I want to try the boat this weekend.",), "next month"),
        # What is asked tells what the answer is about.
        (
            "The customer makes a trip to the lake yesterday.",
            ("Was the trip last month?", "The one to the lake?", "Yes, and yesterday nothing happened at all."),
            "last month",
        ),
        # The day of the rows is a Monday, so that the day after tomorrow is a Wednesday and never a Tuesday.
        ("The interview is on Tuesday.", ("The interview is the day after tomorrow.",), "Tuesday"),
        (
            "The job interview takes place on Wednesday.",
            ("My job interview takes place on Friday.", "That is the day after tomorrow, is it not?"),
            "Wednesday",
        ),
    ],
)
def test_another_day_than_what_speaks_of_the_same_tells_is_refuted(text: str, lines: tuple[str, ...], why: str) -> None:
    result = verdict(text, *lines)
    assert result.verdict is VerdictKind.REFUTED
    assert why in result.why


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("The interview is on Wednesday.", "The interview is the day after tomorrow."),
        ("The visit was on Saturday.", "You were here the day before yesterday."),
        ("The customer wants the visit in the afternoon.", "Please come at 3 pm."),
        ("The customer wants the visit in the evening.", "Please come tomorrow night."),
        ("The customer argued with the neighbour yesterday.", "I argued with the neighbour last night."),
        ("The customer wrote today that the lamp is broken.", "My lamp is broken."),
        ("The customer wants the lamp today.", "I need it at once. Tomorrow is too late."),
        ("The visit is tomorrow.", "The visit is on Tuesday."),
        ("The visit is next week.", "The visit is on 11 March."),
        ("The repairer visits the customer this week.", "It is tomorrow that the repairer visits me."),
        ("The customer wants the visit tomorrow evening.", "Please visit me tomorrow at 7 pm."),
    ],
)
def test_a_day_that_follows_from_what_was_told_is_not_refuted(text: str, line: str) -> None:
    result = verdict(text, line)
    assert result.verdict is not VerdictKind.REFUTED, result.why
