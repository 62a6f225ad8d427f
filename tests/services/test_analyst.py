"""The analyses in the background: what they follow, where they go on, and what they leave alone."""

import asyncio
from collections.abc import Sequence

from app.adapters.memory import MemoryArchive, MemoryLedger
from app.analyst import Analyst
from app.errors import Unavailable
from app.models import Actor, Interaction, InteractionDraft, Kind
from app.nlu.analysis import LONGEST_ANALYSED, analyse, analyser_version, is_current, to_file
from app.ports import Changes, NewAnalysis, NewInteraction
from app.services import App
from tests.support.builders import START, draft

TENANT, CUSTOMER = "t", "cus_1"


class CountingLedger(MemoryLedger):
    """A ledger that tells which analyses it was given, and may not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[str] = []
        self.fails = False

    async def file_analyses(self, tenant: str, analyses: Sequence[NewAnalysis]) -> None:
        """Count, then file."""
        if self.fails:
            raise Unavailable("not now")
        self.given.extend(new.interaction_id for new in analyses)
        await super().file_analyses(tenant, analyses)


async def file(ledger: MemoryLedger, *drafts: InteractionDraft) -> list[str]:
    """File interactions; gives their ids."""
    first = await ledger.head(TENANT) + 1
    rows = tuple(
        NewInteraction(
            interaction_id=f"int_{number}",
            identity_id=CUSTOMER,
            draft=sent.model_copy(update={"occurred_at": START}),
            content_sha256=str(number),
        )
        for number, sent in enumerate(drafts, first)
    )
    async with ledger.transaction(TENANT) as transaction:
        await transaction.apply(Changes(new_identities=() if first > 1 else (CUSTOMER,), interactions=rows))
    return [row.interaction_id for row in rows]


async def analysed(ledger: MemoryLedger) -> list[str]:
    """The ids of the interactions that have an analysis of this version."""
    rows: Sequence[Interaction] = await ledger.interactions(TENANT, [CUSTOMER])
    return [row.interaction_id for row in rows if is_current(row)]


async def test_what_was_said_is_analysed_and_what_tools_say_or_nobody_reads_whole_is_not() -> None:
    ledger = MemoryLedger()
    ids = await file(
        ledger,
        draft("Where is my parcel?"),
        draft("It is on its way. " * 40, actor=Actor.BOT),
        draft("  "),
        draft('{"status": "ok"}', kind=Kind.TOOL_RESULT, actor=Actor.SYSTEM),
        draft("x" * (LONGEST_ANALYSED + 1)),
    )
    assert await Analyst(ledger, MemoryArchive()).catch_up() == 5
    assert await analysed(ledger) == ids[:2]
    [row] = await ledger.by_ids(TENANT, ids[:1])
    assert getattr(row, "analysis", None) == to_file(analyse(row.text, by_customer=True))


async def test_analyses_go_on_where_they_stopped_and_start_over_for_another_version() -> None:
    ledger, archive = CountingLedger(), MemoryArchive()
    first = await file(ledger, draft("before"))
    await Analyst(ledger, archive).catch_up()
    second = await file(ledger, draft("after"))
    await Analyst(ledger, archive).catch_up()
    assert ledger.given == [*first, *second]
    archive = MemoryArchive()
    await archive.put("", "analyses", "former", {"position": 2})
    await ledger.file_analyses(TENANT, [NewAnalysis(first[0], "before", '["former"]')])
    ledger.given.clear()
    await Analyst(ledger, archive).catch_up()
    assert ledger.given == first
    assert await archive.get("", "analyses", analyser_version()) == {"position": 2}
    assert await archive.get("", "analyses", "former") == {"position": 2}


async def test_a_step_that_failed_is_done_again_after_a_restart() -> None:
    ledger, archive = CountingLedger(), MemoryArchive()
    ids = await file(ledger, draft("hello"))
    ledger.fails = True
    analyst = Analyst(ledger, archive)
    analyst.start()
    await asyncio.sleep(0.05)
    await analyst.close()
    assert await analysed(ledger) == []
    ledger.fails = False
    await Analyst(ledger, archive).catch_up()
    assert await analysed(ledger) == ids


async def test_what_was_blanked_while_it_was_analysed_has_no_analysis() -> None:
    class BlankingLedger(MemoryLedger):
        async def after_position(self, position: int, limit: int) -> Sequence[tuple[int, str, Interaction]]:
            rows = await super().after_position(position, limit)
            for _, tenant, row in rows:
                await self.redact(tenant, row.interaction_id)
            return rows

    ledger = BlankingLedger()
    await file(ledger, draft("my secret"))
    await Analyst(ledger, MemoryArchive()).catch_up()
    [row] = await ledger.interactions(TENANT, [CUSTOMER])
    assert (row.redacted, getattr(row, "analysis", None)) == (True, None)


async def test_a_service_analyses_what_it_records(app: App) -> None:
    recorded = await app.interactions.record("default", [draft("Where is my parcel?", conversation_id="c-1")])
    customer_id = recorded.results[0].customer_id
    assert customer_id is not None
    async with asyncio.timeout(20):
        while True:  # nobody is told of it
            rows = (await app.interactions.timeline("default", customer_id)).interactions
            if [is_current(row) for row in rows] == [True]:
                break
            await asyncio.sleep(0.02)
    assert "analysis" not in rows[0].model_dump()
