"""Training the reader: from nothing, from a checkpoint, or fine-tuned from a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import torch

from lpr.errors import ModelError, TrainingError
from lpr.imaging import recognizer_input
from lpr.manifest import MANIFEST, load_manifest
from lpr.recognize.alphabet import Alphabet
from lpr.registry import DEFAULT_RECOGNIZER, find_model
from lpr.synth.fonts import FontBook
from lpr.train.backgrounds import grey_pictures
from lpr.train.detector_data import EVALUATION_ONLY
from lpr.train.ema import WeightAverage
from lpr.train.recognizer_augment import AugmentStrength
from lpr.train.recognizer_batches import BatchMaker
from lpr.train.recognizer_begun import Begun, labels_hash, recall, remember, require_same
from lpr.train.recognizer_cache import empty_cache, made_otherwise, render_cache
from lpr.train.recognizer_data import PATCH_HEIGHT, PATCH_WIDTH, Grey, RenderedCache
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
from lpr.train.recognizer_labels import CropLabel, check_pictures, read_labels, served_crop
from lpr.train.recognizer_letters import LetterPainter
from lpr.train.recognizer_net import HEIGHT, WIDTH, RecognizerNet
from lpr.train.recognizer_patches import LEFT_OUT, shipped_helpers, training_rows, weighted_patches
from lpr.train.recognizer_score import Calibration, ScoredCrops, calibrate, score_crops
from lpr.train.recognizer_sets import (
    SET_LICENCES,
    named_folders,
    require_usable,
    told,
    usable,
    used,
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
FINE_TUNING_RATE: Final = 0.2
"""Fine-tuning learns at this share of the rate, so that it keeps what the model knows."""


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
    begun = _begun(options, goes_on=goes_on)
    state = restore_state(checkpoint, loop) if goes_on else _start(options, loop)
    if goes_on:
        _require_steps_left(options, state)
        say(f"going on from step {state.step}")
    labels = _checked_labels(options, state.alphabet, say)
    share = _rendered_share(options, labels)
    elsewhere = render_elsewhere(state.alphabet) if options.init_from is not None else None
    start = _start_network(options, state, goes_on=goes_on)
    before = {} if start is None else _validate(start, state.alphabet, labels, elsewhere)
    if share > 0:
        _render(options, state.alphabet, on_render, say, goes_on=goes_on)
    options.out.mkdir(parents=True, exist_ok=True)
    if not goes_on:
        # Not the checkpoint of a former run beside the record of this one, whenever it is killed.
        checkpoint.unlink(missing_ok=True)
        # Nor the manifest of a former run, by which this one would count as exported.
        (options.out / MANIFEST).unlink(missing_ok=True)
        _remember_start(options, state)
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
    after = _validate(_averaged(state), state.alphabet, labels, elsewhere)
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
    run_steps(
        state,
        batches,
        loop,
        checkpoint,
        on_progress,
        team.average,
        _keeper(options),
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
    folder, seed = _cache_folder(options), options.loop.seed
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


def _cache_folder(options: RecognizerTrainOptions) -> Path:
    return options.cache or options.out / "rendered"


def _empty(options: RecognizerTrainOptions) -> Sequence[Grey]:
    return grey_pictures(options.negatives, least=(PATCH_WIDTH, PATCH_HEIGHT), widest=600)


def _begun(options: RecognizerTrainOptions, *, goes_on: bool) -> Begun:
    """What the run is begun with; the same as the run in `out`, where it goes on."""
    former = recall(options.out) if goes_on else None
    start = options.init_from
    if former is not None:
        temperature = former.temperature
    else:
        temperature = 1.0 if start is None else find_model(_model(start)).manifest.temperature
    folders = named_folders(options.data)
    begun = Begun(
        None if start is None else _place(_model(start)),
        {name: labels_hash(folder) for name, folder in folders.items()},
        options.loop.seed,
        options.regions,
        options.keep,
        temperature,
    )
    if former is not None:
        require_same(options.out, former, begun)
    return begun


def _place(model: str) -> str:
    """One spelling of a model's folder; a name as it is."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def _model(start: str) -> str:
    return DEFAULT_RECOGNIZER if start == SHIPPED else start


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


def _start(options: RecognizerTrainOptions, loop: LoopOptions) -> TrainingState:
    if options.init_from is None:
        return new_state(loop)
    net, alphabet = load_weights(find_model(_model(options.init_from)).path.parent / WEIGHTS)
    return TrainingState(
        net,
        WeightAverage(net, loop.average),
        make_optimiser(net, loop),
        alphabet,
    )


def _start_network(
    options: RecognizerTrainOptions, state: TrainingState, *, goes_on: bool
) -> RecognizerNet | None:
    """What a fine-tuning began with; None where it is unknown, or there is nothing to compare."""
    if options.init_from is None:
        return None
    if not goes_on:
        return _averaged(state)
    start = options.out / START
    return load_weights(start)[0] if start.is_file() else None


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
    calibration: Calibration,
    rendered_share: float,
) -> Path:
    net, alphabet = _averaged(state), state.alphabet
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
            (name, SET_LICENCES.get(name, "own data"), count)
            for name, (count, _) in used(labels).items()
            if count
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
