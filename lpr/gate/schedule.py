"""Weekly schedules such as `Mon-Fri 07:00-19:00; Sat 08:00-12:00`, judged in a time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from lpr.errors import ConfigError, GateError, did_you_mean

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAY_SECONDS: Final = 24 * 3600
_MAX_RULES: Final = 64


@dataclass(frozen=True, slots=True)
class Window:
    """One span of one weekday.

    Attributes:
        day: weekday on which it begins, 0 is Monday.
        start: second of that day at which it begins.
        end: second at which it is over; at most `start` where it ends on the next day.
    """

    day: int
    start: int
    end: int

    def covers(self, day: int, second: int) -> bool:
        """Whether it holds at a second of a weekday; the start belongs to it, the end does not."""
        if self.start < self.end:
            return day == self.day and self.start <= second < self.end
        if day == self.day:
            return second >= self.start
        return day == (self.day + 1) % 7 and second < self.end


@dataclass(frozen=True, slots=True)
class Schedule:
    """A week's windows.

    The local wall clock decides: an hour that a change to winter time repeats counts both times, an
    hour that summer time leaves out never comes.

    Attributes:
        windows: when it holds.
        text: as it was written.
    """

    windows: tuple[Window, ...]
    text: str

    def covers(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether it holds at the aware moment `now`, seen in `zone`."""
        local = local_time(now, zone)
        second = local.hour * 3600 + local.minute * 60 + local.second
        return any(window.covers(local.weekday(), second) for window in self.windows)


def parse_schedule(text: str) -> Schedule:
    """Read a weekly schedule.

    Rules are separated by `;`. A rule is days and times: days are `Mon`, `Mon-Fri`, `Sat,Sun` or
    `daily`, times are `07:00-19:00`, several separated by commas. `22:00-06:00` ends on the next
    day, `00:00-24:00` is the whole day.

    >>> len(parse_schedule("Mon-Fri 07:00-19:00; Sat 08:00-12:00").windows)
    6

    Raises:
        ConfigError: it cannot be read.
    """
    rules = [rule.strip() for rule in text.split(";") if rule.strip()]
    if not rules or len(rules) > _MAX_RULES:
        raise ConfigError(f"a schedule needs 1 to {_MAX_RULES} rules such as 'Mon-Fri 07:00-19:00'")
    windows = [window for rule in rules for window in _rule(rule)]
    return Schedule(tuple(windows), "; ".join(rules))


def time_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name such as `Europe/Berlin`.

    Raises:
        ConfigError: there is no such zone.
    """
    zone = _zone(name)
    if isinstance(zone, str):
        raise ConfigError(zone)
    return zone


# Wrong names are remembered, too: a list may hold one in each of its lines.
@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | str:
    """The time zone of a name, or what is wrong with the name."""
    known = _zone_names()
    if name not in known:
        return f"{name!r} is no time zone{did_you_mean(name, known)}"
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    """The names of all zones: to find them the system's folders are searched."""
    return frozenset(available_timezones())


def local_time(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the aware moment `now` on the wall clock of `zone`.

    Raises:
        GateError: `now` has no time zone.
    """
    check_aware(now)
    return now.astimezone(zone)


def check_aware(now: datetime) -> None:
    """Refuse a moment that may mean any of several instants.

    Raises:
        GateError: `now` has no time zone.
    """
    if now.tzinfo is None or now.utcoffset() is None:
        raise GateError("the wall clock has no time zone; pass an aware datetime")


def _rule(rule: str) -> list[Window]:
    days_text, _, times_text = rule.partition(" ")
    days = _days(days_text.lower())
    spans = [_span(part.strip(), rule) for part in times_text.split(",")]
    return [Window(day, start, end) for day in days for start, end in spans]


def _days(text: str) -> list[int]:
    if text == "daily":
        return list(range(7))
    days: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        start, end = _day(first), _day(last if dash else first)
        days.extend((start + step) % 7 for step in range((end - start) % 7 + 1))
    return days


def _day(name: str) -> int:
    if name[:3] in DAYS and name in (name[:3], _FULL_DAYS[name[:3]]):
        return DAYS.index(name[:3])
    hint = did_you_mean(name, (*DAYS, *_FULL_DAYS.values(), "daily"))
    raise ConfigError(f"{name!r} is no weekday{hint}; write Mon, Tue, ... Sun or daily")


_FULL_DAYS: Final = dict(
    zip(
        DAYS,
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        strict=True,
    )
)


def _span(text: str, rule: str) -> tuple[int, int]:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ConfigError(f"{text!r} in {rule!r} is no time span; write 07:00-19:00")
    hours, minutes, end_hours, end_minutes = (int(part) for part in found.groups())
    start, end = hours * 3600 + minutes * 60, end_hours * 3600 + end_minutes * 60
    if start >= _DAY_SECONDS or end > _DAY_SECONDS or start == end:
        raise ConfigError(f"{text!r} in {rule!r} is empty or beyond the day; write 07:00-19:00")
    return start, end
