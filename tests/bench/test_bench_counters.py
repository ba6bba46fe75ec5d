from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bench.counters import GROWTH, Counter, allocations, count, instructions
from bench.macs import count_macs
from bench.revisions import checkout
from lpr.errors import ModelError

onnx = pytest.importorskip("onnx", reason="counting multiply-accumulates needs the package onnx")


def save(path: Path, nodes: list[object], shapes: Mapping[str, Sequence[int]]) -> Path:
    """A network of `nodes`: `x` in, `y` out, every other name a weight."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = [
        helper.make_tensor(name, kind, shape, [0.0] * int(math.prod(shape)))
        for name, shape in shapes.items()
        if name not in ("x", "y")
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", kind, list(shapes["x"]))],
        [helper.make_tensor_value_info("y", kind, list(shapes["y"]))],
        weights,
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), str(path))
    return path


def test_a_convolution_is_output_times_kernel(tmp_path: Path) -> None:
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1], strides=[2, 2])
    shapes = {"x": (1, 3, 8, 16), "w": (4, 3, 3, 3), "y": (1, 4, 4, 8)}
    assert count_macs(save(tmp_path / "m.onnx", [node], shapes)) == 4 * 4 * 8 * 27


def test_a_depthwise_convolution_counts_its_own_channel_only(tmp_path: Path) -> None:
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1], group=4)
    shapes = {"x": (1, 4, 8, 8), "w": (4, 1, 3, 3), "y": (1, 4, 8, 8)}
    assert count_macs(save(tmp_path / "m.onnx", [node], shapes)) == 4 * 8 * 8 * 9


def test_matrix_products_count_rows_times_columns(tmp_path: Path) -> None:
    node = onnx.helper.make_node("MatMul", ["x", "w"], ["y"])
    shapes = {"x": (1, 5, 7), "w": (7, 11), "y": (1, 5, 11)}
    assert count_macs(save(tmp_path / "m.onnx", [node], shapes)) == 5 * 7 * 11
    node = onnx.helper.make_node("Gemm", ["x", "w"], ["y"], transA=1)
    shapes = {"x": (7, 5), "w": (7, 11), "y": (5, 11)}
    assert count_macs(save(tmp_path / "n.onnx", [node], shapes)) == 5 * 7 * 11


def test_a_free_batch_counts_as_one(tmp_path: Path) -> None:
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"])
    shapes = {"x": (0, 3, 8, 8), "w": (4, 3, 1, 1), "y": (0, 4, 8, 8)}
    assert count_macs(save(tmp_path / "m.onnx", [node], shapes)) == 4 * 8 * 8 * 3


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\xff" * 20)
    with pytest.raises(ModelError, match=r"m\.onnx"):
        count_macs(path)


def test_the_shipped_models_have_a_plausible_size() -> None:
    found = sorted((Path(__file__).resolve().parents[2] / "models").glob("*/model.onnx"))
    assert found
    for path in found:
        assert 1e6 < count_macs(path) < 5e9


@pytest.mark.parametrize(
    ("base", "head", "grown"),
    [(100, 100 * GROWTH, False), (100, 100 * GROWTH + 1, True), (None, 9, False), (9, None, False)],
)
def test_a_counter_grows_beyond_its_allowance(
    base: float | None, head: float | None, grown: bool
) -> None:
    assert Counter("work", base, head).grown == grown


def test_allocations_are_counted_to_the_byte(repository: Path, workloads: Path) -> None:
    with checkout(repository, "base") as tree:
        found = allocations(tree, workloads, ["allocate", "newer"])
    assert list(found) == ["allocate: peak bytes"]
    assert 200_000 <= found["allocate: peak bytes"] < 204_000


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_instructions_show_twice_the_work(repository: Path, workloads: Path) -> None:
    counted = {}
    for revision in ("base", "twice"):
        with checkout(repository, revision) as tree:
            counted[revision] = instructions(tree, workloads, ["work"])["work: instructions"]
    assert counted["twice"] / counted["base"] == pytest.approx(2.0, rel=0.03)


def test_two_sides_are_counted_side_by_side(
    repository: Path, workloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with checkout(repository, "base") as base, checkout(repository, "empty") as head:
        (found,) = count(base, head, workloads, ["allocate"])
    assert found.name == "allocate: peak bytes"
    assert found.base is not None
    assert found.head is None
