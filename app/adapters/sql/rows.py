"""Rows of the tables to records and back. What the interface checked is not checked again on the way out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from app.models import (
    CHANGES,
    Actor,
    Channel,
    EarlierWording,
    EditedRow,
    Identifier,
    Interaction,
    Kind,
    Outcome,
    Participant,
    RowWording,
    Visibility,
)
from app.ports import (
    REDACTED,
    ConversationSeat,
    ExistingRow,
    IdentifierHolding,
    MergeRecord,
    NewHolding,
    NewInteraction,
)
from app.privacy import masked_conversation, masked_row

_IDENTIFIERS = TypeAdapter(tuple[Identifier, ...])
CHANNELS: Mapping[str, Channel] = {channel.value: channel for channel in Channel}
_ACTORS: Mapping[str, Actor] = {actor.value: actor for actor in Actor}
KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}
_VISIBILITIES: Mapping[str | None, Visibility] = {None: Visibility.PUBLIC} | {
    visibility.value: visibility for visibility in Visibility
}
_OUTCOMES: Mapping[str | None, Outcome | None] = {None: None} | {outcome.value: outcome for outcome in Outcome}


def interaction_row(tenant: str, seq: int, new: NewInteraction) -> dict[str, Any]:
    """A new interaction as a row of `interactions`."""
    draft = new.draft
    who = draft.participant
    return {
        "tenant": tenant,
        "seq": seq,
        "interaction_id": new.interaction_id,
        "identity_id": new.identity_id,
        "caller_id": draft.id,
        "conversation_id": draft.conversation_id,
        "occurred_at": (draft.occurred_at or datetime.now(UTC)).isoformat(),
        "channel": draft.channel.value,
        "actor": draft.actor.value,
        "kind": draft.kind.value,
        "name": draft.name,
        "outcome": draft.outcome.value if draft.outcome else None,
        "text": draft.text,
        "data": to_json(draft.data).decode() if draft.data else "{}",
        "identifiers": _IDENTIFIERS.dump_json(draft.identifiers).decode() if draft.identifiers else "[]",
        "content_sha256": new.content_sha256,
        "redacted": False,
        "masked": True,
        "participant_name": who.name if who else None,
        "participant_id": who.id if who else None,
        "visibility": None if draft.visibility is Visibility.PUBLIC else draft.visibility.value,
        "target_id": draft.target_id,
        "partial": draft.partial,
        "case_id": draft.case_id,
        "waits": draft.kind in CHANGES,
    }


# The columns that `interaction_of` reads, in its order.
INTERACTION_COLUMNS = (
    "interaction_id",
    "seq",
    "identity_id",
    "caller_id",
    "occurred_at",
    "channel",
    "actor",
    "kind",
    "conversation_id",
    "text",
    "name",
    "outcome",
    "data",
    "identifiers",
    "redacted",
    "masked",
    "participant_name",
    "participant_id",
    "analysis",
    "visibility",
    "target_id",
    "partial",
    "case_id",
    "revisions",
    "edited_at",
    "deleted_at",
)
_TEXT, _DATA, _MASKED = (INTERACTION_COLUMNS.index(name) for name in ("text", "data", "masked"))
_LONG = 50_000


def interaction_of(row: Sequence[Any]) -> Interaction:
    """A row with the columns of `INTERACTION_COLUMNS` as a record."""
    (
        interaction_id,
        seq,
        identity_id,
        caller_id,
        occurred_at,
        channel,
        actor,
        kind,
        conversation_id,
        text,
        name,
        outcome,
        data,
        identifiers,
        redacted,
        masked,
        participant_name,
        participant_id,
        analysis,
        *changes,
    ) = row
    who = Participant.model_construct(name=participant_name, id=participant_id)
    interaction = _interaction(
        {
            "interaction_id": interaction_id,
            "seq": seq,
            "identity_id": identity_id,
            "id": caller_id,
            "occurred_at": datetime.fromisoformat(occurred_at),
            "channel": CHANNELS[channel],
            "actor": _ACTORS[actor],
            "kind": KINDS[kind],
            "conversation_id": conversation_id,
            "participant": who if participant_name or participant_id else None,
            "text": text,
            "name": name,
            "outcome": _OUTCOMES[outcome],
            # Numbers of any length come back whole, which the faster parsers do not promise.
            "data": {} if data == "{}" else from_json(data),
            "identifiers": () if identifiers == "[]" else _IDENTIFIERS.validate_json(identifiers),
            "redacted": redacted,
            **_change_fields(changes),
        },
        analysis,
    )
    # What an earlier version filed may hold a card's number or a code, which leaves the ledger by no other way.
    return interaction if masked else masked_row(interaction)


def _change_fields(columns: Sequence[Any]) -> dict[str, Any]:
    """The fields of the columns from `visibility` on, which most rows have nothing in."""
    visibility, target_id, partial, case_id, revisions, edited_at, deleted_at = columns
    return {
        "visibility": _VISIBILITIES[visibility],
        "target_id": target_id,
        "partial": partial,
        "case_id": case_id,
        "revisions": _revisions(revisions) if revisions else (),
        "edited_at": datetime.fromisoformat(edited_at) if edited_at else None,
        "deleted_at": datetime.fromisoformat(deleted_at) if deleted_at else None,
    }


def take_long(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether rows hold so much to be parsed and masked that it is done in a thread."""
    return sum(len(row[_DATA]) + (0 if row[_MASKED] else len(row[_TEXT])) for row in rows) > _LONG


