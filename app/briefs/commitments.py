"""What was promised in the case, by whom, and by when."""

import re
from collections.abc import Sequence

from app.briefs.reading import Utterance
from app.language.acts import Act, without_lead_in
from app.language.promises import Promise, due_in, promise_in
from app.language.sentences import shorten
from app.models import Actor, Commitment

MOST_COMMITMENTS = 3
_WORDS = 20
# "I'll ring you that day" is due when the sentence before it says.
_SAME_TIME = re.compile(r"\b(?:that (?:day|morning|afternoon|evening|time)|by then|then)\b", re.IGNORECASE)
# What somebody would do if they had to is no promise to us.
_THREAT = re.compile(r"\b(?:otherwise|or else|unless|if)\b", re.IGNORECASE)


def commitments(said: Sequence[Utterance]) -> tuple[Commitment, ...]:
    """The last promises of the case, the same words once."""
    found: dict[str, Commitment] = {}
    for place, one in enumerate(said):
        promise = promised(one)
        if promise is None:
            continue
        text = shorten(without_lead_in(promise.text), _WORDS)
        found.pop(text.casefold(), None)
        found[text.casefold()] = Commitment(
            by=one.interaction.actor,
            text=text,
            due=promise.due or _due_before(said, place),
            at=one.interaction.occurred_at,
            evidence=(one.interaction.interaction_id,),
        )
    return tuple(found.values())[-MOST_COMMITMENTS:]


def promised(one: Utterance) -> Promise | None:
    """What a sentence promises; of the customers' only what they say they will do themselves."""
    if one.pasted:
        return None
    if one.interaction.actor is Actor.CUSTOMER and (one.act is not Act.PROMISE or _THREAT.search(one.text)):
        return None
    return promise_in(one.text, english=one.english)


def due_elsewhere(text: str) -> bool:
    """Whether a promise names a time that stands in the sentence before it: `I'll ring you that day.`"""
    return _SAME_TIME.search(text) is not None


def _due_before(said: Sequence[Utterance], place: int) -> str | None:
    if (
        not place
        or said[place - 1].interaction is not said[place].interaction
        or not _SAME_TIME.search(said[place].text)
    ):
        return None
    return due_in(said[place - 1].text)
