"""The verbs of those who look at a customer's history: finding whose it is, and a part of it with all that happened."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, NamedTuple

from pydantic_core import to_json

from app.errors import InvalidRequest
from app.ids import first_id_at, ids_in
from app.models import Customer, Decision, Handoff, Interaction, Signal
from app.ports import InteractionRef
from app.services.customer_history import (
    FoundCustomer,
    Joining,
    JourneyPage,
    JourneyQuery,
    MadeDecision,
    MadeHandoff,
    Why,
)
from app.services.history_signals import HistorySignals
from app.services.parts import Parts

MOST_FOUND = 20
# Words are looked for in the newest so many sequence numbers of a tenant: some fifty milliseconds.
MENTIONED_AMONG = 20_000
_SHORTEST_MENTION = 3
_MOST_MENTIONS = 200
_MOST_MADE = 50
# Where friction alone is wanted, so many parts are looked through before the caller has to ask on.
_MOST_PARTS = 5
_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


class _Made(NamedTuple):
    """What was handed over and decided, and how many handoffs are somebody else's now."""

    handoffs: tuple[MadeHandoff, ...]
    decisions: tuple[MadeDecision, ...]
    withheld: int


class _OutlineWindow(NamedTuple):
    """A stretch of the outline that filters left: the places from `start` on, before `end`."""

    start: int
    end: int


