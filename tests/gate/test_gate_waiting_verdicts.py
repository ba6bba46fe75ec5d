from __future__ import annotations

from dataclasses import replace

import pytest

from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.direction import Direction
from lpr.gate.fakes import plain_list
from lpr.gate.plate_list import ListKind, PlateList
from lpr.gate.rig import PLATES, START, Rig, passage, site
from lpr.gate.schedule import parse_schedule
from lpr.geometry import Quad
from lpr.types import Detection, EventKind, Track, TrackState


def line_rig() -> Rig:
    """A gate with a line at y = 500 that tells the direction; AB123CX may come in, NO1 may not."""
    line = {"name": "north", "line": [[0, 500], [1000, 500]]}
    entry = replace(PLATES.match("AB123CX").exact[0], direction=Direction.IN)
    entries = [entry, *PLATES.match("NO1").exact]
    return Rig(
        site(gates=[{"name": "main", "cameras": [line]}]), PlateList(entries, PLATES.confusables)
    )


def look(
    rig: Rig,
    track: int,
    y: float,
    after: float,
    age: float = 0.1,
    told: frozenset[int] = frozenset(),
) -> tuple[Decision, ...]:
    """Show the camera a plate at some height of the picture."""
    quad = Quad.from_box(460, y - 10, 540, y + 10)
    seen = Track(track, quad, TrackState.ACTIVE, 0, 0, 3, Detection(quad, 0.9))
    # The events of track n are made at media second n + 1, some 100 s behind the start.
    moment = START.later(after)
    return rig.gate.observe("north", [seen], time=after - 98, age=age, moment=moment, told=told)


def test_directions_come_from_the_tracks() -> None:
    rig = line_rig()
    look(rig, 2, 400, 110)
    look(rig, 2, 600, 111)
    assert rig.see(passage(track=2), 112).action is Action.OPEN
    rig.gate.camera_started("north", START.later(200))
    assert rig.see(passage(track=2), 300).reason is Reason.DIRECTION_UNKNOWN


def test_a_verdict_waits_for_its_direction() -> None:
    rig = line_rig()
    look(rig, 1, 400, 100)
    assert rig.see(passage(), 101).reason is Reason.DIRECTION_UNKNOWN
    assert look(rig, 1, 450, 102) == ()
    (decision,) = look(rig, 1, 600, 104)
    assert (decision.action, rig.openings) == (Action.OPEN, 1)
    assert look(rig, 1, 620, 105) == ()


@pytest.mark.parametrize("queued", [5, 9, 12, 30, 600])
def test_a_vehicle_that_queues_before_the_line_is_let_in_when_it_crosses(queued: int) -> None:
    rig = line_rig()
    look(rig, 1, 400, 100)
    assert rig.see(passage(), 101).reason is Reason.DIRECTION_UNKNOWN
    # It stands, and is looked at two or three times a second.
    for step in range(round(queued / 0.4)):
        assert look(rig, 1, 450, 102 + 0.4 * step) == ()
    (decision,) = look(rig, 1, 600, 102 + queued)
    assert (decision.action, rig.openings) == (Action.OPEN, 1)


def test_a_verdict_does_not_wait_for_ever_nor_on_old_frames() -> None:
    rig = line_rig()
    look(rig, 1, 400, 100)
    rig.see(passage(), 101)
    assert look(rig, 1, 600, 111.1) == (), "too late"
    rig = line_rig()
    look(rig, 1, 400, 100)
    rig.see(passage(), 101)
    (decision,) = look(rig, 1, 600, 104, age=2.5)
    assert decision.reason is Reason.STALE_EVIDENCE
    rig = line_rig()
    look(rig, 1, 400, 100)
    rig.see(passage(), 101)
    rig.see(passage(kind=EventKind.DEPARTED), 102)
    assert look(rig, 1, 600, 104) == (), "it left"
    assert rig.openings == 0


@pytest.mark.parametrize("told", [frozenset(), frozenset({1})])
def test_a_waiting_verdict_that_its_own_frame_revokes_opens_nothing(told: frozenset[int]) -> None:
    """The direction shows in the frame that says that it is another plate."""
    rig = line_rig()
    look(rig, 1, 400, 100)
    assert rig.see(passage(), 101).reason is Reason.DIRECTION_UNKNOWN
    made = [one.action for one in look(rig, 1, 600, 104, told=told)]
    assert made == ([] if told else [Action.OPEN])
    revoked = replace(passage("NO1", 1, kind=EventKind.REVISED), time=4.0)
    assert rig.see(revoked, 104).reason is Reason.DENY_LISTED
    assert rig.openings == (0 if told else 1)


