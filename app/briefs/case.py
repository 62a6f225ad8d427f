"""The case at hand: the conversation, and what led to it on other channels, read once for all parts of the brief."""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from app.briefs.commitments import promised
from app.briefs.reading import Call, Utterance, calls, utterances
from app.briefs.revisions import Revision, is_replaced, revisions
from app.briefs.steps import Step, is_of_person, steps
from app.briefs.wording import is_substantial, matter, only_announces, opens_a_matter, tells_more
from app.language.acts import Act
from app.language.human import asks_for_person
from app.language.identifiers import canonical, mentions, structured_names
from app.language.words import terms
from app.models import Actor, Interaction, Kind, Outcome, Snapshot
from app.privacy import Redactor, questions_answered

# Repeat contacts are counted within a week where first-contact resolution is measured.
SAME_CASE_WITHIN = timedelta(days=7)
SAME_THING_WITHIN = timedelta(days=30)
_NAMING = ("code", "number", "amount", "error_code")
_MAY_HOLD_A_SECRET = re.compile(
    r"(?:\d[ .-]?){9}|[A-Z]{2}\d{2}|pass|pwd|\bpins?\b|\bcv[vc]|code|\botps?\b|\btans?\b|contrase|senha"
    r"|wachtwoord|codice|código"
    r"|secret|memorable|digits?\b",
    re.IGNORECASE,
)
_AFTER_LEAVING = (Act.CLOSING, Act.THANKS, Act.PROMISE, Act.INFORMATION, Act.CONFIRMATION)
_WANTING = (Act.REQUEST, Act.PROBLEM, Act.QUESTION)


class Case(NamedTuple):
    """One case, read: who said what, what was tried, what was wanted.

    What has been `replaced` since is not `said`; `settled` are the interactions of other conversations that ended well.
    """

    interactions: tuple[Interaction, ...]
    said: tuple[Utterance, ...]
    calls: tuple[Call, ...]
    steps: tuple[Step, ...]
    wishes: tuple[Utterance, ...]
    at_hand: frozenset[str]
    replaced: tuple[Revision, ...]
    settled: frozenset[str]

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
        requests = [one for one in requests if not only_announces(one)]
        telling = [one for one in requests if matter(one)]
        # A trouble says nothing of what ought to happen; words that were not understood may.
        asked = [one for one in self.wishes if one.act is not Act.PROBLEM and not only_announces(one)]
        terse = [one for one in self.said if _by_customer(one) and one.act is Act.REQUEST and matter(one)]
        others = [self.person_wanted, *reversed(asked), *reversed(terse)]
        return next((one for one in (*reversed(telling), *reversed(requests), *others) if one is not None), None)

    @property
    def person_wanted(self) -> Utterance | None:
        """The last time the customer asked for a person."""
        before, asked = "", None
        for one in self.said:
            if not _by_customer(one):
                before = one.text
            elif not one.pasted and asks_for_person(one.text, before):
                asked = one
        return asked

    @property
    def refusals(self) -> list[Utterance]:
        """What bots and agents said cannot be done."""
        return [one for one in self.said if one.act is Act.REFUSAL and not _by_customer(one)]

    @property
    def answer(self) -> Utterance | None:
        """What bot or agent told in reply to the customer's last question, where it was no no and no promise."""
        questions = [place for place, one in enumerate(self.said) if _by_customer(one) and one.act is Act.QUESTION]
        if not questions:
            return None
        reply = next((one for one in self.said[questions[-1] :] if not _by_customer(one)), None)
        told = [one for one in self.said if reply and one.interaction is reply.interaction]
        informing = [one for one in told if one.act is Act.INFORMATION and matter(one) and is_substantial(one)]
        return informing[0] if informing and len(informing) == len(told) else None

    @property
    def complaint(self) -> Utterance | None:
        """What troubles the customer still, said after bot or agent spoke last; not what they came with."""
        last = [one for one in self.said if one.interaction is self.said[-1].interaction]
        troubles = [one for one in last if _by_customer(one) and one.act is Act.PROBLEM and is_substantial(one)]
        return next((one for one in troubles if self.reason is None or one.text != self.reason.text), None)

    @property
    def farewell(self) -> Utterance | None:
        """The customer's leave-taking, where the talk ended with one."""
        last = [one for one in self.said if _by_customer(one)][-3:]
        leaving = [one for one in last if one.act in (Act.CLOSING, Act.THANKS)]
        return leaving[-1] if leaving and last[-1].act in _AFTER_LEAVING else None