class JourneyService:
    """What an App tells about whole histories."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def find_customers(self, tenant: str, written: str) -> tuple[FoundCustomer, ...]:
        """The customers that a text may mean, at most twenty; nobody is made by looking.

        It may be an id of ours (customer, interaction, handoff, decision), a conversation's id or an identifier in any
        spelling. Where it is none of these, whoever used it lately: in the newest 20,000 interactions of the tenant.
        """
        written = written.strip()
        if not written:
            return ()
        matches = [*await self._by_id(tenant, written), *await self._by_identifier(tenant, written)]
        if not matches and len(written) >= _SHORTEST_MENTION:
            matches = await self._by_mention(tenant, written)
        first = {match.customer.customer_id: match for match in reversed(matches)}
        return tuple(sorted(first.values(), key=matches.index))[:MOST_FOUND]

    async def journey(self, tenant: str, customer_id: str, wanted: JourneyQuery) -> JourneyPage:
        """A part of a customer's history over all channels, in the order things happened.

        Raises UnknownCustomer, or InvalidRequest when `before`, `after` or `at` names no interaction of theirs.
        """
        started = perf_counter()
        head = await self._parts.ledger.head(tenant)
        customer = await self._parts.identities.customer(tenant, customer_id)
        outline = await self._parts.ledger.outline(tenant, customer.identity_ids, up_to_seq=head)
        left = [outlined for outlined in outline if _fits(outlined, wanted)]
        noticing = HistorySignals(self._parts.ledger, tenant, customer, outline)
        window, rows, signals = await _part(noticing, left, _window(outline, left, wanted), wanted)
        since, until = _span(left, window, wanted)
        made = await self._made(tenant, customer, outline, since or _EVER, until or _NEVER)
        return JourneyPage(
            customer=customer,
            interactions=tuple(rows),
            signals=tuple(signals),
            joinings=await self._joinings(tenant, customer),
            handoffs=made.handoffs,
            decisions=made.decisions,
            withheld=made.withheld,
            targets=await self._targets(tenant, customer, rows),
            total=len(outline),
            channels=Counter(outlined.channel for outlined in outline),
            matching=len(left),
            first=window.start,
            looked_through=window.end - window.start,
            earlier=left[window.start].interaction_id if window.start > 0 else None,
            later=left[window.end - 1].interaction_id if window.end < len(left) else None,
            since=since,
            until=until,
            as_of_seq=head,
            duration_ms=round((perf_counter() - started) * 1000),
        )

    # --- finding ---

    async def _by_id(self, tenant: str, written: str) -> list[FoundCustomer]:
        ledger, archive = self._parts.ledger, self._parts.archive
        matches: list[FoundCustomer | None] = []
        party = await ledger.party(tenant, known_as=written)
        if party is not None:
            matches.append(
                await self._match_of(tenant, written, "customer" if party.customer_id == written else "merged")
            )
        seat = await ledger.seat_of(tenant, written)
        if seat is not None:
            begun = await ledger.interactions(tenant, [seat.identity_id], conversation_id=written, limit=1)
            first = begun[0].interaction_id if begun else None
            matches.append(await self._match_of(tenant, seat.customer_id, "conversation", interaction_id=first))
        for row in await ledger.by_ids(tenant, [written]):
            interaction_id = row.interaction_id
            matches.append(await self._match_of(tenant, row.identity_id, "interaction", interaction_id=interaction_id))
        made: tuple[tuple[str, Why], ...] = (("handoffs", "handoff"), ("decisions", "decision"))
        for collection, why in made:
            if (document := await archive.get(tenant, collection, written)) is not None:
                matches.append(await self._match_of(tenant, document["customer_id"], why))
        return [match for match in matches if match is not None]

    async def _by_identifier(self, tenant: str, written: str) -> list[FoundCustomer]:
        holdings = await self._parts.identities.holders(tenant, written)
        verified_first = sorted(holdings, key=lambda holding: not holding.identifier.verified)
        holders = {holding.customer_id: holding for holding in reversed(verified_first)}
        matches = [
            await self._match_of(tenant, customer_id, "identifier") for customer_id in [*reversed(holders)][:MOST_FOUND]
        ]
        return [
            match.model_copy(update={"identifier": holders[match.customer.customer_id].identifier})
            for match in matches
            if match is not None
        ]

    async def _by_mention(self, tenant: str, written: str) -> list[FoundCustomer]:
        rows = await self._parts.ledger.mentioning(tenant, written, among=MENTIONED_AMONG, limit=_MOST_MENTIONS)
        newest = {row.identity_id: row for row in reversed(rows)}
        matches = [
            await self._match_of(tenant, row.identity_id, "mention", interaction_id=row.interaction_id)
            for row in sorted(newest.values(), key=lambda interaction: -interaction.seq)[:MOST_FOUND]
        ]
        return [match for match in matches if match is not None]

    async def _match_of(
        self, tenant: str, known_as: str, why: Why, *, interaction_id: str | None = None
    ) -> FoundCustomer | None:
        if await self._parts.ledger.customer_of(tenant, known_as) is None:
            return None  # erased between two looks
        customer = await self._parts.identities.customer(tenant, known_as)
        return FoundCustomer(customer=customer, why=why, interaction_id=interaction_id)

    # --- what happened along the way ---

    async def _targets(self, tenant: str, customer: Customer, rows: Sequence[Interaction]) -> Mapping[str, Interaction]:
        named = {row.target_id for row in rows if row.target_id}
        targets = await self._parts.ledger.by_caller_ids(tenant, named) if named else ()
        return {row.id: row for row in targets if row.id and row.identity_id in customer.identity_ids}

    async def _joinings(self, tenant: str, customer: Customer) -> tuple[Joining, ...]:
        ledger = self._parts.ledger
        merges = await ledger.merges_of(tenant, customer.identity_ids)
        evidence = await ledger.by_ids(
            tenant, {interaction_id for merge in merges for interaction_id in merge.evidence}
        )
        # What a merge that was undone rested on may be somebody else's again.
        rows = {row.interaction_id: row for row in evidence if row.identity_id in customer.identity_ids}
        holdings = await ledger.holdings_of(tenant, {merge.absorbed for merge in merges} & {*customer.identity_ids})
        joinings: list[Joining] = []
        for merge in merges:
            own = [rows[interaction_id] for interaction_id in merge.evidence if interaction_id in rows]
            away = next(
                (
                    identity_id
                    for identity_id in (merge.survivor, merge.absorbed)
                    if identity_id not in customer.identity_ids
                ),
                None,
            )
            joinings.append(
                Joining(
                    merge=merge,
                    at=merge.at
                    if merge.undone_at
                    else max((interaction.occurred_at for interaction in own), default=merge.at),
                    brought=tuple(holding.identifier for holding in holdings if holding.identity_id == merge.absorbed),
                    evidence=tuple(interaction.interaction_id for interaction in own),
                    other=await ledger.customer_of(tenant, away) if away else None,
                )
            )
        return tuple(sorted(joinings, key=lambda joining: joining.at))

    async def _made(
        self, tenant: str, customer: Customer, outline: Sequence[InteractionRef], since: datetime, until: datetime
    ) -> _Made:
        """The handoffs and decisions of a stretch of time, by the moment they were judged as of."""
        filed = [
            await self._documents(tenant, customer, collection, since, until)
            for collection in ("handoffs", "decisions")
        ]
        foreign = await self._foreign(tenant, customer, outline, [*filed[0], *filed[1]])
        handoffs = [Handoff.model_validate(document) for document in filed[0] if document["handoff_id"] not in foreign]
        decisions = [
            Decision.model_validate(document) for document in filed[1] if document["decision_id"] not in foreign
        ]
        of_handoffs = {handoff.next_actions.decision_id for handoff in handoffs if handoff.next_actions}
        marked = [MadeHandoff(at=_judged_at(handoff), handoff=handoff) for handoff in handoffs]
        alone = [decision for decision in decisions if decision.decision_id not in of_handoffs]
        decided = [MadeDecision(at=decision.created_at, decision=decision) for decision in alone]
        return _Made(
            handoffs=tuple(
                sorted(
                    (made_handoff for made_handoff in marked if since <= made_handoff.at < until),
                    key=lambda made_handoff: made_handoff.at,
                )
            ),
            decisions=tuple(
                sorted(
                    (made_decision for made_decision in decided if since <= made_decision.at < until),
                    key=lambda made_decision: made_decision.at,
                )
            ),
            withheld=sum(document_id.startswith("hnd_") for document_id in foreign),
        )

    async def _foreign(
        self,
        tenant: str,
        customer: Customer,
        outline: Sequence[InteractionRef],
        documents: Sequence[Mapping[str, Any]],
    ) -> set[str]:
        """Which documents rest on interactions of somebody else: made while two were joined who are apart now."""
        own = {outlined.interaction_id for outlined in outline}
        talks = {outlined.conversation_id for outlined in outline} | {None}
        named = {
            _name(document): {
                interaction_id
                for interaction_id in ids_in(to_json(document).decode())
                if interaction_id.startswith("int_") and interaction_id not in own
            }
            for document in documents
        }
        rows = await self._parts.ledger.by_ids(
            tenant, {interaction_id for ids in named.values() for interaction_id in ids}
        )
        others = {row.interaction_id for row in rows if row.identity_id not in customer.identity_ids}
        # A handoff may be for a conversation that has yet to begin; only one that others have is theirs.
        unknown = {document.get("conversation_id") for document in documents} - talks
        seats = [await self._parts.ledger.seat_of(tenant, str(conversation_id)) for conversation_id in unknown]
        taken = {seat.conversation_id for seat in seats if seat and seat.customer_id != customer.customer_id}
        elsewhere = {_name(document) for document in documents if document.get("conversation_id") in taken}
        return elsewhere | {name for name, ids in named.items() if ids & others}

    async def _documents(
        self, tenant: str, customer: Customer, collection: str, since: datetime, until: datetime
    ) -> Sequence[Mapping[str, Any]]:
        """What was filed of a customer in a stretch of time, and what was filed last, which may be judged as of it."""
        prefix = "hnd" if collection == "handoffs" else "dec"
        first, last = prefix + "_", prefix + "`"
        begin = first if since == _EVER else first_id_at(prefix, since)
        end = last if until == _NEVER else first_id_at(prefix, until)
        documents_by_id: dict[str, Mapping[str, Any]] = {}
        for bounds in dict.fromkeys(((begin, end), (first, last))):
            read = self._parts.archive.between
            for document in await read(tenant, collection, customer.identity_ids, *bounds, limit=_MOST_MADE):
                documents_by_id[str(document[f"{collection.removesuffix('s')}_id"])] = document
        return list(documents_by_id.values())


def _fits(outlined: InteractionRef, wanted: JourneyQuery) -> bool:
    return (
        (wanted.channel is None or outlined.channel is wanted.channel)
        and (wanted.kind is None or outlined.kind is wanted.kind)
        and (wanted.since is None or outlined.occurred_at >= wanted.since)
        and (wanted.until is None or outlined.occurred_at < wanted.until)
    )


def _window(outline: Sequence[InteractionRef], left: Sequence[InteractionRef], wanted: JourneyQuery) -> _OutlineWindow:
    """Which places of what the filters left are wanted, by the interaction that the caller named."""
    named = wanted.before or wanted.after or wanted.at
    if named is None:
        return _OutlineWindow(max(0, len(left) - wanted.limit), len(left))
    outlined = next((candidate for candidate in outline if candidate.interaction_id == named), None)
    if outlined is None:
        field = "before" if wanted.before else "after" if wanted.after else "at"
        message = "No interaction of this customer has this id."
        raise InvalidRequest(f"{field}: {message}", [{"path": field, "message": message}])
    if wanted.before:
        end = bisect_left(left, outlined)
        return _OutlineWindow(max(0, end - wanted.limit), end)
    if wanted.after:
        start = bisect_right(left, outlined)
        return _OutlineWindow(start, min(len(left), start + wanted.limit))
    # A little of what went before tells what the named one was about.
    start = max(0, min(bisect_left(left, outlined) - wanted.limit // 3, len(left) - wanted.limit))
    return _OutlineWindow(start, min(len(left), start + wanted.limit))


def _span(
    left: Sequence[InteractionRef], window: _OutlineWindow, wanted: JourneyQuery
) -> tuple[datetime | None, datetime | None]:
    """From a part's first interaction to the first one after it; at either end of what was asked for, all there is."""
    since = left[window.start].occurred_at if window.start > 0 else wanted.since
    until = left[window.end].occurred_at if window.end < len(left) else wanted.until
    return since, until


