from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NoReturn
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpr.errors import ConfigError, GateError
from lpr.gate import schedule
from lpr.gate.schedule import parse_schedule, time_zone

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("Mon-Fri 07:00-19:00", 5),
        ("Mon-Fri 07:00-19:00; Sat 08:00-12:00", 6),
        ("Fri-Mon 00:00-24:00", 4),
        ("daily 07:00-08:00, 18:00-19:00", 14),
        ("monday,Wed 07:00-19:00;", 2),
        ("sun 22:00-06:00", 1),
    ],
)
def test_rules_are_read(text: str, windows: int) -> None:
    assert len(parse_schedule(text).windows) == windows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs 1 to 64 rules"),
        ("Mo-Fr 07:00-19:00", "'mo' is no weekday"),
        ("mondya 07:00-19:00", "did you mean 'monday'"),
        ("Mon", "no time span"),
        ("Mon 7-19", "no time span"),
        ("Mon 07:00-07:00", "empty or beyond"),
        ("Mon 24:00-07:00", "empty or beyond"),
        ("Mon 07:00-24:01", "empty or beyond"),
        ("Mon 07:60-08:00", "no time span"),
        (";".join(["daily 07:00-08:00"] * 65), "1 to 64"),
    ],
)
def test_wrong_rules_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_schedule(text)


def test_start_belongs_to_a_window_and_end_does_not() -> None:
    hours = parse_schedule("Mon 07:00-19:00")
    assert hours.covers(utc("2026-11-23T06:00:00"), BERLIN)
    assert not hours.covers(utc("2026-11-23T05:59:59"), BERLIN)
    assert hours.covers(utc("2026-11-23T17:59:59"), BERLIN)
    assert not hours.covers(utc("2026-11-23T18:00:00"), BERLIN)


def test_a_night_window_ends_on_the_next_day() -> None:
    night = parse_schedule("Sun 22:00-06:00")
    utc_zone = ZoneInfo("UTC")
    assert night.covers(utc("2026-11-22T23:00:00"), utc_zone)
    assert night.covers(utc("2026-11-23T05:59:59"), utc_zone)
    assert not night.covers(utc("2026-11-23T06:00:00"), utc_zone)
    assert not night.covers(utc("2026-11-22T05:00:00"), utc_zone), "Saturday night was not given"


def test_the_local_weekday_counts() -> None:
    # Monday 00:30 in Auckland is still Sunday in UTC.
    monday = parse_schedule("Mon 00:00-01:00")
    assert monday.covers(utc("2026-11-22T11:30:00"), ZoneInfo("Pacific/Auckland"))
    assert not monday.covers(utc("2026-11-22T11:30:00"), ZoneInfo("UTC"))


def test_an_hour_that_winter_time_repeats_counts_twice() -> None:
    # Europe/Berlin, 2026-10-25: 02:00-03:00 comes twice.
    early = parse_schedule("Sun 02:00-03:00")
    covered = [
        utc("2026-10-25T00:00:00") + timedelta(minutes=step)
        for step in range(24 * 60)
        if early.covers(utc("2026-10-25T00:00:00") + timedelta(minutes=step), BERLIN)
    ]
    assert len(covered) == 120
    assert covered[0] == utc("2026-10-25T00:00:00")
    assert covered[-1] == utc("2026-10-25T01:59:00")


def test_an_hour_that_summer_time_leaves_out_never_comes() -> None:
    # Europe/Berlin, 2026-03-29: 02:00-03:00 does not exist.
    gap = parse_schedule("Sun 02:00-03:00")
    start = utc("2026-03-28T23:00:00")
    assert not any(gap.covers(start + timedelta(minutes=step), BERLIN) for step in range(23 * 60))
    around = parse_schedule("Sun 01:30-03:30")
    minutes = sum(around.covers(start + timedelta(minutes=step), BERLIN) for step in range(23 * 60))
    assert minutes == 60


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_the_whole_week_always_covers(naive: datetime, zone: str) -> None:
    moment = naive.replace(tzinfo=UTC)
    assert parse_schedule("daily 00:00-24:00").covers(moment, ZoneInfo(zone))
    day, night = parse_schedule("daily 06:00-22:00"), parse_schedule("daily 22:00-06:00")
    assert day.covers(moment, ZoneInfo(zone)) != night.covers(moment, ZoneInfo(zone))


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(GateError, match="no time zone"):
        parse_schedule("daily 00:00-24:00").covers(datetime(2026, 1, 1), BERLIN)


def test_a_wrong_zone_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as first:
        time_zone("CET+1")

    def looked(*what: object) -> NoReturn:
        raise AssertionError(what)

    monkeypatch.setattr(schedule, "available_timezones", looked)
    with pytest.raises(ConfigError, match=r"'Mars/Olympus' is no time zone"):
        time_zone("Mars/Olympus")
    monkeypatch.setattr(schedule, "did_you_mean", looked)
    with pytest.raises(ConfigError) as again:
        time_zone("CET+1")
    assert str(again.value) == str(first.value)


def test_zones_are_checked_with_a_suggestion() -> None:
    assert time_zone("Europe/Berlin").key == "Europe/Berlin"
    with pytest.raises(ConfigError, match="did you mean 'Europe/Berlin'"):
        time_zone("Europe/Berln")
    with pytest.raises(ConfigError):
        time_zone("../../etc/passwd")
