"""A log of decisions, one JSON object a line, safe on disk before the gate moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from lpr.errors import GateError, OutputError
from lpr.gate.decision_lock import DecisionLock
from lpr.gate.record import DecisionRecord, parse_record
from lpr.sinks.rotated_files import read_log
from lpr.sinks.rotation import RotatingOutput, RotationSettings

_ONE_FILE = RotationSettings(max_bytes=None, daily=False)


class DecisionLog:
    """Appends decisions to a log; each is flushed to the disk before `write` returns.

    A line that a power cut left unfinished is ended when the log is opened again, so that the
    next record does not grow onto it. Nobody else can open it until it is closed.

    Args:
        path: the log's present file; it is made where it is missing, readable by its owner alone.
        rotation: when a new file is begun, and which older ones stay; None for one file. A
            restart takes visitor passes, limits and areas from the files that are left.

    Raises:
        OutputError: the file cannot be opened, or another process has it open.
    """

    def __init__(self, path: Path, *, rotation: RotationSettings | None = None) -> None:
        self._path = path
        settings = (rotation or _ONE_FILE).model_copy(update={"sync": "always"})
        self._lock = DecisionLock(path)
        try:
            self._output = RotatingOutput(path, settings)
        except BaseException:
            self._lock.close()
            raise

    def write(self, record: DecisionRecord) -> None:
        """Append one record.

        Raises:
            OutputError: it is not safely on the disk.
        """
        try:
            self._output.write(record.to_json())
        except OutputError as error:
            raise OutputError(f"the decision was not written: {error}") from error

    def tidy(self) -> None:
        """End a file whose time is over and remove older ones, as the rotation says."""
        self._output.tidy()

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        try:
            self._output.close()
        finally:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_decisions(path: Path) -> Iterator[DecisionRecord]:
    """Yield the records of a log in order, older files first.

    Lines that a power cut or a full disk broke are skipped.

    Raises:
        OutputError: a file cannot be read or, where it is compressed, is damaged; or there is none.
    """
    for line in read_log(path):
        try:
            record = parse_record(line)
        except GateError:
            continue
        yield record
