"""Training the reader: from nothing, from a checkpoint, or fine-tuned from a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch

from lpr.errors import TrainingError
from lpr.imaging import recognizer_input
from lpr.recognize.alphabet import PLATE_CHARACTERS, Alphabet
from lpr.registry import DEFAULT_RECOGNIZER, find_model
from lpr.synth.fonts import FontBook
from lpr.train.backgrounds import grey_pictures
from lpr.train.detector_data import EVALUATION_ONLY
from lpr.train.ema import WeightAverage
from lpr.train.recognizer_augment import AugmentStrength
from lpr.train.recognizer_batches import BatchMaker
from lpr.train.recognizer_data import (
    PATCH_HEIGHT,
    PATCH_WIDTH,
    CropLabel,
    Grey,
    RenderedCache,
    read_labels,
    render_shard,
    served_crop,
)
from lpr.train.recognizer_elsewhere import ELSEWHERE, Elsewhere, render_elsewhere
from lpr.train.recognizer_export import (
    WEIGHTS,
    RecognizerCard,
    export_recognizer,
    load_weights,
    save_weights,
)
from lpr.train.recognizer_glyphs import GlyphPainter
from lpr.train.recognizer_input import MEAN, SCALE
from lpr.train.recognizer_keep import Keeper
from lpr.train.recognizer_letters import LetterPainter
from lpr.train.recognizer_net import HEIGHT, WIDTH, RecognizerNet
from lpr.train.recognizer_patches import (
    LEFT_OUT,
    shipped_helpers,
    training_rows,
    weighted_patches,
)
from lpr.train.recognizer_score import (
    ScoredCrops,
    calibration_error,
    confidences,
    fit_temperature,
    score_crops,
)
from lpr.train.recognizer_steps import (
    LoopOptions,
    Progress,
    TrainingState,
    make_optimiser,
    new_state,
    restore_state,
    run_steps,
    store_state,
    write_history,
)
from lpr.train.recognizer_team import Team, train_together
from lpr.train.recognizer_transcribed import read_transcribed

SHIPPED: Final = "shipped"
CHECKPOINT: Final = "checkpoint.pt"
START: Final = "start.npz"
"""Beside the checkpoint: the weights that a fine-tuning began with."""
SET_LICENCES: Final[Mapping[str, str]] = {
    "mixed-openlpr": "Apache-2.0",
    "us-uk-ph-cjsantos": "CC-BY-4.0",
    "ro-night": "MIT",
    "ar-ankandrew": "MIT",
    "cn-lprnet": "Apache-2.0",
    "cn-ccpd-mini": "MIT",
    "kr-cvlab": "Apache-2.0",
    "kr-cvlab-rect": "Apache-2.0",
    "scenes/mixed-openlpr": "Apache-2.0",
    "scenes/us-uk-ph-cjsantos": "CC-BY-4.0",
    "scenes/ro-night": "MIT",
    "scenes/india-moto-helmet": "CC-BY-4.0",
}
"""Licences of the known sets; others count as the user's own."""
FINE_TUNING_RATE: Final = 0.2
"""Fine-tuning learns at this share of the rate, so that it keeps what the model knows."""
_SHARD = 2000
_UNKNOWN_SHARE = 0.09
"""Share, in shards of all countries, of plates to which the answer is to be no text."""
_OWN_SHARDS: Final[Mapping[int, tuple[str, int | None]]] = {
    3: ("kr", None),
    6: ("cn", None),
    10: ("kr", None),
    13: ("cn", None),
    15: ("cn", 2),
    17: ("kr", None),
    19: ("ae", None),
}
"""Of each twenty shards these go to one country, or to its plates of so many rows: its characters
or layouts occur nowhere else, and in a fair draw of all countries too rarely to be learned."""


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


