"""What can be set about a training run of the recognizer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lpr.registry import DEFAULT_RECOGNIZER
from lpr.train.recognizer_augment import AugmentStrength
from lpr.train.recognizer_steps import LoopOptions

SHIPPED: Final = "shipped"


@dataclass(frozen=True, slots=True)
class RecognizerTrainOptions:
    """One training run.

    Attributes:
        out: model folder to write; the checkpoint lies beside the model.
        data: folders of labelled crops (`labels.jsonl`), train split for training, val for figures.
        transcribed: file of transcriptions of plates in `scenes`, None for none.
        scenes: folder of scenes that `transcribed` names.
        loop: how long and how fast.
        init_from: None for random weights, `shipped`, a model's name, or a model folder.
        resume: go on from the checkpoint in `out` where there is one.
        rendered: number of rendered plates to have in the cache; 0 trains on real crops alone.
        rendered_share: share of rendered plates in a batch.
        cache: folder of rendered plates; by default inside `out`.
        negatives: folder of pictures without plates, None for none.
        regions: region codes to render; None means all.
        keep: how firmly a run with `init_from` holds on to what that model reads right, see
            `lpr.train.recognizer_keep`; 0 for not at all.
        blank_share: share of crops without legible text.
        strength: how bad crops may be.
        name: name of the model.
        version: version of the model.
        licence: SPDX identifier of the result.
    """

    out: Path
    data: tuple[Path, ...]
    loop: LoopOptions
    transcribed: Path | None = None
    scenes: Path | None = None
    init_from: str | None = None
    resume: bool = True
    rendered: int = 100_000
    rendered_share: float = 0.5
    cache: Path | None = None
    negatives: Path | None = None
    regions: tuple[str, ...] | None = None
    keep: float = 1.0
    blank_share: float = 0.03
    strength: AugmentStrength = field(default_factory=AugmentStrength)
    name: str = DEFAULT_RECOGNIZER
    version: str = "1"
    licence: str = "Apache-2.0"

    @property
    def start(self) -> str | None:
        """The name or folder of the model to start from; None for random weights."""
        return DEFAULT_RECOGNIZER if self.init_from == SHIPPED else self.init_from

    @property
    def cache_folder(self) -> Path:
        """Where the rendered plates are."""
        return self.cache or self.out / "rendered"
