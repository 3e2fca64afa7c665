"""Counterfactual probes of a scorer: texts that should differ in a group only, and how far their scores differ.

The gap of a text is its score less that of its reference: of the control text, where a probe has one ("This film was
filmed abroad."), else the mean over the groups that the same sentence was made with. Texts are compared with texts of
the same frame only, and the bootstrap draws templates, since the texts of one template are no independent evidence.

Gaps can show bias, never prove its absence. A classifier knows no probabilities of sentences, so this module has no
language-model score of stereotypes (LMS, ICAT), and no pinned AUC, which its authors gave up. ``probe_files.py`` and
``probe_sets.py`` read probes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.clusters import cluster_auc
from toxmeter.evaluation.guardrail import Verdicts, verdicts
from toxmeter.evaluation.metrics import roc_auc
from toxmeter.evaluation.plain import LEAST, plain, plain_interval
from toxmeter.evaluation.suites.probe_examples import examples, largest
from toxmeter.evaluation.suites.probe_gaps import Means, gaps

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from toxmeter.evaluation.suites.probe_gaps import Figure, Gaps
    from toxmeter.models.scorer import Scorer

__all__ = ["Probe", "ProbeCase", "run_probe"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Truth = npt.NDArray[np.bool_]

_NAMED = 8  # so many names in a note, then "and others"


@dataclass(frozen=True)
class ProbeCase:
    """One text.

    Attributes:
        text: the text.
        template: number of the template that it was made from.
        group: whom it is about, or which of a pair it is; empty where it is compared with nothing.
        frame: which filling of the template's other slots; texts of one template and frame are compared.
        kind: what cases are summed up by beside their groups (religion, age, …); empty for none.
        place: ISO 3166 alpha-3 code of the group, for a map.
        toxic: whether the text is toxic, where that is known.
    """

    text: str
    template: int
    group: str
    frame: int = 0
    kind: str = ""
    place: str = ""
    toxic: bool | None = None


@dataclass(frozen=True)
class Probe:
    """Texts that are compared.

    Attributes:
        name: of the file.
        format: what it was read as.
        about: what is compared, in a sentence or two.
        cases: one or more.
        control: the group that the others are compared with; empty for the mean over the groups.
        sha256: of the file.
        notes: what was left out in reading, and why.
    """

    name: str
    format: str
    about: str
    cases: tuple[ProbeCase, ...]
    control: str
    sha256: str
    notes: tuple[str, ...] = ()


def run_probe(
    scorer: Scorer,
    probe: Probe,
    *,
    label: str | None = None,
    threshold: float | None = None,
    resamples: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure the gaps of a probe.

    Args:
        scorer: who is probed.
        probe: what ``read_probe`` or ``read_probe_set`` returned.
        label: whose probability is probed; None for the toxic score. A scorer without a toxic label needs one.
        threshold: from which score on a text is flagged; None for the scorer's own thresholds.
        resamples: of the bootstraps over templates.
        seed: of the bootstraps.

    Returns:
        plain JSON values:

        - ``probe``, ``format``, ``about``, ``sha256``, ``label`` (None for the toxic score), ``threshold``.
        - ``cases`` that are compared, ``templates`` that they are from.
        - ``control`` – ``name`` (empty for the mean over groups) and mean ``score`` of the control texts.
        - ``gaps`` – over all compared texts ``absolute`` (mean distance), ``signed`` (mean gap; None without a
          control, when it is 0 by definition) and ``flip_rate``: how often a text is flagged and what it is compared
          with is not, or the other way round; without a control the texts of the other groups, on average.
        - ``groups`` – by falling gap: ``group``, ``kind``, ``place``, ``cases``, ``templates``, mean ``score``,
          ``gap``, ``absolute``, ``flip_rate``; ``false_alarm_rate`` and ``miss_rate`` where texts are known to be toxic
          or not.
        - ``kinds`` – ``kind``, ``cases``, ``absolute``, ``signed``, ``flip_rate``.
        - ``range`` – ``highest`` and ``lowest`` group and the ``gap`` between; None with fewer than two.
        - ``largest`` – the two texts of one frame that are furthest apart: ``high`` and ``low``, each a ``text``,
          ``group`` and ``score``, and the ``gap``.
        - ``examples`` – the largest gaps, at most five and one of a template, texts cut to 120 characters.
        - ``gold`` – where cases know whether they are toxic: ``toxic``, ``harmless``, ``auc``, ``false_alarm_rate``,
          ``miss_rate``; else None.
        - ``notes``.

        Figures over fewer than ten cases are None; an interval takes two templates.

    Raises:
        InputError: when the threshold is outside [0, 1].
        LabelError: when the scorer has no such label.
    """
    if label is not None and scorer.labels.id(label) not in scorer.labels.toxic_ids:
        # whether a text is toxic says nothing about another label
        probe = replace(probe, cases=tuple(replace(case, toxic=None) for case in probe.cases))
    found = verdicts(scorer, [case.text for case in probe.cases], threshold, label=label)
    frame = _numbered([(case.template, case.frame) for case in probe.cases])
    group = _numbered([case.group for case in probe.cases])
    named = np.array([bool(case.group) for case in probe.cases], np.bool_)
    control = np.array([bool(probe.control) and case.group == probe.control for case in probe.cases], np.bool_)
    gap = gaps(frame, group, named, control if probe.control else None, found)
    template = np.array([case.template for case in probe.cases], np.int64)
    means = Means(template, resamples, seed)
    overall = means.of_gaps({"": gap.compared}, gap)[""]
    groups = _groups(probe, found, gap, means)
    report = {
        "probe": probe.name, "format": probe.format, "about": probe.about, "sha256": probe.sha256,
        "label": label, "threshold": threshold,
        "cases": int(gap.compared.sum()), "templates": len(np.unique(template[gap.compared])),
        "control": {"name": probe.control, "score": _mean(found.score[control & found.known])},
        "gaps": overall if probe.control else {**overall, "signed": None},
        "groups": groups, "kinds": _kinds(probe, gap, means), "range": _range(probe, gap, means, groups),
        "largest": largest(probe, found, frame, gap.compared | control & found.known),
        "examples": examples(probe, found, gap), "gold": _gold(probe, found, means)}
    hint = () if label or scorer.labels.toxic_ids else ("name one of its labels to probe that one's probability",)
    unmatched = int((named & found.known & ~control & ~gap.compared).sum())
    return {**report, "notes": [*probe.notes, *found.notes, *hint, *_notes(report, unmatched)]}


