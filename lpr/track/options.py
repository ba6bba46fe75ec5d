"""What can be set about the tracker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackerOptions:
    """Settings of `PlateTracker`.

    Lengths are in plate extents (about the width of a one-line plate) and times in media seconds,
    so that the same values hold for any frame rate and any picture size.

    Attributes:
        high_score: detections from this score on may start a track; 0 to 1.
        low_score: detections from this score on may continue a track; at most `high_score`.
        confirm_score: one detection of this score makes a track active at once.
        min_hits: detections that make a track active otherwise.
        max_lost: seconds without a detection after which an active track ends.
        max_lost_tentative: the same for a track that never became active; where frames are farther
            apart, one and a half of their intervals, but no longer than `max_lost`.
        max_speed: fastest plate that is followed, extents a second.
        acceleration: spread of a plate's acceleration, extents per second squared.
        start_speed: spread of a new plate's speed, extents a second.
        growth: spread of the change of a plate's rate of growth, log units per second squared.
        position_noise: spread of a measured centre, extents.
        size_noise: spread of a measured size, log units.
    """

    high_score: float = 0.5
    low_score: float = 0.15
    confirm_score: float = 0.8
    min_hits: int = 2
    max_lost: float = 2.5
    max_lost_tentative: float = 0.7
    max_speed: float = 25.0
    acceleration: float = 5.0
    start_speed: float = 10.0
    growth: float = 1.2
    position_noise: float = 0.06
    size_noise: float = 0.06

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a value is out of its range.
        """
        if not 0 <= self.low_score <= self.high_score <= 1:
            raise ValueError("track: 0 <= low_score <= high_score <= 1 must hold")
        if self.min_hits < 1:
            raise ValueError("track: min_hits must be at least 1")
        for name in (
            "max_lost",
            "max_lost_tentative",
            "max_speed",
            "acceleration",
            "start_speed",
            "growth",
            "position_noise",
            "size_noise",
        ):
            if not getattr(self, name) > 0:
                raise ValueError(f"track: {name} must be above 0")
