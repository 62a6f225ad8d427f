"""Signals of friction."""

from datetime import datetime
from enum import StrEnum

from app.models.base import Confidence, Evidence, Record


class SignalType(StrEnum):
    """What may go wrong in a journey while it can still be mended."""

    HESITATION = "hesitation"
    BACKTRACKING = "backtracking"
    REPETITION = "repetition"
    CHANNEL_SWITCH = "channel_switch"
    DELAYED_REPLY = "delayed_reply"
    SILENCE = "silence"
    REPEATED_FAILURE = "repeated_failure"
    BOT_LOOP = "bot_loop"
    NEGATIVE_SENTIMENT = "negative_sentiment"
    HUMAN_REQUEST = "human_request"


class Signal(Record):
    """One moment of friction. `signal_id` is derived from what it stands on, so the same moment has the same id."""

    signal_id: str
    customer_id: str
    conversation_id: str | None = None
    type: SignalType
    severity: Confidence
    at: datetime
    evidence: Evidence
    detail: str