def test_the_next_car_opens_when_the_cool_down_ends() -> None:
    rig = Rig()
    rig.see(passage(), 100)
    assert rig.see(passage("XY999ZZ", 2), 101).reason is Reason.COOL_DOWN
    assert look(rig, 2, 400, 103) == ()
    (decision,) = look(rig, 2, 400, 104)
    assert (decision.action, decision.text, rig.openings) == (Action.OPEN, "XY999ZZ", 2)
    assert look(rig, 2, 400, 110) == ()
    assert rig.gate.observe("nowhere", [], time=1, age=0, moment=START.later(120)) == ()


def test_a_changed_text_stays_suspicious() -> None:
    rig = line_rig()
    look(rig, 1, 400, 100)
    rig.see(passage("QQ777QQ"), 101)
    rig.see(passage(kind=EventKind.REVISED), 102)
    (decision,) = look(rig, 1, 600, 103)
    assert (decision.action, decision.rule) == (Action.ASK, "policy.suspicions.text_changed")
    again = rig.see(passage(kind=EventKind.REVISED), 104)
    assert again.reason is Reason.SUSPICIOUS


def looks(rig: Rig, track: int, begin: int, end: int, age: float = 0.1) -> list[Decision]:
    """A second's step between looks at a plate that stands there."""
    return [one for second in range(begin, end) for one in look(rig, track, 400, second, age)]


def test_who_waits_for_room_is_let_in_once_another_leaves() -> None:
    gate = {
        "name": "main",
        "cameras": [{"name": "north", "direction": "in"}, {"name": "south", "direction": "out"}],
        "area": "yard",
    }
    rig = Rig(site(gates=[gate], areas=[{"name": "yard", "capacity": 1}]))
    rig.see(passage(), 100)
    assert rig.see(passage("XY999ZZ", 2), 200).reason is Reason.AREA_FULL
    assert looks(rig, 2, 201, 230) == [], "nobody is asked again and again"
    assert rig.see(replace(passage(track=9), camera="south"), 230).action is Action.OPEN
    made = looks(rig, 2, 231, 260)
    assert [(one.action, one.reason) for one in made] == [
        (Action.ASK, Reason.COOL_DOWN),
        (Action.OPEN, Reason.EXACT_MATCH),
    ]
    assert rig.openings == 3


def test_who_stands_there_is_let_in_once_the_list_knows_them() -> None:
    rig = Rig()
    assert rig.see(passage("NEW1"), 101).reason is Reason.NOT_LISTED
    assert looks(rig, 1, 102, 110) == []
    rig.gate.replace_list(plain_list(["NEW1"]))
    assert [one.action for one in looks(rig, 1, 110, 130)] == [Action.OPEN]
    assert rig.openings == 1


def test_who_comes_early_is_let_in_once_the_hours_begin() -> None:
    hours = replace(
        PLATES.match("AB123CX").exact[0], schedule=parse_schedule("mon-sun 12:02-13:00")
    )
    rig = Rig(plates=PlateList([hours], PLATES.confusables))
    assert rig.see(passage(), 90).reason is Reason.OUT_OF_SCHEDULE
    assert looks(rig, 1, 91, 120) == []
    assert [one.action for one in looks(rig, 1, 120, 125)] == [Action.OPEN]


def test_who_has_stood_there_for_long_has_to_come_again() -> None:
    """A parked car opens nothing in the morning."""
    rig = Rig()
    assert rig.see(passage("NEW1"), 101).reason is Reason.NOT_LISTED
    assert looks(rig, 1, 102, 162) == []
    rig.gate.replace_list(plain_list(["NEW1"]))
    assert looks(rig, 1, 162, 200) == []
    assert rig.openings == 0


def test_late_frames_of_who_waits_are_no_news() -> None:
    rig = Rig()
    assert rig.see(passage("NEW1"), 101).reason is Reason.NOT_LISTED
    rig.gate.replace_list(plain_list(["NEW1"]))
    assert looks(rig, 1, 102, 120, age=2.5) == []
    assert [one.action for one in looks(rig, 1, 120, 122)] == [Action.OPEN]


