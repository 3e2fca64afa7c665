"""Identity bias: how well toxic and other texts are told apart where a group is mentioned (Borkan et al. 2019).

Three ROC-AUCs per group, of texts about it (the subgroup) and of those that are not (the background):

- subgroup: its toxic texts against its others;
- BPSN, background positive, subgroup negative: toxic texts elsewhere against its harmless ones – low where harmless
  texts about the group score high;
- BNSP, background negative, subgroup positive: harmless texts elsewhere against its toxic ones – low where toxic texts
  about the group score low.

Their power means over the groups, and the overall ROC-AUC, make the metric of the Jigsaw challenge of 2019. Pinned AUC
is left out, as its authors advise against it. This module writes no texts: ``probe.py`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError
from toxmeter.evaluation.plain import LEAST, listed, plain, plain_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["AUCS", "equal_error_threshold", "identity_bias", "power_mean"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Truth = npt.NDArray[np.bool_]

AUCS = ("subgroup_auc", "bpsn_auc", "bnsp_auc")
"""The figures of a group, each in [0, 1], higher is better."""

_TITLES = ("subgroup", "BPSN", "BNSP")
_RATES = ("false_positive_rate", "false_negative_rate")
_POWER = -5.0  # of the Jigsaw challenge: the mean goes with the worst groups


def power_mean(values: Floats) -> float:
    """(mean of ``values`` ** -5) ** (-1/5); 0 where a value is 0, its limit; NaN of nothing, and where one is NaN.

    Args:
        values: ``[g]`` in [0, 1].
    """
    if not len(values):
        return float("nan")
    with np.errstate(divide="ignore"):  # 0 ** -5 is infinite, which the root turns into the limit
        return float((values**_POWER).mean() ** (1 / _POWER))


def equal_error_threshold(truth: Truth, score: Floats) -> float:
    """The threshold at or over which false positive and false negative rate are closest to each other.

    Args:
        truth: ``[n]`` bool, of both classes.
        score: ``[n]``; the threshold is one of them, of equals the highest.
    """
    values, place = np.unique(score, return_inverse=True)
    hits, alarms = (np.cumsum(np.bincount(place, weights=side, minlength=len(values))[::-1])[::-1]
                    for side in (truth, ~truth))
    gaps = np.abs(alarms / (~truth).sum() - (1 - hits / truth.sum()))
    return float(values[len(values) - 1 - int(np.argmin(gaps[::-1]))])


def identity_bias(
    truth: Truth, score: Floats, groups: Mapping[str, Floats], *, resamples: int = 500, seed: int = 0
) -> dict[str, Any]:
    """Measure the bias of scores towards groups.

    Args:
        truth: ``[n]`` which texts are toxic.
        score: ``[n]`` how toxic they are said to be; rows where it is NaN or infinite are left out.
        groups: per group ``[n]`` in [0, 1] how much a text is about it, counted from .5 on; rows where that is NaN are
            of neither side.
        resamples: of the bootstrap over rows.
        seed: of the bootstrap, the same rows for all figures.

    Returns:
        plain JSON values, None where not defined:

        - ``rows``, ``positives``, and ``auc`` of all rows; ``equal_error`` – the threshold that the rates below take.
        - ``groups`` – per group its ``rows`` and ``positives``, the three ``AUCS`` with intervals, and
          ``false_positive_rate`` and ``false_negative_rate``.
        - ``power_means`` of the AUCs, over the groups that have all three; ``combined`` – with interval, a quarter of
          the overall AUC and of each power mean.
        - ``fped`` and ``fned`` – Σ over groups of the distance of their rate to that of all rows.
        - ``notes``.

        Nothing is measured without ten toxic texts and ten others. A subgroup AUC takes ten toxic texts and ten others
        about the group; BPSN ten others about it and ten toxic ones elsewhere, BNSP the reverse; a rate ten texts
        about the group of the class that it counts. Resamples without a pair to compare are left out of intervals.

    Raises:
        InputError: when the scores or a group are of another number of rows than the truth.
    """
    for name, values in [("the scores", score), *((f"group {name!r}", share) for name, share in groups.items())]:
        if values.shape != truth.shape:
            raise InputError(f"{name}: shape {values.shape} for the truth of {len(truth)} rows")
    known = np.isfinite(score)
    truth, score = truth[known], score[known]
    sides = {name: (share[known] >= 0.5, share[known] < 0.5) for name, share in groups.items()}  # false where NaN
    both = min(int(truth.sum()), int((~truth).sum())) >= LEAST
    aucs = _Aucs(truth, score, sides, resamples if both else None, seed)
    threshold = equal_error_threshold(truth, score) if both else None
    rates = {name: _rates(truth, score, inside, threshold) for name, (inside, _) in sides.items()}
    whole = _rates(truth, score, np.ones(len(truth), np.bool_), threshold)
    means = dict.fromkeys(("power means", "combined metric"), aucs.whole)
    means |= {title: [name for name, found in rates.items() if found[rate] is not None]
              for title, rate in zip(("FPED", "FNED"), _RATES, strict=True)}
    return {
        "rows": len(truth), "positives": int(truth.sum()), "auc": aucs.overall(), "equal_error": plain(threshold),
        "groups": {name: {"rows": int(inside.sum()), "positives": int((truth & inside).sum()),
                          **aucs.of(name), **{rate: plain(value) for rate, value in rates[name].items()}}
                   for name, (inside, _) in sides.items()},
        "power_means": aucs.power_means(), "combined": aucs.combined(),
        "fped": _spread(rates, whole, _RATES[0]), "fned": _spread(rates, whole, _RATES[1]),
        "notes": [*_row_notes(known, truth, sides), *(_group_notes(truth, sides, means) if both else ())]}


class _Ranked:
    """Some rows by the places of their scores, which ties share: ranked once, so that a resample only counts."""

    def __init__(self, truth: Truth, score: Floats, rows: Truth) -> None:
        self.scores, place = np.unique(score[rows], return_inverse=True)
        self._classes = [(np.flatnonzero(rows & side), place[side[rows]]) for side in (truth, ~truth)]

    def counts(self, weight: Floats) -> tuple[Floats, Floats]:
        """Toxic texts and others at each of the ``m`` places, ``[m]`` both, a row counting ``weight [n]`` times."""
        hits, others = (np.bincount(place, weights=weight[rows], minlength=len(self.scores)).astype(np.float64)
                        for rows, place in self._classes)
        return hits, others


class _Whole:
    """A group with its background, in one resample: what the texts of the group are compared with."""

    def __init__(self, hits: Floats, others: Floats) -> None:
        self._hits, self._toxic, self._harmless = hits, float(hits.sum()), float(others.sum())
        self._under = np.cumsum(others) - others / 2  # others under each place, ties count half
        self._over = self._toxic - (np.cumsum(hits) - hits / 2)  # toxic texts over it

    def auc(self) -> float:
        """ROC-AUC of all of them."""
        return _share(_dot(self._hits, self._under), self._toxic * self._harmless)

    def aucs(self, hits: Floats, others: Floats, at: Integers) -> list[float]:
        """``AUCS`` of a group from its counts ``[m]``, ``at [m]`` being their places in the whole."""
        high, low = float(hits.sum()), float(others.sum())
        own = _dot(hits, np.cumsum(others) - others / 2)
        # pairs with the background are those with the whole, less those within the group
        return [_share(own, high * low), _share(_dot(others, self._over[at]) - own, (self._toxic - high) * low),
                _share(_dot(hits, self._under[at]) - own, high * (self._harmless - low))]


class _Aucs:
    """All AUCs of all rows and of resampled ones; nothing is measured where ``resamples`` is None."""

    def __init__(
        self, truth: Truth, score: Floats, sides: Mapping[str, tuple[Truth, Truth]], resamples: int | None, seed: int
    ) -> None:
        told = {name: inside | outside for name, (inside, outside) in sides.items()}
        wholes = {rows.tobytes(): _Ranked(truth, score, rows) for rows in [np.ones_like(truth), *told.values()]}
        groups = [(told[name].tobytes(), _Ranked(truth, score, inside)) for name, (inside, _) in sides.items()]
        places = [np.searchsorted(wholes[key].scores, group.scores) for key, group in groups]
        everything = np.ones_like(truth).tobytes()
        times = 0 if resamples is None else 1 + resamples
        # row 0 is what was found, the others are resamples
        self._overall, self._values = np.empty(times), np.empty((times, len(groups), len(AUCS)))
        random = np.random.default_rng(seed)
        for time in range(times):
            drawn = random.integers(0, len(truth), len(truth)) if time else np.arange(len(truth))
            weight = np.bincount(drawn, minlength=len(truth)).astype(np.float64)
            beside = {key: _Whole(*ranked.counts(weight)) for key, ranked in wholes.items()}
            self._overall[time] = beside[everything].auc()
            for place, ((key, group), at) in enumerate(zip(groups, places, strict=True)):
                self._values[time, place] = beside[key].aucs(*group.counts(weight), at)
        self._enough = {name: dict(zip(AUCS, _enough(truth, *side), strict=True)) for name, side in sides.items()}
        self._places = {name: place for place, name in enumerate(sides)}
        self.whole = [name for name, enough in self._enough.items() if all(enough.values())]

    def overall(self) -> dict[str, float | None] | None:
        """The AUC of all rows."""
        return plain_interval(self._overall[0], self._overall[1:]) if len(self._overall) else None

    def of(self, name: str) -> dict[str, dict[str, float | None] | None]:
        """The three AUCs of a group; None for those that too few texts tell."""
        values = self._values[:, self._places[name]]
        return {kind: plain_interval(values[0, column], values[1:, column]) if self._enough[name][kind] else None
                for column, kind in enumerate(AUCS)}

    def power_means(self) -> dict[str, float | None]:
        """Of each AUC, over the groups that have all three."""
        return dict(zip(AUCS, map(plain, self._means()[0]), strict=True)) if self.whole else dict.fromkeys(AUCS)

    def combined(self) -> dict[str, float | None] | None:
        """The metric of the challenge; None without a group that has all three."""
        if not self.whole:
            return None
        values = (self._overall + self._means().sum(axis=1)) / 4
        return plain_interval(values[0], values[1:])

    def _means(self) -> Floats:
        """``[1 + resamples, 3]``."""
        values = self._values[:, [self._places[name] for name in self.whole]]
        return np.array([[power_mean(column) for column in each.T] for each in values], np.float64)


def _dot(one: Floats, other: Floats) -> float:
    """Σ one · other, without BLAS: its threads, one call per figure and resample, slow each other on a busy machine."""
    return float((one * other).sum())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _sizes(truth: Truth, inside: Truth, outside: Truth) -> tuple[int, int, int, int]:
    """How many texts about a group are toxic and how many are not, then the same elsewhere."""
    toxic, others, toxic_elsewhere, others_elsewhere = (
        int((side & rows).sum()) for rows in (inside, outside) for side in (truth, ~truth))
    return toxic, others, toxic_elsewhere, others_elsewhere


def _enough(truth: Truth, inside: Truth, outside: Truth) -> list[bool]:
    """Which of the ``AUCS`` of a group have rows enough on both sides."""
    toxic, others, toxic_elsewhere, others_elsewhere = _sizes(truth, inside, outside)
    return [min(pair) >= LEAST for pair in ((toxic, others), (toxic_elsewhere, others), (toxic, others_elsewhere))]


def _rates(truth: Truth, score: Floats, inside: Truth, threshold: float | None) -> dict[str, float | None]:
    """How often the texts inside are decided wrongly, per class; None where fewer than ten tell."""
    if threshold is None:
        return dict.fromkeys(_RATES)
    flagged = score >= threshold
    sides = zip(_RATES, (~truth & inside, truth & inside), (flagged, ~flagged), strict=True)
    return {rate: float(wrong[rows].mean()) if rows.sum() >= LEAST else None for rate, rows, wrong in sides}


def _spread(
    rates: Mapping[str, Mapping[str, float | None]], whole: Mapping[str, float | None], rate: str
) -> float | None:
    """The sum over groups of the distance of their rate to that of all rows."""
    known = [each for each in (found[rate] for found in rates.values()) if each is not None]
    reference = whole[rate]
    return plain(sum(abs(each - reference) for each in known)) if known and reference is not None else None


def _row_notes(known: Truth, truth: Truth, sides: Mapping[str, tuple[Truth, Truth]]) -> Iterator[str]:
    """Which rows are left out, of everything or of groups, and whether enough are left."""
    if not known.all():
        yield f"{int((~known).sum())} of {len(known)} rows have a score that is NaN or infinite: they are left out"
    untold: dict[int, list[str]] = {}
    for name, (inside, outside) in sides.items():
        untold.setdefault(int((~inside & ~outside).sum()), []).append(name)
    for count, names in untold.items():
        if count:
            yield (f"{count} of {len(truth)} rows do not say whether they are about {listed(names)}: they are left out"
                   " there")
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if min(positives, negatives) < LEAST:
        yield f"{positives} toxic texts and {negatives} others: identity bias takes {LEAST} of each"


def _group_notes(
    truth: Truth, sides: Mapping[str, tuple[Truth, Truth]], means: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Which groups are too small for which figure, and so are not in which mean or sum (``means``: who is in)."""
    for name, side in sides.items():
        missing = [title for title, enough in zip(_TITLES, _enough(truth, *side), strict=True) if not enough]
        if missing:
            toxic, others, toxic_elsewhere, others_elsewhere = _sizes(truth, *side)
            yield (f"{name}: {toxic} toxic texts and {others} others, {toxic_elsewhere} and {others_elsewhere}"
                   f" elsewhere: no {listed(missing)} AUC, which takes {LEAST} of each that it compares")
    left: dict[tuple[str, ...], list[str]] = {}
    for title, names in means.items():
        left.setdefault(tuple(name for name in sides if name not in names), []).append(title)
    for lost, titles in left.items():
        if len(lost) == len(sides):
            yield f"{listed(titles)}: no group has texts enough" if sides else f"{listed(titles)}: no group is given"
        elif lost:
            yield f"{listed(titles)}: over {len(sides) - len(lost)} of {len(sides)} groups, without {listed(lost)}"
