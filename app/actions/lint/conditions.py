"""Policies: rules that can never hold, alone or together, that always hold, or that ask for what nothing gives."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import combinations
from typing import NamedTuple

from app.actions.catalogue import Catalogue
from app.actions.lint.formulas import always_holds, can_hold, choices_of
from app.actions.lint.remarks import LocatedAction, LocatedRule, Remark, listed, located, rules_of
from app.actions.lint.terms import (
    CallTerm,
    ListTerm,
    PairTerm,
    PathTerm,
    Term,
    UnreadTerm,
    ValueTerm,
    bare,
    term_of,
    walked,
)
from app.models import SignalType
from app.nlu.steps import step_name

_FIELDS = {
    "customer": frozenset({"id", "verification_status", "identifiers"}),
    "conversation": frozenset({"id", "channel", "messages", "mood", "settled", "steps", "intents"}),
}
_NEARLY = 0.85
_SHORTEST_NAME = 5


class _ReadRule(NamedTuple):
    located: LocatedRule
    term: Term


class _FactUse(NamedTuple):
    """How often each fact is named by policies, and which of them parameters are filled from."""

    in_rules: Mapping[str, int]
    in_parameters: frozenset[str]


def remarks_on_policies(catalogue: Catalogue) -> Iterator[Remark]:
    """All there is to say about the policies of a catalogue."""
    steps = {step_name(name) for action in catalogue.actions for name in (action.id, *action.aliases)}
    use = _fact_use(catalogue)
    for entry in located(catalogue):
        rules = _read(entry)
        yield from _never_opens(entry, rules)
        for rule in rules:
            if always_holds(rule.term):
                yield Remark(
                    "warning",
                    "always_holds",
                    rule.located.path,
                    f"this rule holds whatever is known, so it never closes anything: {rule.located.rule.expression}",
                    "Take it out, or set its limits right.",
                )
            if rule.located.rule.otherwise is None:
                what = "nothing says in words why this rule closes the action; people read the expression instead"
                mend = "Write it as `expression: …` with `otherwise: …`, one sentence that an agent may read."
                yield Remark("hint", "no_reason", rule.located.path, what, mend)
            yield from _on_names(catalogue, rule, steps)
            yield from _on_facts(rule, use)


def _read(entry: LocatedAction) -> list[_ReadRule]:
    rules: list[_ReadRule] = []
    for rule in rules_of(entry):
        try:
            rules.append(_ReadRule(rule, term_of(rule.rule.expression)))
        except UnreadTerm:
            continue
    return rules


def _never_opens(entry: LocatedAction, rules: Sequence[_ReadRule]) -> Iterator[Remark]:
    """The rule that cannot hold, else the two that cannot hold together, else all of them."""
    for rule in rules:
        if not can_hold([rule.term]):
            what = f"this rule can never hold, so the action never opens: {rule.located.rule.expression}"
            yield Remark("error", "never_opens", rule.located.path, what, _why_never(rule.term))
            return
    for first, second in combinations(rules, 2):
        if not can_hold([first.term, second.term]):
            what = (
                f"this rule and “{first.located.rule.expression}” can never hold at once, so the action never opens: "
                f"{second.located.rule.expression}"
            )
            mend = "All rules of a policy must hold together. Change one of the two, or join them by ||."
            yield Remark("error", "never_opens", second.located.path, what, mend)
            return
    if rules and not can_hold([rule.term for rule in rules]):
        what = "the rules of this policy can never all hold at once, so the action never opens"
        mend = "All rules of all three lists must hold together. Take out the one that is not meant so."
        yield Remark("error", "never_opens", (*entry.path, "policy"), what, mend)


def _why_never(term: Term) -> str:
    for part in walked(term):
        if isinstance(part, PathTerm) and (choices := choices_of(".".join(part.names))):
            return f"{'.'.join(part.names)} is one of {listed([choice for choice in choices if choice], 12)}."
    return "Look at its limits: what must be larger than one number and smaller than another."


def _on_names(catalogue: Catalogue, rule: _ReadRule, steps: set[str]) -> Iterator[Remark]:
    paths = sorted({part.names for part in walked(rule.term) if isinstance(part, PathTerm)})
    for names in map(list[str], paths):
        allowed = _FIELDS.get(names[0])
        if allowed is not None and len(names) > 1 and names[1] not in allowed:
            what = f"{'.'.join(names[:2])} is never known, so this rule never holds"
            yield Remark("error", "unknown_field", rule.located.path, what, f"Use one of {listed(sorted(allowed), 9)}.")
        elif len(names) > 2 and names[:2] == ["conversation", "steps"]:
            yield from _on_step(rule, names[2], steps)
        elif len(names) > 2 and names[:2] == ["conversation", "intents"]:
            intents = {intent.name for intent in catalogue.intents}
            if names[2] not in intents:
                what = f"there is no intent {names[2]!r}, so this rule never holds"
                yield Remark("error", "unknown_field", rule.located.path, what, _nearest(names[2], intents))
        elif names[0] == "signals" and len(names) > 1 and names[1] not in set(SignalType):
            what = f"there is no signal {names[1]!r}, so this rule never holds"
            yield Remark("error", "unknown_field", rule.located.path, what, _nearest(names[1], set(SignalType)))


def _on_step(rule: _ReadRule, name: str, steps: set[str]) -> Iterator[Remark]:
    if name != step_name(name):
        what = f"steps are known in lower case with underscores, so conversation.steps.{name} is never known"
        yield Remark("error", "unknown_step", rule.located.path, what, f"Write conversation.steps.{step_name(name)}.")
    elif name not in steps:
        what = f"no action of this catalogue is called {name!r}, nor has it as an alias"
        mend = f"{_nearest(name, steps)} Leave it if a tool of yours has this name."
        yield Remark("warning", "unknown_step", rule.located.path, what, mend)


def _fact_use(catalogue: Catalogue) -> _FactUse:
    rules = [rule for entry in located(catalogue) for rule in _read(entry)]
    counts = Counter(name for rule in rules for name in _facts(rule.term))
    sources = (
        source for action in catalogue.actions for parameter in action.parameters for source in parameter.sources
    )
    filled = (source.split(".")[1] for source in sources if source.startswith("fact."))
    return _FactUse(counts, frozenset(filled))


def _facts(term: Term) -> set[str]:
    """The facts that an expression names, by their first field, or by that of a record."""
    paths = [part.names for part in walked(term) if isinstance(part, PathTerm)]
    named = {names[1] for names in paths if names[0] == "facts" and len(names) > 1}
    return named | {names[2] for names in paths if names[0] == "records" and len(names) > 2}


def _asked_beforehand(term: Term) -> set[str]:
    """The facts of which an expression asks by `has` whether they are known."""
    asked = (part for part in walked(term) if isinstance(part, CallTerm) and part.name == "has")
    return {name for call in asked for argument in call.arguments for name in _facts(argument)}


def _on_facts(rule: _ReadRule, use: _FactUse) -> Iterator[Remark]:
    names = _facts(rule.term)
    beforehand = _asked_beforehand(rule.term)
    everywhere = {*use.in_rules, *use.in_parameters}
    for name in sorted(names):
        if use.in_rules[name] > 1 or name in use.in_parameters:
            continue
        like = _misspelt(name, everywhere - names)
        if like is not None:
            what = f"the fact {name!r} stands nowhere else in this catalogue, but {like!r} does"
            yield Remark("warning", "unknown_fact", rule.located.path, what, f"Did you mean facts.{like}?")
        elif name not in beforehand:
            what = f"nothing else here speaks of the fact {name!r}; until a tool gives it, the action stays closed"
            mend = f"Make sure a tool returns {name!r}, or write !has(facts.{name}) || … to leave the action open."
            yield Remark("hint", "unknown_fact", rule.located.path, what, mend)
    yield from _on_types(rule)


def _misspelt(name: str, others: set[str]) -> str | None:
    if len(name) < _SHORTEST_NAME:
        return None
    like = [other for other in sorted(others) if SequenceMatcher(None, name, other).ratio() >= _NEARLY]
    return like[0] if like else None


def _on_types(rule: _ReadRule) -> Iterator[Remark]:
    """Comparisons of order with what has none: a number that is written as text is compared letter by letter."""
    for part in walked(rule.term):
        if not isinstance(part, PairTerm) or part.operator not in ("<", "<=", ">", ">=", "in"):
            continue
        if part.operator == "in" and isinstance(right := bare(part.right), ListTerm) and not right.items:
            what = "nothing is in an empty list, so this never holds"
            yield Remark("error", "never_opens", rule.located.path, what, "Write the values between the brackets.")
        sides = [side.value for side in (bare(part.left), bare(part.right)) if isinstance(side, ValueTerm)]
        if part.operator != "in" and any(isinstance(value, bool) or _is_number(value) for value in sides):
            what = f"numbers are compared as text or as yes and no: {rule.located.rule.expression}"
            yield Remark("warning", "type_mismatch", rule.located.path, what, "Write the number without quotes.")


def _is_number(value: object) -> bool:
    return isinstance(value, str) and value.replace(".", "", 1).isdigit()


def _nearest(name: str, names: set[str]) -> str:
    scored = max(names, key=lambda other: SequenceMatcher(None, name, other).ratio(), default=None)
    return f"The nearest is {scored!r}." if scored else "There are none."
