"""Training the reader: from nothing, from a checkpoint, or fine-tuned from a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch

from lpr.errors import ModelError, TrainingError
from lpr.imaging import recognizer_input
from lpr.manifest import MANIFEST, load_manifest
from lpr.recognize.alphabet import Alphabet
from lpr.synth.degrade import Grey
from lpr.synth.fonts import FontBook
from lpr.train.backgrounds import grey_pictures
from lpr.train.detector_data import EVALUATION_ONLY
from lpr.train.recognizer_batches import BatchMaker
from lpr.train.recognizer_begun import begun_with, remember
from lpr.train.recognizer_cache import RenderedCache, empty_cache, made_otherwise, render_cache
from lpr.train.recognizer_data import PATCH_HEIGHT, PATCH_WIDTH
from lpr.train.recognizer_elsewhere import ELSEWHERE, Elsewhere, render_elsewhere
from lpr.train.recognizer_export import (
    RecognizerCard,
    export_recognizer,
)
from lpr.train.recognizer_glyphs import GlyphPainter
from lpr.train.recognizer_input import MEAN, SCALE
from lpr.train.recognizer_labels import CropLabel, check_pictures, read_labels, served_crop
from lpr.train.recognizer_letters import LetterPainter
from lpr.train.recognizer_net import HEIGHT, WIDTH, RecognizerNet
from lpr.train.recognizer_options import RecognizerTrainOptions
from lpr.train.recognizer_patches import LEFT_OUT, shipped_helpers, training_rows, weighted_patches
from lpr.train.recognizer_score import Calibration, ScoredCrops, calibrate, score_crops
from lpr.train.recognizer_sets import (
    licence_of,
    named_folders,
    require_usable,
    told,
    usable,
    used,
)
from lpr.train.recognizer_start import first_state, keeper_of, remember_start, start_network
from lpr.train.recognizer_steps import (
    LoopOptions,
    Progress,
    TrainingState,
    restore_state,
    run_steps,
    store_state,
    write_history,
)
from lpr.train.recognizer_team import Team, train_together
from lpr.train.recognizer_transcribed import read_transcribed

CHECKPOINT: Final = "checkpoint.pt"
FINE_TUNING_RATE: Final = 0.2
"""Fine-tuning learns at this share of the rate, so that it keeps what the model knows."""


def train_recognizer(
    options: RecognizerTrainOptions,
    on_progress: Callable[[Progress], None] | None = None,
    on_render: Callable[[int, int], None] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """Train, export and check a recognizer.

    Args:
        options: what and how.
        on_progress: called every 50 steps.
        on_render: called with plates rendered and wanted, while the cache is filled.
        tell: called with a line for people now and then: what is used of the data, where the run
            goes on and where it stopped.

    Returns:
        The model folder: `model.onnx`, `manifest.toml`, `weights.npz` and `history.jsonl`.

    Raises:
        TrainingError: no data, a broken label, a checkpoint of a run that was begun with something
            else or has taken its steps, a diverged loss, a disagreement of torch and ONNX.
        ConfigError: fonts for rendering are missing.
        ModelNotFoundError: the model to start from is unknown.
    """
    say = tell or _nobody_listens
    loop = options.loop
    if options.init_from is not None:
        loop = replace(loop, rate=loop.rate * FINE_TUNING_RATE)
    checkpoint = options.out / CHECKPOINT
    goes_on = options.resume and checkpoint.is_file()
    begun = begun_with(options, goes_on=goes_on)
    state = restore_state(checkpoint, loop) if goes_on else first_state(options, loop)
    if goes_on:
        _require_steps_left(options, state)
        say(f"going on from step {state.step}")
    labels = _checked_labels(options, state.alphabet, say)
    share = _rendered_share(options, labels)
    elsewhere = render_elsewhere(state.alphabet) if options.init_from is not None else None
    start = start_network(options, state, goes_on=goes_on)
    before = {} if start is None else _validate(start, state.alphabet, labels, elsewhere)
    if share > 0:
        _render(options, state.alphabet, on_render, say, goes_on=goes_on)
    options.out.mkdir(parents=True, exist_ok=True)
    if not goes_on:
        # Not the checkpoint of a former run beside the record of this one, whenever it is killed.
        checkpoint.unlink(missing_ok=True)
        # Nor the manifest of a former run, by which this one would count as exported.
        (options.out / MANIFEST).unlink(missing_ok=True)
        remember_start(options, state)
        remember(options.out, begun)
    store_state(checkpoint, state)
    try:
        train_together(loop.processes, _learn, (options, loop), on_progress)
    except KeyboardInterrupt:
        step = restore_state(checkpoint, loop).step
        say(f"stopped at step {step}; the same command goes on")
        raise
    state = restore_state(checkpoint, loop)
    write_history(options.out / "history.jsonl", state.history)
    after = _validate(state.average.net, state.alphabet, labels, elsewhere)
    calibration = _calibrated(after, state.alphabet, begun.temperature)
    return _export(options, state, labels, before, after, calibration, share)


def _nobody_listens(line: str) -> None:
    """Where no caller wants to be told."""


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
    cache = RenderedCache(options.cache_folder) if options.rendered > 0 else None
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
    run_steps(
        state,
        batches,
        loop,
        checkpoint,
        on_progress,
        team.average,
        keeper_of(options),
        stop=team.stop,
    )


def _labels(options: RecognizerTrainOptions) -> dict[str, tuple[CropLabel, ...]]:
    labels = {name: read_labels(folder) for name, folder in named_folders(options.data).items()}
    if options.transcribed is not None and options.scenes is not None:
        labels |= read_transcribed(options.transcribed, options.scenes)
    return labels


def _checked_labels(
    options: RecognizerTrainOptions, alphabet: Alphabet, say: Callable[[str], None]
) -> dict[str, tuple[CropLabel, ...]]:
    """The labels that the reader can spell, all pictures looked at; what is used has been said."""
    labels = _labels(options)
    for name in named_folders(options.data):
        check_pictures(labels[name])
    spelled = usable(labels, alphabet)
    for line in told(labels, spelled, alphabet):
        say(line)
    require_usable(labels, spelled)
    return spelled


def _rendered_share(
    options: RecognizerTrainOptions, labels: Mapping[str, Sequence[CropLabel]]
) -> float:
    """Share of rendered plates among the crops; all, where no real plate may train."""
    share = options.rendered_share if options.rendered > 0 else 0.0
    if any(training_rows(labels).values()):
        return share
    if share == 0:
        raise TrainingError(
            "nothing to train on: no labelled crop in the train split, none rendered"
        )
    return 1.0


def _render(
    options: RecognizerTrainOptions,
    alphabet: Alphabet,
    on_render: Callable[[int, int], None] | None,
    say: Callable[[str], None],
    *,
    goes_on: bool,
) -> None:
    """Fill the cache; a new run's own does not keep what was rendered for another one."""
    folder, seed = options.cache_folder, options.loop.seed
    other = made_otherwise(folder, seed, options.regions)
    if other is not None and options.cache is None and not goes_on:
        say(f"{folder} holds {other}; rendering anew")
        empty_cache(folder)
    render_cache(
        folder,
        options.rendered,
        seed,
        alphabet=alphabet,
        backgrounds=_empty(options),
        regions=options.regions,
        on_render=on_render,
    )


