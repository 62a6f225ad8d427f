"""Whether a case is settled: by what was done for the customer, what went wrong after it, and how the talk ended."""

import re
from datetime import datetime

from app.briefs.case import Case
from app.briefs.steps import Step
from app.language.acts import Act
from app.models import Actor, HandoffReason, Kind, Outcome, Reason, ResolutionStatus

_WRONG = (Outcome.FAILED, Outcome.ABANDONED)
# A step that only tells how something stands has done nothing about it.
_TELLS_ONLY = re.compile(
    r"(?:^|[_\W])(?:status|check|probe|test|stock|balance|availability|view|track|details|lookup|search"
    r"|page_?view)(?:$|[_\W])",
    re.IGNORECASE,
)


def resolution(case: Case, reason: Reason | None = None) -> ResolutionStatus:
    """How the case stands. What is handed on for a reason is not settled, however friendly the last words were."""
    failed = any(step.action.outcome is Outcome.FAILED for step in case.steps)
    if not case.wishes and not failed:
        return ResolutionStatus.UNKNOWN
    handed_on = reason is not None and reason.code is not HandoffReason.OTHER
    if handed_on or case.person_wanted is not None or case.farewell is None or not case.wishes:
        return ResolutionStatus.PARTIAL if _helped(case) else ResolutionStatus.UNRESOLVED
    done = [step for step in case.steps if step.action.outcome is Outcome.SUCCEEDED and not _is_beforehand(step, case)]
    wrong = bool(case.refusals) or _went_wrong(case, max((step.action.at for step in done), default=None))
    if done:
        return ResolutionStatus.PARTIAL if wrong else ResolutionStatus.RESOLVED
    if wrong or _is_passed_on(case):
        return ResolutionStatus.UNRESOLVED
    settled = case.farewell.act is Act.CLOSING or case.answer is not None
    return ResolutionStatus.RESOLVED if settled else ResolutionStatus.UNKNOWN


def _helped(case: Case) -> bool:
    """Whether bot or agent did something for what the customer wants, and no trouble was told or met after it."""
    begun = min((one.interaction.occurred_at for one in case.wishes), default=None)
    done = [
        step.action.at
        for step in case.steps
        if step.action.outcome is Outcome.SUCCEEDED
        and step.action.actor in (Actor.BOT, Actor.AGENT)
        and not step.told
        and not _TELLS_ONLY.search(step.name)
        and (begun is None or step.action.at >= begun)
    ]
    if not done:
        return False
    told = (one for one in case.wishes if one.act is Act.PROBLEM and one.interaction.occurred_at > max(done))
    return not any(told) and not _went_wrong(case, max(done))


def _went_wrong(case: Case, since: datetime | None) -> bool:
    """Whether a step went wrong that was not made good: staff's at any time, the customer's own after this moment."""
    return any(
        step.action.outcome in _WRONG
        and (since is None or step.action.at > since or step.action.actor is not Actor.CUSTOMER)
        for step in case.steps
    )


def _is_beforehand(step: Step, case: Case) -> bool:
    """Whether it is the customers' own step from before they wanted anything."""
    begun = min((one.interaction.occurred_at for one in case.wishes), default=None)
    return step.action.actor is Actor.CUSTOMER and begun is not None and step.action.at < begun


def _is_passed_on(case: Case) -> bool:
    """Whether the last that bot or agent said is that they or somebody will do something about it."""
    ours = [one for one in case.said if one.interaction.actor is not Actor.CUSTOMER]
    last = [one for one in ours if one.interaction is ours[-1].interaction] if ours else []
    return any(one.act is Act.PROMISE for one in last if one.interaction.kind is Kind.MESSAGE)
