"""The agent's card over HTTP: its address, which is itself the permission to read it, and the page.

A desktop shows the card in a frame of another site, where no cookie of ours is sent. So the address holds a signed
token that opens one handoff for a time: its card, its evidence, its feedback, the outcomes of its actions and its
refresh, and nothing else. It ends early when the API key that asked for it is revoked or loses its scope; one that was
asked for without a key opens the card on the same machine only, and only while no keys are set up; one that a connector
wrote into its platform opens it until the connector is removed. The access log
names the route's pattern, so it holds no token, and the page's policy sends none to anybody as a referrer.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from fastapi import Request
from starlette.responses import HTMLResponse

from app.errors import Unauthorized, Unavailable
from app.interfaces.http.authentication import Authenticator
from app.interfaces.http.dependencies import Door
from app.interfaces.http.local_requests import names_this_machine
from app.interfaces.rendering.card import card
from app.interfaces.rendering.policy import page_headers
from app.models import Handoff, Scope
from app.services import App
from app.services.write_back import CARD_PASS, CARD_PATH

PATH = CARD_PATH
PURPOSE = CARD_PASS
# A card that was opened with an API key, without a link that says for how long.
USUAL_LIFETIME = timedelta(hours=1)


class ClosedCardError(Unauthorized):
    """The link opens nothing."""

    title = "This link opens nothing"


class CardPass(NamedTuple):
    """What a link opens, and until when."""

    token: str
    tenant: str
    handoff_id: str
    key_id: str | None
    expires_at: datetime

    @property
    def address(self) -> str:
        """The path of the card, below which its own requests lead."""
        return f"{PATH}/{self.token}"


async def issue_pass(
    application: App, tenant: str, handoff_id: str, key_id: str | None, *, lifetime: timedelta
) -> CardPass:
    """A pass to one handoff in the name of an API key, or of a caller who needed none."""
    payload = {"tenant": tenant, "handoff": handoff_id, "key": key_id}
    token, expires_at = await application.access.sign(PURPOSE, payload, lifetime=lifetime)
    return CardPass(token, tenant, handoff_id, key_id, expires_at)


async def read_pass(request: Request, token: str) -> CardPass:
    """What a token opens. Raises ClosedCardError for one that is garbled, has expired or whose key has ended."""
    application = application_of(request)
    try:
        payload, expires_at = await application.access.read_signed(PURPOSE, token)
        card_pass = CardPass(
            token,
            tenant=str(payload["tenant"]),
            handoff_id=str(payload["handoff"]),
            key_id=None if payload["key"] is None else str(payload["key"]),
            expires_at=expires_at,
        )
        if payload.get("connector") is None:
            await _check_still_given(request, application, card_pass.key_id)
        else:
            await application.connectors.check_there(str(payload["connector"]))
    except Unauthorized as refusal:
        message = f"{refusal.detail} Ask the desktop that showed it for a new link."
        raise ClosedCardError(message) from None
    return card_pass


async def card_page(request: Request, opened: CardPass, handoff: Handoff, *, whole: bool = True) -> HTMLResponse:
    """The card of a handoff, as a page or as the parts of one. Raises UnknownCustomer."""
    return HTMLResponse(await card_text(request, opened, handoff, whole=whole), headers=card_headers(request))


async def card_text(request: Request, opened: CardPass, handoff: Handoff, *, whole: bool) -> str:
    """The card as HTML. Raises UnknownCustomer."""
    application = application_of(request)
    evidence = await application.handoffs.evidence_of(opened.tenant, handoff)
    reports = await application.handoffs.card_revision(opened.tenant, handoff)
    return card(handoff, evidence, reports, base=opened.address, whole=whole)


def card_headers(request: Request) -> dict[str, str]:
    """The headers of a card: desktops that the settings name may frame it, and its address is told to nobody."""
    return dict(page_headers(frame_ancestors=request.app.state.frame_ancestors, referrer="no-referrer"))


def absolute(request: Request, path: str) -> str:
    """An address as an agent's browser reaches it: below the public address of the settings.

    Without one, below the loopback name that was asked for, or else the address that the connection came in at: a Host
    header may name anybody's machine, and a link must not. Raises Unavailable where there is no such address.
    """
    public: str | None = request.app.state.public_url
    return f"{(public or _own_address(request)).rstrip('/')}{path}"


def _own_address(request: Request) -> str:
    if names_this_machine(request.headers.get("host", "")):
        return str(request.base_url)
    host, port = request.scope.get("server") or ("", None)
    if not host or port is None:
        raise Unavailable("The service has no address of its own to link to. Set WARMLINE_PUBLIC_URL to its address.")
    return f"{request.url.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def application_of(request: Request) -> App:
    """The App that answers a request."""
    door: Door = request.app.state.door
    return door.application


async def _check_still_given(request: Request, application: App, key_id: str | None) -> None:
    if key_id is None:
        keeper: Authenticator = request.app.state.authenticator
        await keeper.check_machine(request, application)
    elif Scope.HANDOFF not in (await application.access.standing(key_id)).scopes:
        raise Unauthorized("The API key behind this lacks the scope `handoff`.")
