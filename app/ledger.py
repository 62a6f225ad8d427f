"""Files interactions durably, many requests in one transaction: one fsync for all who wait, and no answer before it."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from app.errors import Conflict, InvalidRequest, Unavailable
from app.ids import id_of_work, resumed_work
from app.models import MAX_DATA_BYTES, Interaction, InteractionDraft, Kind, Match, Problem, Recorded, RowWarning
from app.ports import Arrival, ExistingRow, IdentityRules, Ledger, RecordedIdentities, Unit
from app.privacy import (
    CONTEXT_ROWS,
    MaskedDraft,
    all_masked,
    depends_on_context,
    holds_card,
    masked_identifiers,
    takes_long,
)

# How many drafts one transaction takes at most, so that nobody waits long behind somebody else's batch.
MAX_TOGETHER = 1000
# A transaction costs about as much for thirty interactions as for one. Where several were just filed together, others
# are on their way: so short a wait brings most of them into one transaction, and nobody who comes alone waits.
GATHERING_S = 0.003
MOST_AHEAD = timedelta(hours=24)
"""How far ahead of our clock something may have happened: clocks differ, and time zones are mixed up."""


# What the key is for, under which card numbers that are identifiers are digested.
CARD_PURPOSE = "card"


_Row = MaskedDraft | Problem


@dataclass(frozen=True, slots=True)
class _Request:
    tenant: str
    drafts: "Sequence[_Row | Recorded]"
    ids: Sequence[str]
    answer: "asyncio.Future[Sequence[Recorded]]"


async def _nothing_kept(_tenant: str, _rows: Sequence[Interaction]) -> None:
    """Nothing is kept beside the ledger that holds what rows said before."""


class Recorder:
    """Group commit: what arrives while one transaction is written goes into the next, per tenant.

    A request's rows are filed together or, when the ledger does not answer, not at all. Whose an interaction is, the
    identity rules say. Whole card numbers and secret codes are masked before anything is kept; `clean`, where there is
    one, changes each draft before that. Rows that told parts of a card's number are masked when the rest arrives, and
    `on_reworded` hears of them. While `announces` is true, what a webhook may want to hear of is noted in the
    same transaction.
    """

    def __init__(
        self,
        ledger: Ledger,
        rules: IdentityRules,
        *,
        clean: Callable[[InteractionDraft], InteractionDraft] | None = None,
        announces: Callable[[], bool] = lambda: False,
        card_key: Callable[[], Awaitable[bytes]] | None = None,
        on_reworded: Callable[[str, Sequence[Interaction]], Awaitable[None]] = _nothing_kept,
    ) -> None:
        self._ledger = ledger
        self._rules = rules
        self._clean = clean
        self._announces = announces
        self._card_key = card_key
        self._on_reworded = on_reworded
        self._noted: set[str] = set()
        self._waiting: deque[_Request] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._busy = False
        self._closed = False

    async def record(self, tenant: str, drafts: Sequence[InteractionDraft | Problem]) -> Sequence[Recorded]:
        """File interactions; each row's answer in its place, once they are on disk. Raises Unavailable.

        A Problem comes back as it is. A caller's id that is known already is a duplicate when the content is the same,
        and that row's problem when it is not.
        """
        if self._clean is not None:
            drafts = await asyncio.to_thread(_cleaned, drafts, self._clean)
        drafts = await self._identified(drafts)
        masked = await self._masked(tenant, drafts)
        if self._closed:
            raise Unavailable("The service is shutting down. Try again in a moment.")
        ids = [id_of_work("int") for _ in drafts]
        rows = masked if resumed_work() is None else await self._answered_before(tenant, masked, ids)
        answer: asyncio.Future[Sequence[Recorded]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Request(tenant, rows, ids, answer))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return await answer

    async def _identified(self, drafts: Sequence[InteractionDraft | Problem]) -> Sequence[InteractionDraft | Problem]:
        """The drafts with a digest in the place of each card number that is an identifier: it leads to one customer."""
        cards = {
            index
            for index, draft in enumerate(drafts)
            if isinstance(draft, InteractionDraft) and draft.identifiers and holds_card(draft.identifiers)
        }
        if not cards or self._card_key is None:
            return drafts
        key = await self._card_key()
        return [
            draft.model_copy(update={"identifiers": masked_identifiers(draft.identifiers, key)})
            if index in cards and isinstance(draft, InteractionDraft)
            else draft
            for index, draft in enumerate(drafts)
        ]

    async def _masked(self, tenant: str, drafts: Sequence[InteractionDraft | Problem]) -> Sequence[_Row]:
        talks: dict[str, Sequence[Interaction]] = {}
        for draft in drafts:
            if isinstance(draft, InteractionDraft) and depends_on_context(draft):
                conversation_id = draft.conversation_id or ""
                if conversation_id not in talks:
                    talks[conversation_id] = await self._newest(tenant, conversation_id)
        if len(drafts) > 1 or any(takes_long(draft) for draft in drafts):
            masked = await asyncio.to_thread(all_masked, drafts, talks)
        else:
            masked = all_masked(drafts, talks)
        if masked.earlier:
            # Before the rest is filed: whenever the process ends, no whole number can be put together.
            await self._ledger.reword(tenant, masked.earlier)
            await self._on_reworded(tenant, masked.earlier)
        return masked.rows

    async def _newest(self, tenant: str, conversation_id: str) -> Sequence[Interaction]:
        party = await self._ledger.party(tenant, conversation_id=conversation_id)
        if party is None:
            return ()
        newest = await self._ledger.interactions(
            tenant, party.identity_ids, conversation_id=conversation_id, limit=CONTEXT_ROWS, newest_first=True
        )
        return newest[::-1]

    async def close(self) -> None:
        """Take nothing more, and finish what was taken."""
        self._closed = True
        if self._writing is not None:
            await self._writing

    async def _write_all(self) -> None:
        while self._waiting:
            if self._busy:
                await asyncio.sleep(GATHERING_S)
            group = self._next_group()
            self._busy = sum(len(requests) for requests in group.values()) > 1
            for tenant, requests in group.items():
                drafts = [draft for request in requests for draft in request.drafts]
                ids = [an_id for request in requests for an_id in request.ids]
                # Whatever fails, those who wait must hear of it, and the next group must have its turn.
                (outcome,) = await asyncio.gather(self._file(tenant, drafts, ids), return_exceptions=True)
                _answer(requests, outcome)

    def _next_group(self) -> Mapping[str, list[_Request]]:
        group: dict[str, list[_Request]] = {}
        room = MAX_TOGETHER
        while self._waiting and (not group or len(self._waiting[0].drafts) <= room):
            request = self._waiting.popleft()
            room -= len(request.drafts)
            group.setdefault(request.tenant, []).append(request)
        return group

    async def _answered_before(
        self, tenant: str, drafts: Sequence[_Row], ids: Sequence[str]
    ) -> Sequence[_Row | Recorded]:
        """The rows of a request that is done again, with the answer in place of each one that was filed before."""
        filed = {row.interaction_id: row for row in await self._ledger.by_ids(tenant, ids)}
        answers: list[_Row | Recorded] = []
        for draft, interaction_id in zip(drafts, ids, strict=True):
            row = filed.get(interaction_id)
            if row is None:
                answers.append(draft)
                continue
            customer_id = await self._ledger.customer_of(tenant, row.identity_id)
            answers.append(
                Recorded(
                    id=row.id,
                    interaction_id=row.interaction_id,
                    seq=row.seq,
                    customer_id=customer_id,
                    match=Match.EXACT,
                )
            )
        return answers

    async def _file(self, tenant: str, drafts: Sequence[_Row | Recorded], ids: Sequence[str]) -> Sequence[Recorded]:
        batch = _Batch(drafts, ids, now=datetime.now(UTC), looks_wrong=self._rules.warnings)
        if batch.arrivals:
            async with self._ledger.transaction(tenant) as transaction:
                noted = await transaction.run(partial(self._file_batch, batch))
            (self._noted.add if noted else self._noted.discard)(tenant)
        return batch.answers()

    def noted(self, tenant: str) -> bool:
        """Whether the tenant's last transaction noted its interactions as not announced: a webhook hears of them."""
        return tenant in self._noted

    def _file_batch(self, batch: "_Batch", unit: Unit) -> bool:
        fresh = [arrival.draft for arrival in batch.arrivals]
        talks = {draft.conversation_id for draft in fresh if draft.conversation_id}
        # Whoever adds to a conversation without saying who they are is whom the conversation belongs to.
        identified = {draft.conversation_id for draft in fresh if draft.conversation_id and draft.identifiers}
        recorded = unit.recorded(
            identifiers=self._rules.keys(fresh),
            conversation_ids=identified,
            seats_only=talks - identified,
            caller_ids={draft.id for draft in fresh if draft.id},
        )
        arrivals = batch.new_ones(recorded)
        assignment = self._rules.assign(recorded, arrivals, at=batch.now)
        seqs = unit.apply(assignment.changes.model_copy(update={"announce": self._announces()}))
        for arrival, customer_id, match in zip(arrivals, assignment.customer_ids, assignment.matches, strict=True):
            batch.filed(arrival, seqs[arrival.interaction_id], customer_id, match)
        return unit.noted()


