"""Days and times of day told from the moment of speaking, in English: whether anybody spoke of such a time."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from app.nlu.sentences import sentences
from app.verification.calendar import days
from app.verification.checks.base import Objection, StatementReading
from app.verification.clock import HALF_DAY
from app.verification.figures import in_digits
from app.verification.passages import closest_sentences
from app.verification.relative import DAYS, TODAY, are_apart, offsets, phrases
from app.verification.transcript import TranscriptIndex

_SAME = {
    "tonight": ("evening", "night"),
    "tomorrow": ("next day", "following day"),
    "yesterday": ("last night", "day before", "previous day"),
    "last night": ("yesterday",),
    "yesterday evening": ("last night",),
    "this morning": ("morning",),
    "this afternoon": ("afternoon",),
    "this evening": ("evening", "tonight"),
    "this weekend": ("weekend",),
    "next weekend": ("following weekend", "weekend after", "coming weekend"),
    "last weekend": ("past weekend", "weekend before", "previous weekend"),
}
# So many hours of the day each of these words may mean.
_HOURS = {
    "morning": range(4, 13),
    "noon": range(11, 14),
    "afternoon": range(12, 19),
    "evening": range(16, 24),
    "night": (*range(18, 24), *range(6)),
}
_DAYTIMES: Mapping[str, tuple[str, ...]] = {
    "morning": ("breakfast",),
    "noon": ("lunch", "midday"),
    "afternoon": ("after lunch",),
    # People say the one for the other.
    "evening": ("night", "tonight", "dinner"),
    "night": ("evening", "tonight", "midnight"),
}
_NOW = ("right now", "at the moment", "immediately", "at once", "right away", "currently")
# The clause in which a day is told speaks of what happens on it; the rest of a long sentence may be of other days.
_CLAUSE_ENDS = re.compile(r"[,;:]|\b(?:and|but|because|that|so|while|although|which|who|when|if)\b", re.IGNORECASE)
_AT_HOUR = re.compile(r"\bat (\d{1,2})(?:[:.](\d\d))?(?![\w%$€£]|[.,:]\d)")
_WITH_PARTS = ("tomorrow", "yesterday")
_OF_DAYS = frozenset("tomorrow yesterday".split()) | {"this week", "next week", "last week"}
_OF_MONTHS = frozenset(("next month", "last month", "this month", "next year", "last year", "this year"))


class RelativeCheck:
    """Objects to the first such time of which nobody spoke."""

    name = "relative"

    def object(self, reading: StatementReading, index: TranscriptIndex) -> Objection | None:
        """Why the statement cannot be so, None where this check leaves it open."""
        if index.language != "en" or reading.language != "en":
            return None
        # A question supposes nothing that somebody must have told: `Did it ring last night as well?`
        asserted = " ".join(text for text in sentences(reading.text) if not text.rstrip().endswith("?"))
        asserted_phrases = phrases(asserted)
        for phrase in asserted_phrases:
            if not _stands(phrase, index):
                return Objection(f"nobody spoke of “{phrase}”")
        for phrase in asserted_phrases:
            other = _told_instead(phrase, asserted, index)
            if other:
                return Objection(f"it was told of “{other}”, not of “{phrase}”")
        return None


def _stands(phrase: str, index: TranscriptIndex) -> bool:
    if phrase == TODAY:
        return _may_be_today(index)
    day, _, part = phrase.partition(" ")
    if day in _WITH_PARTS and part:
        return any(map(index.holds, (phrase, *_SAME.get(phrase, ())))) or (_stands(day, index) and _stands(part, index))
    if any(index.holds(wording) for wording in (phrase, *_SAME.get(phrase, ()), *_DAYTIMES.get(phrase, ()))):
        return True
    if phrase in _DAYTIMES:
        return not index.hours.isdisjoint(_HOURS[phrase])
    if phrase in _OF_MONTHS:
        is_told = index.tells_dates and (phrase not in DAYS or index.may_tell(DAYS[phrase]))
        return is_told or _spans_days(index)
    return phrase in _OF_DAYS and _may_be_meant(phrase, index)


def _may_be_meant(phrase: str, index: TranscriptIndex) -> bool:
    """Whether a day that is told of otherwise may be, or surely is, among those of a phrase."""
    weekdays = _weekdays(index)
    wide = offsets(phrase, weekdays)
    return _spans_days(index) or index.may_tell(wide) or any(offsets(day, weekdays) <= wide for day in _spoken(index))


def _may_be_today(index: TranscriptIndex) -> bool:
    """Whether somebody spoke of that day or of the moment, or nobody of any other day: then it is that of telling."""
    spoken = _spoken(index)
    weekdays = _weekdays(index)
    return (
        not spoken
        or any(0 in offsets(phrase, weekdays) for phrase in spoken)
        or any(map(index.holds, _NOW))
        or _spans_days(index)
    )


def _spoken(index: TranscriptIndex) -> frozenset[str]:
    """The days that anybody tells from the day of speaking."""
    return frozenset(phrase for _, sentence, _ in index.sentences for phrase in phrases(sentence) if phrase in DAYS)


def _told_instead(phrase: str, text: str, index: TranscriptIndex) -> str | None:
    """What those say of the day that speak of the same, where each of them tells of a day that this cannot be."""
    if phrase not in DAYS:
        return _daytime_instead(phrase, text, index)
    own = [sentence for sentence in sentences(text) if phrase in phrases(sentence)]
    clause = next(
        (piece for sentence in own for piece in _CLAUSE_ENDS.split(sentence) if phrase in phrases(piece)), text
    )
    return (
        _other_day(phrase, _at_same_hour(text, index), index)
        or _other_day(phrase, closest_sentences(text, index, telling=_tells_day, without=phrases(text)), index)
        or _other_day(
            phrase,
            closest_sentences(clause, index, telling=_tells_day, without=phrases(clause), in_passing=True),
            index,
        )
    )


def _other_day(phrase: str, passages: Sequence[str], index: TranscriptIndex) -> str | None:
    """The first day of passages, where each of them tells of days that the phrase's cannot be."""
    days_told = [[other for other in phrases(passage) if other in DAYS] for passage in passages]
    weekdays = _weekdays(index)
    apart = (others and all(are_apart(phrase, other, weekdays) for other in others) for others in days_told)
    return days_told[0][0] if days_told and all(apart) else None


