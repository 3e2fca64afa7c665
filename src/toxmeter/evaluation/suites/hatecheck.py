"""Suites: HateCheck and its kin, cases by functionality and target group, judged as a guardrail would, or by one label.

A text counts as found when it would be flagged. Suites ask for hate, a scorer for toxicity: the two differ, so that
the functionalities tell more than the overall figure. A label that means hate can be judged alone.
``hatecheck_files.py`` reads suites; this module trains on nothing and asks no identity-free questions, which are those
of ``checklist.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.clusters import cluster_auc, cluster_means
from toxmeter.evaluation.guardrail import verdicts
from toxmeter.evaluation.metrics import roc_auc
from toxmeter.evaluation.plain import LEAST, plain, plain_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from toxmeter.evaluation.clusters import ClusterMeans
    from toxmeter.evaluation.suites.hatecheck_files import Suite
    from toxmeter.models.scorer import Scorer

__all__ = ["PUBLISHED", "run_suite"]

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

PUBLISHED: Mapping[str, Any] = {
    "system": "Perspective",
    "measured": "December 2020, IDENTITY_ATTACK from .5 on, on all 3,728 cases (Röttger et al. 2021)",
    "accuracy": {"overall": 0.766, "hateful": 0.895, "non_hateful": 0.482},
    "functionalities": {
        "negate_neg_nh": 0.038, "counter_quote_nh": 0.156, "counter_ref_nh": 0.184, "slur_reclaimed_nh": 0.284,
        "ident_neutral_nh": 0.841, "ident_pos_nh": 0.540, "spell_leet_h": 0.682, "spell_space_add_h": 0.740},
    "target_gap": 0.012,
    "others": {"BERT fine-tuned on Davidson et al.": 0.632, "BERT fine-tuned on Founta et al.": 0.602},
}
"""What the authors of HateCheck measured, in English. Shares in [0, 1]."""

_NAMED = 8  # so many names in a note, then "and others"


def run_suite(
    scorer: Scorer, suite: Suite, *, label: str | None = None, threshold: float | None = None, resamples: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Run a suite.

    Args:
        scorer: who is judged.
        suite: what ``read_suite`` returned.
        label: whose probability decides; None for the toxic score. HateCheck's authors judged Perspective by its
            IDENTITY_ATTACK.
        threshold: from which score on a case counts as found hateful; None for the scorer's own thresholds.
        resamples: of the bootstraps, over templates where the suite tells them, else over cases.
        seed: of the bootstraps.

    Returns:
        plain JSON values:

        - ``suite``, ``format``, ``sha256``, ``cases``, ``hateful``, ``templates`` (None where not told),
          ``label`` (None for the toxic score), ``threshold``.
        - ``accuracy`` – ``overall``, ``hateful``, ``non_hateful``; ``auc``; ``baseline`` – accuracy of
          ``always_hateful``.
        - ``functionalities`` – ``functionality``, whether ``hateful``, ``cases``, ``templates``, ``accuracy``.
        - ``targets`` – ``target``, ``cases``, ``accuracy``; ``target_gap`` – ``best``, ``worst``, ``gap``; None with
          fewer than two targets of ten cases.
        - ``languages`` – ``language``, ``cases``, ``accuracy``; empty where there is one.
        - ``published``: ``PUBLISHED`` for HateCheck itself, else None.
        - ``notes``.

        Figures over fewer than ten cases are None; an interval takes two templates.

    Raises:
        InputError: when the threshold is outside [0, 1].
        LabelError: when the scorer has no such label.
    """
    found = verdicts(scorer, suite.texts, threshold, label=label)
    known = found.known
    clusters = np.arange(len(suite.texts)) if suite.template is None else suite.template
    parts = dict(_parts(suite))
    members = np.stack([*parts.values()], axis=1) & known[:, None]
    shares = cluster_means((found.unsafe == suite.hateful).astype(np.float64), members, clusters,
                           resamples=resamples, seed=seed)
    cases = dict(zip(parts, members.sum(axis=0).tolist(), strict=True))
    figures = {part: shares.share(place) if cases[part] >= LEAST else None for place, part in enumerate(parts)}
    templates = dict(zip(parts, shares.clusters.tolist(), strict=True))
    hateful, score = suite.hateful[known], found.score[known]
    both = min(hateful.sum(), (~hateful).sum()) >= LEAST
    auc = plain_interval(roc_auc(hateful, score), cluster_auc(
        hateful, score, clusters[known], resamples=resamples, seed=seed)) if both else None
    targets = _listed("target", figures, cases)
    report = {
        "suite": suite.name, "format": suite.format, "sha256": suite.sha256,
        "cases": int(known.sum()), "hateful": int(hateful.sum()),
        "templates": None if suite.template is None else len(np.unique(clusters[known])),
        "label": label, "threshold": threshold,
        "accuracy": {name: figures["", name] for name in ("overall", "hateful", "non_hateful")},
        "auc": auc,
        "baseline": {"always_hateful": plain(hateful.mean()) if len(hateful) >= LEAST else None},
        "functionalities": [
            {"functionality": name, "hateful": kind == "hateful", "cases": cases[kind, name],
             "templates": None if suite.template is None else templates[kind, name], "accuracy": figures[kind, name]}
            for kind, name in parts if kind in ("hateful", "non-hateful")],
        "targets": targets,
        "target_gap": _gap(targets, shares, [*parts]),
        "languages": _listed("language", figures, cases),
        "published": PUBLISHED if suite.format == "HateCheck" else None,
    }
    return {**report, "notes": [*found.notes, *_notes(report, both=both)]}


