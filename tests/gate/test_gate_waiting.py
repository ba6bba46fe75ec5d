from __future__ import annotations

from lpr.gate.config import GateConfig
from lpr.gate.decision import Reason
from lpr.gate.fakes import sure_event
from lpr.gate.post import Post, posts
from lpr.gate.waiting import WaitingRoom
from lpr.geometry import Quad

CONFIG = GateConfig.model_validate(
    {"gates": [{"name": "main", "cameras": ["north", {"name": "south", "direction": "in"}]}]}
)
POSTS = posts(CONFIG)


def test_only_what_time_may_heal_waits() -> None:
    room = WaitingRoom()
    for track, reason in enumerate(Reason):
        room.settle(sure_event("AB1", track_id=track), reason, time=0.0, before=None)
    everyone = frozenset(range(100))
    assert room.due(POSTS["south"], everyone, time=5.0) == ()
    due = {waiting.reason: waiting.quiet for waiting in room.due(POSTS["north"], everyone, time=5)}
    assert due == {
        Reason.NOT_LISTED: True,
        Reason.NOT_YET_VALID: True,
        Reason.EXPIRED: True,
        Reason.OUT_OF_SCHEDULE: True,
        Reason.PASS_USED_UP: True,
        Reason.AREA_FULL: True,
        Reason.RATE_LIMIT: True,
        Reason.STALE_EVIDENCE: False,
        Reason.COOL_DOWN: False,
        Reason.NOT_RECORDED: False,
    }
    due_later = room.due(POSTS["north"], everyone, time=10.1)
    assert {waiting.reason for waiting in due_later} == {one for one in due if due[one]}
    assert room.due(POSTS["north"], everyone, time=60.1) == ()
    assert room.due(POSTS["north"], everyone, time=5.0) == (), "they are forgotten"


def test_what_may_change_is_looked_at_every_second() -> None:
    room = WaitingRoom()
    room.settle(sure_event("AB1"), Reason.AREA_FULL, time=0.0, before=None)
    tried = [
        tenth for tenth in range(1, 41) if room.due(POSTS["north"], frozenset({1}), time=tenth / 10)
    ]
    assert tried == [10, 20, 30, 40]


def test_a_cool_down_after_a_long_wait_is_waited_for() -> None:
    """The car that leaves opens the same gate just before."""
    room = WaitingRoom()
    event = sure_event("AB1")
    room.settle(event, Reason.AREA_FULL, time=0.0, before=None)
    (waiting,) = room.due(POSTS["north"], frozenset({1}), time=50.0)
    room.settle(event, Reason.COOL_DOWN, time=50.0, before=waiting)
    (again,) = room.due(POSTS["north"], frozenset({1}), time=53.0)
    assert (again.reason, again.since) == (Reason.COOL_DOWN, 50.0)


def test_a_second_try_does_not_wait_longer() -> None:
    room = WaitingRoom()
    event = sure_event("AB1")
    room.settle(event, Reason.COOL_DOWN, time=0.0, before=None)
    (first,) = room.due(POSTS["north"], frozenset({1}), time=4.0)
    room.settle(event, Reason.COOL_DOWN, time=4.0, before=first)
    (second,) = room.due(POSTS["north"], frozenset({1}), time=8.0)
    assert (second.since, second.tried) == (0.0, 4.0)
    assert room.due(POSTS["north"], frozenset({1}), time=10.1) == ()


def line_post(retry_for: float) -> Post:
    """A camera that tells the direction by a line at y = 500."""
    line = {"name": "north", "line": [[0, 500], [1000, 500]]}
    gate = {"name": "main", "cameras": [line], "policy": {"retry_for": retry_for}}
    return posts(GateConfig.model_validate({"gates": [gate]}))["north"]


def cross(post: Post, *, time: float) -> None:
    """Let track 1 come in."""
    assert post.directions is not None
    post.directions.update(1, Quad.from_box(460, 390, 540, 410), time=time - 1)
    post.directions.update(1, Quad.from_box(460, 590, 540, 610), time=time)


def test_a_missing_direction_is_waited_for_from_the_last_sight() -> None:
    post, room = line_post(10), WaitingRoom()
    event = sure_event("AB1")
    room.settle(event, Reason.DIRECTION_UNKNOWN, time=0.0, before=None)
    for second in range(1, 100):
        assert room.due(post, frozenset({1}), time=second) == ()
    assert room.due(post, frozenset(), time=108.0) == ()
    cross(post, time=109.0)
    (waiting,) = room.due(post, frozenset({1}), time=109.0)
    assert (waiting.event, waiting.since) == (event, 99.0)
    assert room.due(post, frozenset({1}), time=109.1) == (), "10 s out of sight are too long"


def test_a_direction_that_lacks_after_another_wait_is_waited_for_as_long() -> None:
    """A vehicle that stands is looked at every three seconds, and the disk was full for nine."""
    post, room = line_post(10), WaitingRoom()
    event = sure_event("AB1")
    room.settle(event, Reason.NOT_RECORDED, time=0.0, before=None)
    (waiting,) = room.due(post, frozenset({1}), time=9.0)
    room.settle(event, Reason.DIRECTION_UNKNOWN, time=9.0, before=waiting)
    for second in range(12, 60, 3):
        assert room.due(post, frozenset({1}), time=second) == ()
    cross(post, time=60.0)
    assert [one.event for one in room.due(post, frozenset({1}), time=60.0)] == [event]


def test_nothing_waits_where_no_second_try_is_wanted() -> None:
    post, room = line_post(0), WaitingRoom()
    room.settle(sure_event("AB1"), Reason.DIRECTION_UNKNOWN, time=0.0, before=None)
    assert room.due(post, frozenset({1}), time=0.1) == ()
    cross(post, time=0.2)
    assert room.due(post, frozenset({1}), time=0.2) == ()


def test_the_room_is_bounded() -> None:
    room = WaitingRoom()
    for track in range(2000):
        room.settle(sure_event("AB1", track_id=track), Reason.COOL_DOWN, time=0.0, before=None)
    due = room.due(POSTS["north"], frozenset(range(2000)), time=5.0)
    assert [waiting.event.track_id for waiting in due] == list(range(976, 2000))
