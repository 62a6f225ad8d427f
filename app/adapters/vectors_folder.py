"""The folder of the embedded vectors: one process at a time, and what becomes of it when it cannot be read.

Vectors are made from the ledger and can be made again, so a broken folder loses nothing but time.
"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock

from filelock import FileLock, Timeout

from app.errors import ConfigurationError

LOCK = "in-use.lock"
_SET_ASIDE = "-broken-"
_PROBE_BYTES = 64 * 1024

# Folders that this process claimed for as long as it lives, so that its stores need no claim of their own.
_of_this_process: dict[Path, FileLock] = {}
_claiming = Lock()


def claim_for_process(folder: Path) -> Callable[[], None]:
    """Claim a folder for this process before it opens any store; gives what lets go of it.

    Raises ConfigurationError when another process uses it.
    """
    path = folder.resolve()
    with _claiming:
        _of_this_process[path] = lock = _locked(folder)

    def let_go() -> None:
        with _claiming:
            if _of_this_process.get(path) is lock:
                del _of_this_process[path]
            lock.release()

    return let_go


class VectorsFolder:
    """One store's use of the folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: FileLock | None = None

    def claim(self) -> None:
        """Claim the folder, making it where there is none. Raises ConfigurationError when another store uses it."""
        if self._lock is None and self.path.resolve() not in _of_this_process:
            self._lock = _locked(self.path)

    def release(self) -> None:
        """Let others use the folder."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def is_writable(self) -> bool:
        """Whether something can be written here now: a full disk breaks no vectors."""
        try:
            with TemporaryFile(dir=self.path) as file:
                file.write(bytes(_PROBE_BYTES))
                file.flush()
        except OSError:
            return False
        return True

    def set_aside(self) -> Path:
        """Move what is in the folder beside it, under a name that tells when. Raises OSError."""
        aside = self.path.with_name(f"{self.path.name}{_SET_ASIDE}{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
        aside.mkdir()
        for item in self._content():
            item.rename(aside / item.name)
        return aside

    def empty(self) -> None:
        """Remove what is in the folder. Raises OSError."""
        for item in self._content():
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()

    def remove_set_aside(self) -> None:
        """Remove what was set aside, in which the vectors of anybody may be. Raises OSError."""
        for aside in self.path.parent.glob(f"{self.path.name}{_SET_ASIDE}*"):
            shutil.rmtree(aside)

    def _content(self) -> list[Path]:
        return [item for item in self.path.iterdir() if item.name != LOCK]


def _locked(folder: Path) -> FileLock:
    # Two processes on one folder give no error but stale answers. The system drops the lock when a process dies.
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise ConfigurationError(
            f"Another Warmline process uses the vectors in {folder}. Stop it, or set WARMLINE_DATA_DIR to another "
            "folder. To use them from several at once, run a Chroma server and set WARMLINE_VECTORS_URL to its address."
        ) from None
    return lock
