"""Gathers what is known of one customer's case into a snapshot, whose size and cost stay flat as the history grows."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from app.models import Actor, Customer, Interaction, Kind, Passage, Snapshot, resolved_ids, standing_rows
from app.nlu.analysis import analysis_of
from app.nlu.extent import readable
from app.ports import Ledger
from app.retrieval.search import MAX_CANDIDATES, Retriever
from app.retrieval.texts import searchable

# A conversation is taken whole up to this length; of a longer one, how it began and how it stands.
MAX_CONVERSATION = 400
OPENING = 20
# Of the other conversations: what is newest, what answers best, and what stands next to the very best.
MAX_RECENT = 60
MAX_STEPS = 60
MAX_HITS = 20
HITS_WITH_NEIGHBOURS = 5
# The part of a long history that is read for a handoff; a search by hand reads further back.
MAX_HISTORY = 1000
# What is read for a next action, which has to be there at once.
MAX_LATELY = 300
# Interactions without a conversation belong together while no pause between them is longer.
LONGEST_PAUSE = timedelta(minutes=30)
# What the customer came with and said last says what the case is about, "yes please" does not; more would drown it.
QUERY_MESSAGES = 3
QUERY_CHARACTERS = 200
TELLING_TERMS = 2


class Gatherer:
    """Makes the snapshots that signals, brief and decision are judged by."""

    def __init__(self, ledger: Ledger, retriever: Retriever) -> None:
        self._ledger = ledger
        self._retriever = retriever

    async def gather(
        self,
        tenant: str,
        customer: Customer,
        conversation_id: str | None,
        *,
        now: datetime,
        cutoff: datetime | None,
        history: bool = True,
        up_to_seq: int | None = None,
    ) -> Snapshot:
        """All that bears on one conversation of a customer, nothing later than `cutoff` where one is given.

        With `up_to_seq` it is gathered as it was when that was the newest.

        Without a `conversation_id`, or where the customer has said nothing in that conversation yet, it is the
        customer's newest. The snapshot is judged at `now`, or at its newest interaction if that is later. Without
        `history` only what is recent is read and nothing is searched for, which takes a fraction of the time.
        """
        limit = MAX_HISTORY if history else MAX_LATELY
        head, newest, conversation = await self._lately(
            tenant, customer, conversation_id, cutoff, limit=limit, up_to_seq=up_to_seq
        )
        if not conversation and newest:
            conversation_id = newest[-1].conversation_id
            found_again = await self._conversation(tenant, customer, conversation_id, head, cutoff)
            conversation = found_again or _newest_run(newest)
        newest, conversation = standing_rows(newest, cutoff), standing_rows(conversation, cutoff)
        conversation, resolved = _open_matter(newest, conversation)
        # The conversation first: of what may be read it is what matters.
        extent, earlier = readable(conversation), readable(newest)
        conversation, newest = extent.rows, earlier.rows
        at_hand = {interaction.interaction_id for interaction in conversation}
        others = [row for row in newest if not _belongs(row, conversation_id, at_hand, resolved)]
        query = _query(conversation) if history else ""
        ranking = await self._retriever.rank(tenant, others, query, limit=MAX_HITS)
        latest = max((interaction.occurred_at for interaction in (*conversation, *newest[-1:])), default=now)
        return Snapshot(
            tenant=tenant,
            customer=customer,
            conversation_id=conversation_id,
            conversation=tuple(conversation),
            prior=_prior(others, ranking.passages, {row.case_id for row in conversation if row.case_id}),
            resolved=resolved,
            history=ranking.passages,
            as_of_seq=head,
            now=max(now, latest),
            retrieval_available=ranking.by_meaning,
            is_cut=extent.is_cut or earlier.is_cut,
        )

    async def window(
        self, tenant: str, identity_id: str, conversation_id: str, *, limit: int, now: datetime | None = None
    ) -> Snapshot:
        """The newest `limit` interactions of one conversation, without retrieval, judged at `now` or at the newest."""
        customer_id = await self._ledger.customer_of(tenant, identity_id) or identity_id
        identity_ids = await self._ledger.identities_of(tenant, customer_id) or (identity_id,)
        rows = await self._ledger.interactions(
            tenant, identity_ids, conversation_id=conversation_id, limit=limit, newest_first=True
        )
        conversation, is_cut = readable(standing_rows(_in_order(rows)))
        latest = conversation[-1].occurred_at if conversation else datetime.now(UTC)
        return Snapshot(
            tenant=tenant,
            customer=Customer(customer_id=customer_id, identity_ids=tuple(identity_ids)),
            conversation_id=conversation_id,
            conversation=tuple(conversation),
            as_of_seq=max((row.seq for row in rows), default=0),
            now=now or latest,
            is_cut=is_cut,
        )

    async def _lately(
        self,
        tenant: str,
        customer: Customer,
        conversation_id: str | None,
        cutoff: datetime | None,
        *,
        limit: int,
        up_to_seq: int | None,
    ) -> tuple[int, list[Interaction], list[Interaction]]:
        """The tenant's head, what is newest of the customer, and the conversation, each in its order."""
        if cutoff is not None or up_to_seq is not None:
            head = await self._ledger.head(tenant) if up_to_seq is None else up_to_seq
            newest = await self._rows(tenant, customer, head, cutoff, limit=limit)
            return head, newest, await self._conversation(tenant, customer, conversation_id, head, cutoff)
        lately = await self._ledger.lately(
            tenant, customer.identity_ids, conversation_id=conversation_id, limit=limit, most=MAX_CONVERSATION
        )
        conversation = _in_order(lately.conversation)
        if conversation_id is not None and len(conversation) == MAX_CONVERSATION:
            conversation = await self._with_opening(tenant, customer, conversation_id, conversation, lately.head, None)
        return lately.head, _in_order(lately.newest), conversation

    async def _conversation(
        self, tenant: str, customer: Customer, conversation_id: str | None, head: int, cutoff: datetime | None
    ) -> list[Interaction]:
        if conversation_id is None:
            return []
        rows = await self._rows(tenant, customer, head, cutoff, limit=MAX_CONVERSATION, conversation_id=conversation_id)
        if len(rows) < MAX_CONVERSATION:
            return rows
        return await self._with_opening(tenant, customer, conversation_id, rows, head, cutoff)

    async def _with_opening(
        self,
        tenant: str,
        customer: Customer,
        conversation_id: str,
        rows: Sequence[Interaction],
        head: int,
        cutoff: datetime | None,
    ) -> list[Interaction]:
        first = await self._ledger.interactions(
            tenant, customer.identity_ids, conversation_id=conversation_id, up_to_seq=head, limit=OPENING
        )
        opening = {row.interaction_id: row for row in first if cutoff is None or row.occurred_at <= cutoff}
        closing = {row.interaction_id: row for row in rows[OPENING:]}
        return _in_order((opening | closing).values())

    async def _rows(
        self,
        tenant: str,
        customer: Customer,
        head: int,
        cutoff: datetime | None,
        *,
        limit: int,
        conversation_id: str | None = None,
    ) -> list[Interaction]:
        # What is later than a cutoff has to be read to be left out, and then a longer stretch to find enough before it.
        interactions: list[Interaction] = []
        for stretch in (limit, MAX_CANDIDATES):
            rows = await self._ledger.interactions(
                tenant,
                customer.identity_ids,
                conversation_id=conversation_id,
                up_to_seq=head,
                limit=stretch,
                newest_first=True,
            )
            interactions = [row for row in rows if cutoff is None or row.occurred_at <= cutoff][:limit]
            if len(interactions) == limit or len(rows) < stretch:
                break
        return _in_order(interactions)


