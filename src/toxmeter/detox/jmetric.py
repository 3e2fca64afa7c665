"""The J metric of detoxification: of each sentence the product of style, meaning and fluency, then the mean.

After Krishna et al. 2020 (arXiv:2010.05700) for detoxification by Dale et al. 2021 (arXiv:2109.08914) and Logacheva et
al. 2022 (2022.acl-long.469). Js by different components cannot be compared: each report names the models behind it, and
``rank`` refuses to mix them. CLEF's metrics of the same name are others. BLEU and chrF stand beside J, never in it.
This module rewrites no text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.detox.components import Component, Encoder, fluency, similarity, style_accuracy
from toxmeter.errors import InputError
from toxmeter.evaluation.metrics import bootstrap, percentile_interval
from toxmeter.evaluation.plain import plain
from toxmeter.extras import need
from toxmeter.models.catalog import DEFAULT, load
from toxmeter.models.scorer import Scorer, check_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["JReport", "j_metric", "j_score", "rank"]

Floats = npt.NDArray[np.float64]

_RANGES = {"sta": (0, 1), "sim": (-1, 1), "fl": (0, 1)}


def j_score(sta: npt.ArrayLike, sim: npt.ArrayLike, fl: npt.ArrayLike) -> float:
    """J of judgements: the mean of the products per sentence, which is not the product of the means.

    Args:
        sta: style accuracy ``[n]`` in [0, 1]: 1 where the output is not toxic.
        sim: similarity of input and output ``[n]`` in [-1, 1]; it is not clipped.
        fl: fluency ``[n]`` in [0, 1]: 1 where the output is well formed.

    Returns:
        in [-1, 1], higher is better.

    Raises:
        InputError: when lengths differ, there are no sentences, or a value is NaN or out of its range; the message
            names the component and the sentence.
    """
    return float(_products({"sta": sta, "sim": sim, "fl": fl}).mean())


@dataclass(frozen=True)
class JReport:
    """How well a system did.

    Attributes:
        sta: style accuracy of each sentence.
        sim: similarity to the input.
        fl: fluency.
        overlap: ``bleu`` and ``chrf``, in [0, 100], and ``against`` what; None where sacrebleu was not asked for.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """

    sta: Component
    sim: Component
    fl: Component
    overlap: Mapping[str, Any] | None = None
    resamples: int = 1_000
    seed: int = 0

    @property
    def each(self) -> Floats:
        """J of each sentence, ``[n]``."""
        return _products({"sta": self.sta.values, "sim": self.sim.values, "fl": self.fl.values})

    @property
    def j(self) -> float:
        """The mean of ``each``."""
        return float(self.each.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Of ``j``: 95 %, a percentile bootstrap over sentences."""
        each = self.each
        return bootstrap(lambda rows: float(each[rows].mean()), len(each), repeats=self.resamples, seed=self.seed)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: means, the interval, and which models gave the components."""
        low, high = self.interval
        parts = {name: {"mean": plain(part.values.mean()), "model": part.model, "how": part.how}
                 for name, part in (("sta", self.sta), ("sim", self.sim), ("fl", self.fl))}
        return {"sentences": len(self.each), "j": {"value": plain(self.j), "low": plain(low), "high": plain(high)},
                **parts, **(self.overlap or {})}


def j_metric(
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    sta: Scorer | str = DEFAULT,
    sim: Encoder | str | None = None,
    fl: Scorer | str,
    soft: bool = False,
    threshold: float | None = None,
    label: str | None = None,
    references: Sequence[Sequence[str]] = (),
    overlap: bool = False,
    resamples: int = 1_000,
    seed: int = 0,
) -> JReport:
    """Judge rewritten sentences.

    Args:
        inputs: ``n`` toxic sentences.
        outputs: what a system made of each.
        sta: judge of toxicity: a scorer, or what ``toxmeter.load`` takes.
        sim: judge of meaning: an encoder, a folder or hub id of one; None for MiniLM-L6 of sentence-transformers.
        fl: judge of fluency: a scorer of acceptability, or what ``toxmeter.load`` takes;
            ``textattack/roberta-base-CoLA`` is the papers'. ``toxmeter train fluency`` makes one.
        soft: probabilities in place of decisions, for style and fluency.
        threshold: the probability from which an output is toxic; None for the scorer's own.
        label: which label of ``fl`` means well formed; None to go by its name.
        references: human rewritings, for BLEU and chrF: lists of ``n``; without, they compare with the inputs.
        overlap: whether BLEU and chrF are reported at all; needs the extra ``detox``.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        InputError: when the lists differ in length or are empty, an entry is no text, or a judge does not fit.
        ToxmeterError: when a judge answers NaN, or cannot be had.
    """
    _check(inputs, outputs, references)
    return JReport(
        style_accuracy(load(sta) if isinstance(sta, str) else sta, outputs, soft=soft, threshold=threshold),
        similarity(_encoder(sim), inputs, outputs),
        fluency(load(fl) if isinstance(fl, str) else fl, outputs, soft=soft, label=label),
        _overlap(inputs, outputs, references) if overlap or references else None, resamples, seed)


def rank(reports: Mapping[str, JReport]) -> list[dict[str, Any]]:
    """Systems by J, the best one first.

    Args:
        reports: by the names of systems, of the same inputs by the same judges.

    Returns:
        the reports as plain values with ``system``, and ``behind``: how far J lies below that of the first, with the
        95 % interval of a bootstrap over sentences, the same for both.

    Raises:
        InputError: when there is none, judges differ, or numbers of sentences do.
    """
    if not reports:
        raise InputError("there is no system to rank")
    names = list(reports)
    first = reports[names[0]]
    for name, report in reports.items():
        for part in ("sta", "sim", "fl"):
            mine, other = getattr(first, part), getattr(report, part)
            if mine[:2] != other[:2]:
                raise InputError(f"{part} of {names[0]} is {mine.model} ({mine.how}), that of {name} {other.model}"
                                 f" ({other.how}): Js by different judges cannot be compared")
        if len(report.each) != len(first.each):
            raise InputError(f"{name} has {len(report.each)} sentences, {names[0]} {len(first.each)}")
    order = sorted(names, key=lambda name: -reports[name].j)
    best = reports[order[0]]
    return [{"system": name, **reports[name].to_dict(), "behind": _behind(best, reports[name])} for name in order]


def _behind(best: JReport, other: JReport) -> dict[str, float | None]:
    gap = best.each - other.each
    random = np.random.default_rng(best.seed)
    drawn = np.array([gap[random.integers(0, len(gap), len(gap))].mean() for _ in range(best.resamples)])
    low, high = percentile_interval(drawn)
    return {"value": plain(gap.mean()), "low": plain(low), "high": plain(high)}


def _products(parts: Mapping[str, npt.ArrayLike]) -> Floats:
    product = np.ones(())
    length = None
    for name, given in parts.items():
        values = np.asarray(given, np.float64)
        if values.ndim != 1 or not len(values):
            raise InputError(f"{name} has the shape {values.shape}: it is a list with a number for each sentence")
        if length is not None and len(values) != length:
            raise InputError(f"{name} has {len(values)} sentences, sta {length}")
        length = len(values)
        low, high = _RANGES[name]
        wrong = np.flatnonzero(~((values >= low - 1e-6) & (values <= high + 1e-6)))
        if len(wrong):
            raise InputError(f"{name}[{wrong[0]}] is {values[wrong[0]]:g}: it lies in [{low}, {high}]")
        product = product * values
    return product


def _check(inputs: Sequence[str], outputs: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if isinstance(references, str) or any(isinstance(given, str) for given in references):
        raise InputError("references: pass a list of lists, one list for each set of human rewritings")
    named = {"inputs": inputs, "outputs": outputs,
             **{f"references[{place}]": given for place, given in enumerate(references)}}
    for name, given in named.items():
        try:
            check_texts(given)
        except InputError as err:
            raise InputError(f"{name}: {err}") from None
        if len(given) != len(inputs):
            raise InputError(f"{name} has {len(given)} sentences, inputs {len(inputs)}: each input has one of its own")
    if not len(inputs):
        raise InputError("inputs: there are no sentences")


def _encoder(sim: Encoder | str | None) -> Encoder:
    if sim is not None and not isinstance(sim, str):
        return sim
    from toxmeter.detox.sentences import MINILM, SentenceEncoder

    return SentenceEncoder(sim or MINILM)


def _overlap(inputs: Sequence[str], outputs: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, Any]:
    """BLEU and chrF by sacrebleu, which replaces lone surrogates by nothing it could count."""
    bleu = need("sacrebleu", extra="detox")
    from toxmeter.text import encode

    def clean(texts: Sequence[str]) -> list[str]:
        return [encode(text).decode() for text in texts]

    against = [clean(given) for given in references] or [clean(inputs)]
    given = clean(outputs)
    return {"bleu": round(bleu.corpus_bleu(given, against).score, 2),
            "chrf": round(bleu.corpus_chrf(given, against).score, 2),
            "against": "references" if references else "inputs"}
