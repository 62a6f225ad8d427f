"""The log of decisions with what became of them: what another policy is judged by."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from app.actions.learning import OUTCOMES
from app.ports import Archive

DECISIONS = "decisions"
PAGE = 500


async def decision_log(
    archive: Archive, tenant: str, *, since: datetime | None, until: datetime | None
) -> AsyncIterator[Mapping[str, Any]]:
    """A tenant's decisions made from `since` on and before `until`, oldest first, each with its `outcomes`.

    Read page by page, so that a long log needs no more memory than a short one.
    """
    after = ""
    while page := await archive.page(tenant, DECISIONS, after=after, limit=PAGE):
        wanted = [decision for _, decision in page if _falls_between(decision, since, until)]
        if wanted:
            outcomes = await _outcomes(archive, tenant, page[0][0], page[-1][0])
            for decision in wanted:
                yield {**decision, "outcomes": outcomes.get(decision["decision_id"], [])}
        after = page[-1][0]


async def _outcomes(archive: Archive, tenant: str, first: str, last: str) -> Mapping[str, list[Mapping[str, Any]]]:
    # An outcome's key is its decision's id, a space and the action, so they lie in the same order as the decisions.
    outcomes_by_decision: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    after = first
    while page := await archive.page(tenant, OUTCOMES, after=after, limit=PAGE):
        for key, outcome in page:
            decision_id = key.partition(" ")[0]
            if decision_id > last:
                return outcomes_by_decision
            outcomes_by_decision[decision_id].append(outcome)
        after = page[-1][0]
    return outcomes_by_decision


def _falls_between(decision: Mapping[str, Any], since: datetime | None, until: datetime | None) -> bool:
    at = datetime.fromisoformat(str(decision["created_at"]))
    return (since is None or at >= since) and (until is None or at < until)
