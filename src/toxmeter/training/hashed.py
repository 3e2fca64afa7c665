"""Fitting a hashed n-gram table: sparse features, logistic regression, small integers.

Arrays in, arrays out: this module knows no recipe, no file and no label name. Labels may be soft (any
number in [0, 1]) or missing (NaN); a missing one has no part in the loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toxmeter.extras import need
from toxmeter.models.ngrams import COLUMNS, Fold, features

__all__ = ["Table", "fit_table", "matrix"]

Floats = npt.NDArray[np.float64]
Progress = Callable[[int, float], None]

_WEIGHT_UNIT = 64  # squared weights are stored as multiples of 1/64
_HALF = 128  # what a label's column is biased by
_CHUNK = 4_096


@dataclass(frozen=True)
class Table:
    """A fitted table in the form that ``HashedScorer`` reads, without calibration.

    Attributes:
        rows: ``[2**bits, 8]`` uint8.
        scale: ``[k]``.
        bias: ``[k]``.
        loss: per row and known label, the mean cross-entropy when the fit ended, in nats.
        chance: the same for constant predictions.
    """

    rows: npt.NDArray[np.uint8]
    scale: Floats
    bias: Floats
    loss: float
    chance: float


def matrix(texts: Sequence[str], fold: Fold, bits: int) -> Any:  # noqa: ANN401 - scipy has no types
    """Which slots each text has, as a sparse ``[n, 2**bits]`` float32 matrix of ones (CSR)."""
    sparse = need("scipy.sparse", extra="train")
    owners: list[npt.NDArray[np.int64]] = []
    slots: list[npt.NDArray[np.int64]] = []
    for begin in range(0, len(texts), _CHUNK):
        text, slot = features(texts[begin : begin + _CHUNK], fold, bits)
        owners.append(text + begin)
        slots.append(slot)
    owner, slot = np.concatenate(owners), np.concatenate(slots)
    return sparse.csr_matrix((np.ones(len(slot), np.float32), (owner, slot)), shape=(len(texts), 1 << bits))


def fit_table(
    present: Any,  # noqa: ANN401 - a scipy matrix
    labels: Floats,
    weight: Floats,
    *,
    penalty: float,
    iterations: int,
    progress: Progress | None = None,
) -> Table:
    """Fit a table.

    A feature weighs ``idf = ln((1 + n) / (1 + df)) + 1``, a text is divided by the length of its vector,
    and ``k`` logistic regressions with a ridge are fitted together by L-BFGS. Deterministic.

    Args:
        present: ``[n, 2**bits]`` sparse ones, from ``matrix``.
        labels: ``[n, k]`` in [0, 1], NaN where missing, ``k`` at most 6.
        weight: ``[n]`` what each row counts.
        penalty: half of it times the sum of squared weights is added to the summed loss.
        iterations: of L-BFGS, at most.
        progress: called with the iteration and the mean loss.
    """
    rows, slots = present.shape
    frequency = np.bincount(present.indices, minlength=slots)
    stored = np.rint((np.log((1 + rows) / (1 + frequency)) + 1) ** 2 * _WEIGHT_UNIT)
    idf = np.sqrt(stored / _WEIGHT_UNIT).astype(np.float32)
    design = _normalised(present, idf)
    known = ~np.isnan(labels)
    coefficients, bias, loss, chance = _fit(
        design, np.nan_to_num(labels), known * weight[:, None], penalty, iterations, progress)
    worth = coefficients * idf[:, None]
    step = np.maximum(np.abs(worth).max(axis=0), 1e-12) / (_HALF - 1)
    packed = np.zeros((slots, COLUMNS), np.uint8)
    packed[:, : labels.shape[1]] = np.rint(worth / step) + _HALF
    packed[:, COLUMNS - 2] = stored.astype(np.int64) & 255
    packed[:, COLUMNS - 1] = stored.astype(np.int64) >> 8
    return Table(packed, step * np.sqrt(_WEIGHT_UNIT), bias, loss, chance)


def _normalised(present: Any, idf: npt.NDArray[np.float32]) -> Any:  # noqa: ANN401
    sparse = need("scipy.sparse", extra="train")
    length = np.sqrt(np.maximum(present @ (idf * idf), 1e-9))
    scaled = sparse.diags((1 / length).astype(np.float32)) @ present @ sparse.diags(idf)
    return scaled.tocsr().astype(np.float32)


def _fit(
    design: Any,  # noqa: ANN401 - a scipy matrix
    target: Floats,
    weight: Floats,
    penalty: float,
    iterations: int,
    progress: Progress | None,
) -> tuple[Floats, Floats, float, float]:
    """Coefficients ``[d, k]``, biases ``[k]``, mean loss at the end, and of constant predictions."""
    optimize = need("scipy.optimize", extra="train")
    columns, labels = design.shape[1], target.shape[1]
    transposed = design.T.tocsr()
    total = max(float(weight.sum()), 1e-12)
    rate = np.clip((weight * target).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12), 1e-4, 1 - 1e-4)
    latest = [0.0]

    def objective(flat: Floats) -> tuple[float, Floats]:
        parameters = flat.reshape(columns + 1, labels)
        inner = parameters[:columns].astype(np.float32)
        logit = design @ inner + parameters[columns]
        probability = 0.5 * (1 + np.tanh(logit / 2))
        latest[0] = float((weight * (np.logaddexp(0, logit) - target * logit)).sum())
        slope = (weight * (probability - target)).astype(np.float32)
        gradient = np.empty_like(parameters)
        gradient[:columns] = transposed @ slope
        gradient[:columns] += penalty * parameters[:columns]
        gradient[columns] = slope.sum(axis=0, dtype=np.float64)
        return latest[0] + 0.5 * penalty * float((parameters[:columns] ** 2).sum()), gradient.ravel()

    done = [0]

    def after_iteration(_: Floats) -> None:
        done[0] += 1
        if progress:
            progress(done[0], latest[0] / total)

    start = np.zeros((columns + 1, labels))
    start[columns] = np.log(rate / (1 - rate))
    chance = objective(start.ravel())[0] / total
    found = optimize.minimize(objective, start.ravel(), jac=True, method="L-BFGS-B", callback=after_iteration,
                              options={"maxiter": iterations, "maxcor": 6})
    objective(found.x)
    parameters = found.x.reshape(columns + 1, labels)
    return parameters[:columns], parameters[columns], latest[0] / total, chance
