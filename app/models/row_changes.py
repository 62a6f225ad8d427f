"""Edits and deletions: what a row says once they are applied, and which rows say something by themselves."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple

from pydantic_core import to_json

from app.models.base import Kind, LifecycleStep, Visibility
from app.models.interactions import EarlierWording, Interaction, is_bookkeeping

CHANGES = frozenset({Kind.EDIT, Kind.DELETION})
"""The kinds of interactions that change another one."""


class RowWording(NamedTuple):
    """What a row said from a moment on; `files` names its attachments.

    Without `text` it is a repetition: somebody told again what the row said at that moment. Without `files` the
    attachments are those from before.
    """

    at: datetime
    text: str | None = None
    files: str | None = None


class EditedRow(NamedTuple):
    """A row after its edits; `earlier` is all that was ever told of it, in its order, but for what it says now."""

    row: Interaction
    earlier: tuple[RowWording, ...]


def reworded(target: Interaction, edits: Sequence[Interaction]) -> Interaction:
    """The row that `edited` makes of one of which nothing else is to be remembered."""
    return edited(target, wordings_of(target), edits).row


def wordings_of(row: Interaction) -> tuple[RowWording, ...]:
    """What a row said before, as its revisions tell it."""
    return tuple(RowWording(revision.at, revision.text) for revision in row.revisions)


def edited(target: Interaction, earlier: Sequence[RowWording], edits: Sequence[Interaction]) -> EditedRow:
    """The row with the newest wording as its text. The result is the same in whichever order edits are applied.

    Data of the newest edit take the place of the row's. An internal edit makes the row internal; without words it
    changes nothing else. One with the words and attachments that the row has at its moment, as platforms send for a
    read receipt, leaves the row as it is, and is remembered: what arrives later may have happened before it.
    """
    rewording = [edit for edit in edits if edit.text.strip() or edit.visibility is Visibility.PUBLIC]
    now = RowWording(target.edited_at or target.occurred_at, target.text, _files(target.data))
    # The first wording is the first whatever its time is.
    original, *later = [now, *earlier] if target.edited_at is None else [*earlier, now]
    original, *later = _worded([original, *sorted(later, key=_order)])
    later += [RowWording(edit.occurred_at, edit.text, _files(edit.data) if edit.data else None) for edit in rewording]
    wordings = _repetitions_apart([original, *sorted(later, key=_order)])
    different = [wording for wording in wordings if wording.text is not None]
    newest = different[-1]
    data = [edit.data for edit in rewording if edit.data and (edit.occurred_at, edit.text) == (newest.at, newest.text)]
    row = target.model_copy(
        update={
            "text": newest.text,
            "data": data[-1] if data and newest is not different[0] else target.data,
            "visibility": Visibility.INTERNAL if hides(edits) else target.visibility,
            "revisions": tuple(EarlierWording(text=wording.text or "", at=wording.at) for wording in different[:-1]),
            "edited_at": None if newest is different[0] else newest.at,
        }
    )
    return EditedRow(row, tuple(wording for wording in wordings if wording is not newest))


def _order(wording: RowWording) -> tuple[datetime, bool, str, str]:
    return (wording.at, wording.text is None, wording.text or "", wording.files or "")


def _worded(wordings: Iterable[RowWording]) -> list[RowWording]:
    """The same wordings, with the words and the attachments of each."""
    text, files, whole = "", "", list[RowWording]()
    for wording in wordings:
        text = text if wording.text is None else wording.text
        files = files if wording.files is None else wording.files
        whole.append(RowWording(wording.at, text, files))
    return whole


def _repetitions_apart(wordings: Sequence[RowWording]) -> list[RowWording]:
    """The same wordings, without the words of each that says what the row said already."""
    standing, *later = wordings
    apart = [standing]
    for wording in later:
        files = standing.files if wording.files is None else wording.files
        if (wording.text, files) == (standing.text, standing.files):
            apart.append(RowWording(wording.at))
        else:
            standing = wording._replace(files=files)
            apart.append(standing)
    return apart


def _files(data: Mapping[str, Any]) -> str:
    """A short name for the attachments among a row's data; empty where there are none."""
    attachments = data.get("attachments")
    return sha256(to_json(attachments)).hexdigest()[:16] if attachments else ""


