"""What the gate decides and why: the records. The rules that make them are in `lpr.gate.rules`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What the gate does for a vehicle."""

    OPEN = "open"
    ASK = "ask"
    DENY = "deny"
    IGNORE = "ignore"


class Reason(StrEnum):
    """Why. Stable codes: logs, tests and integrations depend on them."""

    EXACT_MATCH = "exact_match"
    CONFUSABLE_MATCH = "confusable_match"

    NOT_LISTED = "not_listed"
    DENY_LISTED = "deny_listed"
    AMBIGUOUS = "ambiguous"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    OUT_OF_SCHEDULE = "out_of_schedule"
    WRONG_GATE = "wrong_gate"
    WRONG_DIRECTION = "wrong_direction"
    DIRECTION_UNKNOWN = "direction_unknown"
    PASS_USED_UP = "pass_used_up"  # noqa: S105 - a visitor pass
    ALREADY_INSIDE = "already_inside"
    NOT_INSIDE = "not_inside"
    AREA_FULL = "area_full"

    UNREAD = "unread"
    DEPARTED = "departed"
    LOW_PROBABILITY = "low_probability"
    FEW_READINGS = "few_readings"
    STALE_EVIDENCE = "stale_evidence"
    MALFORMED_EVIDENCE = "malformed_evidence"
    SUSPICIOUS = "suspicious"

    DRY_RUN = "dry_run"
    ALREADY_OPENED = "already_opened"
    STILL_PRESENT = "still_present"
    COOL_DOWN = "cool_down"
    RATE_LIMIT = "rate_limit"
    STARTING = "starting"
    CLOCK_JUMP = "clock_jump"

    UNKNOWN_CAMERA = "unknown_camera"
    NOT_RECORDED = "not_recorded"
    ACTUATOR_FAILED = "actuator_failed"
    INTERNAL_ERROR = "internal_error"


class SuspicionKind(StrEnum):
    """What a guard should look at."""

    NOT_REGISTERED = "not_registered"
    WATCH_LISTED = "watch_listed"
    UNKNOWN_FORMAT = "unknown_format"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    ALREADY_INSIDE = "already_inside"
    TEXT_CHANGED = "text_changed"
    REPEATED_NEAR_MISS = "repeated_near_miss"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something about a passage that a guard should know.

    Attributes:
        kind: what.
        detail: one line for people.
    """

    kind: SuspicionKind
    detail: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done for one event, and why.

    Attributes:
        action: open, ask, deny or ignore.
        reason: why, as a code.
        rule: the rule or list entry that made it, for example `plates.csv:3` or
            `policy.min_probability`.
        text: the event's plate text; empty where there is none or it is no plate text.
        detail: one line for people.
        plate: the listed plate that was matched, None where none was.
        would: what the rules said where dry run, cool-down or their like held it back; None where
            nothing was held back.
        pass_key: the visitor pass that this opening uses up by one, None where it uses none.
        suspicions: what a guard should look at.
    """

    action: Action
    reason: Reason
    rule: str
    text: str
    detail: str
    plate: str | None = None
    would: Action | None = None
    pass_key: str | None = None
    suspicions: tuple[Suspicion, ...] = ()
