"""An ONNX graph in integers of eight bits: weights per channel, activations by ranges that are fixed beforehand.

Ranges of activations come from example texts, not from the batch at hand, so that a text has the same scores
whatever it is scored with. What spoils fixed ranges in encoders, a few channels ten times as wide as all others, is
dealt with where it arises: behind a layer normalisation such channels are narrowed before rounding, and their weights
raised as much (SmoothQuant, Xiao et al. 2023, arXiv:2211.10438); behind a GELU such a neuron becomes several, each
with a slice of the range (after outlier channel splitting, Zhao et al. 2019, arXiv:1901.09504). Weights use seven
bits: with eight, processors without VNNI overflow, and other scores would come out there. This module does not
choose the texts, does not decide which integer a weight becomes (``rounding.py``) and does not judge the result
(``parity.py``).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toxmeter.export.graph import MICROSOFT, tidied
from toxmeter.export.rounding import rounded
from toxmeter.extras import need

__all__ = ["quantised"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Batch = Mapping[str, npt.NDArray[Any]]

_WEIGHT = 64  # the largest weight: 2 · 255 · 64 just fits in the 16 bits that processors without VNNI add up in
_LEVELS = 255
_WIDE = 3.0  # channels wider than so many times the median are narrowed
_SLICE = 6.0  # of a neuron's range
_HEADROOM = 1.05  # texts are wider than the examples
_TABLE = 100_000  # numbers from which a table of embeddings is worth rounding


class _Graph:
    """A graph in the making: its nodes in order, its tensors by name."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401
        self.onnx = need("onnx", extra="export")
        self._model = model
        self.nodes = list(model.graph.node)
        self.fixed = {tensor.name: self.onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}

    def add(self, name: str, values: npt.NDArray[Any]) -> str:
        self.fixed[name] = values
        return name

    def model(self) -> Any:  # noqa: ANN401
        """All of it as a new ``onnx.ModelProto``."""
        result = type(self._model)()
        result.CopyFrom(self._model)
        del result.graph.node[:], result.graph.initializer[:]
        result.graph.node.extend(self.nodes)
        result.graph.initializer.extend(self.onnx.numpy_helper.from_array(np.ascontiguousarray(values), name)
                                        for name, values in self.fixed.items())
        tidied(result.graph)
        return result

    def node(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> Any:  # noqa: ANN401
        return self.onnx.helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes)


def quantised(model: Any, batches: Iterable[Batch]) -> Any:  # noqa: ANN401
    """The graph with integer products.

    Args:
        model: an ``onnx.ModelProto`` as ``encoder_graph`` makes it; it is not changed.
        batches: inputs of example texts, which show how large activations get.

    Returns:
        a graph with the same inputs and outputs.

    Raises:
        ValueError: when there are no examples.
        MissingExtra: without onnx or onnxruntime.
    """
    batches = list(batches)
    ranges = _ranges(model, batches)
    graph = _Graph(model)
    _split_wide_neurons(graph, ranges)
    _round_products(graph, ranges, _grams(graph.model(), ranges, batches))
    _round_tables(graph)
    return graph.model()


def _is_product(node: Any, fixed: Container[str]) -> bool:  # noqa: ANN401
    """Whether a node multiplies activations by weights."""
    return node.op_type in ("Attention", "MatMul") and node.input[1] in fixed


def _activations(model: Any, batches: Sequence[Batch]) -> Iterator[tuple[str, Floats]]:  # noqa: ANN401
    """All that is multiplied by weights, a batch at a time: its name, and rows ``[tokens, h]``."""
    onnx, runtime = need("onnx", extra="export"), need("onnxruntime", extra="export")
    fixed = {tensor.name for tensor in model.graph.initializer}
    names = sorted({node.input[0] for node in model.graph.node if _is_product(node, fixed)})
    if names and not batches:
        raise ValueError("no example texts: the ranges of activations are measured on some")
    shown = type(model)()
    shown.CopyFrom(model)
    shown.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    session = runtime.InferenceSession(shown.SerializeToString(), providers=["CPUExecutionProvider"])
    for batch in batches:
        real = batch["attention_mask"].astype(bool)
        for name, values in zip(names, session.run(names, dict(batch)), strict=True):
            yield name, values[real] if values.ndim == 3 else values  # one token of each text has no padding


