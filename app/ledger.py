"""Files interactions durably, many requests in one transaction: one fsync for all who wait, and no answer before it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from app.batches import Batch, BatchRow, following, invalid_row
from app.errors import Unavailable
from app.forwarding import as_forwarding, echoes, forwarded_caller_id, forwards, passed_on, with_passed_on
from app.ids import id_of_work, resumed_work
from app.models import CHANGES, Interaction, InteractionDraft, Match, Problem, Recorded
from app.nlu.forwarded import is_letter_of_ours
from app.ports import Arrival, Changes, IdentityRules, Ledger, NewInteraction, Unit
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


@dataclass(frozen=True, slots=True)
class _Request:
    tenant: str
    drafts: Sequence[BatchRow | Recorded]
    ids: Sequence[str]
    forwarded: Mapping[str, Arrival]
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
        rows, forwarded = await self._forwarded(tenant, rows, ids)
        answer: asyncio.Future[Sequence[Recorded]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Request(tenant, rows, ids, forwarded, answer))
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

    async def _masked(self, tenant: str, drafts: Sequence[InteractionDraft | Problem]) -> Sequence[BatchRow]:
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

    async def _forwarded(
        self, tenant: str, rows: Sequence[BatchRow | Recorded], ids: Sequence[str]
    ) -> tuple[Sequence[BatchRow | Recorded], Mapping[str, Arrival]]:
        """The rows as they are filed, and the customers' letters that agents pass on in them, by interaction_id."""
        filed_as = list(rows)
        letters: dict[str, Arrival] = {}
        for index, row in enumerate(rows):
            if not isinstance(row, MaskedDraft) or not forwards(row.draft, ()):
                continue
            before = await self._before(tenant, row.draft.conversation_id, rows[:index])
            if not forwards(row.draft, before):
                continue
            filed_as[index] = replace(row, draft=as_forwarding(row.draft))
            sent = Arrival(interaction_id=ids[index], draft=row.draft, content_sha256=row.digest)
            letter = passed_on(sent, before)
            if letter is not None:
                letters[ids[index]] = letter
        return filed_as, letters

    async def _before(
        self, tenant: str, talk: str | None, rows: Sequence[BatchRow | Recorded]
    ) -> Sequence[Interaction | InteractionDraft]:
        """The newest rows of a conversation, and those of a request that come before a row of it."""
        if talk is None:
            return ()
        beside = (row.draft for row in rows if isinstance(row, MaskedDraft) and row.draft.conversation_id == talk)
        return [*await self._newest(tenant, talk), *beside]

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
                forwarded = {name: row for request in requests for name, row in request.forwarded.items()}
                # Whatever fails, those who wait must hear of it, and the next group must have its turn.
                (outcome,) = await asyncio.gather(self._file(tenant, drafts, ids, forwarded), return_exceptions=True)
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
        self, tenant: str, drafts: Sequence[BatchRow], ids: Sequence[str]
    ) -> Sequence[BatchRow | Recorded]:
        """The rows of a request that is done again, with the answer in place of each one that was filed before."""
        filed = {row.interaction_id: row for row in await self._ledger.by_ids(tenant, ids)}
        answers: list[BatchRow | Recorded] = []
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

    async def _file(
        self,
        tenant: str,
        drafts: Sequence[BatchRow | Recorded],
        ids: Sequence[str],
        forwarded: Mapping[str, Arrival],
    ) -> Sequence[Recorded]:
        batch = Batch(drafts, ids, now=datetime.now(UTC), looks_wrong=self._rules.warnings)
        if batch.arrivals:
            async with self._ledger.transaction(tenant) as transaction:
                noted, changed = await transaction.run(partial(self._file_batch, batch, forwarded))
            (self._noted.add if noted else self._noted.discard)(tenant)
            # What was deleted is gone from all that was made of it, too, before anybody hears that it is.
            if deleted := [row for row in changed if row.redacted]:
                await self._on_reworded(tenant, deleted)
        return batch.answers()

    def noted(self, tenant: str) -> bool:
        """Whether the tenant's last transaction noted its interactions as not announced: a webhook hears of them."""
        return tenant in self._noted

    def _file_batch(
        self, batch: Batch, forwarded: Mapping[str, Arrival], unit: Unit
    ) -> tuple[bool, Sequence[Interaction]]:
        """Files what is new; tells whether it is noted as not announced, and what edits and deletions changed."""
        fresh = [arrival.draft for arrival in (*batch.arrivals, *forwarded.values())]
        talks = {draft.conversation_id for draft in fresh if draft.conversation_id}
        # Whoever adds to a conversation without saying who they are is whom the conversation belongs to.
        identified = {draft.conversation_id for draft in fresh if draft.conversation_id and draft.identifiers}
        recorded = unit.recorded(
            identifiers=self._rules.keys(fresh),
            conversation_ids=identified,
            seats_only=talks - identified,
            caller_ids={name for draft in fresh for name in (draft.id, draft.target_id) if name},
        )
        new, followers = batch.new_ones(recorded)
        arrivals = with_passed_on(new, forwarded, recorded.filed)
        assignment = self._rules.assign(recorded, arrivals, at=batch.now)
        changes = assignment.changes
        # A change belongs to whomever what it changes belongs to, whatever it names itself.
        followed, owners = following(followers, changes.interactions, recorded.filed, assignment.customer_ids)
        written = {
            # What waits for its target names nobody by itself, as if it had come after it.
            "interactions": tuple(map(_without_identifiers, changes.interactions)),
            "followers": tuple(followed),
            "replaced": batch.replaced,
            "announce": self._announces(),
        }
        seqs = unit.apply(changes.model_copy(update=written))
        for arrival, customer_id, match in zip(arrivals, assignment.customer_ids, assignment.matches, strict=True):
            batch.filed(arrival, seqs[arrival.interaction_id], customer_id, match)
        for arrival, customer_id in zip(followers, owners, strict=True):
            batch.filed(arrival, seqs[arrival.interaction_id], customer_id, Match.EXACT)
        touched = {arrival.draft.target_id or arrival.draft.id for arrival in (*arrivals, *followers)}
        noted, changed = unit.noted(), unit.apply_changes({name for name in touched if name})
        return noted, (*changed, *_echoed(unit, changed))


def _without_identifiers(new: NewInteraction) -> NewInteraction:
    if new.draft.kind not in CHANGES or not new.draft.identifiers:
        return new
    return new.model_copy(update={"draft": new.draft.model_copy(update={"identifiers": ()})})


def _echoed(unit: Unit, changed: Sequence[Interaction]) -> Sequence[Interaction]:
    """Have what changed in agents' letters change the customers' letters that came with them; gives those."""
    # What was edited or deleted says nothing any more of what it passed on before.
    by_name = {forwarded_caller_id(row.id): row for row in changed if row.id and is_letter_of_ours(row)}
    if not by_name:
        return ()
    followers = echoes(by_name, unit.recorded(caller_ids=by_name).filed)
    if not followers:
        return ()
    unit.apply(Changes(followers=tuple(followers)))
    return unit.apply_changes(by_name)


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
    return invalid_row(
        "occurred_at",
        f"It is more than 24 hours ahead of this server's clock ({now:%Y-%m-%dT%H:%M:%SZ}). Send when it happened.",
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
