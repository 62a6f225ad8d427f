"""The HTTP door: wire formats and refusals, and nothing else."""

from fastapi import FastAPI

from app.doors.http.documentation import install_documentation
from app.doors.http.frame import Frame
from app.doors.http.plain import PlainRoute
from app.doors.http.problems import install_problems
from app.doors.http.routes import (
    actions,
    announcing,
    briefs,
    customers,
    decisions,
    erasure,
    formats,
    handoffs,
    interactions,
    service,
)
from app.doors.http.security import Doorkeeper
from app.doors.http.state import Door, open_door

__all__ = ["Door", "mount", "open_door"]


def mount(api: FastAPI, *, require_keys: bool) -> None:
    """Put every path of the contract on `api`; requests are let through to an App by `open_door`."""
    api.state.doorkeeper = Doorkeeper(require_keys=require_keys)
    for noun in (interactions, formats, customers, erasure, handoffs, briefs, actions, decisions, announcing, service):
        api.include_router(noun.router)
    # FastAPI describes these paths; served by a plain route, a single interaction costs a fifth less.
    api.router.routes.insert(0, PlainRoute("/v1/interactions", interactions.record, methods=["POST"]))
    api.router.routes.insert(1, PlainRoute("/v1/next-actions", actions.decide, methods=["POST"]))
    install_problems(api)
    install_documentation(api)
    api.add_middleware(Frame)
