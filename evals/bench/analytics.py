"""How long the analytics of continuity take over HTTP among so many interactions, and how fast journeys are read.

The floor is an empty answer of the same server. What is asked after a message has to read that journey anew first.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import httpx
import numpy as np

from app import offline
from app.adapters.embeddings import DIMENSIONS, MiniLM
from app.adapters.sql import SqlStore
from app.adapters.sql.continuity import SqlContinuity
from app.adapters.vectors import ChromaVectors
from app.analytics import Follower
from app.errors import Unavailable
from app.ids import new_id
from app.models import (
    Actor,
    Brief,
    Channel,
    Feedback,
    FiledFeedback,
    Handoff,
    HandoffRequest,
    HandoffStatus,
    Identifier,
    Interaction,
    InteractionDraft,
    Kind,
    Outcome,
    Record,
    ScoredName,
    VerificationStatus,
)
from app.ports import Changes, NewHolding, NewInteraction
from app.ports.continuity import ReadSignal
from app.retrieval import file_watermark
from app.settings import Settings
from evals.bench.figures import LatencyFigure, figure, silent, timed
from evals.bench.service import service
from evals.servers.seed_stores import TENANT, Progress

TOGETHER = 200
DAYS = 60
_INTENTS = ("refund", "delivery", "invoice", "contract", "appointment", None)
_THINGS = ("parcel", "invoice", "contract", "lamp", "subscription", "refund", "appointment", "router")
_TROUBLES = (
    "The {thing} from order {number} never arrived and I want my money back.",
    "My {thing} {number} is still wrong, and I have waited for two weeks.",
    "Why was I charged twice for the {thing} with number {number}?",
    "I would like to cancel the {thing} {number} and get a refund.",
)


class AnalyticsBench(Record):
    """`bench analytics`: GET of the figures, the graph and the moments over HTTP, one worker.

    `fresh` are the figures asked for just after a customer wrote. `read_per_second` are interactions whose journeys
    were read, `visits` and `escalations` what was found in them.
    """

    interactions: int
    visits: int
    escalations: int
    read_per_second: float
    continuity: LatencyFigure
    fresh: LatencyFigure
    graph: LatencyFigure
    moments: LatencyFigure


class _MadeUpReader:
    """Intents and signals drawn by chance: what they are is not what is measured."""

    def __init__(self) -> None:
        self._random = Random(5)  # noqa: S311 - nothing here is a secret

    async def read(
        self,
        tenant: str,  # noqa: ARG002
        customer_id: str,  # noqa: ARG002
        visit: Sequence[Interaction],
        prior: Sequence[Interaction],  # noqa: ARG002
    ) -> tuple[str | None, tuple[ReadSignal, ...]]:
        """One of six intents, and in one visit of three a signal."""
        last = visit[-1]
        at = round(last.occurred_at.timestamp() * 1000)
        fired = (ReadSignal("silence", at, (last.interaction_id,)),) if self._random.random() < 1 / 3 else ()
        return self._random.choice(_INTENTS), fired


async def bench_analytics(
    interactions: int = 100_000, requests: int = 50, *, progress: Progress | None = None
) -> AnalyticsBench:
    """The figures, the graph and the moments of a tenant with about so many interactions, asked for in turn.

    Raises Unavailable when the service does not start or refuses.
    """
    with TemporaryDirectory(prefix="warmline-bench-") as folder:
        offline.disarm()
        settings = Settings.model_construct(data_dir=Path(folder))
        read_per_second, filed, visits, escalations = await _fill(settings, interactions, progress or silent)
        async with service(settings) as client:
            floor = await timed(requests, lambda _: _asked(client, "/healthz"))
            figures = await timed(requests, lambda _: _asked(client, "/v1/analytics/continuity?group_by=day"))
            graph = await timed(requests, lambda _: _asked(client, "/v1/analytics/graph"))
            moments = await timed(requests, lambda _: _asked(client, "/v1/analytics/moments"))
            fresh = [await _after_a_message(client, turn) for turn in range(requests)]
    return AnalyticsBench(
        interactions=filed,
        visits=visits,
        escalations=escalations,
        read_per_second=round(read_per_second, 1),
        continuity=figure(figures, floor),
        fresh=figure(fresh, floor),
        graph=figure(graph, floor),
        moments=figure(moments, floor),
    )


async def _fill(settings: Settings, interactions: int, tell: Progress) -> tuple[float, int, int, int]:
    store = SqlStore(settings.ledger_url)
    digests = SqlContinuity(store)
    random = Random(11)  # noqa: S311 - nothing here is a secret
    filed = 0
    try:
        while filed < interactions:
            filed += await _file_customers(store, random, TOGETHER)
            tell(min(filed, interactions), interactions)
        follower = Follower(digests, _MadeUpReader())
        started = perf_counter()
        await follower.catch_up(TENANT)
        seconds = perf_counter() - started
        while await follower.read_visits(TENANT):
            pass
        await _pass_over_the_index(settings, store)
        visits = len(await digests.visits(TENANT, None, None))
        return filed / seconds, filed, visits, len(await digests.escalations(TENANT, None, None))
    finally:
        await store.close()


async def _pass_over_the_index(settings: Settings, store: SqlStore) -> None:
    """Leave the index nothing to do: how fast messages are embedded is not what is measured."""
    vectors = ChromaVectors(folder=settings.data_dir / "vectors")
    await vectors.put(TENANT, ["int_none"], np.ones((1, DIMENSIONS), np.float32))
    await vectors.close()
    await file_watermark(store, await store.last_position(), MiniLM().name)


async def _file_customers(store: SqlStore, random: Random, count: int) -> int:
    customers = [new_id("cus") for _ in range(count)]
    rows = [(customer, draft) for customer in customers for draft in _journey(random, customer)]
    changes = Changes(
        new_identities=tuple(customers),
        holdings=tuple(NewHolding(identity_id=customer, identifier=_account(customer)) for customer in customers),
        interactions=tuple(
            NewInteraction(
                interaction_id=new_id("int"),
                identity_id=owner,
                draft=draft,
                content_sha256=sha256(draft.text.encode()).hexdigest(),
            )
            for owner, draft in rows
        ),
    )
    async with store.transaction(TENANT) as transaction:
        seqs = await transaction.apply(changes)
    head = max(seqs.values())
    for customer in customers:
        calls = [draft for owner, draft in rows if owner == customer and draft.channel is Channel.VOICE]
        if calls and calls[0].occurred_at is not None and random.random() < 0.7:
            await _file_handoff(store, random, customer, calls[0].occurred_at, head)
    return len(rows)


async def _file_handoff(store: SqlStore, random: Random, customer_id: str, called: datetime, head: int) -> None:
    asked = called - timedelta(seconds=random.randrange(5, 60))
    handoff = Handoff(
        handoff_id=new_id("hnd"),
        customer_id=customer_id,
        conversation_id=f"chat {customer_id}",
        created_at=asked,
        as_of_seq=head,
        duration_ms=random.randrange(60, 400),
        status=HandoffStatus.COMPLETED,
        engine="extractive",
        verification_status=VerificationStatus.VERIFIED,
        brief=Brief(
            contact_reason="The customer wants their money back.",
            situation="The customer wants their money back. The bot did not understand them. " * 3,
            suggested_disposition=ScoredName(name="refund", confidence=0.8),
        ),
        request=HandoffRequest(
            conversation_id=f"chat {customer_id}",
            from_channel=Channel.CHAT,
            to_channel=Channel.VOICE,
            to_queue=random.choice(("first-line", "second-line", "returns")),
            now=asked,
        ),
    )
    await store.put(TENANT, "handoffs", handoff.handoff_id, handoff.model_dump(mode="json"), customer_id=customer_id)
    if random.random() < 0.6:
        feedback = Feedback(displayed_at=asked + timedelta(seconds=2), accepted=random.random() < 0.9)
        filed = FiledFeedback(
            feedback_id=new_id("fbk"),
            handoff_id=handoff.handoff_id,
            customer_id=customer_id,
            filed_at=called,
            **dict(feedback),
        )
        await store.put(TENANT, "feedback", filed.feedback_id, filed.model_dump(mode="json"), customer_id=customer_id)


def _journey(random: Random, customer_id: str) -> Iterator[InteractionDraft]:
    """A step in the app for some, a chat with a bot for all, and a call to an agent for half of them."""
    at = datetime.now(UTC) - timedelta(days=DAYS * random.random(), hours=2)
    matter = {"thing": random.choice(_THINGS), "number": f"ORD-{random.randrange(10_000, 99_999)}"}
    trouble = random.choice(_TROUBLES).format(**matter)
    if random.random() < 0.5:
        failed = {"name": "start_return", "outcome": random.choice((Outcome.FAILED, Outcome.SUCCEEDED))}
        yield _message(at, Actor.CUSTOMER, "", f"app {customer_id}", Channel.APP).model_copy(
            update={"kind": Kind.EVENT, **failed}
        )
    chat = (
        (Actor.CUSTOMER, trouble),
        (Actor.BOT, "I am sorry about that. Which order is it?"),
        (Actor.CUSTOMER, f"It is {matter['number']}."),
        (Actor.BOT, "I could not find it. Anything else?"),
        (Actor.CUSTOMER, "Can I talk to a person, please?" if random.random() < 0.5 else "Thank you, bye."),
        (Actor.BOT, "Of course. One moment."),
    )
    for turn, (actor, text) in enumerate(chat):
        yield _message(at + timedelta(minutes=3, seconds=20 * turn), actor, text, f"chat {customer_id}", Channel.CHAT)
    if random.random() < 0.5:
        return
    repeats = random.random() < 0.4
    call = (
        (Actor.AGENT, "Hello, this is Kim, how can I help you?"),
        (Actor.CUSTOMER, trouble if repeats else "Somebody was to call me."),
        (
            Actor.AGENT,
            "May I have your order number?" if repeats else "I can see what happened, and I have refunded it.",
        ),
        (Actor.CUSTOMER, matter["number"] if repeats else "That was quick."),
        (Actor.AGENT, "I have filed it. You will have the money on Friday."),
        (Actor.CUSTOMER, "Thank you, bye."),
    )
    for turn, (actor, text) in enumerate(call):
        yield _message(at + timedelta(minutes=15, seconds=20 * turn), actor, text, f"call {customer_id}", Channel.VOICE)


def _message(at: datetime, actor: Actor, text: str, conversation_id: str, channel: Channel) -> InteractionDraft:
    return InteractionDraft(
        occurred_at=at, channel=channel, actor=actor, kind=Kind.MESSAGE, text=text, conversation_id=conversation_id
    )


def _account(customer_id: str) -> Identifier:
    return Identifier(type="account_id", value=customer_id, verified=True, method="made for a measurement")


async def _after_a_message(client: httpx.AsyncClient, turn: int) -> float:
    body: dict[str, Any] = {
        "channel": "chat",
        "actor": "customer",
        "kind": "message",
        "conversation_id": f"fresh-{turn % 10}",
        "identifiers": [{"type": "email", "value": f"fresh-{turn % 10}@example.com", "verified": True}],
        "text": f"What about the parcel ORD-{turn}?",
    }
    answer = await client.post("/v1/interactions", json=body)
    if answer.is_error:
        raise Unavailable(f"POST /v1/interactions was refused with {answer.status_code}: {answer.text}")
    started = perf_counter()
    await _asked(client, "/v1/analytics/continuity")
    return (perf_counter() - started) * 1000


async def _asked(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    if answer.is_error:
        raise Unavailable(f"GET {path} was refused with {answer.status_code}: {answer.text}")
