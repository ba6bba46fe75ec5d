"""The file beside `--jsonl EVENTS.jsonl` that `lpr explain` reads: EVENTS.explain.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lpr.errors import SourceError
from lpr.sinks.output import LineOutput
from lpr.vote.explain import Explanation

_ADAPTER = TypeAdapter(Explanation)


def explanation_path(events: Path) -> Path:
    """Where the explanations of an events file lie."""
    return events.with_name(f"{events.stem}.explain.jsonl")


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

    Raises:
        SourceError: there is none, or it is damaged.
    """
    path = explanation_path(events)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SourceError(
            f"{path}: {error.strerror}; `lpr run --jsonl {events.name}` writes it beside the events"
        ) from error
    for number, line in enumerate(lines, start=1):
        try:
            record: dict[str, Any] = json.loads(line)
            camera = str(record.pop("camera"))
            yield camera, _ADAPTER.validate_python(record)
        except (ValueError, KeyError, AttributeError, ValidationError) as error:
            raise SourceError(f"{path}:{number}: no explanation: {error}") from error
