"""The whole engine's configuration: TOML in, one checked record out."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from lpr.formats.registry import load_region
from lpr.registry import DEFAULT_CORNERS, DEFAULT_DETECTOR, DEFAULT_RECOGNIZER
from lpr.roi import Roi
from lpr.settings import load_settings
from lpr.track.options import TrackerOptions
from lpr.vote.options import VoterOptions


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class DetectorConfig(_Section):
    """`[detector]`."""

    model: str = DEFAULT_DETECTOR
    """Name of a model, or the path of its folder."""
    score_threshold: float | None = Field(default=None, ge=0.01, le=0.99)
    """Least score of a plate; by default the one that the model's manifest recommends."""
    far: bool = True
    """Look for far plates at native scale in one part of a large picture per frame."""


class CornersConfig(_Section):
    """`[corners]`."""

    model: str = DEFAULT_CORNERS
    """Name of a model, or the path of its folder."""
    looks: int = Field(default=2, ge=0, le=4)
    """How often a plate's corners are corrected before it is read; 0 trusts the detector's."""


class RecognizerConfig(_Section):
    """`[recognizer]`."""

    model: str = DEFAULT_RECOGNIZER
    """Name of a model, or the path of its folder."""
    fuse_looks: bool = True
    """Read also what the looks at a vehicle's plate make together: it is read from farther away."""


class EngineConfig(_Section):
    """Everything that can be set about an engine; every key is optional."""

    regions: tuple[str, ...] = ()
    """Countries whose plates are expected (ISO 3166 alpha-2), as a prior; none means all alike."""
    threads: int = Field(default=1, ge=1, le=64)
    """Threads of each network."""
    max_reads: int = Field(default=4, ge=1, le=64)
    """Looks read per frame at most; each may bring a picture of several looks."""
    roi: Roi | None = None
    """Left, top, right, bottom of what is looked at, frame pixels; single pictures are whole."""
    detector: DetectorConfig = DetectorConfig()
    corners: CornersConfig = CornersConfig()
    recognizer: RecognizerConfig = RecognizerConfig()
    tracker: TrackerOptions = TrackerOptions()
    voter: VoterOptions = VoterOptions()

    @field_validator("regions")
    @classmethod
    def _known_regions(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(load_region(code).code for code in codes))


def load_config(path: str | Path) -> EngineConfig:
    """Read an engine's configuration from a TOML file.

    Raises:
        ConfigError: the file cannot be read, or a key or value is wrong; the message names it.
    """
    return load_settings(Path(path), EngineConfig)
