"""What the settings of all relays share."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lpr.errors import did_you_mean


class StrictTable(BaseModel):
    """A table of a union: unknown keys are refused with a suggestion from the chosen kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key in data:
                if key not in cls.model_fields:
                    hint = did_you_mean(str(key), cls.model_fields)
                    raise ValueError(f"unknown key {key!r}{hint}")
        return data


class PulseSettings(StrictTable):
    """A relay that is closed for a moment."""

    pulse: float = Field(
        default=0.5, gt=0, le=10, description="Seconds for which the relay is closed."
    )
