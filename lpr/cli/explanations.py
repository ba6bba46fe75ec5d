"""The file beside `--jsonl EVENTS.jsonl` that `lpr explain` reads: EVENTS.explain.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lpr.errors import SourceError
from lpr.sinks.output import LineOutput
from lpr.vote.explain import Explanation
from lpr.vote.rules import RULES

_ADAPTER = TypeAdapter(Explanation)


def explanation_path(events: Path) -> Path:
    """Where the explanations of an events file lie."""
    return events.parent / f"{events.stem}.explain.jsonl"


class ExplanationFile:
    """Writes one line per vehicle: its readings, weights, votes and rule.

    Args:
        events: the events file that they belong to.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, events: Path) -> None:
        self._output = LineOutput(explanation_path(events))

    def write(self, camera: str, explanation: Explanation) -> None:
        """Write one vehicle's explanation.

        Raises:
            OutputError: it could not be written.
        """
        record = {"camera": camera, **_ADAPTER.dump_python(explanation, mode="json")}
        self._output.write(json.dumps(record, ensure_ascii=False))

    def close(self) -> None:
        """Finish; closing twice is harmless."""
        self._output.close()


def read_explanations(events: Path) -> Iterator[tuple[str, Explanation]]:
    """Yield (camera, explanation) from the file beside an events file.

    A last line without its end, which a crash tore, is left out.

    Raises:
        SourceError: there is none, or it is damaged.
    """
    if not events.name:
        raise SourceError(f"{events}: is a folder; name the file that `lpr run --jsonl` wrote")
    path = explanation_path(events)
    try:
        *lines, rest = path.read_bytes().split(b"\n")
    except OSError as error:
        raise SourceError(
            f"{path}: {error.strerror}; name the events that `lpr run --jsonl EVENTS` wrote: "
            "this file comes beside them"
        ) from error
    for number, line in enumerate(lines, start=1):
        yield _parse(line, f"{path}:{number}: no explanation")
    if rest:
        with suppress(SourceError):
            yield _parse(rest, f"{path}: torn")


def _parse(line: bytes, where: str) -> tuple[str, Explanation]:
    try:
        record = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{where}: {error}") from error
    if not isinstance(record, dict) or not isinstance(record.get("camera"), str):
        raise SourceError(f"{where}: must be an object with a camera")
    try:
        found = _ADAPTER.validate_python(record)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SourceError(f"{where}: {key}: {first['msg']}") from error
    if found.verdict and found.rule not in RULES:
        raise SourceError(f"{where}: rule: there is no {found.rule!r}")
    if len(found.positions) != len(found.text):
        raise SourceError(f"{where}: positions: not one for each character of the text")
    return record["camera"], found
