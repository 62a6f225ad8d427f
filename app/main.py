"""The process entry: one ASGI application around one App.

`uvicorn app.main:create_app --factory` serves it; switch uvicorn's own access log off, which prints query strings.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app.bootstrap import build
from app.formats.options import ReadingOptions
from app.interfaces.console import mount_console
from app.interfaces.http import Quotas, mount, open_door
from app.interfaces.mcp import mount_mcp
from app.logs import log_as
from app.services import App
from app.settings import Settings

log = logging.getLogger("warmline")

API_VERSION = "1"
RETENTION_EVERY_S = 3600.0
# Beside a thread that reckons, each of a request's some fifty turns waits this long: a tenth of Python's own 5 ms.
SWITCH_EVERY_S = 0.0005


def create_app(settings: Settings | None = None, application: App | None = None) -> FastAPI:
    """The service. Without `application` it builds one at the start and closes it at the end; one that is handed in is
    open already, and whoever handed it in closes it.
    """
    settings = settings or Settings()
    reading = ReadingOptions(settings.naive_times, settings.our_addresses)

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as opened:
            if application is None:
                log_as(settings.log_level, settings.log_format)
                sys.setswitchinterval(SWITCH_EVERY_S)
            serving = application or await opened.enter_async_context(build(settings))
            door = open_door(api, serving, reading)
            await _prepared(serving)
            opened.push_async_callback(door.streams.finish)
            opened.push_async_callback(mcp.close)
            await opened.enter_async_context(_in_background(_warm_up(serving)))
            await opened.enter_async_context(_in_background(_keep_to_retention(serving)))
            yield

    # The validator that Swagger UI would ask about the description is on a network.
    api = FastAPIOffline(
        title="Warmline",
        version=API_VERSION,
        lifespan=lifespan,
        redirect_slashes=False,
        swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True, "defaultModelsExpandDepth": 0},
    )
    mount(
        api,
        require_keys=settings.require_keys,
        frame_ancestors=settings.frame_ancestors.split(),
        public_url=settings.public_url,
        quotas=Quotas(settings.concurrent_handoffs, settings.concurrent_actions, settings.open_streams),
        metrics=settings.metrics == "on",
    )
    mcp = mount_mcp(api)
    mount_console(api)
    if application is not None:
        open_door(api, application, reading)
    return api


@asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _prepared(application: App) -> None:
    try:
        await application.prepare()
    except Exception as failure:  # noqa: BLE001 - as below
        log.warning("preparing stopped: %s", type(failure).__name__)


async def _warm_up(application: App) -> None:
    try:
        await application.warm_up()
    except Exception as failure:  # noqa: BLE001 - the service still starts; /readyz tells how each part is
        log.warning("warming up stopped: %s; the parts load when first needed", type(failure).__name__)


async def _keep_to_retention(application: App) -> None:
    while True:
        try:
            await application.replies.remove_expired()
            await application.connectors.prune()
            for run in await application.customers.apply_retention():
                if count := sum(run.erased.values()):
                    log.info("retention of tenant %s erased %d entries", run.tenant, count)
        except Exception as failure:  # noqa: BLE001 - the service goes on, and the next round catches up
            log.warning("what is too old was not erased: %s; tried again in an hour", type(failure).__name__)
        await asyncio.sleep(RETENTION_EVERY_S)
