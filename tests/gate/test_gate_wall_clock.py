from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.moment import Moment
from lpr.gate.plate_list import PlateList
from lpr.gate.policy import GatePolicy
from lpr.gate.record import DecisionRecord
from lpr.gate.rig import PLATES, START, Rig, passage
from lpr.gate.wall_clock import WallClock

POLICY = GatePolicy()
DAY = 86400.0


def clock(*ago: float, started: Moment = START) -> WallClock:
    """A clock after records that are so many days older than the start; negative ones are ahead."""
    made = WallClock(started)
    for days in ago:
        made.recorded(started.now - timedelta(days=days))
    made.restored()
    return made


def is_right(made: WallClock, after: float = 0.0) -> bool:
    moment = START.later(after)
    made.watch(moment)
    return made.objection(POLICY, moment) is None


@pytest.mark.parametrize(
    ("ago", "right"),
    [
        ((), True),
        ((3, 2), True),
        ((3, -30), False),
        ((-30, 0.9), False),
        # The day begins anew when the clock is turned back.
        ((-30, 0.9, 0.95), False),
        ((-30, 0.9, 2), True),
        ((-30, 1.1), True),
        ((-30, 1.1, -30), False),
        ((-30, -30, 89, 0), True),
        # What is as old as that shows no day of the present time.
        ((-30, 91), False),
        ((-30, 20_000), False),
        # However far ahead: it may be the present clock that is behind.
        ((-400,), False),
        ((-30, -400), False),
        ((-400, 1.1), True),
        # Once it is known to be wrong it stays so.
        ((-400, 9, 8), True),
        ((-400, 9, 8, 3), True),
        ((-30, 20_000, 0.5), False),
    ],
)
def test_records_dated_ahead_count_until_one_after_them_is_a_day_old(
    ago: tuple[float, ...], right: bool
) -> None:
    assert is_right(clock(*ago)) == right


def test_a_clock_that_has_run_on_for_a_day_is_believed() -> None:
    made = clock(-30)
    assert not is_right(made, 1)
    assert not is_right(made, DAY - 1)
    assert is_right(made, DAY)
    assert is_right(made, DAY + 100)


def test_the_day_begins_anew_when_the_clock_is_set() -> None:
    made = clock(-30)
    late = timedelta(minutes=5)
    for after in (DAY - 3600, DAY, 2 * DAY - 3601):
        moment = START.later(after)
        moment = replace(moment, now=moment.now - late)
        made.watch(moment)
        assert made.objection(POLICY, moment) is not None
    moment = START.later(2 * DAY - 3600)
    moment = replace(moment, now=moment.now - late)
    made.watch(moment)
    assert made.objection(POLICY, moment) is None


def test_a_clock_that_nobody_has_set_is_not_believed_after_a_day() -> None:
    boot = Moment(0.0, datetime(1970, 1, 3, tzinfo=UTC))
    made = clock(-20_000, 1.5, started=boot)
    for after in (1, 2 * DAY):
        made.watch(boot.later(after))
        assert made.objection(POLICY, boot.later(after)) is not None


def test_the_age_of_records_is_counted_from_the_newest_that_is_believed() -> None:
    now = START.now
    assert clock(2, 1).seconds_ago(now - timedelta(days=1)) == DAY
    assert clock(2, -5).seconds_ago(now + timedelta(days=4)) == DAY
    # Dated by a wrong clock: older than what came next.
    assert clock(-5, 2).seconds_ago(now + timedelta(days=5)) == 2 * DAY
    assert clock(-400, 2).seconds_ago(now + timedelta(days=400)) == 2 * DAY
    assert clock(-400).seconds_ago(now + timedelta(days=400)) == 0
    # A board that begins in the past: the newest record is no older than the power cut.
    assert clock(-400, -399).seconds_ago(now + timedelta(days=399)) == DAY


def test_a_record_that_proved_wrong_shuts_no_gate_after_a_power_cut() -> None:
    """The board begins in the past; what is ahead of it is judged by what was recorded later."""
    boot = replace(START, now=START.now - timedelta(days=200))
    made = WallClock(boot)
    for days in (100, -60, 99, 50, 1):
        made.recorded(START.now - timedelta(days=days))
    made.restored()
    made.watch(boot.later(1))
    assert made.objection(POLICY, boot.later(1)) is not None, "it is behind the newest record"
    for after in (20, 60):
        made.watch(START.later(after))
    assert made.objection(POLICY, START.later(60)) is None


