"""Two scorers on the same texts: how scores move, which decisions flip, what that does to the figures.

Differences are new minus old, with 95 % intervals of a paired bootstrap (``paired.py``). A user's rule decides whether
the new scorer may take the place of the old one. This module does not say why a score moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError, did_you_mean
from toxmeter.evaluation.classification import hard_labels
from toxmeter.evaluation.metrics import spearman
from toxmeter.evaluation.paired import MEASURED, Pair, PairedFigures
from toxmeter.evaluation.plain import LEAST, listed, plain
from toxmeter.evaluation.recorded import answers
from toxmeter.evaluation.rule import DEFAULT_RULE, Figure, Term, judge, parse_rule
from toxmeter.models.scorer import check_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from toxmeter.labels import LabelSet
    from toxmeter.models.scorer import Scorer

__all__ = ["compare"]

Floats = npt.NDArray[np.float64]

_TEXT = 160  # characters of an example
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def compare(
    old: Scorer,
    new: Scorer,
    texts: Sequence[str],
    labels: Floats | None = None,
    *,
    rule: str | Sequence[str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    old_thresholds: Mapping[str, float] | None = None,
    resamples: int = 1_000,
    seed: int = 0,
    examples: int = 5,
    progress: Callable[[float], None] = lambda _: None,
) -> dict[str, Any]:
    """Compare two scorers label by label; labels are shared by name or alias.

    Args:
        old: the one in use.
        new: the one that may replace it.
        texts: ``n`` texts; those that a file of scores does not know are left out.
        labels: ``[n, k]`` in [0, 1] for the labels of ``new``, NaN where not known; None for none at all.
        rule: see ``toxmeter.evaluation.rule``; None for ``DEFAULT_RULE``, without labels those of its terms that
            need none.
        thresholds: per shared label, for both; else each scorer's own. A text has a label from there on.
        old_thresholds: per shared label, for the old one, before ``thresholds``.
        resamples: of the bootstrap.
        seed: of the bootstrap.
        examples: so many flipped texts are shown in each direction, those that moved most.
        progress: of the bootstrap, told the share that is done.

    Returns:
        plain JSON values: ``old`` and ``new`` (versions), ``texts``, ``resamples``, ``seed``; ``labels`` – per shared
        label ``thresholds``, ``shift``, ``flips`` and ``figures`` (None without enough known rows); ``flips`` of any
        label and ``mean`` figures; ``only_old``, ``only_new``; ``verdict`` as ``judge`` makes it; ``notes``.

    Raises:
        InputError: when no label is shared, the rule cannot be read or asks for what is not there, a threshold is of
            no shared label or no probability, ``labels`` has another shape, no text has scores of both, or a score is
            no probability.
    """
    rows = check_texts(texts)
    if labels is not None and labels.shape != (len(rows), len(new.labels)):
        raise InputError(f"labels of shape {labels.shape} for {len(rows)} texts and {len(new.labels)} labels")
    both = _shared(old.labels, new.labels)
    names = _names(old.labels, new.labels, both)
    terms = _terms(rule, names, labelled=labels is not None)
    given, given_old = _limits(thresholds, names), _limits(old_thresholds, names)
    known = answers(old, rows) & answers(new, rows)
    left = [text for text, there in zip(rows, known, strict=True) if there]
    if rows and not left:
        raise InputError(f"none of the {len(rows):,} texts has scores of both: a file of scores answers for its own"
                         " texts only")
    before, after = _scores(old, left, known), _scores(new, left, known)
    truth = (np.full(after.shape, np.nan) if labels is None
             else hard_labels(new.labels.kind, labels[known].astype(np.float64)))
    pairs = [
        Pair(name, before[:, one], after[:, other],
             given_old.get(name, given.get(name, old.thresholds.get(old.labels.names[one], 0.5))),
             given.get(name, new.thresholds.get(name, 0.5)), truth[:, other])
        for name, (one, other) in both.items() if len(left) >= LEAST]
    found = PairedFigures(pairs, len(left), resamples=resamples, seed=seed, progress=progress)
    old_places, new_places = map(set, zip(*both.values(), strict=True))
    return {
        "old": old.version, "new": new.version, "texts": len(left), "resamples": resamples, "seed": seed,
        "labels": {pair.name: _label(pair, found, left, examples) for pair in pairs},
        "flips": _plain(found.figure("flips")),
        "mean": _figures(found, ""),
        "only_old": [name for place, name in enumerate(old.labels.names) if place not in old_places],
        "only_new": [name for place, name in enumerate(new.labels.names) if place not in new_places],
        "verdict": judge(terms, lambda term: found.figure(term.figure, term.label)),
        "notes": list(_notes(pairs, len(rows), len(left), labelled=labels is not None)),
    }


def _shared(old: LabelSet, new: LabelSet) -> dict[str, tuple[int, int]]:
    """The columns of the labels that both have, by their names in the new one."""
    found: dict[str, tuple[int, int]] = {}
    for name, place in new.ids.items():  # names stand before aliases
        if name in old.ids:
            found.setdefault(new.names[place], (old.ids[name], place))
    if not found:
        raise InputError(f"the two share no label: {', '.join(old.names)}; and {', '.join(new.names)}")
    return found


def _names(old: LabelSet, new: LabelSet, both: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    """Whatever either calls a shared label, and its name in the new one, which stands before others."""
    of_old: dict[int, str] = {}
    for name, (one, _) in both.items():
        of_old.setdefault(one, name)
    names = {name: name for name in both}
    for alias, place in new.ids.items():
        if new.names[place] in both:
            names.setdefault(alias, new.names[place])
    for alias, place in old.ids.items():
        if place in of_old:
            names.setdefault(alias, of_old[place])
    return names


def _terms(rule: str | Sequence[str] | None, names: Mapping[str, str], *, labelled: bool) -> tuple[Term, ...]:
    if rule is not None:
        return parse_rule(rule, names, labelled=labelled)
    return tuple(term for term in parse_rule(DEFAULT_RULE) if labelled or not term.needs_labels)


def _limits(given: Mapping[str, float] | None, names: Mapping[str, str]) -> dict[str, float]:
    """Thresholds by the names of shared labels."""
    for name, value in (given or {}).items():
        if name not in names:
            raise InputError(f"threshold of {name!r}: no label that both have{did_you_mean(name, list(names))}; they"
                             f" share {', '.join(dict.fromkeys(names.values()))}")
        if not 0 <= value <= 1:
            raise InputError(f"threshold of {name!r} is {value:g}: it is a probability from 0 to 1")
    return {names[name]: value for name, value in (given or {}).items()}


def _scores(scorer: Scorer, texts: list[str], known: npt.NDArray[np.bool_]) -> Floats:
    """Scores ``[n, k]`` of the known ones among all texts."""
    scores = scorer.score(texts).astype(np.float64)
    wrong = np.flatnonzero(~((scores >= 0) & (scores <= 1)).all(axis=1))
    if len(wrong):
        raise InputError(f"{scorer.version}: texts[{np.flatnonzero(known)[wrong[0]]}] has a score that is no"
                         f" probability, as {len(wrong):,} of {len(texts):,} texts have: the model is broken, fetch or"
                         " train it again")
    return scores


def _label(pair: Pair, found: PairedFigures, texts: list[str], examples: int) -> dict[str, Any]:
    moved = pair.new - pair.old
    quantiles = np.quantile(moved, _QUANTILES)
    return {
        "thresholds": {"old": plain(pair.old_threshold), "new": plain(pair.new_threshold)},
        "shift": {"mean": plain(moved.mean()), "sd": plain(moved.std()),
                  "quantiles": {f"{share:g}": plain(at) for share, at in zip(_QUANTILES, quantiles, strict=True)},
                  "mean_absolute": _plain(found.figure("shift", pair.name)),
                  "spearman": plain(spearman(pair.old, pair.new))},
        "flips": {"share": _plain(found.figure("flips", pair.name))} | {
            way: {"count": int((pair.flips == sign).sum()), "examples": _examples(pair, sign, texts, examples)}
            for way, sign in (("now_flagged", 1), ("no_longer_flagged", -1))},
        "figures": _figures(found, pair.name),
    }


def _examples(pair: Pair, sign: int, texts: list[str], most: int) -> list[dict[str, Any]]:
    """Texts that flipped one way, those first whose score moved most, each once."""
    order = np.argsort(-np.abs(pair.new - pair.old), kind="stable")
    rows: dict[str, int] = {}
    for row in order[pair.flips[order] == sign].tolist():
        rows.setdefault(texts[row], row)
    return [{"text": _brief(text), "old": plain(pair.old[row]), "new": plain(pair.new[row])}
            for text, row in list(rows.items())[:most]]


def _figures(found: PairedFigures, label: str) -> dict[str, Any] | None:
    """Per figure its ``old`` and ``new`` value and the ``difference``; None where there are not rows enough."""
    values = {name: found.sides(name, label) for name in MEASURED}
    if np.isnan(values["auc"][0]):
        return None
    return {name: {"old": plain(old), "new": plain(new), "difference": _plain(found.figure(name, label))}
            for name, (old, new) in values.items()}


def _plain(figure: Figure | None) -> dict[str, float | None] | None:
    return figure.to_dict() if figure else None


def _notes(pairs: Sequence[Pair], rows: int, left: int, *, labelled: bool) -> Iterator[str]:
    if left < rows:
        yield f"{rows - left:,} of {rows:,} texts are left out: a file of scores has none for them"
    if left < LEAST:
        yield f"{left} texts: nothing is measured on fewer than {LEAST}"
    if not labelled:
        yield "the texts have no labels: only scores and decisions are compared"
    if labelled and (unknown := [pair.name for pair in pairs if not any(pair.counts)]):
        yield f"not known of any text: {listed(unknown)}; of them only scores and decisions are compared"
    for pair in pairs:
        if labelled and any(pair.counts) and not pair.measured:
            without, having = pair.counts
            yield (f"{pair.name}: {having} rows with the label and {without} without it; its figures need {LEAST} of"
                   " each")


def _brief(text: str) -> str:
    """The begin of a text on one line, as UTF-8 can hold it."""
    line = " ".join(text[: 4 * _TEXT].split()).encode("utf-8", "replace").decode()
    return line if len(line) <= _TEXT and len(text) <= 4 * _TEXT else line[: _TEXT - 1] + "…"
