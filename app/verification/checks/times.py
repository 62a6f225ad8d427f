"""Times of day: whether each was told, in whatever format, or is when something happened."""

from app.verification.checks.base import Objection, StatementReading
from app.verification.transcript import TranscriptIndex


class TimeCheck:
    """Objects to the first time of day that nobody told of."""

    name = "times"

    def object(self, reading: StatementReading, index: TranscriptIndex) -> Objection | None:
        """Why the statement cannot be so, None where this check leaves it open."""
        for moment in reading.moments:
            if not _stands(moment.minutes, index):
                return Objection(f"the time {moment.written} stands nowhere in the conversation")
        return None


def _stands(minutes: int, index: TranscriptIndex) -> bool:
    """Whether it was told with or without its minutes (`at three`), or is the minute in which something happened."""
    if minutes in index.minutes or minutes % 60 in index.minutes_past:
        return True
    hour = minutes // 60 or 12
    is_hour_told = not index.values.isdisjoint((float(hour), float(hour + 12)))
    return is_hour_told and (minutes % 60 == 0 or float(minutes % 60) in index.values)
