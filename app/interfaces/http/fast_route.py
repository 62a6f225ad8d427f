"""A route without FastAPI's help, for a path that is called so often that the help is what costs most."""

from starlette.routing import Match, Route
from starlette.types import Scope


class PlainRoute(Route):
    """A route of Starlette's which tells, as FastAPI's do, by which pattern a request was matched."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this route answers a request, and what it adds to the request's scope."""
        match, child_scope = super().matches(scope)
        return match, {**child_scope, "route": self}
