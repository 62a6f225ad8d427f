"""Lists of customers, conversations and handoffs, the newest first, page by page."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple, TypeVar

from pydantic import Field

from app.errors import InvalidRequest, UnknownCustomer
from app.identity import Identities
from app.ids import Prefix, first_id_at, made_at
from app.models import (
    Channel,
    ConversationPage,
    ConversationSummary,
    CustomerPage,
    CustomerSummary,
    Handoff,
    HandoffPage,
    HandoffStatus,
    HandoffSummary,
    Interaction,
    Kind,
    Moment,
    Record,
    VerificationStatus,
)
from app.models.base import NO_NUL
from app.ports import Archive, Ledger
from app.privacy import masked_conversation

TEXT_CHARACTERS = 200
# Where a filter lets few through, so many are looked at before the caller has to ask on.
MOST_READ = 2_000
# A handoff's document is large, so these are read in smaller pieces.
PIECE, FEWEST_READ = 100, 20
# Words are looked for in the newest so many sequence numbers of a tenant.
MENTIONED_AMONG = 20_000
MOST_MENTIONS = 1_000
_WINDOW = 3
# Deliveries overtake each other by a few: what happened last is looked for among so many of the newest rows.
_OVERTAKING = 100
_CONVERSATION_CURSOR = re.compile(r"(?P<head>\d{1,18})\.(?P<seq>\d{1,18})")

_Entry = TypeVar("_Entry")
_Summary = TypeVar("_Summary")


class ListQuery(Record):
    """Which part of a list is wanted."""

    since: Moment | None = Field(default=None, alias="from", description="only what is of this time or later")
    until: Moment | None = Field(default=None, alias="to", description="only what is of before this time")
    q: Annotated[str, Field(min_length=1, max_length=200), NO_NUL] | None = Field(
        default=None, description="only what holds these words"
    )
    cursor: Annotated[str, Field(max_length=128), NO_NUL] | None = Field(
        default=None, description="`next_cursor` of the page before"
    )
    limit: int = Field(default=50, ge=1, le=1000, description="how many at most")


class CustomerQuery(ListQuery):
    """Which customers are wanted; `from` and `to` are about when their id was made, `q` is an identifier."""

    status: VerificationStatus | None = Field(default=None, description="only those known so surely")


class ConversationQuery(ListQuery):
    """Which conversations are wanted; `from`, `to` and `channel` are about what happened last."""

    channel: Channel | None = Field(default=None, description="only those whose last interaction is of this channel")


class HandoffQuery(ListQuery):
    """Which handoffs are wanted; `from` and `to` are about when their id was made, `q` is looked for in headlines."""

    channel: Channel | None = Field(default=None, description="only those from or to this channel")
    status: HandoffStatus | None = Field(default=None, description="only those that ended so")


class _LastInteraction(NamedTuple):
    """What happened last in a conversation, and whose it is."""

    customer_id: str
    interaction: Interaction


class Listings:
    """Reads lists; nothing is made by it."""

    def __init__(self, ledger: Ledger, archive: Archive, identities: Identities) -> None:
        self._ledger = ledger
        self._archive = archive
        self._identities = identities

    async def handoffs(self, tenant: str, wanted: HandoffQuery) -> HandoffPage:
        """The tenant's handoffs, the newest first."""
        as_of_seq = await self._ledger.head(tenant)
        start = _start("hnd", wanted)

        async def read(before: str | None, limit: int) -> Sequence[tuple[str, Handoff]]:
            documents = await self._archive.newest(tenant, "handoffs", before=before, limit=limit)
            return [(key, Handoff.model_validate(document)) for key, document in documents]

        def summary(handoff: Handoff) -> HandoffSummary | None:
            channels = (handoff.request.from_channel, handoff.request.to_channel)
            fits = (
                (wanted.status is None or handoff.status is wanted.status)
                and (wanted.channel is None or wanted.channel in channels)
                and _holds(handoff.brief.headline, wanted.q)
            )
            return _handoff_summary(handoff) if fits else None

        is_too_old = _sorts_before(_id_at("hnd", wanted.since))
        handoffs, cursor = await _page(read, summary, start, wanted.limit, until=is_too_old)
        return HandoffPage(handoffs=handoffs, next_cursor=cursor, as_of_seq=as_of_seq)

    async def conversations(self, tenant: str, wanted: ConversationQuery) -> ConversationPage:
        """The tenant's conversations, those that were written to last first, each with what happened last in it."""
        head, before_seq = _head_and_seq(wanted.cursor)
        as_of_seq = await self._ledger.head(tenant)
        head = as_of_seq if head is None else head
        mentioned = await self._mentioned(tenant, wanted.q)
        if mentioned is not None and not mentioned:
            return ConversationPage(conversations=(), next_cursor=None, as_of_seq=as_of_seq)
        start = None if before_seq is None else str(before_seq)

        async def read(before: str | None, limit: int) -> Sequence[tuple[str, _LastInteraction]]:
            below = head + 1 if before is None else int(before)
            rows = await self._ledger.last_of_conversations(tenant, before_seq=below, up_to_seq=head, limit=limit)
            last_rows = await self._last(tenant, rows, head)
            return [(str(row.seq), last) for row, last in zip(rows, last_rows, strict=True)]

        def summary(last: _LastInteraction) -> ConversationSummary | None:
            row = last.interaction
            fits = (
                (wanted.channel is None or row.channel is wanted.channel)
                and (wanted.since is None or row.occurred_at >= wanted.since)
                and (wanted.until is None or row.occurred_at < wanted.until)
                and (mentioned is None or row.conversation_id in mentioned)
            )
            return _conversation_summary(row, last.customer_id) if fits else None

        conversations, position = await _page(read, summary, start, wanted.limit)
        cursor = None if position is None else f"{head}.{position}"
        return ConversationPage(conversations=conversations, next_cursor=cursor, as_of_seq=as_of_seq)

    async def customers(self, tenant: str, wanted: CustomerQuery) -> CustomerPage:
        """The tenant's customers, the newest first."""
        as_of_seq = await self._ledger.head(tenant)
        start = _start("cus", wanted)
        holders = None
        if wanted.q is not None:
            holders = {holding.customer_id for holding in await self._identities.holders(tenant, wanted.q)}

        async def read(before: str | None, limit: int) -> Sequence[tuple[str, CustomerSummary | None]]:
            if holders is not None:
                newest = sorted(holders, reverse=True)
                ids = [customer_id for customer_id in newest if before is None or customer_id < before]
            else:
                ids = list(await self._ledger.customers(tenant, before=before, limit=limit))
            return [(customer_id, await self._customer_summary(tenant, customer_id)) for customer_id in ids[:limit]]

        def summary(customer: CustomerSummary | None) -> CustomerSummary | None:
            fits = customer is not None and wanted.status in (None, customer.verification_status)
            return customer if fits else None

        is_too_old = _sorts_before(_id_at("cus", wanted.since))
        customers, cursor = await _page(read, summary, start, wanted.limit, until=is_too_old)
        return CustomerPage(customers=customers, next_cursor=cursor, as_of_seq=as_of_seq)

    async def _customer_summary(self, tenant: str, customer_id: str) -> CustomerSummary | None:
        """A customer as the list shows them; None where they were erased a moment ago."""
        try:
            customer = await self._identities.customer(tenant, customer_id)
        except UnknownCustomer:
            return None
        return CustomerSummary(
            customer_id=customer_id,
            created_at=customer.created_at or made_at(customer_id),
            verification_status=customer.verification_status,
            identifiers=len(customer.identifiers),
        )

    async def _last(self, tenant: str, rows: Sequence[Interaction], head: int) -> Sequence[_LastInteraction]:
        """What happened last in the conversations of these rows, as an agent may see it, with its customer.

        What answers a question for a secret is masked by the question, so each is read with what stands before it.
        """
        ids = {row.conversation_id for row in rows if row.conversation_id is not None}
        outline = await self._ledger.outline_of_conversations(tenant, ids, up_to_seq=head, limit=_OVERTAKING)
        ends: dict[str | None, list[str]] = {}
        # Of one moment, what was said tells more than what became of the conversation, whichever arrived first.
        for outlined in sorted(outline, key=lambda ref: (ref.occurred_at, ref.kind is Kind.MESSAGE)):
            ends.setdefault(outlined.conversation_id, []).append(outlined.interaction_id)
        windows = await self._ledger.windows(tenant, ids, limit=_WINDOW)
        by_id = {row.interaction_id: _LastInteraction(customer_id, row) for customer_id, row in windows}
        last: list[_LastInteraction] = []
        for row in rows:
            end = ends.get(row.conversation_id, [row.interaction_id])[-_WINDOW:]
            last.append(by_id.get(end[-1]) or await self._overtaken(tenant, row, end))
        return last

    async def _overtaken(self, tenant: str, row: Interaction, end: Sequence[str]) -> _LastInteraction:
        """The last of these interactions, which others reached the ledger after; the row where it was just erased."""
        read = sorted(await self._ledger.by_ids(tenant, end), key=lambda before: end.index(before.interaction_id))
        last = masked_conversation(read)[-1] if read else row.model_copy(update={"text": ""})
        customer_id = await self._ledger.customer_of(tenant, last.identity_id)
        return _LastInteraction(customer_id or last.identity_id, last)

    async def _mentioned(self, tenant: str, words: str | None) -> frozenset[str] | None:
        """The conversations whose newer interactions hold these words; None where no words are wanted."""
        if words is None:
            return None
        rows = await self._ledger.mentioning(tenant, words, among=MENTIONED_AMONG, limit=MOST_MENTIONS)
        return frozenset(row.conversation_id for row in rows if row.conversation_id is not None)


