"""Events as JSON, one object a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lpr.errors import OutputError
from lpr.sinks.output import LineOutput
from lpr.sinks.rotation import RotatingOutput, RotationSettings
from lpr.sinks.wire import event_to_json, to_line
from lpr.types import PlateEvent


class JsonlSink:
    """Writes each event as a line of JSON, at once.

    Args:
        target: a path, or "-" for standard output.
        sources: address of each camera's source, without credentials; the camera's name elsewhere.
            Looked up with each event: cameras may come later.
        append: keep what the file holds.
        rotation: when to begin a new file; None never does. Needs a path of its own, and keeps what
            it holds.

    Raises:
        OutputError: the output cannot be written.
    """

    def __init__(
        self,
        target: Path | str,
        *,
        sources: Mapping[str, str] | None = None,
        append: bool = False,
        rotation: RotationSettings | None = None,
    ) -> None:
        self._sources: Mapping[str, str] = {} if sources is None else sources
        self._output: LineOutput | RotatingOutput = (
            LineOutput(target, append=append)
            if rotation is None
            else RotatingOutput(Path(target), rotation)
        )

    def emit(self, event: PlateEvent) -> None:
        """Write one event.

        Args:
            event: what happened.

        Raises:
            OutputError: it could not be written; the file then ends with the event before.
        """
        try:
            source = self._sources.get(event.camera)
            line = to_line(event_to_json(event, source=source))
        except (ValueError, TypeError) as error:
            raise OutputError(f"{self._output.name}: event not written: {error}") from error
        self._output.write(line)

    def tidy(self) -> None:
        """Remove rotated files that are due; `max_age_days` needs it, as nobody may write."""
        if isinstance(self._output, RotatingOutput):
            self._output.tidy()

    def close(self) -> None:
        """Finish; closing twice is harmless."""
        self._output.close()
