"""A camera of a site: where its pictures come from, and how it tells the direction."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, model_validator

from lpr.gate.direction import Direction, border_from_points
from lpr.gate.section import Name, Section
from lpr.geometry import Point
from lpr.roi import Roi
from lpr.secret import read_secret


class CameraSettings(Section):
    """A camera that watches a gate."""

    name: Name = Field(description="Name of the camera, as in its events.")
    source: str | None = Field(
        default=None,
        description=(
            "Address of its pictures (rtsp://, http://, a webcam's number), without credentials; "
            "`lpr gate run` needs it."
        ),
    )
    username: str = Field(default="", description="User name of the camera.")
    password_env: str | None = Field(
        default=None, description="Environment variable that holds the camera's password."
    )
    password_file: Path | None = Field(
        default=None, description="File that holds it, relative to this file."
    )
    transport: Literal["tcp", "udp"] = Field(
        default="tcp", description="How RTSP carries the pictures."
    )
    timeout: float = Field(
        default=10.0,
        ge=1,
        le=120,
        description="Seconds without a picture after which the camera counts as lost.",
    )
    replay: Literal["once", "loop"] | None = Field(
        default=None,
        description="Plays a recording as if it were live, for trials; such a gate is never armed.",
    )
    roi: Roi | None = Field(
        default=None,
        description=(
            "Region of interest: left, top, right, bottom in frame pixels; nothing else is looked "
            "at."
        ),
    )
    motion_gate: bool = Field(
        default=True, description="Looks at few pictures only while nothing moves."
    )
    look_every: float = Field(
        default=3.0,
        gt=0,
        le=30,
        description="Seconds between two looks while nothing moves and nothing is followed.",
    )
    direction: Direction | None = Field(
        default=None,
        description="The one way that vehicles go here; unset where both are possible.",
    )
    line: tuple[Point, Point] | None = Field(
        default=None,
        description=(
            "Two points in frame pixels; crossing to the right-hand side of the way from the first "
            "to the second is in."
        ),
    )
    zone: tuple[Point, ...] | None = Field(
        default=None,
        description="Corners in frame pixels; coming into the zone is in, leaving it is out.",
    )
    hysteresis: float = Field(
        default=0.5,
        ge=0,
        le=10,
        description="Plate heights from line or zone before a side counts.",
    )

    @model_validator(mode="after")
    def _check_border(self) -> Self:
        given = [name for name in ("direction", "line", "zone") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {' and '.join(given)}, not both")
        border_from_points(self.line, self.zone)
        return self

    @model_validator(mode="after")
    def _check_source(self) -> Self:
        host = urlsplit(self.source).netloc if self.source and "://" in self.source else ""
        if "@" in host:
            raise ValueError(
                "source must not hold credentials; use username and password_env or password_file"
            )
        secret = self.password_env is not None or self.password_file is not None
        if bool(self.username) != secret:
            raise ValueError("username goes with password_env or password_file")
        if self.username and not host:
            raise ValueError("username needs a source with a host: rtsp:// or http://")
        return self

    @property
    def directions(self) -> frozenset[Direction]:
        """The directions that this camera can report."""
        if self.direction is not None:
            return frozenset((self.direction,))
        bordered = self.line is not None or self.zone is not None
        return frozenset(Direction) if bordered else frozenset()

    def address(self) -> str:
        """Return where the pictures come from, with the credentials: never show it.

        Raises:
            ConfigError: there is no source, or the password is missing.
        """
        source = self.source or ""
        if not self.username:
            return source
        what = f"camera {self.name!r}: password"
        password = read_secret(self.password_env, self.password_file, what)
        scheme, rest = source.split("://", 1)
        return f"{scheme}://{quote(self.username, safe='')}:{quote(password, safe='')}@{rest}"