def _empty(options: RecognizerTrainOptions) -> Sequence[Grey]:
    return grey_pictures(options.negatives, least=(PATCH_WIDTH, PATCH_HEIGHT), widest=600)


def _require_steps_left(options: RecognizerTrainOptions, state: TrainingState) -> None:
    """Refuse to train nothing; a run that only could not be exported still may be."""
    step, wanted = state.step, options.loop.steps
    exported = False
    with suppress(ModelError):
        exported = load_manifest(options.out).metrics.get("steps") == step
    if step > wanted or (step == wanted and exported):
        raise TrainingError(
            f"{options.out}: the run there has taken {step} steps and {wanted} are asked for; "
            "give more --steps, begin anew with --fresh, or give another --out"
        )


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
    calibration: Calibration,
    rendered_share: float,
) -> Path:
    net, alphabet = state.average.net, state.alphabet
    metrics: dict[str, float] = {"steps": float(state.step)}
    for name, scored in after.items():
        if scored.texts:
            metrics[f"{name}_n"] = float(len(scored.texts))
            metrics[f"{name}_exact"] = scored.accuracy
            if name in before:
                metrics[f"{name}_exact_before"] = before[name].accuracy
    if calibration.error is not None:
        metrics["calibration_error"] = calibration.error
    card = RecognizerCard(
        name=options.name,
        version=options.version,
        licence=options.licence,
        temperature=calibration.temperature,
        training=[
            (name, licence_of(name), count) for name, (count, _) in used(labels).items() if count
        ],
        synthetic_share=rendered_share,
        metrics=metrics,
    )
    return export_recognizer(net, alphabet, _example(labels), options.out, card)


def _calibrated(
    after: Mapping[str, ScoredCrops], alphabet: Alphabet, temperature: float
) -> Calibration:
    """How sure to be; of real crops alone, and none of those kept for evaluation."""
    return calibrate(
        [
            scored
            for name, scored in after.items()
            if name != ELSEWHERE and name not in EVALUATION_ONLY
        ],
        alphabet,
        temperature,
    )


def _example(labels: Mapping[str, Sequence[CropLabel]]) -> torch.Tensor:
    crops = [served_crop(row, WIDTH, HEIGHT) for rows in labels.values() for row in rows[:2]][:8]
    if not crops:
        return torch.zeros(2, 1, HEIGHT, WIDTH)
    return torch.from_numpy(recognizer_input(crops, MEAN, SCALE))
