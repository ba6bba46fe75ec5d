"""The pieces of work that are timed: of each stage, and of a whole frame.

Every entry prepares its inputs and returns the call to be timed. `bench.compare` runs the same
file against two revisions of `lpr`; what one of them lacks shows there as absent.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench import pictures

if TYPE_CHECKING:
    from lpr.engine import Engine
    from lpr.geometry import Quad
    from lpr.types import FrameResult, PlateCrop

Workload = Callable[[], Callable[[], object]]

CLIP = pictures.ROOT / "samples" / "day-approach.mp4"
FRAME_TIME = 1 / 25
VOTE_FRAMES = 15


def decode() -> Callable[[], object]:
    """Decode the first ten frames of a 720p clip."""
    from lpr.latency.play import play

    def call() -> int:
        frames = play(CLIP)
        seen = sum(1 for _, _ in zip(range(10), frames, strict=False))
        frames.close()  # type: ignore[attr-defined]
        return seen

    return call


def detect() -> Callable[[], object]:
    """Find the plate in a 720p picture."""
    from lpr.factory import load_models

    detector = load_models().detector
    image = pictures.still("720p", 1)
    return lambda: detector.detect(image)


def crops(count: int) -> list[PlateCrop]:
    """Rectified crops of real plates."""
    from lpr.factory import load_models

    rectifier = load_models().rectifier
    return [
        rectifier.rectify(pictures.still("720p", 1, number), quad(number))
        for number in range(count)
    ]


def quad(number: int) -> Quad:
    """The labelled plate of `pictures.still("720p", 1, number)`."""
    from lpr.geometry import Quad

    return Quad.from_points(pictures.plate_quads(number))


def rectify() -> Callable[[], object]:
    """Undo the perspective of one plate, at a fixed crop size."""
    from lpr.imaging import PerspectiveRectifier

    rectifier = PerspectiveRectifier(160, 48)
    image, where = pictures.still("720p", 1), quad(0)
    return lambda: rectifier.rectify(image, where)


def read(count: int) -> Workload:
    """Read that many plates in one batch."""

    def prepare() -> Callable[[], object]:
        from lpr.factory import load_models

        recognizer = load_models().recognizer
        images = [crop.image for crop in crops(count)]
        return lambda: recognizer.read(images)

    return prepare


def beam() -> Callable[[], object]:
    """Search one plate's texts under the formats of its country."""
    from lpr.formats import load_region
    from lpr.recognize.beam import FormatConstraint, beam_search
    from lpr.recognize.recognizer import OnnxRecognizer
    from lpr.registry import DEFAULT_RECOGNIZER, find_model

    recognizer = OnnxRecognizer(find_model(DEFAULT_RECOGNIZER))
    probs = recognizer.probabilities([crops(1)[0].image])[0]
    constraint = FormatConstraint(load_region("gb").automaton)
    return lambda: beam_search(probs, recognizer.alphabet, constraint)


def track_vote(plates: int) -> Workload:
    """Follow and vote on that many plates over 15 frames, each read in every frame."""

    def prepare() -> Callable[[], object]:
        from lpr.geometry import Quad
        from lpr.testing import sure_reading
        from lpr.track.tracker import PlateTracker
        from lpr.types import Detection
        from lpr.vote.voter import PlateVoter

        texts = [f"AB{10 + number}CDE" for number in range(plates)]
        readings = [sure_reading(text, probability=0.8) for text in texts]
        script = [
            [
                Detection(
                    Quad.from_box(
                        60 + 220 * (n % 5) + 3 * f,
                        60 + 150 * (n // 5),
                        180 + 220 * (n % 5) + 3 * f,
                        90 + 150 * (n // 5),
                    ),
                    0.9,
                )
                for n in range(plates)
            ]
            for f in range(VOTE_FRAMES)
        ]

        def call() -> int:
            tracker, voter, events = PlateTracker(), PlateVoter(), 0
            for number, detections in enumerate(script):
                time = number * FRAME_TIME
                tracks = tracker.update(detections, time=time)
                for track in tracks:
                    voter.wants(track, time=time)
                    reading = readings[(track.id - 1) % plates]
                    voter.add(track, reading, frame_index=number, time=time)
                events += len(voter.collect(tracks, frame_index=number, time=time))
            return events + len(voter.flush(time=1.0))

        return call

    return prepare


def draw() -> Callable[[], object]:
    """Draw one plate's quad and text on a 720p picture."""
    from lpr.draw import PlateLabel, annotate
    from lpr.types import Track, TrackState

    image = pictures.still("720p", 1)
    track = Track(1, quad(0), TrackState.ACTIVE, 0.0, 0.1, 3, None)
    labels = {1: PlateLabel("AB12CDE", 0.97)}
    return lambda: annotate(image, (track,), labels)


def event_write() -> Callable[[], object]:
    """Write one event as a line of JSON."""
    from lpr.sinks.jsonl import JsonlSink
    from lpr.types import EventKind, PlateEvent, TextCandidate

    event = PlateEvent(
        kind=EventKind.CONFIRMED,
        camera="gate",
        track_id=1,
        text="AB12CDE",
        raw_text="AB12CDE",
        confidence=0.98,
        char_scores=(0.99,) * 7,
        alternatives=(TextCandidate("AB12CDE", 0.98), TextCandidate("A812CDE", 0.01)),
        region="GB",
        readings=7,
        agreeing=6,
        first_seen=1.2,
        time=2.04,
        frame_index=51,
        quad=quad(0),
    )
    folder = tempfile.mkdtemp(prefix="lpr-bench-")
    sink = JsonlSink(Path(folder) / "events.jsonl")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(sink.close)  # runs before the folder goes
    return lambda: sink.emit(event)


class WalkingEngine:
    """An engine that is given one walk after the other.

    Args:
        size: a key of `pictures.SIZES`.
        plates: in each view.
        frames: in one walk.
        regions: passed to the engine.
    """

    def __init__(self, size: str, plates: int, frames: int) -> None:
        from lpr.factory import build_engine
        from lpr.types import Frame

        self.engine: Engine = build_engine(camera="bench")
        self.frames = [
            Frame(picture, number, number * FRAME_TIME, "bench")
            for number, picture in enumerate(pictures.walk(size, plates, frames))
        ]

    def run(self) -> list[FrameResult]:
        """Process the walk from its start, with no tracks before it."""
        results = [self.engine.process(frame) for frame in self.frames]
        self.engine.finish()
        return results


def engine(size: str, plates: int, frames: int = 6) -> Workload:
    """Process a short walk, tracks and readings included."""
    return lambda: WalkingEngine(size, plates, frames).run


WORKLOADS: dict[str, Workload] = {
    "decode": decode,
    "detect": detect,
    "rectify": rectify,
    "read-1": read(1),
    "read-4": read(4),
    "read-8": read(8),
    "beam": beam,
    "track-vote-1": track_vote(1),
    "track-vote-5": track_vote(5),
    "track-vote-20": track_vote(20),
    "draw": draw,
    "event-write": event_write,
    "engine-720p-0": engine("720p", 0),
    "engine-720p-1": engine("720p", 1),
    "engine-720p-3": engine("720p", 3),
}
"""Name -> what prepares it."""

PURE = ("rectify", "track-vote-1", "track-vote-5", "event-write")
"""Python and numpy only, no network: counted in instructions, and used by the self-test."""
