"""Bodies of platforms without a server and without secrets: what each is taken for."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.connectors import CONNECTORS
from app.connectors.recognition import as_posted, recognised
from app.errors import InvalidRequest, WarmlineError
from app.models import InteractionDraft, Problem
from app.services.connectors import parsed

__all__ = ["TriedBody", "as_posted", "recognised", "tried"]


class TriedBody(NamedTuple):
    """One body and what it was taken for; `platform` is None where nobody knows whose it is."""

    name: str
    platform: str | None
    event_types: Sequence[str]
    drafts: Sequence[InteractionDraft | Problem]
    problem: str | None

    @property
    def is_understood(self) -> bool:
        """Whether every part of it is a row, if only an event that nobody knows."""
        return self.problem is None and not any(isinstance(draft, Problem) for draft in self.drafts)


async def tried(
    name: str, body: bytes, *, platform: str | None = None, headers: Mapping[str, str] | None = None
) -> TriedBody:
    """What a body is taken for: by this platform, or by the one whose shape it has. Raises InvalidRequest."""
    if platform is not None and platform not in CONNECTORS:
        raise InvalidRequest(f"There is no connector {platform!r}. Use one of {', '.join(sorted(CONNECTORS))}.")
    request = as_posted(body, headers)
    connector = CONNECTORS[platform] if platform else recognised(request)
    if connector is None:
        return TriedBody(name, None, (), (), "This has the shape of no platform's body: name one with --platform.")
    try:
        read = await parsed(connector, request)
    except WarmlineError as failure:
        return TriedBody(name, connector.name, (), (), failure.detail)
    return TriedBody(name, connector.name, read.event_types, read.drafts, None)
