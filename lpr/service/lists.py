"""Plate lists that are read again when they change; a broken one never replaces a good one."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from lpr.errors import LprError
from lpr.gate.list_entries import PlateListError
from lpr.gate.plate_list import PlateList
from lpr.gate.pull import log_failure, told_error
from lpr.store.records import Requester

_LOG = logging.getLogger(__name__)

Mark = tuple[object, ...]

_LONGEST_PAUSE: Final = 60.0
_WRONG_PAUSE: Final = 300.0
"""Seconds after which a wrong list is read again although its files look the same."""

_LOADED = Requester("lpr", "plate lists loaded")


class AuditedStore(Protocol):
    """What is needed of `lpr.store.EventStore` here."""

    def note_lists(
        self, by: Requester, *, added: int, removed: int, editors: Iterable[str]
    ) -> None:
        """Write into the audit log that lists kept in files have changed."""
        ...


class ListWatcher:
    """Loads the lists of a site anew when their files have changed, or when it is told to.

    A change is loaded when two looks in a row find it. What could not be read is tried again after
    `every` seconds, and then ever more seldom, at least once a minute; lists that are wrong are
    tried again after five minutes where their files stay the same.

    Args:
        plates: the lists as they were loaded first.
        load: loads them anew; raises `LprError` where one is wrong.
        mark: what changes when a list does.
        apply: takes new lists.
        every: seconds between two looks.
        time: now, seconds of a clock that only runs forward.
        seen: what `mark` said before the lists were loaded first; it is asked now where None.

    Attributes:
        problem: why the newest lists are not used; empty where they are.
        failures: how often new lists were refused.
        loaded: when the lists in use were loaded.
    """

    def __init__(
        self,
        plates: PlateList,
        *,
        load: Callable[[], PlateList],
        mark: Callable[[], Mark],
        apply: Callable[[PlateList], None],
        every: float,
        time: float,
        seen: Mark | None = None,
    ) -> None:
        self._load, self._mark, self._apply = load, mark, apply
        self._every = every
        self._looked = self._again = time
        self._pause = every
        self._seen = self._coming = mark() if seen is None else seen
        self._plates = plates
        self.problem = ""
        self.failures = 0
        self.loaded = datetime.now(UTC)

    @property
    def entries(self) -> Mapping[str, int]:
        """List kind -> entries in use."""
        return Counter(entry.kind.value for entry in self._plates.entries)

    @property
    def plates(self) -> PlateList:
        """The lists in use."""
        return self._plates

    def tend(self, time: float, *, told: bool = False) -> None:
        """Look whether a list has changed; `told` loads them in any case, and at once.

        Never raises an `Exception`: whatever goes wrong, the old lists stay in use.
        """
        if not told and time - self._looked < self._every:
            return
        self._looked = time
        try:
            if self._due(time, told=told):
                self._use(self._load())
        # The gates go on with the old lists, whatever a new one brings forth.
        except Exception as error:  # noqa: BLE001
            self._put_off(time, error)

    def _due(self, time: float, *, told: bool) -> bool:
        """Whether the lists are to be loaded now."""
        mark = self._mark()
        before, self._coming = self._coming, mark
        # A file that changes from look to look is still being written; half of it is no list.
        if not told and mark != before:
            return False
        if not told and mark == self._seen:
            # What could not be loaded is tried again: a lock, a network drive may be to blame.
            return bool(self.problem) and time >= self._again
        self._seen = mark
        self._pause = self._every
        return True

    def _use(self, plates: PlateList) -> None:
        self._apply(plates)
        self._plates = plates
        self.problem = ""
        self.loaded = datetime.now(UTC)
        _LOG.info("lists loaded: %d entries", len(plates))

    def _put_off(self, time: float, error: Exception) -> None:
        """Say once what is wrong, and set when to try again where nothing changes."""
        # Reading a long list takes seconds in which no gate decides, and this one stays wrong.
        wrong = isinstance(error, PlateListError)
        self._again = time + (_WRONG_PAUSE if wrong else self._pause)
        self._pause = min(2.0 * self._pause, _LONGEST_PAUSE)
        kept = "the old lists stay in use"
        problem = f"{kept}: {told_error(error)}"
        if problem != self.problem:
            self.failures += 1
            log_failure(_LOG, kept, error)
        self.problem = problem


class ListAudit:
    """Writes changes of the lists into the store's audit log; who owns a file has written it.

    Lists that the store keeps itself are audited where they are edited; here they count once more.
    What the store could not take is owed until `settle` finds that it can. Any thread may call it.

    Args:
        store: the store with the audit log.
        paths: files of the lists; make this before they are loaded first.
    """

    def __init__(self, store: AuditedStore, paths: Sequence[Path]) -> None:
        self._store, self._paths = store, tuple(paths)
        self._marks = file_marks(self._paths)
        self._owed: deque[tuple[int, int, set[str]]] = deque()
        self._lock = threading.Lock()

    def note(self, before: PlateList, after: PlateList) -> None:
        """Write down how the lists changed; nothing where no entry did."""
        marks = file_marks(self._paths)
        pairs = zip(self._paths, self._marks, marks, strict=True)
        changed = [path for path, was, now in pairs if was != now]
        self._marks = marks
        old, new = Counter(before.entries), Counter(after.entries)
        if old == new:
            return
        added, removed = (new - old).total(), (old - new).total()
        self._owed.append((added, removed, {_owner(path) for path in changed if path.exists()}))
        self.settle()

    def settle(self) -> None:
        """Write down what is owed; where that fails, the log says so, and it stays owed."""
        with self._lock:
            while self._owed:
                added, removed, editors = self._owed[0]
                try:
                    self._store.note_lists(_LOADED, added=added, removed=removed, editors=editors)
                except LprError as error:
                    _LOG.error("the change of the lists is not in the audit log: %s", error)
                    return
                self._owed.popleft()


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return _nameless(path)
    # The file is gone again, or the system (Windows) keeps no owners.
    except (OSError, NotImplementedError):
        return "unknown"


def _nameless(path: Path) -> str:
    """An account that the system has no name for, such as that of a container's host."""
    try:
        return f"uid {path.stat().st_uid}"
    except OSError:
        return "unknown"


def file_marks(paths: Sequence[Path]) -> Mark:
    """Return what changes when one of the files does; a missing file is a mark, too."""
    return tuple(_mark(path) for path in paths)


def _mark(path: Path) -> Mark:
    try:
        found = path.stat()
    except OSError:
        return (str(path), None)
    return (str(path), found.st_mtime_ns, found.st_size, found.st_ino)
