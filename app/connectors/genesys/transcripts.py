"""Transcripts: as they are recognised, as AudioHook servers send them, and as speech and text analytics stores them.

Shapes: Platform API, `TranscriptionTopicTranscriptionMessage` (an utterance comes again under its `utteranceId` until
`isFinal`); purecloudlabs/audiohook-reference-implementation, `protocol/message.ts` and `entities-transcript.ts`; the
transcript that speech and text analytics gives a signed address for (`conversationId`, `transcripts[].phrases[]`,
`participants[]` with when each was there). Sides are EXTERNAL and INTERNAL alone: who speaks inside is told by who was
there at the time.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from app.connectors.cloud_payloads import (
    Json,
    as_object,
    as_objects,
    digest,
    filled,
    later,
    moment_field,
    moment_of,
    named,
    number_field,
    row,
    row_id,
    text_field,
)
from app.connectors.genesys.people import NAME, actor_of, address_identifiers, channel_of, conversation_of
from app.models import BOOKKEEPING, Actor, Channel, InteractionDraft, Kind, LifecycleStep, Problem

# Times since 1970 in milliseconds, as opposed to offsets.
_EPOCH_FROM = 100_000_000_000
# Messages of the protocol by which somebody does something: all others keep the connection.
_OF_CALLERS = frozenset({"dtmf"})
_DURATION = re.compile(r"PT([0-9]{1,9}(?:\.[0-9]{1,9})?)S")


def is_transcription(body: Json) -> bool:
    """Whether this is the body of a transcription topic."""
    return isinstance(body.get("transcripts"), list) and bool(text_field(body, "conversationId")) and not _phrases(body)


def is_stored_transcript(body: Json) -> bool:
    """Whether this is a transcript of speech and text analytics."""
    return bool(text_field(body, "conversationId")) and bool(_phrases(body))


def is_audiohook(body: Json) -> bool:
    """Whether this is a message of the AudioHook protocol."""
    return all(name in body for name in ("version", "id", "type", "seq", "parameters"))


def _phrases(body: Json) -> Sequence[Json]:
    return [phrase for part in as_objects(body.get("transcripts")) for phrase in as_objects(part.get("phrases"))]


# --- while it is recognised ---


def transcription_rows(body: Json) -> Sequence[InteractionDraft | Problem]:
    """The utterances of one message; what is not final yet is partial under the same id."""
    conversation_id = text_field(body, "conversationId")
    start = moment_field(body, "transcriptionStartTimeMs", "sessionStartTimeMs")
    sent_at = moment_field(body, "eventTime")
    rows: list[InteractionDraft | Problem] = []
    for utterance in as_objects(body.get("transcripts")):
        best = _best(utterance)
        offset = number_field(best, "offsetMs")
        rows += _utterance_row(
            conversation_id,
            text_field(utterance, "utteranceId") or digest(utterance),
            text_field(utterance, "channel"),
            text_field(best, "decoratedTranscript", "transcript"),
            at=later(start, offset) or sent_at,
            is_final=utterance.get("isFinal") is True,
        )
    status = as_object(body.get("status"))
    if status:
        # Several messages tell the same state: its own offset is its time, and not when the first of them was sent.
        at = later(start, number_field(status, "offsetMs"))
        rows.append(_session_row(body, conversation_id, status, at or sent_at))
    return rows


def _best(utterance: Json) -> Json:
    """The likeliest alternative."""
    alternatives = as_objects(utterance.get("alternatives"))
    return max(
        alternatives, key=lambda alternative: number_field(alternative, "confidence") or 0.0, default=as_object(None)
    )


def _utterance_row(
    conversation_id: str, utterance_id: str, side: str, text: str, *, at: datetime | None, is_final: bool
) -> Sequence[InteractionDraft | Problem]:
    if not text:
        return ()
    actor = actor_of(side)
    return (
        row(
            id=row_id(NAME, conversation_id, utterance_id),
            occurred_at=at,
            channel=Channel.VOICE,
            actor=actor or Actor.SYSTEM,
            kind=Kind.MESSAGE,
            conversation_id=conversation_of(conversation_id),
            text=text,
            data=filled(speaker="" if actor else "unknown"),
            partial=not is_final,
        ),
    )


def _session_row(body: Json, conversation_id: str, status: Json, at: datetime | None) -> InteractionDraft | Problem:
    stands = text_field(status, "status")
    return row(
        id=row_id(
            NAME, conversation_id, text_field(body, "communicationId"), "transcription", digest([status, str(at)])
        ),
        occurred_at=at,
        channel=Channel.VOICE,
        actor=Actor.SYSTEM,
        kind=Kind.EVENT,
        conversation_id=conversation_of(conversation_id),
        name=f"transcription_{stands.lower() or 'status'}"[:256],
        data={**status, BOOKKEEPING: True},
    )


# --- AudioHook ---


def audiohook_rows(body: Json) -> Sequence[InteractionDraft | Problem]:
    """The transcripts in an event, the start of a session, or the message as an event.

    Only `open` names the conversation; a relay adds its `conversationId` to the others, or they stand by themselves.
    """
    parameters = as_object(body.get("parameters"))
    session = text_field(body, "id")
    conversation_id = text_field(body, "conversationId") or text_field(parameters, "conversationId") or session
    kind = text_field(body, "type")
    start = moment_field(body, "sessionStartTime", "startTime")
    if kind == "event":
        return [
            made
            for entity in as_objects(parameters.get("entities"))
            for made in _entity_rows(entity, conversation_id, session, start)
        ]
    caller = as_object(parameters.get("participant"))
    return [
        row(
            id=row_id(NAME, conversation_id, session, kind, text_field(body, "seq")),
            occurred_at=start,
            channel=Channel.VOICE,
            actor=Actor.SYSTEM,
            kind=Kind.LIFECYCLE if kind == "open" else Kind.EVENT,
            conversation_id=conversation_of(conversation_id),
            name=LifecycleStep.STARTED if kind == "open" else f"audiohook_{kind}"[:256],
            identifiers=address_identifiers(text_field(caller, "ani"), Channel.VOICE, start, called_us=True),
            data={} if kind == "open" else parameters if kind in _OF_CALLERS else {**parameters, BOOKKEEPING: True},
        )
    ]


def _entity_rows(
    entity: Json, conversation_id: str, session: str, start: datetime | None
) -> Sequence[InteractionDraft | Problem]:
    data = as_object(entity.get("data"))
    kind = text_field(entity, "type") or "unknown"
    if kind != "transcript":
        return (
            row(
                id=row_id(NAME, conversation_id, session, kind, digest(data)),
                channel=Channel.VOICE,
                actor=Actor.SYSTEM,
                kind=Kind.EVENT,
                conversation_id=conversation_of(conversation_id),
                name=f"audiohook_{kind}"[:256],
                data=data,
            ),
        )
    readings = as_objects(_best(data).get("interpretations"))
    shown = next((reading for reading in readings if text_field(reading, "type") == "display"), as_object(None))
    offset = _DURATION.fullmatch(text_field(data, "offset"))
    return _utterance_row(
        conversation_id,
        text_field(data, "id") or digest(data),
        text_field(data, "channel", "channelId"),
        text_field(shown or (readings[0] if readings else {}), "transcript"),
        at=later(start, float(offset.group(1)) * 1000) if offset else start,
        is_final=data.get("isFinal") is True,
    )


# --- speech and text analytics ---


def stored_rows(body: Json) -> Sequence[InteractionDraft | Problem]:
    """The phrases of a stored transcript in their order, each by who was there to say it."""
    conversation_id = text_field(body, "conversationId")
    channel = channel_of(text_field(body, "messageType"), text_field(body, "mediaType"), "voice")
    start = moment_field(body, "conversationStartTime", "startTime")
    people = as_objects(body.get("participants"))
    rows: list[InteractionDraft | Problem] = list(_caller_rows(conversation_id, channel, people, start))
    index = 0
    for part in as_objects(body.get("transcripts")):
        transcript_id = text_field(part, "transcriptId") or text_field(body, "communicationId")
        for phrase in as_objects(part.get("phrases")):
            rows += _phrase_rows(conversation_id, f"{transcript_id}:{index}", channel, start, phrase, people)
            index += 1
    return rows


def _caller_rows(
    conversation_id: str, channel: Channel, people: Sequence[Json], start: datetime | None
) -> Sequence[InteractionDraft | Problem]:
    """Who called, as the transcript's own list of people has it."""
    for person in people:
        if actor_of(text_field(person, "participantPurpose")) is Actor.CUSTOMER:
            called_us = text_field(person, "initialDirection").lower() == "inbound"
            address = text_field(person, "ani") if called_us else text_field(person, "dnis")
            identifiers = address_identifiers(address, channel, start, called_us=called_us)
            return (
                row(
                    id=row_id(NAME, conversation_id, "transcript"),
                    occurred_at=start,
                    channel=channel,
                    actor=Actor.SYSTEM,
                    kind=Kind.EVENT,
                    conversation_id=conversation_of(conversation_id),
                    name="transcript_stored",
                    identifiers=identifiers,
                    data={BOOKKEEPING: True},
                ),
            )
    return ()