def _parts(suite: Suite) -> Iterator[tuple[tuple[str, str], Truth]]:
    """The parts of a suite that have figures of their own, by kind and name, ``[n]`` each."""
    yield ("", "overall"), np.ones(len(suite.texts), np.bool_)
    yield ("", "hateful"), suite.hateful
    yield ("", "non_hateful"), ~suite.hateful
    functionality = np.array(suite.functionality, object)
    for name in dict.fromkeys(suite.functionality):
        for kind, wanted in (("hateful", suite.hateful), ("non-hateful", ~suite.hateful)):
            part = (functionality == name) & wanted
            if part.any():
                yield (kind, name), part
    for target in dict.fromkeys(target for targets in suite.targets for target in targets):
        yield ("target", target), np.array([target in targets for targets in suite.targets], np.bool_)
    languages = [*dict.fromkeys(suite.language)]
    for name in languages if len(languages) > 1 else []:
        yield ("language", name), np.array([language == name for language in suite.language], np.bool_)


def _listed(kind: str, figures: Mapping[tuple[str, str], Any], cases: Mapping[tuple[str, str], int]) -> list[Any]:
    """The figures of targets or languages, those with most cases first."""
    found = [{kind: name, "cases": cases[part, name], "accuracy": figure}
             for (part, name), figure in figures.items() if part == kind]
    return sorted(found, key=lambda each: -each["cases"])


def _gap(
    targets: Sequence[Mapping[str, Any]], shares: ClusterMeans, parts: Sequence[tuple[str, str]]
) -> dict[str, Any] | None:
    """How far the accuracies of the best and the worst target are apart."""
    places = [parts.index(("target", each["target"])) for each in targets if each["accuracy"]]
    if len(places) < 2:
        return None
    means, drawn = shares.mean, shares.drawn
    best, worst = max(places, key=lambda place: means[place]), min(places, key=lambda place: means[place])
    return {"best": parts[best][1], "worst": parts[worst][1],
            "gap": plain_interval(means[best] - means[worst], drawn[:, best] - drawn[:, worst])}


def _notes(report: Mapping[str, Any], *, both: bool) -> Iterator[str]:
    if not both:
        yield (f"{report['hateful']} hateful cases and {report['cases'] - report['hateful']} others: ROC-AUC, and"
               f" accuracy of the smaller part, take {LEAST} of either")
    for kind, parts in (("functionality", report["functionalities"]), ("target", report["targets"])):
        small = [f"{part[kind]} ({part['cases']})" for part in parts if part["accuracy"] is None]
        if small:
            yield f"no figure for a {kind} of fewer than {LEAST} cases: {_some(small)}"
    single = [part["functionality"] for part in report["functionalities"]
              if part["accuracy"] and part["templates"] == 1]
    if single:
        yield f"of one template, so without an interval: {_some(single)}"
    if not report["targets"]:
        yield "no case names a target group, so groups are not compared"
    elif report["target_gap"] is None:
        yield f"fewer than two target groups have {LEAST} cases, so groups are not compared"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
