"""What is wrong with a command line, beyond what its options check by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo

from lpr.errors import LprError, did_you_mean


class UsageError(LprError):
    """An option's value cannot be what is meant: exit code 2."""


def given_time(option: str, text: str, zone: tzinfo | None) -> datetime:
    """The moment that an option names; without an offset it is one in `zone`.

    Args:
        option: its name.
        text: its value.
        zone: None for the machine's local time.

    Raises:
        UsageError: it is no ISO 8601 time.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
        # Local time at the ends of the calendar has no moment.
        return moment.astimezone() if zone is None else moment.replace(tzinfo=zone)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option} {text!r}: is no ISO 8601 time: 2026-11-22T08:00") from error


def one_of(option: str, name: str, known: Iterable[str]) -> str:
    """The value of an option that takes a few words only.

    Raises:
        UsageError: it is none of them.
    """
    known = [str(one) for one in known]
    if name not in known:
        hint = did_you_mean(name, known) or f"; known: {', '.join(known)}"
        raise UsageError(f"{option}: there is no {name!r}{hint}")
    return name
