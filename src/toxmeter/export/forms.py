"""The forms that a transformer is exported to, and a scorer over each.

``onnx`` is float32, ``int8`` the same graph in integers, ``torchscript`` what programs in C++ and other languages
load; toxmeter loads the first two. This module writes no files and compares nothing (``run.py``).
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from toxmeter.errors import ExportError
from toxmeter.export.graph import encoder_graph, logits_module
from toxmeter.export.int8 import quantised
from toxmeter.extras import need
from toxmeter.models.encoder import EncoderScorer, Inputs
from toxmeter.models.onnx import FILES, FastTokenizer, OnnxScorer
from toxmeter.models.pretrained import quiet
from toxmeter.models.scorer import FloatArray
from toxmeter.models.tokens import TokenReader, by_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toxmeter.models.transformer import TransformerScorer

__all__ = ["FORMS", "Exported", "Form", "exported"]

Form = Literal["int8", "onnx", "torchscript"]
FORMS: tuple[Form, ...] = ("int8", "onnx", "torchscript")

_BUDGET = 1_024  # tokens in a batch of examples


@dataclass(frozen=True)
class Exported:
    """A model in another form.

    Attributes:
        files: content by plain file name.
        format: of the artifact.
        settings: what its loader needs.
        open: the scorer, on a calibration and with thresholds.
    """

    files: Mapping[str, bytes]
    format: str
    settings: Mapping[str, Any]
    open: Callable[[Mapping[str, Any], Mapping[str, float]], EncoderScorer]


def exported(scorer: TransformerScorer, form: Form, examples: Sequence[str] = ()) -> Exported:
    """A transformer in another form.

    Args:
        scorer: the transformer; its network stays as it is.
        form: which.
        examples: texts that show how large activations get; for ``int8``.

    Raises:
        ExportError: when the model or its tokenizer is of a kind that cannot be exported.
        ValueError: for ``int8`` without examples.
        MissingExtra: without what the extra ``export`` installs.
    """
    tokenizer = scorer.tokenizer
    if not getattr(tokenizer, "is_fast", False):
        raise ExportError("its tokenizer is not of the tokenizers library, so it does not run without transformers")
    if tokenizer.pad_token_id is None or tokenizer.padding_side == "left":
        raise ExportError("it reads the last token of a text, as decoders do; only encoders are exported")
    reader = TokenReader(tokenizer, scorer.max_length)
    settings = {"max_length": scorer.max_length, "pad": tokenizer.pad_token_id, "fields": reader.fields}
    content = tokenizer.backend_tokenizer.to_str().encode()
    small = FastTokenizer(content, pad=tokenizer.pad_token_id, fields=reader.fields)
    make: dict[str, Any] = {"labels": scorer.labels, "version": "", "max_length": scorer.max_length}
    network = scorer.network.to("cpu")
    if form == "torchscript":
        module = _traced(network, reader.fields)
        return Exported({"model.pt": module, FILES[1]: content}, form, settings,
                        lambda calibration, thresholds: _TorchScriptScorer(
                            module, small, calibration=calibration, thresholds=thresholds, **make))
    graph = encoder_graph(network, reader.fields)
    if form == "int8":
        graph = quantised(graph, _batches(reader, examples))
    model = graph.SerializeToString()
    return Exported({FILES[0]: model, FILES[1]: content}, "onnx", settings | {"form": form},
                    lambda calibration, thresholds: OnnxScorer(
                        model, small, calibration=calibration, thresholds=thresholds, **make))


def _batches(reader: TokenReader, texts: Sequence[str]) -> Iterator[Inputs]:
    windows, _ = reader.read(list(texts))
    for batch in by_tokens([window.shape[1] for window in windows], _BUDGET):
        yield reader.stack([windows[at] for at in batch])


def _traced(network: Any, fields: list[str]) -> bytes:  # noqa: ANN401 - a model of transformers
    """The network as TorchScript, from inputs ``[n, t]`` in the order of the fields, then the mask, to logits."""
    torch = need("torch", extra="export")
    example = torch.ones((2, 8), dtype=torch.int64)
    buffer = io.BytesIO()
    with quiet(), torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of branches on shapes, which do not depend on the texts
        module = logits_module(network, [*fields, "attention_mask"])
        torch.jit.save(torch.jit.trace(module, (example,) * (len(fields) + 1)), buffer)
    return buffer.getvalue()


class _TorchScriptScorer(EncoderScorer):
    """Runs a traced module, for the comparison with its original."""

    def __init__(self, module: bytes, tokenizer: FastTokenizer, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(tokenizer, budget=_BUDGET, **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._module = need("torch", extra="export").jit.load(io.BytesIO(module))

    def _logits(self, inputs: Inputs) -> FloatArray:
        torch = need("torch", extra="export")
        with torch.inference_mode():
            logits: FloatArray = self._module(*(torch.from_numpy(values) for values in inputs.values())).numpy()
        return logits