def _numbered(keys: Sequence[Hashable]) -> Integers:
    """Equal keys get equal numbers, from 0."""
    places: dict[Hashable, int] = {}
    return np.array([places.setdefault(key, len(places)) for key in keys], np.int64)


def _parts(names: Sequence[str], members: Truth) -> dict[str, Truth]:
    """The members of each name that is not empty and has any, ``[n]`` each."""
    each = np.array(names, object)
    return {name: (each == name) & members
            for name in dict.fromkeys(each[members].tolist()) if name}


def _groups(probe: Probe, found: Verdicts, gap: Gaps, means: Means) -> list[dict[str, Any]]:
    """The figures of each group, the highest gap first, those without one last."""
    parts = _parts([case.group for case in probe.cases], gap.compared)
    figures = means.of_gaps(parts, gap)
    gold = _rates(probe, found, parts, means)
    listed = []
    for name, part in parts.items():
        cases = [probe.cases[row] for row in np.flatnonzero(part)]
        kinds = {case.kind for case in cases}
        listed.append({
            "group": name, "kind": kinds.pop() if len(kinds) == 1 else "", "place": cases[0].place,
            "cases": len(cases), "templates": len({case.template for case in cases}),
            "score": _mean(found.score[part]), "gap": figures[name]["signed"], "absolute": figures[name]["absolute"],
            "flip_rate": figures[name]["flip_rate"], **{rate: values[name] for rate, values in gold.items()}})
    return sorted(listed, key=lambda each: -each["gap"]["value"] if each["gap"] else np.inf)


