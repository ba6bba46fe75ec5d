"""One process for each decision log: two gates of one site would each open for every vehicle."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lpr.errors import OutputError


def is_held(path: Path) -> bool:
    """Whether a process has a decision log, so far as this user may know; nothing is written.

    Args:
        path: the decision log.
    """
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        file = os.open(lock_file(path), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def lock_file(path: Path) -> Path:
    """The file beside a decision log that is locked."""
    return path.with_name(f"{path.name}.lock")


class DecisionLock:
    """Keeps other processes from a decision log until it is closed, or the process ends.

    The lock is on a file of its own beside the log (its name and `.lock`), since the log is renamed
    when a new file begins. The system lets go of it however the process ends; the file stays.
    What is no file, such as a device, is not locked.

    Args:
        path: the decision log.

    Raises:
        OutputError: another process has the log, or the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = lock_file(path)
        self._file = -1
        if path.exists() and not path.is_file():
            return
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            self._lock()
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            self.close()
            raise OutputError(
                f"{path}: another process (id {holder}) writes it, and holds {self._path}; "
                "stop that one first, or give this site a decision log of its own"
            ) from None
        except OSError as error:
            self.close()
            raise OutputError(f"{self._path}: cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Let go of it; closing twice is harmless."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _lock(self) -> None:
        # Windows has no flock; a site runs on Linux or macOS.
        if sys.platform == "win32":
            return
        import fcntl

        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