def conversation_of(rows: Sequence[Sequence[Any]]) -> list[Interaction]:
    """Rows of conversations as records, by seq: what was said before an earlier version's row tells its secrets too."""
    interactions = [interaction_of(row) for row in rows]
    if all(row[_MASKED] for row in rows):
        return interactions
    unmasked = {row[0] for row in rows if not row[_MASKED]}
    whole = (interaction_of((*row[:_MASKED], True, *row[_MASKED + 1 :])) for row in rows)
    ordered = sorted(whole, key=lambda interaction: interaction.seq)
    shown = {interaction.interaction_id: interaction for interaction in masked_conversation(ordered)}
    return [
        shown[interaction.interaction_id] if interaction.interaction_id in unmasked else interaction
        for interaction in interactions
    ]


def _interaction(fields: dict[str, Any], analysis: str | None) -> Interaction:
    # As `model_construct` makes it, which takes 13 µs where this takes 3; a search reads a customer's whole history.
    interaction = Interaction.__new__(Interaction)
    object.__setattr__(interaction, "__dict__", fields)
    object.__setattr__(interaction, "__pydantic_fields_set__", set(fields))
    object.__setattr__(interaction, "__pydantic_extra__", None)
    object.__setattr__(interaction, "__pydantic_private__", None)
    object.__setattr__(interaction, "analysis", analysis)
    object.__setattr__(interaction, "memo", None)
    return interaction


def redacted_columns(interaction: Interaction) -> dict[str, Any]:
    """The columns that are blanked of an interaction, with the values of its identifiers."""
    blanked = tuple(identifier.model_copy(update={"value": REDACTED}) for identifier in interaction.identifiers)
    return {
        "text": "",
        "data": "{}",
        "identifiers": _IDENTIFIERS.dump_json(blanked).decode(),
        "participant_name": None,
        "participant_id": None,
        "redacted": True,
        "analysis": None,
        "revisions": None,
        "edits": 0,
        "edited_at": None,
    }


def holding_row(tenant: str, new: NewHolding) -> dict[str, Any]:
    """A new holding as a row of `holdings`."""
    identifier = new.identifier
    return {
        "identity_id": new.identity_id,
        "type": identifier.type,
        "value": identifier.value,
        "tenant": tenant,
        "verified": identifier.verified,
        "verified_at": identifier.verified_at.isoformat() if identifier.verified_at else None,
        "method": identifier.method,
        "interaction_id": new.interaction_id,
    }


