"""Real-time license plate recognition on a CPU: one right plate per vehicle.

    import lpr

    engine = lpr.build_engine(regions=("DE", "FR"))
    for result in engine.run(lpr.open_source("gate.mp4")):
        for event in result.events:
            print(event.time, event.kind, event.text, event.confidence)

Names are loaded when they are first used, so that `import lpr` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lpr.config import EngineConfig as EngineConfig
    from lpr.config import load_config as load_config
    from lpr.engine import Engine as Engine
    from lpr.errors import ConfigError as ConfigError
    from lpr.errors import LprError as LprError
    from lpr.errors import ModelError as ModelError
    from lpr.errors import OutputError as OutputError
    from lpr.errors import SourceError as SourceError
    from lpr.factory import build_engine as build_engine
    from lpr.factory import build_still_reader as build_still_reader
    from lpr.factory import load_models as load_models
    from lpr.geometry import Quad as Quad
    from lpr.sources import open_source as open_source
    from lpr.sources import read_image as read_image
    from lpr.stills import StillPlate as StillPlate
    from lpr.stills import StillReader as StillReader
    from lpr.types import Detection as Detection
    from lpr.types import EventKind as EventKind
    from lpr.types import Frame as Frame
    from lpr.types import FrameResult as FrameResult
    from lpr.types import PlateEvent as PlateEvent
    from lpr.types import Reading as Reading
    from lpr.types import Track as Track
    from lpr.types import UnreadReason as UnreadReason

__version__ = "0.1.0"

_HOMES = {
    "ConfigError": "errors",
    "Detection": "types",
    "Engine": "engine",
    "EngineConfig": "config",
    "EventKind": "types",
    "Frame": "types",
    "FrameResult": "types",
    "LprError": "errors",
    "ModelError": "errors",
    "OutputError": "errors",
    "PlateEvent": "types",
    "Quad": "geometry",
    "Reading": "types",
    "SourceError": "errors",
    "StillPlate": "stills",
    "StillReader": "stills",
    "Track": "types",
    "UnreadReason": "types",
    "build_engine": "factory",
    "build_still_reader": "factory",
    "load_config": "config",
    "load_models": "factory",
    "open_source": "sources",
    "read_image": "sources",
}

__all__ = [*sorted(_HOMES), "__version__"]


def __getattr__(name: str) -> Any:
    """Load a public name from its module (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'lpr' has no attribute {name!r}")
    value = getattr(import_module(f"lpr.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
