"""The words of a brief for whoever shows one or says it aloud, in the language of the brief."""

from app.briefs.frames import Frames, frames_of
from app.briefs.spoken import customer_line, whisper

__all__ = ["Frames", "customer_line", "frames_of", "whisper"]
