"""How much a customer's last message, after what was said before it, tells of dissatisfaction: a probability.

A logistic model over traits that can be named in a sentence, each read from the messages up to the one that is judged
and nothing after it: what the customer's words do, how the last turn of bot or agent before it went, and how the talk
has gone so far. The weights (log odds for a trait that is fully there) are a ridge fit around weights set by judgement,
which stand where ratings say little; `python -m evals.fitting.friction_weights FILE` makes them anew from rated
dialogues and prints what nested cross-validation over whole dialogues makes of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from math import exp, log2
from typing import NamedTuple

from app.models import Actor, Interaction, Snapshot
from app.nlu.analysis import Analysis, analysis_of
from app.nlu.reply_moves import Reply, TurnEffect
from app.nlu.sentiment import NEGATIVE
from app.signals.journey import STAFF, Journey


class Trait(NamedTuple):
    """The weight of a trait, and what it means; a trait that calms means nothing to explain."""

    weight: float
    meaning: str = ""


BIAS = -4.21
TRAITS = {
    # What the customer's words do.
    "declines": Trait(1.16, "turned down what was said to them"),
    "denies": Trait(0.51, "denied what they were to confirm"),
    "unconfirmed": Trait(0.52, "did not confirm what they were asked to"),
    "corrects": Trait(0.99, "corrected what had been understood"),
    "dislikes": Trait(1.03, "found that it does not suit them"),
    "wants_another": Trait(1.01, "asked for something else"),
    "tries_again": Trait(0.69, "asked for another try"),
    "insists": Trait(1, "insisted on what they had said"),
    "gives_up": Trait(1.2, "was about to give up"),
    "shouts": Trait(0.5, "raised their voice"),
    "asks_for_person": Trait(1.5, "asked for a person"),
    "negative": Trait(1.52, "sounded displeased"),
    "positive": Trait(-1.02),
    "agrees": Trait(-0.74),
    "thanks": Trait(-0.49),
    "leaves": Trait(-0.38),
    # How the last turn before it went.
    "opening": Trait(-0.71),
    "failed": Trait(0.78, "had just been told that something does not work"),
    "apologised": Trait(0.41, "had just been given an apology"),
    "leaves_unserved": Trait(0.51, "took leave without what they had come for"),
    "ignored": Trait(0.28, "had asked something that the answer does not touch"),
    "we_repeat": Trait(0.59, "had heard much the same before"),
    # How the talk has gone so far.
    "repeats": Trait(1, "said again what they had said"),
    "objected_before": Trait(0.4, "had objected the time before as well"),
    "objections": Trait(0.29, "had objected several times"),
}
_OBJECTS = frozenset({Reply.DECLINES, Reply.CORRECTS, Reply.DISLIKES, Reply.WANTS_ANOTHER})
_COMPLAINS = _OBJECTS | {Reply.INSISTS, Reply.GIVES_UP, Reply.SHOUTS, Reply.TRIES_AGAIN}
_MATTERS = 0.25
_MOST_CAUSES = 4
_FEWEST_WORDS = 3


class Strain(NamedTuple):
    """The strain of a customer's last message: its probability and the traits it has.

    `calm` tells when the customer said something, this message included, that objects to nothing.
    """

    probability: float
    traits: dict[str, float]
    message: Interaction | None
    calm: tuple[datetime, ...] = ()

    @property
    def causes(self) -> tuple[str, ...]:
        """What speaks for dissatisfaction, the weightiest first, as predicates of "the customer"."""
        weights = {name: TRAITS[name].weight * value for name, value in self.traits.items()}
        telling = [name for name in weights if weights[name] >= _MATTERS and TRAITS[name].meaning]
        return tuple(TRAITS[name].meaning for name in sorted(telling, key=lambda name: -weights[name])[:_MOST_CAUSES])


CALM = Strain(0.0, {}, None)


def strain_at(snapshot: Snapshot) -> Strain:
    """The strain of what the customer said last in the conversation, as of the snapshot's `now`; CALM if nothing."""
    messages = Journey.of(snapshot).messages
    places = [index for index, row in enumerate(messages) if row.actor is Actor.CUSTOMER]
    if not places:
        return CALM
    messages_so_far = messages[: places[-1] + 1]
    trait_values = {name: float(value) for name, value in traits(messages_so_far)}
    odds = BIAS + sum(TRAITS[name].weight * value for name, value in trait_values.items())
    calm = (row.occurred_at for row in messages_so_far if row.actor is Actor.CUSTOMER and _is_calm(row))
    return Strain(1.0 / (1.0 + exp(-odds)), trait_values, messages_so_far[-1], tuple(calm))


