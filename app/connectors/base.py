"""What a connector is: how one platform's webhooks become interactions, and how the brief goes back to it.

A connector decides nothing about storage, tenants or retries. It reads one request as it came, and says what it holds:
verify first, then the handshake or the parsing. The same request gives the same rows with the same ids, so that a
platform may deliver it again, in any order.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from app.models import InteractionDraft, Problem


class WebhookRequest(NamedTuple):
    """A platform's request as it came.

    `url` is the address that the platform called, as it stands in its signature: with the forwarded host and scheme
    where a proxy names them. `headers` have lower-case names. `body` is untouched.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class WebhookAnswer(NamedTuple):
    """What the platform gets back."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"


class Credential(NamedTuple):
    """One value that a connector needs from the platform's settings; a `secret` is shown to nobody again.

    One that is `generated` is made up by us where none is given, and goes into the platform's settings; one that is
    `in_url` is part of the address that the platform calls.
    """

    name: str
    description: str
    required: bool = True
    secret: bool = True
    generated: bool = False
    in_url: bool = False


class ParsedWebhook(NamedTuple):
    """The rows that a request holds, in its order, and what it holds beside them.

    Every draft has an `id`, made of the connector's name and the platform's own id, and a `conversation_id`, made
    alike. An event of a type that the connector does not know is a draft of kind event, with the platform's type as
    its name and its body as its data. `event_types` are the platform's own names of what came, for the connector's log.
    """

    drafts: Sequence[InteractionDraft | Problem]
    event_types: Sequence[str] = ()


class OutgoingCall(NamedTuple):
    """A request that a connector makes of its platform; `purpose` says what for, in the log of the connector."""

    purpose: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class BriefNote(NamedTuple):
    """What is written back of a handoff: plain texts, no HTML.

    `conversation_id` is the one that the connector gave the conversation, and `note` the brief as a private note. The
    `attributes` are flat texts with names of letters, digits and underscores, such as `warmline_intent`.
    """

    conversation_id: str
    headline: str
    note: str
    card_url: str | None
    attributes: Mapping[str, str]


class Connector(Protocol):
    """One platform. Its methods are pure: they read and write nothing but their arguments and results."""

    @property
    def name(self) -> str:
        """The platform's name in commands and ids, such as `whatsapp`."""
        ...

    @property
    def title(self) -> str:
        """The platform's name as people write it."""
        ...

    @property
    def credentials(self) -> Sequence[Credential]:
        """What must be known of the platform's settings."""
        ...

    @property
    def needs_key(self) -> bool:
        """Whether the platform signs nothing, so that its requests carry an API key with the scope `ingest`."""
        ...

    def verify(self, request: WebhookRequest, credentials: Mapping[str, str]) -> None:
        """Check the signature over the raw body. Raises Unauthorized; a missing signature is a wrong one."""
        ...

    def handshake(self, request: WebhookRequest, credentials: Mapping[str, str]) -> WebhookAnswer | None:
        """The answer to a request by which the platform only asks whether we are there; None: it is none."""
        ...

    def answer(self, request: WebhookRequest) -> WebhookAnswer:
        """What the platform expects to get back at once for a delivery that was taken."""
        ...

    def parse(self, request: WebhookRequest) -> ParsedWebhook:
        """The rows that a verified request holds. Raises InvalidRequest for a body that is not the platform's."""
        ...

    def write_back(self, note: BriefNote, credentials: Mapping[str, str]) -> Sequence[OutgoingCall]:
        """The requests that put a brief before the platform's agent; none where the credentials name no way back."""
        ...


@runtime_checkable
class Escalating(Protocol):
    """A connector whose platform tells by events of its own that a conversation goes to people."""

    @property
    def escalations(self) -> Collection[str]:
        """The names of the events by which it does, as rows have them; by an agent, the agent takes it."""
        ...


PASSED_ON_BY = "passed_on_by"
"""In the data of a transfer, who served the customer and passed them on: it tells of itself, and not of who took them.
"""

ON_TRANSFER, NEVER = "on_transfer", "never"
HANDOFF = Credential(
    "handoff",
    f"`{ON_TRANSFER}` makes the handoff when the platform hands a conversation to people, `{NEVER}` leaves that to "
    f"you; {ON_TRANSFER} where briefs can be written back",
    required=False,
    secret=False,
)
"""A setting that every connector has."""


def handoff_setting(connector: Connector, credentials: Mapping[str, str]) -> str:
    """Whether a connector makes handoffs itself: as it was set, else where it has a way to write briefs back."""
    if chosen := credentials.get(HANDOFF.name):
        return chosen
    sample = BriefNote(f"{connector.name}:1", "", "", None, {})
    return ON_TRANSFER if connector.write_back(sample, credentials) else NEVER


@runtime_checkable
class Recognising(Protocol):
    """A connector that knows its platform's bodies by their shape, for files and events that do not say whose they are.

    One that does not is tried: whose parsing finds somebody's words in a body is taken for its platform.
    """

    def recognises(self, request: WebhookRequest) -> bool:
        """Whether a body has the shape of this platform's."""
        ...
