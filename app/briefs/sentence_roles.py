"""What a single sentence tells, by its reading: a matter, a wish, a request for a person, or too little to quote."""

import re

from app.briefs.reading import Utterance
from app.nlu import Act
from app.nlu.human_request import asks_for_person as asks_in_words

SURE = 0.5
SURE_OF_PERSON = 0.9
MASK = "•"
LEAVING = (Act.FAREWELL, Act.THANKS)
MATTERS = (Act.REQUEST, Act.QUESTION, Act.REPORT, Act.COMPLAINT, Act.CONDITION, Act.WITHDRAWAL)
EMPTY = (Act.GREETING, Act.THANKS, Act.FAREWELL)
_PERHAPS = 0.5
_WITH_SECRET = 0.2
# Who asks for a person in more words than these says what for.
_LONGEST_ASKING = 6
# `Category: [x] Refund`: a field of a form.
_FIELD = re.compile(r"[^\W\d_][^:.?!]{1,30}:\s(?=(?:\S+\s+){0,4}\S+$)")
_BOXES = ("[ ]", "[x]", "[X]")
_ASKING = (Act.REQUEST, Act.QUESTION, Act.CONDITION, Act.COMPLAINT, Act.WITHDRAWAL)
WANTING = (Act.REQUEST, Act.QUESTION, Act.CONDITION)
_SURE_OF_WISH = 0.65
_FEWEST_TERMS = 2
# A greeting in so many words tells something too: `Hello, I am calling for my father`.
_FULL_GREETING = 5


def may_be_key(utterance: Utterance) -> bool:
    """Whether a sentence may tell why the customer came."""
    is_content = not utterance.pasted and utterance.reading.boilerplate < SURE  # no signature, no footer
    words = utterance.terms
    if utterance.act in EMPTY and len(words) < _FULL_GREETING:
        return False
    return is_content and bool(words) and not only_asks_for_person(utterance)


def only_asks_for_person(utterance: Utterance) -> bool:
    """Whether a sentence asks for a person in too few words to say what for."""
    return len(utterance.terms) <= _LONGEST_ASKING and asks_for_person(utterance)


def shown_share(utterance: Utterance) -> float:
    """How much of its weight a sentence keeps: what holds a secret or only announces is quoted for want of others."""
    return _WITH_SECRET if MASK in utterance.text or utterance.text.endswith(":") else 1.0


def wants(utterance: Utterance) -> bool:
    """Whether a sentence wants something; a plain report of trouble does not say what."""
    if utterance.act is Act.WITHDRAWAL:
        return False
    return utterance.act in WANTING or utterance.reading.wish >= _SURE_OF_WISH


def is_bare(utterance: Utterance) -> bool:
    """Whether a sentence holds too little to tell a matter: a field of a form, an outcry."""
    is_field = any(box in utterance.text for box in _BOXES) or (
        utterance.act not in _ASKING and _FIELD.match(utterance.text)
    )
    return bool(is_field) or len(set(utterance.terms)) < _FEWEST_TERMS


def tells(utterance: Utterance) -> bool:
    """Whether a sentence tells something that may be shown."""
    return may_be_key(utterance) and MASK not in utterance.text


def asks_for_person(utterance: Utterance, before: str = "") -> bool:
    """Whether a sentence asks for a person: surely so, or perhaps and in words that are known for it."""
    likely = utterance.reading.human
    return likely >= SURE_OF_PERSON or (likely >= _PERHAPS and asks_in_words(utterance.text, before))
