"""Quotations: whether their words stand in the transcript, and were said by the side that is quoted."""

import re
from collections.abc import Iterator

from app.nlu.languages import folded, language_of, words_of
from app.verification.checks.base import Objection, StatementReading
from app.verification.transcript import Line, TranscriptIndex

_QUOTED = re.compile(r"“([^“”]{1,600})”|„([^„“”]{1,600})[“”]|\"([^\"]{1,600})\"|«([^«»]{1,600})»")
_LEFT_OUT = re.compile(r"\.\.\.|…|\[[^\[\]]{0,40}\]")
_FEWEST_WORDS = 3
_SAYING = (
    r"(?:says?|said|states?|stated|wrote|writes|writing|answers?|answered|replie[sd]|asks?|asked|told|tells?|reports?"
    r"|reported|explain(?:s|ed)|sagt|schreibt|dit|dice|diz|zegt)[^.;“\"«„]{0,30}$"
)
_BY_CUSTOMER = re.compile(
    rf"\b(?:customer|caller|client[ea]?|kund(?:e|in)|klant)\b(?: \w+){{0,2}} {_SAYING}", re.IGNORECASE
)
_BY_STAFF = re.compile(
    rf"\b(?:agente?|bot|assistant|advis[eo]r|representative|mitarbeiter(?:in)?|medewerker)\b(?: \w+){{0,2}} {_SAYING}",
    re.IGNORECASE,
)
_BY_NAME = re.compile(rf"(?<!\w)(\w++) {_SAYING}", re.IGNORECASE)


class QuotationCheck:
    """Objects to the first quotation that nobody said, or that the other side said."""

    name = "quotations"

    def object(self, reading: StatementReading, index: TranscriptIndex) -> Objection | None:
        """Why the statement cannot be so, None where this check leaves it open."""
        for quoted, before in _quotations(reading.text):
            speakers = _speakers(quoted, index)
            if not speakers and _is_comparable(quoted, index) and not _is_recorded(quoted, index):
                return Objection(f"nobody said “{quoted}” in these words")
            by_customer = _side(before, index)
            if speakers and by_customer is not None and all(line.by_customer is not by_customer for line in speakers):
                who = "the customer" if speakers[0].by_customer else "our side"
                return Objection(f"it was {who} who said “{quoted}”", tuple(speakers[:1]))
        return None


def _quotations(text: str) -> Iterator[tuple[str, str]]:
    """The words that are quoted, several of them at least, and what stands before."""
    for match in _QUOTED.finditer(text):
        quoted = next(part for part in match.groups() if part)
        if len(words_of(quoted)) >= _FEWEST_WORDS:
            yield quoted, text[: match.start()]


def _speakers(quoted: str, index: TranscriptIndex) -> list[Line]:
    """The lines in which every part of a quotation stands, letter for letter but for case and punctuation."""
    parts = [f" {' '.join(words)} " for part in _LEFT_OUT.split(quoted) if (words := words_of(part))]
    return [line for line, wording in index.wordings if all(part in wording for part in parts)]


def _is_recorded(quoted: str, index: TranscriptIndex) -> bool:
    """Whether a tool or a form recorded it: nobody said it, and it stands there all the same."""
    wanted = f" {' '.join(words_of(quoted))} "
    return any(wanted in f" {' '.join(words_of(line.recorded))} " for line in index.lines)


def _is_comparable(quoted: str, index: TranscriptIndex) -> bool:
    """Whether it is in the language of the transcript: a translation is in nobody's words."""
    return index.language is not None and language_of(quoted) == index.language


def _side(before: str, index: TranscriptIndex) -> bool | None:
    """Whether the customer is quoted; None where it is not told who is."""
    if _BY_CUSTOMER.search(before):
        return True
    if _BY_STAFF.search(before):
        return False
    named = _BY_NAME.search(before)
    return index.names.get(folded(named[1])) if named else None
