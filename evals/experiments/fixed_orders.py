"""The order that never looks at the conversation, and by how much decisions beat it.

It is the most frequent gold actions, the most frequent first. Chosen on the tasks of the other folds, it is what could
have been done instead of deciding; chosen with the answers known, it is the best that any fixed order can do. The
difference is drawn by task (a cluster bootstrap: both orders on the same tasks each time), since trials of one task
resemble each other; a gold action that is not drawn is left out of that draw's means over actions.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from random import Random
from statistics import mean, quantiles

from app.models import Record
from evals.experiments.action_cases import OFFERED, JudgedConversation

RESAMPLES = 2000

Judged = Sequence[JudgedConversation]
Measure = Callable[[Judged], float]
Interval = tuple[float, float]


class OrderFigures(Record):
    """How often the gold action is first, or among three, over conversations and over gold actions (`macro_`)."""

    top1: float
    top3: float
    macro_top1: float
    macro_top3: float


class OrderGain(Record):
    """By how much one share is above another (-1..1), with its 95 % interval."""

    value: float
    interval: Interval


def top1(judged: Judged) -> float:
    """The share of conversations whose first offer is the gold action."""
    return mean(judgement.offered[:1] == (judgement.gold,) for judgement in judged)


def top3(judged: Judged) -> float:
    """The share of conversations with the gold action among the first three offers."""
    return mean(judgement.gold in judgement.offered[:OFFERED] for judgement in judged)


def macro(judged: Judged, measure: Measure) -> float:
    """The mean of a measure over the gold actions, each weighed alike."""
    return mean(measure(those) for those in by_gold(judged).values())


def macro_top1(judged: Judged) -> float:
    """`top1`, each gold action weighed alike."""
    return macro(judged, top1)


def macro_top3(judged: Judged) -> float:
    """`top3`, each gold action weighed alike."""
    return macro(judged, top3)


MEASURES: Mapping[str, Measure] = {
    "top1": top1,
    "top3": top3,
    "macro_top1": macro_top1,
    "macro_top3": macro_top3,
}


def by_gold(judged: Judged) -> dict[str, list[JudgedConversation]]:
    """The conversations of each gold action, the most frequent first."""
    groups: defaultdict[str, list[JudgedConversation]] = defaultdict(list)
    for judgement in judged:
        groups[judgement.gold].append(judgement)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def order_figures(judged: Judged) -> OrderFigures:
    """All four measures."""
    return OrderFigures(**{name: measure(judged) for name, measure in MEASURES.items()})


def known_order(judged: Judged) -> list[JudgedConversation]:
    """The same conversations, offered the fixed order that is chosen with their answers known."""
    order = _most_frequent(judged)
    return [judgement._replace(offered=order) for judgement in judged]


def training_order(judged: Judged) -> list[JudgedConversation]:
    """The same conversations, each offered the fixed order that is chosen on the other folds."""
    order_by_fold = {
        fold: _most_frequent([judgement for judgement in judged if judgement.fold != fold])
        for fold in {judgement.fold for judgement in judged}
    }
    return [judgement._replace(offered=order_by_fold[judgement.fold]) for judgement in judged]


def gains(judged: Judged, others: Judged) -> Mapping[str, OrderGain]:
    """By how much each measure is higher than for the same conversations decided otherwise, in the same sequence."""
    samples = _drawn(judged)
    differences = {
        name: [measure([judged[i] for i in drawn]) - measure([others[i] for i in drawn]) for drawn in samples]
        for name, measure in MEASURES.items()
    }
    return {
        name: OrderGain(value=round(measure(judged) - measure(others), 4), interval=_middle(differences[name]))
        for name, measure in MEASURES.items()
    }


def intervals(judged: Judged) -> Mapping[str, Interval]:
    """The 95 % percentile interval of each measure."""
    samples = [[judged[i] for i in drawn] for drawn in _drawn(judged)]
    return {name: _middle([measure(sample) for sample in samples]) for name, measure in MEASURES.items()}


def _drawn(judged: Judged) -> Sequence[Sequence[int]]:
    """The conversations of resampled tasks, by their index."""
    tasks: defaultdict[str, list[int]] = defaultdict(list)
    for index, judgement in enumerate(judged):
        tasks[judgement.task].append(index)
    clusters = list(tasks.values())
    random = Random(17)  # noqa: S311 - nothing here is a secret
    return [[index for those in random.choices(clusters, k=len(clusters)) for index in those] for _ in range(RESAMPLES)]


def _most_frequent(judged: Judged) -> tuple[str, ...]:
    return tuple(gold for gold, _ in Counter(judgement.gold for judgement in judged).most_common(OFFERED))


def _middle(values: Sequence[float]) -> Interval:
    cuts = quantiles(values, n=40, method="inclusive")
    return round(cuts[0], 4), round(cuts[-1], 4)
