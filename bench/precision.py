"""Would another precision pay? `python -m bench.precision`: the shipped networks in variants.

Each network is taken as it is shipped, with float16 weights (widened when it is loaded), and
statically quantised to int8 (calibrated on training pictures). All variants are timed in turns in
one process, then run over the validation pictures, where wins and losses are paired: the same
picture, read or found by one variant and not by the other. Run by hand; figures go to the docs.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import thread_time
from typing import Any, TypeVar

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from bench.macs import count_macs
from lpr.detect.detector import OnnxDetector
from lpr.detect.views import whole_view
from lpr.evaluate.datasets import (
    NOT_A_PLATE,
    data_folder,
    load_negatives,
    load_plates,
    load_scenes,
    read_image,
)
from lpr.evaluate.detection import TIGHT_IOU
from lpr.evaluate.matching import match_detections
from lpr.evaluate.recognition import group_of
from lpr.evaluate.recognition_report import MAIN
from lpr.imaging import compose, detector_input, recognizer_input, rectify
from lpr.latency.statistics import summarise
from lpr.manifest import ModelManifest
from lpr.recognize.recognizer import OnnxRecognizer
from lpr.registry import DEFAULT_DETECTOR, DEFAULT_RECOGNIZER, ModelFiles, find_model
from lpr.session import OnnxSession
from lpr.types import Image

CALIBRATION = 96
ROUNDS = 120
VARIANTS = ("float32", "float16 weights", "int8")
Row = TypeVar("Row")
Batch = np.ndarray[Any, np.dtype[np.float32]]


def main() -> int:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.precision", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="timed runs of each variant")
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    print(f"float32 matrix product, one thread, best: {peak_gflops():.0f} GFLOP/s")
    with tempfile.TemporaryDirectory(prefix="lpr-precision-") as folder:
        detectors = variants(find_model(DEFAULT_DETECTOR), Path(folder), _detector_batches())
        print(table(detectors, rounds, plates_found(detectors)))
        readers = variants(find_model(DEFAULT_RECOGNIZER), Path(folder), _reader_batches())
        print(table(readers, rounds, plates_read(readers)))
    return 0


def peak_gflops(size: int = 512) -> float:
    """What one core does at best: a float32 matrix product, in 10^9 operations a second."""
    square = np.ones((size, size), np.float32)
    durations = []
    for _ in range(60):
        started = thread_time()
        square @ square
        durations.append(thread_time() - started)
    return 2 * size**3 / min(durations) / 1e9


def variants(model: ModelFiles, folder: Path, batches: Iterator[Batch]) -> dict[str, ModelFiles]:
    """The model in each of `VARIANTS`, written to `folder` where it is not the shipped one."""
    stem = model.manifest.name
    half, small = folder / f"{stem}-half.onnx", folder / f"{stem}-int8.onnx"
    onnx.save(half_weights(onnx.load(str(model.path))), str(half))
    plain = folder / f"{stem}.onnx"
    shutil.copyfile(model.path, plain)
    quantize_static(
        str(plain),
        str(small),
        _Batches(model.manifest.input.name, batches),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        # Without VNNI the products of 8 by 8 bits saturate in pairs: 7-bit weights do not.
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv", "MatMul"],
    )
    paths = (model.path, half, small)
    return {
        name: ModelFiles(path, _manifest(model.manifest, path))
        for name, path in zip(VARIANTS, paths, strict=True)
    }


def half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store the large weights as float16; they are widened once, when the model is loaded."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 64:
            continue
        name = weight.name
        values = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(values, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def time_variants(models: dict[str, ModelFiles], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of one run of each variant, taken in turns."""
    sessions = {name: OnnxSession(one.path, one.manifest) for name, one in models.items()}
    shape = [size or 1 for size in next(iter(models.values())).manifest.input.shape]
    batch = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for session in sessions.values():
        session.run(batch)
    for _ in range(rounds):
        for name, session in sessions.items():
            started = thread_time()
            session.run(batch)
            seconds[name].append(thread_time() - started)
    return seconds


