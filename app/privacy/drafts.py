"""Masks the drafts of one request in their order, each by what was said before it, and digests what callers sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from hashlib import sha256
from typing import Any, cast

from app.models import Interaction, InteractionDraft, Problem, Visibility
from app.privacy.context import CONTEXT_ROWS, Row
from app.privacy.masking import depends_on_context, masked_among, masked_draft, masked_row, shrouded_draft


@dataclass(frozen=True, slots=True)
class MaskedDraft:
    """A draft without secrets; the digest of what the caller sent, and those it may have been filed under before."""

    draft: InteractionDraft
    digest: str
    earlier_digests: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AllMasked:
    """The drafts of a request as they are filed, and filed rows that told parts of a number which is whole now."""

    rows: Sequence[MaskedDraft | Problem]
    earlier: Sequence[Interaction]


def all_masked(drafts: Sequence[InteractionDraft | Problem], talks: Mapping[str, Sequence[Interaction]]) -> AllMasked:
    """The drafts without secrets. `talks` are the newest rows of each conversation whose context tells what is one."""
    rows_by_talk: dict[str, list[Row]] = {talk: list(rows) for talk, rows in talks.items()}
    places: dict[str, list[int]] = {talk: [-1] * len(rows) for talk, rows in talks.items()}
    masked_drafts: list[MaskedDraft | Problem] = []
    earlier: dict[str, Interaction] = {}
    for index, draft in enumerate(drafts):
        if isinstance(draft, Problem):
            masked_drafts.append(draft)
            continue
        talk = draft.conversation_id or ""
        if talk not in rows_by_talk:
            masked_drafts.append(_masked(draft))
            continue
        if depends_on_context(draft):
            since = max(0, len(rows_by_talk[talk]) - CONTEXT_ROWS)
            masking = masked_among(rows_by_talk[talk][since:], draft)
            for at, row in masking.earlier.items():
                rows_by_talk[talk][since + at] = row
                before = masked_drafts[places[talk][since + at]] if isinstance(row, InteractionDraft) else None
                if isinstance(row, Interaction):
                    earlier[row.interaction_id] = row
                elif isinstance(before, MaskedDraft):
                    masked_drafts[places[talk][since + at]] = replace(before, draft=row)
            # The digest is the same on every delivery, whatever was said meanwhile, and nobody can try numbers on it.
            masked_drafts.append(_digested(masking.row, shrouded_draft(draft), draft))
            rows_by_talk[talk].append(masking.row)
        else:
            masked_drafts.append(masked := _masked(draft))
            rows_by_talk[talk].append(masked.draft)
        places[talk].append(index)
    return AllMasked(masked_drafts, tuple(earlier.values()))


def masked_conversation(rows: Sequence[Interaction]) -> tuple[Interaction, ...]:
    """Rows that are read in their order, each without the secrets that what was said before it tells."""
    shown: list[Interaction] = []
    places: dict[str | None, list[int]] = {}
    for index, row in enumerate(rows):
        talk = places.setdefault(row.conversation_id, [])
        if depends_on_context(row):
            before = talk[-CONTEXT_ROWS:]
            masking = masked_among([shown[at] for at in before], row)
            for at, changed in masking.earlier.items():
                shown[before[at]] = cast(Interaction, changed)
            shown.append(masking.row)
        else:
            shown.append(masked_row(row))
        talk.append(index)
    return tuple(shown)


def _masked(draft: InteractionDraft) -> MaskedDraft:
    masked = masked_draft(draft)
    return _digested(masked, masked, draft)


def _digested(filed: InteractionDraft, alike: InteractionDraft, sent: InteractionDraft) -> MaskedDraft:
    """The draft as it is filed; its digest is that of `alike`, which is the same on every delivery of what was sent."""
    earlier = _nameless(alike)
    if alike is not sent:
        earlier |= _nameless(sent) | {content_sha256(sent)}
    return MaskedDraft(filed, content_sha256(alike), earlier)


def _nameless(draft: InteractionDraft) -> frozenset[str]:
    # A version that knew no participants, or a channel that learnt names later, filed the same row without one.
    if draft.participant is None:
        return frozenset()
    return frozenset({content_sha256(draft.model_copy(update={"participant": None}))})


def content_sha256(draft: InteractionDraft) -> str:
    """The digest of all that a caller said of an interaction but its id: the same for equal content.

    What a row does not use has no part in its digest, so that rows filed before such fields existed keep theirs.
    """
    occurred_at = draft.occurred_at.astimezone(UTC).isoformat() if draft.occurred_at else None
    identifiers = [
        [identifier.type, identifier.value, identifier.verified, str(identifier.verified_at), identifier.method]
        for identifier in draft.identifiers
    ]
    content: list[Any] = [occurred_at, draft.channel, draft.actor, draft.kind, draft.conversation_id, identifiers]
    content += [draft.text, draft.name, draft.outcome, dict(draft.data)]
    if draft.participant is not None:
        content.append([draft.participant.name, draft.participant.id])
    special = [draft.visibility, draft.target_id, draft.partial, draft.case_id]
    if special != [Visibility.PUBLIC, None, False, None]:
        content.append(special)
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
