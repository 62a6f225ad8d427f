"""Tells whether policy expressions can hold together at all, whatever is known at the moment.

An expression is brought into alternatives, each a set of conditions that hold at once (disjunctive normal form), and
each alternative is looked at value by value. Only what is certain is called impossible: a condition that is not
understood may always hold. What compares a fact that is not known holds never, so a comparison asks for the fact too.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.actions.lint.terms import CallTerm, ListTerm, NotTerm, PairTerm, PathTerm, Term, ValueTerm, bare, written
from app.models import Channel, Outcome, SentimentLabel, VerificationStatus

# Beyond so many alternatives nothing is claimed.
MOST_ALTERNATIVES = 3000
_NEGATIONS = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in", "not in": "in"}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_DURATION = re.compile(r"(-?\d{1,18}(?:\.\d{1,18})?)(ms|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}

Alternatives = Sequence[frozenset["Condition"]]


class Condition(NamedTuple):
    """One condition: what it is about, how it is compared and with which values. `holds` is for what is not compared.

    The operator is `has` for whether something is known, and `is` for what is not understood any further.
    """

    subject: str
    operator: str
    values: tuple[Any, ...] = ()
    holds: bool = True


class Unlimited(ValueError):
    """There are too many alternatives to look at."""


def can_hold(terms: Iterable[Term]) -> bool:
    """Whether all of these may hold at once. True too where it cannot be told."""
    try:
        alternatives: Alternatives = [frozenset()]
        for term in terms:
            alternatives = _both(alternatives, _alternatives(term, wanted=True))
    except Unlimited:
        return True
    return bool(alternatives)


def always_holds(term: Term) -> bool:
    """Whether an expression holds whatever is known, so that it never closes anything."""
    try:
        return not _alternatives(term, wanted=False)
    except Unlimited:
        return False


def _alternatives(term: Term, *, wanted: bool) -> Alternatives:
    if isinstance(term, NotTerm):
        return _alternatives(term.inner, wanted=not wanted)
    if isinstance(term, ValueTerm) and isinstance(term.value, bool):
        return [frozenset()] if term.value is wanted else []
    if isinstance(term, PairTerm) and term.operator in ("&&", "||"):
        sides = (_alternatives(term.left, wanted=wanted), _alternatives(term.right, wanted=wanted))
        if (term.operator == "&&") is wanted:
            return _both(*sides)
        return _limited([*sides[0], *sides[1]])
    condition = _condition(term, wanted=wanted)
    return [frozenset({condition})] if _agree({condition}) else []


def _both(first: Alternatives, second: Alternatives) -> Alternatives:
    _limited(range(len(first) * len(second)))
    joined = {left | right for left in first for right in second}
    return [conditions for conditions in joined if _agree(conditions)]


def _limited(alternatives: Sequence[Any]) -> Any:
    if len(alternatives) > MOST_ALTERNATIVES:
        raise Unlimited
    return alternatives


def _condition(term: Term, *, wanted: bool) -> Condition:
    if isinstance(term, CallTerm) and term.name == "has" and term.target is None and len(term.arguments) == 1:
        return Condition(written(term.arguments[0]), "has", holds=wanted)
    if isinstance(term, PathTerm):
        return Condition(written(term), "==", (wanted,))
    if isinstance(term, PairTerm):
        compared = _comparison(term)
        if compared is not None:
            operator = compared.operator if wanted else _NEGATIONS[compared.operator]
            return compared._replace(operator=operator)
    return Condition(written(term), "is", holds=wanted)


def _comparison(term: PairTerm) -> Condition | None:
    left, right = bare(term.left), bare(term.right)
    if term.operator == "in" and isinstance(right, ListTerm):
        values = [value for item in right.items if (value := _value(item)) is not None]
        return Condition(written(left), "in", tuple(values)) if len(values) == len(right.items) else None
    if term.operator not in _TURNED:
        return None
    value = _value(right)
    if value is not None:
        return Condition(written(left), term.operator, (value,))
    value = _value(left)
    return Condition(written(right), _TURNED[term.operator], (value,)) if value is not None else None


def _value(term: Term) -> Any:
    term = bare(term)
    if isinstance(term, ValueTerm):
        return term.value
    if isinstance(term, CallTerm) and term.name == "duration" and len(term.arguments) == 1:
        length = _value(term.arguments[0])
        pieces = _DURATION.findall(length) if isinstance(length, str) else []
        return sum(float(number) * _SECONDS[unit] for number, unit in pieces) if pieces else None
    return None


def _agree(conditions: Iterable[Condition]) -> bool:
    by_subject: defaultdict[str, list[Condition]] = defaultdict(list)
    for condition in conditions:
        by_subject[condition.subject].append(condition)
    return all(map(_may_be, by_subject, by_subject.values())) and not _asks_for_unknown(by_subject)


def _asks_for_unknown(by_subject: Mapping[str, Sequence[Condition]]) -> bool:
    """Whether something is compared, or a field of it asked for, that is said not to be known."""
    unknown = [
        name for name, own in by_subject.items() if any(not part.holds and part.operator == "has" for part in own)
    ]
    return any(
        condition.operator not in ("has", "is") or (condition.operator == "has" and condition.holds)
        for name in unknown
        for subject, own in by_subject.items()
        if subject == name or subject.startswith(f"{name}.")
        for condition in own
    )


def _may_be(subject: str, conditions: Sequence[Condition]) -> bool:
    yes_or_no = {condition.holds for condition in conditions if condition.operator in ("has", "is")}
    if len(yes_or_no) > 1:
        return False
    compared = [condition for condition in conditions if condition.operator not in ("has", "is")]
    if not compared:
        return True
    few = _possible_values(subject, compared)
    if few is not None:
        return any(all(_holds(condition, value) for condition in compared) for value in few)
    return _is_between(subject, compared)


def _possible_values(subject: str, conditions: Sequence[Condition]) -> Sequence[Any] | None:
    """The values that something may have at all, where they are few: by what it is, or by what it is compared with."""
    named = [condition.values for condition in conditions if condition.operator in ("==", "in")]
    return min(named, key=len) if named else choices_of(subject)


def choices_of(subject: str) -> Sequence[str] | None:
    """The values that a variable of a policy can have, where there are only so many."""
    if subject == "customer.verification_status":
        return [status.value for status in VerificationStatus]
    if subject == "conversation.channel":
        return ["", *(channel.value for channel in Channel)]
    if subject == "conversation.mood":
        return [label.value for label in SentimentLabel]
    if subject.startswith("conversation.steps."):
        return [outcome.value for outcome in Outcome]
    return None


def _range_of(subject: str) -> tuple[float, float] | None:
    if subject.startswith(("conversation.intents.", "signals.")):
        return 0.0, 1.0
    return (0.0, float("inf")) if subject == "conversation.messages" else None


def _holds(condition: Condition, value: Any) -> bool:
    alike = any(_is_same(value, other) for other in condition.values)
    if condition.operator in ("==", "in"):
        # A value of a few that there are, or within the range.
        return alike and _is_possible(condition.subject, value)
    if condition.operator in ("!=", "not in"):
        return not alike
    (limit,) = condition.values
    if not _is_comparable(value, limit):
        return False
    ordered: Callable[[Any, Any], bool] = _ORDERS[condition.operator]
    return ordered(value, limit)


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}


def _is_possible(subject: str, value: Any) -> bool:
    choices, limits = choices_of(subject), _range_of(subject)
    if choices is not None:
        return value in choices
    return limits is None or (isinstance(value, int | float) and limits[0] <= value <= limits[1])


def _is_same(value: Any, other: Any) -> bool:
    return isinstance(value, bool) == isinstance(other, bool) and value == other


def _is_comparable(value: Any, limit: Any) -> bool:
    numbers = all(isinstance(part, int | float) and not isinstance(part, bool) for part in (value, limit))
    return numbers or (isinstance(value, str) and isinstance(limit, str))


def _is_between(subject: str, conditions: Sequence[Condition]) -> bool:
    """Whether a number lies within all the limits; texts that are compared are left alone."""
    low, high = _range_of(subject) or (float("-inf"), float("inf"))
    open_low = open_high = False
    for condition in conditions:
        limit = condition.values[0] if condition.values else None
        if condition.operator in ("!=", "not in") or isinstance(limit, bool) or not isinstance(limit, int | float):
            continue
        strict = condition.operator in ("<", ">")
        if condition.operator in ("<", "<="):
            open_high = strict if limit < high else open_high or (strict and limit == high)
            high = min(high, limit)
        else:
            open_low = strict if limit > low else open_low or (strict and limit == low)
            low = max(low, limit)
    return low < high or (low == high and not (open_low or open_high))
