"""What a worker is told when it starts: one JSON object through its standard input."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from lpr.config import EngineConfig
from lpr.errors import ConfigError
from lpr.gate.camera_settings import CameraSettings
from lpr.sources.address import Address, names_webcam, parse_address, scheme_of
from lpr.sources.transport import Body


@dataclass(frozen=True, slots=True, repr=False)
class WorkerSetup:
    """One camera and how to look at it. Holds credentials: never show it.

    Attributes:
        camera: the camera's name.
        address: where its pictures come from.
        engine: the engine's configuration.
        transport: how RTSP carries the pictures.
        timeout: seconds without a picture after which the camera counts as lost.
        replay: "once" or "loop" for a recording that is played as if it were live.
        motion_gate: whether still pictures are held back.
        look_every: seconds between two looks at a still picture.
    """

    camera: str
    address: str
    engine: EngineConfig
    transport: str
    timeout: float
    replay: str | None
    motion_gate: bool
    look_every: float

    def to_body(self) -> Body:
        """Return it as a message's body."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        data = {**fields, "engine": self.engine.model_dump(mode="json")}
        return np.frombuffer(json.dumps(data).encode(), np.uint8)

    @classmethod
    def from_body(cls, body: Body) -> WorkerSetup:
        """Read it back."""
        data: dict[str, Any] = json.loads(body.tobytes())
        engine = EngineConfig.model_validate(data.pop("engine"))
        return cls(**data, engine=engine)


def worker_setup(camera: CameraSettings, engine: EngineConfig) -> WorkerSetup:
    """Return what the worker of a camera is told; every network gets one thread.

    Args:
        camera: the camera.
        engine: its engine's configuration: one of `camera_engines`.

    Raises:
        ConfigError: the camera's password is missing.
    """
    return WorkerSetup(
        camera=camera.name,
        address=camera.address(),
        engine=engine.model_copy(update={"threads": 1}),
        transport=camera.transport,
        timeout=camera.timeout,
        replay=camera.replay,
        motion_gate=camera.motion_gate,
        look_every=camera.look_every,
    )


def live_address(source: str) -> Address:
    """Return what the source of a camera without `replay` names.

    Raises:
        ConfigError: it is a file or a folder, whether there is one or not.
        SourceError: the address is none.
    """
    if scheme_of(source) in (None, "file") and not names_webcam(source):
        raise ConfigError(f'{source}: is no camera; replay = "loop" plays recordings')
    return parse_address(source)
