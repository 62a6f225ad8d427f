"""Reads a snapshot into the case that all parts of the brief are told from."""

from collections.abc import Iterator, Sequence

from app.briefs.case import Case
from app.briefs.corrections import with_current_values
from app.briefs.linked_conversations import earlier_talks, linked_interactions
from app.briefs.llm.instructions import without_instructions
from app.briefs.quoted_replies import quoted_replies
from app.briefs.reading import Utterance, calls, utterances
from app.briefs.revocations import revocations, without_revoked
from app.briefs.speakers import with_speakers
from app.briefs.steps import steps
from app.briefs.superseded_values import revisions
from app.briefs.wishes import wishes
from app.models import Interaction, Kind, Snapshot
from app.nlu.sentences import sentences


def read_case(snapshot: Snapshot) -> Case:
    """The case of a snapshot, read."""
    earlier = earlier_talks(snapshot.prior)
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
