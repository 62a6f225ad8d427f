"""What must not be shown or kept: masked for good before it is filed, replaced for a while before it goes to a model.

`secrets.py` finds whole card numbers and secret codes, `masking.py` masks them in an interaction; `redactor.py` puts
placeholders in the place of these and of other personal numbers in a text that leaves for a model.
"""

from app.privacy.identifiers import holds_card, masked_identifiers
from app.privacy.masking import (
    NO_CONTEXT,
    Context,
    context_of,
    depends_on_context,
    masked_data,
    masked_draft,
    masked_request,
    masked_row,
)
from app.privacy.questions import questions_answered
from app.privacy.redactor import Redactor, redact, redacted_draft
from app.privacy.secrets import mask

__all__ = [
    "NO_CONTEXT",
    "Context",
    "Redactor",
    "context_of",
    "depends_on_context",
    "holds_card",
    "mask",
    "masked_data",
    "masked_draft",
    "masked_identifiers",
    "masked_request",
    "masked_row",
    "questions_answered",
    "redact",
    "redacted_draft",
]
