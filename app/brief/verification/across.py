"""Checks a sentence against evidence in another language, as far as that can be done without understanding either.

Numbers, names, identifiers and days stand in any language as they are; a `not`, and who is spoken of, can be told by a
few words of each. What a sentence means beside these cannot: it is taken with half the certainty, and only where
something in it could be checked. English, German, French, Spanish, Portuguese, Italian and Dutch.
"""

import re
from collections.abc import Sequence

from app.brief.verification.figures import figures
from app.brief.verification.naming import proper_names
from app.brief.verification.reading import CUSTOMER, STAFF, side_of
from app.language.acts import is_english
from app.language.identifiers import mentions
from app.language.sentences import sentences
from app.models import Interaction, Kind

CERTAINTY = 0.5
ACROSS = "its names and numbers are in the evidence, which is in another language: its meaning was not checked"
_UNCHECKED = "it is in another language than its evidence and names nothing that could be looked for"
_NOT = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|without|cannot|nicht|kein\w*|nie|niemals|niemand|nichts|ohne|pas"
    r"|jamais|aucune?|rien"
    r"|personne|sans|nunca|jamás|ningun[oa]?|ningún|nadie|nada|sin|não|nenhuma?|ninguém|sem|non|mai|nessun[oa]?"
    r"|niente|senza"
    r"|niet|geen|nooit|niemand|niets|zonder)\b|n['’]t\b",
    re.IGNORECASE,
)
_SIDES = (
    (
        CUSTOMER,
        re.compile(
            r"^\W*(?:der |die |le |la |el |o |a |il |de |the )?(?:kund(?:e|in)|client[ea]?|klant|customer)\b",
            re.IGNORECASE,
        ),
    ),
    (
        STAFF,
        re.compile(
            r"^\W*(?:der |die |l['’]|le |la |el |o |a |il |de |the )?(?:agente?|bot|mitarbeiter(?:in)?"
            r"|berater(?:in)?|conseiller|asesora?"
            r"|atendente|operatore|medewerker)\b",
            re.IGNORECASE,
        ),
    ),
)


def is_across(text: str, cited: Sequence[Interaction]) -> bool:
    """Whether a sentence and all that people said in its evidence are in different languages."""
    said = [one.text for one in cited if one.kind is Kind.MESSAGE and one.text.strip()]
    own = is_english(text)
    return bool(said) and all(is_english(one) is not own for one in said)


def judged_across(text: str, cited: Sequence[Interaction]) -> tuple[bool, float, str]:
    """Verdict, score and reason of a sentence whose names and numbers have been found in its evidence."""
    if not (mentions(text) or any(True for _ in figures(text)) or any(True for _ in proper_names(text))):
        return False, 0.0, _UNCHECKED
    said = [one for one in cited if one.kind is Kind.MESSAGE]
    denied = _NOT.search(text) is not None
    if not any((_NOT.search(sentence) is not None) is denied for one in said for sentence in sentences(one.text)):
        return False, 0.0, "it says “not” where the evidence does not, or the other way about"
    side = next((side for side, pattern in _SIDES if pattern.search(text)), None)
    if side is not None and all(side_of(one) != side for one in cited):
        return False, 0.0, "nobody on the side that it tells of is in its evidence"
    return True, CERTAINTY, ACROSS
