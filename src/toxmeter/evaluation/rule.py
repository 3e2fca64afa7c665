"""A rule for replacing a model: what may get worse, and by how much at most.

A rule is a list of terms: ``auc>=-0.005, toxic.f1>=0, flips<=0.02``. Each is judged by that end of the 95 %
interval which speaks against the new model, the lower one for ``>=`` and the upper one for ``<=``: a term is
passed when the rows show that it holds, so that too few rows can never pass a model. This module measures nothing.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from toxmeter.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["DEFAULT_RULE", "FIGURES", "Figure", "Term", "judge", "parse_rule"]

DEFAULT_RULE = "auc>=-0.01, f1>=-0.02, flips<=0.05"
"""Ranks at most a hundredth worse, decisions two hundredths, and at most one text in twenty decided otherwise."""

FIGURES: Mapping[str, tuple[str, bool]] = MappingProxyType({
    "auc": (">=", True),
    "average_precision": (">=", True),
    "f1": (">=", True),
    "accuracy": (">=", True),
    "ece": ("<=", True),
    "flips": ("<=", False),
    "shift": ("<=", False),
})
"""What a term may be about: the side on which it is bounded, and whether it needs labels. ``flips`` is the share of
texts that are decided otherwise, ``shift`` the mean distance between old and new scores; the others are new minus old.
Without a label, all but ``flips`` are means over the shared labels."""


@dataclass(frozen=True)
class Figure:
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """Plain JSON values of four digits, None for NaN."""
        return {name: None if math.isnan(value) else round(value, 4) + 0.0 for name, value in vars(self).items()}


@dataclass(frozen=True)
class Term:
    """One condition.

    Attributes:
        figure: a name in ``FIGURES``.
        label: whose; empty for all labels together.
        bound: what the figure must reach, or must not pass.
    """

    figure: str
    label: str
    bound: float

    @property
    def needs_labels(self) -> bool:
        """Whether it can be judged only where the truth is known."""
        return FIGURES[self.figure][1]

    def __str__(self) -> str:
        about = f"{self.label}.{self.figure}" if self.label else self.figure
        short = f"{self.bound:g}"
        return f"{about}{FIGURES[self.figure][0]}{short if float(short) == self.bound else self.bound}"


def parse_rule(
    rule: str | Sequence[str], labels: Mapping[str, str] | None = None, *, labelled: bool = True
) -> tuple[Term, ...]:
    """Read a rule.

    Args:
        rule: terms ``FIGURE>=BOUND``, ``FIGURE<=BOUND`` or ``LABEL.FIGURE>=BOUND``, with commas between, or a list.
        labels: what a label may be called, and its name; None for any.
        labelled: whether the truth is known, which most figures need.

    Raises:
        InputError: when there is no term, or some cannot be read or judged; names all of them, and the mends.
    """
    lines = [rule] if isinstance(rule, str) else rule
    given = [term.strip() for line in lines for term in line.split(",") if term.strip()]
    if not given:
        raise InputError(f"rule {rule!r} has no term; one is for instance {DEFAULT_RULE.partition(',')[0]}")
    terms, mistakes = [], []
    for text in given:
        try:
            terms.append(_term(text, labels, labelled=labelled))
        except InputError as err:
            mistakes.append(str(err))
    if len(mistakes) > 1:
        raise InputError("\n  - ".join([f"rule: {len(mistakes)} mistakes", *mistakes]))
    if mistakes:
        raise InputError(f"rule: {mistakes[0]}")
    return tuple(terms)


def judge(terms: Sequence[Term], figure_of: Callable[[Term], Figure | None]) -> dict[str, Any]:
    """Whether a rule holds.

    Args:
        terms: of the rule.
        figure_of: the figure that a term is about; None where it could not be measured, which does not pass.

    Returns:
        plain JSON values: ``replace``, and per term ``term``, ``figure``, ``judged`` (which end), ``passed``.
    """
    judged = []
    for term in terms:
        figure = figure_of(term)
        low = FIGURES[term.figure][0] == ">="
        passed = figure is not None and (figure.low >= term.bound if low else figure.high <= term.bound)
        judged.append({"term": str(term), "figure": figure.to_dict() if figure else None,
                       "judged": "low" if low else "high", "passed": passed})
    return {"replace": all(each["passed"] for each in judged), "terms": judged}


def _term(text: str, labels: Mapping[str, str] | None, *, labelled: bool) -> Term:
    parts = re.fullmatch(r"([^<>=]+?)\s*([<>]?=?)\s*([^<>=\s]+)", text)
    if not parts or not parts[2]:
        raise InputError(f"{text!r} is no term: write FIGURE>=BOUND or FIGURE<=BOUND, auc>=-0.005 for instance")
    label, _, figure = (part.strip() for part in parts[1].rpartition("."))
    if figure not in FIGURES:
        raise InputError(f"{text!r}: no figure {figure!r}{did_you_mean(figure, list(FIGURES))}; there are"
                         f" {', '.join(FIGURES)}")
    if label and labels is not None and label not in labels:
        raise InputError(f"{text!r}: no label {label!r}{did_you_mean(label, list(labels))}; the two share"
                         f" {', '.join(dict.fromkeys(labels.values()))}")
    side, needs_labels = FIGURES[figure]
    if parts[2] != side:
        raise InputError(f"{text!r}: {figure} is bounded from the side that hurts: write {figure}{side}{parts[3]}")
    if needs_labels and not labelled:
        raise InputError(f"{text!r} needs labels, and the texts have none: name the column of one with --label")
    try:
        bound = float(parts[3])
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise InputError(f"{text!r}: {parts[3]!r} is not a number, such as -0.005")
    return Term(figure, labels[label] if label and labels is not None else label, bound)
