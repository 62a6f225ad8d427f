"""Drafts a first catalogue from a tenant's own conversations, for a person to edit.

`talks` reads the conversations, `grouping` finds what customers come for, `drafter` what helped them then, and
`written_out` writes it down with what is to be decided.
"""

from app.actions.drafting.drafter import Drafted, WishSentences, drafted
from app.actions.drafting.talks import DraftSource, source_of
from app.actions.drafting.written_out import lacking, written_out

__all__ = ["DraftSource", "Drafted", "WishSentences", "drafted", "lacking", "source_of", "written_out"]
