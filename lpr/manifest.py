"""What a model says of itself: the `manifest.toml` beside `model.onnx`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lpr.errors import ModelIntegrityError
from lpr.types import Layout


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


def load_manifest(folder: Path) -> ModelManifest:
    """Read and check `folder/manifest.toml`.

    Raises:
        ModelIntegrityError: the file is missing, is no TOML, or has a wrong or missing key.
    """
    path = folder / "manifest.toml"
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
