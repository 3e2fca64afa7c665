"""From two models and texts to a cascade: choose on most of the texts, measure on the others.

Texts need no labels. They should be new to both models and like those that will be scored: how many the first may
answer depends on how many are plainly harmless. This module measures a cascade against its second model
only, and writes none (``toxmeter.evaluation.cascade_artifact``).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.data.split import assign
from toxmeter.errors import InputError
from toxmeter.evaluation.band import RANGE, Flips, Seen, choose_band, share_limits, simulate, worst_flips
from toxmeter.models.cascade import CascadeScorer
from toxmeter.models.deferral import Deferral, cut
from toxmeter.models.scorer import check_texts

if TYPE_CHECKING:
    from toxmeter.labels import LabelSet
    from toxmeter.models.scorer import Scorer

__all__ = ["fit_cascade", "speed_up", "split_texts"]

_ROUNDS = 3
_WARM_UP = 64
_MOST = 20_000


def fit_cascade(
    first: Scorer,
    second: Scorer,
    texts: Sequence[str],
    held_out: Sequence[str],
    *,
    flips: float = 0.003,
    at: tuple[float, float] = RANGE,
    confidence: float = 0.95,
) -> tuple[Deferral, dict[str, Any]]:
    """Choose the rule of a cascade, and measure it on texts that did not choose.

    Args:
        first: the fast one.
        second: the better one, with the same labels.
        texts: which choose: such as will be scored, new to both scorers.
        held_out: others like them, which only measure; ``split_texts`` makes both of one list.
        flips: see ``choose_band``.
        at: see ``choose_band``.
        confidence: see ``choose_band``.

    Returns:
        the rule for a ``CascadeScorer``; and plain JSON values: ``first`` and ``second`` (versions), ``thresholds``
        (the range), ``flips_allowed``, ``confidence``; ``chosen`` and ``held_out``, each with ``texts``, ``answered``
        (the share answered by the first), ``read`` (the share of characters that the second reads) and ``flips``, per
        decision the share and the ``threshold`` where it is largest; shares of texts as ``value`` with its 95 %
        interval ``low`` and ``high``.

    Raises:
        InputError: when there are too few texts, the first may answer none, labels differ or scores are NaN.
        LabelError: when no label means toxic.
        MissingExtra: without scipy.
    """
    rows, measured = check_texts(texts), check_texts(held_out)
    if (first.labels.names, first.labels.kind) != (second.labels.names, second.labels.kind):
        raise InputError(f"{first.version} and {second.version} have different labels: both need the same, in the same"
                         " order")
    if not measured:
        raise InputError("no text is held out to measure on: give more texts, or hold out more")
    chosen, sizes = _seen(first, second, rows)
    band = choose_band(chosen, second.labels, flips=flips, at=at, confidence=confidence)
    if not band.answered:
        raise InputError(f"{first.version} may not answer a single text: too often it is low where {second.version}"
                         " decides otherwise. Allow more flips, or take a first model that is nearer to the second")
    return band.deferral, {
        "first": first.version, "second": second.version, "thresholds": list(at), "flips_allowed": flips,
        "confidence": confidence,
        "chosen": _measured(chosen, sizes, band.deferral, second.labels, at),
        "held_out": _measured(*_seen(first, second, measured), band.deferral, second.labels, at),
    }


def split_texts(texts: Sequence[str], *, held_out: float = 0.3, seed: int = 0) -> tuple[list[str], list[str]]:
    """Texts that choose, and texts that measure; near-copies are never on both sides.

    Args:
        texts: all of them.
        held_out: the share that measures.
        seed: of the split.

    Raises:
        InputError: when the share does not lie between 0 and 1, or an entry is no text.
    """
    rows = check_texts(texts)
    if not 0 < held_out < 1:
        raise InputError(f"held-out share {held_out:g}: it lies between 0 and 1, .3 for instance")
    sides: tuple[list[str], list[str]] = ([], [])
    for text, side in zip(rows, assign(rows, (1 - held_out,), seed).tolist(), strict=True):
        sides[side].append(text)
    return sides


def speed_up(
    cascade: CascadeScorer, texts: Sequence[str], *, seed: int = 0, seconds: float = 30.0
) -> dict[str, Any]:
    """How much faster a cascade is than its second model alone, on this machine and these texts.

    Args:
        cascade: of live scorers, without a cache around them.
        texts: to draw from, each at most once.
        seed: of the drawing.
        seconds: roughly how long the second model may take for the texts that are drawn.

    Returns:
        plain JSON values: ``texts`` drawn, ``first``, ``second`` and ``cascade`` (texts a second, the median of three
        rounds that take turns) and ``times_as_fast``, the last by the second.
    """
    order = np.random.default_rng(seed).permutation(len(texts))[:_MOST].tolist()
    drawn = [texts[row] for row in order]
    _seconds(cascade.second, drawn[:_WARM_UP])
    a_text = _seconds(cascade.second, drawn[:_WARM_UP]) / max(len(drawn[:_WARM_UP]), 1)
    drawn = drawn[: max(_WARM_UP, int(seconds / _ROUNDS / max(a_text, 1e-9)))]
    scorers = {"first": cascade.first, "second": cascade.second, "cascade": cascade}
    rounds = [{name: _seconds(scorer, drawn) for name, scorer in scorers.items()} for _ in range(_ROUNDS)]
    took = {name: max(statistics.median(each[name] for each in rounds), 1e-9) for name in scorers}
    return {"texts": len(drawn), **{name: round(len(drawn) / each, 1) for name, each in took.items()},
            "times_as_fast": round(took["second"] / took["cascade"], 2)}


def _seen(first: Scorer, second: Scorer, texts: list[str]) -> tuple[Seen, npt.NDArray[np.int64]]:
    """What both say of texts and their windows, and how many characters each window ``[m]`` has."""
    pieces = cut(second, texts)
    seen = Seen(first.score(texts), first.score(pieces.texts), second.score(pieces.texts), pieces.owners)
    return seen, np.array([len(piece) for piece in pieces.texts])


def _measured(
    seen: Seen, sizes: npt.NDArray[np.int64], deferral: Deferral, labels: LabelSet, at: tuple[float, float]
) -> dict[str, Any]:
    """What a cascade does with some texts, as plain JSON values."""
    scores, read, by_second = simulate(seen, deferral, labels)
    texts = len(scores)
    return {"texts": texts, "answered": _share(texts - int(by_second.sum()), texts),
            "read": round(float(sizes[read].sum() / max(sizes.sum(), 1)), 4), "flips": {
                name: _flips(each) for name, each in worst_flips(scores, seen.truth, labels, at=at).items()}}


def _flips(found: Flips) -> dict[str, Any]:
    return {"share": _share(found.count, found.texts),
            "threshold": None if found.threshold is None else round(found.threshold, 6)}


def _share(count: int, texts: int) -> dict[str, float]:
    return dict(zip(("value", "low", "high"), (round(each, 5) for each in (count / texts, *share_limits(count, texts))),
                    strict=True))


def _seconds(scorer: Scorer, texts: Sequence[str]) -> float:
    start = time.perf_counter()
    scorer.score(texts)
    return time.perf_counter() - start
