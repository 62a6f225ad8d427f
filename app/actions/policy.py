"""Engagement policy: CEL expressions over what is known, each compiled once.

An expression sees `customer`, `conversation`, `facts` (the fields of all current records, the newest winning),
`records` by kind (`records.order.status` is that of the order and of nothing else), `signals`, `context`, `now` and
`today` (the date of `now`, as text), and may ask `said('sick|ill|storm*')`: whether the customer used one of these
words in this conversation. What it needs and nobody knows makes its action not applicable; `has(facts.x)` asks
beforehand.
"""

import logging
import re
from collections.abc import Collection, Mapping
from functools import lru_cache, partial
from time import perf_counter
from typing import Any, NamedTuple, cast

from app.actions.catalogue import EngagementPolicy, Rule
from app.actions.cost import MOST_STEPS_OVER_DATA, MOST_VALUES, Cost, Extents, TooCostly, cost, weight
from app.actions.phrases import uses_phrase
from app.models import SignalType, SuppressionReason

_log = logging.getLogger(__name__)

VARIABLES = frozenset({"customer", "conversation", "facts", "records", "signals", "context", "now", "today"})
# What all rules of one decision may take together: the engine cannot be interrupted, and holds the interpreter.
STEPS_OF_A_DECISION = 1_000_000
SECONDS_OF_A_DECISION = 0.25
_FUNCTIONS = frozenset(
    {"size", "startsWith", "endsWith", "contains", "matches", "int", "uint", "double", "string", "bytes", "timestamp"}
    | {"duration", "type", "dyn", "said"}
)
SHOWN = 80
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*([A-Za-z_]\w*)\s*,")
_FACT = re.compile(r"\bfacts\.(\w+)")
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_PARTS = (
    ("eligibility", SuppressionReason.INELIGIBLE),
    ("applicability", SuppressionReason.NOT_APPLICABLE),
    ("suitability", SuppressionReason.UNSUITABLE),
)


class Closure(NamedTuple):
    """Why policy closes an action, the names of the facts that the rule asks for, and what is right instead.

    `unknown` says that it could not be judged: not that it may not be taken, but that something is not known yet.
    `missing` names that, and `ask` is the catalogue's question for it.
    """

    reason: SuppressionReason
    detail: str
    facts: tuple[str, ...]
    unknown: bool = False
    instead: str | None = None
    missing: str | None = None
    ask: str | None = None


