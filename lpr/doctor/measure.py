"""What a camera's pictures are worth: measured from the plates seen in them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from lpr.doctor.geometry import CHARACTER_HEIGHT_M, PLATE_WIDTH_M, READ_WIDTH
from lpr.types import CropQuality, EventKind, FrameResult, PlateEvent

BLURRED = 0.25
FLAT = 0.2
DARK, BRIGHT = 0.12, 0.85
SLOW = 8.0


@dataclass(frozen=True, slots=True)
class CameraReport:
    """What was seen.

    Attributes:
        frames: number of frames.
        seconds: media seconds from the first frame to the last.
        dropped: frames lost between camera and engine.
        plates: vehicles with a plate that was followed.
        read: of these, those with a verdict.
        widths: largest plate width of each, pixels.
        sharpness: sharpness of each at that look, 0 to 1.
        contrast: contrast of each at that look, 0 to 1.
        exposure: exposure of each at that look, 0 (black) to 1 (white).
    """

    frames: int
    seconds: float
    dropped: int
    plates: int
    read: int
    widths: tuple[float, ...]
    sharpness: tuple[float, ...]
    contrast: tuple[float, ...]
    exposure: tuple[float, ...]

    @property
    def frames_per_second(self) -> float:
        """Mean rate in media time: steps from frame to frame, which are one fewer than frames."""
        return (self.frames - 1) / self.seconds if self.seconds > 0 else 0.0

    @property
    def character_height(self) -> float:
        """Median height of a character at the largest look, pixels, as of a one-row plate."""
        if not self.widths:
            return 0.0
        return statistics.median(self.widths) * CHARACTER_HEIGHT_M / PLATE_WIDTH_M

    @property
    def advice(self) -> tuple[str, ...]:
        """What to change, most important first; empty where all is well."""
        if not self.plates:
            return ("no plate was seen: let a vehicle drive through, or check where it looks",)
        found = []
        width = statistics.median(self.widths)
        if width < READ_WIDTH:
            found.append(
                f"plates grow to {width:.0f} pixels only, {READ_WIDTH:.0f} are wanted: "
                "a longer lens, a nearer camera, or more pixels"
            )
        if self.sharpness and statistics.median(self.sharpness) < BLURRED:
            found.append("plates are blurred: focus at their distance, shorten the exposure")
        if self.contrast and statistics.median(self.contrast) < FLAT:
            found.append("plates are flat: more light, or less glare on them")
        if self.exposure and statistics.median(self.exposure) < DARK:
            found.append("plates are underexposed: more light, or more gain")
        if self.exposure and statistics.median(self.exposure) > BRIGHT:
            found.append("plates are overexposed: a shorter exposure, or a weaker infra-red lamp")
        if 0 < self.frames_per_second < SLOW:
            found.append(
                f"{self.frames_per_second:.1f} frames a second: {SLOW:.0f} or more are wanted"
            )
        if self.dropped > self.frames / 10:
            found.append(f"{self.dropped} frames were dropped: the machine or the network is slow")
        if not found and 2 * self.read < self.plates:
            found.append(
                f"only {self.read} of {self.plates} plates were read: are they plates, clean, and "
                "seen from the front or the rear?"
            )
        return tuple(found)


@dataclass(slots=True)
class CameraCheck:
    """Collects results of the engine into a report."""

    frames: int = 0
    first: float | None = None
    last: float = 0.0
    dropped: int = 0
    next_index: int = 0
    best: dict[int, CropQuality] = field(default_factory=dict)
    verdicts: set[int] = field(default_factory=set)

    def add(self, result: FrameResult) -> None:
        """Take one frame's result."""
        if result.of_frame:
            self.frames += 1
            self.first = result.time if self.first is None else self.first
            self.last = result.time
            self.dropped += max(0, result.index - self.next_index)
            self.next_index = result.index + 1
        for item in result.readings:
            quality, known = item.reading.quality, self.best.get(item.track_id)
            if quality is not None and (known is None or quality.width > known.width):
                self.best[item.track_id] = quality
        self.note(result.events)

    def note(self, events: Iterable[PlateEvent]) -> None:
        """Take events, such as those that come at the end only."""
        for event in events:
            if event.kind in (EventKind.CONFIRMED, EventKind.REVISED):
                self.verdicts.add(event.track_id)

    def report(self) -> CameraReport:
        """What was seen so far."""
        looks = list(self.best.values())
        return CameraReport(
            frames=self.frames,
            seconds=self.last - (self.first or 0.0),
            dropped=self.dropped,
            plates=len(looks),
            read=len(self.verdicts),
            widths=tuple(look.width for look in looks),
            sharpness=tuple(look.sharpness for look in looks),
            contrast=tuple(look.contrast for look in looks),
            exposure=tuple(look.exposure for look in looks),
        )
