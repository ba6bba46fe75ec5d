"""A file of decisions, one JSON object a line, safe on disk before the gate moves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from lpr.errors import GateError, OutputError
from lpr.gate.record import DecisionRecord, parse_record


class DecisionLog:
    """Appends decisions to a file; each is flushed to the disk before `write` returns.

    A line that a power cut left unfinished is ended when the file is opened again, so that the
    next record does not grow onto it.

    Args:
        path: the file; it is made where it is missing, readable by its owner alone.

    Raises:
        OutputError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(descriptor, "ab", buffering=0)
            self._end_line()
        except OSError as error:
            raise OutputError(f"{path}: decisions cannot be written: {error.strerror}") from error

    def write(self, record: DecisionRecord) -> None:
        """Append one record.

        Raises:
            OutputError: it is not safely on the disk.
        """
        line = record.to_json().encode("ascii") + b"\n"
        try:
            written = self._file.write(line)
            os.fsync(self._file.fileno())
        except (OSError, ValueError) as error:
            self._repair()
            raise OutputError(f"{self._path}: the decision was not written: {error}") from error
        if written != len(line):
            self._repair()
            raise OutputError(f"{self._path}: the decision was cut off; is the disk full?")

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _end_line(self) -> None:
        size = self._path.stat().st_size
        if size and _last_byte(self._path, size) != b"\n":
            self._file.write(b"\n")

    def _repair(self) -> None:
        """Close a line that was cut off, if the disk lets us; the reader skips it either way."""
        try:
            self._end_line()
        except (OSError, ValueError):
            return


def read_decisions(path: Path) -> Iterator[DecisionRecord]:
    """Yield the records of a log in order; lines that a power cut or a full disk broke are skipped.

    Raises:
        OutputError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    record = parse_record(line)
                except GateError:
                    continue
                yield record
    except OSError as error:
        raise OutputError(f"{path}: decisions cannot be read: {error.strerror}") from error


def _last_byte(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(size - 1)
        return file.read(1)
