"""Days and times of day told from the moment of speaking, in English: whether anybody spoke of such a time."""

from datetime import timedelta

from app.language.sentences import sentences
from app.verification.checks.base import Objection, Reading
from app.verification.clock import HALF_DAY
from app.verification.relative import phrases
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
_DAYTIMES = {
    "morning": ("breakfast", "early"),
    "noon": ("lunch", "midday"),
    "afternoon": ("after lunch"),
    "evening": ("night", "dinner", "late"),
    "night": ("evening", "dinner", "late", "midnight"),
}
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
        for phrase in phrases(asserted):
            if not _stands(phrase, index):
                return Objection(f"nobody spoke of “{phrase}”")
        return None


def _stands(phrase: str, index: TranscriptIndex) -> bool:
    if any(index.holds(wording) for wording in (phrase, *_SAME.get(phrase, ()))):
        return True
    if phrase in _OF_DAYS | _OF_MONTHS and (_spans_days(index) or index.tells_dates):
        return True
    if phrase in _OF_DAYS and index.tells_weekdays:
        return True
    if phrase in _DAYTIMES:
        halves = {None, "am" if phrase == "morning" else "pm"}
        return any(index.holds(wording) for wording in _DAYTIMES[phrase]) or not halves.isdisjoint(index.halves)
    return False


def _spans_days(index: TranscriptIndex) -> bool:
    """Whether interactions are of several days, which a sentence may tell of from its own."""
    days = [line.interaction.occurred_at for line in index.lines]
    return bool(days) and max(days) - min(days) > timedelta(hours=HALF_DAY / 60)
