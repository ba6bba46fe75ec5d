"""The reader's training steps: state, schedule, loss, checkpoints."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lpr.errors import TrainingError
from lpr.recognize.alphabet import PLATE_CHARACTERS, Alphabet
from lpr.train.checkpoint import load_checkpoint, save_checkpoint
from lpr.train.ema import WeightAverage
from lpr.train.interrupt import never, noted_interrupt
from lpr.train.recognizer_batches import BatchMaker
from lpr.train.recognizer_keep import Keeper
from lpr.train.recognizer_net import RecognizerNet, RecognizerShape


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """How long and how fast to learn.

    Attributes:
        steps: optimiser steps in all.
        batch: crops a step.
        rate: highest learning rate.
        warmup: steps over which the rate rises.
        decay: share of the steps, at the end, over which the rate falls to 1%.
        weight_decay: AdamW's.
        average: decay of the weights' moving average.
        save_every: steps between two checkpoints.
        threads: of torch, in each process.
        processes: that train together, see `lpr.train.recognizer_team`.
        average_every: steps between two means of their weights.
        bfloat16: multiply in bfloat16. Nearly twice as fast where the CPU has AVX512-BF16 or AMX,
            several times slower elsewhere.
        seed: of the first weights.
    """

    steps: int
    batch: int = 64
    rate: float = 2e-3
    warmup: int = 300
    decay: float = 0.25
    weight_decay: float = 0.02
    average: float = 0.999
    save_every: int = 500
    threads: int = 1
    processes: int = 1
    average_every: int = 12
    bfloat16: bool = False
    seed: int = 0


@dataclass(slots=True, eq=False)
class TrainingState:
    """Everything that a run needs to go on."""

    net: RecognizerNet
    average: WeightAverage[RecognizerNet]
    optimiser: torch.optim.AdamW
    alphabet: Alphabet
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run says of itself now and then."""

    step: int
    steps: int
    loss: float
    rate: float
    crops_per_second: float


def new_state(options: LoopOptions, alphabet: Alphabet | None = None) -> TrainingState:
    """Start from random weights, set by the seed."""
    torch.manual_seed(options.seed)
    alphabet = alphabet or Alphabet(PLATE_CHARACTERS)
    net = RecognizerNet(alphabet.size)
    return TrainingState(
        net, WeightAverage(net, options.average), make_optimiser(net, options), alphabet
    )


def restore_state(path: Path, options: LoopOptions) -> TrainingState:
    """Go on from a checkpoint.

    Raises:
        TrainingError: there is none, or it belongs to another network.
    """
    saved = load_checkpoint(path)
    try:
        alphabet = Alphabet(saved["alphabet"])
        net = RecognizerNet(alphabet.size, RecognizerShape(**saved["shape"]))
        net.load_state_dict(saved["net"])
        optimiser = make_optimiser(net, options)
        optimiser.load_state_dict(saved["optimiser"])
        average = WeightAverage(net, options.average)
        average.net.load_state_dict(saved["average"])
        average.steps = int(saved["average_steps"])
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        raise TrainingError(f"{path}: the checkpoint does not fit this network: {error}") from error
    return TrainingState(net, average, optimiser, alphabet, int(saved["step"]), saved["history"])


def store_state(path: Path, state: TrainingState) -> None:
    """Write a checkpoint."""
    save_checkpoint(
        path,
        {
            "alphabet": state.alphabet.characters,
            "shape": asdict(state.net.shape),
            "net": state.net.state_dict(),
            "average": state.average.net.state_dict(),
            "average_steps": state.average.steps,
            "optimiser": state.optimiser.state_dict(),
            "step": state.step,
            "history": state.history,
        },
    )


def make_optimiser(net: nn.Module, options: LoopOptions) -> torch.optim.AdamW:
    """AdamW over a network's weights."""
    # Normalisation and biases are not pulled towards zero.
    plain = [p for p in net.parameters() if p.ndim < 2]
    pulled = [p for p in net.parameters() if p.ndim >= 2]
    groups = [
        {"params": pulled, "weight_decay": options.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.98))


def learning_rate(step: int, options: LoopOptions) -> float:
    """Rise, stay, fall (a trapezium): every checkpoint of the flat part can be decayed from."""
    rise = (step + 1) / max(1, options.warmup)
    start = options.steps * (1 - options.decay)
    left = (options.steps - step) / max(1.0, options.steps - start)
    return options.rate * min(1.0, rise, 0.01 + 0.99 * max(0.0, left))


