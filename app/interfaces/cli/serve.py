"""`warmline serve`."""

import asyncio
import os
from shutil import rmtree
from tempfile import mkdtemp

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from app.bootstrap import build, claim_stores
from app.errors import ConfigurationError, WarmlineError
from app.interfaces.cli.common import settings_in_force, side_screen
from app.interfaces.http.local_requests import names_this_machine
from app.logs import log_as
from app.services import App

IN_ONE_PROCESS = (None, "memory:")
# Where `prometheus_client` has the workers of one service count together.
SHARED_COUNTS = "PROMETHEUS_MULTIPROC_DIR"


def serve(host: str, port: int, workers: int) -> None:
    """Serve until told to stop.

    Raises ConfigurationError when the stores cannot be shared by so many workers, or another process uses them.
    """
    settings = settings_in_force()
    if workers > 1 and settings.vectors_url in IN_ONE_PROCESS:
        raise ConfigurationError(
            f"{workers} workers cannot share the embedded vector store: two processes writing one folder give stale "
            "answers. Start a Chroma server (`chroma run --path FOLDER --port 8001`) and set "
            "WARMLINE_VECTORS_URL=http://127.0.0.1:8001, or serve with one worker."
        )
    let_go = claim_stores(settings)
    shares = workers > 1 and SHARED_COUNTS not in os.environ
    own_counts = mkdtemp(prefix="warmline-metrics-") if shares else None
    try:
        if own_counts is not None:
            os.environ[SHARED_COUNTS] = own_counts
        # A wrong catalogue, prompt or address is told here in words; inside uvicorn it would be a traceback.
        log_as(settings.log_level, settings.log_format)
        app = build(settings)
        if not settings.require_keys and not names_this_machine(f"[{host}]" if ":" in host else host):
            asyncio.run(_tell_who_is_answered(app, host))
        uvicorn.run(
            "app.main:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http="app.interfaces.cli.connections:BoundedConnection",
            ws="none",
            log_level=settings.log_level.lower(),
            log_config=None if settings.log_format == "json" else LOGGING_CONFIG,
            access_log=False,
        )
    finally:
        let_go()
        if own_counts is not None:
            rmtree(own_counts, ignore_errors=True)


async def _tell_who_is_answered(app: App, host: str) -> None:
    """Say that others are refused, where the service listens to them and no key was made yet."""
    try:
        if not await app.access.keys_configured():
            side_screen().print(
                f"No API keys are set up: the service listens on {host}, but answers callers on this machine only, and "
                "none that come through a proxy. Make a key with `warmline keys create`; it is taken up within seconds."
            )
    except WarmlineError:
        pass  # the service tells of its database itself, in /readyz
    finally:
        await app.close()
