"""A trouble that is back: what our side did about it in an earlier conversation, and that it helped then."""

from typing import NamedTuple

from app.briefs.case import Case
from app.briefs.linked_conversations import SAME_THING_WITHIN
from app.briefs.reading import Utterance
from app.briefs.sentence_roles import SURE
from app.briefs.steps import tells_deed
from app.briefs.wishes import WishState
from app.models import Snapshot
from app.nlu import Act
from app.nlu.closings import akin, is_trouble, shared
from app.nlu.promises import hands_on

_SHARED_TERMS = 2
_DOING = (Act.REPORT, Act.PROMISE, Act.ANSWER)


def may_be_back(case: Case, snapshot: Snapshot) -> frozenset[str]:
    """The interactions of the settled conversation whose trouble the customer may have again, in other words.

    It is the one that retrieval ranks first, of the last thirty days. None where the customer tells of no trouble, or
    where an earlier conversation is known to be of the same case.
    """
    if not snapshot.history or any(row.interaction_id not in case.at_hand for row in case.interactions):
        return frozenset()
    if not any(utterance.by_customer and is_trouble(utterance.reading) for utterance in case.utterances):
        return frozenset()
    best = snapshot.history[0].interaction
    began = min((row.occurred_at for row in snapshot.conversation), default=snapshot.now)
    for talk in case.earlier:
        if any(row.interaction_id == best.interaction_id for row in talk.interactions):
            is_recent = began - talk.ended_at <= SAME_THING_WITHIN
            return frozenset(row.interaction_id for row in talk.interactions) if is_recent else frozenset()
    return frozenset()


class Repair(NamedTuple):
    """A trouble of an earlier conversation that is told again now, and what ended it then, in order.

    `is_same` tells that both are told in so many of the same words that it is the same trouble.
    """

    trouble: Utterance
    ended_by: tuple[Utterance, ...]
    is_same: bool


def repair_before(case: Case) -> Repair | None:
    """The last repair of a trouble that the conversation at hand tells again; None where none is back."""
    here = [utterance for utterance in case.utterances if utterance.interaction.interaction_id in case.at_hand]
    troubles = [utterance for utterance in here if utterance.by_customer and is_trouble(utterance.reading)]
    for wish in reversed(case.wishes):
        earlier, closing = wish.utterance, wish.closed_by
        is_over = wish.state is WishState.DONE and closing is not None and is_trouble(earlier.reading)
        is_elsewhere = earlier.interaction.interaction_id not in case.at_hand
        if closing is None or not is_over or not is_elsewhere:
            continue
        back = [trouble for trouble in troubles if akin(earlier.terms, trouble.terms)]
        if back:
            is_same = any(_is_same(earlier, trouble) for trouble in back)
            return Repair(earlier, _ended_by(case, earlier, closing), is_same)
    return None


def _is_same(earlier: Utterance, trouble: Utterance) -> bool:
    """Whether two sentences share all words that one of them has, or several."""
    fewest = min(len(set(earlier.terms)), len(set(trouble.terms)))
    return shared(earlier.terms, trouble.terms) >= min(_SHARED_TERMS, fewest)


def _ended_by(case: Case, trouble: Utterance, closing: Utterance) -> tuple[Utterance, ...]:
    """What our side told last of what it did about a trouble, and the customer's word that it helped."""
    places = {id(utterance): index for index, utterance in enumerate(case.utterances)}
    between = case.utterances[places[id(trouble)] + 1 : places[id(closing)] + 1]
    ours = [
        utterance
        for utterance in between
        if not utterance.by_customer
        and utterance.act in _DOING
        and utterance.reading.boilerplate < SURE
        and not hands_on(utterance.text)
    ]
    deeds = [utterance for utterance in ours if tells_deed(utterance)] or ours
    last = [deed for deed in deeds[-1:] if deed is not closing]
    return (*last, closing)
