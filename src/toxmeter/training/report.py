"""What is measured once training is done: test rows, disguised test rows, everyday sentences, probes.

The figures go into the manifest and the model card, texts of the test rows do not. This module does not
choose anything by them.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError
from toxmeter.evaluation.classification import (
    accuracy,
    bootstrap_confusion,
    class_counts,
    confusion_matrix,
    hard_labels,
    macro_f1,
    positive_column,
    precision_recall_f1,
    weighted_f1,
)
from toxmeter.evaluation.metrics import (
    average_precision,
    bootstrap,
    bootstrap_auc,
    brier_score,
    expected_calibration_error,
    f1,
    label_auc,
    percentile_interval,
    precision_recall,
    spearman,
)
from toxmeter.evaluation.robustness import DISGUISES
from toxmeter.evaluation.thresholds import decide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toxmeter.labels import LabelSet
    from toxmeter.models.scorer import Scorer

__all__ = ["everyday", "headline", "measure"]

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


def everyday() -> list[str]:
    """Five hundred harmless everyday sentences of our own, half with risky words. Never trained on."""
    return (files("toxmeter.evaluation") / "everyday.txt").read_text("utf-8").splitlines()


def measure(
    scorer: Scorer,
    texts: Sequence[str],
    labels: Floats,
    *,
    seed: int,
    resamples: int = 500,
    probes: Sequence[str] = (),
    disguised: int | None = None,
) -> dict[str, Any]:
    """Measure a scorer.

    A multilabel decision is that of each label's threshold; of a binary or multiclass set it is the largest
    score. Rows are left out where a label is not known.

    Args:
        scorer: of the labels that ``labels`` has.
        texts: ``n`` test texts at their natural rate.
        labels: ``[n, k]`` in [0, 1], NaN where not known; see ``hard_labels`` for what soft ones count as.
        seed: of everything drawn.
        resamples: of the bootstraps behind the 95 % intervals.
        probes: texts whose scores are reported, together with the text.
        disguised: rewrite at most so many toxic texts; None for all.

    Returns:
        plain JSON values, None where not defined:

        - ``rows``, and ``labels`` – per label the figures; ``rows`` there, where some are not known.
        - ``mean_auc`` – of the labels, one against the rest.
        - binary and multiclass: ``accuracy``, ``macro_f1``, ``weighted_f1``, ``f1`` (binary: of the
          positive column), ``confusion`` (rows truth, columns decision), ``ece`` (of the largest score) and
          ``brier``; ``by_thresholds`` – the same figures where the class highest over its threshold is
          chosen; and per label ``at_threshold``, where the threshold decides one against the rest.
        - where labels are declared toxic: ``disguises`` – per disguise, the share of detections of toxic
          texts that remain; ``everyday``; and with soft labels ``spearman`` of the toxic score.
        - ``probes``.

    Raises:
        InputError: when ``labels`` has another shape than ``[n, k]``.
    """
    known = scorer.labels
    if labels.shape != (len(texts), len(known)):
        raise InputError(f"labels of shape {labels.shape} for {len(texts)} texts and {len(known)} labels")
    scores = scorer.score(texts).astype(np.float64)
    truth = hard_labels(known.kind, labels)
    report: dict[str, Any] = {"rows": len(texts), **_by_label(scorer, truth, scores, resamples, seed)}
    if known.kind != "multilabel":
        thresholds = np.array([scorer.thresholds[name] for name in known.names])
        report |= _classes(known, truth, scores, thresholds, resamples, seed)
    if known.toxic_ids:
        report |= _ranking(known, labels, scores, resamples, seed)
        report["disguises"] = _disguises(scorer, texts, truth, scores, disguised, seed)
        report["everyday"] = _everyday(scorer)
    if probes:
        report["probes"] = [{"text": text, "scores": _named(known, row)}
                            for text, row in zip(probes, scorer.score(probes), strict=True)]
    return report


def headline(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    """The few figures that a table of models shows; of a multilabel model, those of its first label."""
    if "confusion" not in metrics:
        name, first = next(iter(metrics["labels"].items()))
        return {f"{name} AUC": first["auc"]["value"], "mean AUC": metrics["mean_auc"]["value"],
                f"{name} F1": first["f1"], f"{name} ECE": first["ece"]}
    shown = {"accuracy": "accuracy", "F1": "f1", "AUC": "mean_auc"} if "f1" in metrics else {
        "macro F1": "macro_f1", "weighted F1": "weighted_f1", "accuracy": "accuracy"}
    return {name: metrics[key]["value"] for name, key in shown.items()}


def _by_label(scorer: Scorer, truth: Floats, scores: Floats, resamples: int, seed: int) -> dict[str, Any]:
    """Figures of each label, one against the rest, and their mean AUC (not defined if one of them is not)."""
    aucs, drawn = label_auc(truth, scores), bootstrap_auc(truth, scores, repeats=resamples, seed=seed)
    chosen = np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None]
    labels = {}
    for column, name in enumerate(scorer.labels.names):
        known = ~np.isnan(truth[:, column])
        true, score, threshold = truth[known, column] == 1, scores[known, column], scorer.thresholds[name]
        over = score >= threshold
        multilabel = scorer.labels.kind == "multilabel"
        labels[name] = {
            **({} if known.all() else {"rows": int(known.sum())}),
            "positives": int(true.sum()),
            "auc": _rounded(aucs[column], percentile_interval(drawn[:, column])),
            "average_precision": _or_none(average_precision(true, score)),
            "ece": _or_none(expected_calibration_error(true, score)),
            "ece_equal_mass": _or_none(expected_calibration_error(true, score, equal_mass=True)),
            "threshold": threshold,
            **_decided(true, over if multilabel else chosen[known, column]),
            **({} if multilabel else {"at_threshold": _decided(true, over)}),
        }
    return {"labels": labels, "mean_auc": _rounded(aucs.mean(), percentile_interval(drawn.mean(axis=1)))}


def _decided(truth: Truth, flagged: Truth) -> dict[str, float | None]:
    precision, recall = precision_recall(truth, flagged)
    return {"precision": _or_none(precision), "recall": _or_none(recall), "f1": _or_none(f1(truth, flagged))}


def _classes(
    labels: LabelSet, truth: Floats, scores: Floats, thresholds: Floats, resamples: int, seed: int
) -> dict[str, Any]:
    """Figures of all classes together, over the rows whose class is known."""
    known = ~np.isnan(truth[:, 0])
    truth, scores = truth[known], scores[known]
    true, decided = truth.argmax(axis=1), scores.argmax(axis=1)
    column = positive_column(labels)
    brier = brier_score(truth[:, column], scores[:, column]) if labels.kind == "binary" else brier_score(truth, scores)
    return {**_agreement(labels, true, decided, resamples, seed),
            "by_thresholds": _agreement(labels, true, decide(scores, thresholds), resamples, seed),
            "brier": _or_none(brier), "ece": _or_none(expected_calibration_error(true == decided, scores.max(axis=1)))}


def _agreement(labels: LabelSet, true: Integers, decided: Integers, resamples: int, seed: int) -> dict[str, Any]:
    """How well one way to decide agrees with the truth, both ``[n]`` classes."""
    matrix = confusion_matrix(true, decided, len(labels))
    drawn = bootstrap_confusion(matrix, repeats=resamples, seed=seed)
    one, many = class_counts(matrix), class_counts(drawn)
    report: dict[str, Any] = {
        "accuracy": _rounded(accuracy(matrix), percentile_interval(accuracy(drawn))),
        "macro_f1": _rounded(macro_f1(one), percentile_interval(macro_f1(many))),
        "weighted_f1": _rounded(weighted_f1(one), percentile_interval(weighted_f1(many)))}
    if labels.kind == "binary":
        column = positive_column(labels)
        interval = percentile_interval(precision_recall_f1(many)[2][:, column])
        report["f1"] = _rounded(precision_recall_f1(one)[2][column], interval)
    return {**report, "confusion": matrix.tolist()}


def _ranking(labels: LabelSet, soft: Floats, scores: Floats, resamples: int, seed: int) -> dict[str, Any]:
    """Spearman's correlation of the toxic score with soft toxic labels; nothing where those are yes or no."""
    wanted = labels.toxicity(soft.astype(np.float32)).astype(np.float64)
    given = labels.toxicity(scores.astype(np.float32)).astype(np.float64)
    known = ~np.isnan(wanted)
    wanted, given = wanted[known], given[known]
    if not ((wanted > 0) & (wanted < 1)).any():
        return {}
    interval = bootstrap(lambda rows: spearman(wanted[rows], given[rows]), len(wanted), repeats=resamples, seed=seed)
    return {"spearman": _rounded(spearman(wanted, given), interval)}


