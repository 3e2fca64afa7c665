"""How good a scorer is on labelled texts: the figures of every label and of all together.

The figures go into the manifest of a trained model, its card and the report of an evaluation; texts of the
test rows do not. This module does not choose anything by them.
"""

from __future__ import annotations

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
    micro_f1,
    positive_column,
    precision_recall_f1,
    weighted_f1,
)
from toxmeter.evaluation.decisions import outcomes, resampled, summary
from toxmeter.evaluation.everyday import false_alarms, still_flagged
from toxmeter.evaluation.metrics import (
    average_precision,
    bootstrap,
    bootstrap_auc,
    brier_score,
    expected_calibration_error,
    label_auc,
    spearman,
)
from toxmeter.evaluation.plain import listed, plain, plain_interval
from toxmeter.evaluation.thresholds import decide, reaches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from toxmeter.labels import LabelSet
    from toxmeter.models.scorer import Scorer

__all__ = ["headline", "judge", "measure"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_AVERAGES = {"macro_f1": macro_f1, "weighted_f1": weighted_f1, "micro_f1": micro_f1}


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

    Args:
        scorer: of the labels that ``labels`` has.
        texts: ``n`` test texts at their natural rate.
        labels: ``[n, k]`` in [0, 1], NaN where not known; see ``hard_labels`` for what soft ones count as.
        seed: of everything drawn.
        resamples: of the bootstraps behind the 95 % intervals.
        probes: texts whose scores are reported, together with the text.
        disguised: rewrite at most so many toxic texts; None for all.

    Returns:
        what ``judge`` returns, with the scorer's thresholds, and

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
    thresholds = np.array([scorer.thresholds[name] for name in known.names], np.float64)
    report = judge(known, truth, scores, thresholds, seed=seed, resamples=resamples)
    if known.toxic_ids:
        report |= _ranking(known, labels, scores, resamples, seed)
        report["disguises"] = still_flagged(scorer, texts, truth, scores, disguised, seed)
        report["everyday"] = false_alarms(scorer)
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


def judge(
    labels: LabelSet, truth: Floats, scores: Floats, thresholds: Floats, *, seed: int, resamples: int = 500
) -> dict[str, Any]:
    """The figures of scores, whoever gave them.

    A multilabel decision is that of each label's threshold; of a binary or multiclass set it is the largest
    score. Rows are left out where a label is not known, or where a score is NaN or infinite.

    Args:
        labels: what the columns mean.
        truth: ``[n, k]``, 1, 0, or NaN where not known; a row of classes is known whole or not at all.
        scores: ``[n, k]`` probabilities.
        thresholds: ``[k]``, or ``[n, k]`` where rows have their own.
        seed: of the bootstraps.
        resamples: of the bootstraps behind the 95 % intervals.

    Returns:
        plain JSON values, None where not defined:

        - ``rows``, and ``labels`` – per label the figures; ``rows`` there, where some are not known;
          ``confusion`` as [[tn, fp], [fn, tp]]; ``intervals`` of precision, recall and F1.
        - ``mean_auc`` – of the labels, one against the rest.
        - ``accuracy`` (multilabel: rows whose known labels are all right), ``macro_f1``, ``weighted_f1``,
          ``micro_f1``, with intervals; of classes the last is the accuracy.
        - binary and multiclass: ``f1`` (binary: of the positive column), ``confusion`` (rows truth, columns
          decision), ``ece`` (of the largest score) and ``brier``; ``by_thresholds`` – the same figures where
          the class highest over its threshold is chosen; and per label ``at_threshold``, where the threshold
          decides one against the rest.
        - ``notes``: what is not defined, and why.
    """
    unscored = ~np.isfinite(scores)
    if labels.kind != "multilabel":
        unscored = np.broadcast_to(unscored.any(axis=1, keepdims=True), scores.shape)
    truth, scores = np.where(unscored, np.nan, truth), np.where(unscored, 0.0, scores)
    report = {"rows": len(truth), **_by_label(labels, truth, scores, thresholds, resamples, seed)}
    if labels.kind != "multilabel":
        report |= _classes(labels, truth, scores, thresholds, resamples, seed)
    return {**report, "notes": [*_notes(truth, report, int(unscored.any(axis=1).sum()))]}


def _by_label(
    labels: LabelSet, truth: Floats, scores: Floats, thresholds: Floats, resamples: int, seed: int
) -> dict[str, Any]:
    """Figures of each label, one against the rest, and of all (mean AUC: not defined if one of them is not)."""
    multilabel = labels.kind == "multilabel"
    aucs, drawn = label_auc(truth, scores), bootstrap_auc(truth, scores, repeats=resamples, seed=seed)
    over = reaches(scores, thresholds)
    given = over if multilabel else np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None]
    ways = [(outcomes(truth, way), resampled(truth, way, repeats=resamples, seed=seed)) for way in (given, over)]
    shown = thresholds if thresholds.ndim == 1 else np.median(thresholds, axis=0)
    figures = {}
    for column, name in enumerate(labels.names):
        known = ~np.isnan(truth[:, column])
        true, score = truth[known, column] == 1, scores[known, column]
        figures[name] = {
            **({} if known.all() else {"rows": int(known.sum())}),
            "positives": int(true.sum()),
            "auc": plain_interval(aucs[column], drawn[:, column]),
            "average_precision": plain(average_precision(true, score)),
            "ece": plain(expected_calibration_error(true, score)),
            "ece_equal_mass": plain(expected_calibration_error(true, score, equal_mass=True)),
            "brier": plain(brier_score(true.astype(np.float64), score)),
            "threshold": float(shown[column]),
            **summary(*ways[0], column),
            **({} if multilabel else {"at_threshold": summary(*ways[1], column)}),
        }
    report = {"labels": figures, "mean_auc": plain_interval(aucs.mean(), drawn.mean(axis=1))}
    if multilabel:
        one, many = ways[0]
        report["accuracy"] = plain_interval(one.accuracy, many.accuracy, share_of=int(one.rows))
        report |= {name: plain_interval(mean(one.counts), mean(many.counts)) for name, mean in _AVERAGES.items()}
    return report


