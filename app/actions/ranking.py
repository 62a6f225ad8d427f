"""What a ranker is given and gives back, and how a model's ranking of the open actions becomes a decision."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from app.actions.catalogue import Catalogue, CatalogueAction
from app.errors import ModelFailure, ModelTimeout
from app.models import Brief, Candidate, Decision, OfferedAction, Snapshot, SuppressedAction
from app.nlu.tool_facts import Facts

_log = logging.getLogger(__name__)

MARGIN_S = 0.1
"""Kept back of the deadline for filing the decision and sending it."""
LEAST_S = 0.05
"""With less than this left, no model is asked."""


class OpenAction(NamedTuple):
    """An action that policy left open, as the rules would offer it.

    `missing` names its required parameters that are not known, `sources` the interactions that the known ones are of.
    Where it `asks`, the offer's script is the question for what is missing.
    """

    action: CatalogueAction
    offer: OfferedAction
    missing: tuple[str, ...]
    sources: tuple[str, ...]
    asks: bool = False


class OpenCase(NamedTuple):
    """A case with every action that is open in it, the best first by the rules.

    With `keeps_order` the actions may be worded anew but must stay in their order.
    """

    snapshot: Snapshot
    catalogue: Catalogue
    audience: Literal["bot", "agent"]
    limit: int
    actions: Sequence[OpenAction]
    suppressed: Sequence[SuppressedAction]
    facts: Facts
    context: Mapping[str, Any]
    brief: Brief | None
    keeps_order: bool


class Ranker(Protocol):
    """Orders and words open actions."""

    async def rank(self, case: OpenCase, *, timeout_s: float) -> Sequence[OfferedAction]:
        """At most `limit` of the open actions, the best first. Raises ModelFailure where there is no usable answer."""
        ...

    async def warm_up(self) -> None:
        """Load what the first ranking needs, off the event loop."""
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...


async def ranked_by_model(ranker: Ranker, case: OpenCase, decision: Decision, *, timeout_s: float) -> Decision:
    """The decision in a model's order and words, or as the rules made it with a `failure_code`, within the time."""
    if not case.actions:
        return decision
    try:
        if timeout_s - MARGIN_S < LEAST_S:
            raise ModelTimeout("The deadline left no time for the model.")
        actions = await ranker.rank(case, timeout_s=timeout_s - MARGIN_S)
    except ModelFailure as failure:
        _log.warning("the rules' own decision is given: %s", failure.reported_code)
        return decision.model_copy(update={"failure_code": failure.reported_code})
    if case.keeps_order:
        # An order that was drawn by chance stays as it was drawn, so that the log can be learnt from.
        return decision.model_copy(update={"actions": tuple(actions), "engine": "model"})
    certain = tuple(offer.model_copy(update={"probability": 1.0}) for offer in actions)
    candidates = _candidates(case, decision.candidates, certain[0].action_id)
    return decision.model_copy(
        update={"actions": certain, "candidates": candidates, "engine": "model", "ranked_by": "model"}
    )


def _candidates(case: OpenCase, candidates: Sequence[Candidate], first: str) -> tuple[Candidate, ...]:
    """All open actions for the log: a model's order leaves nothing to chance."""
    by_id = {candidate.action_id: candidate for candidate in candidates}
    for item in case.actions:
        own = Candidate(action_id=item.action.id, probability=0.0, components=item.offer.components)
        by_id.setdefault(item.action.id, own)
    return tuple(
        candidate.model_copy(update={"probability": 1.0 if action_id == first else 0.0})
        for action_id, candidate in by_id.items()
    )