def deleted_since(changes: Iterable[Interaction]) -> datetime | None:
    """When the first deletion among changes happened; None where there is none."""
    return min((change.occurred_at for change in changes if change.kind is Kind.DELETION), default=None)


def hides(changes: Iterable[Interaction]) -> bool:
    """Whether one of these changes makes a row internal: also one that is blank, before or after it was hidden."""
    return any(change.kind is Kind.EDIT and change.visibility is Visibility.INTERNAL for change in changes)


def edits_for(target: Interaction, changes: Iterable[Interaction]) -> list[Interaction] | None:
    """The edits among changes that reword a row; None where they have to wait for the whole transcript.

    What was blanked stays blank, and an edit that was blanked itself rewords nothing.
    """
    if target.partial:
        return None
    return [] if target.redacted else [change for change in changes if not change.redacted]


def worded_as_of(row: Interaction, moment: datetime) -> Interaction:
    """The row with the wording that stood at a moment; what was deleted since is gone."""
    if row.edited_at is None or row.edited_at <= moment:
        return row
    wordings = [wording for wording in row.revisions[1:] if wording.at <= moment]
    standing = wordings[-1] if wordings else row.revisions[0]
    return row.model_copy(update={"text": standing.text, "revisions": (), "edited_at": None})


def rewording_of(edit: Interaction, target: Interaction) -> tuple[str, str] | None:
    """What a row said before an edit of it and from then on; None where the edit left its words as they were."""
    wordings = [*target.revisions, EarlierWording(text=target.text, at=target.edited_at or target.occurred_at)]
    for before, after in pairwise(wordings):
        if after.at == edit.occurred_at:
            return before.text, after.text
    return None


def standing_rows(rows: Iterable[Interaction], moment: datetime | None = None) -> list[Interaction]:
    """The rows that say something by themselves, in their order: no partial transcripts, edits and deletions.

    Each has the wording that stood at `moment`. What agents write among themselves is a note, whatever its kind was.
    """
    return [
        _as_note(row if moment is None else worded_as_of(row, moment))
        for row in rows
        if not row.partial and row.kind not in CHANGES
    ]


def resolved_ids(rows: Sequence[Interaction]) -> frozenset[str]:
    """The ids of the interactions whose matter was resolved and not reopened since; `rows` are in their order.

    A step of a case speaks for all interactions of the case, another one for those of its conversation. What ends a
    resolved matter, or only accounts for the platform's own work in it, leaves it resolved.
    """
    resolved: set[str] = set()
    for index, row in enumerate(rows):
        if resolved and _opens_nothing(row):
            before = next((earlier for earlier in reversed(rows[:index]) if _of_one_matter(earlier, row)), None)
            if before is not None and before.interaction_id in resolved:
                resolved.add(row.interaction_id)
        if row.kind is not Kind.LIFECYCLE or row.name not in (LifecycleStep.RESOLVED, LifecycleStep.REOPENED):
            continue
        matter = {earlier.interaction_id for earlier in rows[: index + 1] if _of_one_matter(earlier, row)}
        resolved = resolved | matter if row.name == LifecycleStep.RESOLVED else resolved - matter
    return frozenset(resolved)


def _opens_nothing(row: Interaction) -> bool:
    return is_bookkeeping(row) or (row.kind is Kind.LIFECYCLE and row.name == LifecycleStep.ENDED)


def _of_one_matter(row: Interaction, step: Interaction) -> bool:
    if step.case_id is not None and row.case_id is not None:
        return row.case_id == step.case_id
    return step.conversation_id is not None and row.conversation_id == step.conversation_id


def _as_note(row: Interaction) -> Interaction:
    if row.visibility is Visibility.INTERNAL and row.kind is Kind.MESSAGE:
        return row.model_copy(update={"kind": Kind.NOTE})
    return row
