"""IETF vCon (draft-ietf-vcon-vcon-core, syntax versions 0.0.1 to 0.4.0) in and out.

A vCon holds one conversation: who took part, what was said or recorded, what was made of it, what was attached.
`interactions_of` reads one into interactions; `vcon_of` writes a handoff and its conversation as one.
"""

from app.formats.vcon.reading import interactions_of
from app.formats.vcon.writing import vcon_of

__all__ = ["interactions_of", "vcon_of"]
