"""A disk that is full while a checkpoint or weights are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lpr.errors import TrainingError
from lpr.recognize.alphabet import Alphabet
from lpr.train.checkpoint import load_checkpoint, save_checkpoint
from lpr.train.recognizer_export import save_weights
from lpr.train.recognizer_net import RecognizerNet


@pytest.mark.parametrize("kind", [RuntimeError, OSError])
def test_a_full_disk_is_one_error_and_leaves_the_former_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"step": 1})

    def full(_: Any, file: Path) -> None:
        file.write_bytes(b"half")
        raise kind("PytorchStreamWriter failed writing file data/1: file write failed\ntrace")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(TrainingError, match=r"checkpoint\.pt: .*full\?$"):
        save_checkpoint(path, {"step": 2})
    assert [one.name for one in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert load_checkpoint(path) == {"step": 1}


def test_weights_that_do_not_fit_are_one_error_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: Path, **_: Any) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    alphabet = Alphabet("AB")
    with pytest.raises(TrainingError, match=r"start\.npz: .*No space left"):
        save_weights(tmp_path / "start.npz", RecognizerNet(alphabet.size), alphabet)
    assert not list(tmp_path.iterdir())
