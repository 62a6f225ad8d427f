"""The case at hand: the conversation, and what led to it on other channels, read once for all parts of the brief."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from app.brief.reading import Call, Utterance, calls, utterances
from app.brief.steps import Step, steps
from app.brief.wording import is_substantial, matter, tells_more
from app.language.acts import Act
from app.language.human import asks_for_person
from app.language.identifiers import canonical, mentions
from app.language.words import terms
from app.models import Actor, Interaction, Kind, Outcome, ResolutionStatus, Snapshot
from app.privacy import Redactor

# Repeat contacts are counted within a week where first-contact resolution is measured.
SAME_CASE_WITHIN = timedelta(days=7)
SAME_THING_WITHIN = timedelta(days=30)
_NAMING = ("code", "number", "amount", "error_code")
_MAY_HOLD_A_SECRET = re.compile(r"(?:\d[ .-]?){9}|[A-Z]{2}\d{2}|pass|\bpin\b|\bcv[vc]|\bcode\b|\botp\b", re.IGNORECASE)
_WANTING = (Act.REQUEST, Act.PROBLEM, Act.QUESTION)


class Case(NamedTuple):
    """One case, read: who said what, what was tried, what was wanted."""

    interactions: tuple[Interaction, ...]
    said: tuple[Utterance, ...]
    calls: tuple[Call, ...]
    steps: tuple[Step, ...]
    wishes: tuple[Utterance, ...]
    at_hand: frozenset[str]

    @property
    def reason(self) -> Utterance | None:
        """What the customer came for: the first matter of the conversation at hand, else the first that led to it.

        A wish for a person says nothing of the matter, so it counts only where there is nothing else.
        """
        matters = [one for one in self.wishes if not asks_for_person(one.text) or tells_more(one)]
        here = [one for one in matters if one.interaction.interaction_id in self.at_hand]
        return (here or matters or list(self.wishes) or [None])[0]

    @property
    def before(self) -> Utterance | None:
        """What the customer had come for earlier, on the way to the conversation at hand."""
        earlier = [one for one in self.wishes if one.interaction.interaction_id not in self.at_hand]
        return earlier[0] if earlier and earlier[0] is not self.reason else None

    @property
    def expectation(self) -> Utterance | None:
        """What the customer asked for last, a wish for a person only when there is no other."""
        requests = [one for one in self.wishes if one.act is Act.REQUEST and not asks_for_person(one.text)]
        telling = [one for one in requests if matter(one)]
        others = [self.person_wanted, *reversed(self.wishes)]
        return next((one for one in (*reversed(telling), *reversed(requests), *others) if one is not None), None)

    @property
    def person_wanted(self) -> Utterance | None:
        """The last time the customer asked for a person."""
        asked = [one for one in self.said if _by_customer(one) and asks_for_person(one.text)]
        return asked[-1] if asked else None

    @property
    def refusals(self) -> list[Utterance]:
        """What bots and agents said cannot be done."""
        return [one for one in self.said if one.act is Act.REFUSAL and not _by_customer(one)]

    @property
    def farewell(self) -> Utterance | None:
        """The customer's leave-taking, where the talk ended with one."""
        last = [one for one in self.said if _by_customer(one)][-3:]
        leaving = [one for one in last if one.act in (Act.CLOSING, Act.THANKS)]
        return (
            leaving[-1] if leaving and last[-1].act in (Act.CLOSING, Act.THANKS, Act.PROMISE, Act.INFORMATION) else None
        )


def read_case(snapshot: Snapshot) -> Case:
    """The case of a snapshot, read."""
    interactions = _interactions(snapshot)
    said = tuple(utterances(interactions))
    tool_calls = tuple(calls(interactions))
    return Case(
        interactions=interactions,
        said=said,
        calls=tool_calls,
        steps=steps(interactions, tool_calls, said),
        wishes=_wishes(said),
        at_hand=frozenset(one.interaction_id for one in snapshot.conversation),
    )


