"""Voice: how calls proceed, what is heard on them, recordings and conferences.

Facts: twilio.com/docs/voice/api/call-resource (status callbacks: CallStatus, Direction, SequenceNumber, Timestamp in
RFC 2822), twilio.com/docs/voice/twiml/transcription (TranscriptionEvent, TranscriptionData, Final, Track),
twilio.com/docs/voice/twiml/conference (StatusCallbackEvent).

A part of an utterance has no id that its end repeats. So what is being heard on a track is one row, which each newer
part replaces and the end of the utterance empties; a part that comes late, after the end, changes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from app.connectors.drafting import Doer, Identifiers, Occasion
from app.connectors.reading import Payload, child, digest, filled, first_word, flag, json_text, moment, word
from app.connectors.twilio.addresses import address
from app.connectors.twilio.conversations import DRAFTING, unknown_event
from app.connectors.twilio.sides import Sides
from app.models import BOOKKEEPING, Actor, Channel, InteractionDraft, Kind, LifecycleStep, Outcome

_ENDS = {
    "completed": Outcome.SUCCEEDED,
    "busy": Outcome.FAILED,
    "no-answer": Outcome.FAILED,
    "failed": Outcome.FAILED,
    "canceled": Outcome.ABANDONED,
}
_ANSWERED = frozenset({"in-progress", "answered"})
_METHOD = "Twilio caller ID"
_SYSTEM = Doer(Actor.SYSTEM)
_ABOUT_CALL = {
    "direction": "Direction",
    "duration_s": "CallDuration",
    "sequence": "SequenceNumber",
    "answered_by": "AnsweredBy",
    "sip_code": "SipResponseCode",
    "caller_name": "CallerName",
    "transferred": "ForwardedFrom",
}


def voice_rows(fields: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    """The rows of one request about a call."""
    if word(fields, "TranscriptionEvent"):
        return _heard(fields, sides)
    if "TranscriptionText" in fields:
        return _written_down(fields)
    if word(fields, "StatusCallbackEvent") and word(fields, "ConferenceSid"):
        return (_conference(fields),)
    if word(fields, "RecordingSid"):
        return (_recording(fields),)
    if word(fields, "CallStatus"):
        return (_call(fields),)
    return (unknown_event(fields, "call", _talk(fields), channel=Channel.VOICE),)


def _call(fields: Payload) -> InteractionDraft:
    sid, status = word(fields, "CallSid"), word(fields, "CallStatus").lower()
    scene = Occasion(_talk(fields), Channel.VOICE, moment(fields.get("Timestamp")))
    doer = Doer(Actor.SYSTEM, None, _caller(fields))
    data = filled(call=sid, status=status, **{name: word(fields, written) for name, written in _ABOUT_CALL.items()})
    # The leg to an agent begins and ends inside the customer's call.
    step = None
    if not word(fields, "ParentCallSid"):
        step = LifecycleStep.ENDED if status in _ENDS else LifecycleStep.STARTED if status in _ANSWERED else None
    outcome = _ENDS.get(status)
    if step is None and outcome is Outcome.SUCCEEDED:
        # That the leg to an agent is over says nothing of what was done on it; that nobody answered says something.
        outcome = None
    kind, name = (Kind.LIFECYCLE, str(step)) if step else (Kind.EVENT, f"call.{status}")
    return DRAFTING.row(kind, f"{sid}:{status}", scene, doer, name=name, outcome=outcome, data=data)


def _heard(fields: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    event, track = word(fields, "TranscriptionEvent"), word(fields, "Track")
    sid = first_word(fields, "TranscriptionSid", "CallSid")
    scene = Occasion(_talk(fields), Channel.VOICE, moment(fields.get("Timestamp")))
    heard = child(json_text(word(fields, "TranscriptionData")))
    if event != "transcription-content" or not heard:
        data: dict[str, Any] = {BOOKKEEPING: True} | filled(
            error_code=word(fields, "TranscriptionErrorCode"),
            error=word(fields, "TranscriptionError"),
            language=word(fields, "LanguageCode"),
        )
        key = f"{sid}:{event}:{word(fields, 'SequenceId')}"
        return (DRAFTING.row(Kind.EVENT, key, scene, _SYSTEM, name=event, data=data),)
    text = first_word(heard, "transcript", "Transcript")
    doer = Doer(sides.tracks.get(track, Actor.CUSTOMER), None, _caller(fields))
    sequence = word(fields, "SequenceId")
    data = filled(
        sequence=sequence,
        track=track,
        confidence=word(heard, "confidence"),
        language=word(fields, "LanguageCode"),
    )
    being_heard = f"{sid}:{track}:heard"
    if flag(fields, "Final") is False:
        return (DRAFTING.row(Kind.MESSAGE, being_heard, scene, doer, text=text, data=data, partial=True),)
    key = f"{sid}:{track}:{sequence or digest(fields.get('Timestamp'), text)}"
    rows = [DRAFTING.row(Kind.MESSAGE, key, scene, doer, text=text, data=data)]
    if flag(fields, "Final"):
        # A part of the same moment belongs to what has ended.
        end = scene._replace(at=scene.at and scene.at + timedelta(microseconds=1))
        rows.append(DRAFTING.row(Kind.MESSAGE, being_heard, end, doer, data={"ended": True}, partial=True))
    return rows


def _written_down(fields: Payload) -> Sequence[InteractionDraft]:
    """A recording that was transcribed afterwards: what a caller left on the line."""
    sid = first_word(fields, "TranscriptionSid", "RecordingSid", "CallSid")
    scene = Occasion(_talk(fields), Channel.VOICE, moment(fields.get("Timestamp")))
    doer = Doer(Actor.CUSTOMER, None, _caller(fields))
    status = word(fields, "TranscriptionStatus").lower()
    data = filled(status=status, recording=word(fields, "RecordingSid"), recording_url=word(fields, "RecordingUrl"))
    text = word(fields, "TranscriptionText")
    if status == "failed" or not text:
        data[BOOKKEEPING] = True
        return (DRAFTING.row(Kind.EVENT, f"{sid}:{status}", scene, _SYSTEM, name="transcription", data=data),)
    return (DRAFTING.row(Kind.MESSAGE, sid, scene, doer, text=text, data=data),)


def _recording(fields: Payload) -> InteractionDraft:
    sid, status = word(fields, "RecordingSid"), word(fields, "RecordingStatus").lower()
    scene = Occasion(_talk(fields), Channel.VOICE, moment(fields.get("RecordingStartTime"), fields.get("Timestamp")))
    data: dict[str, Any] = {BOOKKEEPING: True} | filled(
        recording=sid,
        url=word(fields, "RecordingUrl"),
        duration_s=word(fields, "RecordingDuration"),
        error_code=word(fields, "ErrorCode"),
    )
    name = f"recording.{status}" if status else "recording"
    return DRAFTING.row(Kind.EVENT, f"{sid}:{status or 'recording'}", scene, _SYSTEM, name=name, data=data)


def _conference(fields: Payload) -> InteractionDraft:
    conference, event = word(fields, "ConferenceSid"), word(fields, "StatusCallbackEvent")
    scene = Occasion(_talk(fields), Channel.VOICE, moment(fields.get("Timestamp")))
    data = filled(
        conference=conference,
        sequence=word(fields, "SequenceNumber"),
        call=word(fields, "CallSid"),
        label=word(fields, "ParticipantLabel"),
        hold=word(fields, "Hold"),
        muted=word(fields, "Muted"),
        coaching=word(fields, "Coaching"),
        reason=first_word(fields, "ReasonConferenceEnded", "ReasonParticipantLeft", "Reason"),
    )
    key = f"{conference}:{event}:{digest(data, fields.get('Timestamp'))}"
    return DRAFTING.row(Kind.EVENT, key, scene, _SYSTEM, name=event, data=data)


def _talk(fields: Payload) -> str:
    return first_word(fields, "ParentCallSid", "CallSid", "ConferenceSid", "RecordingSid", "TranscriptionSid")


def _caller(fields: Payload) -> Identifiers:
    """The customer's number: who calls us, or whom we call. Of a leg inside a call nobody knows whose it is."""
    direction = word(fields, "Direction").lower()
    caller, called = address(first_word(fields, "From", "Caller")), address(first_word(fields, "To", "Called"))
    if word(fields, "ParentCallSid"):
        # An agent who dials from an application calls the customer.
        return called.identifiers(_METHOD) if caller.scheme == "client" and not called.scheme else ()
    if direction == "inbound":
        return caller.identifiers(_METHOD) if caller.scheme != "client" else ()
    return called.identifiers(_METHOD) if direction.startswith("outbound") else ()
