"""Whether each action can ever come up, and whether one of them always wins: by fits, levels and weights."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from app.actions.catalogue import ANY_INTENT, Catalogue, CatalogueAction
from app.actions.lint.remarks import LocatedAction, Remark, located, rules_of
from app.models import InterventionLevel, Ladder
from app.nlu.steps import step_name

# As in decisions: what is called for less is not offered, and so many are asked for as a rule and at most.
LEAST_CALLED_FOR = 0.02
USUAL_LIMIT, MOST_OFFERED = 3, 5
# A weight so many times the usual one decides by itself, whatever the customer wants.
FAR_HEAVIER = 5.0
# Friction comes near to one, but hardly ever so near.
HIGHEST_FRICTION = 0.97
NARROWEST_LEVEL = 0.02
_FEWEST_TO_COMPARE = 3


class _Calling(NamedTuple):
    """A situation in which actions are called for, by an intent or a level, and how high each of them would score."""

    name: str
    scores: Mapping[str, float]


def remarks_on_reach(catalogue: Catalogue) -> Iterator[Remark]:
    """All there is to say about what can come up at all."""
    callable_ids = _callable(catalogue)
    for entry in located(catalogue):
        yield from _never_called(entry, callable_ids)
        yield from _stand_ins(catalogue, entry)
        yield from _alike_names(catalogue, entry)
    yield from _on_intents(catalogue)
    yield from _on_levels(catalogue)
    yield from _on_weights(catalogue)


def _callable(catalogue: Catalogue) -> set[str]:
    """The ids of actions that something calls for: a wish, a level, or an action that they stand in for."""
    reached = {
        action.id
        for action in catalogue.actions
        if action.examples
        or any(fit >= LEAST_CALLED_FOR for fit in (*action.intents.values(), *action.levels.values()))
    }
    more = True
    while more:
        more = False
        for entry in located(catalogue):
            own = entry.action
            named = {rule.rule.instead for rule in rules_of(entry) if rule.rule.instead}
            if own.id in reached and not named <= reached:
                reached |= named
                more = True
            fits = (name for name, fit in own.instead_of.items() if fit >= LEAST_CALLED_FOR)
            if own.id not in reached and any(name in reached for name in fits):
                reached.add(own.id)
                more = True
    return reached


def _never_called(entry: LocatedAction, callable_ids: set[str]) -> Iterator[Remark]:
    action, path = entry
    if not action.audience:
        what = "the action is for nobody: neither bot nor agent ever sees it"
        yield Remark("error", "no_audience", (*path, "audience"), what, "Write [bot], [agent] or leave the field out.")
    if action.id not in callable_ids:
        circle = bool(action.instead_of)
        what = (
            "the action only stands in for actions that are never called for themselves"
            if circle
            else "nothing calls for this action: it has no intent, no level and no example, and stands in for none"
        )
        mend = "Give it intents, levels, examples or instead_of; `after` alone does not call for it."
        yield Remark("error", "never_called", (*path, "instead_of") if circle else path, what, mend)
    for field in ("propensity", "value", "lever"):
        if getattr(action, field) == 0:
            what = f"with a {field} of 0 its score is always 0, so it comes last wherever there is another"
            yield Remark(
                "error", "score_is_zero", (*path, field), what, "Take the action out, or give it a small number."
            )
    for name, fit in (*action.intents.items(), *action.levels.items(), *action.instead_of.items()):
        if 0 <= fit < LEAST_CALLED_FOR:
            field = "intents" if name in action.intents else "levels" if name in action.levels else "instead_of"
            what = f"a fit of {fit:g} to {name} is below what is ever offered ({LEAST_CALLED_FOR:g})"
            yield Remark("warning", "fit_too_small", (*path, field, str(name)), what, "Raise it, or take it out.")


def _stand_ins(catalogue: Catalogue, entry: LocatedAction) -> Iterator[Remark]:
    action, path = entry
    for rule in rules_of(entry):
        stand_in = catalogue.action(rule.rule.instead) if rule.rule.instead else None
        if stand_in is None:
            continue
        if stand_in.id == action.id:
            what = "the rule that closes the action names the action itself as what is right instead"
            yield Remark("error", "stands_in_for_itself", (*rule.path, "instead"), what, "Name another action.")
        elif set(action.audience).isdisjoint(stand_in.audience):
            what = f"{stand_in.id!r} is right instead, but whoever sees this action never sees that"
            yield Remark("warning", "other_audience", (*rule.path, "instead"), what, "Name one for the same audience.")
    for name in action.instead_of:
        other = catalogue.action(name)
        if name in action.after:
            what = f"it stands in for {name!r} and also waits for it, so it never comes up where it is needed"
            yield Remark("warning", "waits_for_what_it_replaces", (*path, "after"), what, "Take one of the two out.")
        if name == action.id:
            what = "the action stands in for itself"
            yield Remark("error", "stands_in_for_itself", (*path, "instead_of", name), what, "Take it out.")
        elif other is not None and action.audience and set(action.audience).isdisjoint(other.audience):
            what = f"it stands in for {name!r}, but whoever sees that action never sees this"
            yield Remark("warning", "other_audience", (*path, "instead_of", name), what, "Give both the same audience.")
        elif other is not None and action.id in other.instead_of and action.id < other.id:
            what = f"this and {name!r} stand in for each other, so where both are closed neither helps"
            yield Remark("hint", "mutual_stand_ins", (*path, "instead_of", name), what, "Let a third one stand in too.")


def _alike_names(catalogue: Catalogue, entry: LocatedAction) -> Iterator[Remark]:
    """A name that stands for two actions: a step of this name then counts as both."""
    action, path = entry
    own = {step_name(name) for name in (action.id, *action.aliases)}
    for other in catalogue.actions:
        if other is action or other.id == action.id:
            continue
        names = {step_name(other.id): "id", **{step_name(alias): "alias" for alias in other.aliases}}
        for alias in action.aliases:
            if names.get(step_name(alias)) == "id" or (step_name(alias) in names and action.id < other.id):
                what = f"{alias!r} also names the action {other.id!r}, so a step of this name counts as both"
                mend = "Leave the name to the action that the step really is."
                yield Remark("error", "name_used_twice", (*path, "aliases", alias), what, mend)
        if step_name(other.id) in own and step_name(action.id) == step_name(other.id) and action.id < other.id:
            what = f"as steps, {action.id!r} and {other.id!r} have the same name"
            yield Remark("error", "name_used_twice", (*path, "id"), what, "Give one of them another id.")


def _on_intents(catalogue: Catalogue) -> Iterator[Remark]:
    for index, intent in enumerate(catalogue.intents):
        if intent.name == ANY_INTENT:
            what = f"{ANY_INTENT!r} stands for all intents, so none can be called so"
            yield Remark("error", "reserved_name", ("intents", index, "name"), what, "Give it another name.")
            continue
        fits = [action.intents[intent.name] for action in catalogue.actions if intent.name in action.intents]
        if not any(fit >= LEAST_CALLED_FOR for fit in fits):
            what = f"no action serves the intent {intent.name!r}"
            mend = "Name it under `intents` of the action that helps, or take the intent out."
            yield Remark("warning", "unserved_intent", ("intents", index), what, mend)


def _on_levels(catalogue: Catalogue) -> Iterator[Remark]:
    ladder = catalogue.friction_ladder or Ladder()
    thresholds = {InterventionLevel.WAIT: 0.0}
    thresholds |= {InterventionLevel(name): least for name, least in ladder.model_dump().items()}
    ends = [*(least for _, least in list(thresholds.items())[1:]), 1.0]
    unreachable = {
        level
        for (level, least), end in zip(thresholds.items(), ends, strict=True)
        if end - least < NARROWEST_LEVEL or least > HIGHEST_FRICTION
    }
    for level in sorted(unreachable):
        what = f"the level {level.value!r} is hardly ever reached: friction comes near 1, and not much nearer"
        mend = "Lower its threshold, and leave room between two levels."
        yield Remark("warning", "unreachable_level", ("friction_ladder", level.value), what, mend)
    for action, path in located(catalogue):
        if action.levels and set(action.levels) <= unreachable and not (action.intents or action.instead_of):
            what = "the action only fits levels that are hardly ever reached"
            yield Remark("error", "never_called", (*path, "levels"), what, "Add a level, or an intent.")
    yield from _empty_levels(catalogue)


def _empty_levels(catalogue: Catalogue) -> Iterator[Remark]:
    for level in (InterventionLevel.ROUTE, InterventionLevel.ESCALATE):
        if not any(action.levels.get(level, 0.0) for action in catalogue.actions if "bot" in action.audience):
            what = f"no action for a bot fits the level {level.value!r}, at which a customer is about to give up"
            mend = f"Give the action that brings in a person `levels: {{{level.value}: 1.0}}`."
            yield Remark("hint", "empty_level", ("actions",), what, mend)


def _on_weights(catalogue: Catalogue) -> Iterator[Remark]:
    weights = sorted(_weight(action) for action in catalogue.actions)
    usual = weights[len(weights) // 2]
    for action, path in located(catalogue):
        field = "value" if action.value >= action.lever else "lever"
        if usual > 0 and _weight(action) >= FAR_HEAVIER * usual:
            times = _weight(action) / usual
            what = (
                f"propensity × value × lever is {times:.0f} times the usual one here, so it wins where it hardly fits"
            )
            mend = f"Bring {field} down to about 1; 0.5 to 2 is enough to prefer one action."
            yield Remark("warning", "always_first", (*path, field), what, mend)
    for audience in ("bot", "agent"):
        yield from _first_everywhere(catalogue, audience)
    yield from _never_among(catalogue)


def _weight(action: CatalogueAction) -> float:
    return action.propensity * action.value * action.lever


def _callings(catalogue: Catalogue, audience: str) -> list[_Calling]:
    """Each intent, and each level, with the score of every action that it calls for."""
    actions = [action for action in catalogue.actions if audience in action.audience]
    fits_by_name = {
        intent.name: {action.id: action.intents.get(intent.name, 0.0) for action in actions}
        for intent in catalogue.intents
    }
    for level in InterventionLevel:
        fits_by_name[level.value] = {action.id: action.levels.get(level, 0.0) for action in actions}
    return [_Calling(name, _scores(actions, fits)) for name, fits in fits_by_name.items()]


def _scores(actions: Sequence[CatalogueAction], fits: Mapping[str, float]) -> Mapping[str, float]:
    called = {action.id: max(fits[action.id], action.intents.get(ANY_INTENT, 0.0)) for action in actions}
    return {
        action.id: _weight(action) * called[action.id] for action in actions if called[action.id] >= LEAST_CALLED_FOR
    }


def _first_everywhere(catalogue: Catalogue, audience: str) -> Iterator[Remark]:
    of_intents = _callings(catalogue, audience)[: len(catalogue.intents)]
    if len(of_intents) < _FEWEST_TO_COMPARE:
        return
    firsts = {max(calling.scores, key=lambda name: calling.scores[name], default="") for calling in of_intents}
    alone = all(len(calling.scores) == 1 for calling in of_intents)
    if len(firsts) != 1 or alone or "" in firsts:
        return
    for action, path in located(catalogue):
        if action.id in firsts:
            what = f"for every intent this action comes first with the {audience}"
            mend = "Lower its value, lever or fit to `any`."
            yield Remark("warning", "always_first", path, what, mend)


def _never_among(catalogue: Catalogue) -> Iterator[Remark]:
    named = {rule.rule.instead for entry in located(catalogue) for rule in rules_of(entry)}
    always_open = {
        action.id
        for action, path in located(catalogue)
        if not rules_of(LocatedAction(action, path)) and action.contact_policy is None
    }
    callings = {audience: _callings(catalogue, audience) for audience in ("bot", "agent")}
    for action, path in located(catalogue):
        # What stands in for others comes up by them, and what follows its own examples by these.
        if action.instead_of or action.examples or action.id in named:
            continue
        ahead = [
            sum(score > calling.scores[action.id] for name, score in calling.scores.items() if name in always_open)
            for audience in action.audience
            for calling in callings[audience]
            if action.id in calling.scores
        ]
        if ahead and min(ahead) >= USUAL_LIMIT:
            what = f"wherever this action fits, at least {min(ahead)} others that are always open score higher"
            mend = "Raise its fit or value, or lower that of the others, or take it out."
            severity = "warning" if min(ahead) >= MOST_OFFERED else "hint"
            yield Remark(severity, "never_among_three", path, what, mend)
