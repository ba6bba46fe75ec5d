"""A trained network -> ONNX file and manifest, refused where the two disagree."""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
import torch
from torch import nn

from lpr.errors import TrainingError
from lpr.manifest import MANIFEST, ModelManifest
from lpr.session import OnnxSession

PARITY_TOLERANCE = 2e-3
"""Largest allowed difference of any output, relative to the outputs' own spread: float32 sums in
another order differ by about 1e-5, a wrongly exported layer by about 1."""


def export_model(
    net: nn.Module, example: torch.Tensor, folder: Path, fields: Mapping[str, Any]
) -> ModelManifest:
    """Write `model.onnx` and `manifest.toml`, after checking that both networks agree.

    Args:
        net: the network; switched to evaluation mode.
        example: real input, float32; also checked against noise of the same shape.
        folder: where to; created.
        fields: the manifest without `file` and `sha256`. A first input size of 0 exports a free
            batch size.

    Returns:
        The manifest as written.

    Raises:
        TrainingError: the outputs of torch and of onnxruntime disagree.
    """
    net = net.eval()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        path = Path(scratch) / "model.onnx"
        spec = fields["input"]
        _write_onnx(net, example, path, spec["name"], fields["outputs"], spec["shape"][0] == 0)
        manifest = ModelManifest.model_validate(
            {
                **fields,
                "file": "model.onnx",
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
        )
        check_parity(net, OnnxSession(path, manifest), example)
        path.replace(folder / "model.onnx")
    (folder / MANIFEST).write_text(
        tomli_w.dumps(manifest.model_dump(mode="json")), encoding="utf-8"
    )
    return manifest


def check_parity(net: nn.Module, session: OnnxSession, example: torch.Tensor) -> None:
    """Compare a torch network with its ONNX file on the example and on noise.

    Raises:
        TrainingError: any output differs by more than `PARITY_TOLERANCE` of its spread.
    """
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    for batch in (example, torch.randn(example.shape, generator=generator)):
        with torch.no_grad():
            outputs = net(batch)
        expected = [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)
        actual = session.run(batch.numpy())
        for ours, theirs in zip(expected, actual, strict=True):
            reference = ours.numpy()
            spread = float(np.ptp(reference)) + 1e-6
            worst = max(worst, float(np.abs(reference - theirs).max()) / spread)
    if worst > PARITY_TOLERANCE or not np.isfinite(worst):
        raise TrainingError(
            f"torch and ONNX disagree by {worst:.2e} of the outputs' spread "
            f"(allowed {PARITY_TOLERANCE:.0e}); the model was not written"
        )


def _write_onnx(
    net: nn.Module, example: torch.Tensor, path: Path, name: str, outputs: Any, free_batch: bool
) -> None:
    axes = {name: {0: "batch"}, **{out: {0: "batch"} for out in outputs}} if free_batch else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own internals
        torch.onnx.export(
            net,
            (example,),
            str(path),
            input_names=[name],
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
