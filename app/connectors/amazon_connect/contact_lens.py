"""Contact Lens: segments of a contact while it goes on, and the finished analysis of one.

Facts of the guide's pages `contact-analysis-segment-streams` (voice: `EventType`, offsets; chat: `StreamingEventType`,
absolute times) and `contact-lens-example-output-files`: an Utterance is a part of the Transcript it names, as far as it
is recognised; where raw and redacted output are both on, every segment comes twice. The name of a call's recording,
`…_20260304T09:15_UTC.wav`, tells when it began.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from app.connectors.amazon_connect.chat_stream import chat_row
from app.connectors.amazon_connect.contacts import NAME, actor_of, case_of, channel_of, conversation_of, name_of
from app.connectors.amazon_connect.envelopes import Delivered
from app.connectors.cloud_payloads import (
    Json,
    as_object,
    as_objects,
    digest,
    field,
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
from app.models import BOOKKEEPING, Actor, Channel, InteractionDraft, Kind, Problem

_SESSION = frozenset({"STARTED", "COMPLETED", "FAILED"})
_RECORDED = re.compile(r"_(\d{4})(\d{2})(\d{2})T(\d{2}):(\d{2})_UTC")
# What the analysis found beside the words; nobody said it.
_FINDINGS: Mapping[str, str] = {
    "categories": "categories_matched",
    "issues": "issues_detected",
    "postContactSummary": "post_contact_summary",
}


class _AnalysedContact(NamedTuple):
    """The contact that an analysis is about; `start` is when its offsets begin, and `roles` who its people are."""

    contact_id: str
    case_id: str
    channel: Channel
    start: datetime | None
    roles: Mapping[str, str]
    arrived_at: datetime | None = None


def is_segment_event(payload: Json) -> bool:
    """Whether this is an event of a segment stream."""
    kind = text_field(payload, "streamingEventType", "eventType")
    return (kind in _SESSION or kind == "SEGMENTS") and bool(text_field(payload, "contactId"))


def is_analysis(payload: Json) -> bool:
    """Whether this is a finished analysis."""
    return isinstance(field(payload, "transcript"), list) and (
        field(payload, "participants") is not None or field(payload, "jobStatus") is not None
    )


def segment_rows(delivered: Delivered, started_at: datetime | None) -> Sequence[InteractionDraft | Problem]:
    """The rows of one event of a segment stream; none of the raw twin of what comes redacted too."""
    event = delivered.payload
    kind = text_field(event, "streamingEventType", "eventType")
    segments = _named_segments(event)
    contact_id = text_field(event, "contactId")
    contact = _AnalysedContact(
        contact_id,
        case_of(event, contact_id),
        channel_of(event),
        started_at or _start_by_arrival(delivered, segments),
        {},
        delivered.arrived_at,
    )
    if kind != "SEGMENTS":
        return [_session_row(contact, kind, delivered.arrived_at)]
    if _comes_redacted_too(event):
        return []
    return [*_partial_rows(contact, segments), *(made for segment in segments for made in _rows(contact, segment))]


def analysis_rows(analysis: Json, started_at: datetime | None) -> Sequence[InteractionDraft | Problem]:
    """The rows of a finished analysis: its turns in their order, then what was found."""
    metadata = as_object(field(analysis, "customerMetadata"))
    transcript = as_objects(field(analysis, "transcript"))
    contact_id = text_field(metadata, "contactId") or text_field(analysis, "contactId")
    contact_id = contact_id or f"analysis-{digest(field(analysis, 'transcript'))}"
    roles = {
        text_field(person, "participantId"): text_field(person, "participantRole")
        for person in as_objects(field(analysis, "participants"))
    }
    recorded = _RECORDED.search(text_field(metadata, "inputS3Uri", "inputS3URI"))
    written = "{}-{}-{}T{}:{}:00Z".format(*recorded.groups()) if recorded else None
    start = started_at or moment_of(written)
    contact = _AnalysedContact(contact_id, case_of(metadata, contact_id), channel_of(analysis), start, roles)
    rows = [_turn(contact, turn) for turn in transcript]
    characteristics = as_object(field(analysis, "conversationCharacteristics"))
    categories = as_object(field(analysis, "categories"))
    if field(categories, "matchedCategories"):
        rows.append(_finding(contact, "categories", categories))
    summary = as_object(field(characteristics, "postContactSummary", "contactSummary"))
    return [*rows, _finding(contact, "postContactSummary", summary)] if summary else rows


def _session_row(contact: _AnalysedContact, kind: str, at: datetime | None) -> InteractionDraft | Problem:
    return row(
        id=row_id(NAME, contact.contact_id, "analysis", kind),
        occurred_at=at,
        channel=contact.channel,
        actor=Actor.SYSTEM,
        kind=Kind.EVENT,
        conversation_id=conversation_of(contact.contact_id),
        case_id=contact.case_id,
        name=f"analysis_{kind.lower()}",
        data={BOOKKEEPING: True},
    )


def _comes_redacted_too(event: Json) -> bool:
    settings = as_object(field(event, "streamingSettings"))
    return text_field(settings, "output") == "RedactedAndRaw" and text_field(event, "outputType") == "Raw"


def _start_by_arrival(delivered: Delivered, segments: Sequence[Json]) -> datetime | None:
    """When the contact began: what arrived was just said. The same record gives the same moment."""
    ends = [
        end
        for segment in segments
        for name in ("transcript", "utterance")
        if (end := number_field(as_object(field(segment, name)), "endOffsetMillis")) is not None
    ]
    return later(delivered.arrived_at, -max(ends)) if ends else None


def _named_segments(event: Json) -> Sequence[Json]:
    """The segments of an event; what came without an id has one by its place, the same on every delivery."""
    named_segments: list[Json] = []
    for index, segment in enumerate(as_objects(field(event, "segments"))):
        made: dict[str, object] = dict(segment)
        for name in segment:
            item = as_object(segment[name])
            if name.lower() in _WITH_IDS and item and not text_field(item, "id", "transcriptId"):
                made[name] = {**item, "Id": digest([event, index])}
        named_segments.append(made)
    return named_segments


def _partial_rows(contact: _AnalysedContact, segments: Sequence[Json]) -> Iterator[InteractionDraft | Problem]:
    """What was recognised so far of each transcript: its utterances in this event, as one text."""
    utterances: dict[str, list[Json]] = {}
    for segment in segments:
        utterance = as_object(field(segment, "utterance"))
        if utterance:
            key = text_field(utterance, "transcriptId", "id")
            utterances.setdefault(key, []).append(utterance)
    for transcript_id, parts in utterances.items():
        content = " ".join(filter(None, (text_field(part, "partialContent") for part in parts)))
        if content:
            yield _turn(contact, {**parts[0], "Id": transcript_id, "Content": content}, partial=True)


def _rows(contact: _AnalysedContact, segment: Json) -> Iterator[InteractionDraft | Problem]:
    for name in ("transcript", "attachments", "event"):
        if item := as_object(field(segment, name)):
            kind = text_field(item, "eventType")
            yield _turn(contact, {**item, "ContentType": kind} if kind else item)
    for name in _FINDINGS:
        if finding := as_object(field(segment, name)):
            yield _finding(contact, name, finding)
    if not {name[:1].lower() + name[1:] for name in segment} & {*_FINDINGS, *_KNOWN_SEGMENTS}:
        yield _finding(contact, "segment", segment)


_WITH_IDS = frozenset({"transcript", "utterance", "attachments", "event"})
_KNOWN_SEGMENTS = ("transcript", "utterance", "attachments", "event")


def _turn(contact: _AnalysedContact, turn: Json, *, partial: bool = False) -> InteractionDraft | Problem:
    person = text_field(turn, "participantId")
    role = text_field(turn, "participantRole") or contact.roles.get(person) or person
    begin = number_field(turn, "beginOffsetMillis")
    if begin is None:
        return chat_row({**turn, "ParticipantRole": role}, contact.contact_id, contact.case_id)
    actor = actor_of(role)
    at = moment_field(turn, "absoluteTime") or moment_field(as_object(field(turn, "time")), "absoluteTime")
    # Who speaks is part of the id: a channel's first words may be counted like the other's.
    return row(
        id=row_id(NAME, contact.contact_id, text_field(turn, "id"), role.lower()),
        occurred_at=at or later(contact.start, begin),
        channel=contact.channel,
        actor=actor or Actor.SYSTEM,
        kind=Kind.MESSAGE,
        conversation_id=conversation_of(contact.contact_id),
        case_id=contact.case_id,
        participant=named(name_of(turn, role), person if person.upper() != role.upper() else ""),
        text=text_field(turn, "content"),
        data=filled(
            begin_offset_ms=int(begin),
            sentiment=text_field(turn, "sentiment"),
            speaker="" if actor else "unknown",
        ),
        partial=partial,
    )


def _finding(contact: _AnalysedContact, name: str, finding: Json) -> InteractionDraft | Problem:
    arrived = contact.arrived_at
    return row(
        id=row_id(NAME, contact.contact_id, name, digest([finding, str(arrived)] if arrived else finding)),
        occurred_at=arrived,
        channel=contact.channel,
        actor=Actor.SYSTEM,
        kind=Kind.EVENT,
        conversation_id=conversation_of(contact.contact_id),
        case_id=contact.case_id,
        name=_FINDINGS.get(name, name),
        data=finding,
    )
