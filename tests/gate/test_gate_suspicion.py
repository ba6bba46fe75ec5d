from __future__ import annotations

from dataclasses import replace

import pytest

from lpr.gate.decision import SuspicionKind
from lpr.gate.direction import Direction
from lpr.gate.evidence import Evidence
from lpr.gate.fakes import plain_list
from lpr.gate.plate_list import PlateList
from lpr.gate.policy import GatePolicy
from lpr.gate.suspicion import SuspicionMonitor
from lpr.types import EventKind

PLATES = plain_list(["AB123CX"], watch=["WA7CH"])
POLICY = GatePolicy()
SEEN = Evidence(
    kind=EventKind.CONFIRMED,
    camera="north",
    track_id=1,
    first_seen=0.0,
    text="AB123CX",
    probability=0.999,
    agreeing=5,
    age=0.1,
    in_view=1.0,
)


def monitor(plates: PlateList = PLATES) -> SuspicionMonitor:
    return SuspicionMonitor(
        plates,
        travel={("north", "south"): 60.0},
        fits_format=lambda text: len(text) == 7,
    )


def kinds(
    watcher: SuspicionMonitor,
    evidence: Evidence,
    *,
    gate: str = "north",
    time: float = 0.0,
    inside: frozenset[str] | None = None,
) -> list[SuspicionKind]:
    found = watcher.examine(evidence, gate=gate, policy=POLICY, time=time, inside=inside)
    return [one.kind for one in found]


def test_nothing_is_suspicious_about_a_resident() -> None:
    assert kinds(monitor(), SEEN) == []
    assert kinds(monitor(), replace(SEEN, kind=EventKind.UNREAD, text="")) == []


def test_unregistered_unknown_and_watched() -> None:
    unknown = kinds(monitor(), replace(SEEN, text="QQ1"))
    assert unknown == [SuspicionKind.NOT_REGISTERED, SuspicionKind.UNKNOWN_FORMAT]
    watched = kinds(monitor(), replace(SEEN, text="WA7CH"))
    assert watched == [SuspicionKind.WATCH_LISTED, SuspicionKind.UNKNOWN_FORMAT]
    no_formats = SuspicionMonitor(PLATES)
    assert kinds(no_formats, replace(SEEN, text="QQ1")) == [SuspicionKind.NOT_REGISTERED]


def test_travel() -> None:
    watcher = monitor()
    assert kinds(watcher, SEEN, time=0) == []
    assert kinds(watcher, SEEN, gate="south", time=59) == [SuspicionKind.IMPOSSIBLE_TRAVEL]
    assert kinds(watcher, SEEN, gate="south", time=60) == []
    assert kinds(watcher, SEEN, gate="north", time=61) == [], "the way back is not configured"


def test_travel_stays_impossible_however_often_it_is_tried() -> None:
    watcher = monitor()
    assert kinds(watcher, SEEN, time=0) == []
    for time in (10, 11, 59):
        again = replace(SEEN, track_id=time)
        assert kinds(watcher, again, gate="south", time=time) == [SuspicionKind.IMPOSSIBLE_TRAVEL]
    assert kinds(watcher, SEEN, gate="south", time=60) == []


def test_travel_of_a_text_that_is_taken_for_an_entry() -> None:
    watcher = monitor()
    assert kinds(watcher, SEEN, time=0) == []
    alike = replace(SEEN, text="A8123CX")
    assert kinds(watcher, alike, gate="south", time=10) == [SuspicionKind.IMPOSSIBLE_TRAVEL]


@pytest.mark.parametrize("listed", [["FÜAB100"], ["FUAB100"], ["FÜAB100", "FUAB100"]])
@pytest.mark.parametrize("first", ["FÜAB100", "FUAB100", "FUAB1O0"])
@pytest.mark.parametrize("then", ["FÜAB100", "FUAB100", "FUAB1O0"])
def test_travel_of_one_plate_with_and_without_its_dots(
    listed: list[str], first: str, then: str
) -> None:
    watcher = monitor(plain_list(listed))
    assert kinds(watcher, replace(SEEN, text=first), time=0) == []
    again = replace(SEEN, text=then, track_id=2)
    assert kinds(watcher, again, gate="south", time=10) == [SuspicionKind.IMPOSSIBLE_TRAVEL]


