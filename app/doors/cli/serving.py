"""`warmline serve`."""

import uvicorn

from app.bootstrap import build
from app.doors.cli.common import settings_in_force
from app.errors import ConfigurationError

IN_ONE_PROCESS = (None, "memory:")


def serve(host: str, port: int, workers: int) -> None:
    """Serve until told to stop. Raises ConfigurationError when the stores cannot be shared by so many workers."""
    settings = settings_in_force()
    if workers > 1 and settings.vectors_url in IN_ONE_PROCESS:
        raise ConfigurationError(
            f"{workers} workers cannot share the embedded vector store: two processes writing one folder give stale "
            "answers. Start a Chroma server (`chroma run --path FOLDER --port 8001`) and set "
            "WARMLINE_VECTORS_URL=http://127.0.0.1:8001, or serve with one worker."
        )
    # A wrong catalogue, prompt or address is told here in words; inside uvicorn it would be a traceback.
    build(settings)
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http="app.doors.cli.connections:BoundedConnection",
        ws="none",
        log_level=settings.log_level.lower(),
        access_log=False,
    )
