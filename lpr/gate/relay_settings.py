"""What the settings of all relays share."""

from __future__ import annotations

from pydantic import Field

from lpr.settings import StrictTable


class PulseSettings(StrictTable):
    """A relay that is closed for a moment."""

    pulse: float = Field(
        default=0.5, gt=0, le=10, description="Seconds for which the relay is closed."
    )
