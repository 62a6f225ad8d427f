"""Puts a brief before the platform's agent: a message of the outbox for a connector becomes calls of its platform.

The message is filed in the transaction of the handoff and sent by the same machinery as a webhook's, so it survives a
restart and is tried for a day. It names the handoff and nothing else; what is written is worked out when it is sent.
Each call that the platform took is noted, and only the others are made again.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json

from app.connectors import CONNECTORS
from app.connectors.base import BriefNote, OutgoingCall
from app.errors import NotFound, WarmlineError
from app.ids import new_id
from app.models import Brief, ConnectorEvent, ConnectorProblem, ConnectorTask, Direction, Handoff
from app.ports import Archive, Attempt, Courier
from app.ports.outbox import connector_of
from app.services.brief_words import frames_of
from app.services.connector_store import (
    ConnectorRecord,
    WriteBackProgress,
    connector_record,
    log_event,
    without_scope,
)
from app.signing import Signatures

CARD_PATH = "/console/cards"
CARD_PASS = "card"  # noqa: S105 - what a token is signed for
CARD_FOR = timedelta(days=1)
# All calls of one attempt together; a message is leased for longer.
ATTEMPT_S = 20.0
_MOST_ATTRIBUTE = 255
_TAKEN = Attempt(taken=True)
_log = logging.getLogger(__name__)

# Makes the handoffs that the conversation of a connector's row calls for and that are not there.
HandOver = Callable[[ConnectorRecord, str], AsyncGenerator[Handoff]]


class ConnectorCourier:
    """A Courier that asks the connector where the receiver is one, and passes on everything else."""

    def __init__(self, courier: Courier, archive: Archive, signatures: Signatures, public_url: str | None) -> None:
        self._courier = courier
        self._archive = archive
        self._signatures = signatures
        self._public_url = public_url
        self._hand_over: HandOver | None = None

    def hand_over_by(self, hand_over: HandOver) -> None:
        """Have the handoffs that connectors make themselves made so."""
        self._hand_over = hand_over

    async def check(self, url: str) -> None:
        """Raises InvalidRequest for a URL to which nothing may be sent."""
        await self._courier.check(url)

    async def attempt(self, url: str, secrets: Sequence[str], message_id: str, body: str) -> Attempt:
        """Write a brief back where the URL is a connector's, or post the message."""
        connector = connector_of(url)
        if connector is None:
            return await self._courier.attempt(url, secrets, message_id, body)
        message = from_json(body)
        try:
            try:
                record = await connector_record(self._archive, connector[0])
            except NotFound:
                return Attempt(taken=False, why="The connector was removed.", gone=True)
            if message["type"] == ConnectorTask.HAND_OVER:
                return await self._handed_over(record, message["data"]["interaction_id"])
            return await self._write_back(record, message["data"])
        except WarmlineError as failure:
            return Attempt(taken=False, why=failure.detail)

    async def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Make one request as it is."""
        return await self._courier.call(method, url, headers, body)

    async def close(self) -> None:
        """Let go of what is open."""
        await self._courier.close()

    async def _handed_over(self, record: ConnectorRecord, interaction_id: str) -> Attempt:
        """Make the handoffs that a row of the platform calls for, if it does."""
        if self._hand_over is None:
            return Attempt(taken=False, why="This process makes no handoffs.")
        try:
            async with asyncio.timeout(ATTEMPT_S), aclosing(self._hand_over(record, interaction_id)) as made:
                async for handoff in made:
                    await log_event(self._archive, record, _entry(handoff.handoff_id, ["handoff"], _TAKEN))
        except TimeoutError:
            attempt = Attempt(taken=False, why="The handoff was not made in time.")
        except WarmlineError as failure:
            attempt = Attempt(taken=False, why=failure.detail)
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is to be seen in the connector's log
            _log.warning("a handoff of connector %s fails: %s", record.connector_id, type(failure).__name__)
            attempt = Attempt(taken=False, why="The handoff met an unexpected error.")
        else:
            return _TAKEN
        problem = ConnectorProblem(
            code="not_handed_over", detail=f"{attempt.why} It is tried again.", id=interaction_id
        )
        await log_event(self._archive, record, _entry(None, (), attempt, problem))
        return attempt

    async def _write_back(self, record: ConnectorRecord, announced: Mapping[str, Any]) -> Attempt:
        document = await self._archive.get(record.tenant, "handoffs", announced["handoff_id"])
        if document is None:  # erased meanwhile
            return _TAKEN
        handoff = Handoff.model_validate(document)
        note = note_of(handoff, scope=record.scope, card_url=await self._card_url(record, handoff))
        calls = CONNECTORS[record.platform].write_back(note, record.values)
        progress = WriteBackProgress(
            self._archive, record.tenant, record.connector_id, handoff.handoff_id, handoff.customer_id
        )
        taken = await progress.read()
        attempt, done = await self._made(calls[taken:], progress, taken)
        if done or not attempt.taken:
            why = ConnectorProblem(code="not_written_back", detail=attempt.why or "Not taken.")
            await log_event(self._archive, record, _entry(handoff.handoff_id, done, attempt, why))
        return attempt

    async def _made(
        self, calls: Sequence[OutgoingCall], progress: WriteBackProgress, taken: int
    ) -> tuple[Attempt, Sequence[str]]:
        """Make the calls in their order, up to the first that is not taken; what the ones were for that were."""
        attempt, purposes = _TAKEN, list[str]()
        try:
            async with asyncio.timeout(ATTEMPT_S):
                for call in calls:
                    attempt = await self._courier.call(call.method, call.url, call.headers, call.body)
                    if not attempt.taken:
                        return attempt._replace(gone=False, why=f"{call.purpose}: {attempt.why}"), purposes
                    purposes.append(call.purpose)
                    await progress.note(taken + len(purposes))
        except TimeoutError:
            return Attempt(taken=False, why="The platform did not answer in time."), purposes
        return attempt, purposes

    async def _card_url(self, record: ConnectorRecord, handoff: Handoff) -> str | None:
        """A link to the card that opens while the connector is there; None where nobody knows our public address."""
        if self._public_url is None:
            return None
        content = {
            "tenant": record.tenant,
            "handoff": handoff.handoff_id,
            "key": None,
            "connector": record.connector_id,
        }
        token, _ = await self._signatures.sign(CARD_PASS, content, lifetime=CARD_FOR)
        return f"{self._public_url.rstrip('/')}{CARD_PATH}/{token}"


def note_of(handoff: Handoff, *, scope: str | None = None, card_url: str | None = None) -> BriefNote:
    """What is written back of a handoff: plain texts only."""
    brief = handoff.brief
    attributes = {
        "warmline_headline": brief.headline or "",
        "warmline_intent": brief.intent.label or brief.intent.name or "",
        "warmline_status": brief.resolution_status.value,
        "warmline_sentiment": brief.sentiment.label.value if brief.sentiment else "",
        "warmline_handoff_id": handoff.handoff_id,
        "warmline_card_url": card_url or "",
    }
    return BriefNote(
        conversation_id=without_scope(handoff.conversation_id or "", scope),
        headline=brief.headline or "",
        note="\n".join(_lines(brief, card_url)),
        card_url=card_url,
        # Links are never cut: half of one leads nowhere.
        attributes={
            name: value if name == "warmline_card_url" else value[:_MOST_ATTRIBUTE]
            for name, value in attributes.items()
        },
    )


def _lines(brief: Brief, card_url: str | None) -> Iterator[str]:
    """The brief as plain lines: what it is about, what the customer wants, what was tried, promised and is open."""
    frames = frames_of(brief)
    yield brief.headline or "There is nothing to tell of this conversation yet."
    if brief.situation:
        yield from ("", brief.situation)
    if brief.customer_expectation:
        yield from ("", f"What they want: {brief.customer_expectation}")
    if brief.actions_taken:
        yield from ("", "Already tried:")
        yield from (f"- {frames.outcomes[step.outcome]}: {step.step}" for step in brief.actions_taken)
    if brief.commitments:
        yield from ("", "Promised:")
        for promise in brief.commitments:
            due = f" ({frames.due_of(promise)})" if promise.due else ""
            yield f"- {promise.by.value}: {promise.text}{due}"
    if brief.open_questions:
        yield from ("", "Still open:")
        yield from (f"- {question}" for question in brief.open_questions)
    if card_url:
        yield from ("", f"The whole card: {card_url}")


def _entry(
    handoff_id: str | None, purposes: Sequence[str], attempt: Attempt, problem: ConnectorProblem | None = None
) -> ConnectorEvent:
    return ConnectorEvent(
        event_id=new_id("cev"),
        at=datetime.now(UTC),
        direction=Direction.OUTGOING,
        types=tuple(purposes),
        problems=() if attempt.taken or problem is None else (problem,),
        handoff_id=handoff_id,
        status=attempt.status,
    )
