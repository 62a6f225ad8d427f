"""What people see of a handoff, and the template engine, the files and the policy of every page."""

from app.doors.render.card import card
from app.doors.render.note import markdown

__all__ = ["card", "markdown"]
