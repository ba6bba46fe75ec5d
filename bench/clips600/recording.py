"""What the networks say of a clip, kept on disk, so that tracker and voter can be replayed at once.

Every plate of every frame is read, wanted or not, and so is what all looks at it make together (in
an engine, those that were wanted): a replay with other options finds whatever it asks for.
Recordings are kept for one set of models and one content of the video; others are recorded anew.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

import lpr
from bench.clips600.content import content_of
from bench.clips600.whole_file import write_whole
from lpr.config import EngineConfig
from lpr.engine import Engine
from lpr.evaluate.datasets import Clip, require_whole
from lpr.factory import Models, build_engine, build_voter
from lpr.geometry import Quad
from lpr.recognize import fusion
from lpr.registry import find_model
from lpr.track.tracker import PlateTracker
from lpr.types import (
    CharCandidates,
    CropQuality,
    Detection,
    Frame,
    FrameResult,
    Image,
    PlateCrop,
    Reading,
    Track,
)
from lpr.vote.explain import Explanation
from lpr.vote.voter import PlateVoter

_NOTHING = Reading("", (), (), 0.0, CropQuality(0.0, 0.0))
_DIGITS = 6
_ReadingRow = tuple[str, list[float], list[tuple[str, list[float]]], float, list[float], int]


@dataclass(frozen=True, slots=True)
class RecordedLook:
    """One plate found in a frame.

    Attributes:
        detection: where.
        reading: what the look says.
        fused: what it says together with all looks of its track before it; None where they make no
            picture.
    """

    detection: Detection
    reading: Reading
    fused: Reading | None


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """One frame: its number, its media second, and its looks."""

    index: int
    time: float
    looks: tuple[RecordedLook, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """A clip as the networks saw it."""

    clip: Clip
    frames: tuple[RecordedFrame, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """What an engine made of a recording: its results, and why each plate stands as it does."""

    clip: Clip
    results: tuple[FrameResult, ...]
    plates: tuple[Explanation, ...]


class _Reader(PlateVoter):
    """A voter that wants every plate read."""

    def wants(self, track: Track, *, time: float) -> float:
        """Everything that is seen."""
        return 0.0 if track.detection is None else 1.0


class _Player:
    """The networks of a recording: detector, rectifier, fuser and recognizer in one."""

    def __init__(self) -> None:
        self._looks: tuple[RecordedLook, ...] = ()
        self._asked: list[Reading] = []

    def show(self, frame: RecordedFrame) -> None:
        """Turn to this frame."""
        self._looks = frame.looks

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        """The recorded plates, whatever the picture."""
        return tuple(look.detection for look in self._looks)

    def rectify(self, image: Image, quad: Quad) -> PlateCrop:
        """Note which plate is to be read next."""
        look = self._look(quad)
        return self._crop(image, quad, _NOTHING if look is None else look.reading)

    def add(self, vehicle: int, crop: PlateCrop) -> PlateCrop | None:
        """Note that its looks together are to be read as well."""
        look = self._look(crop.quad)
        if look is None or look.fused is None:
            return None
        return self._crop(crop.image, crop.quad, look.fused)

    def forget(self, vehicle: int) -> None:
        """Nothing is remembered."""

    def reset(self) -> None:
        """Nothing is remembered."""

    def read(self, crops: Sequence[Image]) -> tuple[Reading, ...]:
        """The recorded readings of the plates asked for."""
        asked, self._asked = tuple(self._asked), []
        return asked

    def _look(self, quad: Quad) -> RecordedLook | None:
        return next((one for one in self._looks if one.detection.quad == quad), None)

    def _crop(self, image: Image, quad: Quad, reading: Reading) -> PlateCrop:
        self._asked.append(reading)
        quality = reading.quality or CropQuality(quad.width, 0.0)
        return PlateCrop(image, quality, quad, reading.looks)


def record(clips: Sequence[Clip], config: EngineConfig | None = None) -> list[Recording]:
    """Run the networks over clips, or load what they said before; prints how far it is.

    Args:
        clips: of one folder or several; recordings are kept beside each.
        config: the models; by default the shipped ones.

    Raises:
        OutputError: a recording cannot be written.
        SourceError: a clip cannot be read, or is cut.
    """
    config = config or EngineConfig()
    name = f"recordings-{_fingerprint(config)}"
    models: Models | None = None
    found = []
    for number, clip in enumerate(clips, 1):
        path = clip.path.parent / name / f"{clip.path.stem}-{content_of(clip.path)}.json.gz"
        if not path.is_file():
            models = models or lpr.load_models(config)
            _save(path, _record(clip, config, models))
        found.append(_load(path, clip))
        if number % 20 == 0 or number == len(clips):
            print(f"recorded {number}/{len(clips)}", flush=True)
    return found


def replay(recording: Recording, config: EngineConfig) -> Replay:
    """Run tracker and voter over a recording."""
    player, voter = _Player(), build_voter(config, recording.clip.path.name)
    engine = Engine(
        player,
        player,
        player,
        PlateTracker(config.tracker),
        voter,
        fuser=player if config.recognizer.fuse_looks else None,
        max_reads=config.max_reads,
    )
    picture = np.zeros((1, 1, 3), np.uint8)
    results = []
    for frame in recording.frames:
        player.show(frame)
        results.append(engine.process(Frame(picture, frame.index, frame.time)))
    tracks = {track.id for result in results for track in result.tracks}
    if results:
        last = results[-1]
        results.append(
            FrameResult(last.index, last.time, (), (), (), engine.finish(), last.timings)
        )
    plates = {one.track_id: one for one in map(voter.explain, sorted(tracks)) if one is not None}
    return Replay(recording.clip, tuple(results), tuple(plates.values()))


def _fingerprint(config: EngineConfig) -> str:
    """Names the models, the settings and the measures that recordings depend on."""
    names = (config.detector.model, config.recognizer.model, config.corners.model)
    measured = [field.name for field in (*fields(CropQuality), *fields(Reading))]
    digest = hashlib.sha256(repr((config.detector, config.corners, measured)).encode())
    digest.update(Path(fusion.__file__).read_bytes())
    for name in names:
        # The manifest says how outputs become probabilities, and names the network by its SHA-256.
        digest.update(repr(find_model(name).manifest).encode())
    return digest.hexdigest()[:12]


def _record(clip: Clip, config: EngineConfig, models: Models) -> list[object]:
    reader = config.recognizer.model_copy(update={"fuse_looks": True})
    everything = EngineConfig.model_validate(
        {**dict(config), "max_reads": 64, "recognizer": reader}
    )
    engine = build_engine(everything, models=models, voter=_Reader())
    rows: list[object] = []
    for result in engine.run(lpr.open_source(str(clip.path))):
        if not result.of_frame:
            continue
        numbers = {
            id(track.detection): track.id for track in result.tracks if track.detection is not None
        }
        read = {one.track_id: one.reading for one in result.readings}
        fused = {one.track_id: one.reading for one in result.fused}
        looks = []
        for found in result.detections:
            number = numbers.get(id(found), 0)
            reading = read.get(number, _NOTHING)
            looks.append(_look_row(RecordedLook(found, reading, fused.get(number))))
        rows.append([result.index, result.time, looks])
    require_whole(clip, len(rows))
    return rows


def _look_row(look: RecordedLook) -> list[object]:
    found = look.detection
    return [
        [value for point in found.quad.points for value in point],
        found.score,
        found.lines,
        _reading_row(look.reading),
        None if look.fused is None else _reading_row(look.fused),
    ]


def _reading_row(reading: Reading) -> list[object]:
    quality = reading.quality or _NOTHING.quality
    assert quality is not None
    return [
        reading.text,
        [round(score, _DIGITS) for score in reading.char_scores],
        [
            ["".join(one.chars), [round(p, _DIGITS) for p in one.probs]]
            for one in reading.alternatives
        ],
        reading.confidence,
        [getattr(quality, field.name) for field in fields(quality)],
        reading.looks,
    ]


def _save(path: Path, rows: list[object]) -> None:
    write_whole(path, gzip.compress(json.dumps(rows, ensure_ascii=False).encode(), 5))


def _load(path: Path, clip: Clip) -> Recording:
    rows = json.loads(gzip.decompress(path.read_bytes()))
    return Recording(
        clip,
        tuple(
            RecordedFrame(index, time, tuple(_look(*look) for look in looks))
            for index, time, looks in rows
        ),
    )


def _look(
    corners: list[float], score: float, lines: int, reading: _ReadingRow, fused: _ReadingRow | None
) -> RecordedLook:
    points = [(corners[n], corners[n + 1]) for n in range(0, 8, 2)]
    return RecordedLook(
        Detection(Quad.from_points(points), score, lines),
        _reading(*reading),
        None if fused is None else _reading(*fused),
    )


def _reading(
    text: str,
    char_scores: list[float],
    alternatives: list[tuple[str, list[float]]],
    confidence: float,
    quality: list[float],
    looks: int,
) -> Reading:
    return Reading(
        text,
        tuple(char_scores),
        tuple(CharCandidates(tuple(chars), tuple(probs)) for chars, probs in alternatives),
        confidence,
        CropQuality(*quality),
        looks,
    )
