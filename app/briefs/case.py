"""The case at hand: the conversation, and what led to it on other channels, read once for all parts of the brief."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.briefs.linked_conversations import linked_interactions, settled_elsewhere
from app.briefs.llm.instructions import without_instructions
from app.briefs.reading import Call, Utterance, calls, utterances
from app.briefs.repetition import Coverage, plain
from app.briefs.sentence_roles import (
    EMPTY,
    LEAVING,
    MASK,
    MATTERS,
    SURE,
    WANTING,
    asks_for_person,
    is_bare,
    may_be_key,
    only_asks_for_person,
    shown_share,
    tells,
    wants,
)
from app.briefs.steps import AttemptedStep, steps
from app.briefs.superseded_values import Revision, is_replaced, revisions
from app.briefs.surroundings import around
from app.briefs.wishes import UNSETTLED, Wish, WishState, wishes
from app.models import Interaction, Kind, Snapshot
from app.nlu import Act
from app.nlu.promises import hands_on
from app.nlu.reasons import Weighed, weighed
from app.nlu.sentences import sentences

# So sure must be what a quotation is called: refused, or taken back.
SURE_OF_LABEL = 0.85
_AFTER_LEAVING = (*LEAVING, Act.PROMISE, Act.ANSWER, Act.OTHER)
_TELLING = (Act.REPORT, Act.COMPLAINT)
# A sentence that is less likely than this to say why somebody came is quoted as the reason only for want of others.
_LEAST_KEY = 0.03
_KEY_AT_HAND = 0.3
_NEARLY = 0.35
_LEAST_SECOND = 0.2
_FEWEST_WORDS = 3
_LATEST_FINDINGS = 4
# Each sentence that a finding is told later counts so much for it.
_LATER = 0.02
_LEAST_TELLING, _LEAST_FINDING = 0.04, 0.02
_LEANING_WORDS = 7
# What the customer told last counts so much more.
_NEWEST = 0.3
REASON_WORDS = 36
EXPECTATION_WORDS = 30
_LONGEST_TOLD_AGAIN = 18
_LEAST_WANTED, _NEARLY_WANTED, _OTHERS_WANTED, _AS_REASON = 0.12, 0.6, 0.35, 1.0
_PERSON_SHARE = 0.4
_NOTHING = Weighed(0.0, 0.0)


@dataclass(frozen=True)
class Case:
    """One case, read: who said what, what was tried, what was wanted.

    What has been `replaced` since is not in `utterances`; `settled` are the interactions of other conversations that
    ended well.
    """

    interactions: tuple[Interaction, ...]
    utterances: tuple[Utterance, ...]
    calls: tuple[Call, ...]
    steps: tuple[AttemptedStep, ...]
    wishes: tuple[Wish, ...]
    at_hand: frozenset[str]
    replaced: tuple[Revision, ...]
    settled: frozenset[str]

    @cached_property
    def reason(self) -> Utterance | None:
        """The sentence that tells best why the customer came: of the conversation at hand, else of what led to it.

        A wish for a person says nothing of the matter, so it counts only where there is nothing else.
        """
        standing = self._open
        here = self._key_sentence(
            utterance for utterance in standing if utterance.interaction.interaction_id in self.at_hand
        )
        best = here if here and self.weight(here) >= _KEY_AT_HAND else self._key_sentence(standing)
        return best or self._last_withdrawal or self.person_wanted or _terse(self.utterances)

    @cached_property
    def reasons(self) -> tuple[Utterance, ...]:
        """The reason, another sentence that tells nearly as much of it, and what stands around them; in order."""
        reason = self.reason
        if reason is None:
            return ()
        elsewhere = {id(expectation) for expectation in self.expectations}
        if id(reason) in elsewhere and len(reason.text.split()) > _LONGEST_TOLD_AGAIN:
            # It is told as what is wanted; what led to it is told as the reason.
            others = [
                utterance
                for utterance in self._standing
                if id(utterance) not in elsewhere and _is_beside(utterance, reason)
            ]
            led = self._key_sentence(other for other in others if self.weight(other) >= _LEAST_SECOND)
            reason = led or reason
        core = self._core(reason)
        if len(core) > 1 and sum(len(utterance.text.split()) for utterance in core) > REASON_WORDS:
            return core
        hidden = elsewhere | self._telling(WishState.WITHDRAWN)
        return around(
            core,
            self.utterances,
            REASON_WORDS,
            lambda utterance: tells(utterance) and not is_bare(utterance) and id(utterance) not in hidden,
        )

    def _core(self, reason: Utterance) -> tuple[Utterance, ...]:
        elsewhere = {id(utterance) for utterance in (reason, *self.expectations)}
        others = [
            utterance
            for utterance in self._standing
            if id(utterance) not in elsewhere and _is_beside(utterance, reason)
        ]
        others = [other for other in others if plain(other.text) != plain(reason.text)]
        least = max(_LEAST_SECOND, _NEARLY * self.weight(reason))
        second = self._key_sentence(other for other in others if self.weight(other) >= least)
        if second is None:  # what led to a wish often stands beside it
            beside = [other for other in others if other.interaction is reason.interaction and other.act in _TELLING]
            second = self._key_sentence(utterance for utterance in beside if len(utterance.terms) >= _FEWEST_WORDS)
        return tuple(utterance for utterance in self.utterances if utterance is reason or utterance is second)

    def weight(self, utterance: Utterance) -> float:
        """How likely a customer's sentence tells why they came, beside what else they say."""
        return self._weighed.get(id(utterance), _NOTHING).reason * shown_share(utterance)

    def wanted(self, utterance: Utterance) -> float:
        """How likely a customer's sentence tells what they still want; the matter before who is to see to it."""
        likely = self._weighed.get(id(utterance), _NOTHING).wanted * shown_share(utterance)
        return likely * (_PERSON_SHARE if asks_for_person(utterance) else 1.0)

    @cached_property
    def _weighed(self) -> Mapping[int, Weighed]:
        weighed_by_id: dict[int, Weighed] = {}
        by_conversation: dict[str | None, list[Utterance]] = {}
        for utterance in self.utterances:
            if utterance.by_customer and not utterance.pasted:
                by_conversation.setdefault(utterance.interaction.conversation_id, []).append(utterance)
        for own in by_conversation.values():
            likely = weighed([(utterance.text, utterance.setting, utterance.reading) for utterance in own])
            weighed_by_id.update(zip(map(id, own), likely, strict=True))
        return weighed_by_id

    def _key_sentence(self, candidates: Iterable[Utterance]) -> Utterance | None:
        """The customer's sentence that most likely tells why they came; of equals the first."""
        eligible = [
            utterance
            for utterance in candidates
            if utterance.by_customer and may_be_key(utterance) and not is_bare(utterance)
        ]
        best = max(eligible, key=self.weight, default=None)
        return best if best is not None and self.weight(best) >= _LEAST_KEY else None

    @property
    def matters(self) -> Sequence[Utterance]:
        """What names the matter best: what is still wanted, or the reason, before what else was told."""
        others = [
            utterance
            for utterance in self._standing
            if utterance.by_customer and tells(utterance) and not is_bare(utterance)
        ]
        others = [other for other in others if other.act in MATTERS]
        reason, before = self.reason, self.before
        leads = before is not None and (reason is None or self.weight(reason) < min(_KEY_AT_HAND, self.weight(before)))
        first = [
            utterance for utterance in (reason, before if leads else None, *self.expectations) if utterance is not None
        ]
        named = [utterance for utterance in first if not only_asks_for_person(utterance)]
        ordered = sorted(named, key=self.prominence, reverse=True)
        return [*ordered, *sorted(others, key=self.prominence, reverse=True)]

    def prominence(self, utterance: Utterance) -> float:
        """How much a sentence tells of what the agent has to see to: what is wanted, and why."""
        return self.wanted(utterance) + _AS_REASON * self.weight(utterance)

    @property
    def only_asks_for_person(self) -> bool:
        """Whether all that is wanted is a person, and for nothing that is told."""
        return bool(self.expectations) and all(only_asks_for_person(expectation) for expectation in self.expectations)

    @cached_property
    def _standing(self) -> list[Utterance]:
        """What was said, but for the wishes that were taken back."""
        back = self._telling(WishState.WITHDRAWN)
        return [utterance for utterance in self.utterances if id(utterance) not in back]

    @cached_property
    def _open(self) -> list[Utterance]:
        """What stands and is not done, where any of it tells why the customer came."""
        done = self._telling(WishState.DONE)
        left = [utterance for utterance in self._standing if id(utterance) not in done]
        best = self._key_sentence(left)
        return left if best is not None and self.weight(best) >= _KEY_AT_HAND else self._standing

    @property
    def taken_back(self) -> Iterable[Utterance]:
        """The sentences of the wishes that were taken back, and those that took them back."""
        for wish in self.wishes:
            if wish.state is WishState.WITHDRAWN:
                yield from wish.sentences
                if wish.closed_by is not None:
                    yield wish.closed_by

    @cached_property
    def _last_withdrawal(self) -> Utterance | None:
        back = [wish.closed_by for wish in self.wishes if wish.state is WishState.WITHDRAWN]
        return back[-1] if back else None

    @cached_property
    def utterances_by_interaction(self) -> Mapping[str, Sequence[Utterance]]:
        """What was said in each interaction."""
        by_interaction: dict[str, list[Utterance]] = {}
        for utterance in self.utterances:
            by_interaction.setdefault(utterance.interaction.interaction_id, []).append(utterance)
        return by_interaction

    def follows(self, earlier: Utterance, later: Utterance) -> bool:
        """Whether a sentence was said right after another."""
        same_talk = earlier.interaction.conversation_id == later.interaction.conversation_id
        return same_talk and self._places[id(later)] == self._places[id(earlier)] + 1

    def is_of_earlier_day(self, utterance: Utterance) -> bool:
        """Whether something was said on a day before the last one of the case."""
        last = self.interactions[-1].occurred_at
        return utterance.interaction.occurred_at.astimezone(last.tzinfo).date() < last.date()

    @cached_property
    def before(self) -> Utterance | None:
        """The sentence that tells best what the customer had come for earlier, on the way to the conversation."""
        earlier = [
            utterance for utterance in self._standing if utterance.interaction.interaction_id not in self.at_hand
        ]
        best = self._key_sentence(utterance for utterance in earlier if MASK not in utterance.text)
        return None if best is self.reason else best

    @cached_property
    def expectations(self) -> tuple[Utterance, ...]:
        """What the customer still wants: the likeliest sentence and, where another is nearly as likely, that too.

        A person, where nothing else is asked for.
        """
        newest = self.utterances[-1].interaction.conversation_id if self.utterances else None
        unsettled = self._unsettled
        candidates = [
            utterance for utterance in unsettled if utterance.interaction.conversation_id == newest
        ] or unsettled
        best = max(candidates, key=self.wanted, default=None)
        if best is None or self.wanted(best) < _LEAST_WANTED:
            return (self.person_wanted,) if self.person_wanted is not None else ()
        if best is self.reason:  # what was told already says less than another wish
            least = _OTHERS_WANTED * self.wanted(best)
            fresh = [
                utterance
                for utterance in candidates
                if utterance is not best and utterance.act in WANTING and self.wanted(utterance) >= least
            ]
            best = max(fresh, key=self.wanted, default=best)
        least = _NEARLY_WANTED * self.wanted(best)
        others = [
            utterance
            for utterance in candidates
            if utterance not in (best, self.reason) and self.wanted(utterance) >= least
        ]
        others = [other for other in others if plain(other.text) != plain(best.text)]
        second = max(others, key=self.wanted, default=None)
        if second is not None and len(f"{best.text} {second.text}".split()) > EXPECTATION_WORDS:
            second = None
        return tuple(utterance for utterance in self.utterances if utterance is best or utterance is second)

    @property
    def _unsettled(self) -> list[Utterance]:
        """What the customer says that may tell a wish, but for those that are done or taken back."""
        closed = self._telling(*(state for state in WishState if state not in UNSETTLED))
        own = [utterance for utterance in self.utterances if utterance.by_customer and id(utterance) not in closed]
        return [utterance for utterance in own if tells(utterance) and wants(utterance) and not is_bare(utterance)]

    def _telling(self, *states: WishState) -> set[int]:
        """The ids of the sentences that tell a wish in one of these states."""
        return {id(sentence) for wish in self.wishes if wish.state in states for sentence in wish.sentences}

    @cached_property
    def person_wanted(self) -> Utterance | None:
        """The last time the customer asked for a person."""
        before, asked = "", None
        for utterance in self.utterances:
            if not utterance.by_customer:
                before = utterance.text
            elif not utterance.pasted and asks_for_person(utterance, before):
                asked = utterance
        return asked

    @cached_property
    def refusals(self) -> list[Utterance]:
        """What bots and agents said cannot be done."""
        return [
            utterance
            for utterance in self.utterances
            if not utterance.by_customer
            and utterance.reading.acts[Act.REFUSAL] >= SURE_OF_LABEL
            and utterance.reading.boilerplate < SURE
            and MASK not in utterance.text
        ]

    @cached_property
    def answer(self) -> Utterance | None:
        """What bot or agent told in reply to the customer's last question, where it was no no and no promise."""
        questions = [
            index
            for index, utterance in enumerate(self.utterances)
            if utterance.by_customer and utterance.act is Act.QUESTION
        ]
        if not questions:
            return None
        reply = next((utterance for utterance in self.utterances[questions[-1] :] if not utterance.by_customer), None)
        replies = [utterance for utterance in self.utterances if reply and utterance.interaction is reply.interaction]
        informing = [
            utterance
            for utterance in replies
            if utterance.act in (Act.REPORT, Act.ANSWER) and utterance.reading.boilerplate < SURE
        ]
        return informing[0] if informing and len(informing) == len(replies) else None

    @cached_property
    def finding(self) -> Utterance | None:
        """What bot or agent told last that says something of the matter."""
        findings = [
            utterance
            for utterance in self.utterances
            if not utterance.by_customer
            and utterance.act in (Act.REPORT, Act.ANSWER, Act.REFUSAL, Act.OFFER, Act.CONDITION)
            and utterance.reading.boilerplate < SURE
            and utterance.reading.telling >= _LEAST_FINDING
            and MASK not in utterance.text
            and not hands_on(utterance.text)
            and len(utterance.terms) >= _FEWEST_WORDS
        ]
        latest = findings[-_LATEST_FINDINGS:]
        return max(
            latest, key=lambda utterance: utterance.reading.telling + _LATER * self._places[id(utterance)], default=None
        )

    def also_told(self, above: Iterable[Utterance], words: int) -> tuple[Utterance, ...]:
        """What the customer told besides, the most telling first, within so many words; in order."""
        said_above = {id(utterance) for utterance in above}
        coverage = Coverage([utterance.text for utterance in self.utterances if id(utterance) in said_above])
        newest = self.utterances[-1].interaction if self.utterances else None
        last = {
            id(utterance) for utterance in self.utterances if utterance.by_customer and utterance.interaction is newest
        }
        others = [
            (utterance.reading.telling + (_NEWEST if id(utterance) in last else 0.0), utterance)
            for utterance in self._standing
            if utterance.by_customer
            and id(utterance) not in said_above
            and tells(utterance)
            and (len(utterance.text.split()) >= _FEWEST_WORDS or utterance.act is Act.REQUEST)
            and not coverage.repeats(utterance.text)
        ]
        back = self._telling(WishState.WITHDRAWN)
        chosen: set[int] = set()
        quoted: set[str] = set()
        room = words
        for weight, utterance in sorted(others, key=lambda pair: -pair[0]):
            together = [
                part for part in self._with_what_it_leans_on(utterance) if id(part) not in chosen | said_above | back
            ]
            length = sum(len(part.text.split()) + 1 for part in together)  # each with a dash
            fits = weight >= _LEAST_TELLING and length <= room and id(utterance) not in chosen
            if fits and plain(utterance.text) not in quoted:
                chosen.update(map(id, together))
                quoted.update(plain(part.text) for part in together)
                room -= length
        return tuple(utterance for utterance in self.utterances if id(utterance) in chosen)

    def _with_what_it_leans_on(self, utterance: Utterance) -> Sequence[Utterance]:
        """A short sentence with the one before it in the same message: `Please do not touch that` leans on it."""
        index = self._places[id(utterance)]
        before = self.utterances[index - 1] if index else None
        leans = len(utterance.text.split()) <= _LEANING_WORDS
        if before is None or not leans or before.interaction is not utterance.interaction or not tells(before):
            return (utterance,)
        return (before, utterance)

    @cached_property
    def _places(self) -> Mapping[int, int]:
        return {id(utterance): index for index, utterance in enumerate(self.utterances)}

    @cached_property
    def farewell(self) -> Utterance | None:
        """The customer's leave-taking, where the talk ended with one."""
        last = [utterance for utterance in self.utterances if utterance.by_customer][-3:]
        leaving = [utterance for utterance in last if utterance.act in LEAVING]
        return leaving[-1] if leaving and last[-1].act in _AFTER_LEAVING else None


