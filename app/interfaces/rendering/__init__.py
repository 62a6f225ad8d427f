"""What people see of a handoff, and the template engine, the files and the policy of every page."""

from app.interfaces.rendering.card import card
from app.interfaces.rendering.note import markdown

__all__ = ["card", "markdown"]
