"""The hashed n-gram scorer (``nano``): a table of small integers, summed over the features of a text.

The probability of label ``l`` is ``sigmoid(scale_l · Σ row_l / sqrt(Σ weight) + bias_l)`` over the distinct
features of the text: a logistic regression on idf-weighted, length-normalised features, with both idf and
calibration folded into the table, ``scale`` and ``bias``. ``ngrams.py`` says what a feature is; the sums
come from the compiled kernel ``_hashed``, or from numpy where that was not compiled, with a warning. This
module does not train.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from toxmeter.artifact import Artifact
from toxmeter.errors import ArtifactError
from toxmeter.labels import LabelSet
from toxmeter.models.attribution import attribute
from toxmeter.models.calibrated import NATURAL
from toxmeter.models.explain import Evidence, by_window
from toxmeter.models.ngrams import COLUMNS, Fold, pool
from toxmeter.models.scorer import FloatArray, check_texts, processors
from toxmeter.text import Span, score_in_windows

__all__ = ["FILES", "HashedScorer"]

FILES = ("table.npy", "fold_index.npy", "fold_pages.npy")
"""The arrays of a ``hashed`` artifact: the table and both steps of the folding table."""

_LABELS = COLUMNS - 2
_CHUNK = 2_048  # texts that a thread takes at a time


class _Kernel(Protocol):
    def score(self, texts: list[str]) -> FloatArray | None: ...


class HashedScorer:
    """Scores by a table of hashed n-grams; a ``Scorer``.

    Attributes:
        labels: at most six labels, of kind ``multilabel``.
        version: ``name@N+fingerprint``.
        thresholds: per label, the probability from which a text counts as toxic.
        window: characters read at once; longer text is scored in windows.
        threads: how many threads share a batch, all processors unless told otherwise.
    """

    def __init__(
        self,
        table: npt.NDArray[np.uint8],
        fold: Fold,
        scale: Sequence[float],
        bias: Sequence[float],
        *,
        labels: LabelSet,
        thresholds: Mapping[str, float],
        version: str,
        window: int,
        threads: int | None = None,
    ) -> None:
        """Hold a table.

        Args:
            table: ``[2**bits, 8]`` uint8: a column per label, biased by 128, then at 6 and 7 the low and
                the high byte of the squared weight.
            fold: the folding table.
            scale: ``[k]``, what a unit of each label's column is worth.
            bias: ``[k]`` logits of a text without features.
            labels: the label set, of ``k`` names.
            thresholds: per label.
            version: of the artifact.
            window: characters read at once.
            threads: how many threads share a batch; all processors by default.
        """
        self.labels = labels
        self.thresholds = dict(thresholds)
        self.version = version
        self.window = window
        self.threads = threads or processors()
        self._table, self._fold, self._scale = table, fold, list(scale)
        self._kernel = _kernel(table, fold, list(scale), list(bias), window)

    @classmethod
    def from_artifact(cls, artifact: Artifact) -> HashedScorer:
        """The scorer of a ``hashed`` artifact.

        Raises:
            ArtifactError: when an array or a setting is missing or has the wrong shape.
        """
        labels = artifact.manifest.labels
        try:
            table, index, pages = (np.load(artifact.path / name, allow_pickle=False) for name in FILES)
            model, scale_of = artifact.manifest.model, artifact.manifest.calibration[NATURAL]
            settings = [model["scale"], model["bias"], scale_of["slope"], scale_of["intercept"]]
            raw_scale, raw_bias, slope, intercept = np.array(settings, np.float64).reshape(4, len(labels))
            window = int(model["window"])
        except (KeyError, TypeError, ValueError, OSError) as err:
            raise ArtifactError(f"{artifact.path}: not a hashed model ({err})") from err
        if not (table.ndim == 2 and table.shape[1] == COLUMNS and index.shape == (4352,) and pages.ndim == 2
                and len(labels) <= _LABELS
                and {table.dtype, index.dtype, pages.dtype} == {np.dtype(np.uint8)}):
            raise ArtifactError(f"{artifact.path}: arrays of a hashed model with wrong shapes or types")
        scale, bias = slope * raw_scale, slope * raw_bias + intercept
        return cls(table, Fold(index, pages), scale.tolist(), bias.tolist(), labels=labels,
                   thresholds=artifact.manifest.thresholds, version=artifact.version, window=window)

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Score texts; see ``Scorer.score``."""
        if isinstance(texts, (str, bytes)) or not isinstance(texts, Sequence):
            texts = check_texts(texts)
        rows = texts if isinstance(texts, list) else list(texts)
        if self.threads == 1 or len(rows) <= _CHUNK:
            scores = self._kernel.score(rows)
            if scores is not None:
                return scores
        chunks = [rows[begin : begin + _CHUNK] for begin in range(0, len(rows), _CHUNK)]
        from concurrent.futures import ThreadPoolExecutor  # brings logging, for which no single text should wait

        # threads of its own for each call: a pool that is kept would be dead in a forked process
        with ThreadPoolExecutor(min(self.threads, len(chunks))) as threads:
            scored = list(threads.map(self._score_chunk, chunks))
        known = [scores for scores in scored if scores is not None]
        if len(known) < len(scored):
            check_texts(rows)  # raises, with the index among all texts
        return np.concatenate(known)

    def explain(self, text: str, *, labels: Sequence[str] | None = None) -> list[Evidence]:
        """What each word adds to the logits, exactly: they are sums; see ``toxmeter.explain``."""
        def weigh(piece: str, columns: list[int]) -> tuple[list[Span], npt.NDArray[np.float64]]:
            traced = attribute(piece, self._fold, self._table, self._scale)
            return traced.words, traced.by_word()[:, columns]

        return by_window(self, text, labels, self.window, weigh)

    def _score_chunk(self, texts: list[str]) -> FloatArray | None:
        """Scores, with the long texts in windows; None where an entry is no str."""
        scores = self._kernel.score(texts)
        if scores is None and all(isinstance(text, str) for text in texts):
            scores = score_in_windows(self._score_short, texts, self.window, len(self.labels))
        return scores

    def _score_short(self, texts: list[str]) -> FloatArray:
        scores = self._kernel.score(texts)
        assert scores is not None, "windows are texts that fit"  # noqa: S101
        return scores