def read_case(snapshot: Snapshot) -> Case:
    """The case of a snapshot, read."""
    interactions = linked_interactions(snapshot)
    replaced = revisions(snapshot.interactions)
    current = tuple(
        utterance
        for utterance in own_utterances(interactions)
        if not is_replaced(utterance.text, utterance.interaction.seq, replaced)
    )
    tool_calls = tuple(calls(interactions))
    return Case(
        interactions=interactions,
        utterances=current,
        calls=tool_calls,
        steps=(taken := steps(interactions, tool_calls, current)),
        wishes=wishes(current, taken),
        at_hand=frozenset(interaction.interaction_id for interaction in snapshot.conversation),
        replaced=replaced,
        settled=settled_elsewhere(snapshot, interactions),
    )


def own_utterances(interactions: Sequence[Interaction]) -> Iterator[Utterance]:
    """What was said, but for the sentences that address a machine: nobody who tells of the case says those."""
    cleaned = {row.interaction_id: without_instructions(row).text for row in interactions if row.kind is Kind.MESSAGE}
    changed = {
        row.interaction_id: frozenset(sentences(cleaned[row.interaction_id]))
        for row in interactions
        if cleaned.get(row.interaction_id, row.text) != row.text
    }
    for utterance in utterances(interactions):
        remaining = changed.get(utterance.interaction.interaction_id)
        if remaining is None or utterance.text in remaining:
            yield utterance


def _is_beside(utterance: Utterance, reason: Utterance) -> bool:
    """Whether a sentence belongs to the same telling, of the same conversation, and may be shown."""
    here = utterance.interaction.conversation_id == reason.interaction.conversation_id
    return here and utterance.act in MATTERS and MASK not in utterance.text


def _terse(candidates: Sequence[Utterance]) -> Utterance | None:
    """Any sentence of the customer's that tells something, where none tells why they came."""
    telling = [
        utterance
        for utterance in candidates
        if utterance.by_customer and not utterance.pasted and utterance.act not in EMPTY and utterance.terms
    ]
    return max(telling, key=lambda utterance: utterance.reading.key, default=None)
