"""A log that begins a new file by size and by day, and loses no line by it."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from lpr.errors import OutputError
from lpr.settings import StrictTable
from lpr.sinks.output import LineOutput
from lpr.sinks.rotated_files import (
    DAY,
    compress_older,
    date_anew,
    drop_older,
    follows_a_gap,
    next_name,
    sync_folder,
)

_log = logging.getLogger(__name__)

_CLOSE_WAIT: Final = 5.0


class RotationSettings(StrictTable):
    """When a log begins a new file, and what becomes of the older ones."""

    max_bytes: int | None = Field(
        default=64 * 1024 * 1024,
        ge=1,
        description="Bytes beyond which no file grows; a longer line has a file of its own.",
    )
    daily: bool = Field(
        default=True, description="Whether each day has its own files; max_age_days wants it so."
    )
    timezone: str = Field(default="UTC", description="IANA time zone in which days change.")
    keep: int | None = Field(
        default=None, ge=1, description="Older files that stay; unset for all."
    )
    max_age_days: float | None = Field(
        default=None,
        gt=0,
        description=(
            "Days after which no line is left. Files go whole: some lines go up to a day earlier, "
            "or half of this time where that is less."
        ),
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

    @property
    def by_day(self) -> bool:
        """Whether a new day begins a new file: lines that shall go by their age need it."""
        return self.daily or self.max_age_days is not None

    @property
    def span(self) -> float | None:
        """Seconds that a file covers at most, so that it can go in time; None without limit."""
        return None if self.max_age_days is None else min(DAY, self.max_age_days * DAY / 2)


class RotatingOutput:
    """Whole lines to a file that is changed by size and by day; any thread may write.

    A file is changed between two lines, by renaming it: a line is in one file, whole. Where a new
    file cannot be begun, the present one goes on. Where somebody else moved or removed the present
    file (logrotate, say), the next line begins a new one under its name. Older files are compressed
    and removed by a thread of their own. New files are readable by their owner alone.

    That no line is older than `max_age_days` needs regular calls of `tidy`: nobody may write for
    weeks. What lies between two calls may come on top. A wall clock may not know the time when the
    machine starts, so after a gap of 90 days nothing goes by its age in the first day, and what is
    dated more than a day ahead is dated anew after a day: lines stay that a gate counts its visitor
    passes in, and none for ever.

    Args:
        path: the present file; lines are added to it.
        settings: when and how.
        now: the wall clock, aware.
        clock: seconds that only run forward.

    Raises:
        OutputError: the file cannot be written, or another program writes it.
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
        self._due = self._stuck = self._closed = False
        written = self._last_written()
        last = self._now() if written is None else datetime.fromtimestamp(written, UTC)
        self._day = last.astimezone(self._zone).date()
        self._begun = datetime.combine(self._day, wall_time.min, self._zone).timestamp()
        self._newest = written
        self._distrust = self._may_be_ahead()
        self._output = self._open()
        if written is not None:
            # Ending a torn line made the file younger than its lines are.
            with contextlib.suppress(OSError):
                os.utime(self._path, (written, written))
        self._synced = self._opened = clock()
        with self._lock:
            self._tidy()

    @property
    def name(self) -> str:
        """The present file, for messages."""
        return self._output.name

    def write(self, line: str) -> None:
        """Write one line; its end is added.

        Raises:
            OutputError: it could not be written; the file then ends with the line before. Or the
                file was moved or removed, and no new one can be begun.
        """
        with self._lock:
            now = self._now()
            self._follow(now)
            self._regain()
            if self._is_full(line) or self._is_over(now):
                self._rotate()
            if self._output.is_empty:
                self._begun = now.timestamp()
            self._output.write(line)
            self._day = max(self._day, self._day_of(now))
            self._newest = max(self._newest or 0.0, now.timestamp())
            if self._settings.sync == "interval":
                self._sync_now_and_then()

    def tidy(self) -> None:
        """End a file whose time is over, and let a thread remove and compress what is due.

        Writing does it, too. After `close` nothing happens.

        Raises:
            OutputError: the file was moved or removed, and no new one can be begun.
        """
        with self._lock:
            if self._closed:
                return
            now = self._now()
            self._follow(now)
            self._regain()
            if self._is_over(now):
                self._rotate()
            self._tidy()

    def close(self) -> None:
        """Finish; closing twice is harmless.

        Raises:
            OutputError: the last lines are not safely on the disk.
        """
        with self._lock:
            self._closed = True
            try:
                if self._settings.sync != "never":
                    self._output.sync()
            finally:
                self._output.close()
            tidier = self._tidier
        if tidier is not None:
            # What is not compressed by then is at the next start.
            tidier.join(_CLOSE_WAIT)

    def _open(self) -> LineOutput:
        with contextlib.suppress(OSError):
            # A failure is told by what opens it next, in plain words.
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        # Two that change files would take lines from each other.
        sync = self._settings.sync == "always"
        return LineOutput(self._path, append=True, sync=sync, alone=True)

    def _regain(self) -> None:
        """Begin a new file where the present one is not under its name any more.

        What is written must be found: a gate opens for what is on record, and lines in a file that
        was moved or removed may be gone, or be deleted with it.
        """
        if self._output.is_in_place:
            return
        fresh = self._open()
        _log.warning("%s: was moved or removed; a new file is begun", self._path)
        with contextlib.suppress(OutputError):
            self._output.close()
        self._output, self._newest = fresh, None
        sync_folder(self._path.parent)

    def _is_full(self, line: str) -> bool:
        limit = self._settings.max_bytes
        if limit is None or self._output.is_empty:
            return False
        return self._output.size + len(line.encode("utf-8", "backslashreplace")) + 1 > limit

    def _follow(self, now: datetime) -> None:
        """Go back with a clock that was far ahead: a day that is to come would never be over."""
        if self._day_of(now) < self._day - timedelta(days=1):
            self._day = self._day_of(now)
        if now.timestamp() < self._begun - DAY:
            self._begun = now.timestamp()

    def _is_over(self, now: datetime) -> bool:
        settings = self._settings
        if settings.by_day and self._day_of(now) > self._day:
            return True
        return settings.span is not None and now.timestamp() - self._begun >= settings.span

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
        if self._newest is not None:
            # The last line may be dated before the others: their clock had not been set yet.
            age_from = min(self._newest, self._now().timestamp())
            with contextlib.suppress(OSError):
                os.utime(older, (age_from, age_from))
        self._newest = None
        self._output = fresh
        sync_folder(self._path.parent)
        self._tidy()

    def _tidy(self) -> None:
        self._due = True
        if self._tidier is None or not self._tidier.is_alive():
            tidier = threading.Thread(target=self._tidy_while_due, name="log files", daemon=True)
            tidier.start()
            self._tidier = tidier

    def _tidy_while_due(self) -> None:
        while True:
            with self._lock:
                if not self._due:
                    self._tidier = None
                    return
                self._due = False
            self._tidy_files()

    def _tidy_files(self) -> None:
        settings, oldest, now = self._settings, None, self._now().timestamp()
        if self._distrust and self._clock() - self._opened >= DAY:
            self._distrust = False
        if settings.max_age_days is not None and settings.span is not None and not self._distrust:
            # A file's time is that of its last line; its first may be a span older.
            oldest = now - (settings.max_age_days * DAY - settings.span)
        try:
            if settings.max_age_days is not None:
                date_anew(self._path, now)
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

    def _day_of(self, now: datetime) -> date:
        return now.astimezone(self._zone).date()

    def _may_be_ahead(self) -> bool:
        if self._settings.max_age_days is None:
            return False
        now = self._now().timestamp()
        try:
            ahead = follows_a_gap(self._path, now)
        except OSError:
            return False
        if ahead and self._newest is None:
            # Where no process runs for a day, a later one sees by it since when the clock says so.
            with contextlib.suppress(OSError):
                if not 0 <= now - self._path.stat().st_mtime < DAY:
                    os.utime(self._path, (now, now))
        return ahead

    def _last_written(self) -> float | None:
        """Unix seconds at which the present file was last written; None where it holds nothing."""
        with contextlib.suppress(OSError):
            if (status := self._path.stat()).st_size:
                return status.st_mtime
        return None
