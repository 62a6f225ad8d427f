"""How much each action of a catalogue is called for at one moment, once it is known which are out of reach."""

from collections.abc import Mapping, Sequence

from app.actions.case import ActionDemand, DecisionCase
from app.actions.catalogue import CatalogueAction
from app.actions.policy import Closure

# Where a rule itself says what is right instead, whatever else might stand in is called for by so much of its share.
NOT_THE_RIGHT_ONE = 0.6
# What has to wait counts for a little less than what it waits for, which must be called for by half as much at least.
WAITING = 0.95
WORTH_WAITING_FOR = 0.5


def calls_of(
    case: DecisionCase,
    actions: Sequence[CatalogueAction],
    out_of_reach: Mapping[str, Closure | None],
    held_back: set[str],
) -> dict[str, ActionDemand]:
    """How much each action is called for, by its id.

    `out_of_reach` holds what policy denies, with the rule that does, and what was tried in vain, with None. Nothing
    waits for an action that is `held_back`.
    """
    within_reach = [action for action in actions if action.id not in held_back]
    wished = {action.id: case.wished(action) for action in actions if action.id in out_of_reach}
    # By the action that is closed: several rules may name the same action as the right one instead.
    stand_ins = {name: closure.instead for name, closure in out_of_reach.items() if closure and closure.instead}
    closed = {name: share * (NOT_THE_RIGHT_ONE if name in stand_ins else 1) for name, share in wished.items()}
    calls = {action.id: case.called_for(action, closed) for action in actions}
    for name, stand_in in stand_ins.items():
        if stand_in in calls and wished.get(name, 0.0) > calls[stand_in].strength:
            calls[stand_in] = ActionDemand(wished[name], "closed", name)
    return _in_turn(calls, within_reach)


def _in_turn(calls: dict[str, ActionDemand], open_actions: Sequence[CatalogueAction]) -> dict[str, ActionDemand]:
    """Where an action waits for another that is wished for too, that one is called for as much and comes first."""
    within_reach = {open_action.id for open_action in open_actions}
    turned = dict(calls)
    for action in open_actions:
        own = calls[action.id]
        firsts = [name for name in action.after if name in within_reach and _comes_first(calls[name], own)]
        for name in firsts:
            strength = max(turned[name].strength, own.strength)
            turned[name] = turned[name]._replace(strength=strength)
        if firsts:
            turned[action.id] = own._replace(strength=own.strength * WAITING ** len(firsts))
    return turned


def _comes_first(first: ActionDemand, then: ActionDemand) -> bool:
    return first.by == then.by == "wish" and first.strength >= WORTH_WAITING_FOR * then.strength
