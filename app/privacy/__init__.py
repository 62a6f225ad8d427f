"""What must not be shown or kept: masked for good before it is filed, replaced for a while before it goes to a model.

`secrets.py` finds whole card numbers and secret codes, `masking.py` masks them in an interaction; `redactor.py` puts
placeholders in the place of these and of other personal numbers in a text that leaves for a model.
"""

from app.privacy.context import CONTEXT_ROWS, NO_CONTEXT, Context, context_of
from app.privacy.drafts import MaskedDraft, all_masked, content_sha256, masked_conversation
from app.privacy.fields import masked_data
from app.privacy.identifiers import holds_card, masked_identifiers
from app.privacy.masking import (
    Masking,
    depends_on_context,
    masked_among,
    masked_draft,
    masked_request,
    masked_row,
    shrouded_draft,
    takes_long,
)
from app.privacy.questions import questions_answered
from app.privacy.redactor import Redactor, redact, redacted_draft
from app.privacy.secrets import mask

__all__ = [
    "CONTEXT_ROWS",
    "NO_CONTEXT",
    "Context",
    "MaskedDraft",
    "Masking",
    "Redactor",
    "all_masked",
    "content_sha256",
    "context_of",
    "depends_on_context",
    "holds_card",
    "mask",
    "masked_among",
    "masked_conversation",
    "masked_data",
    "masked_draft",
    "masked_identifiers",
    "masked_request",
    "masked_row",
    "questions_answered",
    "redact",
    "redacted_draft",
    "shrouded_draft",
    "takes_long",
]
