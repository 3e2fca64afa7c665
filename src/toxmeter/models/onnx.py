"""The ONNX scorer: an encoder in the form that ``toxmeter export`` writes, run by onnxruntime without torch.

Texts are tokenised by the tokenizers library on all processors. This module does not write such models
(``toxmeter.export``), and reads no others: the graph has to take the inputs that its manifest names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from toxmeter.errors import ArtifactError
from toxmeter.models.calibrated import NATURAL, scales
from toxmeter.models.encoder import EncoderScorer, Inputs
from toxmeter.models.scorer import FloatArray, processors

if TYPE_CHECKING:
    from toxmeter.artifact import Artifact
    from toxmeter.labels import LabelSet
    from toxmeter.models.tokens import Row

__all__ = ["FILES", "FastTokenizer", "OnnxScorer"]

FILES = ("model.onnx", "tokenizer.json")
"""The files of an ``onnx`` artifact."""

_BUDGET = 1_024  # tokens in a batch: what fits in the caches of a processor
_OWN = 512  # tokens in a batch that one thread runs by itself: what fits in the caches of a core
_ENOUGH = 4  # such batches for each thread: fewer would end too unevenly


class OnnxScorer(EncoderScorer):
    """Scores by an ONNX graph on the CPU; all else is as ``EncoderScorer`` says.

    The threads share each batch of few texts, which answers soonest. Of many texts each thread runs batches of its
    own, which takes less time altogether, since none waits for the others; the graph is then held a second time.

    A graph in int8 as ``toxmeter.export`` makes it gives a text the same scores whatever it is scored with; one in
    float32 up to rounding.
    """

    def __init__(
        self,
        graph: Path | bytes,
        tokenizer: FastTokenizer,
        *,
        labels: LabelSet,
        thresholds: Mapping[str, float],
        version: str,
        max_length: int,
        calibration: Mapping[str, Any] = MappingProxyType({}),
        threads: int | None = None,
    ) -> None:
        """Open a graph.

        Args:
            graph: file or content of it: from ``[n, t]`` int64 inputs to ``logits`` ``[n, k]``.
            tokenizer: its tokenizer.
            labels: the label set, of ``k`` names.
            thresholds: per label.
            version: of the artifact.
            max_length: tokens that are read at once, special ones included.
            calibration: of the logits, as ``toxmeter.models.calibrated`` describes.
            threads: to run on; None for one on each processor that this process may use.

        Raises:
            OSError: when there is no such file.
            ValueError: when the graph cannot be read, takes other inputs, or does not fit the labels, or the
                calibration does not.
        """
        super().__init__(tokenizer, labels=labels, thresholds=thresholds, version=version, max_length=max_length,
                         budget=_BUDGET, calibration=calibration)
        self._threads = threads or processors()
        self._graph, self._stamp = graph, _stamp(graph)
        self._session = _session(graph, self._threads)
        wanted = {value.name for value in self._session.get_inputs()}
        given = {*self._reader.fields, "attention_mask"}
        if wanted != given:
            raise ValueError(f"the graph takes {', '.join(sorted(wanted))}, not {', '.join(sorted(given))}")
        outputs = self._logits(self._reader.stack(self._reader.read([""])[0])).shape[1]
        if outputs != len(labels):
            raise ValueError(f"a graph of {outputs} outputs for {len(labels)} labels")

    @classmethod
    def from_artifact(cls, artifact: Artifact) -> OnnxScorer:
        """The scorer of an ``onnx`` artifact.

        Raises:
            ArtifactError: when a file or setting is missing or does not fit the labels.
        """
        manifest = artifact.manifest
        graph, tokenizer = (artifact.path / name for name in FILES)
        try:
            settings = manifest.model
            reader = FastTokenizer(tokenizer.read_bytes(), pad=int(settings["pad"]), fields=list(settings["fields"]))
            return cls(graph, reader,
                       labels=manifest.labels, thresholds=manifest.thresholds, version=artifact.version,
                       max_length=int(settings["max_length"]), calibration=scales(manifest.calibration)[NATURAL])
        except (KeyError, OSError, TypeError, ValueError) as err:
            raise ArtifactError(f"{artifact.path}: not an ONNX model of its manifest ({err})") from err

    def _logits(self, inputs: Inputs) -> FloatArray:
        return _infer(self._session, inputs)

    def _run(self, windows: Sequence[Row]) -> FloatArray:
        many = self._threads > 1 and sum(row.shape[1] for row in windows) >= _ENOUGH * self._threads * _OWN
        if not many or self._single is None:
            return super()._run(windows)
        from concurrent.futures import ThreadPoolExecutor  # brings logging, for which no single text should wait

        with ThreadPoolExecutor(self._threads) as pool:
            return self._in_batches(windows, _OWN, partial(_infer, self._single), pool.map)

    @cached_property
    def _single(self) -> Any:  # noqa: ANN401 - onnxruntime has no types
        """The graph on the thread that calls; None where its file is another one by now."""
        try:
            session = _session(self._graph, 1)
            return session if _stamp(self._graph) == self._stamp else None
        except (OSError, ValueError):
            return None


class FastTokenizer:
    """A ``tokenizer.json``, with as much of the interface of transformers' tokenizers as ``TokenReader`` asks for.

    Attributes:
        backend_tokenizer: the tokenizer.
        unk_token_id: of what the vocabulary lacks; None where it lacks nothing.
        pad_token_id: what fills short rows.
        pad_token_type_id: segment of what fills them.
        padding_side: where it is put.
    """

    pad_token_type_id = 0
    padding_side = "right"  # the graph takes the first tokens of a row for its text

    def __init__(self, content: bytes, *, pad: int, fields: list[str]) -> None:
        """Read a tokenizer.

        Args:
            content: of ``tokenizer.json``.
            pad: the id that fills short rows.
            fields: what the graph takes: ``input_ids``, and ``token_type_ids`` where it wants them.

        Raises:
            ValueError: when it cannot be read.
        """
        from tokenizers import Tokenizer

        try:
            self.backend_tokenizer = Tokenizer.from_buffer(content)
        except Exception as err:  # the library raises plain Exception for whatever is wrong
            raise ValueError(f"tokenizer.json: {err}") from err
        self.backend_tokenizer.no_padding()
        self.backend_tokenizer.no_truncation()
        unknown = getattr(self.backend_tokenizer.model, "unk_token", None)
        self.unk_token_id = self.backend_tokenizer.token_to_id(unknown) if unknown else None
        self._fields = fields
        self.pad_token_id = pad

    def __call__(self, texts: list[str], **_: Any) -> dict[str, list[list[int]]]:  # noqa: ANN401
        """Tokens of texts, special ones included, by field."""
        found = self.backend_tokenizer.encode_batch_fast(texts)
        columns = {"input_ids": [each.ids for each in found]}
        if "token_type_ids" in self._fields:
            columns["token_type_ids"] = [each.type_ids for each in found]
        return columns


def _stamp(graph: Path | bytes) -> tuple[int, ...]:
    """What changes when a file does."""
    if isinstance(graph, bytes):
        return ()
    found = graph.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _infer(session: Any, inputs: Inputs) -> FloatArray:  # noqa: ANN401 - onnxruntime has no types
    logits: FloatArray = session.run(["logits"], dict(inputs))[0]
    return logits


def _session(graph: Path | bytes, threads: int) -> Any:  # noqa: ANN401 - onnxruntime has no types
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors, which are raised as well
    # the graph was optimised when it was exported; more of it would join what is faster apart
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    source = graph if isinstance(graph, bytes) else str(graph)
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as err:  # onnxruntime's errors share no type
        raise ValueError(f"onnxruntime cannot read the graph: {str(err).splitlines()[0]}") from err
