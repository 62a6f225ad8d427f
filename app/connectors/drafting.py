"""Rows of a platform: their ids from the platform's own, and every text cut to what the ledger takes."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from app.connectors.reading import Payload, fitted
from app.errors import InvalidRequest
from app.models import (
    Actor,
    Channel,
    Identifier,
    InteractionDraft,
    Kind,
    Outcome,
    Participant,
    Problem,
    Visibility,
)

Identifiers = tuple[Identifier, ...]

_LONGEST_ID = _LONGEST_NAME = 256
_LONGEST_TEXT = 200_000
_LONGEST_IDENTIFIER = 512
_LONGEST_TYPE = 64
_MOST_IDENTIFIERS = 32


class Doer(NamedTuple):
    """Who acted: on which side, as the platform shows them, and which identifiers of the customer came with it."""

    actor: Actor
    participant: Participant | None = None
    identifiers: Identifiers = ()


class Occasion(NamedTuple):
    """Where and when something happened; `case` is the platform's id of the ticket."""

    talk: str
    channel: Channel
    at: datetime | None = None
    case: str | None = None


class Drafting:
    """Makes the rows of one platform."""

    def __init__(self, platform: str) -> None:
        self.platform = platform

    def key(self, *names: str) -> str:
        """An id made of the platform's name and its own ids; a long one ends in the digest of all."""
        text = ":".join((self.platform, *names)).replace("\0", "")
        if len(text) <= _LONGEST_ID:
            return text
        return f"{text[: _LONGEST_ID - 65]}:{sha256(text.encode()).hexdigest()}"

    def row(
        self,
        kind: Kind,
        key: str,
        scene: Occasion,
        doer: Doer,
        *,
        text: str = "",
        name: str | None = None,
        outcome: Outcome | None = None,
        data: Payload | None = None,
        internal: bool = False,
        target: str | None = None,
        partial: bool = False,
    ) -> InteractionDraft:
        """A row; `key` and `target` are the platform's own ids, without its name."""
        return InteractionDraft(
            id=self.key(key),
            occurred_at=scene.at,
            channel=scene.channel,
            actor=doer.actor,
            kind=kind,
            conversation_id=self.key(scene.talk),
            participant=doer.participant,
            identifiers=doer.identifiers[:_MOST_IDENTIFIERS],
            text=text.replace("\0", "")[:_LONGEST_TEXT],
            name=name[:_LONGEST_NAME] if name else None,
            outcome=outcome,
            data=fitted(data or {}),
            visibility=Visibility.INTERNAL if internal else Visibility.PUBLIC,
            target_id=self.key(target) if target is not None else None,
            partial=partial,
            case_id=self.key(scene.case) if scene.case else None,
        )


def participant(name: str = "", own_id: str = "") -> Participant | None:
    """Who acted, as the platform shows them; None where it shows nobody."""
    if not name and not own_id:
        return None
    return Participant(name=name[:_LONGEST_NAME].strip() or None, id=own_id[:_LONGEST_NAME].strip() or None)


def identifier(kind: str, value: str, *, method: str | None = None) -> Identifiers:
    """An identifier, if there is a value; verified if a `method` says by what the platform attests it."""
    text = value.strip()
    if not text or len(text) > _LONGEST_IDENTIFIER:
        return ()
    return (Identifier(type=kind[:_LONGEST_TYPE], value=text, verified=method is not None, method=method),)


def problem(detail: str) -> Problem:
    """What stands for a row of a batch that is not of the platform's form."""
    return Problem(title=InvalidRequest.title, status=422, code=InvalidRequest.code, detail=detail)


def without_repeats(rows: Sequence[InteractionDraft | Problem]) -> Sequence[InteractionDraft | Problem]:
    """The rows in their order, each id once."""
    seen: set[str | None] = set()
    different: list[InteractionDraft | Problem] = []
    for row in rows:
        if isinstance(row, InteractionDraft):
            if row.id in seen:
                continue
            seen.add(row.id)
        different.append(row)
    return different
