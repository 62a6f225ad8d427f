"""Order numbers, codes, addresses and phone numbers: whether each stands in the transcript, whole or by its end."""

import re

from app.nlu.identifiers import Mention, canonical
from app.verification.checks.base import Objection, StatementReading
from app.verification.figures import figures
from app.verification.transcript import TranscriptIndex

_IDENTIFYING = ("email", "account", "code", "number", "phone", "error_code")
_MEASURED = re.compile(r"(?<!\d)\d++[A-Z]{1,3}")
_PHONE_TAIL = 7


class IdentifierCheck:
    """Objects to the first identifier that stands nowhere."""

    name = "identifiers"

    def object(self, reading: StatementReading, index: TranscriptIndex) -> Objection | None:
        """Why the statement cannot be so, None where this check leaves it open."""
        for mention in reading.mentions:
            if mention.type in _IDENTIFYING and not _stands(mention, index):
                return Objection(f"{mention.value} stands nowhere in the conversation")
        return None


def _stands(mention: Mention, index: TranscriptIndex) -> bool:
    value = canonical(mention.value)
    bare = re.sub(r"[\W_]", "", value)
    if value in index.identifiers or bare in index.identifiers:
        return True
    if mention.type == "phone" or (mention.type == "number" and len(bare) > _PHONE_TAIL):
        return bare[-_PHONE_TAIL:] in index.identifiers
    if mention.type == "number":  # four digits and more may be a quantity too
        return any(value in index.values for figure in figures(mention.value) for value in figure.values)
    if _MEASURED.fullmatch(mention.value):  # `16GB`
        return all(piece.casefold() in index.words for piece in re.findall(r"\d+|[A-Z]+", mention.value))
    parts = re.findall(r"[^\W_]+", value)
    return len(parts) > 1 and all(
        any(letter.isdigit() for letter in part) and part in index.identifiers for part in parts
    )
