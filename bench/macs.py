"""Multiply-accumulates of an ONNX network, from its shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lpr.errors import MissingExtraError, ModelError

Shapes = dict[str, tuple[int, ...]]


def count_macs(path: Path) -> int:
    """Multiply-accumulates of one run with one input; a free dimension counts as 1.

    Convolutions, matrix products and recurrent layers are counted, quantised ones too; what is
    done once per element (activations, additions) is not.

    Raises:
        MissingExtraError: the package onnx is not installed.
        ModelError: the file is no ONNX model.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("onnx", "train") from error
    try:
        model = onnx.load(str(path))
        for value in model.graph.input:
            for size in value.type.tensor_type.shape.dim:
                if size.dim_value < 1:
                    size.dim_value = 1
        graph = onnx.shape_inference.infer_shapes(model).graph
    except Exception as error:  # protobuf and onnx raise several private types
        raise ModelError(f"{path}: is no ONNX model: {error}") from error
    shapes: Shapes = {one.name: tuple(one.dims) for one in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        dims = value.type.tensor_type.shape.dim
        shapes[value.name] = tuple(max(1, size.dim_value) for size in dims)
    return sum(_node(node, shapes) for node in graph.node)


def _node(node: Any, shapes: Shapes) -> int:
    kind = node.op_type
    inputs = [shapes.get(name, ()) for name in node.input]
    output = shapes.get(node.output[0], ()) if node.output else ()
    if kind in ("Conv", "ConvInteger", "QLinearConv"):
        weight = inputs[3] if kind == "QLinearConv" else inputs[1]
        return math.prod(output) * math.prod(weight[1:])
    if kind == "ConvTranspose":
        return math.prod(inputs[0]) * math.prod(inputs[1][1:])
    if kind in ("MatMul", "MatMulInteger", "Gemm", "QLinearMatMul"):
        return math.prod(output) * _inner(node, inputs)
    if kind in ("LSTM", "GRU", "RNN"):
        return _recurrent(inputs)
    return 0


def _inner(node: Any, inputs: Sequence[tuple[int, ...]]) -> int:
    """The length of the rows that are multiplied."""
    left = inputs[0]
    if not left:
        return 0
    flipped = any(item.name == "transA" and item.i for item in node.attribute)
    return left[0] if flipped else left[-1]


def _recurrent(inputs: Sequence[tuple[int, ...]]) -> int:
    """Steps times batch times the two weight matrices of every direction."""
    steps, batch = inputs[0][0], inputs[0][1]
    return steps * batch * (math.prod(inputs[1]) + math.prod(inputs[2]))
