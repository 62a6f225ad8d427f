"""Why a brief without a model says what it says."""

from datetime import datetime

from app.models.base import Actor, Confidence, Record


class SentenceExplained(Record):
    """A sentence with what the classifiers make of it and the fields of the brief that quote it.

    `act` is the likeliest act; the others are probabilities: beside the other sentences of its conversation, that it
    tells why the customer came (`key`) and what they still want (`wanted`); by itself, that it tells a wish, that it
    asks for a person, and, of our side, that it promises something or says what was done.
    """

    at: datetime
    actor: Actor
    text: str
    act: str
    act_confidence: Confidence
    key: Confidence
    wanted: Confidence
    wish: Confidence
    person: Confidence
    promise: Confidence
    done: Confidence
    quoted_in: tuple[str, ...] = ()


class WishExplained(Record):
    """A wish, how it stands, and the sentence that closed it."""

    text: str
    state: str
    closed_by: str | None = None


class Explanation(Record):
    """The sentences of a case in the order they were said, and its wishes."""

    sentences: tuple[SentenceExplained, ...]
    wishes: tuple[WishExplained, ...]
