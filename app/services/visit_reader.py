"""Reads what a visit was about: what the intents' and the signals' rooms say of it."""

import asyncio
from collections.abc import Sequence

from app.actions import DecisionMaker
from app.briefs import read_case, wants
from app.models import Customer, Interaction, Snapshot
from app.nlu.read_rows import as_read_all
from app.ports.continuity import ReadSignal
from app.signals import detect

_NEWEST_BEFORE = 100


class RoomsReader:
    """The intent by the tenant's catalogue, and the signals as they stood when the visit ended."""

    def __init__(self, decisions: DecisionMaker) -> None:
        self._decisions = decisions

    async def read(
        self, tenant: str, customer_id: str, visit: Sequence[Interaction], prior: Sequence[Interaction]
    ) -> tuple[str | None, tuple[ReadSignal, ...]]:
        """The intent, None where none fits, and the signals that fired in the visit; `prior` went before it."""
        snapshot = Snapshot(
            tenant=tenant,
            customer=Customer(customer_id=customer_id, identity_ids=(customer_id,)),
            conversation_id=visit[0].conversation_id,
            conversation=tuple(as_read_all(visit)),
            prior=tuple(as_read_all(prior[-_NEWEST_BEFORE:])),
            as_of_seq=max(row.seq for row in visit),
            now=visit[-1].occurred_at,
        )
        in_force = await self._decisions.catalogues.of(tenant)
        # Words alone tell what it was about: of a silent visit, what went before it would be read.
        alone = snapshot.model_copy(update={"prior": ()})
        case = await asyncio.to_thread(read_case, alone)
        intent = (await in_force.reader.read(wants(case))).intent.name
        signals = await asyncio.to_thread(detect, snapshot)
        return intent, tuple(
            ReadSignal(signal.type.value, round(signal.at.timestamp() * 1000), signal.evidence) for signal in signals
        )
