"""The files that `lpr run` writes: checked before the work starts, closed whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lpr.cli.folder import check_folder
from lpr.cli.overwrite import explained
from lpr.protocols import EventSink
from lpr.sinks.csv import CsvSink
from lpr.sinks.fanout import FanoutSink
from lpr.sinks.jsonl import JsonlSink
from lpr.sinks.output import STDOUT, check_writable
from lpr.types import EventKind, Frame, FrameResult, PlateEvent
from lpr.vote.alignment import have_little_in_common
from lpr.vote.passage import SLIP_CONFIDENCE

if TYPE_CHECKING:
    from lpr.cli.crops import CropWriter
    from lpr.cli.explanations import ExplanationFile
    from lpr.draw import AnnotatedVideo, PlateLabel
    from lpr.vote.explain import Explanation


@dataclass(frozen=True, slots=True)
class OutputPaths:
    """Where the outputs go; None for those not wanted, "-" for standard output."""

    jsonl: str | None = None
    csv: str | None = None
    annotate: Path | None = None
    crops: Path | None = None

    @property
    def any(self) -> bool:
        """Whether there is any."""
        return any(one is not None for one in (self.jsonl, self.csv, self.annotate, self.crops))


class Outputs:
    """Every output of one run.

    What the files hold stays until the first source begins: a mistyped one costs nothing.

    Args:
        paths: where to.
        sources: address of each camera's source, for the events.

    Raises:
        OutputError: one of them cannot be written.
    """

    def __init__(self, paths: OutputPaths, sources: dict[str, str]) -> None:
        _check(paths)
        self._paths, self._sources = paths, sources
        self._crops: CropWriter | None = None
        self._opened = False
        self._events = FanoutSink(())
        self._explanations: ExplanationFile | None = None
        self._video: AnnotatedVideo | None = None
        self._closing = ExitStack()
        self._labels: dict[int, PlateLabel] = {}
        self._verdicts: dict[int, PlateLabel] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def begin(self) -> None:
        """A new source starts: its track numbers and its times begin again.

        Raises:
            OutputError: it is the first, and an output cannot be written any more.
        """
        if not self._opened:
            self._open()
        self._labels.clear()
        self._verdicts.clear()
        if self._crops is not None:
            self._crops.forget()
        if self._video is not None:
            self._video.begin_source()

    def frame(
        self, frame: Frame, result: FrameResult, vehicle_of: Callable[[int], int | None]
    ) -> None:
        """Take one frame and its result, after its events: what is written of pictures.

        Args:
            frame: the frame.
            result: what it brought.
            vehicle_of: the track number on the events of the vehicle that a track belongs to.

        Raises:
            OutputError: a crop or the annotated video cannot be written.
        """
        if self._crops is not None:
            self._crops.add(frame, result)
        self.crop(result.events)
        if self._video is not None:
            from lpr.draw import annotate

            self._label(result, vehicle_of)
            # With the numbers of the events, which a track that slipped to another plate changes.
            vehicles = [replace(one, id=vehicle_of(one.id) or one.id) for one in result.tracks]
            self._video.write(annotate(frame.image, vehicles, self._labels), frame.time)

    def event(self, event: PlateEvent) -> None:
        """Write one event to all files of events.

        Raises:
            OutputError: it could not be written to one of them.
        """
        self._events.emit(event)

    def crop(self, events: Sequence[PlateEvent]) -> None:
        """Write the pictures that the verdicts among these events rest on.

        Raises:
            OutputError: one cannot be written.
        """
        if self._crops is not None:
            for event in events:
                self._crops.write(event)

    def _label(self, result: FrameResult, vehicle_of: Callable[[int], int | None]) -> None:
        from lpr.draw import PlateLabel

        for event in result.events:
            if event.kind in (EventKind.CONFIRMED, EventKind.REVISED):
                self._verdicts[event.track_id] = self._labels[event.track_id] = PlateLabel(
                    event.text, event.confidence
                )
        for item in result.readings:
            vehicle, reading = vehicle_of(item.track_id) or item.track_id, item.reading
            verdict = self._verdicts.get(vehicle)
            look = PlateLabel(reading.text, reading.confidence, confirmed=False)
            if verdict is None:
                self._labels[vehicle] = look
            elif reading.text and reading.confidence >= SLIP_CONFIDENCE:
                # The track may have slipped: the voter wants several such looks to say so.
                doubt = have_little_in_common(reading.text, verdict.text)
                self._labels[vehicle] = look if doubt else verdict

    def explain(self, camera: str, explanation: Explanation) -> None:
        """Keep why a plate got its verdict, beside the JSON lines."""
        if self._explanations is not None:
            self._explanations.write(camera, explanation)

    def _open(self) -> None:
        paths = self._paths
        self._opened = True
        sinks: list[EventSink] = []
        if paths.jsonl is not None:
            sinks.append(JsonlSink(paths.jsonl, sources=self._sources))
        if paths.csv is not None:
            sinks.append(CsvSink(paths.csv, sources=self._sources))
        self._events = FanoutSink(sinks)
        self._closing.callback(self._events.close)
        # What draws, crops and explains is imported where it is wanted: a start must be short.
        self._crops = _crops(paths.crops)
        self._explanations = _explanations(paths.jsonl)
        if self._explanations is not None:
            self._closing.callback(self._explanations.close)
        self._video = _video(paths.annotate)
        if self._video is not None:
            self._closing.callback(self._video.close)


def _check(paths: OutputPaths) -> None:
    if paths.annotate is not None:
        from lpr.draw import container_of

        container_of(paths.annotate)
    if paths.crops is not None:
        check_folder(paths.crops)
    for path in (paths.jsonl, explained(paths.jsonl), paths.csv, paths.annotate):
        if path is not None and path != STDOUT:
            check_writable(Path(path))


def _explanations(jsonl: str | None) -> ExplanationFile | None:
    if jsonl is None or explained(jsonl) is None:
        return None
    from lpr.cli.explanations import ExplanationFile

    return ExplanationFile(Path(jsonl))


def _crops(folder: Path | None) -> CropWriter | None:
    if folder is None:
        return None
    from lpr.cli.crops import CropWriter

    return CropWriter(folder)


def _video(path: Path | None) -> AnnotatedVideo | None:
    if path is None:
        return None
    from lpr.draw import AnnotatedVideo

    return AnnotatedVideo(path)