def _unsafe(scorer: Scorer, scores: npt.NDArray[np.floating[Any]]) -> Truth:
    """What a guardrail would flag, by the scorer's own thresholds, ``[n]``."""
    labels = scorer.labels
    thresholds = np.array([scorer.thresholds[labels.names[column]] for column in labels.toxic_ids])
    if labels.kind != "multilabel":  # the smallest threshold holds for the toxic classes together
        together: Truth = labels.toxicity(scores.astype(np.float32)) >= thresholds.min()
        return together
    any_of_them: Truth = np.any(scores[:, list(labels.toxic_ids)] >= thresholds, axis=1)
    return any_of_them


def _disguises(
    scorer: Scorer, texts: Sequence[str], truth: Floats, scores: Floats, most: int | None, seed: int
) -> dict[str, Any]:
    """Of the toxic texts that are flagged, the share that is still flagged in each disguise."""
    labels = scorer.labels
    columns = labels.toxic_ids[:1] if labels.kind == "multilabel" else labels.toxic_ids
    toxic = np.flatnonzero((truth[:, columns] == 1).any(axis=1))
    if most is not None and len(toxic) > most:
        toxic = np.sort(np.random.default_rng(seed).choice(toxic, most, replace=False))
    found = [texts[row] for row in toxic[_unsafe(scorer, scores[toxic])]]
    kept = {name: float(_unsafe(scorer, scorer.score([disguise(text) for text in found])).mean()) if found else None
            for name, disguise in DISGUISES.items()}
    return {"texts": len(found), "kept": {name: _or_none(share) for name, share in kept.items()}}


def _everyday(scorer: Scorer) -> dict[str, Any]:
    sentences = everyday()
    flagged = int(_unsafe(scorer, scorer.score(sentences)).sum())
    return {"sentences": len(sentences), "flagged": flagged, "share": round(flagged / len(sentences), 4)}


def _named(labels: LabelSet, scores: npt.NDArray[np.float32]) -> dict[str, float]:
    return {name: round(float(score), 6) for name, score in zip(labels.names, scores, strict=True)}


def _rounded(value: npt.ArrayLike, interval: tuple[float, float]) -> dict[str, float | None]:
    return {"value": _or_none(float(np.asarray(value))), "low": _or_none(interval[0]), "high": _or_none(interval[1])}


def _or_none(value: float | None) -> float | None:
    """Four digits; None for what is not defined, since JSON has no NaN."""
    return None if value is None or np.isnan(value) else round(value, 4)
