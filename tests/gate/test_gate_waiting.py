from __future__ import annotations

from lpr.gate.config import GateConfig
from lpr.gate.decision import Reason
from lpr.gate.fakes import sure_event
from lpr.gate.post import posts
from lpr.gate.waiting import WaitingRoom

CONFIG = GateConfig.model_validate(
    {"gates": [{"name": "main", "cameras": ["north", {"name": "south", "direction": "in"}]}]}
)
POSTS = posts(CONFIG)


def test_only_what_time_may_heal_waits() -> None:
    room = WaitingRoom()
    for track, reason in enumerate(Reason):
        room.settle(sure_event("AB1", track_id=track), reason, time=0.0, before=None)
    due = room.due(POSTS["north"], frozenset(range(100)), time=5.0)
    assert [waiting.reason for waiting in due] == [Reason.COOL_DOWN]
    assert room.due(POSTS["south"], frozenset(range(100)), time=5.0) == ()
    assert room.due(POSTS["north"], frozenset(range(100)), time=10.1) == ()
    assert room.due(POSTS["north"], frozenset(range(100)), time=5.0) == (), "they are forgotten"


def test_a_second_try_does_not_wait_longer() -> None:
    room = WaitingRoom()
    event = sure_event("AB1")
    room.settle(event, Reason.COOL_DOWN, time=0.0, before=None)
    (first,) = room.due(POSTS["north"], frozenset({1}), time=4.0)
    room.settle(event, Reason.COOL_DOWN, time=4.0, before=first)
    (second,) = room.due(POSTS["north"], frozenset({1}), time=8.0)
    assert (second.since, second.tried) == (0.0, 4.0)
    assert room.due(POSTS["north"], frozenset({1}), time=10.1) == ()


def test_the_room_is_bounded() -> None:
    room = WaitingRoom()
    for track in range(2000):
        room.settle(sure_event("AB1", track_id=track), Reason.COOL_DOWN, time=0.0, before=None)
    due = room.due(POSTS["north"], frozenset(range(2000)), time=5.0)
    assert [waiting.event.track_id for waiting in due] == list(range(976, 2000))
