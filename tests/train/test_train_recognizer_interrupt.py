"""Ctrl-C loses no step of a training."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lpr.train import recognizer_steps
from lpr.train.recognizer_loop import train_recognizer
from lpr.train.recognizer_steps import restore_state
from tests.train.written_crops import small, write_crops


def test_a_run_that_is_interrupted_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = recognizer_steps.train_step

    def interrupted(state: Any, *given: Any, **named: Any) -> float:
        if state.step == 2:
            signal.raise_signal(signal.SIGINT)
        return taken(state, *given, **named)

    options = small(write_crops(tmp_path / "own"), tmp_path / "model", steps=9)
    options = replace(options, loop=replace(options.loop, save_every=500))
    lines: list[str] = []
    former = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patched:
        patched.setattr(recognizer_steps, "train_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_recognizer(options, tell=lines.append)
    assert lines[-1] == "stopped at step 3; the same command goes on"
    assert signal.getsignal(signal.SIGINT) == former
    assert restore_state(options.out / "checkpoint.pt", options.loop).step == 3
    train_recognizer(options, tell=lines.append)
    assert "going on from step 3" in lines


def test_processes_that_train_together_stop_together(tmp_path: Path) -> None:
    options = small(write_crops(tmp_path / "own"), tmp_path / "model", steps=4_000)
    together = replace(options.loop, processes=2, average_every=4, batch=2, save_every=5_000)
    lines: list[str] = []

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_recognizer(replace(options, loop=together), interrupt, tell=lines.append)
    step = restore_state(options.out / "checkpoint.pt", together).step
    assert 50 <= step < 4_000
    assert lines[-1] == f"stopped at step {step}; the same command goes on"