def plates_found(models: dict[str, ModelFiles]) -> dict[str, list[bool]]:
    """Per variant, whether each labelled plate of the validation scenes was found, in order.

    Found means an overlap of 0.7, because what is read needs good corners. Behind the plates come
    the pictures without any: whether nothing was found there.
    """
    detectors = {name: OnnxDetector(one) for name, one in models.items()}
    hits: dict[str, list[bool]] = {name: [] for name in models}
    for scene in load_scenes(data_folder(), "val"):
        picture = read_image(scene.path)
        plates = [plate for plate in scene.plates if plate.note != NOT_A_PLATE]
        for name, detector in detectors.items():
            matches = match_detections(plates, detector.detect(picture), TIGHT_IOU)
            found = {match.label for match in matches}
            hits[name] += [number in found for number in range(len(plates))]
    for scene in load_negatives(data_folder(), "val"):
        picture = read_image(scene.path)
        for name, detector in detectors.items():
            hits[name].append(not detector.detect(picture))
    return hits


def plates_read(models: dict[str, ModelFiles]) -> dict[str, list[bool]]:
    """Per variant, whether each plate of the validation set was read exactly, in order."""
    readers = {name: OnnxRecognizer(one) for name, one in models.items()}
    width, height = next(iter(readers.values())).size
    alphabet = next(iter(models.values())).manifest.alphabet
    hits: dict[str, list[bool]] = {name: [] for name in models}
    for plate in load_plates(data_folder(), "val"):
        if group_of(plate, alphabet) != MAIN:
            continue
        crop = rectify(read_image(plate.path), plate.plate.shape, width, height)
        for name, reader in readers.items():
            hits[name].append(reader.read([crop])[0].text == plate.text)
    return hits


def table(models: dict[str, ModelFiles], rounds: int, hits: dict[str, list[bool]]) -> str:
    """One row per variant, Markdown."""
    first = next(iter(models))
    seconds = time_variants(models, rounds)
    macs = count_macs(models[first].path)
    rows = [
        f"\n{models[first].manifest.name}: {macs / 1e6:.0f} million multiply-accumulates\n",
        "| variant | median ms | best ms | GFLOP/s at best | MB | right | won | lost |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, model in models.items():
        took = summarise(seconds[name])
        pairs = list(zip(hits[name], hits[first], strict=True))
        rows.append(
            f"| {name} | {took.median:.2f} | {took.best:.2f} | {2 * macs / took.best / 1e6:.0f} | "
            f"{model.path.stat().st_size / 1e6:.2f} | {sum(hits[name])} of {len(pairs)} | "
            f"{sum(a > b for a, b in pairs)} | {sum(a < b for a, b in pairs)} |"
        )
    return "\n".join(rows)


class _Batches(CalibrationDataReader):  # type: ignore[misc]
    """Hands calibration inputs to onnxruntime one by one."""

    def __init__(self, name: str, batches: Iterator[Batch]) -> None:
        self._name, self._batches = name, batches

    def get_next(self) -> dict[str, Batch] | None:
        batch = next(self._batches, None)
        return None if batch is None else {self._name: batch}


def _detector_batches() -> Iterator[Batch]:
    spec = find_model(DEFAULT_DETECTOR).manifest.input
    width, height = spec.size
    for scene in _spread(load_scenes(data_folder(), "train")):
        picture = read_image(scene.path)
        rows, columns = picture.shape[:2]
        view = whole_view(columns, rows, width, height)
        canvas = compose(picture, view, width, height)
        yield detector_input([canvas], spec.mean, spec.scale, layout=spec.layout)


def _reader_batches() -> Iterator[Batch]:
    spec = find_model(DEFAULT_RECOGNIZER).manifest.input
    width, height = spec.size
    for plate in _spread(load_plates(data_folder(), "train")):
        crop: Image = rectify(read_image(plate.path), plate.plate.shape, width, height)
        yield recognizer_input([crop], spec.mean, spec.scale)


def _spread(rows: Sequence[Row], count: int = CALIBRATION) -> Iterator[Row]:
    step = max(1, len(rows) // count)
    yield from rows[::step][:count]


def _manifest(manifest: ModelManifest, path: Path) -> ModelManifest:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return manifest.model_copy(update={"sha256": digest, "file": path.name})


if __name__ == "__main__":
    raise SystemExit(main())
