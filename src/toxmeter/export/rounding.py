"""Weights as bytes so that products change least: what rounding one weight spoils, those not yet rounded make up for.

Plain rounding keeps each weight near its original; here the products with real activations stay near (GPTQ, Frantar
et al. 2023, arXiv:2210.17323). This module knows no graph and does not look at activations, only at their products.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["rounded"]

Floats = npt.NDArray[np.floating[Any]]

_DAMPING = 0.01  # of the mean square of a channel: examples are few, and texts differ from them
_BLOCK = 128  # rows after which the others are brought up to date


def rounded(weights: Floats, scale: Floats, gram: Floats, largest: int) -> npt.NDArray[np.int8]:
    """Integers ``q`` for which ``x @ (q * scale)`` is near ``x @ weights``.

    Args:
        weights: ``[h, m]``.
        scale: ``[m]``, what one step of an integer is worth in each column, above 0.
        gram: ``x.T @ x`` of activations ``x`` ``[n, h]``, symmetric.
        largest: integers lie in [-largest, largest], at most 127.

    Returns:
        ``[h, m]``.
    """
    damped = gram + max(_DAMPING * float(np.mean(np.diag(gram))), 1e-12) * np.eye(len(gram))
    order = np.argsort(-np.diag(damped), kind="stable")  # wide channels while there is most to make up with
    left = (weights / scale)[order].astype(np.float64)
    # row i: how the rows from i on make up for an error in row i
    upper = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    found = np.empty(left.shape, np.int8)
    for begin in range(0, len(left), _BLOCK):
        end = min(begin + _BLOCK, len(left))
        errors = np.empty((end - begin, left.shape[1]))
        for row in range(begin, end):
            found[order[row]] = np.clip(np.rint(left[row]), -largest, largest)
            errors[row - begin] = (left[row] - found[order[row]]) / upper[row, row]
            left[row + 1 : end] -= np.outer(upper[row, row + 1 : end], errors[row - begin])
        left[end:] -= upper[begin:end, end:].T @ errors
    return found
