"""A torch model as an ONNX graph that runs fast on a CPU: attention fused, and nothing computed that no score needs.

The exporter of torch writes the graph, and the optimizer of onnxruntime fuses its attention. Three choices here
were measured: additions and layer normalisations stay nodes of their own, since onnxruntime's joint one is five times
as slow; GELU is its tanh form, a third faster and at most .0005 off; and the last layer is computed only for the one
token that the head reads. This module does not quantise (``int8.py``) and writes no files.
"""

from __future__ import annotations

import io
import logging
import warnings
from typing import TYPE_CHECKING, Any

from toxmeter.extras import need
from toxmeter.models.pretrained import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MICROSOFT", "encoder_graph", "logits_module", "tidied"]

MICROSOFT = "com.microsoft"
"""The domain of the operators that only onnxruntime has."""

_OPSET = 17  # the first with LayerNormalization
_TOKENWISE = {"MatMul", "Add", "LayerNormalization", "FastGelu", "Gelu", "Relu", "Tanh"}


def encoder_graph(model: Any, fields: list[str]) -> Any:  # noqa: ANN401 - models of transformers and onnx
    """The graph of a sequence classifier.

    Args:
        model: of transformers, in evaluation mode, on the CPU and in float32.
        fields: inputs besides ``attention_mask``, as ``TokenReader.fields`` names them.

    Returns:
        an ``onnx.ModelProto`` from ``[n, t]`` int64 inputs, padded at their ends, to ``logits`` ``[n, k]`` float32;
        both sizes are free.

    Raises:
        MissingExtra: without torch, onnx or onnxruntime.
    """
    graph = _fused(_exported(model, [*fields, "attention_mask"]), model.config)
    graph.opset_import.append(need("onnx", extra="export").helper.make_opsetid(MICROSOFT, 1))
    _read_one_token(graph.graph)
    return graph


def logits_module(model: Any, inputs: Sequence[str]) -> Any:  # noqa: ANN401 - modules of torch
    """A module that takes these inputs of a model in this order, and gives nothing but its logits."""
    torch = need("torch", extra="export")

    class Logits(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *values: Any) -> Any:  # noqa: ANN401 - tensors
            return self.model(**dict(zip(inputs, values, strict=True))).logits

    return Logits().eval()


def _exported(model: Any, inputs: list[str]) -> Any:  # noqa: ANN401
    """The model as the exporter writes it."""
    torch, onnx = need("torch", extra="export"), need("onnx", extra="export")
    example = torch.ones((2, 8), dtype=torch.int64)
    buffer = io.BytesIO()
    attention = model.config._attn_implementation
    with quiet(), torch.inference_mode():
        try:
            model.set_attn_implementation("eager")  # the form that the optimizer knows
            # not dynamo=True: no optimizer fuses the attention of what that writes
            torch.onnx.export(
                logits_module(model, inputs), (example,) * len(inputs), buffer, dynamo=False,
                opset_version=_OPSET, input_names=inputs, output_names=["logits"],
                dynamic_axes={name: {0: "n", 1: "t"} for name in inputs} | {"logits": {0: "n"}})
        finally:
            model.set_attn_implementation(attention)
    return onnx.load_model_from_string(buffer.getvalue())


def _fused(graph: Any, config: Any) -> Any:  # noqa: ANN401
    """The graph with one node for each attention; where the optimizer finds none, as it was."""
    if not hasattr(config, "num_attention_heads"):
        return graph
    optimizer = need("onnxruntime.transformers.optimizer", extra="export")
    options = need("onnxruntime.transformers.fusion_options", extra="export").FusionOptions("bert")
    options.enable_embed_layer_norm = options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = False
    options.enable_gelu_approximation = True
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it reports what it looks for in vain
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return optimizer.optimize_by_fusion(
                graph, "bert", config.num_attention_heads, config.hidden_size, options).model
    finally:
        logging.disable(disabled)


def _read_one_token(graph: Any) -> None:  # noqa: ANN401
    """Pick the token that the head reads before the last operations on single tokens, not after them."""
    pick = next((node for node in reversed(graph.node) if _picks_token(node, graph)), None)
    if pick is None:
        return
    fixed = {tensor.name for tensor in graph.initializer}
    readers: dict[str, list[str]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node.output[0])
    late = {pick.output[0]}  # what is read by nothing else than such operations
    for node in reversed(graph.node):
        if node.op_type in _TOKENWISE and set(readers.get(node.output[0], [""])) <= late:
            late.add(node.output[0])
    nodes, picked = [], {}
    for node in graph.node:
        if node is pick or node.output[0] not in late:
            nodes.append(node)
            continue
        for place, name in enumerate(node.input):
            if name in fixed or name in late:
                continue
            if name not in picked:
                early = type(pick)()
                early.CopyFrom(pick)
                early.name = early.output[0] = picked[name] = f"{name}/picked"
                early.input[0] = name
                nodes.append(early)
            node.input[place] = picked[name]
        nodes.append(node)
    if picked:
        nodes.remove(pick)
        for node in nodes:
            for place, name in enumerate(node.input):
                if name == pick.output[0]:
                    node.input[place] = pick.input[0]
    del graph.node[:]
    graph.node.extend(nodes)
    tidied(graph)


def _picks_token(node: Any, graph: Any) -> bool:  # noqa: ANN401
    """Whether a node takes one token ``[n, h]`` out of ``[n, t, h]``, always the same one."""
    if node.op_type != "Gather" or {a.name: a.i for a in node.attribute}.get("axis") != 1:
        return False
    constants = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    constants |= {other.output[0]: tuple(other.attribute[0].t.dims) for other in graph.node
                  if other.op_type == "Constant"}
    return constants.get(node.input[1]) == ()


def tidied(graph: Any) -> None:  # noqa: ANN401
    """Drop from a graph what none of its outputs depends on."""
    wanted = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    fixed = [tensor for tensor in graph.initializer if tensor.name in wanted]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept[::-1])
    graph.initializer.extend(fixed)
