"""Whether a case is settled: by what was done for the customer, what went wrong after it, and how the talk ended."""

from collections.abc import Sequence
from datetime import datetime

from app.briefs.case import Case
from app.briefs.commitments import is_promise
from app.briefs.reading import Utterance
from app.briefs.steps import AttemptedStep
from app.briefs.wishes import UNSETTLED
from app.models import Actor, HandoffReason, Outcome, Reason, ResolutionStatus
from app.nlu import Act
from app.nlu.courtesies import is_courtesy
from app.nlu.unread_languages import unread_language

_GLAD = 0.5
_RELIEVED = 0.6
_BOILERPLATE = 0.5
_PROPOSING = (Act.REQUEST, Act.OFFER)
# Whoever is handed on for one of these may yet have all they wanted.
_FOR_NO_TROUBLE = (HandoffReason.OTHER, HandoffReason.CUSTOMER_REQUEST)
_WRONG = (Outcome.FAILED, Outcome.ABANDONED)
# A step that only tells how something stands has done nothing about it.
_TELLS_ONLY = frozenset(
    "status check probe test stock balance availability view track details lookup search pageview".split()
)


def resolution(case: Case, reason: Reason | None = None, *, was_resolved: bool = False) -> ResolutionStatus:
    """How the case stands. What is handed on for a reason is not settled, however friendly the last words were.

    `was_resolved` says that the platform called the conversation resolved before the words of the case: thanks alone
    open nothing again.
    """
    failed = any(step.action.outcome is Outcome.FAILED for step in case.steps)
    if was_resolved and not failed and _only_thanks(case):
        return ResolutionStatus.RESOLVED
    return ResolutionStatus.UNKNOWN if case.reason is None and not failed else _standing(case, reason)


def _standing(case: Case, reason: Reason | None) -> ResolutionStatus:
    """How a case stands that has a reason or a step that failed."""
    awaited = _awaits_us(case) or _is_unread(case)
    may_be_over = not awaited and (reason is None or reason.code in _FOR_NO_TROUBLE)
    if may_be_over and _is_content(case) and not _only_promised(case):
        return ResolutionStatus.RESOLVED
    handed_on = reason is not None and reason.code is not HandoffReason.OTHER
    if awaited or handed_on or case.person_wanted is not None or case.farewell is None or case.reason is None:
        return ResolutionStatus.PARTIAL if _helped(case) else ResolutionStatus.UNRESOLVED
    done = [step for step in case.steps if step.action.outcome is Outcome.SUCCEEDED and not _is_beforehand(step, case)]
    wrong = bool(case.refusals) or _went_wrong(case, max((step.action.at for step in done), default=None))
    if done:
        return ResolutionStatus.PARTIAL if wrong else ResolutionStatus.RESOLVED
    if wrong or _is_passed_on(case) or _only_promised(case) or not _is_answered(case):
        return ResolutionStatus.UNRESOLVED
    settled = case.farewell.act is Act.FAREWELL or case.answer is not None
    return ResolutionStatus.RESOLVED if settled else ResolutionStatus.UNKNOWN


def _only_thanks(case: Case) -> bool:
    """Whether the customer's words are thanks and relief alone, and nothing that could open the matter again."""
    theirs = [utterance for utterance in case.utterances if utterance.by_customer]
    if not theirs or case.wishes or case.person_wanted is not None:
        return False
    return any(utterance.act is Act.THANKS for utterance in theirs) and all(map(_is_glad, theirs))


def _is_glad(utterance: Utterance) -> bool:
    """Whether a sentence is a courtesy, is glad, or tells that all is well now."""
    if is_courtesy(utterance.text) or utterance.reading.moods["positive"] >= _GLAD:
        return True
    return utterance.act is Act.REPORT and utterance.reading.relief >= _RELIEVED


def _awaits_us(case: Case) -> bool:
    """Whether the customer's last words tell our side to go on, and it has done nothing since: `Yes, please do`."""
    last = case.utterances[-1] if case.utterances else None
    if last is None or not last.by_customer:
        return False
    spoken = last.interaction
    if any(step.action.at > spoken.occurred_at and step.action.actor is not Actor.CUSTOMER for step in case.steps):
        return False
    acts = {utterance.act for utterance in case.utterances if utterance.interaction is spoken}
    ours = [utterance for utterance in case.utterances if not utterance.by_customer]
    proposing = {
        utterance.act
        for utterance in ours
        if utterance.interaction is ours[-1].interaction and utterance.reading.boilerplate < _BOILERPLATE
    }
    return Act.REQUEST in acts or (Act.ANSWER in acts and not proposing.isdisjoint(_PROPOSING))


