"""The case at hand: the conversation, and what led to it on other channels, read once for all parts of the brief."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.briefs.instructions import without_instructions
from app.briefs.linking import linked_interactions, settled_elsewhere
from app.briefs.passages import around
from app.briefs.reading import Call, Utterance, calls, utterances
from app.briefs.repetition import Telling, plain
from app.briefs.revisions import Revision, is_replaced, revisions
from app.briefs.steps import Step, steps
from app.briefs.telling import (
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
from app.briefs.wishes import UNSETTLED, Wish, WishState, wishes
from app.language.promises import hands_on
from app.language.sentences import sentences
from app.language.words import terms
from app.models import Interaction, Kind, Snapshot
from app.nlu import Act
from app.nlu.reasons import Weighed, weighed

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

    What has been `replaced` since is not `said`; `settled` are the interactions of other conversations that ended well.
    """

    interactions: tuple[Interaction, ...]
    said: tuple[Utterance, ...]
    calls: tuple[Call, ...]
    steps: tuple[Step, ...]
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
        here = self._key_sentence(one for one in standing if one.interaction.interaction_id in self.at_hand)
        best = here if here and self.weight(here) >= _KEY_AT_HAND else self._key_sentence(standing)
        return best or self._last_withdrawal or self.person_wanted or _terse(self.said)

    @cached_property
    def reasons(self) -> tuple[Utterance, ...]:
        """The reason, another sentence that tells nearly as much of it, and what stands around them; in order."""
        reason = self.reason
        if reason is None:
            return ()
        elsewhere = {id(one) for one in self.expectations}
        if id(reason) in elsewhere and len(reason.text.split()) > _LONGEST_TOLD_AGAIN:
            # It is told as what is wanted; what led to it is told as the reason.
            others = [one for one in self._standing if id(one) not in elsewhere and _is_beside(one, reason)]
            led = self._key_sentence(one for one in others if self.weight(one) >= _LEAST_SECOND)
            reason = led or reason
        core = self._core(reason)
        if len(core) > 1 and sum(len(one.text.split()) for one in core) > REASON_WORDS:
            return core
        hidden = elsewhere | self._telling(WishState.WITHDRAWN)
        return around(
            core, self.said, REASON_WORDS, lambda one: tells(one) and not is_bare(one) and id(one) not in hidden
        )

    def _core(self, reason: Utterance) -> tuple[Utterance, ...]:
        elsewhere = {id(one) for one in (reason, *self.expectations)}
        others = [one for one in self._standing if id(one) not in elsewhere and _is_beside(one, reason)]
        others = [one for one in others if plain(one.text) != plain(reason.text)]
        least = max(_LEAST_SECOND, _NEARLY * self.weight(reason))
        second = self._key_sentence(one for one in others if self.weight(one) >= least)
        if second is None:  # what led to a wish often stands beside it
            beside = [one for one in others if one.interaction is reason.interaction and one.act in _TELLING]
            second = self._key_sentence(one for one in beside if len(terms(one.text)) >= _FEWEST_WORDS)
        return tuple(one for one in self.said if one is reason or one is second)

    def weight(self, said: Utterance) -> float:
        """How likely a customer's sentence tells why they came, beside what else they say."""
        return self._weighed.get(id(said), _NOTHING).reason * shown_share(said)

    def wanted(self, said: Utterance) -> float:
        """How likely a customer's sentence tells what they still want; the matter before who is to see to it."""
        likely = self._weighed.get(id(said), _NOTHING).wanted * shown_share(said)
        return likely * (_PERSON_SHARE if asks_for_person(said) else 1.0)

    @cached_property
    def _weighed(self) -> Mapping[int, Weighed]:
        found: dict[int, Weighed] = {}
        by_conversation: dict[str | None, list[Utterance]] = {}
        for one in self.said:
            if one.by_customer and not one.pasted:
                by_conversation.setdefault(one.interaction.conversation_id, []).append(one)
        for own in by_conversation.values():
            likely = weighed([(one.text, one.setting, one.reading) for one in own])
            found.update(zip(map(id, own), likely, strict=True))
        return found

    def _key_sentence(self, said: Iterable[Utterance]) -> Utterance | None:
        """The customer's sentence that most likely tells why they came; of equals the first."""
        told = [one for one in said if one.by_customer and may_be_key(one) and not is_bare(one)]
        best = max(told, key=self.weight, default=None)
        return best if best is not None and self.weight(best) >= _LEAST_KEY else None

    @property
    def matters(self) -> Sequence[Utterance]:
        """What names the matter best: what is still wanted, or the reason, before what else was told."""
        told = [one for one in self._standing if one.by_customer and tells(one) and not is_bare(one)]
        told = [one for one in told if one.act in MATTERS]
        reason, before = self.reason, self.before
        leads = before is not None and (reason is None or self.weight(reason) < min(_KEY_AT_HAND, self.weight(before)))
        first = [one for one in (reason, before if leads else None, *self.expectations) if one is not None]
        named = [one for one in first if not only_asks_for_person(one)]
        ordered = sorted(named, key=self.prominence, reverse=True)
        return [*ordered, *sorted(told, key=self.prominence, reverse=True)]

    def prominence(self, said: Utterance) -> float:
        """How much a sentence tells of what the agent has to see to: what is wanted, and half as much why."""
        return self.wanted(said) + _AS_REASON * self.weight(said)

    @property
    def only_asks_for_person(self) -> bool:
        """Whether all that is wanted is a person, and for nothing that is told."""
        return bool(self.expectations) and all(only_asks_for_person(one) for one in self.expectations)

    @cached_property
    def _standing(self) -> list[Utterance]:
        """What was said, but for the wishes that were taken back."""
        back = self._telling(WishState.WITHDRAWN)
        return [one for one in self.said if id(one) not in back]

    @cached_property
    def _open(self) -> list[Utterance]:
        """What stands and is not done, where any of it tells why the customer came."""
        done = self._telling(WishState.DONE)
        left = [one for one in self._standing if id(one) not in done]
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
    def said_in(self) -> Mapping[str, Sequence[Utterance]]:
        """What was said in each interaction."""
        found: dict[str, list[Utterance]] = {}
        for one in self.said:
            found.setdefault(one.interaction.interaction_id, []).append(one)
        return found

    def follows(self, earlier: Utterance, later: Utterance) -> bool:
        """Whether a sentence was said right after another."""
        return self._places[id(later)] == self._places[id(earlier)] + 1

    def is_of_earlier_day(self, said: Utterance) -> bool:
        """Whether something was said on a day before the last one of the case."""
        return said.interaction.occurred_at.date() < self.interactions[-1].occurred_at.date()

    @cached_property
    def before(self) -> Utterance | None:
        """The sentence that tells best what the customer had come for earlier, on the way to the conversation."""
        earlier = [one for one in self._standing if one.interaction.interaction_id not in self.at_hand]
        found = self._key_sentence(one for one in earlier if MASK not in one.text)
        return None if found is self.reason else found

    @cached_property
    def expectations(self) -> tuple[Utterance, ...]:
        """What the customer still wants: the likeliest sentence and, where another is nearly as likely, that too.

        A person, where nothing else is asked for.
        """
        newest = self.said[-1].interaction.conversation_id if self.said else None
        unsettled = self._unsettled
        told = [one for one in unsettled if one.interaction.conversation_id == newest] or unsettled
        best = max(told, key=self.wanted, default=None)
        if best is None or self.wanted(best) < _LEAST_WANTED:
            return (self.person_wanted,) if self.person_wanted is not None else ()
        if best is self.reason:  # what was told already says less than another wish
            least = _OTHERS_WANTED * self.wanted(best)
            fresh = [one for one in told if one is not best and one.act in WANTING and self.wanted(one) >= least]
            best = max(fresh, key=self.wanted, default=best)
        least = _NEARLY_WANTED * self.wanted(best)
        others = [one for one in told if one not in (best, self.reason) and self.wanted(one) >= least]
        others = [one for one in others if plain(one.text) != plain(best.text)]
        second = max(others, key=self.wanted, default=None)
        if second is not None and len(f"{best.text} {second.text}".split()) > EXPECTATION_WORDS:
            second = None
        return tuple(one for one in self.said if one is best or one is second)

    @property
    def _unsettled(self) -> list[Utterance]:
        """What the customer says that may tell a wish, but for those that are done or taken back."""
        closed = self._telling(*(state for state in WishState if state not in UNSETTLED))
        own = [one for one in self.said if one.by_customer and id(one) not in closed]
        return [one for one in own if tells(one) and wants(one) and not is_bare(one)]

    def _telling(self, *states: WishState) -> set[int]:
        """The ids of the sentences that tell a wish in one of these states."""
        return {id(one) for wish in self.wishes if wish.state in states for one in wish.sentences}

    @cached_property
    def person_wanted(self) -> Utterance | None:
        """The last time the customer asked for a person."""
        before, asked = "", None
        for one in self.said:
            if not one.by_customer:
                before = one.text
            elif not one.pasted and asks_for_person(one, before):
                asked = one
        return asked

    @cached_property
    def refusals(self) -> list[Utterance]:
        """What bots and agents said cannot be done."""
        return [
            one
            for one in self.said
            if not one.by_customer
            and one.reading.acts[Act.REFUSAL] >= SURE_OF_LABEL
            and one.reading.boilerplate < SURE
            and MASK not in one.text
        ]

    @cached_property
    def answer(self) -> Utterance | None:
        """What bot or agent told in reply to the customer's last question, where it was no no and no promise."""
        questions = [place for place, one in enumerate(self.said) if one.by_customer and one.act is Act.QUESTION]
        if not questions:
            return None
        reply = next((one for one in self.said[questions[-1] :] if not one.by_customer), None)
        told = [one for one in self.said if reply and one.interaction is reply.interaction]
        informing = [one for one in told if one.act in (Act.REPORT, Act.ANSWER) and one.reading.boilerplate < SURE]
        return informing[0] if informing and len(informing) == len(told) else None

    @cached_property
    def finding(self) -> Utterance | None:
        """What bot or agent told last that says something of the matter."""
        told = [
            one
            for one in self.said
            if not one.by_customer
            and one.act in (Act.REPORT, Act.ANSWER, Act.REFUSAL, Act.OFFER, Act.CONDITION)
            and one.reading.boilerplate < SURE
            and one.reading.telling >= _LEAST_FINDING
            and MASK not in one.text
            and not hands_on(one.text)
            and len(terms(one.text)) >= _FEWEST_WORDS
        ]
        latest = told[-_LATEST_FINDINGS:]
        return max(latest, key=lambda one: one.reading.telling + _LATER * self._places[id(one)], default=None)

    def also_told(self, above: Iterable[Utterance], words: int) -> tuple[Utterance, ...]:
        """What the customer told besides, the most telling first, within so many words; in order."""
        said_above = {id(one) for one in above}
        told = Telling([one.text for one in self.said if id(one) in said_above])
        newest = self.said[-1].interaction if self.said else None
        last = {id(one) for one in self.said if one.by_customer and one.interaction is newest}
        others = [
            (one.reading.telling + (_NEWEST if id(one) in last else 0.0), one)
            for one in self._standing
            if one.by_customer
            and id(one) not in said_above
            and tells(one)
            and (len(one.text.split()) >= _FEWEST_WORDS or one.act is Act.REQUEST)
            and not told.repeats(one.text)
        ]
        back = self._telling(WishState.WITHDRAWN)
        chosen: set[int] = set()
        quoted: set[str] = set()
        room = words
        for weight, one in sorted(others, key=lambda pair: -pair[0]):
            together = [part for part in self._with_what_it_leans_on(one) if id(part) not in chosen | said_above | back]
            length = sum(len(part.text.split()) + 1 for part in together)  # each with a dash
            fits = weight >= _LEAST_TELLING and length <= room and id(one) not in chosen
            if fits and plain(one.text) not in quoted:
                chosen.update(map(id, together))
                quoted.update(plain(part.text) for part in together)
                room -= length
        return tuple(one for one in self.said if id(one) in chosen)

    def _with_what_it_leans_on(self, said: Utterance) -> Sequence[Utterance]:
        """A short sentence with the one before it in the same message: `Please do not touch that` leans on it."""
        place = self._places[id(said)]
        before = self.said[place - 1] if place else None
        leans = len(said.text.split()) <= _LEANING_WORDS
        if before is None or not leans or before.interaction is not said.interaction or not tells(before):
            return (said,)
        return (before, said)

    @cached_property
    def _places(self) -> Mapping[int, int]:
        return {id(one): place for place, one in enumerate(self.said)}

    @cached_property
    def farewell(self) -> Utterance | None:
        """The customer's leave-taking, where the talk ended with one."""
        last = [one for one in self.said if one.by_customer][-3:]
        leaving = [one for one in last if one.act in LEAVING]
        return leaving[-1] if leaving and last[-1].act in _AFTER_LEAVING else None