def _kernel(table: npt.NDArray[np.uint8], fold: Fold, scale: list[float], bias: list[float], window: int) -> _Kernel:
    try:
        from toxmeter.models._hashed import Kernel
    except ImportError:
        warnings.warn(
            "toxmeter was installed without its compiled kernel: nano scores with numpy, which is many times"
            " slower. Install a C compiler, then: pip install --force-reinstall --no-cache-dir toxmeter",
            RuntimeWarning, stacklevel=2)
        return NumpyKernel(table, fold, scale, bias, window)
    compiled: Any = Kernel(np.ascontiguousarray(table), np.ascontiguousarray(fold.page_of),
                           np.ascontiguousarray(fold.pages), scale, bias, window, _empty)
    kernel: _Kernel = compiled
    return kernel


def _empty(shape: tuple[int, int]) -> FloatArray:
    return np.empty(shape, np.float32)


class NumpyKernel:
    """What the compiled ``Kernel`` does, in numpy; the arguments are the same."""

    def __init__(self, table: npt.NDArray[np.uint8], fold: Fold, scale: list[float], bias: list[float],
                 window: int) -> None:
        self._table, self._fold, self._window = table, fold, window
        self._scale, self._bias = np.array(scale), np.array(bias)

    def score(self, texts: list[str]) -> FloatArray | None:
        """Probabilities ``[n, k]``, or None where an entry is no str or longer than the window."""
        if any(not isinstance(text, str) or len(text) > self._window for text in texts):
            return None
        sums, count = pool(texts, self._fold, self._table)
        norm = np.sqrt(np.maximum(sums[:, _LABELS] + 256 * sums[:, _LABELS + 1], 1))
        centred = sums[:, : len(self._scale)] - 128 * count[:, None]
        logits = self._scale * centred / norm[:, None] + self._bias
        scores: FloatArray = (1.0 / (1.0 + np.exp(-logits))).astype(np.float32)
        return scores