async def _page(
    read: Callable[[str | None, int], Awaitable[Sequence[tuple[str, _Entry]]]],
    summary: Callable[[_Entry], _Summary | None],
    start: str | None,
    limit: int,
    *,
    until: Callable[[str], bool] = lambda _: False,
) -> tuple[tuple[_Summary, ...], str | None]:
    """The summaries of a page and the cursor of the next, which is None where the list ends.

    Entries are read from `start` on until the page is full, `until` says that the rest is too old, or so many were
    looked at that the caller has to ask on.
    """
    summaries: list[_Summary] = []
    position, last_shown, seen = start, start, 0
    piece = min(PIECE, max(limit + 1, FEWEST_READ))
    while seen < MOST_READ:
        entries = await read(position, piece)
        for key, entry in entries:
            if until(key):
                return tuple(summaries), None
            seen, position = seen + 1, key
            shown = summary(entry)
            if shown is None:
                continue
            if len(summaries) == limit:  # there is more than the page holds
                return tuple(summaries), last_shown
            summaries.append(shown)
            last_shown = key
        if len(entries) < piece:
            return tuple(summaries), None
    return tuple(summaries), position


def _start(prefix: Prefix, wanted: ListQuery) -> str | None:
    """The key below which a list by ids begins. Raises InvalidRequest for the cursor of another list."""
    if wanted.cursor is not None and not wanted.cursor.startswith(f"{prefix}_"):
        raise InvalidRequest("cursor: This is no cursor of this list. Pass `next_cursor` of the page before.")
    return min(filter(None, (wanted.cursor, _id_at(prefix, wanted.until))), default=None)


