"""Reads a snapshot into the case that all parts of the brief are told from."""

from collections.abc import Iterator, Mapping, Sequence
from operator import is_
from threading import Lock
from typing import NamedTuple

from cachetools import LRUCache

from app.briefs.case import Case
from app.briefs.corrections import with_current_values
from app.briefs.linked_conversations import EarlierTalk, earlier_talks, linked_interactions
from app.briefs.llm.instructions import without_instructions
from app.briefs.quoted_replies import quoted_replies
from app.briefs.reading import Utterance, calls, utterances
from app.briefs.revocations import revocations, without_revoked
from app.briefs.speakers import with_speakers
from app.briefs.steps import steps
from app.briefs.superseded_values import revisions
from app.briefs.wishes import wishes
from app.caching import on_forgetting
from app.models import Interaction, Kind, Snapshot
from app.nlu.sentences import sentences

# A case takes about a kilobyte for each of its sentences.
MOST_CASES = 128


class _ReadCase(NamedTuple):
    """A case with what it was read of."""

    snapshot: Snapshot
    case: Case


class CaseReader:
    """Reads cases, and remembers the latest: who asks twice of the same interactions has them read once.

    Of a conversation that has gone on, what was read of the conversations before it stays.
    """

    def __init__(self, most: int = MOST_CASES) -> None:
        """`most` cases are remembered, until `forget_texts`."""
        self._cases: LRUCache[tuple[str, str, str | None], _ReadCase] = LRUCache(most)
        self._lock = Lock()
        on_forgetting(self._forget)

    def read(self, snapshot: Snapshot) -> Case:
        """The case of a snapshot, as `read_case` reads it. Callable from any thread."""
        key = (snapshot.tenant, snapshot.customer.customer_id, snapshot.conversation_id)
        with self._lock:
            before = self._cases.get(key)
        if before is not None and snapshot.conversation and _is_same(before.snapshot, snapshot):
            return before.case
        talks = {} if before is None else {talk.interactions[-1].interaction_id: talk for talk in before.case.earlier}
        case = read_case(snapshot, talks)
        with self._lock:
            self._cases[key] = _ReadCase(snapshot, case)
        return case

    def _forget(self) -> None:
        with self._lock:
            self._cases.clear()


def _is_same(before: Snapshot, now: Snapshot) -> bool:
    """Whether two snapshots hold the same interactions, as the ledger gives them while they are unchanged."""
    return (
        before.resolved == now.resolved
        and _are_same(before.conversation, now.conversation)
        and _are_same(before.prior, now.prior)
    )


def _are_same(before: Sequence[Interaction], now: Sequence[Interaction]) -> bool:
    return len(before) == len(now) and all(map(is_, before, now))


def read_case(snapshot: Snapshot, talks: Mapping[str, EarlierTalk] | None = None) -> Case:
    """The case of a snapshot, read; `talks` are earlier conversations that were read before, by their last row's id."""
    earlier = [_read_before(talk, talks or {}) for talk in earlier_talks(snapshot.prior)]
    interactions = with_speakers(linked_interactions(snapshot, earlier))
    replaced = revisions(snapshot.interactions)
    current = tuple(with_current_values(own_utterances(interactions), replaced))
    tool_calls = tuple(calls(interactions))
    attempted = steps(interactions, tool_calls, current)
    carried_out = tuple(step for step in attempted if not step.only_found)
    revoked = revocations(current, carried_out)
    taken = without_revoked(carried_out, revoked)
    return Case(
        interactions=interactions,
        utterances=current,
        calls=tool_calls,
        steps=taken,
        checks=tuple(step for step in attempted if step.only_found),
        wishes=wishes(current, taken),
        at_hand=frozenset(interaction.interaction_id for interaction in snapshot.conversation),
        replaced=replaced,
        earlier=tuple(earlier),
        revoked=revoked.sentences,
        replies=quoted_replies(interactions, current),
    )


def _read_before(talk: EarlierTalk, talks: Mapping[str, EarlierTalk]) -> EarlierTalk:
    before = talks.get(talk.interactions[-1].interaction_id)
    return before if before is not None and _are_same(before.interactions, talk.interactions) else talk


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
