"""Requests without card numbers and secret codes, as the services work with them."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from app.ledger import CARD_PURPOSE
from app.models import HandoffRequest, Identifier, NextActionRequest, Record
from app.privacy import holds_card, masked_identifiers, masked_request, takes_long
from app.services.parts import Parts

_Asked = TypeVar("_Asked", bound=Record)
_Named = TypeVar("_Named", HandoffRequest, NextActionRequest)


async def without_card_identifiers(parts: Parts, identifiers: Sequence[Identifier]) -> tuple[Identifier, ...]:
    """Identifiers whose card numbers are masked so that they still lead to the same customer. Raises Unavailable."""
    key = await parts.signatures.key(CARD_PURPOSE) if holds_card(identifiers) else b""
    return masked_identifiers(identifiers, key)


async def without_secrets(request: _Asked) -> _Asked:
    """A request without secrets; a long one is searched in a thread, so that others are served meanwhile."""
    return await asyncio.to_thread(masked_request, request) if takes_long(request) else masked_request(request)


async def masked(parts: Parts, request: _Named) -> _Named:
    """A request about a customer, without secrets in its identifiers and texts."""
    named = request.model_copy(update={"identifiers": await without_card_identifiers(parts, request.identifiers)})
    return await without_secrets(named)
