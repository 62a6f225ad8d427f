"""Drafts a first catalogue from what a tenant's ledger holds."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from app.actions.drafting import DraftSource, WishSentences, drafted, lacking, source_of, written_out
from app.actions.lint import CatalogueLinter
from app.briefs import read_case, wants
from app.models import CatalogueDraft, Customer, Interaction, Snapshot
from app.services.parts import Parts

# The newest conversations, and the newest interactions of each, are enough for a first catalogue.
MOST_TALKS = 3_000
MOST_ROWS = 200
PAGE = 50

Tell = Callable[[int, int], None]


class CatalogueDrafter:
    """Reads a tenant's conversations, the newest first, and makes a catalogue of them that a person must edit."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def draft(self, tenant: str, *, name: str, since: datetime | None, tell: Tell) -> CatalogueDraft:
        """A draft from the conversations whose newest interaction is of `since` or later.

        Raises RetrievalUnavailable.
        """
        sources = await self._sources(tenant, since, tell)
        wishes = WishSentences.of(sources)
        learner = self._parts.decisions.catalogues.learner
        vectors = await learner.embed(wishes.texts)
        made = await asyncio.to_thread(drafted, sources, wishes, vectors)
        text = written_out(made, name)
        report = await CatalogueLinter(learner).check(text)
        return CatalogueDraft(
            catalogue=text,
            conversations=made.talks,
            resolved=made.resolved,
            wishes=made.sentences,
            intents=len(made.intents),
            actions=len(made.actions),
            missing=tuple(lacking(made)),
            findings=report.findings,
        )

    async def _sources(self, tenant: str, since: datetime | None, tell: Tell) -> list[DraftSource]:
        sources: list[DraftSource] = []
        before: int | None = None
        while len(sources) < MOST_TALKS:
            newest = await self._parts.ledger.last_of_conversations(tenant, before_seq=before, limit=PAGE)
            if not newest:
                break
            before = min(row.seq for row in newest)
            ids = [row.conversation_id for row in newest if row.conversation_id and _is_since(row, since)]
            talks = await self._talks(tenant, ids)
            sources += await asyncio.to_thread(_read, tenant, talks)
            tell(len(sources), max(len(sources) + (PAGE if len(newest) == PAGE else 0), 1))
        return sources

    async def _talks(self, tenant: str, ids: Sequence[str]) -> list[Sequence[Interaction]]:
        by_talk: defaultdict[str, list[Interaction]] = defaultdict(list)
        for _, row in await self._parts.ledger.windows(tenant, ids, limit=MOST_ROWS):
            if not row.redacted and not row.partial:
                by_talk[row.conversation_id or ""].append(row)
        return [sorted(rows, key=lambda row: (row.occurred_at, row.seq)) for rows in by_talk.values()]


def _is_since(row: Interaction, since: datetime | None) -> bool:
    return since is None or row.occurred_at >= since


def _read(tenant: str, talks: Sequence[Sequence[Interaction]]) -> list[DraftSource]:
    return [source_of(rows, wants(read_case(_snapshot(tenant, rows)))) for rows in talks if rows]


def _snapshot(tenant: str, rows: Sequence[Interaction]) -> Snapshot:
    """One conversation by itself."""
    last = rows[-1]
    return Snapshot(
        tenant=tenant,
        customer=Customer(customer_id="", identity_ids=()),
        conversation_id=last.conversation_id,
        conversation=tuple(rows),
        as_of_seq=max(row.seq for row in rows),
        now=last.occurred_at,
    )
