"""Days and times of day told from the moment of speaking, in English: whether anybody spoke of such a time."""

from collections.abc import Mapping
from datetime import timedelta

from app.language.sentences import sentences
from app.verification.calendar import days
from app.verification.checks.base import Objection, Reading
from app.verification.clock import HALF_DAY
from app.verification.passages import closest_sentences
from app.verification.relative import DAYS, TODAY, phrases
from app.verification.transcript import TranscriptIndex

_SAME = {
    "tonight": ("evening", "night"),
    "tomorrow": ("next day", "following day"),
    "tomorrow morning": ("tomorrow",),
    "tomorrow afternoon": ("tomorrow",),
    "tomorrow evening": ("tomorrow",),
    "tomorrow night": ("tomorrow",),
    "yesterday": ("last night", "day before", "previous day"),
    "last night": ("yesterday",),
    "yesterday morning": ("yesterday",),
    "yesterday afternoon": ("yesterday",),
    "yesterday evening": ("yesterday", "last night"),
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
_OF_DAYS = frozenset("tomorrow yesterday".split()) | {"this week", "next week", "last week"}
_OF_MONTHS = frozenset(("next month", "last month", "this month", "next year", "last year", "this year"))


class RelativeCheck:
    """Objects to the first such time of which nobody spoke."""

    name = "relative"

    def object(self, reading: Reading, index: TranscriptIndex) -> Objection | None:
        """Why the statement cannot be so, None where this check leaves it open."""
        if index.language != "en" or reading.language != "en":
            return None
        # A question supposes nothing that somebody must have told: `Did it ring last night as well?`
        asserted = " ".join(text for text in sentences(reading.text) if not text.rstrip().endswith("?"))
        told = phrases(asserted)
        for phrase in told:
            if not _stands(phrase, index):
                return Objection(f"nobody spoke of “{phrase}”")
        for phrase in told:
            other = _told_instead(phrase, asserted, index)
            if other:
                return Objection(f"it was told of “{other}”, not of “{phrase}”")
        return None


def _stands(phrase: str, index: TranscriptIndex) -> bool:
    if phrase == TODAY:
        return _may_be_today(index)
    if any(index.holds(wording) for wording in (phrase, *_SAME.get(phrase, ()), *_DAYTIMES.get(phrase, ()))):
        return True
    if phrase in _DAYTIMES:
        return not index.hours.isdisjoint(_HOURS[phrase])
    if phrase in _OF_MONTHS:
        return index.tells_dates or _spans_days(index)
    return phrase in _OF_DAYS and (_spans_days(index) or index.may_tell(DAYS[phrase]))


def _may_be_today(index: TranscriptIndex) -> bool:
    """Whether somebody spoke of that day or of the moment, or nobody of any other day: then it is that of telling."""
    told = {phrase for _, sentence, _ in index.sentences for phrase in phrases(sentence) if phrase in DAYS}
    return not told or any(0 in DAYS[phrase] for phrase in told) or any(map(index.holds, _NOW)) or _spans_days(index)


def _told_instead(phrase: str, text: str, index: TranscriptIndex) -> str | None:
    """What those say of the day that speak of the same, where each of them tells of a day that this cannot be."""
    if phrase not in DAYS:
        return None
    close = closest_sentences(text, index, telling=_tells_day, without=phrases(text))
    told = [[other for other in phrases(sentence) if other in DAYS] for sentence in close]
    if not told or not all(others and all(DAYS[other].isdisjoint(DAYS[phrase]) for other in others) for others in told):
        return None
    return told[0][0]


def _tells_day(sentence: str) -> bool:
    return bool(days(sentence, "en")) or any(phrase in DAYS for phrase in phrases(sentence))


def _spans_days(index: TranscriptIndex) -> bool:
    """Whether interactions are of several days, which a sentence may tell of from its own."""
    moments = [line.interaction.occurred_at for line in index.lines]
    return bool(moments) and max(moments) - min(moments) > timedelta(hours=HALF_DAY / 60)