def _in_order(rows: Iterable[Interaction]) -> list[Interaction]:
    return sorted(rows, key=lambda row: (row.occurred_at, row.seq))


def _newest_run(rows: Sequence[Interaction]) -> list[Interaction]:
    loose = [row for row in rows if row.conversation_id is None]
    start = 0
    for index, (interaction, following) in enumerate(pairwise(loose), 1):
        if following.occurred_at - interaction.occurred_at > LONGEST_PAUSE:
            start = index
    return loose[start:][-MAX_CONVERSATION:]


def _open_matter(
    newest: Sequence[Interaction], conversation: list[Interaction]
) -> tuple[list[Interaction], frozenset[str]]:
    """The part of the conversation that is open, and the ids of all interactions whose matter was resolved.

    A conversation that was resolved as a whole stays whole: there is nothing newer that it could be history of.
    """
    if not any(row.kind is Kind.LIFECYCLE for row in (*newest, *conversation)):
        return conversation, frozenset()
    together = {row.interaction_id: row for row in (*newest, *conversation)}
    resolved = resolved_ids(_in_order(together.values()))
    left = [row for row in conversation if row.interaction_id not in resolved]
    if not any(row.actor is Actor.CUSTOMER for row in left):
        return conversation, resolved
    return left, resolved


def _belongs(
    row: Interaction, conversation_id: str | None, at_hand: Collection[str], resolved: Collection[str]
) -> bool:
    same = conversation_id is not None and row.conversation_id == conversation_id and row.interaction_id not in resolved
    return same or row.interaction_id in at_hand


def _query(conversation: Sequence[Interaction]) -> str:
    messages = [row for row in conversation if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE]
    telling = [row.text for row in messages if len(analysis_of(row).subjects) >= TELLING_TERMS]
    # A customer who has only clicked so far is understood by what was clicked.
    texts = telling or [searchable(row) for row in conversation if row.actor is Actor.CUSTOMER]
    chosen = dict.fromkeys([*texts[:1], *texts[-QUERY_MESSAGES:]])
    return "\n".join(text[:QUERY_CHARACTERS] for text in chosen)


def _prior(others: Sequence[Interaction], hits: Sequence[Passage], cases: Collection[str]) -> tuple[Interaction, ...]:
    by_conversation: dict[str, list[Interaction]] = {}
    for row in others:
        if row.conversation_id is not None:
            by_conversation.setdefault(row.conversation_id, []).append(row)
    # What was tried must not be offered again, however much was said since.
    tried = [row for row in others if row.kind is not Kind.MESSAGE][-MAX_STEPS:]
    of_case = [row for row in others if row.case_id in cases][-MAX_RECENT:] if cases else []
    chosen = [*others[-MAX_RECENT:], *tried, *of_case, *(hit.interaction for hit in hits)]
    for hit in hits[:HITS_WITH_NEIGHBOURS]:
        around = by_conversation.get(hit.interaction.conversation_id or "", [])
        index = next((index for index, row in enumerate(around) if row.seq == hit.interaction.seq), 0)
        chosen.extend(around[max(0, index - 1) : index + 2])
    return tuple(_in_order({row.interaction_id: row for row in chosen}.values()))
