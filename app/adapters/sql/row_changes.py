"""Applies edits and deletions to the rows that they change, within the transaction that filed the later of the two."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select, update

from app.adapters.sql.chunks import chunks
from app.adapters.sql.locks import Lock, hold
from app.adapters.sql.rows import (
    INTERACTION_COLUMNS,
    interaction_of,
    redacted_columns,
    remembered_columns,
    reworded_columns,
    wordings_in,
)
from app.adapters.sql.tables import holdings, interactions
from app.models import CHANGES, Interaction, Kind, Visibility, deleted_since, edited, edits_for, hides

_OF = interactions.c
_COLUMNS = [_OF[name] for name in INTERACTION_COLUMNS]
_TENANT: BindParameter[str] = bindparam("tenant")
_VALUES: BindParameter[str] = bindparam("values", expanding=True)
_WAITING = select(*_COLUMNS).where(_OF.tenant == _TENANT, _OF.target_id.in_(_VALUES), _OF.waits)
_TARGETS = select(interactions).where(
    _OF.tenant == _TENANT, _OF.caller_id.in_(_VALUES), _OF.kind.not_in([kind.value for kind in CHANGES])
)


def apply_changes(connection: Connection, tenant: str, caller_ids: Collection[str]) -> list[Interaction]:
    """Apply what waits for the rows with these callers' ids; gives the rows that say something else now.

    A changed row goes to the end of the write order and keeps its seq, so that whoever follows that order reads it
    again.
    """
    waiting: defaultdict[str, list[Interaction]] = defaultdict(list)
    for chunk in chunks(caller_ids):
        for row in connection.execute(_WAITING, {"tenant": tenant, "values": chunk}):
            change = interaction_of(row)
            waiting[change.target_id or ""].append(change)
    targets = [
        dict(target)
        for chunk in chunks(waiting)
        for target in connection.execute(_TARGETS, {"tenant": tenant, "values": chunk}).mappings()
    ]
    there = {target["caller_id"] for target in targets}
    for caller_id, changes in waiting.items():
        if caller_id not in there and deleted_since(changes):
            # What was taken back before it came says nothing until then; that it was hidden counts when it comes.
            edits = [change for change in changes if change.kind is not Kind.DELETION]
            _blank(connection, tenant, edits, waits=True)
    changed = (_changed(connection, target, waiting[target["caller_id"]]) for target in targets)
    return [row for row in changed if row is not None]


def remove_replaced(connection: Connection, tenant: str, interaction_ids: Collection[str]) -> None:
    """Remove partial rows whose place others take."""
    for chunk in chunks(interaction_ids):
        connection.execute(delete(interactions).where(_OF.tenant == tenant, _OF.interaction_id.in_(chunk), _OF.partial))
        brought = (holdings.c.tenant == tenant, holdings.c.interaction_id.in_(chunk))
        connection.execute(update(holdings).where(*brought).values(interaction_id=None))


def _changed(connection: Connection, target: dict[str, Any], changes: Sequence[Interaction]) -> Interaction | None:
    """Rewrite one row by the changes that wait for it, and blank them: what they say stands in the row from now on."""
    before = interaction_of([target[name] for name in INTERACTION_COLUMNS])
    deletion, edits = deleted_since(changes), edits_for(before, changes)
    this = (_OF.tenant == target["tenant"], _OF.interaction_id == before.interaction_id)
    columns: dict[str, Any] = {}
    if deletion is not None:
        columns = redacted_columns(before) | {"deleted_at": deletion.isoformat()}
    elif edits is None:
        return None
    if (deletion is not None or before.redacted) and hides(changes):
        columns |= {"visibility": Visibility.INTERNAL.value}
    elif edits and deletion is None:
        after = edited(before, wordings_in(target["revisions"]), edits)
        if after.row == before:
            # Nobody need read it again.
            connection.execute(update(interactions).where(*this).values(remembered_columns(after)))
        else:
            columns = reworded_columns(after)
    _blank(connection, target["tenant"], changes, identity_id=before.identity_id)
    if not columns:
        return None
    target = {name: value for name, value in target.items() if name != "position"} | columns
    hold(connection, Lock.POSITIONS)
    connection.execute(delete(interactions).where(*this))
    connection.execute(insert(interactions), [target])
    return interaction_of([target[name] for name in INTERACTION_COLUMNS])


def _blank(connection: Connection, tenant: str, changes: Sequence[Interaction], **columns: str | bool) -> None:
    """Leave nothing of what changes say, which wait for nothing any more unless `waits` says so."""
    for change in changes:
        spent = redacted_columns(change) | {"waits": False, "redacted": change.redacted} | columns
        this = (_OF.tenant == tenant, _OF.interaction_id == change.interaction_id)
        connection.execute(update(interactions).where(*this).values(spent))