def resolution(case: Case, *, handed_on: bool = False) -> ResolutionStatus:
    """Whether the case is settled, by what was done after the last wish and how the talk ended.

    What is handed on for a reason is not settled, however friendly the last words were.
    """
    done = any(step.action.outcome is Outcome.SUCCEEDED for step in case.steps)
    undone = any(step.action.outcome in (Outcome.FAILED, Outcome.ABANDONED) for step in case.steps)
    refused = bool(case.refusals)
    if not case.wishes and not case.steps:
        return ResolutionStatus.UNKNOWN
    if handed_on or case.person_wanted is not None or case.farewell is None:
        return ResolutionStatus.PARTIAL if done else ResolutionStatus.UNRESOLVED
    if done:
        return ResolutionStatus.PARTIAL if refused or undone else ResolutionStatus.RESOLVED
    if refused or undone:
        return ResolutionStatus.UNRESOLVED
    return ResolutionStatus.RESOLVED if case.farewell.act is Act.CLOSING else ResolutionStatus.UNKNOWN


def _interactions(snapshot: Snapshot) -> tuple[Interaction, ...]:
    """The conversation with what led to it: link by link, as long as no pause is too long and nothing was settled."""
    start = min((one.occurred_at for one in snapshot.conversation), default=snapshot.now)
    names, topic = _names(snapshot.conversation), _topic(snapshot.conversation)
    chain: list[Interaction] = []
    for group in sorted(_by_conversation(snapshot.prior), key=lambda one: one[-1].occurred_at, reverse=True):
        pause = start - group[-1].occurred_at
        shared = bool(names & _names(group)) and pause <= SAME_THING_WITHIN
        if shared or (pause <= SAME_CASE_WITHIN and not _settled(group) and _on_topic(group, topic)):
            chain.extend(group)
            start = min(start, group[0].occurred_at)
            names |= _names(group)
            topic |= _topic(group)
    return tuple(
        _without_secrets(one)
        for one in sorted((*chain, *snapshot.conversation), key=lambda one: (one.occurred_at, one.seq))
    )


def _without_secrets(one: Interaction) -> Interaction:
    """The interaction as an agent may see it: cards by their last four digits, passwords and codes not at all."""
    if not _MAY_HOLD_A_SECRET.search(one.text):
        return one
    redactor = Redactor(contacts=False)
    return one.model_copy(update={"text": redactor.restore(redactor.redact(one.text))})


def _topic(group: Sequence[Interaction]) -> set[str]:
    """What the customer's words are about; nothing where they only asked for a person."""
    said = [one for one in utterances(group) if _by_customer(one) and one.act in _WANTING and is_substantial(one)]
    return {term for one in said if not asks_for_person(one.text) for term in terms(one.text)}


def _on_topic(group: Sequence[Interaction], topic: set[str]) -> bool:
    """Whether an earlier conversation may be of the same matter; one without words of its own may always be."""
    words = _topic(group)
    return not topic or not words or bool(topic & words)


def _by_conversation(prior: Sequence[Interaction]) -> list[list[Interaction]]:
    groups: dict[str, list[Interaction]] = {}
    for one in prior:
        groups.setdefault(one.conversation_id or one.channel.value, []).append(one)
    return list(groups.values())


def _settled(group: Sequence[Interaction]) -> bool:
    """Whether a conversation ended well: its customer took leave, its last step did not fail, no promise is open."""
    said = utterances(group)
    by_customer = [one for one in said if _by_customer(one)]
    ended_well = any(one.act in (Act.CLOSING, Act.THANKS) for one in by_customer[-2:])
    outcomes = [one.outcome for one in group if one.kind is Kind.EVENT and one.outcome] + [
        one.outcome for one in calls(group)
    ]
    failed = bool(outcomes) and outcomes[-1] in (Outcome.FAILED, Outcome.ABANDONED)
    if not by_customer:
        return bool(outcomes) and not failed
    # Thanks for a promise settle nothing: whoever calls again may well call because it was not kept.
    promised = any(one.act is Act.PROMISE and one.interaction.actor is Actor.AGENT for one in said)
    return ended_well and not failed and not promised and not any(one.act is Act.REFUSAL for one in said)


def _names(group: Sequence[Interaction]) -> set[str]:
    return {canonical(name.value) for one in group for name in mentions(one.text) if name.type in _NAMING}


def _wishes(said: Sequence[Utterance]) -> tuple[Utterance, ...]:
    wanted = [one for one in said if _by_customer(one) and one.act in _WANTING and is_substantial(one)]
    if wanted:
        return tuple(wanted)
    foreign = [one for one in said if _by_customer(one) and not one.english and len(one.text.split()) > 3]
    anything = foreign or [
        one for one in said if _by_customer(one) and one.act is Act.INFORMATION and is_substantial(one)
    ]
    return tuple(anything[:1])


def _by_customer(said: Utterance) -> bool:
    return said.interaction.actor is Actor.CUSTOMER
