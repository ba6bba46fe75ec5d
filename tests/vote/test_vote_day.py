"""A day at a gate in compressed time: what is kept, and what a frame costs, does not grow."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

from lpr.geometry import Quad
from lpr.testing import sure_reading
from lpr.track import PlateTracker
from lpr.types import CropQuality, Detection, EventKind
from lpr.vote import PlateVoter, VoterOptions

DAY = 86_400.0
VEHICLES = 240
"""One every six minutes."""
RATE = 5
SHOWN = 8
"""Frames in which a vehicle is seen."""
OPTIONS = VoterOptions(max_explanations=16)


class Gate:
    """A tracker and a voter, a car that parks all day, and vehicles that pass."""

    def __init__(self) -> None:
        self.tracker, self.voter = PlateTracker(), PlateVoter(OPTIONS)
        self.confirmed: list[str] = []
        self.departed = 0
        self.reads = 0
        self.frame = 0

    def see(self, time: float, plates: list[tuple[Detection, str]]) -> None:
        """One frame."""
        say = {found.quad: text for found, text in plates}
        tracks = self.tracker.update([found for found, _ in plates], time=time)
        for track in tracks:
            if track.detection is not None and self.voter.wants(track, time=time) > 0:
                reading = sure_reading(
                    say[track.detection.quad], probability=0.98, quality=CropQuality(120.0, 0.8)
                )
                self.voter.add(track, reading, frame_index=self.frame, time=time)
                self.reads += 1
        for event in self.voter.collect(tracks, frame_index=self.frame, time=time):
            self.confirmed += [event.text] * (event.kind is EventKind.CONFIRMED)
            self.departed += event.kind is EventKind.DEPARTED
        self.frame += 1


def plate(x: float, y: float, width: float = 120.0) -> Detection:
    return Detection(Quad.from_box(x, y, x + width, y + width / 4), 0.9)


def frames(vehicle: int) -> Iterator[tuple[float, list[tuple[Detection, str]]]]:
    """The frames of one vehicle, and two empty ones behind it."""
    start = vehicle * DAY / VEHICLES
    for n in range(SHOWN):
        yield (
            start + n / RATE,
            [(plate(100 + 30 * n, 100 + 12 * n, 90 + 4 * n), f"AB{vehicle:04d}C")],
        )
    yield start + 10, []
    yield start + 20, []


def test_a_day_keeps_no_more_than_its_first_hours_and_costs_no_more() -> None:
    gate = Gate()
    kept: list[int] = []
    work: list[int] = []
    for vehicle in range(VEHICLES):
        measured = vehicle % 40 == 39
        calls = Calls() if measured else None
        for time, plates in frames(vehicle):
            gate.see(time, plates)
        if calls is not None:
            work.append(calls.stop())
            gc.collect()
            kept.append(len(gc.get_objects()))
    assert gate.confirmed == [f"AB{vehicle:04d}C" for vehicle in range(VEHICLES)]
    assert gate.departed == VEHICLES
    assert gate.reads < 10 * VEHICLES
    assert kept[-1] <= 1.02 * kept[0], "nothing grows with the vehicles seen"
    assert work[-1] <= 1.05 * work[0], "a vehicle of the evening costs what one at night did"


def test_a_car_parked_for_ten_minutes_gives_one_event_and_hardly_a_reading() -> None:
    gate = Gate()
    kept: list[int] = []
    for n in range(1500):
        gate.see(n * 0.4, [(plate(900, 500), "PARK77")])
        if n % 500 == 499:
            gc.collect()
            kept.append(len(gc.get_objects()))
    assert gate.confirmed == ["PARK77"]
    assert gate.reads < 100, "a plate that stands still is read every ten seconds in the end"
    assert kept[-1] <= kept[0] + 100


class Calls:
    """Counts function calls: what work costs, whatever the machine is busy with."""

    def __init__(self) -> None:
        self._count = 0
        sys.setprofile(self._note)

    def _note(self, frame: object, event: str, argument: object) -> None:
        self._count += event == "call"

    def stop(self) -> int:
        """The calls since the beginning."""
        sys.setprofile(None)
        return self._count
