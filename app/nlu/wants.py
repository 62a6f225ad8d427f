"""What a customer wants, as far as a text tells it: what the reading of a case hands to whoever decides."""

import re
from typing import NamedTuple

from app.models import Interaction
from app.nlu.steps import Step
from app.nlu.words import terms

# A clause ends at a comma, and where the speaker begins anew: "I don't want a refund I want a new one".
_CLAUSE = r"(?:(?!\b(?:but|i (?:just |only |really )?(?:want|need)|i[’']?d|i would|please|just)\b)[^,;:.?!–—]){0,200}"
# What is not wanted, apart from what one wants to be rid of: "I don't want it any more", "I don't want to pay for it".
_UNWANTED = re.compile(
    rf"\bi (?:really |definitely )?(?:don[’']?t|do not|never) (?:really )?(?:want|need|wish for|ask(?:ed)? for)\b"
    rf"(?! to (?:be|pay|lose|wait|keep|get|have)\b)(?!{_CLAUSE}\bany ?(?:more|longer))(?= \w){_CLAUSE}"
    rf"|\b(?:instead of|rather than)\b(?! (?:me|us|one|two|three|four|five|\d)){_CLAUSE}"
    rf"|(?<=[,;])\s*(?:and |so |but )?not (?:an?|the|my|any|another|to)\b{_CLAUSE}"
    rf"|\bi(?:[’']?m| am) not (?:asking for|looking for|after|here for|interested in)\b{_CLAUSE}"
    rf"|\bplease (?:don[’']?t|do not)\b{_CLAUSE}"
    r"|^no (?:\w+ ){1,2}(?:please|thanks|thank you)(?=[,.;!]|$)"
    r"|\bi (?:want|need) no \w+",
    re.IGNORECASE,
)
_BELONGINGS = re.compile(r"\b(?:want|need) (?:my|our|the|this|that|these|those|it|them)\b", re.IGNORECASE)
_EDGES = " ,;:–—"


class Want(NamedTuple):
    """A text that tells something of what the customer wants.

    `weight` (0..1) says how likely it is that this is why they came or what they still want, and `refused` whether our
    side refused it. The text is a sentence or a message of theirs, a proposal that they agreed to, or the name of a
    step that failed for them; `own` where the words are the customer's.
    """

    text: str
    row: Interaction
    weight: float
    refused: bool = False
    own: bool = True


class CaseState(NamedTuple):
    """How a customer's case stands, as far as a decision goes by it.

    `attempts` are steps that customers tell of, each named by their sentence. Of a case that is settled nothing is
    wanted any more.
    """

    wants: tuple[Want, ...] = ()
    attempts: tuple[Step, ...] = ()
    is_settled: bool = False


def without_the_unwanted(sentence: str) -> str:
    """The sentence without what the customer says they do not want; empty where nothing else is said."""
    rest = _UNWANTED.sub(" ", sentence)
    if rest == sentence:
        return sentence
    rest = re.sub(r"^(?:but|and|so)\b", "", " ".join(rest.split()).strip(_EDGES), flags=re.IGNORECASE).strip(_EDGES)
    if terms(rest):
        return rest
    # Who no longer wants what they have wants to be rid of it, and that is the matter itself.
    return sentence if _BELONGINGS.search(sentence) else ""
