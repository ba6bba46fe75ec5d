"""One event to many sinks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from lpr.errors import OutputError
from lpr.protocols import EventSink
from lpr.types import PlateEvent

_log = logging.getLogger(__name__)


class FanoutSink:
    """Gives each event to every sink; the failure of one never keeps it from the others.

    A sink that failed is tried again with the next event.

    Args:
        sinks: where the events go, in order.
        on_error: told of each failure, which then is not raised.
    """

    def __init__(
        self,
        sinks: Sequence[EventSink],
        *,
        on_error: Callable[[EventSink, Exception], None] | None = None,
    ) -> None:
        self._sinks = tuple(sinks)
        self._on_error = on_error

    def emit(self, event: PlateEvent) -> None:
        """Give one event to every sink.

        Raises:
            OutputError: sinks failed and there is no `on_error`; the others have got the event.
        """
        self._report([failed for sink in self._sinks if (failed := _emit(sink, event))])

    def close(self) -> None:
        """Close every sink, in order; closing twice is harmless.

        Raises:
            OutputError: sinks failed and there is no `on_error`; the others are closed.
        """
        self._report([failed for sink in self._sinks if (failed := _close(sink))])

    def _report(self, failures: list[tuple[EventSink, Exception]]) -> None:
        for sink, error in failures:
            if self._on_error is not None:
                _log.error("%s failed: %s", type(sink).__name__, error)
                self._on_error(sink, error)
        if failures and self._on_error is None:
            first = failures[0][1]
            if isinstance(first, OutputError) and len(failures) == 1:
                raise first
            text = "; ".join(str(error) for _, error in failures)
            raise OutputError(
                f"{len(failures)} of {len(self._sinks)} outputs failed: {text}"
            ) from first


def _emit(sink: EventSink, event: PlateEvent) -> tuple[EventSink, Exception] | None:
    try:
        sink.emit(event)
    except Exception as error:  # noqa: BLE001 - whatever a sink raises, the others get the event
        return sink, error
    return None


def _close(sink: EventSink) -> tuple[EventSink, Exception] | None:
    try:
        sink.close()
    except Exception as error:  # noqa: BLE001 - whatever a sink raises, the others are closed
        return sink, error
    return None
