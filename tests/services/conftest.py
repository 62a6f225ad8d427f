"""What tests of services share: a platform that takes what is written back, and the settings of each database."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from app.settings import Settings
from tests.services.test_deliveries import Receiver


@pytest.fixture
async def platform() -> AsyncGenerator[Receiver]:
    """A server that answers as the API of Chatwoot."""
    listener = Receiver()
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield listener
    server.close()


@pytest.fixture(params=["sqlite", "postgres"])
def chosen(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings of each database, with an address that agents' browsers reach."""
    url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    return settings.model_copy(update={"database_url": url, "public_url": "https://warmline.example"})
