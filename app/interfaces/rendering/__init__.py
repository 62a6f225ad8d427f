"""What people see of a handoff, and the template engine, the files and the policy of every page."""

from app.interfaces.rendering.card import card
from app.interfaces.rendering.note import markdown
from app.interfaces.rendering.speech import customer_text, whisper_text

__all__ = ["card", "customer_text", "markdown", "whisper_text"]