def _ranges(model: Any, batches: Sequence[Batch]) -> dict[str, tuple[Floats, Floats]]:  # noqa: ANN401
    """Least and greatest value of each channel ``[h]``, with headroom."""
    low: dict[str, Floats] = {}
    high: dict[str, Floats] = {}
    for name, rows in _activations(model, batches):
        low[name] = np.minimum(low.get(name, np.inf), rows.min(axis=0))
        high[name] = np.maximum(high.get(name, -np.inf), rows.max(axis=0))
    return {name: (_HEADROOM * low[name], _HEADROOM * high[name]) for name in low}


def _grams(model: Any, ranges: Mapping[str, tuple[Floats, Floats]], batches: Sequence[Batch]) -> dict[str, Doubles]:  # noqa: ANN401
    """The products ``[h, h]`` of channels with one another, cut at their ranges as rounding cuts them."""
    grams: dict[str, Doubles] = {}
    for name, rows in _activations(model, batches):
        cut = np.clip(rows, *ranges[name]).astype(np.float64)  # in float32, wide layers would have no inverse
        grams[name] = grams.get(name, np.float64(0.0)) + cut.T @ cut
    return grams


def _split_wide_neurons(graph: _Graph, ranges: dict[str, tuple[Floats, Floats]]) -> None:
    """A neuron whose GELU exceeds a slice becomes several: ``gelu(z) ≈ Σ clip(gelu(z - slice · j), 0, slice)``."""
    producers = {node.output[0]: node for node in graph.nodes}
    readers: dict[str, list[Any]] = {}
    for node in graph.nodes:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    for name, (low, high) in ranges.items():
        gelu = producers.get(name)
        if gelu is None or gelu.op_type != "FastGelu" or len(gelu.input) < 2:
            continue
        before, (after, *others) = producers.get(gelu.input[0]), readers[name]
        if before is None or not _is_product(before, graph.fixed) or others or not _is_product(after, graph.fixed):
            continue
        copies = np.maximum(np.ceil(high / _SLICE).astype(int) - 1, 0)
        source = np.repeat(np.arange(len(high)), copies)
        step = np.concatenate([np.arange(1, count + 1) for count in copies]) if len(source) else source
        inward, bias, outward = before.input[1], gelu.input[1], after.input[1]
        graph.fixed[inward] = np.concatenate([graph.fixed[inward], graph.fixed[inward][:, source]], axis=1)
        shifted = (graph.fixed[bias][source] - _SLICE * step).astype(np.float32)
        graph.fixed[bias] = np.concatenate([graph.fixed[bias], shifted])
        graph.fixed[outward] = np.concatenate([graph.fixed[outward], graph.fixed[outward][source]])
        high = np.minimum(high, _SLICE)
        ranges[name] = (np.concatenate([low, low[source]]), np.concatenate([high, high[source]]))


def _round_products(
    graph: _Graph, ranges: Mapping[str, tuple[Floats, Floats]], grams: Mapping[str, Doubles]
) -> None:
    nodes: list[Any] = []
    done: dict[str, tuple[list[str], Floats]] = {}
    for node in graph.nodes:
        if not _is_product(node, graph.fixed):
            nodes.append(node)
            continue
        name = node.input[0]
        if name not in done:
            factor = _narrowing(*ranges[name])
            done[name] = _rounded_input(graph, nodes, name, ranges[name], factor), factor
        (values, scale, zero), factor = done[name]
        weights, scales, zeros = _rounded_weights(graph, node.input[1], factor, grams[name])
        if node.op_type == "Attention":
            attributes = {each.name: graph.onnx.helper.get_attribute_value(each) for each in node.attribute
                          if each.name in ("num_heads", "unidirectional")}
            nodes.append(graph.node(
                "QAttention", [values, weights, node.input[2], scale, scales, node.input[3], zero, zeros],
                node.output[0], MICROSOFT, **attributes))
        else:
            nodes.append(graph.node("MatMulIntegerToFloat", [values, weights, scale, scales, zero, zeros],
                                    node.output[0], MICROSOFT))
    graph.nodes = _with_biases(nodes, graph.fixed)


