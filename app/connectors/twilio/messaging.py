"""Programmable Messaging: SMS, RCS and WhatsApp messages that come in, and what becomes of those that went out.

Facts: twilio.com/docs/messaging/guides/webhook-request (parameters of an incoming message; it has no time),
twilio.com/docs/messaging/guides/track-outbound-message-status (MessageStatus).
"""

from collections.abc import Sequence
from typing import Any

from app.connectors.drafting import Doer, Occasion, participant
from app.connectors.reading import Payload, digest, filled, first_word, moment, word
from app.connectors.twilio.addresses import address
from app.connectors.twilio.conversations import DRAFTING, unknown_event
from app.models import BOOKKEEPING, Actor, Channel, InteractionDraft, Kind

_INCOMING = frozenset({"received", "receiving"})
_MOST_MEDIA = 50


def messaging_rows(fields: Payload) -> Sequence[InteractionDraft]:
    """The rows of one request: a message of the customer, or the status of one of ours."""
    sid = first_word(fields, "MessageSid", "SmsSid", "SmsMessageSid")
    status = first_word(fields, "MessageStatus", "SmsStatus").lower()
    if "Body" in fields and (not status or status in _INCOMING):
        return (_incoming(fields, sid),)
    if status:
        return (_status(fields, sid, status),)
    return (unknown_event(fields, "message", sid),)


def _incoming(fields: Payload, sid: str) -> InteractionDraft:
    sender = address(word(fields, "From"))
    where = sender.channel or address(word(fields, "To")).channel or Channel.SMS
    identifiers = sender.identifiers(f"Twilio {where.value} sender")
    hidden = address(word(fields, "ExternalUserId"))
    if hidden.scheme == "whatsapp" and hidden != sender:
        identifiers += hidden.identifiers("Twilio whatsapp sender")
    # A sender in letters and a short code stand for companies: a name to show, and nobody's identifier.
    name = word(fields, "ProfileName") or ("" if identifiers else sender.value)
    doer = Doer(Actor.CUSTOMER, participant(name, word(fields, "WaId")), identifiers)
    text = first_word(fields, "Body", "ButtonText", "ListTitle", "Label", "Address")
    scene = Occasion(_talk(fields, "From", "To"), where, moment(fields.get("Timestamp")))
    return DRAFTING.row(Kind.MESSAGE, sid, scene, doer, text=text, data=_about_message(fields))


def _about_message(fields: Payload) -> dict[str, Any]:
    count = word(fields, "NumMedia")
    attachments = [
        filled(url=word(fields, f"MediaUrl{index}"), content_type=word(fields, f"MediaContentType{index}"))
        for index in range(min(int(count), _MOST_MEDIA) if count.isdigit() and len(count) <= 4 else 0)
    ]
    replied = word(fields, "OriginalRepliedMessageSid")
    return filled(
        attachments=[attachment for attachment in attachments if attachment],
        button_payload=word(fields, "ButtonPayload"),
        list_id=word(fields, "ListId"),
        list_description=word(fields, "ListDescription"),
        location=filled(
            latitude=word(fields, "Latitude"),
            longitude=word(fields, "Longitude"),
            label=word(fields, "Label"),
            address=word(fields, "Address"),
        ),
        reply_to=DRAFTING.key(replied) if replied else "",
        forwarded="true" if word(fields, "Forwarded").lower() == "true" else "",
        referral=word(fields, "ReferralHeadline"),
    )


def _status(fields: Payload, sid: str, status: str) -> InteractionDraft:
    receiver = address(word(fields, "To"))
    where = receiver.channel or Channel.SMS
    doer = Doer(Actor.SYSTEM, None, receiver.identifiers(f"Twilio {where.value} receiver"))
    data: dict[str, Any] = {BOOKKEEPING: True} | filled(
        message=DRAFTING.key(sid),
        status=status,
        error_code=word(fields, "ErrorCode"),
        error=first_word(fields, "ErrorMessage", "ChannelStatusMessage"),
    )
    at = moment(*(fields.get(name) for name in ("RawDlrDoneDate", "DateUpdated", "Timestamp")))
    scene = Occasion(_talk(fields, "To", "From"), where, at)
    return DRAFTING.row(Kind.EVENT, f"{sid}:{status}", scene, doer, name=f"message.{status}", data=data)


def _talk(fields: Payload, theirs: str, ours: str) -> str:
    """What is written between two addresses is one conversation; its name tells no number."""
    return f"thread:{digest(word(fields, theirs).lower(), word(fields, ours).lower())}"