def _is_content(case: Case) -> bool:
    """Whether the customer's last message says that all is well, and nothing that they wanted is open.

    What they say in courtesy after it, such as an answer to a goodbye, takes nothing back.
    """
    by_message: dict[str, list[Utterance]] = {}
    for utterance in case.utterances:
        if utterance.by_customer:
            by_message.setdefault(utterance.interaction.interaction_id, []).append(utterance)
    messages = list(by_message.values())
    last = messages[-1] if messages else []
    telling = next(
        (message for message in reversed(messages) if _sounds_glad(message) or not _is_polite(message)), last
    )
    glad = _sounds_glad(telling)
    wanted = any(wish.state in UNSETTLED for wish in case.wishes)
    if _is_polite(last) and not _is_told_or_done(case):
        return False
    ours = (step.action for step in case.steps if step.action.actor is not Actor.CUSTOMER)
    done = max((action.at for action in ours if action.outcome is Outcome.SUCCEEDED), default=None)
    return glad and not wanted and case.person_wanted is None and not _went_wrong(case, done)


def _sounds_glad(message: Sequence[Utterance]) -> bool:
    moods = [utterance.reading.moods for utterance in message]
    return any(mood["positive"] >= _GLAD for mood in moods) and all(mood["negative"] < _GLAD for mood in moods)


def _is_polite(message: Sequence[Utterance]) -> bool:
    """Whether a message is mere courtesy."""
    return all(is_courtesy(utterance.text) for utterance in message)


def _is_unread(case: Case) -> bool:
    """Whether the customer's last words are in a language that is not read: nobody can say that all is well."""
    theirs = [utterance for utterance in case.utterances if utterance.by_customer]
    return bool(theirs) and unread_language(theirs[-1].text) is not None


def _is_told_or_done(case: Case) -> bool:
    """Whether our side did or told anything of the matter: courtesy alone settles nothing."""
    done = any(step.action.outcome is Outcome.SUCCEEDED for step in case.steps)
    return done or case.finding is not None or case.answer is not None


def _helped(case: Case) -> bool:
    """Whether bot or agent did something for what the customer wants, and no trouble was told or met after it."""
    begun = _begun(case)
    done = [
        step.action.at
        for step in case.steps
        if step.action.outcome is Outcome.SUCCEEDED
        and step.action.actor in (Actor.BOT, Actor.AGENT)
        and not step.reported
        and _TELLS_ONLY.isdisjoint(_words_in(step.name))
        and (begun is None or step.action.at >= begun)
    ]
    if not done:
        return False
    later = (
        utterance
        for utterance in case.utterances
        if utterance.by_customer and utterance.interaction.occurred_at > max(done)
    )
    return not any(utterance.act is Act.COMPLAINT for utterance in later) and not _went_wrong(case, max(done))


def _went_wrong(case: Case, since: datetime | None) -> bool:
    """Whether a step went wrong that was not made good: staff's at any time, the customer's own after this moment."""
    return any(
        step.action.outcome in _WRONG
        and (since is None or step.action.at > since or step.action.actor is not Actor.CUSTOMER)
        for step in case.steps
    )


def _is_beforehand(step: AttemptedStep, case: Case) -> bool:
    """Whether it is the customers' own step from before they wanted anything."""
    begun = _begun(case)
    return step.action.actor is Actor.CUSTOMER and begun is not None and step.action.at < begun


def _begun(case: Case) -> datetime | None:
    """When the customer first wanted something."""
    return min((wish.utterance.interaction.occurred_at for wish in case.wishes), default=None)


def _is_passed_on(case: Case) -> bool:
    """Whether the last that bot or agent said is that they or somebody will do something about it."""
    ours = [utterance for utterance in case.utterances if not utterance.by_customer]
    return any(utterance.act is Act.PROMISE for utterance in ours if utterance.interaction is ours[-1].interaction)


def _is_answered(case: Case) -> bool:
    """Whether bot or agent said anything after the customer told why they came."""
    begun = case.reason.interaction if case.reason else None
    return begun is not None and any(
        not utterance.by_customer
        and (utterance.interaction.occurred_at, utterance.interaction.seq) > (begun.occurred_at, begun.seq)
        for utterance in case.utterances
    )


def _only_promised(case: Case) -> bool:
    """Whether our side promised something and nobody says that anything was done: thanks for that settle nothing."""
    promised = any(not utterance.by_customer and is_promise(utterance) for utterance in case.utterances)
    return promised and not any(step.action.outcome is Outcome.SUCCEEDED for step in case.steps)


def _words_in(name: str) -> list[str]:
    return "".join(sign if sign.isalnum() else " " for sign in name.lower()).split()