def test_a_machine_that_sleeps_believes_its_clock_after_a_day_of_work() -> None:
    made, slept = clock(-30), 0.0
    for hour in range(1, 26):
        moment = START.later(3600.0 * hour)
        if hour % 8 == 0:
            slept += 8 * 3600.0
        moment = replace(moment, now=moment.now + timedelta(seconds=slept))
        made.watch(moment)
        if hour % 8:
            made.watch(moment.later(60))
            assert (made.objection(POLICY, moment.later(60)) is None) == (hour == 25)


def recorded(*ago: float) -> tuple[DecisionRecord, ...]:
    """Openings that are so many days older than the start."""
    rig = Rig()
    rig.see(passage())
    (record,) = rig.record.records
    return tuple(replace(record, now=START.now - timedelta(days=days)) for days in ago)


def test_a_decision_dated_ahead_keeps_the_gate_shut_for_a_day_and_says_what_helps() -> None:
    rig = Rig(history=recorded(-30))
    shut = rig.see(passage("XY999ZZ", 2))
    assert (shut.action, shut.reason) == (Action.DENY, Reason.CLOCK_JUMP)
    assert "2026-12-23 12:00 UTC" in shut.detail
    assert "set it right" in shut.detail
    assert "move the log (`decisions`) away" in shut.detail
    assert rig.see(passage("XY999ZZ", 3), DAY - 1).reason is Reason.CLOCK_JUMP
    assert rig.see(passage("XY999ZZ", 4), DAY + 1).action is Action.OPEN
    assert rig.openings == 1


def test_openings_of_a_clock_that_was_ahead_hold_nobody_back_once_it_is_known() -> None:
    rig = Rig(history=recorded(-30, 2))
    opened: Decision = rig.see(passage(track=2), 10)
    assert opened.action is Action.OPEN


def set_back(made: WallClock, days: float, after: float) -> bool:
    """Whether the clock is right although it was set back by so many days."""
    moment = START.later(after)
    moment = replace(moment, now=moment.now - timedelta(days=days))
    made.watch(moment)
    return made.objection(POLICY, moment) is None


def test_a_clock_that_is_set_back_is_believed_only_after_a_day() -> None:
    made = clock()
    assert is_right(made, 0)
    assert is_right(made, 100)
    for after in (200, 240, DAY):
        assert not set_back(made, 30, after)
    assert set_back(made, 30, 200 + DAY)
    # It was right before, after all.
    assert not is_right(made, 300 + DAY)
    assert is_right(made, 340 + DAY), "it has settled"
    assert is_right(made, 400 + DAY)
    assert not set_back(made, 30, 500 + DAY)


def test_a_clock_may_be_set_back_by_an_hour_in_all() -> None:
    made = clock()
    assert is_right(made, 0)
    assert is_right(made, 2 * DAY)
    for hours, right in ((0.9, True), (1.1, False), (1.8, False)):
        set_back(made, hours / 24, 2 * DAY + 100 * hours)
        assert set_back(made, hours / 24, 2 * DAY + 100 * hours + 31) == right


def test_a_clock_that_is_put_right_at_once_keeps_nothing_shut() -> None:
    """A board begins ahead, until the network tells the time."""
    made = WallClock(replace(START, now=START.now + timedelta(days=30)))
    assert set_back(made, -30, 1)
    assert set_back(made, -30, 50)
    assert not is_right(made, 55), "it jumped"
    assert is_right(made, 90)


def test_a_clock_that_nobody_has_set_opens_nothing() -> None:
    boot = Moment(0.0, datetime(1970, 1, 1, tzinfo=UTC))
    made = WallClock(boot)
    made.watch(boot.later(100))
    assert made.objection(POLICY, boot.later(100)) == (
        "fail closed",
        "the clock is not set: it shows the year 1970",
    )
    right = Moment(200.0, START.now)
    made.watch(right)
    made.watch(right.later(31))
    assert made.objection(POLICY, right.later(31)) is None


def test_what_has_expired_stays_shut_when_the_clock_is_set_back() -> None:
    old = replace(PLATES.match("AB123CX").exact[0], valid_to=date(2026, 10, 31))
    rig = Rig(plates=PlateList([old], PLATES.confusables))
    assert rig.see(passage()).reason is Reason.EXPIRED
    for track, after in ((2, 200), (3, 260)):
        moment = START.later(after)
        moment = replace(moment, now=moment.now - timedelta(days=30))
        shut = rig.gate.handle(passage(track=track), age=0.1, moment=moment)
        assert (shut.action, shut.reason) == (Action.DENY, Reason.CLOCK_JUMP)
    assert rig.openings == 0
