"""Speed and memory of a scorer on this machine, beside its quality.

Texts of the evaluation itself are scored: many at once, and one by one as a chat would send them. Figures of
different machines, or of a busy one, cannot be compared. This module compares nothing and asserts nothing.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.models.scorer import Scorer

__all__ = ["speed"]

_ROUNDS = 3
_SECONDS = 10.0  # roughly how long the whole may take


def speed(scorer: Scorer, texts: Sequence[str], *, seed: int = 0) -> dict[str, Any]:
    """Time a scorer; a warm-up goes first, and of three rounds the median counts.

    Args:
        scorer: a live one, without a cache around it.
        texts: to draw from, each at most once.
        seed: of the drawing.

    Returns:
        plain JSON values: ``texts`` drawn and their ``characters`` on average, ``texts_per_second`` of one large
        call, ``p50_ms`` and ``p95_ms`` of calls with one text, ``peak_memory_mb`` of the process so far (None
        where the system does not tell), ``machine``; and ``notes``.
    """
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(),
               "python": platform.python_version()}
    if not len(texts):
        return {"texts": 0, "machine": machine, "notes": ["speed: there are no texts to time"]}
    order = np.random.default_rng(seed).permutation(len(texts))
    drawn = [texts[row] for row in order[: _affordable(scorer, [texts[row] for row in order[:64]])]]
    singles = sorted(_seconds(scorer, [text]) * 1e3 for text in drawn[:200])
    return {
        "texts": len(drawn),
        "characters": round(statistics.fmean(map(len, drawn)), 1),
        "texts_per_second": round(len(drawn) / statistics.median(_seconds(scorer, drawn) for _ in range(_ROUNDS)), 1),
        "p50_ms": round(statistics.median(singles), 3),
        "p95_ms": round(float(np.quantile(singles, 0.95)), 3),
        "peak_memory_mb": _peak_memory(),
        "machine": machine,
        "notes": [],
    }


def _affordable(scorer: Scorer, probe: Sequence[str]) -> int:
    """How many texts can be scored in the time there is; the probe is the warm-up too."""
    _seconds(scorer, probe)
    each = max(_seconds(scorer, probe), 1e-6) / len(probe)
    return max(len(probe), min(10_000, int(_SECONDS / (_ROUNDS + 1) / each)))


def _seconds(scorer: Scorer, texts: Sequence[str]) -> float:
    start = time.perf_counter()
    scorer.score(texts)
    return time.perf_counter() - start


def _peak_memory() -> float | None:
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
