"""What the tables of `gate.toml` share."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


def _checked(name: str) -> str:
    if not re.fullmatch(_NAME, name):
        raise ValueError(
            f"{name!r} is no name: it has letters from A to Z, digits, hyphens and underscores, "
            "64 at most, and begins with a letter or a digit"
        )
    return name


Name = Annotated[str, AfterValidator(_checked), Field(json_schema_extra={"pattern": _NAME})]
"""A name that may stand in file names, topics and addresses."""


class Section(BaseModel):
    """A table: unknown keys are refused, and nothing changes after it was checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)
