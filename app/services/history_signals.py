"""Which friction shows in a part of a history: each conversation is judged as it stood at its end.

The cost depends on the length of the part and not on that of the history: around every conversation that the part
touches so many interactions are read, and no more.
"""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from app.models import Actor, Customer, Interaction, Signal, Snapshot
from app.ports import InteractionRef, Ledger
from app.signals import detect, next_check

# Of one conversation so many interactions around those asked for, and so many of others before it begins.
CONVERSATION = 120
BEFORE = 25
LATEST_BEFORE = timedelta(days=14)
# Interactions without a conversation belong together while no pause between them is longer.
LONGEST_PAUSE = timedelta(minutes=30)


class HistorySignals:
    """Reads parts of one customer's history, given its whole outline in the order things happened."""

    def __init__(self, ledger: Ledger, tenant: str, customer: Customer, outline: Sequence[InteractionRef]) -> None:
        self._ledger = ledger
        self._tenant = tenant
        self._customer = customer
        self._outline = outline
        self._talk_of = _talks(outline)
        self._members: defaultdict[str, list[int]] = defaultdict(list)
        for index, talk in enumerate(self._talk_of):
            self._members[talk].append(index)

    async def read(self, part: Sequence[InteractionRef]) -> tuple[list[Interaction], list[Signal]]:
        """The interactions of a part in its order, and the signals that rest on them, in the order they fired.

        What was erased between two looks is left out.
        """
        places = [bisect_left(self._outline, outlined) for outlined in part]
        talks: defaultdict[str, list[int]] = defaultdict(list)
        for index in places:
            talks[self._talk_of[index]].append(index)
        around = {talk: self._around(talk, asked) for talk, asked in talks.items()}
        before = {talk: self._before(talk, indexes[0]) for talk, indexes in around.items()}
        wanted = {index for indexes in (*around.values(), *before.values()) for index in indexes}
        interactions = await self._ledger.by_ids(
            self._tenant, {self._outline[index].interaction_id for index in wanted}
        )
        rows = {row.interaction_id: row for row in interactions}
        cases = [self._snapshot(rows, around[talk], before[talk]) for talk in talks]
        signals = await asyncio.to_thread(lambda: [signal for case in cases if case for signal in _noticed(case)])
        asked_for = {outlined.interaction_id for outlined in part}
        resting = {signal.signal_id: signal for signal in signals if asked_for.intersection(signal.evidence)}
        part_rows = [rows[outlined.interaction_id] for outlined in part if outlined.interaction_id in rows]
        return part_rows, sorted(resting.values(), key=lambda signal: (signal.at, signal.signal_id))

    def _around(self, talk: str, asked: Sequence[int]) -> Sequence[int]:
        """The places of a conversation around those asked for."""
        members = self._members[talk]
        if len(members) <= CONVERSATION:
            return members
        first, last = bisect_left(members, asked[0]), bisect_left(members, asked[-1])
        spare = max(0, CONVERSATION - (last - first + 1)) // 2
        return members[max(0, first - spare) : last + 1 + spare]

    def _before(self, talk: str, first: int) -> Sequence[int]:
        """The places of other conversations that came right before."""
        earliest = self._outline[first].occurred_at - LATEST_BEFORE
        return [
            index
            for index in range(max(0, first - BEFORE), first)
            if self._talk_of[index] != talk and self._outline[index].occurred_at >= earliest
        ]

    def _snapshot(
        self, rows: Mapping[str, Interaction], around: Sequence[int], before: Sequence[int]
    ) -> Snapshot | None:
        def at(places: Sequence[int]) -> tuple[Interaction, ...]:
            names = (self._outline[index].interaction_id for index in places)
            return tuple(rows[name] for name in names if name in rows)

        conversation = at(around)
        if not conversation:
            return None
        case = Snapshot(
            tenant=self._tenant,
            customer=self._customer,
            conversation_id=conversation[0].conversation_id,
            conversation=conversation,
            prior=at(before),
            as_of_seq=max(row.seq for row in conversation),
            now=conversation[-1].occurred_at,
        )
        return case.model_copy(update={"now": self._end_of(case, around[-1])})

    def _end_of(self, case: Snapshot, last: int) -> datetime:
        """When a conversation had told all that it tells: waiting shows only where nothing happened meanwhile."""
        due = next_check(case)
        following = self._outline[last + 1].occurred_at if last + 1 < len(self._outline) else None
        if due is None or due > datetime.now(UTC) or (following is not None and following <= due):
            return case.now
        return due


def _talks(outline: Sequence[InteractionRef]) -> list[str]:
    """For each place the conversation it belongs to; without one, what lies close together is taken for one."""
    talks: list[str] = []
    loose: tuple[datetime, str] | None = None
    for outlined in outline:
        if outlined.conversation_id is not None:
            talks.append(f"c {outlined.conversation_id}")
            continue
        same = loose is not None and outlined.occurred_at - loose[0] <= LONGEST_PAUSE
        name = loose[1] if loose is not None and same else f"i {outlined.interaction_id}"
        loose = (outlined.occurred_at, name)
        talks.append(name)
    return talks


def _noticed(case: Snapshot) -> Sequence[Signal]:
    # Where the customer did nothing, there is nothing that they could have stumbled over.
    if not any(row.actor is Actor.CUSTOMER for row in case.conversation):
        return ()
    # What lay in another conversation is told there.
    own = {row.interaction_id for row in case.conversation}
    return [signal for signal in detect(case) if signal.evidence[-1] in own]