@dataclass(frozen=True, slots=True)
class _ArrivalRow:
    """A row that is an arrival, or `repeats` one that came before it in the same transaction."""

    arrival: Arrival
    repeats: bool


class _Batch:
    """The rows of one transaction: each is refused, a repeat of another row, known already, or new."""

    def __init__(
        self,
        drafts: Sequence[_Row | Recorded],
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
        self._rows = [self._row(draft, an_id) for draft, an_id in zip(drafts, ids, strict=True)]

    def new_ones(self, recorded: RecordedIdentities) -> list[Arrival]:
        """The arrivals that are to be filed; the others are answered for."""
        filed = {row.id: row for row in recorded.filed}
        new: dict[str, Arrival] = {}
        for arrival in self.arrivals:
            caller_id = arrival.draft.id or arrival.interaction_id
            if caller_id in filed:
                alike = {arrival.content_sha256} | self._earlier.get(arrival.interaction_id, frozenset())
                self._answers[arrival.interaction_id] = _answer_of_filed(filed[caller_id], alike)
            elif caller_id in new:
                self._answers[arrival.interaction_id] = Recorded(id=caller_id, problem=_conflict(caller_id))
            else:
                new[caller_id] = arrival
        return list(new.values())

    def filed(self, arrival: Arrival, seq: int, customer_id: str, match: Match) -> None:
        """An arrival is in the ledger."""
        self._answers[arrival.interaction_id] = Recorded(
            id=arrival.draft.id, interaction_id=arrival.interaction_id, seq=seq, customer_id=customer_id, match=match
        )

    def answers(self) -> Sequence[Recorded]:
        """Each row's answer, in its place."""
        return [self._answer(row) if isinstance(row, _ArrivalRow) else row for row in self._rows]

    def _row(self, row: _Row | Recorded, interaction_id: str) -> Recorded | _ArrivalRow:
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

    def _answer(self, row: _ArrivalRow) -> Recorded:
        answer = self._answers[row.arrival.interaction_id]
        repeated = row.repeats and answer.problem is None
        if answer.problem is None and (warnings := self._warnings(row.arrival.draft)):
            answer = answer.model_copy(update={"warnings": warnings})
        return answer.model_copy(update={"duplicate": True}) if repeated else answer

    def _warnings(self, draft: InteractionDraft) -> tuple[RowWarning, ...]:
        warnings = self._looks_wrong(draft) if draft.identifiers else ()
        empty = draft.kind is Kind.MESSAGE and not draft.text.strip() and not draft.data
        return (*warnings, _EMPTY_MESSAGE) if empty else warnings


_EMPTY_MESSAGE = RowWarning(
    field="text", code="empty_message", detail="A message without words and data. Send its text, or leave it out."
)


def _answer_of_filed(filed: ExistingRow, alike: Collection[str]) -> Recorded:
    if filed.content_sha256 not in alike:
        return Recorded(id=filed.id, problem=_conflict(filed.id))
    return Recorded(
        id=filed.id,
        interaction_id=filed.interaction_id,
        seq=filed.seq,
        customer_id=filed.customer_id,
        match=Match.EXACT,
        duplicate=True,
    )


def _cleaned(
    drafts: Sequence[InteractionDraft | Problem], clean: Callable[[InteractionDraft], InteractionDraft]
) -> Sequence[InteractionDraft | Problem]:
    return [clean(draft) if isinstance(draft, InteractionDraft) else draft for draft in drafts]


def refusing_ahead(drafts: Sequence[InteractionDraft | Problem], now: datetime) -> Sequence[InteractionDraft | Problem]:
    """The drafts with a problem in the place of each that happened more than a day ahead of the clock."""
    return [
        (_problem_of_time(draft, now) or draft) if isinstance(draft, InteractionDraft) else draft for draft in drafts
    ]


def _problem_of_time(draft: InteractionDraft, now: datetime) -> Problem | None:
    if draft.occurred_at is None or draft.occurred_at <= now + MOST_AHEAD:
        return None
    return _invalid(
        "occurred_at",
        f"It is more than 24 hours ahead of this server's clock ({now:%Y-%m-%dT%H:%M:%SZ}). Send when it happened.",
    )


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
    return _invalid("data", message)


def _invalid(path: str, message: str) -> Problem:
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


def _answer(requests: Sequence[_Request], outcome: Sequence[Recorded] | BaseException) -> None:
    start = 0
    for request in requests:
        end = start + len(request.drafts)
        gone = request.answer.done()
        if isinstance(outcome, BaseException) and not gone:
            request.answer.set_exception(outcome)
        elif not isinstance(outcome, BaseException) and not gone:
            request.answer.set_result(outcome[start:end])
        start = end