def _kinds(probe: Probe, gap: Gaps, means: Means) -> list[dict[str, Any]]:
    """The figures of each kind; no signed gap where a mean over the groups is that of one kind, hence 0."""
    parts = _parts([case.kind for case in probe.cases], gap.compared)
    figures = means.of_gaps(parts, gap)
    kinds = {(case.template, case.frame, case.kind) for case in probe.cases}
    mixed = probe.control or len(kinds) > len({(template, frame) for template, frame, _ in kinds})
    return [{"kind": name, "cases": int(part.sum()), **figures[name], **({} if mixed else {"signed": None})}
            for name, part in parts.items()]


def _range(probe: Probe, gap: Gaps, means: Means, groups: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """How far the groups of the highest and the lowest gap are apart."""
    measured = [group["group"] for group in groups if group["gap"]]
    if len(measured) < 2:
        return None
    parts = _parts([case.group for case in probe.cases], gap.compared)
    ends = (measured[0], measured[-1])
    mean, drawn, _ = means.drawn(gap.gap, [parts[name] for name in ends])
    return {"highest": ends[0], "lowest": ends[1],
            "gap": plain_interval(mean[0] - mean[1], drawn[:, 0] - drawn[:, 1])}


def _gold(probe: Probe, found: Verdicts, means: Means) -> dict[str, Any] | None:
    """The figures of cases that know whether they are toxic."""
    known = found.known & np.array([case.toxic is not None for case in probe.cases], np.bool_)
    if not known.any():
        return None
    toxic, score = np.array([bool(case.toxic) for case in probe.cases], np.bool_)[known], found.score[known]
    both = min(toxic.sum(), (~toxic).sum()) >= LEAST
    auc = plain_interval(roc_auc(toxic, score), cluster_auc(
        toxic, score, means.template[known], resamples=means.resamples, seed=means.seed)) if both else None
    return {"toxic": int(toxic.sum()), "harmless": int((~toxic).sum()), "auc": auc,
            **{rate: values["all"] for rate, values in _rates(probe, found, {"all": known}, means).items()}}


def _rates(probe: Probe, found: Verdicts, parts: Mapping[str, Truth], means: Means) -> dict[str, dict[str, Figure]]:
    """Per part the share of the harmless that is flagged, and of the toxic that is not."""
    gold = np.array([np.nan if case.toxic is None else case.toxic for case in probe.cases], np.float64)
    if np.isnan(gold).all():
        return {}
    wrong = {"false_alarm_rate": (found.unsafe, gold == 0), "miss_rate": (~found.unsafe, gold == 1)}
    return {rate: means.figures(values.astype(np.float64), {
        name: part & truth & found.known for name, part in parts.items()}) for rate, (values, truth) in wrong.items()}


def _mean(score: Floats) -> float | None:
    return plain(score.mean()) if len(score) >= LEAST else None


def _notes(report: Mapping[str, Any], unmatched: int) -> Iterator[str]:
    if unmatched:
        yield f"left out: {unmatched:,} texts with nothing of their template to be compared with"
    if report["cases"] < LEAST:
        yield f"{report['cases']} texts are compared: figures take {LEAST}"
    for name in ("group", "kind"):
        small = [f"{part[name]} ({part['cases']})" for part in report[f"{name}s"] if part["cases"] < LEAST]
        if small:
            yield f"no figure for a {name} of fewer than {LEAST} texts: {_some(small)}"
    single = [group["group"] for group in report["groups"] if group["gap"] and group["templates"] < 2]
    if single:
        yield f"of one template, so without an interval: {_some(single)}"
    gold = report["gold"]
    if gold and gold["auc"] is None and gold["toxic"] and gold["harmless"]:
        yield f"{gold['toxic']} toxic texts and {gold['harmless']} harmless ones: ROC-AUC takes {LEAST} of either"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
