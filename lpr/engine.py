"""One camera's pipeline: frame in, FrameResult out.

detect -> track -> rectify, fuse and read only what the voter still wants -> vote -> result.
Tracking comes before reading, so that a settled track costs no reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

from lpr.errors import SourceError
from lpr.protocols import (
    Detector,
    FrameSource,
    Fuser,
    Recognizer,
    Rectifier,
    Resettable,
    Tracker,
    Voter,
)
from lpr.types import (
    Frame,
    FrameResult,
    Image,
    PlateCrop,
    PlateEvent,
    StageTimings,
    Track,
    TrackReading,
    TrackState,
)

_Look = tuple[Track, PlateCrop]


class Engine:
    """Turns one camera's frames into plate events.

    Synchronous and pure in time: the same frames give the same events at any speed. Not
    thread-safe; one engine per camera. Networks are stateless and may be shared.

    Args:
        detector: finds plates; one that keeps state is used by this engine alone.
        rectifier: cuts them out upright.
        recognizer: reads them.
        tracker: follows them; used by this engine alone.
        voter: makes one verdict of many readings; used by this engine alone.
        fuser: makes pictures of several looks, which are read as well; used by this engine alone.
        max_reads: looks read per frame at most, which bounds the time of a crowded frame; each may
            bring one picture of several looks.
    """

    def __init__(
        self,
        detector: Detector,
        rectifier: Rectifier,
        recognizer: Recognizer,
        tracker: Tracker,
        voter: Voter,
        *,
        fuser: Fuser | None = None,
        max_reads: int = 4,
    ) -> None:
        if max_reads < 1:
            raise ValueError("max_reads must be at least 1")
        self._detector = detector
        self._rectifier = rectifier
        self._recognizer = recognizer
        self._tracker = tracker
        self._voter = voter
        self._fuser = fuser
        self._max_reads = max_reads
        self._last: Frame | None = None
        self._tracks: tuple[Track, ...] = ()

    def process(self, frame: Frame) -> FrameResult:
        """Take the next frame of the camera.

        Args:
            frame: its time must be later than that of the frame before.

        Returns:
            What was found, followed, read and decided.

        Raises:
            ValueError: the frame is not later than the one before.
            ModelError: a network failed.
        """
        if self._last is not None and frame.time <= self._last.time:
            raise ValueError(
                f"frame {frame.index} at {frame.time:.3f} s is not later than the one before "
                f"({self._last.time:.3f} s); call finish() between two recordings"
            )
        started = perf_counter()
        detections = self._detector.detect(frame.image, self._tracks)
        detected = perf_counter()
        self._tracks = tracks = self._tracker.update(detections, time=frame.time)
        self._last = frame
        tracked = perf_counter()
        wanted = self._wanted(tracks, frame.time)
        looks = self._rectify(frame.image, wanted)
        looks += self._fuse(looks, tracks)
        rectified = perf_counter()
        found = self._read(looks)
        read = perf_counter()
        for (track, _), item in zip(looks, found, strict=True):
            self._voter.add(track, item.reading, frame_index=frame.index, time=frame.time)
        due = self._voter.collect(tracks, frame_index=frame.index, time=frame.time)
        events = _named(due, frame.camera)
        voted = perf_counter()
        return FrameResult(
            index=frame.index,
            time=frame.time,
            detections=detections,
            tracks=tracks,
            readings=found[: len(wanted)],
            events=events,
            timings=StageTimings(
                detect=detected - started,
                track=tracked - detected,
                rectify=rectified - tracked,
                read=read - rectified,
                vote=voted - read,
            ),
            fused=found[len(wanted) :],
        )

    def finish(self) -> tuple[PlateEvent, ...]:
        """End every track, as at the end of a recording, and forget them.

        Returns:
            The events that were still due. The engine then takes frames of any time again.
        """
        if self._last is None:
            return ()
        events = _named(self._voter.flush(time=self._last.time), self._last.camera)
        self._tracker.reset()
        if self._fuser is not None:
            self._fuser.reset()
        if isinstance(self._detector, Resettable):
            self._detector.reset()
        self._last, self._tracks = None, ()
        return events

    def run(self, source: FrameSource) -> Iterator[FrameResult]:
        """Process a whole source. However that ends, the engine then takes another one.

        Yields:
            One result per frame. Where events were still due at the end, one more result that
            repeats the last frame's index and time and carries only them.

        Raises:
            SourceError: the source broke before its end; all events up to there were yielded.
        """
        result: FrameResult | None = None
        try:
            with source as frames:
                for frame in frames:
                    result = self.process(frame)
                    yield result
        except SourceError:
            yield from self._due(result)
            raise
        except BaseException:
            # Whoever looks no further, or fails, wants no more events either.
            self.finish()
            raise
        yield from self._due(result)

    def _due(self, last: FrameResult | None) -> Iterator[FrameResult]:
        """Finish; what was still due, as a result of the last frame."""
        events = self.finish()
        if last is not None and events:
            yield FrameResult(last.index, last.time, (), (), (), events, StageTimings())

    def _wanted(self, tracks: tuple[Track, ...], time: float) -> list[Track]:
        """The tracks worth a reading now, the most useful first, at most `max_reads`."""
        rated = [
            (self._voter.wants(track, time=time), track)
            for track in tracks
            if track.detection is not None
        ]
        rated = sorted(
            (item for item in rated if item[0] > 0), key=lambda item: (-item[0], item[1].id)
        )
        return [track for _, track in rated[: self._max_reads]]

    def _rectify(self, image: Image, tracks: list[Track]) -> list[_Look]:
        return [
            (track, self._rectifier.rectify(image, track.detection.quad))
            for track in tracks
            if track.detection is not None
        ]

    def _fuse(self, looks: list[_Look], tracks: tuple[Track, ...]) -> list[_Look]:
        """What this frame's looks make together with earlier ones at the same vehicles."""
        if self._fuser is None:
            return []
        ended = [track for track in tracks if track.state is TrackState.ENDED]
        if ended:
            living = {self._vehicle(one) for one in tracks if one.state is not TrackState.ENDED}
            # A track's first looks are kept under its own number, whatever vehicle it proves to be.
            over = {number for track in ended for number in (track.id, self._vehicle(track))}
            for number in sorted(over - living):
                self._fuser.forget(number)
        pictures = [(track, self._fuser.add(self._vehicle(track), crop)) for track, crop in looks]
        return [(track, picture) for track, picture in pictures if picture is not None]

    def _vehicle(self, track: Track) -> int:
        """A track that slipped to another vehicle's plate has its number from then on."""
        passage = self._voter.passage_of(track.id)
        return track.id if passage is None else passage

    def _read(self, looks: list[_Look]) -> tuple[TrackReading, ...]:
        if not looks:
            return ()
        readings = self._recognizer.read([crop.image for _, crop in looks])
        return tuple(
            TrackReading(track.id, replace(reading, quality=crop.quality, looks=crop.looks))
            for (track, crop), reading in zip(looks, readings, strict=True)
        )


def _named(events: tuple[PlateEvent, ...], camera: str) -> tuple[PlateEvent, ...]:
    """Events of a voter that was told no camera's name carry that of their frame."""
    return tuple(one if one.camera else replace(one, camera=camera) for one in events)
