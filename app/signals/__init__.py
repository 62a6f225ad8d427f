"""Friction as it shows in a journey: ten kinds of signals, the strain of words, and how forward to be about them.

Every function is pure and judges a moment: a snapshot as of its `now`, so the same interactions always give the same
signals with the same ids, whenever they are asked for.
"""

from app.signals.detection import SHORT_TEXTS, came_by_waiting, detect
from app.signals.dissatisfaction import strain_at
from app.signals.friction import explained, intervene
from app.signals.friction_timeline import course
from app.signals.levels import Crossing, crossing_of
from app.signals.table import SIGNALS
from app.signals.timing import next_check

__all__ = [
    "SHORT_TEXTS",
    "SIGNALS",
    "Crossing",
    "came_by_waiting",
    "course",
    "crossing_of",
    "detect",
    "explained",
    "intervene",
    "next_check",
    "strain_at",
]
