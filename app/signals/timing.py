"""Signals that lie in time: hesitation, delayed replies and silence, each against the channel's own pace."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import log2
from statistics import median

from app.models import Actor, Interaction, Kind, LifecycleStep, Outcome, Snapshot
from app.models.channels import Pace
from app.nlu.analysis import analysis_of
from app.nlu.dialogue_acts import SpeechAct
from app.nlu.reply_moves import Reply
from app.signals.journey import STAFF, Journey, Moment, asks_something, span

_DAY = 86_400
REPORTED_IDLE_S = 30.0
_OWN_PACE = 3.0
_IDLE_KEYS = ("idle_ms", "idle_s", "idle_seconds", "idle", "dwell_ms", "duration_ms", "duration_s", "duration")


def hesitations(journey: Journey) -> Iterator[Moment]:
    """Reported idling, and a customer who takes much longer than the channel's and the own pace to go on."""
    rows = [row for row in journey.conversation if row.kind in (Kind.MESSAGE, Kind.EVENT)]
    for row in rows:
        idle = _reported_idle(row)
        if idle is not None and idle >= REPORTED_IDLE_S:
            yield _hesitation(timedelta(seconds=idle), REPORTED_IDLE_S, (row,))
    gaps = list(_own_gaps(rows))
    for index, (before, after, gap) in enumerate(gaps):
        pace = after.channel.traits.pace
        if not journey.is_asked_about(after) or not pace.hesitates <= gap <= pace.visit:
            continue
        others = [seconds for position, (_, _, seconds) in enumerate(gaps) if position != index]
        usual = max(pace.hesitates, _OWN_PACE * median(others) if len(others) > 1 else 0.0)
        if usual <= gap and _reported_idle(after) is None:
            yield _hesitation(timedelta(seconds=gap), usual, (before, after))
    yield from _stuck(journey, rows)


def delayed_replies(journey: Journey) -> Iterator[Moment]:
    """A customer who waited, or is still waiting, for an answer longer than is usual on the channel."""
    waiting: Interaction | None = None
    for row in journey.messages:
        if row.actor is Actor.CUSTOMER:
            if waiting is None and wants_answer(row):
                waiting = row
        elif row.actor in STAFF and waiting is not None:
            yield from _delay(waiting, row, row.occurred_at)
            waiting = None
    if waiting is not None and not _is_over(journey):
        yield from _delay(waiting, None, journey.now)


def silence(journey: Journey) -> Iterator[Moment]:
    """Nothing has arrived since we asked the customer something, for longer than is usual, as judged now."""
    last = journey.messages[-1] if journey.messages else None
    if last is None or last.actor not in STAFF or not asks_something(last) or _is_over(journey):
        return
    if any(row.actor is Actor.CUSTOMER and row.occurred_at > last.occurred_at for row in journey.everything):
        return
    pace = last.channel.traits.pace
    quiet = journey.now - last.occurred_at
    if not pace.silent <= quiet.total_seconds() <= _over(pace):
        return
    detail = f"The customer has not answered our question {last.channel.traits.where} for {span(quiet)}."
    severity = excess(quiet.total_seconds(), pace.silent)
    yield Moment(severity, (last,), detail, _passed(last, pace.silent))


def next_check(snapshot: Snapshot) -> datetime | None:
    """When waiting would show as silence, a late answer or a pause if nothing more came; None where it would not."""
    journey = Journey.of(snapshot)
    last = journey.conversation[-1] if journey.conversation else None
    if last is None:
        return None
    pace = last.channel.traits.pace
    if last.kind is Kind.EVENT and last.actor is Actor.CUSTOMER:
        stuck = last.channel.traits.self_service and last.outcome is not Outcome.SUCCEEDED
        return _passed(last, pace.hesitates) if stuck else None
    if last.kind is not Kind.MESSAGE:
        return None
    if last.actor is Actor.CUSTOMER:
        return _passed(last, pace.reply) if wants_answer(last) else None
    return _passed(last, pace.silent) if last.actor in STAFF and asks_something(last) else None


def excess(seconds: float, usual: float) -> float:
    """How grave a wait is: 0.3 at the usual limit, and 0.2 more for each doubling."""
    return min(1.0, 0.3 + 0.2 * log2(max(1.0, seconds / usual)))


