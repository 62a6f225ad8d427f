"""Which earlier conversations belong to the case at hand, and their interactions as an agent may see them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, cast

from app.briefs.bot_handovers import without_handovers
from app.briefs.commitments import is_promise
from app.briefs.reading import Utterance, calls, utterances
from app.briefs.sentence_roles import LEAVING, MATTERS, SURE, asks_for_person
from app.briefs.steps import is_of_person
from app.caching import text_cache
from app.models import Interaction, Kind, Outcome, Snapshot
from app.nlu import Act
from app.nlu.closings import akin, is_trouble
from app.nlu.forwarded import PASSED_ON
from app.nlu.identifiers import canonical, mentions, structured_names
from app.nlu.read_rows import as_read
from app.privacy import Redactor, questions_answered
from app.privacy.spoken import most_spoken_digits, words_of

# Repeat contacts are counted within a week where first-contact resolution is measured.
SAME_CASE_WITHIN = timedelta(days=7)
SAME_THING_WITHIN = timedelta(days=30)
_NAMING = ("code", "number", "amount", "error_code")
_MAY_HOLD_A_SECRET = re.compile(
    r"(?:\d[ .-]?){9}|[A-Z]{2}\d{2}|pass|pwd|\bpins?\b|\bcv[vc]|code|\botps?\b|\btans?\b|contrase|senha"
    r"|wachtwoord|kennwort|codice|código"
    r"|secret|memorable|digits?\b",
    re.IGNORECASE,
)
# So many digits in words may be a card.
_FEWEST_DIGITS = 9
# A matter that ended well and is spoken of again in so many of its words did not end there.
_COMES_BACK = 2


def linked_interactions(snapshot: Snapshot, earlier: "Sequence[EarlierTalk]") -> tuple[Interaction, ...]:
    """The conversation with what led to it: link by link, as long as no pause is too long and nothing was settled."""
    start = min((interaction.occurred_at for interaction in snapshot.conversation), default=snapshot.now)
    now = EarlierTalk(snapshot.conversation)
    names, topic = set(now.names), set(now.topic)
    chain: list[Interaction] = []
    done: set[str] = set()  # what conversations were about that ended well: what led to those is settled too
    for talk in sorted(earlier, key=lambda talk: talk.ended_at, reverse=True):
        pause = start - talk.ended_at
        if pause > SAME_THING_WITHIN:
            break  # as are all that ended before it
        shared = bool(names & talk.names)
        owed = bool(talk.topic & topic) and talk.owes
        settled = talk.is_settled(snapshot.resolved)
        unsettled = not (settled or talk.topic & done) or len(talk.topic & topic) >= _COMES_BACK or _is_back(talk, now)
        if settled:
            done |= talk.topic
        if shared or owed or (pause <= SAME_CASE_WITHIN and unsettled and talk.is_on(topic)):
            chain.extend(talk.interactions)
            start = min(start, talk.interactions[0].occurred_at)
            names |= talk.names
            topic |= talk.topic
    together = sorted(
        (*chain, *snapshot.conversation), key=lambda interaction: (interaction.occurred_at, interaction.seq)
    )
    return tuple(without_secrets(without_handovers(together)))


def settled_elsewhere(
    earlier: "Sequence[EarlierTalk]", interactions: Sequence[Interaction], resolved: Collection[str]
) -> frozenset[str]:
    """The interactions of other conversations that ended well."""
    own = {interaction.interaction_id for interaction in interactions}
    others = [
        talk for talk in earlier if own.isdisjoint(interaction.interaction_id for interaction in talk.interactions)
    ]
    return frozenset(
        interaction.interaction_id for talk in others if talk.is_settled(resolved) for interaction in talk.interactions
    )


def without_secrets(interactions: Iterable[Interaction]) -> list[Interaction]:
    """Interactions as an agent may see them: cards by their last four digits, passwords and codes not at all."""
    rows = list(interactions)
    asked = questions_answered(rows)
    return [_shown(row, asked.get(row.interaction_id, "")) for row in rows]


def _shown(row: Interaction, answering: str) -> Interaction:
    bare = _letter_without_secrets(as_read(row))
    if not _may_hold_a_secret(answering) and not _may_hold_a_secret(bare.text):
        return bare
    redactor = Redactor(contacts=False)
    text = redactor.restore(redactor.redact(bare.text, answering=answering))
    return bare if text == bare.text else bare.model_copy(update={"text": text})


def _letter_without_secrets(row: Interaction) -> Interaction:
    """The row with the letter that it passes on as an agent may see that."""
    letter = row.data.get(PASSED_ON)
    if not isinstance(letter, Mapping):
        return row
    fields = cast(Mapping[str, Any], letter)
    redactor = Redactor(contacts=False)
    shown = {
        name: redactor.restore(redactor.redact(value)) if name in ("text", "subject") else value
        for name, value in fields.items()
    }
    return row.model_copy(update={"data": {**row.data, PASSED_ON: shown}})


@text_cache(maxsize=8192)
def _may_hold_a_secret(text: str) -> bool:
    return _MAY_HOLD_A_SECRET.search(text) is not None or most_spoken_digits(words_of(text)) >= _FEWEST_DIGITS


def _is_back(before: "EarlierTalk", now: "EarlierTalk") -> bool:
    """Whether a trouble that the customer called over is told again, of nothing that has another number."""
    if not any(utterance.by_customer and utterance.reading.relief >= SURE for utterance in before.spoken):
        return False
    other = before.names and now.names and not before.names & now.names
    return not other and any(akin(first.terms, second.terms) for first in before.troubles for second in now.troubles)


def earlier_talks(prior: Sequence[Interaction]) -> "list[EarlierTalk]":
    """What went before a conversation, by conversation; what has none, by channel."""
    groups: dict[str, list[Interaction]] = {}
    for interaction in prior:
        groups.setdefault(interaction.conversation_id or interaction.channel.value, []).append(interaction)
    return [EarlierTalk(group) for group in groups.values()]


@dataclass(frozen=True)
class EarlierTalk:
    """The interactions of one conversation; what they say is read when it is first asked for, and once."""

    interactions: Sequence[Interaction]

    @property
    def ended_at(self) -> datetime:
        """When its last interaction took place."""
        return self.interactions[-1].occurred_at

    @cached_property
    def spoken(self) -> Sequence[Utterance]:
        """Every sentence of it, in order."""
        return utterances(self.interactions)

    @cached_property
    def topic(self) -> frozenset[str]:
        """What the customer's words are about; nothing where they only asked for a person."""
        matters = [
            utterance
            for utterance in self.spoken
            if utterance.by_customer and utterance.act in MATTERS and not asks_for_person(utterance)
        ]
        return frozenset(term for utterance in matters for term in utterance.terms)

    @cached_property
    def names(self) -> frozenset[str]:
        """What is named by number or code, in words and in the data of steps; not who the customer is."""
        mentioned = {
            canonical(mention.value)
            for interaction in self.interactions
            for mention in mentions(interaction.text)
            if mention.type in _NAMING
        }
        own = {
            canonical(identifier.value) for interaction in self.interactions for identifier in interaction.identifiers
        }
        given = (pair for interaction in self.interactions for pair in structured_names(dict(interaction.data)))
        return frozenset(mentioned | {canonical(value) for key, value in given if not is_of_person(key)} - own)

    @cached_property
    def troubles(self) -> Sequence[Utterance]:
        """What the customer told of troubles."""
        return [each for each in self.spoken if each.by_customer and is_trouble(each.reading)]

    @cached_property
    def owes(self) -> bool:
        """Whether bot or agent promised something that outlasts the talk."""
        return any(not utterance.by_customer and is_promise(utterance) for utterance in self.spoken)

    def is_on(self, topic: Collection[str]) -> bool:
        """Whether it may be of the same matter; a conversation without words of its own may always be."""
        return not topic or not self.topic or not self.topic.isdisjoint(topic)

    def is_settled(self, resolved: Collection[str]) -> bool:
        """Whether it ended well: its customer took leave, its last step did not fail, no promise is open.

        What the platform calls resolved ended well, whatever was said.
        """
        if all(interaction.interaction_id in resolved for interaction in self.interactions):
            return True
        by_customer = [utterance for utterance in self.spoken if utterance.by_customer]
        events = [row.outcome for row in self.interactions if row.kind is Kind.EVENT and row.outcome]
        outcomes = events + [call.outcome for call in calls(self.interactions)]
        failed = bool(outcomes) and outcomes[-1] in (Outcome.FAILED, Outcome.ABANDONED)
        if not by_customer:
            return bool(outcomes) and not failed
        # Thanks for a promise settle nothing: whoever calls again may well call because it was not kept.
        return (
            any(utterance.act in LEAVING for utterance in by_customer[-2:])
            and not failed
            and not self.owes
            and not any(utterance.act is Act.REFUSAL for utterance in self.spoken)
        )
