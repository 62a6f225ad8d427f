"""The HTTP API: wire formats and refusals, and nothing else."""

from collections.abc import Sequence

from fastapi import FastAPI

from app.interfaces.http.admission import Admission, AdmissionDesk, Quotas
from app.interfaces.http.authentication import Authenticator
from app.interfaces.http.dependencies import Door, open_door
from app.interfaces.http.documentation import install_documentation
from app.interfaces.http.fast_route import PlainRoute
from app.interfaces.http.middleware import Frame
from app.interfaces.http.problems import install_problems
from app.interfaces.http.routes import (
    actions,
    analytics,
    announcements,
    briefs,
    connectors,
    customers,
    decisions,
    erasure,
    formats,
    handoffs,
    interactions,
    knowledge,
    listings,
    service,
)

__all__ = ["Door", "Quotas", "mount", "open_door"]


def mount(
    api: FastAPI,
    *,
    require_keys: bool,
    frame_ancestors: Sequence[str] = ("'self'",),
    public_url: str | None = None,
    quotas: Quotas | None = None,
    metrics: bool = True,
) -> None:
    """Put every path of the contract on `api`; requests are let through to an App by `open_door`.

    `frame_ancestors` are the sites that may show a card in a frame, as a Content-Security-Policy writes them;
    `public_url` is where agents' browsers reach the service, unless it is where the request came in; `quotas` are what
    each key may have under way, and `metrics` says whether `/metrics` answers.
    """
    api.state.authenticator = Authenticator(require_keys=require_keys)
    api.state.frame_ancestors = tuple(frame_ancestors)
    api.state.public_url = public_url
    api.state.shows_metrics = metrics
    made = (interactions, formats, customers, erasure, handoffs, briefs, actions, knowledge, decisions, analytics)
    for noun in (*made, listings, announcements, connectors, service):
        # A route is worked out once, where it is declared; `include_router` would work it out anew for each `api`.
        api.router.routes.extend(noun.router.routes)
    # FastAPI describes these paths; served by a plain route, a single interaction costs a fifth less.
    api.router.routes.insert(0, PlainRoute("/v1/interactions", interactions.record, methods=["POST"]))
    api.router.routes.insert(1, PlainRoute("/v1/next-actions", actions.decide, methods=["POST"]))
    install_problems(api)
    install_documentation(api)
    api.state.admission = AdmissionDesk(quotas or Quotas())
    api.add_middleware(Admission, desk=api.state.admission)
    api.add_middleware(Frame)
