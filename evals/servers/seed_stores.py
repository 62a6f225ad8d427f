"""Fills the stores for a measurement past the service, with the rows and vectors that it would have written itself."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from random import Random

import numpy as np
from pydantic_core import to_json

from app.adapters.embeddings import DIMENSIONS, MiniLM
from app.adapters.sql import SqlStore
from app.adapters.vectors import ChromaVectors
from app.bootstrap import catalogue_named
from app.ids import new_id
from app.models import Actor, Channel, Identifier, InteractionDraft, Kind, Outcome
from app.ports import Changes, Ledger, NewHolding, NewInteraction
from app.retrieval import file_watermark
from app.settings import Settings

TENANT = "default"
TURNS = 10
PER_CUSTOMER = 1000

Progress = Callable[[int, int], None]

_CHANNELS = (Channel.APP, Channel.CHAT, Channel.WHATSAPP, Channel.EMAIL, Channel.VOICE)
_THINGS = ("invoice", "contract", "parcel", "account", "device", "refund", "appointment", "subscription", "delivery")
_TROUBLES = (
    "I cannot find my {thing} {number} anywhere.",
    "My {thing} {number} is still not right, and I have waited for two weeks.",
    "Why was I charged twice for the {thing} with number {number}?",
    "The page about my {thing} shows an error whenever I enter {number}.",
    "Please change the date of {thing} {number} to next Tuesday.",
    "I would like to cancel {thing} {number} and get my money back.",
)
_ANSWERS = (
    "I am sorry about that. Let me look into {thing} {number} for you.",
    "Thank you for waiting. I can see {thing} {number}, and it is being worked on.",
    "We will send you a confirmation about {thing} {number} by Friday.",
    "Could you tell me the postcode that belongs to {thing} {number}?",
)
_REMARKS = (
    "That is what the last person told me as well.",
    "Yes, that is right.",
    "I have already tried that three times, and it did not help.",
    "When will I hear from you?",
)


def conversation(random: Random, conversation_id: str, start: datetime) -> Iterator[InteractionDraft]:
    """Ten turns about one matter: what the customer says, what the bot answers, and steps that may fail."""
    channel = random.choice(_CHANNELS)
    matter = {"thing": random.choice(_THINGS), "number": random.randrange(10_000, 99_999)}
    for turn in range(TURNS):
        draft = InteractionDraft(
            channel=channel,
            actor=Actor.CUSTOMER if turn % 2 == 0 else Actor.BOT,
            kind=Kind.MESSAGE,
            conversation_id=conversation_id,
            occurred_at=start + timedelta(seconds=20 * turn),
        )
        if turn % 5 == 3:
            outcome = random.choice((Outcome.SUCCEEDED, Outcome.FAILED, Outcome.ABANDONED))
            step = {"kind": Kind.EVENT, "name": "look_up", "outcome": outcome, "data": matter}
            yield draft.model_copy(update=step)
            continue
        texts = _ANSWERS if draft.actor is Actor.BOT else (_TROUBLES if turn == 0 else (*_TROUBLES, *_REMARKS))
        yield draft.model_copy(update={"text": random.choice(texts).format(**matter)})


async def file_customer(ledger: Ledger, random: Random, interactions: int) -> Changes:
    """File one customer's history of so many interactions, a conversation a day, the last one ending just now.

    Gives what was written; the customer is the one new identity in it.
    """
    customer_id = new_id("cus")
    identifier = Identifier(type="account_id", value=customer_id, verified=True, method="made for a measurement")
    drafts = list(islice(_days(random, customer_id, interactions), interactions))
    changes = Changes(
        new_identities=(customer_id,),
        holdings=(NewHolding(identity_id=customer_id, identifier=identifier),),
        interactions=tuple(
            NewInteraction(
                interaction_id=new_id("int"),
                identity_id=customer_id,
                draft=draft,
                content_sha256=sha256(draft.text.encode()).hexdigest(),
            )
            for draft in drafts
        ),
    )
    async with ledger.transaction(TENANT) as transaction:
        await transaction.apply(changes)
    return changes


def _days(random: Random, customer_id: str, interactions: int) -> Iterator[InteractionDraft]:
    conversations = -(-interactions // TURNS)
    for number in range(conversations):
        start = datetime.now(UTC) - timedelta(days=conversations - 1 - number, seconds=20 * TURNS)
        yield from conversation(random, f"{customer_id}-{number}", start)


async def file_cases(settings: Settings, cases: int) -> None:
    """Keep so many settled cases of other customers, each near something that customers of a measurement say."""
    vectors, noise = ChromaVectors(settings.data_dir / "vectors"), np.random.default_rng(11)
    texts = [
        trouble.format(thing=thing, number=number) for trouble in _TROUBLES for number, thing in enumerate(_THINGS)
    ]
    actions = [action.id for action in catalogue_named(settings.catalogue).actions]
    try:
        near = (await MiniLM().embed(texts))[noise.integers(len(texts), size=cases)]
        rows = near + 0.5 / DIMENSIONS**0.5 * noise.standard_normal(near.shape).astype(np.float32)
        outcomes = {
            new_id("int"): to_json({actions[int(noise.integers(len(actions)))]: (1.0, float(number % 2))}).decode()
            for number in range(cases)
        }
        await vectors.put_cases(TENANT, outcomes, rows / np.linalg.norm(rows, axis=1, keepdims=True))
    finally:
        await vectors.close()


async def file_crowd(settings: Settings, interactions: int, *, progress: Progress) -> None:
    """File so many interactions of other customers with random unit vectors, as if the service had indexed them all."""
    store, vectors = SqlStore(settings.ledger_url), ChromaVectors(settings.data_dir / "vectors")
    random, noise = Random(7), np.random.default_rng(7)  # noqa: S311 - nothing here is a secret
    done = 0
    progress(done, interactions)
    try:
        while done < interactions:
            written = await file_customer(store, random, min(PER_CUSTOMER, interactions - done))
            ids = [interaction.interaction_id for interaction in written.interactions]
            rows = noise.standard_normal((len(ids), DIMENSIONS)).astype(np.float32)
            await vectors.put(TENANT, ids, rows / np.linalg.norm(rows, axis=1, keepdims=True))
            done += len(ids)
            progress(done, interactions)
        await file_watermark(store, await store.last_position(), MiniLM().name)
    finally:
        await vectors.close()
        await store.close()