def read_case(snapshot: Snapshot) -> Case:
    """The case of a snapshot, read."""
    interactions = linked_interactions(snapshot)
    replaced = revisions(snapshot.interactions)
    said = tuple(
        one for one in own_utterances(interactions) if not is_replaced(one.text, one.interaction.seq, replaced)
    )
    tool_calls = tuple(calls(interactions))
    return Case(
        interactions=interactions,
        said=said,
        calls=tool_calls,
        steps=(taken := steps(interactions, tool_calls, said)),
        wishes=wishes(said, taken),
        at_hand=frozenset(one.interaction_id for one in snapshot.conversation),
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
    for one in utterances(interactions):
        kept = changed.get(one.interaction.interaction_id)
        if kept is None or one.text in kept:
            yield one


def _is_beside(one: Utterance, reason: Utterance) -> bool:
    """Whether a sentence belongs to the same telling, of the same conversation, and may be shown."""
    here = one.interaction.conversation_id == reason.interaction.conversation_id
    return here and one.act in MATTERS and MASK not in one.text


def _terse(said: Sequence[Utterance]) -> Utterance | None:
    """Any sentence of the customer's that tells something, where none tells why they came."""
    told = [one for one in said if one.by_customer and not one.pasted and one.act not in EMPTY and terms(one.text)]
    return max(told, key=lambda one: one.reading.key, default=None)
