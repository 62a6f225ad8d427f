"""The rows of one transaction: each is refused, a repeat of another row, filed already, a replacement, or new."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.errors import Conflict, InvalidRequest
from app.models import CHANGES, MAX_DATA_BYTES, InteractionDraft, Kind, Match, Problem, Recorded, RowWarning, Visibility
from app.ports import Arrival, ExistingRow, NewInteraction, RecordedIdentities
from app.privacy import MaskedDraft

BatchRow = MaskedDraft | Problem


@dataclass(frozen=True, slots=True)
class _ArrivalRow:
    """A row that is an arrival, or `repeats` one that came before it in the same transaction."""

    arrival: Arrival
    repeats: bool


class Batch:
    """The rows of one transaction: each is refused, a repeat of another row, known already, or new."""

    def __init__(
        self,
        drafts: Sequence[BatchRow | Recorded],
        ids: Sequence[str],
        *,
        now: datetime,
        looks_wrong: Callable[[InteractionDraft], tuple[RowWarning, ...]],
    ) -> None:
        self.now = now
        self._looks_wrong = looks_wrong
        self.arrivals: list[Arrival] = []
        self._earlier: dict[str, frozenset[str]] = {}
        self._alike: dict[tuple[str, str], Arrival] = {}
        self._answers: dict[str, Recorded] = {}
        # The ids of partial rows of this batch whose place another of its rows takes, with the id of that one.
        self._overtaken: dict[str, str] = {}
        # The ids of partial rows in the ledger whose place rows of this batch take.
        self.replaced: tuple[str, ...] = ()
        self._rows = [self._row(draft, an_id) for draft, an_id in zip(drafts, ids, strict=True)]

    def new_ones(self, recorded: RecordedIdentities) -> tuple[list[Arrival], list[Arrival]]:
        """The arrivals that are to be filed, and those of them that change a row which is filed by then.

        The others are answered for.
        """
        filed = {row.id: row for row in recorded.filed}
        new: dict[str, Arrival] = {}
        for arrival in self.arrivals:
            caller_id = arrival.draft.id or arrival.interaction_id
            earlier = new.get(caller_id)
            if caller_id in filed and not self._replaces(arrival, filed[caller_id]):
                self._answers[arrival.interaction_id] = self._answer_of_filed(filed[caller_id], arrival)
            elif earlier is None or (earlier.draft.partial and not _is_older(arrival, earlier.draft.occurred_at)):
                if earlier is not None:
                    self._overtaken[earlier.interaction_id] = arrival.interaction_id
                new[caller_id] = arrival
            elif arrival.draft.partial:
                self._overtaken[arrival.interaction_id] = earlier.interaction_id
            else:
                self._answers[arrival.interaction_id] = Recorded(id=caller_id, problem=_conflict(caller_id))
        self.replaced = tuple(filed[caller_id].interaction_id for caller_id in new if caller_id in filed)
        changes = [arrival for arrival in new.values() if arrival.draft.kind in CHANGES]
        targets = filed.keys() | {caller_id for caller_id, arrival in new.items() if arrival.draft.kind not in CHANGES}
        followers = [arrival for arrival in changes if arrival.draft.target_id in targets]
        apart = {arrival.interaction_id for arrival in followers}
        return [arrival for arrival in new.values() if arrival.interaction_id not in apart], followers

    def filed(self, arrival: Arrival, seq: int, customer_id: str, match: Match) -> None:
        """An arrival is in the ledger."""
        self._answers[arrival.interaction_id] = Recorded(
            id=arrival.draft.id, interaction_id=arrival.interaction_id, seq=seq, customer_id=customer_id, match=match
        )

    def answers(self) -> Sequence[Recorded]:
        """Each row's answer, in its place."""
        return [self._answer(row) if isinstance(row, _ArrivalRow) else row for row in self._rows]

    def _row(self, row: BatchRow | Recorded, interaction_id: str) -> Recorded | _ArrivalRow:
        if isinstance(row, Recorded):
            return row
        if isinstance(row, Problem):
            return Recorded(problem=row)
        draft = row.draft
        problem = _problem_of_data(draft)
        if problem:
            return Recorded(id=draft.id, problem=problem)
        alike = (draft.id or interaction_id, row.digest)
        if alike in self._alike:
            return _ArrivalRow(self._alike[alike], repeats=True)
        dated = draft if draft.occurred_at else draft.model_copy(update={"occurred_at": self.now})
        arrival = Arrival(interaction_id=interaction_id, draft=dated, content_sha256=row.digest)
        if row.earlier_digests:
            self._earlier[interaction_id] = row.earlier_digests
        self._alike[alike] = arrival
        self.arrivals.append(arrival)
        return _ArrivalRow(arrival, repeats=False)

    def _replaces(self, arrival: Arrival, filed: ExistingRow) -> bool:
        if not filed.partial or not arrival.draft.partial:
            return filed.partial
        # Of what is still being recognised the newest stands, whichever comes last.
        return arrival.content_sha256 != filed.content_sha256 and not _is_older(arrival, filed.occurred_at)

    def _answer_of_filed(self, filed: ExistingRow, arrival: Arrival) -> Recorded:
        alike = {arrival.content_sha256} | self._earlier.get(arrival.interaction_id, frozenset())
        # What was still being recognised comes late: the whole text is there, or it was blanked.
        if filed.content_sha256 not in alike and not (arrival.draft.partial or filed.blanked):
            return Recorded(id=filed.id, problem=_conflict(filed.id))
        return Recorded(
            id=filed.id,
            interaction_id=filed.interaction_id,
            seq=filed.seq,
            customer_id=filed.customer_id,
            match=Match.EXACT,
            duplicate=True,
        )

    def _answer(self, row: _ArrivalRow) -> Recorded:
        interaction_id = row.arrival.interaction_id
        while interaction_id in self._overtaken:
            interaction_id = self._overtaken[interaction_id]
        answer = self._answers[interaction_id]
        if interaction_id != row.arrival.interaction_id and answer.problem is None:
            return answer.model_copy(update={"duplicate": True})
        repeated = row.repeats and answer.problem is None
        if answer.problem is None and (warnings := self._warnings(row.arrival.draft)):
            answer = answer.model_copy(update={"warnings": warnings})
        return answer.model_copy(update={"duplicate": True}) if repeated else answer

    def _warnings(self, draft: InteractionDraft) -> tuple[RowWarning, ...]:
        warnings = self._looks_wrong(draft) if draft.identifiers else ()
        if draft.kind is Kind.EDIT and not draft.text.strip() and draft.visibility is Visibility.PUBLIC:
            return (*warnings, _EMPTY_EDIT)
        empty = draft.kind is Kind.MESSAGE and not draft.text.strip() and not draft.data
        return (*warnings, _EMPTY_MESSAGE) if empty else warnings