def holding_of(row: Any) -> IdentifierHolding:
    """A row of `holdings` with its customer_id as a record."""
    identifier = Identifier.model_construct(
        type=row.type,
        value=row.value,
        verified=row.verified,
        verified_at=datetime.fromisoformat(row.verified_at) if row.verified_at else None,
        method=row.method,
    )
    return IdentifierHolding.model_construct(
        identity_id=row.identity_id,
        customer_id=row.customer_id,
        identifier=identifier,
        interaction_id=row.interaction_id,
    )


def seat_of(row: Any) -> ConversationSeat:
    """A row of `seats` with its customer_id as a record."""
    return ConversationSeat.model_construct(
        conversation_id=row.conversation_id, identity_id=row.identity_id, customer_id=row.customer_id
    )


def filed_of(row: Any) -> ExistingRow:
    """What tells a filed interaction from another with the same caller's id, as a record."""
    return ExistingRow.model_construct(
        id=row.caller_id,
        interaction_id=row.interaction_id,
        seq=row.seq,
        identity_id=row.identity_id,
        customer_id=row.customer_id,
        content_sha256=row.content_sha256,
        conversation_id=row.conversation_id,
        occurred_at=datetime.fromisoformat(row.occurred_at),
        partial=row.partial and not row.redacted,
        blanked=row.partial and row.redacted,
    )


def reworded_columns(after: EditedRow) -> dict[str, Any]:
    """The columns that an edit changes."""
    interaction = after.row
    return {
        "text": interaction.text,
        "edits": len(interaction.revisions),
        "edited_at": interaction.edited_at.isoformat() if interaction.edited_at else None,
        "data": to_json(interaction.data).decode() if interaction.data else "{}",
        "visibility": None if interaction.visibility is Visibility.PUBLIC else interaction.visibility.value,
        "analysis": None,
        **remembered_columns(after),
    }


def remembered_columns(after: EditedRow) -> dict[str, Any]:
    """What is to be remembered of an edit that changed nothing."""
    wordings = (wording._asdict().items() for wording in after.earlier)
    earlier = [{name: value for name, value in fields if value is not None} for fields in wordings]
    return {"revisions": to_json(earlier).decode()}


def wordings_in(revisions: str | None) -> tuple[RowWording, ...]:
    """What a row's column of revisions tells of it."""
    return tuple(
        RowWording(datetime.fromisoformat(entry["at"]), entry.get("text"), entry.get("files"))
        for entry in from_json(revisions or "[]")
    )


def _revisions(column: str) -> tuple[EarlierWording, ...]:
    return tuple(
        EarlierWording.model_construct(text=wording.text, at=wording.at)
        for wording in wordings_in(column)
        if wording.text is not None
    )


def merge_row(tenant: str, merge: MergeRecord) -> dict[str, Any]:
    """A merge as a row of `merges`."""
    return {
        "merge_id": merge.merge_id,
        "tenant": tenant,
        "survivor": merge.survivor,
        "absorbed": merge.absorbed,
        "at": merge.at.isoformat(),
        "reason": merge.reason,
        "evidence": to_json(merge.evidence).decode(),
        "undone_at": merge.undone_at.isoformat() if merge.undone_at else None,
    }


def merge_of(row: Any) -> MergeRecord:
    """A row of `merges` as a record."""
    return MergeRecord(
        merge_id=row.merge_id,
        survivor=row.survivor,
        absorbed=row.absorbed,
        at=datetime.fromisoformat(row.at),
        reason=row.reason,
        evidence=tuple(from_json(row.evidence)),
        undone_at=datetime.fromisoformat(row.undone_at) if row.undone_at else None,
    )
