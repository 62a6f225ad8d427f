"""Names of people, places and companies: whether each stands in the transcript, in whatever case or form."""

from app.nlu.languages import folded, words_of
from app.nlu.words import stem
from app.verification.checks.base import Objection, StatementReading
from app.verification.proper_names import proper_names
from app.verification.transcript import TranscriptIndex

_LONG = 5
_INFLECTION = 3


class NameCheck:
    """Objects to the first name that nobody told of and nobody bears."""

    name = "names"

    def object(self, reading: StatementReading, index: TranscriptIndex) -> Objection | None:
        """Why the statement cannot be so, None where this check leaves it open."""
        calendar = {word for day in reading.days for word in words_of(day.written)}
        for name in proper_names(reading.text, reading.language):
            word = folded(name.written)
            if index.has_place_codes and not name.of_person:  # a city may be told where its airport's code stands
                continue
            if word not in calendar and not _stands(word, index):
                return Objection(f"the name {name.written} stands nowhere in the conversation")
        return None


def _stands(name: str, index: TranscriptIndex) -> bool:
    """Whether a name stands there, or an inflected form of it, or one with a slip of a letter."""
    if name in index.words or name.rstrip("s") in index.words or stem(name) in index.words:
        return True
    alike = index.beginnings.get(name[:4], ())
    if any(_is_inflected(name, other) for other in alike):
        return True
    return len(name) >= _LONG and any(_is_slip(name, other) for other in index.by_initial.get(name[:1], ()))


def _is_inflected(name: str, other: str) -> bool:
    """Whether two words differ at their ends alone, in a few letters."""
    shared = next(
        (
            count
            for count, (letter, other_letter) in enumerate(zip(name, other, strict=False))
            if letter != other_letter
        ),
        min(len(name), len(other)),
    )
    return shared >= 4 and max(len(name), len(other)) - shared <= _INFLECTION


def _is_slip(name: str, other: str) -> bool:
    """Whether one letter is missing in one of two spellings: `Herbet` for `Herbert`."""
    short, long = sorted((name, other), key=len)
    if len(long) - len(short) != 1:
        return False
    return any(long[:gap] + long[gap + 1 :] == short for gap in range(1, len(long)))
