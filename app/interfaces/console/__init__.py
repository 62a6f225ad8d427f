"""The console (`/console`): what people look at. Server-rendered pages, small scripts, nothing from elsewhere.

It is mounted on the HTTP API: the same App, the same keys and scopes, the same problems. Each page is a module with a
`router` (see `pages.page_router`) and, where it belongs into the navigation, a `SECTION`.
"""

from fastapi import FastAPI

from app.interfaces.console import cards, continuity, graph, journey, playground, sign_in, static

__all__ = ["mount_console"]

# In the order of the navigation.
_PAGES = (journey, continuity, graph, playground)


def mount_console(api: FastAPI) -> None:
    """Put the console on `api`, beside the HTTP API."""
    api.state.sections = tuple(page_module.SECTION for page_module in _PAGES)
    for module in (static, sign_in, cards, *_PAGES):
        api.router.routes.extend(module.router.routes)
    api.router.routes.extend(cards.of_visitors.routes)