def _daytime_instead(phrase: str, text: str, index: TranscriptIndex) -> str | None:
    """The time of the day that those who speak of the same tell, where each of them tells one that this cannot be."""
    if phrase not in _HOURS:
        return None
    close = closest_sentences(text, index, telling=_tells_daytime, without=phrases(text), in_passing=True)
    daytimes = [[other for other in phrases(sentence) if other in _HOURS] for sentence in close]
    if not daytimes or any(set(_HOURS[other]) & set(_HOURS[phrase]) for others in daytimes for other in others):
        return None
    return daytimes[0][0]


def _tells_daytime(sentence: str) -> bool:
    return any(phrase in _HOURS for phrase in phrases(sentence))


def _weekdays(index: TranscriptIndex) -> frozenset[int]:
    """The weekdays on which something was said."""
    return frozenset(line.interaction.occurred_at.weekday() for line in index.lines)


def _at_same_hour(text: str, index: TranscriptIndex) -> Sequence[str]:
    """The sentences that tell a day and the only hour that a text tells: an appointment has one day and one hour."""
    hours = _hours_of(text)
    if len(hours) != 1:
        return ()
    return [sentence for _, sentence, _ in index.sentences if _tells_day(sentence) and hours <= _hours_of(sentence)]


def _hours_of(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((match[1], match[2] or "00") for match in _AT_HOUR.finditer(in_digits(text, "en")))


def _tells_day(sentence: str) -> bool:
    return bool(days(sentence, "en")) or any(phrase in DAYS for phrase in phrases(sentence))


def _spans_days(index: TranscriptIndex) -> bool:
    """Whether interactions are of several days, which a sentence may tell of from its own."""
    moments = [line.interaction.occurred_at for line in index.lines]
    return bool(moments) and max(moments) - min(moments) > timedelta(hours=HALF_DAY / 60)