_EMPTY_MESSAGE = RowWarning(
    field="text", code="empty_message", detail="A message without words and data. Send its text, or leave it out."
)


_EMPTY_EDIT = RowWarning(
    field="text",
    code="empty_edit",
    detail="An edit without words leaves the message empty. Send its new text, or a deletion to take it back.",
)


def _is_older(arrival: Arrival, than: datetime | None) -> bool:
    """Whether a partial row is of an earlier moment; the whole one is never too old."""
    at = arrival.draft.occurred_at
    return arrival.draft.partial and at is not None and than is not None and at < than


def following(
    followers: Sequence[Arrival],
    new: Sequence[NewInteraction],
    filed: Sequence[ExistingRow],
    customer_ids: Sequence[str],
) -> tuple[list[NewInteraction], list[str]]:
    """The edits and deletions under the identity and in the conversation of what they change, and whose they are.

    `customer_ids` are those of the `new` interactions, in their order.
    """
    owners = {row.id: (row.identity_id, row.customer_id, row.conversation_id) for row in filed}
    for interaction, customer_id in zip(new, customer_ids, strict=True):
        if interaction.draft.id:
            owners[interaction.draft.id] = (interaction.identity_id, customer_id, interaction.draft.conversation_id)
    interactions: list[NewInteraction] = []
    customers: list[str] = []
    for arrival in followers:
        identity_id, customer_id, conversation_id = owners[arrival.draft.target_id or ""]
        interactions.append(
            NewInteraction(
                interaction_id=arrival.interaction_id,
                identity_id=identity_id,
                draft=arrival.draft.model_copy(update={"conversation_id": conversation_id, "identifiers": ()}),
                content_sha256=arrival.content_sha256,
            )
        )
        customers.append(customer_id)
    return interactions, customers


def _problem_of_data(draft: InteractionDraft) -> Problem | None:
    if not draft.data:
        return None
    try:
        size = len(json.dumps(draft.data, ensure_ascii=False, separators=(",", ":")).encode())
    except ValueError:
        return _invalid_data("The text in it is not Unicode: half of a surrogate pair stands alone.")
    if size > MAX_DATA_BYTES:
        return _invalid_data(f"It is {size:,} bytes of JSON; at most {MAX_DATA_BYTES:,} are taken.")
    return None


def _invalid_data(message: str) -> Problem:
    return invalid_row("data", message)


def invalid_row(path: str, message: str) -> Problem:
    """The problem of a row whose field at this path is wrong."""
    return Problem(
        title=InvalidRequest.title,
        status=422,
        code=InvalidRequest.code,
        detail=f"{path}: {message}",
        errors=({"path": path, "message": message},),
    )


def _conflict(caller_id: str) -> Problem:
    return Problem(
        title=Conflict.title,
        status=409,
        code=Conflict.code,
        detail=f"The id {caller_id!r} was used before for other content. Give this interaction an id of its own.",
    )