def _narrowing(low: Floats, high: Floats) -> Floats:
    """What each channel is divided by before rounding, ``[h]``: 1 but for the wide ones."""
    width = np.maximum(high, -low)
    factor: Floats = np.maximum(1.0, width / max(_WIDE * float(np.median(width)), 1e-6)).astype(np.float32)
    return factor


def _rounded_input(
    graph: _Graph, nodes: list[Any], name: str, span: tuple[Floats, Floats], factor: Floats
) -> list[str]:
    """Append what rounds a tensor; the names of its bytes, their scale and their zero."""
    low, high = (min(float((span[0] / factor).min()), 0.0), max(float((span[1] / factor).max()), 1e-6))
    scale = (high - low) / _LEVELS
    source = name
    if (factor > 1).any():
        source = f"{name}/narrowed"
        nodes.append(graph.node("Mul", [name, graph.add(f"{name}/factor", (1 / factor).astype(np.float32))], source))
    inputs = [graph.add(f"{name}/scale", np.array(scale, np.float32)),
              graph.add(f"{name}/zero", np.array(round(-low / scale), np.uint8))]
    nodes.append(graph.node("QuantizeLinear", [source, *inputs], f"{name}/rounded"))
    return [f"{name}/rounded", *inputs]


def _rounded_weights(graph: _Graph, name: str, factor: Floats, gram: Doubles) -> list[str]:
    """Weights ``[h, m]`` as bytes; their names, of the scales ``[m]`` and of the zeros."""
    weights = graph.fixed[name] * factor[:, None]
    scale = np.maximum(np.abs(weights).max(axis=0) / _WEIGHT, 1e-12).astype(np.float32)
    integers = rounded(weights, scale, gram / np.outer(factor, factor), _WEIGHT)
    return [graph.add(f"{name}/int8", integers), graph.add(f"{name}/scales", scale),
            graph.add(f"{name}/zeros", np.zeros(len(scale), np.int8))]


def _with_biases(nodes: list[Any], fixed: Mapping[str, Any]) -> list[Any]:
    """A bias that is added to a product becomes a part of it."""
    products = {node.output[0]: node for node in nodes if node.op_type == "MatMulIntegerToFloat"}
    uses: dict[str, int] = {}
    for node in nodes:
        for name in node.input:
            uses[name] = uses.get(name, 0) + 1
    kept = []
    for node in nodes:
        ends = list(node.input) if node.op_type == "Add" else []
        product = next((products[name] for name in ends if name in products and uses[name] == 1), None)
        bias = next((name for name in ends if name in fixed and fixed[name].ndim == 1), None)
        if product is None or bias is None or len(product.input) > 6:
            kept.append(node)
        else:
            product.input.append(bias)
            product.output[0] = node.output[0]
            products[node.output[0]] = product
    return kept


def _round_tables(graph: _Graph) -> None:
    """Embeddings as bytes, with a scale for each row."""
    nodes: list[Any] = []
    for node in graph.nodes:
        table = graph.fixed.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or table.ndim != 2 or table.size < _TABLE or table.dtype != np.float32:
            nodes.append(node)
            continue
        name, rows, output = node.input[0], node.input[1], node.output[0]
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True) / 127, 1e-12).astype(np.float32)
        graph.add(f"{name}/int8", np.rint(table / scale).astype(np.int8))
        graph.add(f"{name}/scales", scale)
        nodes += [graph.node("Gather", [f"{name}/int8", rows], f"{output}/int8"),
                  graph.node("Cast", [f"{output}/int8"], f"{output}/cast", to=graph.onnx.TensorProto.FLOAT),
                  graph.node("Gather", [f"{name}/scales", rows], f"{output}/scales"),
                  graph.node("Mul", [f"{output}/cast", f"{output}/scales"], output)]
    graph.nodes = nodes
