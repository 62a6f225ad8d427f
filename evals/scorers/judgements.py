"""What the App concludes: intent, resolution, signals, and the actions it offers."""

from app.models import OfferedAction
from evals.scorers.base import Score, Scorer, count, not_applicable, share
from evals.scorers.texts import holds
from evals.suite.cases import GoldCase
from evals.suite.observing import Observation


def intent_accuracy(case: GoldCase, seen: Observation) -> Score:
    """1 where the brief names a right intent, or none where none fits; else 0."""
    got = seen.handoff.brief.intent.name
    return _equal(got if got and got in case.expect.also_intents else case.expect.intent, got)


def resolution_accuracy(case: GoldCase, seen: Observation) -> Score:
    """1 where the resolution status is right, else 0."""
    return _equal(case.expect.resolution.value, seen.handoff.brief.resolution_status.value)


def sentiment_accuracy(case: GoldCase, seen: Observation) -> Score:
    """1 where the brief names the customer's mood rightly, else 0."""
    if case.expect.sentiment is None:
        return not_applicable("The case names none.")
    sentiment = seen.handoff.brief.sentiment
    return _equal(case.expect.sentiment.value, sentiment.label.value if sentiment else None)


def signal_recall(case: GoldCase, seen: Observation) -> Score:
    """The share of the expected signals that fire."""
    fired = {signal.type for signal in seen.handoff.signals}
    missed = sorted(signal_type.value for signal_type in case.expect.signals.expected if signal_type not in fired)
    total = len(case.expect.signals.expected)
    return share(total - len(missed), total, f"missed: {'; '.join(missed)}" if missed else "every signal fires")


def false_signals(case: GoldCase, seen: Observation) -> Score:
    """How many signals fire that must not."""
    if not case.expect.signals.absent:
        return not_applicable("The case names none.")
    fired = {signal.type for signal in seen.handoff.signals}
    return count(
        sorted(signal_type.value for signal_type in fired.intersection(case.expect.signals.absent)), "none fires"
    )


def right_action(case: GoldCase, seen: Observation) -> Score:
    """1 where one of the right actions is offered, else 0."""
    right = set(case.expect.actions.right)
    if not right:
        return not_applicable("The case names none.")
    offered = _offered(seen)
    return Score(value=float(bool(right & set(offered))), reason=f"offered: {'; '.join(offered) or 'nothing'}")


def forbidden_actions(case: GoldCase, seen: Observation) -> Score:
    """How many forbidden actions are offered."""
    if not case.expect.actions.forbidden:
        return not_applicable("The case names none.")
    offered = _offered(seen)
    return count([action_id for action_id in offered if action_id in case.expect.actions.forbidden], "none offered")


def redundant_suggestions(case: GoldCase, seen: Observation) -> Score:
    """How many offered actions the journey shows as tried: by the name of a step, or by the gold attempts' words."""
    named = {interaction.name.casefold() for interaction in case.interactions if interaction.name}
    labels = [(action.action_id, f"{action.action_id} {action.label}".replace("_", " ")) for action in _actions(seen)]
    tried = [words for attempt in case.expect.attempts for words in attempt.step]
    right = set(case.expect.actions.right)
    redundant = [
        action_id
        for action_id, label in labels
        if action_id not in right
        and (action_id.casefold() in named or any(len(words.split()) > 1 and holds(label, words) for words in tried))
    ]
    return count(redundant, "nothing offered was tried")


def _actions(seen: Observation) -> tuple[OfferedAction, ...]:
    return seen.handoff.next_actions.actions if seen.handoff.next_actions else ()


def _offered(seen: Observation) -> list[str]:
    return [action.action_id for action in _actions(seen)]


def _equal(wanted: str | None, got: str | None) -> Score:
    return Score(value=float(wanted == got), reason=f"{got or 'none'}, expected {wanted or 'none'}")


SCORERS = (
    Scorer("intent_accuracy", 2, "the customer lands in the wrong queue", intent_accuracy),
    Scorer("resolution_accuracy", 1, "an open matter is closed, or a settled one is worked on", resolution_accuracy),
    Scorer("sentiment_accuracy", 1, "an angry customer is met as if nothing were wrong", sentiment_accuracy),
    Scorer("signal_recall", 1, "friction goes unseen until the customer leaves", signal_recall),
    Scorer("false_signals", 1, "people are alarmed for nothing", false_signals, "count", "lower"),
    Scorer("right_action", 1, "the agent is not shown what would help", right_action),
    Scorer(
        "forbidden_actions",
        1,
        "the agent is led to what policy forbids",
        forbidden_actions,
        "count",
        "lower",
        grave=True,
    ),
    Scorer(
        "redundant_suggestions",
        1,
        "the customer is asked to do again what already failed",
        redundant_suggestions,
        "count",
        "lower",
    ),
)
"""The scorers of this module."""
