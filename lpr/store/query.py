"""What is looked for: a record that needs no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from lpr.errors import ConfigError
from lpr.store.records import MAX_TEXT
from lpr.types import EventKind

MAX_RESULTS: Final = 10_000
_ACTIONS: Final = ("open", "ask", "deny", "ignore")


class Match(StrEnum):
    """How a text is looked for."""

    EXACT = "exact"
    PREFIX = "prefix"
    WILDCARD = "wildcard"


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is looked for; what is not given matches everything.

    Attributes:
        text: the plate text as the reader writes it (capitals, no separators), its beginning, or a
            pattern; None matches every event. Unread, erased and pseudonymous events have an empty
            text; pseudonyms are found by exact text only.
        match: exact, prefix, or wildcard (`*` is any text, `?` is one character).
        folded: take characters that a reader confuses (0 and O, 8 and B) for each other, and
            umlauts with and without their dots.
        since: wall clock from which on, aware.
        until: wall clock before which, aware.
        camera: name of the camera.
        kind: kind of the event.
        action: what a gate decided for the passage: open, ask, deny or ignore.
        limit: events to return at most, 1 to 10,000; the newest come first.
        skip: events to leave out at the start.
    """

    text: str | None = None
    match: Match = Match.EXACT
    folded: bool = False
    since: datetime | None = None
    until: datetime | None = None
    camera: str | None = None
    kind: EventKind | None = None
    action: str | None = None
    limit: int = 100
    skip: int = 0

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ConfigError: one is out of range.
        """
        if self.text is not None and len(self.text) > MAX_TEXT:
            raise ConfigError(f"text: {len(self.text)} characters; {MAX_TEXT} are allowed")
        if not 1 <= self.limit <= MAX_RESULTS:
            raise ConfigError(f"limit: {self.limit} is not within 1 to {MAX_RESULTS}")
        if self.skip < 0:
            raise ConfigError(f"skip: {self.skip} is less than 0")
        # It goes into the audit log, which holds no plates.
        if self.action is not None and self.action not in _ACTIONS:
            raise ConfigError(f"action: is none of {', '.join(_ACTIONS)}")
        for name, moment in (("since", self.since), ("until", self.until)):
            if moment is not None and moment.tzinfo is None:
                raise ConfigError(f"{name}: {moment} needs a time zone")
