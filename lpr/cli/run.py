"""`lpr run`: videos, cameras and folders in, one verdict per vehicle out."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpr.cli.exit_codes import ExitCode, exit_code
from lpr.cli.failure import clean_exit, complain
from lpr.cli.free_name import free_name
from lpr.cli.interrupt import StopRequest
from lpr.cli.options import (
    Config,
    Jsonl,
    Quiet,
    Region,
    RegionOfInterest,
    Threads,
    engine_config,
    keep_regions_apart,
)
from lpr.errors import OutputError

if TYPE_CHECKING:
    from lpr.cli.outputs import Outputs
    from lpr.cli.summary import RunSummary
    from lpr.cli.view import RunView
    from lpr.config import EngineConfig
    from lpr.factory import Models
    from lpr.sources.info import MediaSource
    from lpr.types import Frame, PlateEvent
    from lpr.vote.voter import PlateVoter


_THREADS = 2
"""Threads of each network where nothing else is said: one run has the machine to itself."""


def run(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Videos, folders of pictures, a webcam's number, rtsp:// or http:// addresses."
        ),
    ],
    jsonl: Jsonl = None,
    csv: Annotated[str | None, typer.Option(help="Write events as CSV to this file.")] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="Write a video (.mp4) with quads, numbers and texts.")
    ] = None,
    crops: Annotated[
        Path | None, typer.Option(help="Write the best look of each plate to this folder.")
    ] = None,
    region: Region = None,
    roi: RegionOfInterest = None,
    config: Config = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Read the plates of videos and cameras: one verdict per vehicle."""
    with clean_exit(), StopRequest() as stop:
        from lpr.cli.console import PeopleConsole
        from lpr.cli.outputs import OutputPaths, Outputs
        from lpr.cli.overwrite import explained, keep_inputs, keep_pictures, source_files
        from lpr.cli.summary import RunSummary
        from lpr.cli.view import RunView
        from lpr.factory import load_models

        if threads is None and config is None:
            from lpr.latency.fingerprint import usable_cores

            threads = min(_THREADS, usable_cores())
        settings = engine_config(config, region, threads, roi)
        keep_regions_apart(sources, region)
        read = [file for address in sources for file in source_files(address)]
        keep_inputs([*read, config], [jsonl, explained(jsonl), csv, annotate])
        keep_pictures(read, crops)
        addresses: dict[str, str] = {}
        paths = OutputPaths(jsonl, csv, annotate, crops)
        with ExitStack() as stack:
            outputs = stack.enter_context(Outputs(paths, addresses))
            models = load_models(settings)
            console = PeopleConsole(stderr="-" in (jsonl, csv), files=paths.any)
            view = stack.enter_context(RunView(console, quiet=quiet))
            summary = RunSummary()
            # What is loaded stays: a look through it for garbage stops a frame for 30 ms.
            gc.collect()
            gc.freeze()
            job = _Run(settings, models, outputs, summary, view, stop, addresses)
            for address in sources:
                if stop.requested:
                    break
                job.play(address)
        # Where nothing could be played, that has been said.
        if summary.frames or job.code is ExitCode.OK:
            view.summary(summary)
        stop.obey()
        if job.code is not ExitCode.OK:
            raise typer.Exit(job.code)


@dataclass(slots=True)
class _Run:
    """What the sources of one run share."""

    settings: EngineConfig
    models: Models
    outputs: Outputs
    summary: RunSummary
    view: RunView
    stop: StopRequest
    addresses: dict[str, str]
    code: ExitCode = ExitCode.OK
    names: set[str] = field(default_factory=set)

    def play(self, address: str) -> None:
        """Play one source to its end; a broken one is reported and the next ones still run."""
        from lpr.errors import ConfigError, SourceError
        from lpr.sources import PictureSource, open_source

        shown = address
        try:
            source = open_source(address)
            shown = source.info.address
            if source.info.name in self.names:
                with source:  # Its name is known only now; closed, and opened under a free one.
                    name = free_name(source.info.name, self.names)
                source = open_source(address, camera=name)
            self._play(source)
            problems = source.problems
        except SourceError as error:
            complain(str(error))
            self.code = exit_code(error)
            return
        except ConfigError as error:  # A roi may suit the other sources.
            complain(f"{shown}: {error}")
            self.code = exit_code(error)
            return
        for problem in problems:
            # Those of pictures name the picture.
            named = isinstance(source, PictureSource)
            complain(problem if named else f"{source.info.address}: {problem}")
        if problems and self.code is ExitCode.OK:
            self.code = ExitCode.DAMAGED_INPUT

    def _play(self, source: MediaSource) -> None:
        from lpr.cli.unrelated import UnrelatedPictures
        from lpr.factory import build_engine, build_voter
        from lpr.sources import PictureSource

        camera = source.info.name
        self.names.add(camera)
        self.addresses[camera] = source.info.address
        pictures = UnrelatedPictures() if isinstance(source, PictureSource) else None
        with source:
            self.outputs.begin()
            self.view.begin(camera, source.info.frames)
            voter = build_voter(self.settings, camera)
            expected = number = 0
            engine = build_engine(self.settings, models=self.models, voter=voter)
            try:
                for number, frame in enumerate(self._frames(source), start=1):
                    if number == 1:
                        self._check_roi(source, frame)
                    result = engine.process(frame)
                    self.summary.add(result)
                    if pictures is not None:
                        pictures.add(frame.image, result)
                    if source.info.live:
                        self.summary.dropped += frame.index - expected
                    expected = frame.index + 1
                    self._emit(voter, result.events)
                    self.outputs.frame(frame, result, voter.passage_of)
                    self.view.advance(self.summary, number)
                    if self.stop.requested:
                        break
            finally:
                # Whatever ended the source, what was seen until then is told.
                events = engine.finish()
                for event in events:
                    self.summary.add_event(event)
                if pictures is not None:
                    pictures.add_events(events)
                self._emit(voter, events)
                self.outputs.crop(events)
        hint = None if pictures is None else pictures.hint(source.info.address)
        if pictures is None and number == 1 and not source.info.live:
            hint = (
                f"{source.info.address}: a single frame, and a verdict takes several looks; "
                "`lpr read` reads it once it is saved as a picture"
            )
        if hint is not None and not self.stop.requested:
            complain(hint)

    def _check_roi(self, source: MediaSource, frame: Frame) -> None:
        from lpr.roi import leaves

        height, width = frame.image.shape[:2]
        if leaves(self.settings.roi, width, height):
            size = f"{width}x{height}"
            complain(f"{source.info.address}: roi reaches beyond the picture, which is {size}")

    def _frames(self, source: MediaSource) -> Iterator[Frame]:
        """A source's frames; a camera that sends none any more still heeds a request to stop."""
        from lpr.sources import CameraSource

        if not isinstance(source, CameraSource):
            yield from source
            return
        while not (source.ended or self.stop.requested):
            frame = source.poll()
            if frame is not None:
                yield frame

    def _emit(self, voter: PlateVoter, events: tuple[PlateEvent, ...]) -> None:
        from lpr.types import EventKind

        failed: OutputError | None = None
        for event in events:
            try:
                self.outputs.event(event)
            except OutputError as error:  # the other events are told all the same
                failed = failed or error
            self.view.event(event)
            if event.kind in (EventKind.DEPARTED, EventKind.UNREAD):
                explanation = voter.explain(event.track_id)
                if explanation is not None:
                    self.outputs.explain(event.camera, explanation)
        if failed is not None:
            raise failed
