"""Forgetting: one customer, one interaction, or what has been kept for longer than a tenant wants it."""

from app.erasure.eraser import Eraser
from app.erasure.export import exported
from app.erasure.retention import Retention

__all__ = ["Eraser", "Retention", "exported"]
