"""Which earlier conversations belong to the case at hand, and their interactions as an agent may see them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
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


def linked_interactions(snapshot: Snapshot) -> tuple[Interaction, ...]:
    """The conversation with what led to it: link by link, as long as no pause is too long and nothing was settled."""
    start = min((interaction.occurred_at for interaction in snapshot.conversation), default=snapshot.now)
    names, topic = _names(snapshot.conversation), _topic(snapshot.conversation)
    chain: list[Interaction] = []
    done: set[str] = set()  # what conversations were about that ended well: what led to those is settled too
    for group in sorted(
        _by_conversation(snapshot.prior), key=lambda interactions: interactions[-1].occurred_at, reverse=True
    ):
        pause = start - group[-1].occurred_at
        shared = bool(names & _names(group)) and pause <= SAME_THING_WITHIN
        owed = bool(_topic(group) & topic) and pause <= SAME_THING_WITHIN and _owes(utterances(group))
        settled = _settled(group, snapshot.resolved)
        unsettled = (
            not (settled or _topic(group) & done)
            or len(_topic(group) & topic) >= _COMES_BACK
            or _is_back(group, snapshot.conversation)
        )
        if settled:
            done |= _topic(group)
        if shared or owed or (pause <= SAME_CASE_WITHIN and unsettled and _on_topic(group, topic)):
            chain.extend(group)
            start = min(start, group[0].occurred_at)
            names |= _names(group)
            topic |= _topic(group)
    together = sorted(
        (*chain, *snapshot.conversation), key=lambda interaction: (interaction.occurred_at, interaction.seq)
    )
    return tuple(without_secrets(without_handovers(together)))


def settled_elsewhere(snapshot: Snapshot, interactions: Sequence[Interaction]) -> frozenset[str]:
    """The interactions of other conversations that ended well."""
    own = {interaction.interaction_id for interaction in interactions}
    others = [
        group
        for group in _by_conversation(snapshot.prior)
        if own.isdisjoint(interaction.interaction_id for interaction in group)
    ]
    return frozenset(
        interaction.interaction_id for group in others if _settled(group, snapshot.resolved) for interaction in group
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


def _topic(group: Sequence[Interaction]) -> set[str]:
    """What the customer's words are about; nothing where they only asked for a person."""
    matters = [
        utterance
        for utterance in utterances(group)
        if utterance.by_customer and utterance.act in MATTERS and not asks_for_person(utterance)
    ]
    return {term for utterance in matters for term in utterance.terms}


def _on_topic(group: Sequence[Interaction], topic: set[str]) -> bool:
    """Whether an earlier conversation may be of the same matter; one without words of its own may always be."""
    words = _topic(group)
    return not topic or not words or bool(topic & words)


def _is_back(group: Sequence[Interaction], conversation: Sequence[Interaction]) -> bool:
    """Whether a trouble that the customer called over is told again, of nothing that has another number."""
    before, now = utterances(group), utterances(conversation)
    if not any(utterance.by_customer and utterance.reading.relief >= SURE for utterance in before):
        return False
    first_troubles, troubles = (
        [each for each in spoken if each.by_customer and is_trouble(each.reading)] for spoken in (before, now)
    )
    other = _names(group) and _names(conversation) and not _names(group) & _names(conversation)
    return not other and any(akin(first.terms, second.terms) for first in first_troubles for second in troubles)


def _by_conversation(prior: Sequence[Interaction]) -> list[list[Interaction]]:
    groups: dict[str, list[Interaction]] = {}
    for interaction in prior:
        groups.setdefault(interaction.conversation_id or interaction.channel.value, []).append(interaction)
    return list(groups.values())


def _settled(group: Sequence[Interaction], resolved: Collection[str] = ()) -> bool:
    """Whether a conversation ended well: its customer took leave, its last step did not fail, no promise is open.

    What the platform calls resolved ended well, whatever was said.
    """
    if all(interaction.interaction_id in resolved for interaction in group):
        return True
    spoken = utterances(group)
    by_customer = [utterance for utterance in spoken if utterance.by_customer]
    ended_well = any(utterance.act in LEAVING for utterance in by_customer[-2:])
    outcomes = [
        interaction.outcome for interaction in group if interaction.kind is Kind.EVENT and interaction.outcome
    ] + [call.outcome for call in calls(group)]
    failed = bool(outcomes) and outcomes[-1] in (Outcome.FAILED, Outcome.ABANDONED)
    if not by_customer:
        return bool(outcomes) and not failed
    # Thanks for a promise settle nothing: whoever calls again may well call because it was not kept.
    return (
        ended_well
        and not failed
        and not _owes(spoken)
        and not any(utterance.act is Act.REFUSAL for utterance in spoken)
    )


def _owes(spoken: Sequence[Utterance]) -> bool:
    """Whether bot or agent promised something that outlasts the talk."""
    return any(not utterance.by_customer and is_promise(utterance) for utterance in spoken)


def _names(group: Sequence[Interaction]) -> set[str]:
    """What a conversation names by number or code, in words and in the data of its steps; not who the customer is."""
    mentioned = {
        canonical(mention.value)
        for interaction in group
        for mention in mentions(interaction.text)
        if mention.type in _NAMING
    }
    own = {canonical(identifier.value) for interaction in group for identifier in interaction.identifiers}
    given = (pair for interaction in group for pair in structured_names(dict(interaction.data)))
    return mentioned | {canonical(value) for key, value in given if not is_of_person(key)} - own
