"""What the tables of `gate.toml` share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""A name that may stand in file names, topics and addresses."""


class Section(BaseModel):
    """A table: unknown keys are refused, and nothing changes after it was checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)
