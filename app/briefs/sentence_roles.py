"""What a single sentence tells, by its reading: a matter, a wish, a request for a person, or too little to quote."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.briefs.reading import Utterance
from app.models import Interaction
from app.nlu import Act
from app.nlu.additions import is_added
from app.nlu.closings import warns
from app.nlu.courtesies import is_courtesy
from app.nlu.fluency import goes_on
from app.nlu.human_request import SURE as SURE_OF_PERSON
from app.nlu.human_request import asks_for_person as asks_in_words
from app.nlu.unread_languages import asks_for_person_unread, unread_language

SURE = 0.5
MASK = "•"
LEAVING = (Act.FAREWELL, Act.THANKS)
MATTERS = (Act.REQUEST, Act.QUESTION, Act.REPORT, Act.COMPLAINT, Act.CONDITION, Act.WITHDRAWAL)
EMPTY = (Act.GREETING, Act.THANKS, Act.FAREWELL)
_PERHAPS = 0.5
_SHARE_FOR_WANT = 0.2
_GOING_ON = 0.6
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
    if (utterance.act in EMPTY and len(words) < _FULL_GREETING) or is_courtesy(utterance.text):
        return False
    return is_content and bool(words) and not only_asks_for_person(utterance)


def only_asks_for_person(utterance: Utterance) -> bool:
    """Whether a sentence asks for a person in too few words to say what for."""
    is_short = len(utterance.terms) <= _LONGEST_ASKING and unread_language(utterance.text) is None
    return is_short and asks_for_person(utterance)


def shown_share(utterance: Utterance) -> float:
    """How much of its weight a sentence keeps.

    What holds a secret, only announces or only threatens is quoted for want of others. Without full stops, what goes on
    from another clause says less alone.
    """
    if MASK in utterance.text or utterance.text.endswith(":") or warns(utterance.reading):
        return _SHARE_FOR_WANT
    return _GOING_ON if utterance.text[-1:].isalnum() and goes_on(utterance.text) else 1.0


def wants(utterance: Utterance) -> bool:
    """Whether a sentence wants something; a plain report of trouble does not say what."""
    if warns(utterance.reading) or utterance.act is Act.WITHDRAWAL:
        return False
    return utterance.act in WANTING or utterance.reading.wish >= _SURE_OF_WISH


def is_bare(utterance: Utterance) -> bool:
    """Whether a sentence holds too little to tell a matter: a field of a form, an outcry."""
    is_field = any(box in utterance.text for box in _BOXES) or (
        utterance.act not in _ASKING and _FIELD.match(utterance.text)
    )
    # Where words are written together, few words may be a whole letter.
    return bool(is_field) or (len(set(utterance.terms)) < _FEWEST_TERMS and unread_language(utterance.text) is None)


def tells(utterance: Utterance) -> bool:
    """Whether a sentence tells something that may be shown."""
    return may_be_key(utterance) and MASK not in utterance.text


def asks_for_person(utterance: Utterance, before: str = "") -> bool:
    """Whether a sentence asks for a person: surely so, or perhaps and in words that are known for it."""
    likely = utterance.reading.human
    if unread_language(utterance.text) is not None:  # the classifiers know nothing of it
        return asks_for_person_unread(utterance.text)
    return likely >= SURE_OF_PERSON or (likely >= _PERHAPS and asks_in_words(utterance.text, before))


def may_name(utterance: Utterance) -> bool:
    """Whether a sentence may name somebody, and may be shown."""
    is_content = not utterance.pasted and utterance.reading.boilerplate < SURE
    return is_content and MASK not in utterance.text and len(set(utterance.terms)) > 1


def is_beside(utterance: Utterance, reason: Utterance) -> bool:
    """Whether a sentence belongs to the same telling, of the same conversation, and may be shown."""
    here = utterance.interaction.conversation_id == reason.interaction.conversation_id
    return here and utterance.act in MATTERS and MASK not in utterance.text


def added_to_a_matter(
    utterances: Iterable[Utterance], likely: Mapping[int, float], least: float
) -> Iterator[Utterance]:
    """The wishes that say of themselves that they come on top of something, after a message that told a matter.

    `likely` tells by the ids of sentences how likely they are the reason; so likely at `least` is a matter.
    """
    began: dict[str | None, Interaction] = {}
    for utterance in utterances:
        row = utterance.interaction
        begun = began.get(row.conversation_id)
        if begun is not None and begun is not row and utterance.act in WANTING and is_added(utterance.text):
            yield utterance
        elif begun is None and likely.get(id(utterance), 0.0) >= least:
            began[row.conversation_id] = row


def terse(candidates: Sequence[Utterance]) -> Utterance | None:
    """Any sentence of the customer's that tells something, where none tells why they came."""
    telling = [
        utterance
        for utterance in candidates
        if utterance.by_customer and not utterance.pasted and utterance.act not in EMPTY and utterance.terms
    ]
    return max(telling, key=lambda utterance: utterance.reading.key, default=None)
