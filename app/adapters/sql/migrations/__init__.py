"""The steps by which the tables of older versions become today's, run by Alembic when a database is opened.

A step is a file in `versions`, named by its number; it never changes once it was released. `HEAD` names the last.
"""

import logging
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.errors import ConfigurationError

HEAD = "0009"

_log = logging.getLogger(__name__)


def bring_up_to_date(connection: Connection) -> None:
    """Run the steps that this database lacks, in the transaction of the connection.

    Raises ConfigurationError when a newer Warmline has been here.
    """
    if _version_of(connection) == HEAD:
        return
    # Loading Alembic takes a quarter of a second, which a database that is up to date need not wait for.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as failure:
        _log.warning("the tables could not be brought up to date: %s", failure)
        raise ConfigurationError(
            "The ledger was written by a newer Warmline than this one. Install that version again, "
            "or set WARMLINE_DATABASE_URL to another database."
        ) from None


def _version_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))
