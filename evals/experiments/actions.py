"""`warmline eval actions`: whether the action that a perfect agent takes next is among the offered, and offered first.

Each conversation is cut before the bot's first call that writes (it books, cancels, updates, sends or hands on) and
decided twice by an App of the kind that the service runs: by a tenant that was never told an outcome, and by one that
was told the outcomes of other tasks (`action_folds.py`). The figures are those of the latter, on the tasks left out;
`without_outcomes` holds those of the former. The `macro_` figures weigh every gold action alike, however often it
comes up. Trials of one task resemble each other, so intervals are drawn by task (a cluster bootstrap).

What policy closes is held against cases labelled by hand from the policy's text. Whether something done is offered
again is asked at the cut, and again at the end of the whole conversation.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles

from app.bootstrap import build
from app.errors import InvalidRequest
from app.models import Record
from app.settings import Settings
from evals.experiments.action_cases import (
    CASES,
    JudgedConversation,
    PolicyFaults,
    judge,
    judge_policy,
    policy_cases,
    rows_of,
)
from evals.experiments.action_folds import FOLDS, judge_left_out
from evals.experiments.fixed_orders import (
    Interval,
    OrderFigures,
    OrderGain,
    by_gold,
    gains,
    intervals,
    known_order,
    order_figures,
    top1,
    top3,
    training_order,
)
from evals.experiments.reliability import Reliability, reliability
from evals.workspace import workspace

Progress = Callable[[int, int], None]


class GoldFigures(Record):
    """How often one gold action comes up, is offered first, and is offered at all."""

    n: int
    top1: float
    top3: float


class ActionFigures(Record):
    """What `eval actions` prints: shares in 0..1 with their 95 % intervals, counts, and durations in milliseconds.

    `constant_` figures are those of a fixed order of three, chosen on the training folds or (`constant_known`,
    `constant_top3_known`) with the answers known; `constant_macro` is the former's share among three, each gold action
    weighed alike. `gains` are the differences to the order of the training folds, and `interval` is that of
    `macro_top1`. `bot_` figures are those of what the bot itself did next. `closed_offered` and `open_suppressed` count
    over `policy_cases` labelled actions.
    """

    n: int
    tasks: int
    folds: int
    top1: float
    top3: float
    macro_top1: float
    macro_top3: float
    without_outcomes: OrderFigures
    constant: OrderFigures
    constant_known: OrderFigures
    constant_top1: float
    constant_top3: float
    constant_top3_known: float
    constant_macro: float
    interval: Interval
    gains: Mapping[str, OrderGain]
    intervals: Mapping[str, Interval]
    reliability: Reliability
    reliability_without_outcomes: Reliability
    bot_top1: float
    bot_macro_top1: float
    by_action: Mapping[str, GoldFigures]
    policy_cases: int
    closed_offered: int
    open_suppressed: int
    policy_faults: tuple[str, ...]
    repeated_offered: int
    p50_ms: float
    p99_ms: float


async def evaluate(path: Path, settings: Settings, *, progress: Progress | None = None) -> ActionFigures:
    """The figures over a file of conversations. Raises InvalidRequest, which names the line."""
    rows = rows_of(path)
    cases = policy_cases(CASES / f"{Path(settings.catalogue).stem}.json")
    total, done = (1 + FOLDS) * len(rows), 0
    untaught: list[JudgedConversation] = []

    def tell() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    with workspace(settings) as own:
        app = build(own)
        try:
            await app.warm_up()
            for row in rows:
                untaught.append(await judge(app, row))
                tell()
            faults = await judge_policy(app, cases)
            left_out = await judge_left_out(app, rows, progress=tell)
        finally:
            await app.close()
    return figures(left_out, untaught, faults)


def figures(
    left_out: Sequence[JudgedConversation], untaught: Sequence[JudgedConversation], faults: PolicyFaults
) -> ActionFigures:
    """The figures over the same conversations, judged when left out and by a tenant that was told nothing.

    Raises InvalidRequest when there is none.
    """
    if not left_out:
        raise InvalidRequest("The file holds no conversation.")
    times = [judgement.duration_ms for judgement in untaught]
    learnt, constant = order_figures(left_out), order_figures(training_order(left_out))
    with_answers = order_figures(known_order(left_out))
    gained = gains(left_out, training_order(left_out))
    bots = order_figures([judgement._replace(offered=(judgement.by_bot,)) for judgement in left_out])
    return ActionFigures(
        n=len(left_out),
        tasks=len({judgement.task for judgement in left_out}),
        folds=len({judgement.fold for judgement in left_out}),
        **dict(learnt),
        without_outcomes=order_figures(untaught),
        constant=constant,
        constant_known=with_answers,
        constant_top1=constant.top1,
        constant_top3=constant.top3,
        constant_top3_known=with_answers.top3,
        constant_macro=constant.macro_top3,
        interval=gained["macro_top1"].interval,
        gains=gained,
        intervals=intervals(left_out),
        reliability=reliability(left_out),
        reliability_without_outcomes=reliability(untaught),
        bot_top1=bots.top1,
        bot_macro_top1=bots.macro_top1,
        by_action={
            gold: GoldFigures(n=len(those), top1=top1(those), top3=top3(those))
            for gold, those in by_gold(left_out).items()
        },
        policy_cases=faults.judged,
        closed_offered=len(faults.closed_offered),
        open_suppressed=len(faults.open_suppressed),
        policy_faults=(*faults.closed_offered, *faults.open_suppressed),
        repeated_offered=sum(judgement.repeated for judgement in untaught),
        p50_ms=median(times),
        p99_ms=quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0],
    )
