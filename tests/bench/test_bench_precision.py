"""Variants of a network: half the bytes, the same answers; and what a machine does at best."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from bench.precision import half_weights, peak_gflops


def network() -> onnx.ModelProto:
    weight = np.linspace(-1, 1, 8 * 3 * 3 * 3, dtype=np.float32).reshape(8, 3, 3, 3)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w", "b"], ["y"])],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 6, 6])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(np.ones(8, "f4"), "b")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: onnx.ModelProto) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    picture = np.linspace(-1, 1, 192, dtype=np.float32).reshape(1, 3, 8, 8)
    return np.asarray(session.run(None, {"x": picture})[0])


def test_half_weights_give_nearly_the_same_in_half_the_bytes() -> None:
    half = half_weights(network())
    onnx.checker.check_model(half)
    assert run(half) == pytest.approx(run(network()), abs=2e-2)
    assert np.abs(run(half) - run(network())).max() > 0
    sizes = {one.name: len(one.raw_data) for one in half.graph.initializer}
    assert sizes == {"w.half": 8 * 27 * 2, "b": 8 * 4}


def test_a_machine_does_more_than_nothing() -> None:
    assert 0.1 < peak_gflops(64) < 1e5