@pytest.mark.parametrize(("before", "then"), [("FÜAB100", "FUAB100"), ("FUAB100", "FÜAB100")])
def test_a_sighting_from_before_a_restart_counts_without_the_dots(before: str, then: str) -> None:
    watcher = monitor(plain_list(["FÜAB100"]))
    watcher.remember(before, "north", time=0)
    watcher.replace_list(plain_list(["FUAB100"]))
    there = replace(SEEN, text=then)
    assert kinds(watcher, there, gate="south", time=10) == [SuspicionKind.IMPOSSIBLE_TRAVEL]


def test_weak_readings_say_nothing_about_travel() -> None:
    watcher = monitor()
    assert kinds(watcher, replace(SEEN, probability=0.5), time=0) == []
    assert kinds(watcher, SEEN, gate="south", time=1) == []


def test_a_clone_is_inside_already() -> None:
    inside = frozenset({"AB123CX"})
    coming, leaving = (replace(SEEN, direction=way) for way in (Direction.IN, Direction.OUT))
    assert kinds(monitor(), coming, inside=inside) == [SuspicionKind.ALREADY_INSIDE]
    assert kinds(monitor(), replace(coming, text="A8123CX"), inside=inside) == [
        SuspicionKind.ALREADY_INSIDE
    ]
    assert kinds(monitor(), leaving, inside=inside) == []
    assert kinds(monitor(), SEEN, inside=inside) == []


def test_texts_that_change_within_a_track() -> None:
    watcher = monitor()
    kinds(watcher, replace(SEEN, text="ZZ999ZZ"))
    assert SuspicionKind.TEXT_CHANGED in kinds(watcher, SEEN)
    assert SuspicionKind.TEXT_CHANGED in kinds(watcher, SEEN), "it stays with the passage"
    kinds(watcher, replace(SEEN, track_id=9))
    corrected = kinds(watcher, replace(SEEN, text="A8128CX", track_id=9))
    assert corrected == [SuspicionKind.NOT_REGISTERED]
    assert kinds(watcher, replace(SEEN, track_id=2)) == []
    kinds(watcher, replace(SEEN, text="ZZ999ZZ", track_id=3))
    kinds(watcher, replace(SEEN, kind=EventKind.DEPARTED, track_id=3))
    assert kinds(watcher, replace(SEEN, track_id=3)) == []


def test_repeated_near_misses_of_one_entry() -> None:
    watcher = monitor()
    tries = ["AB124CX", "AB125CX", "AB126CX"]
    found = [
        kinds(watcher, replace(SEEN, text=text, track_id=10 + step), time=100.0 * step)
        for step, text in enumerate(tries)
    ]
    assert [SuspicionKind.REPEATED_NEAR_MISS in one for one in found] == [False, False, True]
    late = kinds(watcher, replace(SEEN, text="AB127CX", track_id=20), time=100 + 3601)
    assert SuspicionKind.REPEATED_NEAR_MISS not in late
    far = [kinds(watcher, replace(SEEN, text="QQ777QQ", track_id=30 + n)) for n in range(5)]
    assert all(one == [SuspicionKind.NOT_REGISTERED] for one in far)


def test_other_lists_forget_whom_they_do_not_know() -> None:
    watcher = monitor()
    kinds(watcher, SEEN, time=0)
    watcher.replace_list(plain_list(["QQ1"]))
    watcher.replace_list(PLATES)
    assert kinds(watcher, SEEN, gate="south", time=1) == []


def test_a_restarted_camera_counts_its_tracks_anew() -> None:
    watcher = monitor()
    kinds(watcher, replace(SEEN, text="ZZ999ZZ"))
    watcher.camera_started("south")
    watcher.camera_started("north")
    assert kinds(watcher, SEEN) == []
