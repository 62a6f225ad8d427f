"""The words around what a brief tells, for whoever shows one: in the language of the brief."""

from app.briefs.frames import Frames, frames_of

__all__ = ["Frames", "frames_of"]
