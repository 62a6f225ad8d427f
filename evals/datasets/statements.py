"""Statements about conversations, as a check gets them: transcripts of conversation files without a ledger."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.conversations import conversation_of
from app.models import Interaction, InteractionDraft, Transcript

# A conversation that names no time: always of the same day, so that a figure does not depend on the day of the run.
UNDATED = datetime(2024, 5, 15, 20, 0, tzinfo=UTC)


def interaction_id(turn: int) -> str:
    """The id of the interaction that a turn becomes, counted from 0."""
    return f"turn-{turn}"


def transcript_of(drafts: Sequence[InteractionDraft]) -> Transcript:
    """The drafts as the interactions that a ledger would make of them, in their order."""
    return Transcript(interactions=tuple(_interaction(turn, draft) for turn, draft in enumerate(drafts)))


def transcript_of_conversation(conversation: Mapping[str, Any]) -> Transcript:
    """The transcript of a conversation file's object. Raises InvalidRequest, which names what is wrong by its path."""
    return transcript_of(conversation_of(conversation, now=UNDATED).drafts)


def _interaction(turn: int, draft: InteractionDraft) -> Interaction:
    fields = {name: getattr(draft, name) for name in InteractionDraft.model_fields if name in Interaction.model_fields}
    fields["occurred_at"] = draft.occurred_at or UNDATED
    return Interaction(interaction_id=interaction_id(turn), seq=turn + 1, identity_id="customer", **fields)
