"""Messages that have not reached their receiver yet, safe on the disk until they have."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from lpr.errors import OutputError
from lpr.sinks.message import OutboxMessage
from lpr.sinks.outbox_file import open_outbox_file, transaction
from lpr.sinks.outbox_settings import OutboxLimits

_log = logging.getLogger(__name__)

_CLEAR_EVERY: Final = 3600.0
_DAY: Final = 86400.0
_CLOCK_WAS_SET: Final = 1.6e9
"""Unix seconds (2020): an older message was made before the machine knew the time."""


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that is to be delivered.

    Attributes:
        id: its number in the outbox; lower ones came first.
        message: the message.
    """

    id: int
    message: OutboxMessage


@dataclass(frozen=True, slots=True)
class AsideMessage:
    """A message that its receiver refused for good.

    Attributes:
        message: the message.
        reason: why, in the receiver's terms.
    """

    message: OutboxMessage
    reason: str


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """What is in an outbox and what has become of the rest.

    Attributes:
        waiting: messages that are still to be delivered.
        aside: messages that the receiver refused.
        bytes: size of the bodies of both.
        delivered: messages delivered since the file was made.
        dropped: messages given up because of a limit since the file was made.
    """

    waiting: int
    aside: int
    bytes: int
    delivered: int
    dropped: int