def read_case(snapshot: Snapshot) -> Case:
    """The case of a snapshot, read."""
    interactions = _interactions(snapshot)
    replaced = revisions(snapshot.interactions)
    said = tuple(one for one in utterances(interactions) if not is_replaced(one.text, one.interaction.seq, replaced))
    tool_calls = tuple(calls(interactions))
    return Case(
        interactions=interactions,
        said=said,
        calls=tool_calls,
        steps=steps(interactions, tool_calls, said),
        wishes=_wishes(said),
        at_hand=frozenset(one.interaction_id for one in snapshot.conversation),
        replaced=replaced,
        settled=_settled_elsewhere(snapshot, interactions),
    )


def _interactions(snapshot: Snapshot) -> tuple[Interaction, ...]:
    """The conversation with what led to it: link by link, as long as no pause is too long and nothing was settled."""
    start = min((one.occurred_at for one in snapshot.conversation), default=snapshot.now)
    names, topic = _names(snapshot.conversation), _topic(snapshot.conversation)
    chain: list[Interaction] = []
    for group in sorted(_by_conversation(snapshot.prior), key=lambda one: one[-1].occurred_at, reverse=True):
        pause = start - group[-1].occurred_at
        shared = bool(names & _names(group)) and pause <= SAME_THING_WITHIN
        owed = bool(_topic(group) & topic) and pause <= SAME_THING_WITHIN and _owes(utterances(group))
        if shared or owed or (pause <= SAME_CASE_WITHIN and not _settled(group) and _on_topic(group, topic)):
            chain.extend(group)
            start = min(start, group[0].occurred_at)
            names |= _names(group)
            topic |= _topic(group)
    together = sorted((*chain, *snapshot.conversation), key=lambda one: (one.occurred_at, one.seq))
    return tuple(without_secrets(together))


def _settled_elsewhere(snapshot: Snapshot, interactions: Sequence[Interaction]) -> frozenset[str]:
    """The interactions of other conversations that ended well."""
    own = {one.interaction_id for one in interactions}
    others = [
        group for group in _by_conversation(snapshot.prior) if own.isdisjoint(one.interaction_id for one in group)
    ]
    return frozenset(one.interaction_id for group in others if _settled(group) for one in group)


def without_secrets(interactions: Iterable[Interaction]) -> list[Interaction]:
    """Interactions as an agent may see them: cards by their last four digits, passwords and codes not at all."""
    rows = list(interactions)
    asked = questions_answered(rows)
    return [_shown(one, asked.get(one.interaction_id, "")) for one in rows]


def _shown(one: Interaction, answering: str) -> Interaction:
    if not _MAY_HOLD_A_SECRET.search(f"{answering} {one.text}"):
        return one
    redactor = Redactor(contacts=False)
    return one.model_copy(update={"text": redactor.restore(redactor.redact(one.text, answering=answering))})


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
    return ended_well and not failed and not _owes(said) and not any(one.act is Act.REFUSAL for one in said)


def _owes(said: Sequence[Utterance]) -> bool:
    """Whether bot or agent promised something that outlasts the talk."""
    return any(not _by_customer(one) and promised(one) is not None for one in said)


def _names(group: Sequence[Interaction]) -> set[str]:
    """What a conversation names by number or code, in words and in the data of its steps; not who the customer is."""
    said = {canonical(name.value) for one in group for name in mentions(one.text) if name.type in _NAMING}
    own = {canonical(held.value) for one in group for held in one.identifiers}
    given = (pair for one in group for pair in structured_names(dict(one.data)))
    return said | {canonical(value) for key, value in given if not is_of_person(key)} - own


def _wishes(said: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """What the customer wants or is troubled by, in order; a statement they open with is a trouble."""
    opening = _opening_statement(said)
    wanted = [
        one._replace(act=Act.PROBLEM) if one is opening and one.english else one
        for one in said
        if one is opening or (_by_customer(one) and one.act in _WANTING and is_substantial(one))
    ]
    if wanted:
        return tuple(wanted)
    foreign = [one for one in said if _by_customer(one) and not one.english and len(one.text.split()) > 3]
    theirs = [one for one in said if _by_customer(one) and not one.pasted]
    terse = [one for one in theirs if one.act in _WANTING and terms(one.text)]
    telling = [one for one in theirs if one.act is Act.INFORMATION and terms(one.text)]
    substantial = [one for one in telling if is_substantial(one)]
    return tuple((foreign or terse[-1:] or substantial or telling)[:1])


def _opening_statement(said: Sequence[Utterance]) -> Utterance | None:
    """What the customer told in the first message that tells anything, where nothing was asked or reported in it."""
    for place, one in enumerate(said):
        if not _by_customer(one) or not (opens_a_matter(one) or (one.act in _WANTING and is_substantial(one))):
            continue
        message = [each for each in said[place:] if each.interaction is one.interaction]
        asks = any(each.act in _WANTING and is_substantial(each) and not asks_for_person(each.text) for each in message)
        return None if asks or one.act is not Act.INFORMATION else one
    return None


def _by_customer(said: Utterance) -> bool:
    return said.interaction.actor is Actor.CUSTOMER
