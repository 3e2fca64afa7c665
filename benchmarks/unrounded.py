"""The shipped mini as transformers reads it: its int8 weights as float32 numbers in a BERT classifier.

The trained transformer that mini was exported from is not shipped. Its rounded twin has the same shape and size and
nearly the same scores, so whoever has only the package can time mini beside other ways to run it. This module reads
the graph that ``toxmeter.export`` writes for MiniLM-L6, and no other.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_BERT = "model.bert."


def build(folder: Path) -> None:
    """Write mini's BERT classifier and its tokenizer into a folder, as an artifact with mini's calibration."""
    from toxmeter.artifact import write_artifact
    from toxmeter.extras import need
    from toxmeter.models.catalog import artifact_of
    from toxmeter.models.pretrained import transformer_files

    torch, transformers = need("torch", extra="train"), need("transformers", extra="train")
    mini = artifact_of("mini")
    weights = _weights(mini.path / "model.onnx")
    hidden = len(weights["bert.pooler.dense.bias"])
    config = transformers.BertConfig(
        vocab_size=len(weights["bert.embeddings.word_embeddings.weight"]), hidden_size=hidden, num_hidden_layers=6,
        num_attention_heads=12, intermediate_size=4 * hidden, num_labels=len(mini.manifest.labels))
    model = transformers.BertForSequenceClassification(config)
    model.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(mini.path / "tokenizer.json"), model_max_length=config.max_position_embeddings,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")})
    manifest = replace(mini.manifest, format="transformer", metrics={}, recipe={},
                       model={"max_length": mini.manifest.model["max_length"]})
    write_artifact(folder, manifest, transformer_files(model, tokenizer, manifest.labels),
                   card="# mini, its int8 weights as float32 numbers\n")


def _weights(file: Path) -> dict[str, Floats]:
    """The parameters of the classifier by their names in transformers."""
    import onnx

    graph = onnx.load(file).graph
    fixed = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {name.removeprefix("model."): values for name, values in fixed.items()
             if name.startswith("model.") and values.dtype == np.float32 and not name.endswith("/scales")}
    found |= {f"bert.embeddings.{kind}_embeddings.weight": fixed[f"{_BERT}embeddings.{kind}_embeddings.weight/int8"]
              * fixed[f"{_BERT}embeddings.{kind}_embeddings.weight/scales"] for kind in ("word", "position")}
    factors = {node.output[0]: fixed[node.input[1]] for node in graph.node if node.op_type == "Mul"
               and node.input[1].endswith("/factor")}
    sources = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "QuantizeLinear"}
    products = [node for node in graph.node if node.op_type in ("QAttention", "MatMulIntegerToFloat")]
    for place, node in enumerate(products):
        layer, part = f"bert.encoder.layer.{place // 4}.", place % 4
        scales = next(name for name in node.input if name.endswith("/scales"))
        matrix = fixed[node.input[1]] * fixed[scales]
        narrowed = factors.get(sources[node.input[0]])
        matrix = matrix if narrowed is None else matrix * narrowed[:, None]
        if part == 0:
            for name, some, bias in zip(("query", "key", "value"), np.split(matrix, 3, axis=1),
                                        np.split(fixed[node.input[2]], 3), strict=True):
                found |= {f"{layer}attention.self.{name}.weight": some.T, f"{layer}attention.self.{name}.bias": bias}
        else:
            name = ("attention.output", "intermediate", "output")[part - 1]
            found[f"{layer}{name}.dense.weight"] = matrix.T
    return _unsplit(found)


def _unsplit(found: dict[str, Any]) -> dict[str, Floats]:
    """Without the copies of wide neurons, which stand behind the neurons that a layer was trained with."""
    neurons = 4 * found["bert.pooler.dense.bias"].shape[0]
    for name in found:
        if ".intermediate.dense." in name:
            found[name] = found[name][:neurons]
        elif name.endswith(".output.dense.weight") and ".attention." not in name:
            found[name] = found[name][:, :neurons]
    return {name: np.array(values, np.float32, order="C") for name, values in found.items()}