class Outbox:
    """A queue in one SQLite file. `append` returns when the message is on the disk.

    One process at a time may have it open; any thread may call it. Texts of removed messages are
    overwritten in the file; in its write-ahead log they stay until the outbox is empty, an hour at
    most, as long as `waiting` is called.

    Where a limit is passed, messages are dropped for good, counted and logged: first those past
    the age, then those that the receiver refused, then the oldest. A clock that is set by more than
    a day makes nothing older or younger, and what was made under a wrong one ages from when that
    shows.

    Args:
        path: the file; it is made where it is missing, readable by its owner alone.
        limits: how much it holds; None for the defaults.
        clock: Unix seconds.
        timer: seconds that only run forward.

    Raises:
        OutputError: the file cannot be used, or another process has it open.
    """

    def __init__(
        self,
        path: Path,
        *,
        limits: OutboxLimits | None = None,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._clock, self._timer = path, clock, timer
        self._last = clock(), timer()
        self._limits = limits or OutboxLimits()
        self._lock = threading.RLock()
        self._settled: set[int] = set()
        self._closed = False
        # What a process that was killed left in the write-ahead log is unknown.
        self._stale, self._cleared_at = True, -math.inf
        self._db = open_outbox_file(path)
        try:
            self._counts = _count(self._db)
        except sqlite3.Error as error:
            self._db.close()
            raise OutputError(f"{path}: this is no outbox ({error}); move it away") from error

    def append(self, message: OutboxMessage) -> None:
        """Take one message; it is on the disk when this returns.

        Raises:
            OutputError: it was not taken; it is too large, or the disk is full.
        """
        size = len(message.body.encode())
        if size > self._limits.max_message_bytes:
            raise OutputError(
                f"{self._path}: a message of {size} bytes is larger than max_message_bytes"
            )
        with self._change("the message was not taken"):
            self._db.execute(
                "INSERT INTO messages (key, kind, camera, created, body, size)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (message.key, message.kind, message.camera, message.created, message.body, size),
            )
            self._add(waiting=1, size=size)
            self._prune()

    def waiting(self, *, skip: Collection[str] = (), limit: int = 16) -> tuple[WaitingMessage, ...]:
        """Return the oldest messages that are to be delivered, in order.

        Args:
            skip: cameras to leave out.
            limit: how many at most.

        Raises:
            OutputError: the outbox cannot be read.
        """
        with self._lock:
            # On a full disk delivering goes on, and frees it.
            with contextlib.suppress(OutputError), self._change("the outbox cannot be tidied"):
                self._prune()
            rows = self._read(
                "SELECT id, kind, camera, body, created, key FROM messages WHERE aside IS NULL"
                " AND camera NOT IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?",
                (json.dumps(sorted(skip)), limit + len(self._settled)),
            )
            self._clear_log()
            found = [row for row in rows if row[0] not in self._settled]
        return tuple(WaitingMessage(row[0], OutboxMessage(*row[1:])) for row in found[:limit])

    def remove(self, number: int) -> None:
        """Take out a delivered message.

        It is not given out again. The disk learns of it with the next message that comes, or when
        messages are asked for; a process that is killed before delivers it a second time.
        """
        with self._lock:
            self._settled.add(number)

    def refuse(self, number: int, reason: str, *, max_tries: int) -> bool:
        """Note that the receiver refused a message.

        Args:
            number: the message.
            reason: why.
            max_tries: from this many refusals on it is put aside.

        Returns:
            Whether it has been put aside.

        Raises:
            OutputError: it cannot be noted.
        """
        with self._change("a refusal cannot be noted"):
            self._db.execute("UPDATE messages SET tries = tries + 1 WHERE id = ?", (number,))
            done = self._db.execute(
                "UPDATE messages SET aside = ? WHERE id = ? AND tries >= ? AND aside IS NULL",
                (reason, number, max_tries),
            ).rowcount
            self._add(waiting=-done, aside=done)
        return done > 0

    def aside(self, limit: int = 100) -> tuple[AsideMessage, ...]:
        """Return the oldest messages that the receiver refused, with the reasons.

        Raises:
            OutputError: the outbox cannot be read.
        """
        rows = self._read(
            "SELECT kind, camera, body, created, key, aside FROM messages"
            " WHERE aside IS NOT NULL ORDER BY id LIMIT ?",
            (limit,),
        )
        return tuple(AsideMessage(OutboxMessage(*row[:5]), row[5]) for row in rows)

    def retry_aside(self) -> int:
        """Let the messages that were put aside be delivered again, each at its old place.

        Returns:
            How many there were.

        Raises:
            OutputError: the outbox cannot be written.
        """
        with self._change("the outbox cannot be written"):
            done = self._db.execute(
                "UPDATE messages SET aside = NULL, tries = 0 WHERE aside IS NOT NULL"
            ).rowcount
            self._add(waiting=done, aside=-done)
        return done

    def counts(self) -> OutboxCounts:
        """Count what is there; this works on a closed outbox, too."""
        with self._lock:
            return self._counts

    def close(self) -> None:
        """Finish; closing twice is harmless. What waits is delivered after the next start."""
        with self._lock:
            if self._closed:
                return
            try:
                with self._change("delivered messages are still there"):
                    pass
            except OutputError as error:
                _log.warning("%s", error)
            self._closed = True
            self._truncate_log()
            self._db.close()

    @contextlib.contextmanager
    def _change(self, failure: str) -> Iterator[None]:
        """One transaction; what `remove` was told goes with it."""
        with self._lock:
            if self._closed:
                raise OutputError(f"{self._path}: {failure}: the outbox is closed")
            before, settled, last = self._counts, tuple(self._settled), self._last
            try:
                with transaction(self._db, f"{self._path}: {failure}"):
                    for number in settled:
                        self._add(delivered=self._delete(number))
                    yield
                    if self._counts != before:
                        self._write_totals()
            except BaseException:
                self._counts, self._last = before, last
                raise
            self._settled.difference_update(settled)
            if dropped := self._counts.dropped - before.dropped:
                _log.warning("%s: %d message(s) given up: too many or too old", self._path, dropped)

    def _clear_log(self) -> None:
        """Empty the write-ahead log of removed messages: when none is left, else once an hour."""
        counts, now = self._counts, self._clock()
        late = abs(now - self._cleared_at) >= _CLEAR_EVERY
        if self._stale and (late or counts.waiting + counts.aside == 0) and self._truncate_log():
            self._stale, self._cleared_at = False, now

    def _truncate_log(self) -> bool:
        """On a full disk it is tried again with what is asked for next."""
        with contextlib.suppress(sqlite3.Error):
            return not self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return False

    def _read(self, query: str, values: tuple[object, ...]) -> list[Any]:
        with self._lock:
            if self._closed:
                raise OutputError(f"{self._path}: the outbox is closed")
            with transaction(self._db, f"{self._path}: the outbox cannot be read"):
                return self._db.execute(query, values).fetchall()

    def _prune(self) -> None:
        limits, now = self._limits, self._clock()
        self._follow(now)
        if now > _CLOCK_WAS_SET:
            # What a wrong clock dated would stay for ever.
            self._db.execute("UPDATE messages SET since = NULL WHERE since > ?", (now + _DAY,))
            self._db.execute(
                "UPDATE messages SET since = ?"
                " WHERE (created <= ? OR created > ?) AND since IS NULL",
                (now, _CLOCK_WAS_SET, now + _DAY),
            )
            oldest = now - limits.max_age_days * _DAY
            expired = self._db.execute(
                # Where the clock was behind when it was dated anew, its first date is right again.
                "SELECT id FROM messages WHERE (created < ? OR created > ?)"
                " AND coalesce(since, created) < ?",
                (oldest, now + _DAY, oldest),
            ).fetchall()
            for (number,) in expired:
                self._add(dropped=self._delete(number))
        while (
            self._counts.waiting + self._counts.aside > limits.max_messages
            or self._counts.bytes > limits.max_bytes
        ):
            which = "WHERE aside IS NOT NULL" if self._counts.aside else ""
            (number,) = self._db.execute(
                f"SELECT id FROM messages {which} ORDER BY id LIMIT 1"  # noqa: S608 - constants
            ).fetchone()
            self._add(dropped=self._delete(number))

    def _follow(self, now: float) -> None:
        """Keep the ages where the clock was set: a board may show a wrong year when it starts."""
        (then, timed), self._last = self._last, (now, self._timer())
        step = (now - then) - (self._last[1] - timed)
        if abs(step) > _DAY:
            self._db.execute(
                "UPDATE messages SET since = coalesce(since, created) + ?"
                " WHERE coalesce(since, created) <= ?",
                (step, then + _DAY),
            )

    def _delete(self, number: int) -> int:
        """Take a message out of the table; how many there were, 0 or 1."""
        row = self._db.execute(
            "SELECT size, aside IS NOT NULL FROM messages WHERE id = ?", (number,)
        ).fetchone()
        if row is None:
            return 0
        self._db.execute("DELETE FROM messages WHERE id = ?", (number,))
        self._stale = True
        self._add(size=-row[0], waiting=row[1] - 1, aside=-row[1])
        return 1

    def _add(
        self,
        *,
        waiting: int = 0,
        aside: int = 0,
        size: int = 0,
        delivered: int = 0,
        dropped: int = 0,
    ) -> None:
        counts = self._counts
        self._counts = replace(
            counts,
            waiting=counts.waiting + waiting,
            aside=counts.aside + aside,
            bytes=counts.bytes + size,
            delivered=counts.delivered + delivered,
            dropped=counts.dropped + dropped,
        )

    def _write_totals(self) -> None:
        for name in ("delivered", "dropped"):
            self._db.execute(
                "UPDATE totals SET value = ? WHERE name = ?", (getattr(self._counts, name), name)
            )


def _count(database: sqlite3.Connection) -> OutboxCounts:
    total, aside, size = database.execute(
        "SELECT COUNT(*), COUNT(aside), COALESCE(SUM(size), 0) FROM messages"
    ).fetchone()
    totals = dict(database.execute("SELECT name, value FROM totals").fetchall())
    return OutboxCounts(total - aside, aside, size, totals["delivered"], totals["dropped"])
