"""The bus of several processes over one SQLite file: a Unix datagram socket for each, in a folder of the user's own."""

import asyncio
import logging
import os
import secrets
import socket
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

_log = logging.getLogger(__name__)

LONGEST_DATAGRAM = 65_536
# A process that takes nothing for so long misses the message; the others must not wait for it.
TAKEN_WITHIN_S = 0.5
FOLDER_MODE = 0o700


class SocketLink:
    """A Link between the processes of one user on one machine that name the same `scope`.

    The path of a socket is at most 107 bytes long, so the folder lies in the system's own for temporary files.
    """

    def __init__(self, scope: str) -> None:
        user = os.getuid() if hasattr(os, "getuid") else 0
        self._folder = Path(tempfile.gettempdir()) / f"warmline-{user}-{sha256(scope.encode()).hexdigest()[:16]}"
        self._socket: socket.socket | None = None
        self._path: Path | None = None

    async def open(self, receive: Callable[[str], None]) -> None:
        """Make a socket of one's own. Raises PermissionError for a folder that somebody else made."""
        self._folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        folder = self._folder.lstat()
        if folder.st_uid != os.getuid() or not stat.S_ISDIR(folder.st_mode) or folder.st_mode & 0o077:
            raise PermissionError(f"{self._folder} is not a folder of this user alone")
        own = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        own.setblocking(False)
        self._socket, self._path = own, self._folder / f"{os.getpid()}-{secrets.token_hex(3)}"
        own.bind(str(self._path))
        asyncio.get_running_loop().add_reader(own.fileno(), _take, own, receive)

    async def send(self, frame: str) -> None:
        """Send to the socket of each process; those of processes that died are cleared away."""
        for path in self._folder.iterdir():
            if path != self._path:
                await self._send_to(path, frame.encode())

    async def lost(self) -> None:
        """A socket of one's own is never lost."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Close and remove the socket."""
        own, self._socket = self._socket, None
        if own is not None:
            asyncio.get_running_loop().remove_reader(own.fileno())
            own.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self._folder.rmdir()  # unless others are still there

    async def _send_to(self, path: Path, data: bytes) -> None:
        try:
            async with asyncio.timeout(TAKEN_WITHIN_S):
                while not self._taken(path, data):  # noqa: ASYNC110 - a full socket tells nobody when there is room
                    await asyncio.sleep(0.005)
        except TimeoutError:
            _log.warning("a process of this service takes no messages")
        except (ConnectionRefusedError, FileNotFoundError):
            _remove(path)

    def _taken(self, path: Path, data: bytes) -> bool:
        assert self._socket is not None
        try:
            self._socket.sendto(data, str(path))
        except BlockingIOError:
            return False
        return True


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _take(own: socket.socket, receive: Callable[[str], None]) -> None:
    with suppress(BlockingIOError):
        while True:
            receive(own.recv(LONGEST_DATAGRAM).decode("ascii", "replace"))
