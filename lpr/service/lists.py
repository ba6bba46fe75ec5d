"""Plate lists that are read again when they change; a broken one never replaces a good one."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from lpr.errors import LprError
from lpr.gate.plate_list import PlateList

_LOG = logging.getLogger(__name__)

Mark = tuple[object, ...]


class ListWatcher:
    """Loads the lists of a site anew when their files change, or when it is told to.

    Args:
        plates: the lists as they were loaded first.
        load: loads them anew; raises `LprError` where one is wrong.
        mark: what changes when a list does.
        apply: takes new lists.
        every: seconds between two looks.
        time: now, seconds of a clock that only runs forward.

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
    ) -> None:
        self._load, self._mark, self._apply = load, mark, apply
        self._every = every
        self._looked = time
        self._seen = mark()
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
        """Look whether a list has changed; `told` loads them in any case."""
        if not told and time - self._looked < self._every:
            return
        self._looked = time
        mark = self._mark()
        if mark == self._seen and not told:
            return
        self._seen = mark
        try:
            plates = self._load()
        except LprError as error:
            self.problem = f"the old lists stay in use: {error}"
            self.failures += 1
            _LOG.error("%s", self.problem)
            return
        self._plates = plates
        self._apply(plates)
        self.problem = ""
        self.loaded = datetime.now(UTC)
        _LOG.info("lists loaded: %d entries", len(plates))


def file_marks(paths: Sequence[Path]) -> Mark:
    """Return what changes when one of the files does; a missing file is a mark, too."""
    return tuple(_mark(path) for path in paths)


def _mark(path: Path) -> Mark:
    try:
        found = path.stat()
    except OSError:
        return (str(path), None)
    return (str(path), found.st_mtime_ns, found.st_size, found.st_ino)
