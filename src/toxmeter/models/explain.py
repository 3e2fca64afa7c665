"""Why a text has its scores: which words speak for a label, and how strongly.

``explain`` asks the scorer itself where it can tell (``Explains``: nano, exactly), and else leaves words out and
watches the scores (``occlusion.py``, any scorer). Of a long text it explains the window that has the highest score,
since that is the score of the text. ``toxic_spans`` says which characters are toxic, in all windows that are.

What a model looks at is no proof of what a text means. This module judges no text as a whole and changes no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError, ToxmeterError
from toxmeter.models.occlusion import occlude
from toxmeter.models.scorer import check_texts
from toxmeter.text import windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from toxmeter.labels import LabelSet
    from toxmeter.models.scorer import FloatArray, Scorer
    from toxmeter.text import Span

__all__ = ["MOST_WINDOWS", "REACH", "SHARE", "Evidence", "Explains", "by_window", "explain", "toxic_spans"]

SHARE = 0.6
"""A word is toxic that has at least this share of the weight of the strongest one; chosen on the training posts of
SemEval-2021 task 5, where .5 to .7 are as good for nano and for a transformer alike."""

MOST_WINDOWS = 8
"""Windows of a long text in which ``toxic_spans`` looks for words: those with the highest scores."""

REACH = 2_000
"""Characters that are explained at once, or fewer where the scorer reads fewer."""

Floats = npt.NDArray[np.float64]

_LEAST = 1e-7  # probabilities nearer to 0 or 1 count as this near: float32 cannot tell them apart


class Evidence(NamedTuple):
    """A word that speaks for or against a label.

    Attributes:
        begin: its first character, as an offset in code points.
        end: one past its last character.
        label: the label.
        weight: what the word adds to the label's logit; negative where it speaks against the label.
    """

    begin: int
    end: int
    label: str
    weight: float


@runtime_checkable
class Explains(Protocol):
    """A scorer that knows itself why."""

    def explain(self, text: str, *, labels: Sequence[str] | None = None) -> list[Evidence]:
        """Explain scores; see ``toxmeter.explain``."""


def explain(scorer: Scorer, text: str, *, labels: Sequence[str] | None = None) -> list[Evidence]:
    """Which words of a text speak for its labels.

    nano's weights are exact: per label they sum to the logit of the text (of the window with the highest score, where
    it is long) less the bias. Those of other scorers come from at most 2 · 32 + 257 + 64 · ``k`` further scores of
    texts no longer than a window, for each window that has a label's highest score.

    Args:
        scorer: any scorer.
        text: any text, of any length.
        labels: names or aliases; None for all toxic labels, or for all where none is declared toxic.

    Returns:
        by label, then in order of the text, each word with its weight. An empty or blank text has none.

    Raises:
        InputError: when ``text`` is no str, or ``labels`` one bare str.
        LabelError: when the scorer has no such label.
        ToxmeterError: when the scorer answers NaN.
    """
    check_texts([text])
    if isinstance(scorer, Explains):
        return scorer.explain(text, labels=labels)

    def weigh(piece: str, columns: list[int]) -> tuple[list[Span], Floats]:
        return occlude(piece, lambda texts: _logits(_scores(scorer, texts)[:, columns]))

    return by_window(scorer, text, labels, min(scorer.window, REACH), weigh)


def toxic_spans(scorer: Scorer, text: str, *, threshold: float | None = None) -> list[Span]:
    """Which characters of a text are toxic.

    In each window with a toxic label at or over its threshold – at most eight, those with the highest scores – the
    words that have at least 60 % of the weight of its strongest word, for the label furthest over its threshold.

    Args:
        scorer: any scorer.
        text: any text, of any length.
        threshold: the probability from which any label makes a text toxic; 0 for a text that is known to be. None for
            the scorer's own thresholds.

    Returns:
        begin and end of stretches of toxic words, in order and apart from each other.

    Raises:
        InputError: when ``text`` is no str, or the threshold no probability.
        LabelError: when the scorer declares no label toxic.
        ToxmeterError: when the scorer answers NaN.
    """
    check_texts([text])
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"threshold is {threshold:g}: it is a probability in [0, 1]")
    places = windows(text, min(scorer.window, REACH))
    margins, leading = _margins(scorer, [text[begin:end] for begin, end in places], threshold)
    spans: list[Span] = []
    for window in np.argsort(-margins, kind="stable")[:MOST_WINDOWS].tolist():
        if margins[window] >= 0:
            begin, end = places[window]
            spans += [(begin + first, begin + last)
                      for first, last in _strongest(scorer, text[begin:end], leading[window])]
    return _merged(text, spans)


def by_window(
    scorer: Scorer, text: str, labels: Sequence[str] | None, limit: int,
    weigh: Callable[[str, list[int]], tuple[list[Span], Floats]],
) -> list[Evidence]:
    """The evidence for each label in the window of a text that has its highest score.

    Args:
        scorer: a scorer.
        text: any text.
        labels: as ``explain`` takes them.
        limit: most characters in a window.
        weigh: finds the words of a window, and their weights ``[w, c]`` for its columns.

    Raises:
        InputError: when ``labels`` is one bare str.
        LabelError: when the scorer has no such label.
        ToxmeterError: when the scorer answers NaN.
    """
    names = scorer.labels.names
    columns = [scorer.labels.id(name) for name in _names(scorer.labels, labels)]
    found: dict[int, list[Evidence]] = {}
    for (begin, end), here in _peaks(scorer, text, limit, columns).items():
        words, weights = weigh(text[begin:end], here)
        for column, of_label in zip(here, weights.T.tolist(), strict=True):
            found[column] = [Evidence(begin + first, begin + last, names[column], weight)
                             for (first, last), weight in zip(words, of_label, strict=True)]
    return [evidence for column in columns for evidence in found[column]]


def _names(labels: LabelSet, given: Sequence[str] | None) -> tuple[str, ...]:
    """The labels that are meant, by their own names and each once."""
    if given is None:
        return labels.toxic or labels.names
    return tuple(dict.fromkeys(labels.names[labels.id(name)] for name in check_texts(given)))


def _peaks(scorer: Scorer, text: str, limit: int, columns: list[int]) -> dict[Span, list[int]]:
    """Windows of a text, each with the labels that have their highest score there."""
    places = windows(text, limit)
    if len(places) == 1:
        return {places[0]: columns}
    highest = _scores(scorer, [text[begin:end] for begin, end in places]).argmax(axis=0)
    found: dict[Span, list[int]] = {}
    for column in columns:
        found.setdefault(places[int(highest[column])], []).append(column)
    return found


def _margins(scorer: Scorer, texts: list[str], threshold: float | None) -> tuple[Floats, list[str]]:
    """How far the toxicity of each text lies over its threshold, and the label that is furthest over its own."""
    scores, labels = _scores(scorer, texts), scorer.labels
    toxicity, toxic = labels.toxicity(scores), labels.toxic_ids
    limits = np.array([scorer.thresholds[labels.names[column]] if threshold is None else threshold
                       for column in toxic], np.float32)
    over = scores[:, list(toxic)] - limits
    # of labels that exclude each other the sum counts, as in the guardrail
    margins = over.max(axis=1) if labels.kind == "multilabel" else toxicity - limits.min()
    return margins.astype(np.float64), [labels.names[toxic[place]] for place in over.argmax(axis=1).tolist()]


def _strongest(scorer: Scorer, text: str, name: str) -> list[Span]:
    evidence = explain(scorer, text, labels=[name])
    least = SHARE * max((each.weight for each in evidence), default=0.0)
    return [(each.begin, each.end) for each in evidence if each.weight >= least > 0]


def _merged(text: str, spans: list[Span]) -> list[Span]:
    """Spans in order, as one where only white space lies between them or they overlap."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and not text[merged[-1][1] : begin].strip():
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _scores(scorer: Scorer, texts: list[str]) -> FloatArray:
    scores = scorer.score(texts)
    if np.isnan(scores).any():
        raise ToxmeterError(f"{scorer.version} answers NaN: the model is broken; fetch or export it again")
    return scores


def _logits(probabilities: FloatArray) -> Floats:
    clipped = probabilities.astype(np.float64).clip(_LEAST, 1 - _LEAST)
    logits: Floats = np.log(clipped / (1 - clipped))
    return logits
