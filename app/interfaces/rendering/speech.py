"""A handoff as it is said aloud: to the agent before the customer is connected, and to the customer who waits."""

from collections.abc import Mapping

from app.interfaces.rendering.environment import visible
from app.models import Handoff, Interaction
from app.services.brief_words import customer_line, whisper


def whisper_text(handoff: Handoff, evidence: Mapping[str, Interaction]) -> str:
    """At most 45 words for the agent's ear; `evidence` are the interactions that are still there."""
    return f"{visible(whisper(handoff, evidence))}\n"


def customer_text(handoff: Handoff) -> str:
    """One or two sentences for the customer while they wait: nothing internal, and no promise."""
    return f"{visible(customer_line(handoff))}\n"
