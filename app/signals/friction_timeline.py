"""The course of friction over a conversation: how it stood at every message of the customer, as it was known then."""

from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from app.models import Actor, FrictionMoment, Kind, Ladder, Snapshot
from app.signals.detection import detect
from app.signals.dissatisfaction import strain_at
from app.signals.friction import intervene

# Judging a moment reads all before it, so a very long conversation is told from its newest messages alone.
MOST_MOMENTS = 200


def course(
    snapshot: Snapshot, ladder: Ladder, vectors: Mapping[str, NDArray[np.float32]] | None = None
) -> Iterator[FrictionMoment]:
    """The newest moments of a conversation, oldest first, each judged by what had come up to then and nothing after.

    `vectors` are those of messages, by interaction_id.
    """
    rows = snapshot.conversation
    places = [index for index, row in enumerate(rows) if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE]
    for index in islice(places, max(0, len(places) - MOST_MOMENTS), None):
        row = rows[index]
        prior = tuple(interaction for interaction in snapshot.prior if interaction.occurred_at <= row.occurred_at)
        then = snapshot.model_copy(
            update={"conversation": rows[: index + 1], "prior": prior, "now": row.occurred_at, "history": ()}
        )
        read = strain_at(then)
        intervention = intervene(detect(then, vectors=vectors), row.occurred_at, read, ladder=ladder)
        yield FrictionMoment(
            interaction_id=row.interaction_id,
            at=row.occurred_at,
            intervention=intervention,
            strain=round(read.probability, 4),
            traits={name: round(value, 4) for name, value in read.traits.items()},
        )