def ctc_loss(logits: Tensor, targets: Tensor, lengths: Tensor, blank: int) -> Tensor:
    """Mean CTC loss of Nx80xclasses logits (Graves et al., 2006); each crop counts the same."""
    scores = logits.log_softmax(-1).permute(1, 0, 2)
    steps = torch.full((logits.shape[0],), logits.shape[1], dtype=torch.int64)
    loss = nn.functional.ctc_loss(
        scores, targets, steps, lengths, blank=blank, reduction="none", zero_infinity=True
    )
    return loss.mean()


def run_steps(
    state: TrainingState,
    batches: BatchMaker,
    options: LoopOptions,
    checkpoint: Path | None,
    on_progress: Callable[[Progress], None] | None = None,
    average: Callable[[nn.Module], None] | None = None,
    keeper: Keeper | None = None,
    stop: Callable[[], bool] = never,
) -> None:
    """Train until `options.steps`.

    Args:
        state: where to go on from; changed in place.
        batches: the data.
        options: how.
        checkpoint: file that is rewritten every `options.save_every` steps and at the end; None
            for none. Where the run is stopped, it is written first.
        on_progress: called every 50 steps.
        average: called with the network every `options.average_every` steps and at the end.
        keeper: holds the network to what it began with; None for nothing.
        stop: whether to stop after this step; Ctrl-C stops too.

    Raises:
        KeyboardInterrupt: the run was stopped, between two steps.
        TrainingError: the loss is no number any more, or the disk refuses.
    """
    torch.set_num_threads(options.threads)
    net = state.net.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    total, count, began = 0.0, 0, time.perf_counter()
    with noted_interrupt() as came:

        def stopping() -> bool:
            return came() or stop()

        while state.step < options.steps:
            rate = learning_rate(state.step, options)
            for group in state.optimiser.param_groups:
                group["lr"] = rate
            total += train_step(state, batches, options.batch, keeper, bfloat16=options.bfloat16)
            count += 1
            state.step += 1
            if count == 50 or state.step == options.steps:
                progress = _progress(state, options, total / count, rate, count, began)
                if not math.isfinite(progress.loss):
                    raise TrainingError(
                        f"the loss is {progress.loss} at step {state.step}; lower the learning rate"
                    )
                state.history.append({"step": state.step, "loss": progress.loss, "rate": rate})
                if on_progress is not None:
                    on_progress(progress)
                total, count, began = 0.0, 0, time.perf_counter()
            last, stopped = state.step == options.steps, stopping()
            if average is not None and (last or state.step % options.average_every == 0):
                stopped = _averaged(average, net, stopping) or stopped
            if checkpoint is not None and (last or stopped or state.step % options.save_every == 0):
                store_state(checkpoint, state)
            if stopped or (last and stopping()):
                raise KeyboardInterrupt
    net.eval()


def _averaged(
    average: Callable[[nn.Module], None], net: nn.Module, stopping: Callable[[], bool]
) -> bool:
    """Take the mean with the others; returns whether one of them has left because all stop."""
    try:
        average(net)
    except RuntimeError:
        # What is lost is the mean, not this network.
        if stopping():
            return True
        raise
    return False


def train_step(
    state: TrainingState,
    batches: BatchMaker,
    count: int,
    keeper: Keeper | None = None,
    *,
    bfloat16: bool = False,
) -> float:
    """Take one step and return its loss on the texts."""
    batch = batches.batch(count)
    crops = batch.crops.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        logits = state.net(crops)
        answers = keeper.answers(crops) if keeper is not None else None
    loss = ctc_loss(logits.float(), batch.targets, batch.lengths, state.alphabet.blank)
    held = loss
    if keeper is not None and answers is not None:
        held = loss + keeper.loss(logits.float(), answers.float(), batch)
    state.optimiser.zero_grad(set_to_none=True)
    held.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.net.parameters(), 5.0)
    state.optimiser.step()
    state.average.update(state.net)
    return float(loss.detach())


def _progress(
    state: TrainingState,
    options: LoopOptions,
    loss: float,
    rate: float,
    count: int,
    began: float,
) -> Progress:
    seconds = max(1e-9, time.perf_counter() - began)
    crops = count * options.batch * options.processes
    return Progress(state.step, options.steps, loss, rate, crops / seconds)


def write_history(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write a run's curve, one JSON object a line.

    Raises:
        TrainingError: the disk refuses.
    """
    lines = "".join(json.dumps(dict(row)) + "\n" for row in history)
    try:
        path.write_text(lines, encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"{path}: cannot be written: {error.strerror}") from error
