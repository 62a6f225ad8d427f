"""IETF vCon (draft-ietf-vcon-vcon-core, to core-04: syntax versions 0.0.1 to 0.4.0, and none) in and out.

A vCon holds one conversation: who took part, what was said or recorded, what was made of it, what was attached.
`interactions_of` reads one into interactions; `vcon_of` writes a handoff and its conversation as one.
"""

from app.formats.vcon.reading import ReadVcon, interactions_of, read_vcon
from app.formats.vcon.writing import vcon_of

__all__ = ["ReadVcon", "interactions_of", "read_vcon", "vcon_of"]