def _id_at(prefix: Prefix, moment: datetime | None) -> str | None:
    return None if moment is None else first_id_at(prefix, moment)


def _sorts_before(first: str | None) -> Callable[[str], bool]:
    """Whether a key sorts before the first that is wanted; none does where all are."""
    return lambda key: first is not None and key < first


def _head_and_seq(cursor: str | None) -> tuple[int | None, int | None]:
    """The head of the ledger when the first page was read, and where the next one begins."""
    if cursor is None:
        return None, None
    match = _CONVERSATION_CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidRequest("cursor: This is no cursor of conversations. Pass `next_cursor` of the page before.")
    return int(match["head"]), int(match["seq"])


def _holds(text: str | None, words: str | None) -> bool:
    return words is None or words.casefold() in (text or "").casefold()


def _handoff_summary(handoff: Handoff) -> HandoffSummary:
    return HandoffSummary(
        handoff_id=handoff.handoff_id,
        customer_id=handoff.customer_id,
        conversation_id=handoff.conversation_id,
        created_at=handoff.created_at,
        status=handoff.status,
        engine=handoff.engine,
        revision=handoff.revision,
        from_channel=handoff.request.from_channel,
        to_channel=handoff.request.to_channel,
        headline=handoff.brief.headline,
    )


def _conversation_summary(row: Interaction, customer_id: str) -> ConversationSummary:
    return ConversationSummary(
        conversation_id=row.conversation_id or "",
        customer_id=customer_id,
        interaction_id=row.interaction_id,
        last_at=row.occurred_at,
        channel=row.channel,
        actor=row.actor,
        kind=row.kind,
        text=row.text[:TEXT_CHARACTERS],
    )