def train_recognizer(
    options: RecognizerTrainOptions,
    on_progress: Callable[[Progress], None] | None = None,
    on_render: Callable[[int, int], None] | None = None,
) -> Path:
    """Train, export and check a recognizer.

    Args:
        options: what and how.
        on_progress: called every 50 steps.
        on_render: called with plates rendered and wanted, while the cache is filled.

    Returns:
        The model folder: `model.onnx`, `manifest.toml`, `weights.npz` and `history.jsonl`.

    Raises:
        TrainingError: no data, a broken label, a diverged loss, a disagreement of torch and ONNX.
        ConfigError: fonts for rendering are missing.
        ModelNotFoundError: the model to start from is unknown.
    """
    labels = _labels(options)
    loop = options.loop
    if options.init_from is not None:
        loop = replace(loop, rate=loop.rate * FINE_TUNING_RATE)
    state = _start(options, loop)
    share = _rendered_share(options, labels, state.alphabet)
    elsewhere = render_elsewhere(state.alphabet) if options.init_from is not None else None
    before = _validate(_averaged(state), state.alphabet, labels, elsewhere)
    if share > 0:
        render_cache(
            _cache_folder(options),
            options.rendered,
            loop.seed,
            alphabet=state.alphabet,
            backgrounds=_empty(options),
            regions=options.regions,
            on_render=on_render,
        )
    options.out.mkdir(parents=True, exist_ok=True)
    if state.step == 0:
        _remember_start(options, state)
    store_state(options.out / CHECKPOINT, state)
    train_together(loop.processes, _learn, (options, loop), on_progress)
    state = restore_state(options.out / CHECKPOINT, loop)
    write_history(options.out / "history.jsonl", state.history)
    after = _validate(_averaged(state), state.alphabet, labels, elsewhere)
    return _export(options, state, labels, before, after, share)


def _learn(
    team: Team,
    on_progress: Callable[[Progress], None] | None,
    options: RecognizerTrainOptions,
    loop: LoopOptions,
) -> None:
    """One process's part of a run: from the checkpoint in `out` to the one at the end."""
    torch.set_num_threads(loop.threads)
    state = restore_state(options.out / CHECKPOINT, loop)
    aligner, refiner = shipped_helpers(state.alphabet)
    book = FontBook.installed()
    painter = None if book is None else GlyphPainter(book, state.alphabet)
    letterer = None if book is None else LetterPainter(book, state.alphabet)
    real = weighted_patches(_labels(options), state.alphabet, aligner, refiner, painter, letterer)
    cache = RenderedCache(_cache_folder(options)) if options.rendered > 0 else None
    batches = BatchMaker(
        state.alphabet,
        real,
        cache,
        rendered_share=options.rendered_share,
        blank_share=options.blank_share,
        empty=_empty(options),
        strength=options.strength,
        seed=(loop.seed * 7919 + state.step) * loop.processes + team.rank,
    )
    checkpoint = options.out / CHECKPOINT if team.rank == 0 else None
    run_steps(state, batches, loop, checkpoint, on_progress, team.average, _keeper(options))


def _labels(options: RecognizerTrainOptions) -> dict[str, tuple[CropLabel, ...]]:
    labels = {folder.name: read_labels(folder) for folder in options.data}
    if options.transcribed is not None and options.scenes is not None:
        labels |= read_transcribed(options.transcribed, options.scenes)
    return labels


def _rendered_share(
    options: RecognizerTrainOptions,
    labels: Mapping[str, Sequence[CropLabel]],
    alphabet: Alphabet,
) -> float:
    """Share of rendered plates among the crops; all, where no real plate may train."""
    share = options.rendered_share if options.rendered > 0 else 0.0
    usable = training_rows(labels).values()
    if any(alphabet.covers(row.text) for rows in usable for row in rows):
        return share
    if share == 0:
        raise TrainingError(
            "nothing to train on: no labelled crop in the train split, none rendered"
        )
    return 1.0


def _cache_folder(options: RecognizerTrainOptions) -> Path:
    return options.cache or options.out / "rendered"


def _empty(options: RecognizerTrainOptions) -> Sequence[Grey]:
    return grey_pictures(options.negatives, least=(PATCH_WIDTH, PATCH_HEIGHT), widest=600)


def _start(options: RecognizerTrainOptions, loop: LoopOptions) -> TrainingState:
    checkpoint = options.out / CHECKPOINT
    if options.resume and checkpoint.is_file():
        return restore_state(checkpoint, loop)
    if options.init_from is None:
        return new_state(loop)
    name = DEFAULT_RECOGNIZER if options.init_from == SHIPPED else options.init_from
    net, alphabet = load_weights(find_model(name).path.parent / WEIGHTS)
    return TrainingState(
        net,
        WeightAverage(net, loop.average),
        make_optimiser(net, loop),
        alphabet,
    )


def _remember_start(options: RecognizerTrainOptions, state: TrainingState) -> None:
    """Keep the weights that a fine-tuning began with beside its checkpoint, for when it goes on."""
    (options.out / START).unlink(missing_ok=True)
    if options.init_from is not None:
        save_weights(options.out / START, state.net, state.alphabet)


def _keeper(options: RecognizerTrainOptions) -> Keeper | None:
    start = options.out / START
    if options.keep <= 0 or not start.is_file():
        return None
    net, alphabet = load_weights(start)
    return Keeper(net, alphabet.blank, options.keep)


