"""What was promised in the case, by whom, and by when."""

import re
from collections.abc import Sequence

from app.briefs.due import day_named
from app.briefs.quoting import shortened
from app.briefs.reading import Utterance
from app.budget import spend
from app.language.promises import binds_us, due_in, time_in
from app.models import Actor, Commitment
from app.nlu import Act

MOST_COMMITMENTS = 3
# Of so many, the last ones, it is found out by when they are due.
MOST_LOOKED_AT = 12
_WORDS = 30
_SURE_OF_OWN_PROMISE = 0.8
# "I'll ring you that day" is due when the sentence before it says.
_SAME_TIME = re.compile(r"\b(?:that (?:day|morning|afternoon|evening|time)|by then|then)\b", re.IGNORECASE)


def commitments(said: Sequence[Utterance]) -> tuple[Commitment, ...]:
    """The last promises of the case in the words they were given in, the same words once."""
    found: dict[str, Commitment] = {}
    promises = [(place, one) for place, one in enumerate(said) if is_promise(one)]
    for place, one in promises[-MOST_LOOKED_AT:]:
        spend()
        text = shortened(one.text, _WORDS)
        found.pop(text.casefold(), None)
        found[text.casefold()] = Commitment(
            by=one.interaction.actor,
            text=text,
            due=time_in(one.text) or _due_before(said, place) or day_named(one.text, one.interaction.occurred_at),
            at=one.interaction.occurred_at,
            evidence=(one.interaction.interaction_id,),
        )
    # What names a time can be broken without anybody noticing; it stays where there are too many.
    newest = sorted(found.values(), key=lambda one: (one.due is None, -one.at.timestamp() if one.at else 0))[
        :MOST_COMMITMENTS
    ]
    return tuple(one for one in found.values() if one in newest)


def is_promise(one: Utterance) -> bool:
    """Whether a sentence promises something that outlasts the talk."""
    if one.pasted or one.interaction.actor is Actor.SYSTEM:
        return False
    if one.by_customer:
        return one.reading.acts[Act.PROMISE] >= _SURE_OF_OWN_PROMISE
    return binds_us(one.text, one.reading.promise)


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