async def _part(
    noticing: HistorySignals, left: Sequence[InteractionRef], window: _OutlineWindow, wanted: JourneyQuery
) -> tuple[_OutlineWindow, Sequence[Interaction], Sequence[Signal]]:
    rows, signals = await noticing.read(left[window.start : window.end])
    if not wanted.friction:
        return window, rows, signals
    telling = _telling(rows, signals)
    forward = wanted.after is not None
    for _ in range(_MOST_PARTS - 1):
        start, end = window
        more = (
            _OutlineWindow(end, min(len(left), end + wanted.limit))
            if forward
            else _OutlineWindow(max(0, start - wanted.limit), start)
        )
        if len(telling) >= wanted.limit // 2 or more.start == more.end:
            break
        rows, others = await noticing.read(left[more.start : more.end])
        interactions = _telling(rows, others)
        telling = [*telling, *interactions] if forward else [*interactions, *telling]
        signals = list({signal.signal_id: signal for signal in (*signals, *others)}.values())
        window = _OutlineWindow(min(start, more.start), max(end, more.end))
    return window, telling, signals


def _telling(rows: Sequence[Interaction], signals: Sequence[Signal]) -> list[Interaction]:
    rested_on = {evidence for signal in signals for evidence in signal.evidence}
    return [row for row in rows if row.interaction_id in rested_on]


def _name(document: Mapping[str, Any]) -> str:
    return str(document.get("handoff_id") or document["decision_id"])


def _judged_at(handoff: Handoff) -> datetime:
    return handoff.next_actions.created_at if handoff.next_actions else handoff.request.now or handoff.created_at
