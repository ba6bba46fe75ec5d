"""The numbers that the rules act on, each with its default."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lpr.gate.decision import Action, SuspicionKind

Refusal = Literal["ask", "deny"]
Concern = Literal["note", "ask", "deny"]


class SuspicionPolicy(BaseModel):
    """What each suspicion does to an opening: `note` lets it pass, `ask` and `deny` stop it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    watch_listed: Concern = Field(default="note", description="The plate is on the watch list.")
    unknown_format: Concern = Field(
        default="note", description="The text fits no known plate format."
    )
    impossible_travel: Concern = Field(
        default="ask", description="Seen at another gate closer in time than travel allows."
    )
    already_inside: Concern = Field(
        default="ask",
        description="The plate comes in although it is inside: a clone or a missed exit.",
    )
    text_changed: Concern = Field(
        default="ask", description="The track said an entirely different plate before."
    )

    def action(self, kind: SuspicionKind) -> Action | None:
        """What a suspicion turns an opening into; None where it is only noted."""
        # Unlisted plates never open, so these two kinds have nothing to stop.
        if kind in (SuspicionKind.NOT_REGISTERED, SuspicionKind.REPEATED_NEAR_MISS):
            return None
        concern: Concern = getattr(self, kind.value)
        return None if concern == "note" else Action(concern)


class GatePolicy(BaseModel):
    """When a gate opens. Every number has a safe default."""

    # Strict: `min_agreeing = true` is not 1.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    min_probability: float = Field(
        default=0.98, gt=0, le=1, description="Calibrated probability of the whole text, at least."
    )
    min_agreeing: int = Field(
        default=3, ge=1, description="Readings that say exactly this text, at least."
    )
    max_evidence_age: float = Field(
        default=2.0, gt=0, le=30, description="Seconds from the frame to the decision, at most."
    )
    confusable_match: Literal["never", "only_plate", "only_entry"] = Field(
        default="only_plate",
        description=(
            "When a text that differs in confusable characters opens: never; where the entry is "
            "the only plate of the known formats that the text can be, and text and plate together "
            "are sure enough for min_probability; or where it is the only entry of "
            "the list that it can be (an unlisted plate that looks alike opens then)."
        ),
    )
    on_not_listed: Refusal = Field(default="ask", description="What an unlisted plate gets.")
    on_unread: Literal["ask", "deny", "ignore"] = Field(
        default="ask", description="What a vehicle gets whose plate was not read."
    )
    on_not_permitted: Refusal = Field(
        default="ask", description="What a listed plate gets out of hours, place, direction or use."
    )

    cool_down: float = Field(
        default=3.0,
        ge=0,
        le=3600,
        description="Seconds between two openings of one gate, at least.",
    )
    plate_cool_down: float = Field(
        default=60.0,
        ge=0,
        le=86400,
        description="Seconds out of sight before a plate that opened a gate opens it again.",
    )
    retry_for: float = Field(
        default=10.0,
        ge=0,
        le=60,
        description=(
            "Seconds for which a verdict that came in a cool-down is tried again while its plate "
            "stays in view; one that lacked only the direction, until the plate was out of view "
            "for as long."
        ),
    )
    wait_for: float = Field(
        default=60.0,
        ge=0,
        le=3600,
        description=(
            "Seconds for which a refused vehicle may stand in view until its hours begin, the "
            "area has room, the lists know it or a limit of openings is past; 0 has it come again."
        ),
    )
    max_per_minute: int = Field(default=10, ge=1, description="Openings of one gate in a minute.")
    max_per_hour: int = Field(default=120, ge=1, description="Openings of one gate in an hour.")
    max_plate_per_hour: int = Field(
        default=12, ge=1, description="Openings of one gate for one plate in an hour."
    )
    start_hold: float = Field(
        default=5.0,
        ge=0,
        le=600,
        description="Seconds after a start; a vehicle first seen before they are over never opens.",
    )
    max_clock_jump: float = Field(
        default=2.0, gt=0, le=60, description="Seconds by which the wall clock may step unnoticed."
    )
    clock_settle: float = Field(
        default=30.0, ge=0, le=3600, description="Seconds without openings after a clock jump."
    )

    anti_passback: bool = Field(
        default=False, description="Comes in only who is outside, goes out only who is inside."
    )
    near_miss_count: int = Field(
        default=3, ge=2, description="Near misses of one entry before a guard is told."
    )
    near_miss_window: float = Field(
        default=3600.0, gt=0, le=604800, description="Seconds in which near misses are counted."
    )
    suspicions: SuspicionPolicy = Field(
        default=SuspicionPolicy(), description="What each suspicion does to an opening."
    )

    @model_validator(mode="after")
    def _check_retry(self) -> Self:
        if 0 < self.retry_for <= self.cool_down:
            raise ValueError(
                f"retry_for ({self.retry_for:g} s) ends before cool_down ({self.cool_down:g} s): "
                "who comes in it would never be tried again; 0 says so"
            )
        return self

    @model_validator(mode="after")
    def _check_rates(self) -> Self:
        if self.max_per_hour < self.max_per_minute:
            raise ValueError("max_per_hour is less than max_per_minute")
        return self
