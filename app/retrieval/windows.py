"""What is newest in conversations, read in one go for everybody who asks at the same moment.

Whoever records an interaction wants to know at once how its conversation stands. Requests that were filed in one
transaction are answered together, so what each needs is read together as well.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.models import Customer, Interaction, Snapshot, standing_rows
from app.nlu.extent import readable
from app.ports import Ledger

Place = tuple[str, str]

LENGTH = 40


@dataclass(frozen=True, slots=True)
class _WindowRequest:
    tenant: str
    places: Collection[Place]
    answer: "asyncio.Future[Sequence[Snapshot]]"


class Windows:
    """Snapshots of the newest forty interactions of conversations, without retrieval, judged at the newest.

    The customer of each has only the identities that spoke in it. A conversation that is not there is left out.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: list[_WindowRequest] = []
        self._reading: asyncio.Task[None] | None = None

    async def of(self, tenant: str, places: Collection[Place]) -> Sequence[Snapshot]:
        """A snapshot of each place, a customer_id and a conversation_id, as of now or later. Raises Unavailable."""
        answer: asyncio.Future[Sequence[Snapshot]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_WindowRequest(tenant, places, answer))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_all())
        return await answer

    async def _read_all(self) -> None:
        while self._waiting:
            by_tenant: dict[str, list[_WindowRequest]] = defaultdict(list)
            for request in self._waiting:
                by_tenant[request.tenant].append(request)
            self._waiting = []
            for tenant, asked in by_tenant.items():
                # Whatever fails, those who wait must hear of it, and the next ones must have their turn.
                wanted = {key for request in asked for key in request.places}
                (outcome,) = await asyncio.gather(self._read(tenant, wanted), return_exceptions=True)
                _answer(asked, outcome)

    async def _read(self, tenant: str, places: Collection[Place]) -> Mapping[Place, Snapshot]:
        rows: dict[Place, list[Interaction]] = {key: [] for key in places}
        conversation_ids = {conversation_id for _, conversation_id in places}
        for customer_id, row in await self._ledger.windows(tenant, conversation_ids, limit=LENGTH):
            if row.conversation_id is not None and (customer_id, row.conversation_id) in rows:
                rows[customer_id, row.conversation_id].append(row)
        windows = {key: _window(tenant, key, interactions) for key, interactions in rows.items() if interactions}
        return {key: window for key, window in windows.items() if window.conversation}


def _answer(asked: Sequence[_WindowRequest], outcome: Mapping[Place, Snapshot] | BaseException) -> None:
    for request in asked:
        if request.answer.done():
            continue
        if isinstance(outcome, BaseException):
            request.answer.set_exception(outcome)
        else:
            request.answer.set_result([outcome[key] for key in request.places if key in outcome])


def _window(tenant: str, key: Place, rows: Sequence[Interaction]) -> Snapshot:
    customer_id, conversation_id = key
    conversation, is_cut = readable(standing_rows(sorted(rows, key=lambda row: (row.occurred_at, row.seq))))
    return Snapshot(
        tenant=tenant,
        customer=Customer(
            customer_id=customer_id, identity_ids=tuple(dict.fromkeys(row.identity_id for row in conversation))
        ),
        conversation_id=conversation_id,
        conversation=tuple(conversation),
        as_of_seq=max(row.seq for row in rows),
        now=max(row.occurred_at for row in rows),
        is_cut=is_cut,
    )