def _classes(
    labels: LabelSet, truth: Floats, scores: Floats, thresholds: Floats, resamples: int, seed: int
) -> dict[str, Any]:
    """Figures of all classes together, over the rows whose class is known."""
    known = ~np.isnan(truth[:, 0])
    by_thresholds = decide(scores, thresholds)[known]
    truth, scores = truth[known], scores[known]
    true, decided = truth.argmax(axis=1), scores.argmax(axis=1)
    column = positive_column(labels)
    brier = brier_score(truth[:, column], scores[:, column]) if labels.kind == "binary" else brier_score(truth, scores)
    return {**_agreement(labels, true, decided, resamples, seed),
            "by_thresholds": _agreement(labels, true, by_thresholds, resamples, seed),
            "brier": plain(brier), "ece": plain(expected_calibration_error(true == decided, scores.max(axis=1)))}


def _agreement(labels: LabelSet, true: Integers, decided: Integers, resamples: int, seed: int) -> dict[str, Any]:
    """How well one way to decide agrees with the truth, both ``[n]`` classes."""
    matrix = confusion_matrix(true, decided, len(labels))
    drawn = bootstrap_confusion(matrix, repeats=resamples, seed=seed)
    one, many = class_counts(matrix), class_counts(drawn)
    rows = int(matrix.sum())
    report: dict[str, Any] = {"accuracy": plain_interval(accuracy(matrix), accuracy(drawn), share_of=rows)}
    report |= {name: plain_interval(mean(one), mean(many)) for name, mean in _AVERAGES.items()}
    if labels.kind == "binary":
        column = positive_column(labels)
        report["f1"] = plain_interval(precision_recall_f1(one)[2][column], precision_recall_f1(many)[2][:, column])
    return {**report, "confusion": matrix.tolist()}


def _notes(truth: Floats, report: Mapping[str, Any], unscored: int) -> Iterator[str]:
    """What is not defined, and why."""
    if unscored:
        yield f"{unscored} of {len(truth)} rows have a score that is NaN or infinite: they are left out"
    for column, (name, figures) in enumerate(report["labels"].items()):
        rows, positives = int((~np.isnan(truth[:, column])).sum()), figures["positives"]
        if not rows:
            yield f"{name}: no row whose label and score are known, so nothing is measured"
        elif not positives:
            yield f"{name}: none of the {rows} rows has it, so ROC-AUC, average precision and recall are not defined"
        elif positives == rows:
            yield f"{name}: all of the {rows} rows have it, so ROC-AUC is not defined"
        if rows and figures["precision"] is None:
            yield f"{name}: no row is given it, so precision is not defined"
    undefined = [name for name, figures in report["labels"].items() if figures["auc"]["value"] is None]
    if 0 < len(undefined) < len(report["labels"]):
        yield f"mean ROC-AUC: not defined, since it is not for {listed(undefined)}"


def _ranking(labels: LabelSet, soft: Floats, scores: Floats, resamples: int, seed: int) -> dict[str, Any]:
    """Spearman's correlation of the toxic score with soft toxic labels; nothing where those are yes or no."""
    wanted = labels.toxicity(soft.astype(np.float32)).astype(np.float64)
    given = labels.toxicity(scores.astype(np.float32)).astype(np.float64)
    known = ~np.isnan(wanted) & ~np.isnan(given)
    wanted, given = wanted[known], given[known]
    if not ((wanted > 0) & (wanted < 1)).any():
        return {}
    interval = bootstrap(lambda rows: spearman(wanted[rows], given[rows]), len(wanted), repeats=resamples, seed=seed)
    return {"spearman": dict(zip(("value", "low", "high"), map(plain, (spearman(wanted, given), *interval)),
                                 strict=True))}


def _named(labels: LabelSet, scores: npt.NDArray[np.float32]) -> dict[str, float]:
    return {name: round(float(score), 6) for name, score in zip(labels.names, scores, strict=True)}
