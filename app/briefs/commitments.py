"""What was promised in the case, by whom, and by when."""

import re
from collections.abc import Sequence

from app.briefs.due import day_named
from app.briefs.quoting import shortened
from app.briefs.reading import Utterance
from app.budget import spend
from app.models import Actor, Commitment
from app.nlu import Act
from app.nlu.promises import binds_us, due_in, time_in

MOST_COMMITMENTS = 3
# Of so many, the last ones, it is found out by when they are due.
MOST_LOOKED_AT = 12
_WORDS = 30
_SURE_OF_OWN_PROMISE = 0.8
# "I'll ring you that day" is due when the sentence before it says.
_SAME_TIME = re.compile(r"\b(?:that (?:day|morning|afternoon|evening|time)|by then|then)\b", re.IGNORECASE)


def commitments(utterances: Sequence[Utterance]) -> tuple[Commitment, ...]:
    """The last promises of the case in the words they were given in, the same words once."""
    commitments_by_text: dict[str, Commitment] = {}
    promises = [(index, utterance) for index, utterance in enumerate(utterances) if is_promise(utterance)]
    for index, utterance in promises[-MOST_LOOKED_AT:]:
        spend()
        text = shortened(utterance.text, _WORDS)
        commitments_by_text.pop(text.casefold(), None)
        commitments_by_text[text.casefold()] = Commitment(
            by=utterance.interaction.actor,
            text=text,
            due=time_in(utterance.text)
            or _due_before(utterances, index)
            or day_named(utterance.text, utterance.interaction.occurred_at),
            at=utterance.interaction.occurred_at,
            evidence=(utterance.interaction.interaction_id,),
        )
    # What names a time can be broken without anybody noticing; it stays where there are too many.
    newest = sorted(
        commitments_by_text.values(),
        key=lambda commitment: (commitment.due is None, -commitment.at.timestamp() if commitment.at else 0),
    )[:MOST_COMMITMENTS]
    return tuple(commitment for commitment in commitments_by_text.values() if commitment in newest)


def is_promise(utterance: Utterance) -> bool:
    """Whether a sentence promises something that outlasts the talk."""
    if utterance.pasted or utterance.interaction.actor is Actor.SYSTEM:
        return False
    if utterance.by_customer:
        return utterance.reading.acts[Act.PROMISE] >= _SURE_OF_OWN_PROMISE
    return binds_us(utterance.text, utterance.reading.promise)


def due_elsewhere(text: str) -> bool:
    """Whether a promise names a time that stands in the sentence before it: `I'll ring you that day.`"""
    return _SAME_TIME.search(text) is not None


def _due_before(utterances: Sequence[Utterance], index: int) -> str | None:
    if (
        not index
        or utterances[index - 1].interaction is not utterances[index].interaction
        or not _SAME_TIME.search(utterances[index].text)
    ):
        return None
    return due_in(utterances[index - 1].text)