def _phrase_rows(
    conversation_id: str,
    own_id: str,
    channel: Channel,
    start: datetime | None,
    phrase: Json,
    people: Sequence[Json],
) -> Sequence[InteractionDraft | Problem]:
    text = text_field(phrase, "decoratedText", "text")
    if not text:
        return ()
    offset = number_field(phrase, "startTimeMs")
    side = text_field(phrase, "participantPurpose")
    actor = actor_of(side)
    speaker = _inside_at(offset, people) if actor is Actor.AGENT else as_object(None)
    return (
        row(
            id=row_id(NAME, conversation_id, own_id),
            occurred_at=moment_of(offset) if offset is not None and offset >= _EPOCH_FROM else later(start, offset),
            channel=channel,
            actor=actor_of(text_field(speaker, "participantPurpose")) or actor or Actor.SYSTEM,
            kind=Kind.MESSAGE,
            conversation_id=conversation_of(conversation_id),
            participant=named(text_field(speaker, "name"), text_field(speaker, "userId")),
            text=text,
            data=filled(begin_offset_ms=offset, speaker="" if actor else side or "unknown"),
        ),
    )


def _inside_at(moment: float | None, people: Sequence[Json]) -> Json:
    """Who of our side was there at a moment: the last to come of those who could speak."""
    present = [
        person
        for person in people
        if actor_of(text_field(person, "participantPurpose")) in (Actor.AGENT, Actor.BOT)
        and moment is not None
        and (begin := number_field(person, "startTimeMs")) is not None
        and begin <= moment <= (number_field(person, "endTimeMs") or moment)
    ]
    return max(present, key=lambda person: number_field(person, "startTimeMs") or 0.0, default=as_object(None))
