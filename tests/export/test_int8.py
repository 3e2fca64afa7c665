"""Eight-bit graphs: near their originals, the same whatever the batch, and safe from outliers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from toxmeter.export.forms import exported
from toxmeter.export.int8 import quantised
from toxmeter.models.transformer import TransformerScorer

Floats = npt.NDArray[np.floating[Any]]
ROWS, WIDE, HIDDEN = 400, 24, 32


def run(graph: Any, values: Floats) -> Floats:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    mask = np.ones(values.shape[:2], np.int64)
    found: Floats = session.run(["y"], {"x": values, "attention_mask": mask})[0]
    return found


def feed_forward(weights: dict[str, Floats]) -> Any:
    """A layer normalisation and what follows it in an encoder: up, GELU, down, bias."""
    make = onnx.helper
    nodes = [make.make_node("LayerNormalization", ["x", "gamma", "beta"], ["n"]),
             make.make_node("MatMul", ["n", "up"], ["u"]),
             make.make_node("FastGelu", ["u", "up_bias"], ["g"], domain="com.microsoft"),
             make.make_node("MatMul", ["g", "down"], ["d"]),
             make.make_node("Add", ["down_bias", "d"], ["y"])]
    inputs = [make.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", "t", WIDE]),
              make.make_tensor_value_info("attention_mask", onnx.TensorProto.INT64, ["n", "t"])]
    output = make.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    fixed = [onnx.numpy_helper.from_array(values.astype(np.float32), name) for name, values in weights.items()]
    graph = make.make_graph(nodes, "g", inputs, [output], fixed)
    return make.make_model(graph, ir_version=9, opset_imports=[make.make_opsetid("", 17), make.make_opsetid(
        "com.microsoft", 1)])


@pytest.fixture
def weights() -> dict[str, Floats]:
    rng = np.random.default_rng(3)
    return {"gamma": np.ones(WIDE), "beta": np.zeros(WIDE), "up": rng.normal(0, 0.2, (WIDE, HIDDEN)),
            "up_bias": rng.normal(0, 0.1, HIDDEN), "down": rng.normal(0, 0.2, (HIDDEN, WIDE)),
            "down_bias": rng.normal(0, 1, WIDE)}


@pytest.fixture
def values() -> Floats:
    return np.random.default_rng(4).normal(size=(ROWS, 1, WIDE)).astype(np.float32)


def error(weights: dict[str, Floats], values: Floats) -> float:
    """Root of the mean squared error, as a share of the spread of the output."""
    graph = feed_forward(weights)
    small = quantised(graph, [{"x": values, "attention_mask": np.ones((ROWS, 1), np.int64)}])
    expected = run(graph, values)
    return float(np.sqrt(np.mean((run(small, values) - expected) ** 2)) / expected.std())


def test_products_are_of_integers_and_near_the_original(weights: dict[str, Floats], values: Floats) -> None:
    small = quantised(feed_forward(weights), [{"x": values, "attention_mask": np.ones((ROWS, 1), np.int64)}])
    kinds = Counter(node.op_type for node in small.graph.node)
    assert kinds == {"LayerNormalization": 1, "QuantizeLinear": 2, "MatMulIntegerToFloat": 2, "FastGelu": 1}
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in small.graph.initializer}
    assert stored["up/int8"].dtype == np.int8
    assert np.abs(stored["up/int8"]).max() <= 64, "pairs of products stay within 16 bits"
    assert error(weights, values) < 0.02


def test_a_wide_channel_does_not_spoil_the_others(weights: dict[str, Floats], values: Floats) -> None:
    plain = error(weights, values)
    weights["gamma"][5] = 40.0
    weights["up"][5] /= 40.0
    assert error(weights, values) < 2 * plain


def test_a_wide_neuron_becomes_several_with_a_slice_each(weights: dict[str, Floats], values: Floats) -> None:
    weights["up_bias"][7] = 21.0
    small = quantised(feed_forward(weights), [{"x": values, "attention_mask": np.ones((ROWS, 1), np.int64)}])
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in small.graph.initializer}
    extra = stored["up_bias"][HIDDEN:]
    np.testing.assert_allclose(extra, 21.0 - 6.0 * np.arange(1, len(extra) + 1))
    assert len(extra) >= 3
    assert stored["g/scale"] < 6.5 / 255
    assert error(weights, values) < 0.02


def test_the_original_graph_is_left_as_it_was(weights: dict[str, Floats], values: Floats) -> None:
    graph = feed_forward(weights)
    before = graph.SerializeToString()
    quantised(graph, [{"x": values, "attention_mask": np.ones((ROWS, 1), np.int64)}])
    assert graph.SerializeToString() == before


def test_without_examples_there_are_no_ranges(weights: dict[str, Floats]) -> None:
    with pytest.raises(ValueError, match="no example texts"):
        quantised(feed_forward(weights), [])


def test_scores_do_not_depend_on_the_batch(tiny: TransformerScorer, texts: list[str]) -> None:
    scorer = exported(tiny, "int8", texts).open({}, {})
    together = scorer.score([*texts, *reversed(texts)])
    alone = np.concatenate([scorer.score([text]) for text in texts])
    np.testing.assert_array_equal(together[: len(texts)], alone)
    np.testing.assert_array_equal(together[len(texts) :], alone[::-1])


def test_a_large_table_of_embeddings_is_bytes_with_a_scale_for_each_row() -> None:
    make = onnx.helper
    table = np.random.default_rng(0).normal(size=(4_000, 32)).astype(np.float32) * np.logspace(-3, 3, 4_000)[:, None]
    table = table.astype(np.float32)
    rows = make.make_tensor_value_info("rows", onnx.TensorProto.INT64, ["n"])
    output = make.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    graph = make.make_graph([make.make_node("Gather", ["table", "rows"], ["y"])], "g", [rows], [output],
                            [onnx.numpy_helper.from_array(table, "table")])
    model = make.make_model(graph, ir_version=9, opset_imports=[make.make_opsetid("", 17)])
    small = quantised(model, [])
    assert len(small.SerializeToString()) < 0.3 * len(model.SerializeToString())
    session = onnxruntime.InferenceSession(small.SerializeToString(), providers=["CPUExecutionProvider"])
    wanted = np.array([0, 17, 3_999])
    (found,) = session.run(["y"], {"rows": wanted})
    assert (np.abs(found - table[wanted]).max(axis=1) <= np.abs(table[wanted]).max(axis=1) / 250).all()
