"""The case at hand: the conversation, and what led to it on other channels, read once for all parts of the brief."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.briefs.linked_conversations import EarlierTalk
from app.briefs.people import People
from app.briefs.quoted_replies import NO_REPLIES, QuotedReplies
from app.briefs.reading import Call, Utterance, of_two_people
from app.briefs.repetition import Coverage, plain
from app.briefs.revocations import Revocation
from app.briefs.sentence_roles import (
    LEAVING,
    MASK,
    MATTERS,
    SURE,
    WANTING,
    added_to_a_matter,
    asks_for_person,
    is_bare,
    is_beside,
    may_be_key,
    may_name,
    only_asks_for_person,
    shown_share,
    tells,
    terse,
    wants,
)
from app.briefs.steps import AttemptedStep
from app.briefs.superseded_values import Revision
from app.briefs.surroundings import around
from app.briefs.unread import newest_unread
from app.briefs.wishes import UNSETTLED, Wish, WishState
from app.models import Interaction
from app.nlu import Act
from app.nlu.closings import akin
from app.nlu.persons import leans_on_somebody
from app.nlu.promises import hands_on
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
_NEAR_ANTECEDENT = 6
_LATEST_QUESTIONS = 3
# Of its weight as the reason this is left to a wish that is added to it.
_ADDED_SHARE = 0.25
_NOTHING = Weighed(0.0, 0.0)


@dataclass(frozen=True)
class Case:
    """One case, read: who said what, what was tried, what was wanted.

    What has been `replaced` since is not in `utterances`; `earlier` are the conversations that went before, and
    `revoked` is what our side had done or promised and the customer took back.
    """

    interactions: tuple[Interaction, ...]
    utterances: tuple[Utterance, ...]
    calls: tuple[Call, ...]
    steps: tuple[AttemptedStep, ...]
    checks: tuple[AttemptedStep, ...]
    wishes: tuple[Wish, ...]
    at_hand: frozenset[str]
    replaced: tuple[Revision, ...]
    earlier: tuple[EarlierTalk, ...] = ()
    revoked: tuple[Revocation, ...] = ()
    replies: QuotedReplies = NO_REPLIES

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
        return best or self._last_withdrawal or self.person_wanted or terse(self.utterances)

    @cached_property
    def people(self) -> People:
        """Who spoke on the customer's side."""
        return People(self.utterances)

    @cached_property
    def reasons(self) -> tuple[Utterance, ...]:
        """The reason, another sentence that tells nearly as much of it, and what stands around them; in order."""
        reason = self.reason
        if reason is None:
            return ()
        elsewhere = {id(expectation) for expectation in self.expectations}
        closing = [wish.closed_by for wish in self.wishes if wish.state is WishState.WITHDRAWN and wish.closed_by]
        takes_back = any(closed.interaction is reason.interaction and closed.text == reason.text for closed in closing)
        if id(reason) in elsewhere and (takes_back or len(reason.text.split()) > _LONGEST_TOLD_AGAIN):
            # It is told as what is wanted; what led to it is told as the reason.
            reason = self._led_to(reason, elsewhere, takes_back=takes_back) or reason
        core = self._core(reason)
        if len(core) > 1 and sum(len(utterance.text.split()) for utterance in core) > REASON_WORDS:
            return core
        hidden = elsewhere | self._telling(WishState.WITHDRAWN) | self._done_beside | self._added
        return around(
            core,
            self.utterances,
            REASON_WORDS,
            lambda utterance: tells(utterance) and not is_bare(utterance) and id(utterance) not in hidden,
        )

    def _led_to(self, reason: Utterance, elsewhere: Collection[int], *, takes_back: bool) -> Utterance | None:
        """What else the customer told that led to a wish; of one that takes another back, any trouble they told."""
        others = [utterance for utterance in self._standing if id(utterance) not in elsewhere]
        if takes_back:
            return self._key_sentence(other for other in others if other.act in _TELLING)
        beside = [utterance for utterance in others if is_beside(utterance, reason)]
        return self._key_sentence(other for other in beside if self.weight(other) >= _LEAST_SECOND)

    def antecedent(self, utterance: Utterance) -> Utterance | None:
        """The sentence that names whom another is about, where that says only `he` or `her`; the customer's own."""
        if not utterance.by_customer or not leans_on_somebody(utterance.text):
            return None
        position = self._places[id(utterance)]
        for earlier in reversed(self.utterances[max(0, position - _NEAR_ANTECEDENT) : position]):
            same_talk = earlier.interaction.conversation_id == utterance.interaction.conversation_id
            is_own = earlier.by_customer and same_talk and not of_two_people(earlier, utterance)
            if is_own and may_name(earlier) and not leans_on_somebody(earlier.text):
                return earlier
        return None

    def _core(self, reason: Utterance) -> tuple[Utterance, ...]:
        eligible = [utterance for utterance in self._standing if may_be_key(utterance) and not is_bare(utterance)]
        if of_others := self.people.beside(reason, eligible, self.weight, _LEAST_KEY):
            chosen = {id(utterance) for utterance in (reason, *of_others)}
            return tuple(utterance for utterance in self.utterances if id(utterance) in chosen)
        elsewhere = {id(utterance) for utterance in (reason, *self.expectations)} | self._added
        others = [
            utterance for utterance in self._open if id(utterance) not in elsewhere and is_beside(utterance, reason)
        ]
        others = [other for other in others if plain(other.text) != plain(reason.text)]
        least = max(_LEAST_SECOND, _NEARLY * self.weight(reason))
        second = self._key_sentence(other for other in others if self.weight(other) >= least)
        if second is None:  # what led to a wish often stands beside it
            beside = [other for other in others if other.interaction is reason.interaction and other.act in _TELLING]
            second = self._key_sentence(utterance for utterance in beside if len(utterance.terms) >= _FEWEST_WORDS)
        chosen = {id(utterance) for utterance in (reason, second, self.antecedent(reason)) if utterance is not None}
        return tuple(utterance for utterance in self.utterances if id(utterance) in chosen)

    def weight(self, utterance: Utterance) -> float:
        """How likely a customer's sentence tells why they came, beside what else they say.

        A wish that says of itself that it comes on top of a matter is not the matter that was told before it.
        """
        share = _ADDED_SHARE if id(utterance) in self._added else 1.0
        return self._weighed.get(id(utterance), _NOTHING).reason * shown_share(utterance) * share

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

    @cached_property
    def _added(self) -> frozenset[int]:
        likely = {name: each.reason for name, each in self._weighed.items()}
        return frozenset(map(id, added_to_a_matter(self.utterances, likely, _KEY_AT_HAND)))

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
        share = _ADDED_SHARE if id(utterance) in self._added else 1.0
        return share * self.wanted(utterance) + _AS_REASON * self.weight(utterance)

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
    def _done_beside(self) -> set[int]:
        """The ids of the sentences that tell what is done, where something else is open."""
        return set(map(id, self._standing)) - set(map(id, self._open))

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

        A person, where nothing else is asked for. In a language that is not read, all of the newest message. Who asks
        `And the invoice?` at the end wants what they told of it.
        """
        if unread := newest_unread(self.utterances):
            return unread
        if (asked_again := self._asked_again) is not None:
            return asked_again
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
        if of_others := self.people.beside(best, unsettled, self.wanted, _LEAST_WANTED):
            chosen = {id(utterance) for utterance in (best, *of_others)}
            return tuple(utterance for utterance in self.utterances if id(utterance) in chosen)
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

    @cached_property
    def _asked_again(self) -> tuple[Utterance, Utterance] | None:
        """The last question, where it is too short to tell what is wanted, with the open matter that it returns to."""
        last = [utterance for utterance in self.utterances if utterance.by_customer][-_LATEST_QUESTIONS:]
        closed = self._telling(WishState.DONE, WishState.WITHDRAWN)
        for question in reversed(last):
            if question.act is not Act.QUESTION or not is_bare(question) or not question.terms:
                continue
            earlier = [
                utterance
                for utterance in self.utterances[: self._places[id(question)]]
                if utterance.by_customer
                and utterance.interaction is not question.interaction
                and id(utterance) not in closed
                and utterance.act in MATTERS
                and tells(utterance)
                and not is_bare(utterance)
                and akin(utterance.terms, question.terms)
            ]
            if earlier:
                return max(earlier, key=self.prominence), question
        return None

    @property
    def _unsettled(self) -> list[Utterance]:
        """What the customer says that may tell a wish, but for those that are done or taken back."""
        closed = self._telling(*(state for state in WishState if state not in UNSETTLED))
        own = [utterance for utterance in self.utterances if utterance.by_customer and id(utterance) not in closed]
        open_wishes = self._telling(*UNSETTLED)
        wanting = (utterance for utterance in own if wants(utterance) or id(utterance) in open_wishes)
        return [utterance for utterance in wanting if tells(utterance) and not is_bare(utterance)]

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
        numbered = enumerate(self.utterances)
        questions = [index for index, each in numbered if each.by_customer and each.act is Act.QUESTION]
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
        """What bot or agent told last that says something of the matter, and that was not taken back."""
        revoked = {*(id(revocation.ours) for revocation in self.revoked), *map(id, self.replies.quoted)}
        findings = [
            utterance
            for utterance in self.utterances
            if not utterance.by_customer
            and utterance.act in (Act.REPORT, Act.ANSWER, Act.REFUSAL, Act.OFFER, Act.CONDITION)
            and utterance.reading.boilerplate < SURE
            and utterance.reading.telling >= _LEAST_FINDING
            and MASK not in utterance.text
            and not hands_on(utterance.text)
            and id(utterance) not in revoked
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
        quoted = {plain(utterance.text) for utterance in self.utterances if id(utterance) in said_above}
        room = words
        for weight, utterance in sorted(others, key=lambda pair: -pair[0]):
            together = [
                part
                for part in self._with_what_it_leans_on(utterance)
                if id(part) not in chosen | said_above | back and plain(part.text) not in quoted
            ]
            length = sum(len(part.text.split()) + 1 for part in together)  # each with a dash
            fits = weight >= _LEAST_TELLING and length <= room and id(utterance) not in chosen
            if fits and together:
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
        # Who thanks for one thing and answers what was asked of another goes on.
        if last and last[-1].act is Act.ANSWER and last[-1].setting.answers_question and not is_bare(last[-1]):
            return None
        if not leaving or last[-1].act not in _AFTER_LEAVING:
            return None
        open_to_others = any(
            of_two_people(wish.utterance, leaving[-1]) for wish in self.wishes if wish.state in UNSETTLED
        )
        return None if open_to_others else leaving[-1]