def wants_answer(row: Interaction) -> bool:
    """Whether a customer's message leaves something for us to say: thanks, goodbyes and greetings alone do not."""
    analysis = analysis_of(row)
    acts = set(analysis.acts)
    if acts & {SpeechAct.REQUEST, SpeechAct.QUESTION, SpeechAct.PROBLEM}:
        return True
    thanked = not acts.isdisjoint({SpeechAct.CLOSING, SpeechAct.THANKS})
    thanked = thanked or not analysis.replies.isdisjoint({Reply.THANKS, Reply.LEAVES})
    return bool(acts) and not thanked and acts != {SpeechAct.GREETING}


def _is_over(journey: Journey) -> bool:
    """Whether the platform says that the conversation was resolved or ended, and nobody has said anything since."""
    steps = [row for row in journey.conversation if row.kind is Kind.LIFECYCLE]
    if not steps or steps[-1].name not in (LifecycleStep.RESOLVED, LifecycleStep.ENDED):
        return False
    return all(row.occurred_at <= steps[-1].occurred_at for row in journey.messages)


def _delay(asked: Interaction, answer: Interaction | None, until: datetime) -> Iterator[Moment]:
    usual = asked.channel.traits.pace.reply
    waited = until - asked.occurred_at
    if waited.total_seconds() < usual:
        return
    if answer is None and waited.total_seconds() > _over(asked.channel.traits.pace):
        return
    verb = "waited" if answer else "has been waiting"
    pace = span(timedelta(seconds=usual))
    detail = f"The customer {verb} {span(waited)} for an answer {asked.channel.traits.where}, where {pace} is usual."
    evidence = (asked, answer) if answer else (asked,)
    at = answer.occurred_at if answer else _passed(asked, usual)
    yield Moment(excess(waited.total_seconds(), usual), evidence, detail, at)


def _hesitation(gap: timedelta, usual: float, evidence: Sequence[Interaction]) -> Moment:
    row = evidence[-1]
    step = row.name or row.data.get("page") or row.data.get("step") or row.data.get("field")
    location = f" at {str(step)[:60]!r}" if row.kind is Kind.EVENT and step else ""
    detail = f"The customer paused for {span(gap)}{location} {row.channel.traits.where}."
    return Moment(excess(gap.total_seconds(), usual), evidence, detail)


def _reported_idle(row: Interaction) -> float | None:
    # A duration may be any length of time; only an event of the customer's own doing tells of a pause.
    if row.kind is not Kind.EVENT or row.actor not in (Actor.CUSTOMER, Actor.SYSTEM):
        return None
    for key in _IDLE_KEYS:
        value = row.data.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            in_milliseconds = key.endswith("_ms") or (value >= 1000 and not key.endswith(("_s", "_seconds")))
            return value / 1000 if in_milliseconds else float(value)
    return None


def _own_gaps(rows: Sequence[Interaction]) -> Iterator[tuple[Interaction, Interaction, float]]:
    for before, after in pairwise(rows):
        if after.actor is not Actor.CUSTOMER or before.channel is not after.channel:
            continue
        in_self_service = before.actor is Actor.CUSTOMER and after.channel.traits.self_service
        if before.actor in STAFF or in_self_service:
            yield before, after, (after.occurred_at - before.occurred_at).total_seconds()


def _stuck(journey: Journey, rows: Sequence[Interaction]) -> Iterator[Moment]:
    last = rows[-1] if rows else None
    if (
        last is None
        or last.kind is not Kind.EVENT
        or last.actor is not Actor.CUSTOMER
        or not last.channel.traits.self_service
    ):
        return
    pace = last.channel.traits.pace
    gap = journey.now - last.occurred_at
    if last.outcome is not Outcome.SUCCEEDED and pace.hesitates <= gap.total_seconds() <= pace.visit:
        yield _hesitation(gap, pace.hesitates, (last,))._replace(at=_passed(last, pace.hesitates))


def _over(pace: Pace) -> float:
    # Nobody sits waiting for a chat of last week to go on: after so many seconds the journey is over.
    return max(_DAY, pace.visit)


def _passed(row: Interaction, seconds: float) -> datetime:
    return row.occurred_at + timedelta(seconds=seconds)
