"""Processes that train one network together.

Each learns from draws of its own; every few steps all take the mean of their weights and go on
from there (Stich, "Local SGD Converges Fast and Communicates Little", 2019). On a CPU two such
processes see more crops a second than two threads of one.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import Any, Final

import torch
from torch import distributed, nn
from torch.multiprocessing.spawn import ProcessException, spawn

from lpr.errors import TrainingError
from lpr.train.interrupt import never
from lpr.train.recognizer_steps import Progress

Report = Callable[[Progress], None]
Work = Callable[..., None]
"""Called with the team, a report of progress and the arguments; a function of a module."""
_PATIENCE: Final = timedelta(hours=1)
"""How long one process waits for another, which may be loading still."""
_LAST_STEP: Final = 60.0
"""Seconds that processes have to stop. What is loading still has nothing to write."""


@dataclass(frozen=True, slots=True)
class Team:
    """One process's place among those that train together.

    Attributes:
        rank: its number, from 0; number 0 reports and writes checkpoints.
        size: how many there are.
        stop: whether all are to stop.
    """

    rank: int = 0
    size: int = 1
    stop: Callable[[], bool] = never

    @torch.no_grad()
    def average(self, net: nn.Module) -> None:
        """Give every process's network the mean of all weights and running statistics."""
        if self.size == 1:
            return
        values = [one for one in net.state_dict().values() if one.dtype.is_floating_point]
        joined = torch.cat([one.reshape(-1) for one in values])
        distributed.all_reduce(joined)
        parts = torch.split(joined / self.size, [one.numel() for one in values])
        for one, mean in zip(values, parts, strict=True):
            one.copy_(mean.reshape(one.shape))


def train_together(
    size: int, work: Work, arguments: tuple[Any, ...], on_progress: Report | None
) -> None:
    """Run `work(team, report, *arguments)` in `size` processes, or here if it is one.

    Raises:
        KeyboardInterrupt: the work was stopped; all processes have ended.
        TrainingError: a process failed; the others are stopped.
    """
    if size == 1:
        work(Team(), on_progress, *arguments)
        return
    context = get_context("spawn")
    told, stop = context.Queue(), context.Event()
    with tempfile.TemporaryDirectory(prefix="lpr-train-") as folder:
        running = spawn(  # type: ignore[no-untyped-call]
            _member,
            (size, Path(folder) / "meeting", told, stop, work, arguments),
            nprocs=size,
            join=False,
            daemon=True,
        )
        try:
            while not running.join(timeout=0.2):
                _tell(told, on_progress)
        except ProcessException as error:
            raise TrainingError(f"a training process failed: {error}") from error
        except KeyboardInterrupt:
            stop.set()
            _wait(running)
            raise
        _tell(told, on_progress)


def _member(
    rank: int,
    size: int,
    meeting: Path,
    told: Any,
    stop: Any,
    work: Work,
    arguments: tuple[Any, ...],
) -> None:
    # Ctrl-C reaches every process of a terminal; the first one tells the others, between two steps.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    first = os.getppid()

    def stopping() -> bool:
        # Where the first one was killed, nobody is left to be told.
        return stop.is_set() or os.getppid() != first

    distributed.init_process_group(
        "gloo", init_method=meeting.as_uri(), rank=rank, world_size=size, timeout=_PATIENCE
    )
    with suppress(KeyboardInterrupt):
        work(Team(rank, size, stopping), told.put if rank == 0 else None, *arguments)
        # One that leaves while another still talks to it takes that one down.
        distributed.barrier()
    distributed.destroy_process_group()
    told.close()
    told.join_thread()
    # The work is done; in the interpreter's last moments a library's thread may abort the process.
    os._exit(0)


def _wait(running: Any) -> None:
    """Give the processes time to end their step and write what they have."""
    until = time.monotonic() + _LAST_STEP
    with suppress(ProcessException):
        while time.monotonic() < until and not running.join(timeout=0.2):
            pass


def _tell(told: Any, on_progress: Report | None) -> None:
    with suppress(Empty):
        while True:
            progress = told.get_nowait()
            if on_progress is not None:
                on_progress(progress)