class PolicyJudge:
    """Holds policies against what is known at one moment."""

    def __init__(self, variables: Mapping[str, Any], words: str) -> None:
        self._variables = variables
        self._words = " ".join(words.casefold().split()).encode("utf-8", "replace")
        self._contexts: dict[frozenset[str], Any] = {}
        self._weights: dict[str, int] = {}
        self._steps = 0
        self.seconds = 0.0
        self._started = 0.0
        self._extents = Extents()

    def closure(self, policy: EngagementPolicy) -> Closure | None:
        """The first rule that closes the action, or None when it is open.

        What the customer can be asked for closes it only where no other rule does.
        """
        to_ask: Closure | None = None
        for part, reason in _PARTS:
            for rule in getattr(policy, part):
                closure = self._judged(rule, reason)
                if closure is not None and closure.ask is None:
                    return closure
                to_ask = to_ask or closure
        return to_ask

    def _judged(self, rule: Rule, reason: SuppressionReason) -> Closure | None:
        facts = tuple(dict.fromkeys(_FACT.findall(rule.expression)))
        self._started = perf_counter()
        try:
            holds = _program(rule.expression).execute(self._affordable(rule.expression))
        except TooCostly as failure:
            _log.warning("a policy expression is not judged, for %s: %s", failure, rule.expression)
            return Closure(reason, "Its rule is too costly to be judged by what is known.", facts, unknown=True)
        except LookupError as failure:
            missing = str(failure.args[0]) if failure.args else "a value"
            detail = f"It is not known yet: {missing}."
            return Closure(SuppressionReason.NOT_APPLICABLE, detail, facts, unknown=True, missing=missing, ask=rule.ask)
        except (TypeError, ValueError, RuntimeError, OverflowError) as failure:
            _log.warning("a policy expression cannot be judged: %s (%s)", rule.expression, failure)
            return Closure(
                SuppressionReason.NOT_APPLICABLE, "Its rule does not fit what is known.", facts, unknown=True
            )
        finally:
            self.seconds += perf_counter() - self._started
        if holds is True:
            return None
        if holds is not False:
            _log.warning("a policy expression gives neither true nor false: %s", rule.expression)
        detail = rule.otherwise or f"This does not hold: {rule.expression}"
        return Closure(reason, detail, facts, instead=rule.instead)

    def _affordable(self, expression: str) -> Any:
        """The engine's view of what an expression names. Raises TooCostly when judging by it may take too long."""
        self._check_time()
        priced = cost(expression)
        names = _names(expression)
        if any(self._weight(name) > MOST_VALUES for name in names):
            variables = self._narrowed(priced, names)
            context = self._made(variables)
        else:
            variables = {name: value for name, value in self._variables.items() if name in names}
            context = self._context(names, variables)
        steps = priced.steps(variables, self._extents)
        if steps > MOST_STEPS_OVER_DATA:
            raise TooCostly(f"it may take {steps:,} steps over what is known")
        self._steps += steps
        # Also the engine's copy of what is known takes time.
        self._check_time()
        return context

    def _check_time(self) -> None:
        seconds = self.seconds + perf_counter() - self._started
        if self._steps > STEPS_OF_A_DECISION or seconds > SECONDS_OF_A_DECISION:
            raise TooCostly("the rules before it took all that one decision may take")

    def _context(self, names: frozenset[str], variables: Mapping[str, Any]) -> Any:
        """The engine's copy of what an expression names: copying all that is known costs more than judging by it."""
        if names not in self._contexts:
            self._contexts[names] = self._made(variables)
        return self._contexts[names]

    def _made(self, variables: Mapping[str, Any]) -> Any:
        import cel  # compiled expressions and their engine are only needed once something is decided

        return cel.Context(variables=dict(variables), functions={"said": partial(uses_phrase, self._words)})

    def _narrowed(self, priced: Cost, names: frozenset[str]) -> dict[str, Any]:
        """Of what is too large to be copied whole, the fields that an expression asks for. Raises TooCostly."""
        variables: dict[str, Any] = {}
        for name in names & self._variables.keys():
            value = self._variables[name]
            wanted = {field for variable, field in priced.fields if variable == name}
            if self._weight(name) > MOST_VALUES and None not in wanted and isinstance(value, Mapping):
                fields = cast(Mapping[str, Any], value)
                value = {field: fields[field] for field in wanted if field is not None and field in fields}
            if weight(value) > MOST_VALUES:
                raise TooCostly(f"`{name}` holds more than {MOST_VALUES:,} values")
            variables[name] = value
        return variables

    def _weight(self, name: str) -> int:
        if name not in self._weights:
            self._weights[name] = weight(self._variables.get(name))
        return self._weights[name]


def problem_of_expression(expression: str, intents: Collection[str]) -> str | None:
    """What is wrong with an expression of a catalogue with these intents, in plain words, or None."""
    try:
        program = _program(expression)
    except ValueError as failure:
        return f"this is not a valid expression: {_first_line(str(failure))}"
    bound = set(_BOUND.findall(expression))
    bare = _QUOTED.sub("''", expression)
    unknown = sorted(set(program.variables()) - VARIABLES - bound)
    if unknown:
        return f"{unknown[0]!r} is not known here; an expression sees {', '.join(sorted(VARIABLES))}"
    named = {name for name in program.functions() if name.isidentifier() and not name.startswith(("_", "get"))}
    if named - _FUNCTIONS:
        return f"there is no function {min(named - _FUNCTIONS)!r}"
    signals = set(re.findall(r"\bsignals\.(\w+)", bare)) - set(SignalType)
    if signals:
        return f"there is no signal {min(signals)!r}; there are {', '.join(SignalType)}"
    asked = set(re.findall(r"\bconversation\.intents\.(\w+)", bare)) - set(intents)
    return f"there is no intent {min(asked)!r} in this catalogue" if asked else None


def cost_problem(expression: str) -> str | None:
    """Why an expression that the engine accepts may cost too much, and how to mend it, or None."""
    try:
        cost(expression)
    except TooCostly as failure:
        return f"this expression is too costly: {_shortened(expression)}: {failure}"
    return None


@lru_cache(maxsize=8192)
def _program(expression: str) -> Any:
    import cel

    return cel.compile(expression)


@lru_cache(maxsize=8192)
def _names(expression: str) -> frozenset[str]:
    return frozenset(_program(expression).variables())


def _shortened(expression: str) -> str:
    return expression if len(expression) <= SHOWN else f"{expression[:SHOWN]} …"


def _first_line(text: str) -> str:
    line = text.splitlines()[0] if text else ""
    return re.sub(r"^Failed to parse expression .*?: ERROR: <input>:1:(\d+): ", r"at character \1: ", line)
