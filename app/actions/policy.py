"""Engagement policy: CEL expressions over what is known, each compiled once.

An expression sees `customer`, `conversation`, `facts` (the fields of all current records, the newest winning),
`records` by kind (`records.order.status` is that of the order and of nothing else), `signals`, `context`, `now` and
`today` (the date of `now`, as text), and may ask `said('sick|ill|storm*')`: whether the customer used one of these
words in this conversation. What it needs and nobody knows makes its action not applicable; `has(facts.x)` asks
beforehand.
"""

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

from app.actions.catalogue import EngagementPolicy, Rule
from app.models import SignalType, SuppressionReason

_log = logging.getLogger(__name__)

VARIABLES = frozenset({"customer", "conversation", "facts", "records", "signals", "context", "now", "today"})
_FUNCTIONS = frozenset(
    {"size", "startsWith", "endsWith", "contains", "matches", "int", "uint", "double", "string", "bytes", "timestamp"}
    | {"duration", "type", "dyn", "said"}
)
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
    """

    reason: SuppressionReason
    detail: str
    facts: tuple[str, ...]
    unknown: bool = False
    instead: str | None = None


class Judge:
    """Holds policies against what is known at one moment."""

    def __init__(self, variables: Mapping[str, Any], said: str) -> None:
        self._variables = variables
        self._words = " ".join(said.casefold().split())
        self._contexts: dict[frozenset[str], Any] = {}

    def closure(self, policy: EngagementPolicy) -> Closure | None:
        """The first rule that closes the action, or None when it is open."""
        for part, reason in _PARTS:
            for rule in getattr(policy, part):
                closure = self._judged(rule, reason)
                if closure is not None:
                    return closure
        return None

    def _judged(self, rule: Rule, reason: SuppressionReason) -> Closure | None:
        facts = tuple(dict.fromkeys(_FACT.findall(rule.expression)))
        try:
            holds = _program(rule.expression).execute(self._context(rule.expression))
        except LookupError as failure:
            missing = str(failure.args[0]) if failure.args else "a value"
            return Closure(SuppressionReason.NOT_APPLICABLE, f"It is not known yet: {missing}.", facts, unknown=True)
        except (TypeError, ValueError, RuntimeError, OverflowError) as failure:
            _log.warning("a policy expression cannot be judged: %s (%s)", rule.expression, failure)
            return Closure(
                SuppressionReason.NOT_APPLICABLE, "Its rule does not fit what is known.", facts, unknown=True
            )
        if holds is True:
            return None
        if holds is not False:
            _log.warning("a policy expression gives neither true nor false: %s", rule.expression)
        detail = rule.otherwise or f"This does not hold: {rule.expression}"
        return Closure(reason, detail, facts, instead=rule.instead)

    def _context(self, expression: str) -> Any:
        """The engine's copy of what an expression names: copying all that is known costs more than judging by it."""
        import cel  # compiled expressions and their engine are only needed once something is decided

        names = _names(expression)
        if names not in self._contexts:
            named = {name: value for name, value in self._variables.items() if name in names}
            functions = {"said": partial(_said, self._words)}
            self._contexts[names] = cel.Context(variables=named, functions=functions)
        return self._contexts[names]


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


@lru_cache(maxsize=8192)
def _program(expression: str) -> Any:
    import cel

    return cel.compile(expression)


@lru_cache(maxsize=8192)
def _names(expression: str) -> frozenset[str]:
    return frozenset(_program(expression).variables())


@lru_cache(maxsize=2048)
def _alternatives(what: str) -> re.Pattern[str]:
    words: Sequence[str] = [word.strip().casefold() for word in what.split("|") if word.strip()]
    patterns = [re.escape(word).replace(r"\*", r"\w*") for word in words]
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b")


def _said(words: str, what: Any) -> bool:
    return isinstance(what, str) and _alternatives(what).search(words) is not None


def _first_line(text: str) -> str:
    line = text.splitlines()[0] if text else ""
    return re.sub(r"^Failed to parse expression .*?: ERROR: <input>:1:(\d+): ", r"at character \1: ", line)