def traits(messages: Sequence[Interaction]) -> Iterator[tuple[str, float]]:
    """Every trait of the last message, 0 to 1 (`objections`: the binary logarithm of one more than their number)."""
    last = analysis_of(messages[-1])
    own = [analysis_of(row) for row in messages[:-1] if row.actor is Actor.CUSTOMER]
    ours = [analysis_of(row) for row in messages[:-1] if row.actor in STAFF]
    reply = last.replies
    turn = ours[-1].turns if ours else frozenset[TurnEffect]()
    # "No" to "is there anything else?" turns nothing down: it takes leave.
    done = Reply.DECLINES in reply and TurnEffect.ASKS_FOR_MORE in turn
    leaves = done or Reply.LEAVES in reply
    declines = Reply.DECLINES in reply and not done
    to_confirm = TurnEffect.ASKS_TO_CONFIRM in turn
    objected = [bool(earlier.replies & _OBJECTS) for earlier in own]
    felt = last.feeling
    yield "declines", declines
    yield "denies", declines and to_confirm
    yield "unconfirmed", to_confirm and Reply.AGREES not in reply
    yield "leaves", leaves
    yield "leaves_unserved", TurnEffect.FAILS in turn and (leaves or Reply.THANKS in reply)
    yield "asks_for_person", last.asks_for_person
    yield "negative", max(0.0, -felt)
    yield "positive", max(0.0, felt)
    for name, move in _OF_THE_REPLY.items():
        yield name, move in reply
    yield "failed", TurnEffect.FAILS in turn
    yield "apologised", TurnEffect.APOLOGISES in turn
    yield "opening", not ours
    yield "ignored", bool(own and ours) and _passes_over(own[-1], ours[-1])
    yield "we_repeat", _likest(ours[-1].words, (earlier.words for earlier in ours[:-1])) if ours else 0.0
    yield "repeats", _likest(last.subjects, (earlier.subjects for earlier in own))
    yield "objected_before", bool(objected) and objected[-1]
    yield "objections", log2(1 + sum(objected))


_OF_THE_REPLY = {
    "corrects": Reply.CORRECTS,
    "dislikes": Reply.DISLIKES,
    "wants_another": Reply.WANTS_ANOTHER,
    "tries_again": Reply.TRIES_AGAIN,
    "insists": Reply.INSISTS,
    "gives_up": Reply.GIVES_UP,
    "shouts": Reply.SHOUTS,
    "agrees": Reply.AGREES,
    "thanks": Reply.THANKS,
}


def _is_calm(row: Interaction) -> bool:
    analysis = analysis_of(row)
    return not analysis.replies & _COMPLAINS and analysis.feeling > NEGATIVE


def _likest(own: frozenset[str], others: Iterable[frozenset[str]]) -> float:
    """The greatest share of words that these have in common with one of the others (Jaccard), 0 to 1."""
    shares = (len(own & other) / len(own | other) for other in others if len(other) >= _FEWEST_WORDS)
    return max(shares, default=0.0) if len(own) >= _FEWEST_WORDS else 0.0


def _passes_over(asked: Analysis, answer: Analysis) -> bool:
    about = asked.subjects
    return "?" in asked.text and len(about) > 1 and not about & answer.subjects
