"""What a model says of itself: the `manifest.toml` beside `model.onnx`."""

from __future__ import annotations

import math
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lpr.errors import ModelIntegrityError
from lpr.types import Layout

MANIFEST: Final = "manifest.toml"
"""Its name in a model's folder."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainingSet(_Section):
    """One set of pictures that trained the model."""

    name: str
    licence: str
    pictures: int = Field(ge=0)


class InputSpec(_Section):
    """The network's one input."""

    name: str
    shape: tuple[int, int, int, int]
    """In the order of `layout`; 0 stands for a free batch size."""
    layout: Layout = "nchw"
    colour: Literal["bgr", "rgb", "gray"]
    mean: float
    scale: float
    """The network sees (pixel - mean) * scale."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures, pixels."""
        rows, columns = self.shape[2:] if self.layout == "nchw" else self.shape[1:3]
        return columns, rows


class ModelManifest(_Section):
    """Everything needed to check and use a model file."""

    name: str
    version: str
    task: Literal["detector", "corners", "recognizer"]
    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    licence: str
    input: InputSpec
    outputs: tuple[str, ...]
    alphabet: str = ""
    """The recognizer's characters; the CTC blank is the class behind the last of them."""
    temperature: float = Field(default=1.0, gt=0)
    """Fitted after training: logits are divided by it before they become probabilities."""
    score_threshold: float = Field(default=0.5, ge=0, le=1)
    calibration: tuple[tuple[float, float], ...] = ()
    """Knots (raw, calibrated) of a rising piecewise linear map of the model's score."""
    training: tuple[TrainingSet, ...] = ()
    synthetic_share: float = Field(default=0.0, ge=0, le=1)
    metrics: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _layout_fits(self) -> ModelManifest:
        if self.input.layout == "nhwc" and self.task != "detector":
            raise ValueError(f"input.layout: a {self.task} takes nchw, only detectors take nhwc")
        return self

    @model_validator(mode="after")
    def _numbers_make_sense(self) -> ModelManifest:
        numbers = (self.input.mean, self.input.scale, self.temperature)
        if not all(map(math.isfinite, numbers)) or self.input.scale == 0:
            raise ValueError("mean, scale and temperature must be finite, and scale not 0")
        raw = [knot[0] for knot in self.calibration]
        right = [knot[1] for knot in self.calibration]
        rising = all(a < b for a, b in pairwise(raw)) and all(a <= b for a, b in pairwise(right))
        if not rising or not all(0 <= share <= 1 for share in (*raw, *right)):
            raise ValueError("calibration: its knots must rise and lie between 0 and 1")
        fed = "bgr" if self.task == "detector" else "gray"
        if self.input.colour != fed:
            raise ValueError(f"input.colour: a {self.task} is fed {fed}, not {self.input.colour}")
        return self


def load_manifest(folder: Path) -> ModelManifest:
    """Read and check `folder/manifest.toml`.

    Raises:
        ModelIntegrityError: the file is missing, is no TOML, or has a wrong or missing key.
    """
    path = folder / MANIFEST
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelIntegrityError(f"{path}: cannot be read as a model manifest: {error}") from error
    try:
        return ModelManifest.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelIntegrityError(f"{path}: {where}: {first['msg']}") from error
