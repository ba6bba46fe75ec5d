"""What a recognizer's run starts from, and the weights kept of it beside the checkpoint."""

from __future__ import annotations

from typing import Final

from lpr.train.ema import WeightAverage
from lpr.train.recognizer_export import load_model, load_weights, save_weights
from lpr.train.recognizer_keep import Keeper
from lpr.train.recognizer_net import RecognizerNet
from lpr.train.recognizer_options import RecognizerTrainOptions
from lpr.train.recognizer_steps import LoopOptions, TrainingState, make_optimiser, new_state

START: Final = "start.npz"
"""Beside the checkpoint: the weights that a fine-tuning began with."""


def first_state(options: RecognizerTrainOptions, loop: LoopOptions) -> TrainingState:
    """The state before the first step.

    Raises:
        ModelNotFoundError: the model to start from is unknown.
        TrainingError: its weights are missing or damaged.
    """
    if options.start is None:
        return new_state(loop)
    net, alphabet = load_model(options.start)
    average = WeightAverage(net, loop.average)
    return TrainingState(net, average, make_optimiser(net, loop), alphabet)


def remember_start(options: RecognizerTrainOptions, state: TrainingState) -> None:
    """Keep the weights that a fine-tuning began with beside its checkpoint, for when it goes on.

    Raises:
        TrainingError: the disk refuses.
    """
    (options.out / START).unlink(missing_ok=True)
    if options.start is not None:
        save_weights(options.out / START, state.net, state.alphabet)


def start_network(
    options: RecognizerTrainOptions, state: TrainingState, *, goes_on: bool
) -> RecognizerNet | None:
    """What a fine-tuning began with; None where it is unknown, or there is nothing to compare.

    Args:
        options: of the run.
        state: where it begins or goes on.
        goes_on: whether it goes on.

    Raises:
        TrainingError: the weights beside the checkpoint are damaged.
    """
    if options.start is None:
        return None
    if not goes_on:
        return state.average.net
    start = options.out / START
    return load_weights(start)[0] if start.is_file() else None


def keeper_of(options: RecognizerTrainOptions) -> Keeper | None:
    """What holds a run to the network that it began with; None for nothing.

    Raises:
        TrainingError: the weights beside the checkpoint are damaged.
    """
    start = options.out / START
    if options.keep <= 0 or not start.is_file():
        return None
    net, alphabet = load_weights(start)
    return Keeper(net, alphabet.blank, options.keep)