def test_an_age_that_cannot_be_is_told_while_a_vehicle_waits() -> None:
    rig = Rig()
    assert rig.see(passage("NEW1"), 101).reason is Reason.NOT_LISTED
    made = looks(rig, 1, 102, 110, age=float("nan"))
    assert [(one.action, one.reason) for one in made] == [(Action.DENY, Reason.MALFORMED_EVIDENCE)]


def crowd(rig: Rig, tracks: range, begin: int, end: int) -> list[tuple[int, Decision]]:
    """A second's step between looks at plates that all stand there; when what was decided."""
    made = []
    for second in range(begin, end):
        quad = Quad.from_box(460, 390, 540, 410)
        seen = [
            Track(track, quad, TrackState.ACTIVE, 0, 0, 3, Detection(quad, 0.9)) for track in tracks
        ]
        moment = START.later(second)
        told = rig.gate.observe("north", seen, time=second - 98, age=0.1, moment=moment)
        made += [(second, one) for one in told]
    return made


def test_who_waits_for_a_limit_is_let_in_once_it_is_past() -> None:
    rig = Rig(site(policy={"max_per_minute": 1}))
    assert rig.see(passage(), 100).action is Action.OPEN
    assert rig.see(passage("XY999ZZ", 2), 130).reason is Reason.RATE_LIMIT
    made = looks(rig, 2, 131, 400)
    assert [(one.action, one.reason) for one in made] == [(Action.OPEN, Reason.EXACT_MATCH)]
    assert rig.openings == 2


def test_the_limits_hold_for_a_crowd_that_waits() -> None:
    plates = plain_list([f"AB{number}" for number in range(100, 112)])
    rig = Rig(site(policy={"max_per_minute": 3, "wait_for": 100}), plates)
    for track in range(12):
        rig.see(passage(f"AB{100 + track}", track), 100)
    made = crowd(rig, range(12), 101, 400)
    opened = [100, *(second for second, one in made if one.action is Action.OPEN)]
    assert len(opened) == rig.openings
    # Those who were told of the limit wait in silence, a hundred seconds from then.
    limited = [one.text for _, one in made if one.reason is Reason.RATE_LIMIT]
    assert len(limited) == len(set(limited)) == 9
    assert opened == [100, 103, 106, 160, 163, 166]


def test_who_waits_for_a_limit_in_vain_has_to_come_again() -> None:
    rig = Rig(site(policy={"max_per_minute": 1, "max_per_hour": 1}))
    assert rig.see(passage(), 100).action is Action.OPEN
    assert rig.see(passage("XY999ZZ", 2), 3640).reason is Reason.RATE_LIMIT
    assert [one.action for one in looks(rig, 2, 3641, 3710)] == [Action.OPEN]
    assert rig.see(passage(track=3), 3715).reason is Reason.RATE_LIMIT
    assert looks(rig, 3, 3716, 3776) == []
    assert looks(rig, 3, 7400, 7500) == []


def test_a_copied_plate_is_told_where_a_line_shows_the_way() -> None:
    """An area without a limit: the first car must count as inside, and the second be looked at."""
    line = {"name": "north", "line": [[0, 500], [1000, 500]]}
    gate = {"name": "main", "cameras": [line], "area": "yard"}
    rig = Rig(site(gates=[gate], areas=[{"name": "yard"}]))
    made: list[Decision] = []
    for track, second in ((1, 100), (2, 300)):
        look(rig, track, 400, second)
        rig.see(passage(track=track), second + 1)
        made += look(rig, track, 600, second + 2)
    assert [(one.action, one.rule) for one in made] == [
        (Action.OPEN, "allow AB123CX"),
        (Action.ASK, "policy.suspicions.already_inside"),
    ]


def test_who_is_denied_on_the_way_out_only_comes_in() -> None:
    line = {"name": "north", "line": [[0, 500], [1000, 500]]}
    entry = PLATES.match("AB123CX").exact[0]
    denied = replace(entry, kind=ListKind.DENY, direction=Direction.OUT)
    for before, after, action in ((400, 600, Action.OPEN), (600, 400, Action.DENY)):
        gates = [{"name": "main", "cameras": [line]}]
        rig = Rig(site(gates=gates), PlateList([entry, denied], PLATES.confusables))
        look(rig, 1, before, 100)
        assert rig.see(passage(), 101).reason is Reason.DIRECTION_UNKNOWN
        (decision,) = look(rig, 1, after, 102)
        assert decision.action is action
        assert rig.openings == (action is Action.OPEN)
