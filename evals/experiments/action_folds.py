"""What a tenant that tells outcomes is offered on tasks that it has not seen: cross-validation over whole tasks.

Tasks are dealt into folds. For each fold a fresh tenant lives through the conversations of all other tasks, one task
after the other: each is decided as the service decides, and then what became of it is told as an agent's desk tells it
(the gold action was taken and succeeded, the others offered were skipped as not relevant). Then the conversations of
the tasks left out are decided, and those decisions alone are judged. Whatever is fitted, how far to trust outcomes
included, is fitted by the service's own code on what this tenant was told; a task's outcomes are told after all its
trials were decided, so that also what the service foretells to choose by is about whole tasks that it had not seen.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from app.models import ActionOutcome, Decision, SkippedReason
from app.services import App
from evals.experiments.action_cases import (
    OFFERED,
    JudgedConversation,
    cut_of,
    decided,
    gold_of,
    judged,
    task_of,
)

FOLDS = 5
_SEED = 17

Rows = Sequence[Mapping[str, Any]]


async def judge_left_out(
    app: App, rows: Rows, *, folds: int = FOLDS, progress: Callable[[], None] | None = None
) -> list[JudgedConversation]:
    """Every conversation once, decided when its task was left out. `app` must not be open: nothing is left to chance.

    `progress` is called once for each conversation of each fold.
    """
    fold_by_task = dealt([str(row["id"]) for row in rows], folds)

    def of_fold(row: Mapping[str, Any]) -> int:
        return fold_by_task[task_of(str(row["id"]))]

    for fold in range(folds):
        await _teach(app, f"fold-{fold}", [row for row in rows if of_fold(row) != fold], progress)
    async for _ in app.reindex():
        pass
    await app.decisions.settle_cases()
    judgements: list[JudgedConversation] = []
    for row in rows:
        decision, took_ms = await _decide(app, f"fold-{of_fold(row)}", row)
        judgements.append(judged(row, decision, took_ms, fold=of_fold(row)))
        if progress:
            progress()
    return judgements


def dealt(conversation_ids: Sequence[str], folds: int) -> dict[str, int]:
    """The fold of each task, drawn by a fixed seed."""
    tasks = sorted({task_of(conversation_id) for conversation_id in conversation_ids})
    Random(_SEED).shuffle(tasks)  # noqa: S311 - nothing here is a secret
    return {task: index % folds for index, task in enumerate(tasks)}


async def _teach(app: App, tenant: str, rows: Rows, progress: Callable[[], None] | None) -> None:
    by_task: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_task.setdefault(task_of(str(row["id"])), []).append(row)
    tasks = sorted(by_task)
    Random(f"{_SEED} {tenant}").shuffle(tasks)  # noqa: S311 - nothing here is a secret
    for task in tasks:
        decisions = [(row, (await _decide(app, tenant, row))[0]) for row in by_task[task]]
        for row, decision in decisions:
            await tell_outcomes(app, tenant, decision, gold_of(row))
            if progress:
                progress()


async def tell_outcomes(app: App, tenant: str, decision: Decision, gold: str) -> None:
    """Tell that the gold action was taken and succeeded, and that what else was offered was passed over."""
    for action in decision.actions:
        if action.action_id != gold:
            passed_over = ActionOutcome(
                action_id=action.action_id, displayed=True, accepted=False, skipped_reason=SkippedReason.NOT_RELEVANT
            )
            await app.decisions.file_outcome(tenant, decision.decision_id, passed_over)
    open_actions = (candidate.action_id for candidate in decision.candidates)
    if gold in {*open_actions, *(action.action_id for action in decision.suppressed)}:
        taken = ActionOutcome(action_id=gold, accepted=True, outcome="succeeded")
        await app.decisions.file_outcome(tenant, decision.decision_id, taken)


async def _decide(app: App, tenant: str, row: Mapping[str, Any]) -> tuple[Decision, float]:
    # Trials of one task are of the same customer, who is not to bring along what became of another trial.
    stranger = {**row, "customer_ref": f"{row.get('customer_ref', '')} {row['id']}".strip()}
    return await decided(app, stranger, row["turns"][: cut_of(row)], tenant, limit=OFFERED)
