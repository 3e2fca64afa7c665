"""The exported graph: fused, free in its sizes, and right to the last digits of float32."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.export.graph import encoder_graph, tidied
from toxmeter.extras import need
from toxmeter.models.transformer import TransformerScorer

transformers = need("transformers", extra="train")
SIZES: dict[str, Any] = {"vocab_size": 60, "num_labels": 3, "max_position_embeddings": 64}


def run(graph: Any, inputs: dict[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.float32]:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    found: npt.NDArray[np.float32] = session.run(["logits"], inputs)[0]
    return found


def inputs_of(seed: int, rows: int, tokens: int, fields: list[str]) -> dict[str, npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, tokens + 1, rows)
    lengths[0] = tokens
    mask = (np.arange(tokens) < lengths[:, None]).astype(np.int64)
    given = {"input_ids": rng.integers(3, 60, (rows, tokens)) * mask + (1 - mask)}
    if "token_type_ids" in fields:
        given["token_type_ids"] = np.zeros((rows, tokens), np.int64)
    return given | {"attention_mask": mask}


@pytest.fixture(scope="module", params=["bert", "distilbert", "roberta"])
def family(request: pytest.FixtureRequest) -> tuple[Any, list[str], Any]:
    """A random model, its inputs and its graph."""
    configs: dict[str, Callable[[], Any]] = {
        "bert": lambda: transformers.BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                                                intermediate_size=64, initializer_range=0.3, **SIZES),
        "distilbert": lambda: transformers.DistilBertConfig(dim=32, n_layers=2, n_heads=2, hidden_dim=64,
                                                            initializer_range=0.3, **SIZES),
        "roberta": lambda: transformers.RobertaConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                                                      intermediate_size=64, initializer_range=0.3, pad_token_id=1,
                                                      **SIZES),
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = transformers.AutoModelForSequenceClassification.from_config(configs[request.param]()).eval()
    fields = ["input_ids", "token_type_ids"] if request.param == "bert" else ["input_ids"]
    return model, fields, encoder_graph(model, fields)


@given(seed=st.integers(0, 1_000), rows=st.integers(1, 4), tokens=st.integers(1, 40))
def test_logits_are_those_of_torch_for_all_sizes(
    family: tuple[Any, list[str], Any], seed: int, rows: int, tokens: int
) -> None:
    model, fields, graph = family
    inputs = inputs_of(seed, rows, tokens, fields)
    with torch.inference_mode():
        expected = model(**{name: torch.from_numpy(values) for name, values in inputs.items()}).logits.numpy()
    # GELU is its tanh form
    np.testing.assert_allclose(run(graph, inputs), expected, atol=0.02)


def test_attention_is_one_node_and_the_last_layer_reads_one_token(family: tuple[Any, list[str], Any]) -> None:
    graph = family[2].graph
    kinds = Counter(node.op_type for node in graph.node)
    assert kinds["Attention"] == 2
    assert "Softmax" not in kinds
    assert kinds["SkipLayerNormalization"] == 0
    picked = {node.output[0] for node in graph.node if node.output[0].endswith("/picked")}
    assert len(picked) == 2, "what attention gives and what it is added to"
    onnx.checker.check_model(family[2])


def test_what_no_output_needs_is_dropped() -> None:
    make = onnx.helper
    one = onnx.numpy_helper.from_array(np.ones(2, np.float32), "one")
    idle = onnx.numpy_helper.from_array(np.ones(2, np.float32), "idle")
    value = make.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [2])
    result = make.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [2])
    graph = make.make_graph([make.make_node("Add", ["x", "idle"], ["z"]), make.make_node("Add", ["x", "one"], ["y"])],
                            "g", [value], [result], [one, idle])
    tidied(graph)
    assert [node.output[0] for node in graph.node] == ["y"]
    assert [tensor.name for tensor in graph.initializer] == ["one"]


def test_the_model_is_left_as_it_was(tiny: TransformerScorer) -> None:
    before = tiny.network.config._attn_implementation
    scores = tiny.score(["a nice day"])
    encoder_graph(tiny.network, ["input_ids", "token_type_ids"])
    assert tiny.network.config._attn_implementation == before
    np.testing.assert_array_equal(tiny.score(["a nice day"]), scores)
