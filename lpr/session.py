"""An ONNX model opened against its manifest: the only module that imports onnxruntime."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lpr.errors import ModelError, ModelIntegrityError
from lpr.manifest import ModelManifest

# Its wheels report sessions to their maker and keep an id of the machine below $HOME. Nothing
# leaves the machine here. It is decided while it loads: `disable_telemetry_events` comes too late.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort


class OnnxSession:
    """A network on the CPU, thread-safe to run, shared by every camera of a process.

    The memory arena is on: it holds one run's buffers, where the C library's heap would keep more
    of what each run frees. Thread spinning is off: it burns idle cores between two frames.

    Args:
        path: the `.onnx` file.
        manifest: what the file must be.
        threads: threads for one run, at least 1.

    Raises:
        ModelIntegrityError: hash, inputs or outputs are not the manifest's.
        ModelError: onnxruntime cannot load the file.
    """

    def __init__(self, path: Path, manifest: ModelManifest, *, threads: int = 1) -> None:
        self.manifest = manifest
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != manifest.sha256:
            raise ModelIntegrityError(
                f"{path}: SHA-256 is {digest[:12]}…, the manifest says {manifest.sha256[:12]}…; "
                "restore the file or install the model again"
            )
        try:
            self._session = ort.InferenceSession(
                content, sess_options=_options(threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises several private types
            raise ModelError(f"{path}: onnxruntime cannot load it: {error}") from error
        self._check(path)

    def _check(self, path: Path) -> None:
        inputs = self._session.get_inputs()
        spec = self.manifest.input
        if [node.name for node in inputs] != [spec.name]:
            raise ModelIntegrityError(
                f"{path}: inputs are {[node.name for node in inputs]}, not [{spec.name!r}]"
            )
        actual = [size if isinstance(size, int) else 0 for size in inputs[0].shape]
        if actual != list(spec.shape):
            raise ModelIntegrityError(
                f"{path}: input shape is {actual}, the manifest says {list(spec.shape)}"
            )
        outputs = [node.name for node in self._session.get_outputs()]
        if outputs != list(self.manifest.outputs):
            raise ModelIntegrityError(
                f"{path}: outputs are {outputs}, the manifest says {list(self.manifest.outputs)}"
            )

    def run(self, batch: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """Run the network on one float32 batch; layout and order of outputs are the manifest's.

        Raises:
            ModelError: the network failed.
        """
        try:
            return [
                np.asarray(out)
                for out in self._session.run(None, {self.manifest.input.name: batch})
            ]
        except Exception as error:  # onnxruntime raises several private types
            raise ModelError(f"model {self.manifest.name!r} failed: {error}") from error


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = True
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options