def render_cache(
    folder: Path,
    plates: int,
    seed: int,
    *,
    alphabet: Alphabet | None = None,
    backgrounds: Sequence[Grey] = (),
    regions: tuple[str, ...] | None = None,
    on_render: Callable[[int, int], None] | None = None,
) -> RenderedCache:
    """Render plates into a cache until it holds as many as wanted.

    Args:
        folder: the cache.
        plates: number of plates wanted.
        seed: of every choice; the same seed gives the same plates.
        alphabet: plates with other characters are left out.
        backgrounds: grey pictures to put behind the plates.
        regions: region codes; None means all.
        on_render: called with plates rendered and wanted.

    Raises:
        ConfigError: fonts are missing.
    """
    cache = RenderedCache(folder)
    fonts = FontBook() if len(cache) < plates else None
    number = 0
    while fonts is not None and len(cache) < plates:
        name = f"{seed:04d}-{number:05d}"
        number += 1
        if (folder / f"{name}.json").is_file():
            continue
        own, lines = _own_shard(number) if regions is None else (regions, None)
        render_shard(
            folder,
            name,
            min(_SHARD, plates - len(cache)),
            seed * 100_003 + number,
            fonts=fonts,
            alphabet=alphabet or Alphabet(PLATE_CHARACTERS),
            backgrounds=backgrounds,
            regions=own,
            lines=lines,
            unknown_share=_UNKNOWN_SHARE if own is None else 0.0,
        )
        cache.refresh()
        if on_render is not None:
            on_render(len(cache), plates)
    return cache


def _own_shard(number: int) -> tuple[tuple[str, ...] | None, int | None]:
    """Regions and rows of the plates of a shard; None for all."""
    country, lines = _OWN_SHARDS.get(number % 20, (None, None))
    return None if country is None else (country,), lines


def _averaged(state: TrainingState) -> RecognizerNet:
    net = state.average.net
    if not isinstance(net, RecognizerNet):
        raise TrainingError("the averaged network is no recognizer")
    return net


def _validate(
    net: RecognizerNet,
    alphabet: Alphabet,
    labels: Mapping[str, Sequence[CropLabel]],
    elsewhere: Elsewhere | None,
) -> dict[str, ScoredCrops]:
    scored = {
        name: score_crops(
            net, alphabet, [row for row in rows if row.split == "val" and row.note not in LEFT_OUT]
        )
        for name, rows in labels.items()
    }
    if elsewhere is not None:
        scored[ELSEWHERE] = elsewhere.score(net, alphabet)
    return scored


def _export(
    options: RecognizerTrainOptions,
    state: TrainingState,
    labels: Mapping[str, Sequence[CropLabel]],
    before: Mapping[str, ScoredCrops],
    after: Mapping[str, ScoredCrops],
    rendered_share: float,
) -> Path:
    net, alphabet = _averaged(state), state.alphabet
    metrics: dict[str, float] = {"steps": float(state.step)}
    for name, scored in after.items():
        if scored.texts:
            metrics[f"{name}_n"] = float(len(scored.texts))
            metrics[f"{name}_exact"] = scored.accuracy
            if options.init_from is not None:
                metrics[f"{name}_exact_before"] = before[name].accuracy
    # Real crops alone tell how sure to be.
    pooled = _pooled(
        [
            scored
            for name, scored in after.items()
            if scored.texts and name != ELSEWHERE and name not in EVALUATION_ONLY
        ]
    )
    temperature = 1.0
    if pooled is not None:
        temperature = fit_temperature(pooled, alphabet)
        metrics["calibration_error"] = calibration_error(
            confidences(pooled, alphabet, temperature), pooled.right
        )
    card = RecognizerCard(
        name=options.name,
        version=options.version,
        licence=options.licence,
        temperature=temperature,
        calibration=(),
        training=[
            (name, SET_LICENCES.get(name, "own data"), count)
            for name, rows in training_rows(labels).items()
            if (count := len(rows))
        ],
        synthetic_share=rendered_share,
        metrics=metrics,
    )
    return export_recognizer(net, alphabet, _example(labels), options.out, card)


def _pooled(parts: Sequence[ScoredCrops]) -> ScoredCrops | None:
    if not parts:
        return None
    return replace(
        parts[0],
        logits=np.concatenate([part.logits for part in parts]),
        texts=tuple(text for part in parts for text in part.texts),
        read=tuple(text for part in parts for text in part.read),
    )


def _example(labels: Mapping[str, Sequence[CropLabel]]) -> torch.Tensor:
    crops = [served_crop(row, WIDTH, HEIGHT) for rows in labels.values() for row in rows[:2]][:8]
    if not crops:
        return torch.zeros(2, 1, HEIGHT, WIDTH)
    return torch.from_numpy(recognizer_input(crops, MEAN, SCALE))
