"""A log that begins a new file by size and by day, and loses no line by it."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from lpr.errors import OutputError
from lpr.settings import StrictTable
from lpr.sinks.output import LineOutput
from lpr.sinks.rotated_files import compress_older, drop_older, next_name, sync_folder

_log = logging.getLogger(__name__)

_CLOSE_WAIT: Final = 5.0


class RotationSettings(StrictTable):
    """When a log begins a new file, and what becomes of the older ones."""

    max_bytes: int | None = Field(
        default=64 * 1024 * 1024,
        ge=1,
        description="Bytes beyond which no file grows; a longer line has a file of its own.",
    )
    daily: bool = Field(default=True, description="Whether each day has its own files.")
    timezone: str = Field(default="UTC", description="IANA time zone in which days change.")
    keep: int | None = Field(
        default=None, ge=1, description="Older files that stay; unset for all."
    )
    max_age_days: float | None = Field(
        default=None, gt=0, description="Days after its last line at which an older file goes."
    )
    compress: bool = Field(default=False, description="Whether older files are compressed (gzip).")
    sync: Literal["always", "interval", "never"] = Field(
        default="interval",
        description="Whether lines are forced to the disk: each, now and then, or by the system.",
    )
    sync_seconds: float = Field(
        default=5.0, gt=0, le=3600, description="Seconds between two forced writes of `interval`."
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {value!r}") from error
        return value


class RotatingOutput:
    """Whole lines to a file that is changed by size and by day; any thread may write.

    A file is changed between two lines, by renaming it: a line is in one file, whole. Where a new
    file cannot be begun, the present one goes on. Older files are compressed and removed by a
    thread of their own. New files are readable by their owner alone.

    Args:
        path: the present file; lines are added to it.
        settings: when and how.
        now: the wall clock, aware.
        clock: seconds that only run forward.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        settings: RotationSettings | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._settings = path, settings or RotationSettings()
        self._now, self._clock = now, clock
        self._zone = ZoneInfo(self._settings.timezone)
        self._lock = threading.Lock()
        self._tidier: threading.Thread | None = None
        self._stuck = False
        # Before it is opened: ending a torn line changes the file's time.
        self._day = self._day_of_file()
        self._output = self._open()
        self._synced = clock()
        self._tidy()

    @property
    def name(self) -> str:
        """The present file, for messages."""
        return self._output.name

    def write(self, line: str) -> None:
        """Write one line; its end is added.

        Raises:
            OutputError: it could not be written; the file then ends with the line before.
        """
        with self._lock:
            day = self._today()
            if self._is_full(line) or (self._settings.daily and day > self._day):
                self._rotate()
            self._output.write(line)
            self._day = max(self._day, day)
            if self._settings.sync == "interval":
                self._sync_now_and_then()

    def close(self) -> None:
        """Finish; closing twice is harmless.

        Raises:
            OutputError: the last lines are not safely on the disk.
        """
        with self._lock:
            try:
                if self._settings.sync != "never":
                    self._output.sync()
            finally:
                self._output.close()
        if self._tidier is not None:
            # What is not compressed by then is at the next start.
            self._tidier.join(_CLOSE_WAIT)

    def _open(self) -> LineOutput:
        with contextlib.suppress(OSError):
            # A failure is told by what opens it next, in plain words.
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        return LineOutput(self._path, append=True, sync=self._settings.sync == "always")

    def _is_full(self, line: str) -> bool:
        limit = self._settings.max_bytes
        if limit is None or self._output.is_empty:
            return False
        return self._output.size + len(line.encode("utf-8", "backslashreplace")) + 1 > limit

    def _rotate(self) -> None:
        if self._output.is_empty:
            return
        older = next_name(self._path, self._day)
        try:
            self._output.sync()
            self._path.rename(older)
            try:
                fresh = self._open()
            except OutputError:
                older.rename(self._path)
                raise
        except OSError as error:
            if not self._stuck:
                _log.error("%s: no new file can be begun, it grows on: %s", self._path, error)
            self._stuck = True
            return
        self._stuck = False
        with contextlib.suppress(OutputError):
            # Its lines are on the disk already.
            self._output.close()
        self._output = fresh
        sync_folder(self._path.parent)
        self._tidy()

    def _tidy(self) -> None:
        if self._tidier is not None and self._tidier.is_alive():
            return
        self._tidier = threading.Thread(target=self._tidy_files, name="log files", daemon=True)
        self._tidier.start()

    def _tidy_files(self) -> None:
        settings, age = self._settings, self._settings.max_age_days
        oldest = None if age is None else self._now().timestamp() - age * 86400
        try:
            drop_older(self._path, keep=settings.keep, oldest=oldest)
            if settings.compress:
                compress_older(self._path)
        except OSError as error:
            _log.error("%s: older files cannot be tidied: %s", self._path, error)

    def _sync_now_and_then(self) -> None:
        now = self._clock()
        if now - self._synced >= self._settings.sync_seconds:
            self._synced = now
            self._output.sync()

    def _today(self) -> date:
        return self._now().astimezone(self._zone).date()

    def _day_of_file(self) -> date:
        with contextlib.suppress(OSError):
            if (status := self._path.stat()).st_size:
                return datetime.fromtimestamp(status.st_mtime, self._zone).date()
        return self._today()
