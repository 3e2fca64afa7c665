"""What little effort reaches on the same rows: the most frequent answer, and words counted.

A figure says little by itself: with one toxic text in a hundred, "never toxic" is right 99 times. Words are
weighed by TF-IDF and a logistic regression, which is judged on rows that it has not learned from – but it
learns from rows of the same source, which the measured model perhaps did not. This module measures no scorer.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.data.read import Rows
from toxmeter.data.split import essence, folds
from toxmeter.evaluation.classification import hard_labels
from toxmeter.evaluation.plain import listed
from toxmeter.evaluation.quality import judge
from toxmeter.evaluation.thresholds import best_f1_thresholds
from toxmeter.extras import need

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from toxmeter.labels import LabelSet

__all__ = ["baselines"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_FOLDS = 5
_MOST_ROWS = 50_000
_MOST_TERMS = 100_000
_WORD = re.compile(r"\w")


def baselines(
    texts: Sequence[str], labels: Floats, known: LabelSet, *, seed: int, resamples: int = 500
) -> dict[str, Any]:
    """Judge two baselines.

    ``majority`` gives every text the rates of the labels, and so the most frequent answer. ``tf-idf`` is a
    logistic regression on TF-IDF of words and pairs of words, each row scored by one that was fitted on the
    other folds; near-copies are in one fold. Its thresholds have the best F1 on the other folds.

    Args:
        texts: ``n`` texts.
        labels: ``[n, k]`` in [0, 1], NaN where not known.
        known: what the columns mean.
        seed: of everything drawn.
        resamples: of the bootstraps.

    Returns:
        ``rows``; ``majority`` and ``tf-idf`` – figures as ``judge`` returns them, None for one that cannot
        be made; and ``notes``.

    Raises:
        MissingExtra: without scikit-learn.
    """
    notes = []
    if len(texts) > _MOST_ROWS:
        notes.append(f"baselines: {_MOST_ROWS:,} of {len(texts):,} rows, drawn at random")
        rows = np.sort(np.random.default_rng(seed).choice(len(texts), _MOST_ROWS, replace=False))
        texts, labels = [texts[row] for row in rows], labels[rows]
    truth = hard_labels(known.kind, labels)
    half = np.full(len(known), 0.5)
    found: dict[str, Any] = {
        "rows": len(texts),
        "majority": judge(known, truth, _rates(truth)[None].repeat(len(texts), 0), half, seed=seed,
                          resamples=resamples),
        "tf-idf": None}
    apart = len({essence(text) for text in texts})
    if apart < 2:
        notes.append("TF-IDF baseline: fewer than two different texts, so none is left to learn from")
    else:
        fold = folds(Rows(list(texts), truth, {}), min(_FOLDS, apart), seed)
        notes += _notes(truth, fold, known.names, texts)
        scores = _out_of_fold(texts, truth, fold, known.kind == "multilabel")
        found["tf-idf"] = judge(known, truth, scores, _thresholds(truth, scores, fold, known.names), seed=seed,
                                resamples=resamples)
    return {**found, "notes": notes}


def _rates(truth: Floats) -> Floats:
    """How frequent each label is, ``[k]``; 0 where nothing is known."""
    known = ~np.isnan(truth)
    rates: Floats = np.nansum(truth, axis=0) / np.maximum(known.sum(axis=0), 1)
    return rates


def _notes(truth: Floats, fold: Integers, names: Sequence[str], texts: Sequence[str]) -> Iterator[str]:
    count = int(fold.max()) + 1
    if count < _FOLDS:
        yield f"TF-IDF baseline: {count} folds only, as there are no more different texts"
    rarer = np.minimum((truth == 1).sum(axis=0), (truth == 0).sum(axis=0))
    few = [name for name, rows in zip(names, rarer, strict=True) if rows < count]
    if few:
        yield (f"TF-IDF baseline: {listed(few)}: fewer rows of one kind than the {count} folds, so it learns next to"
               " nothing of them")
    if not any(map(_WORD.search, texts)):
        yield "TF-IDF baseline: no text has a word, so it gives every text the rates of the labels"


def _thresholds(truth: Floats, scores: Floats, fold: Integers, names: Sequence[str]) -> Floats:
    """Per row, thresholds that other folds chose, ``[n, k]``."""
    limits = np.empty_like(scores)
    for number in np.unique(fold):
        others = fold != number
        limits[~others] = [*best_f1_thresholds(truth[others], scores[others], names).values()]
    return limits


def _out_of_fold(texts: Sequence[str], truth: Floats, fold: Integers, multilabel: bool) -> Floats:
    """Scores ``[n, k]`` of each row by a model of the other folds; the rates of its labels where there is none."""
    scores = np.empty_like(truth)
    terms = _terms(texts)
    for number in np.unique(fold):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        scores[test] = _rates(truth[train])
        used = np.flatnonzero(terms[train].getnnz(axis=0)) if terms is not None else np.zeros(0, np.int64)
        if not len(used):
            continue
        weigh = need("sklearn.feature_extraction.text", extra="evaluate").TfidfTransformer(sublinear_tf=True)
        seen, unseen = weigh.fit_transform(terms[train][:, used]), weigh.transform(terms[test][:, used])
        if multilabel:
            for column in range(truth.shape[1]):
                fitted = _fitted(seen, truth[train, column])
                if fitted is not None:
                    scores[test, column] = fitted.predict_proba(unseen)[:, 1]
        else:
            known = ~np.isnan(truth[train, 0])
            fitted = _fitted(seen, np.where(known, truth[train].argmax(axis=1), np.nan))
            if fitted is not None:
                scores[test] = 0.0  # of classes that it has not seen
                scores[np.ix_(test, fitted.classes_.astype(np.int64))] = fitted.predict_proba(unseen)
    return scores


def _terms(texts: Sequence[str]) -> Any:  # noqa: ANN401 - a sparse matrix
    """How often each word and pair of words is in each text; None without any.

    What a term weighs that is in no training row is never learned, so that one count serves all folds.
    """
    if not any(map(_WORD.search, texts)):
        return None
    text = need("sklearn.feature_extraction.text", extra="evaluate")
    options = {"ngram_range": (1, 2), "token_pattern": r"\w+", "max_features": _MOST_TERMS}
    return text.CountVectorizer(**options).fit_transform(texts)


def _fitted(words: Any, answers: Floats) -> Any:  # noqa: ANN401 - a sparse matrix and a LogisticRegression
    """A logistic regression of the rows whose answer ``[n]`` is not NaN; None unless there are two answers."""
    known = np.flatnonzero(~np.isnan(answers))
    kinds = len(np.unique(answers[known]))
    if kinds < 2:
        return None
    solver = "liblinear" if kinds == 2 else "lbfgs"  # the first is several times faster, but knows two answers only
    model = need("sklearn.linear_model", extra="evaluate").LogisticRegression(C=10.0, max_iter=300, solver=solver)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # stopped early, it is as good a baseline
        return model.fit(words[known], answers[known])
