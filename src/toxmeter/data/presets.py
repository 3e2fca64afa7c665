"""Known data sets as rows: where the text is, how its columns become labels, licence, citation, traps.

A preset says how to read a file; it does not hold or fetch data. Labels are probabilities in [0, 1], NaN
where a set says nothing about a label, so that several sets can train one model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError, did_you_mean
from toxmeter.labels import JIGSAW

__all__ = ["PRESETS", "Preset", "preset"]

Columns = Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Preset:
    """How to read one data set.

    Attributes:
        file: its file below the data folder; ``package:`` in front means it ships with toxmeter.
        text: the column with the text.
        numbers: the columns that labels are made of.
        labels: from those columns, ``{label: [n] in [0, 1]}``; labels left out are missing.
        licence: SPDX, of what is learnt from it.
        source: where it comes from.
        traps: what to beware of.
        keep: ``(column, value)`` that a row must have, or None for all rows.
    """

    file: str
    text: str
    numbers: tuple[str, ...]
    labels: Callable[[Columns], Mapping[str, npt.NDArray[np.float64]]]
    licence: str
    source: str
    traps: str = ""
    keep: tuple[str, str] | None = None


def _as_they_are(columns: Columns) -> Mapping[str, npt.NDArray[np.float64]]:
    return columns


def _annotator_shares(columns: Columns) -> Mapping[str, npt.NDArray[np.float64]]:
    """Davidson's counts as soft labels: the share of annotators; missing for a row that none has seen."""
    hate, offensive = columns["hate_speech"], columns["offensive_language"]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"toxic": (hate + offensive) / columns["count"], "identity_hate": hate / columns["count"]}


def _jigsaw(sample: str, traps: str) -> Preset:
    return Preset(
        file="jigsaw_toxic.parquet", text="comment_text", numbers=JIGSAW.names, labels=_as_they_are,
        licence="CC0-1.0", source="Jigsaw Toxic Comment Classification 2018; text Wikipedia CC-BY-SA-3.0",
        traps=traps, keep=("sample", sample))


PRESETS: Mapping[str, Preset] = MappingProxyType({
    "jigsaw-natural": _jigsaw(
        "natural", "the true rate of toxic comments (9.5 %): report on these rows only"),
    "jigsaw-enriched": _jigsaw("enriched", "over-samples toxic rows: for training only"),
    "hate-speech-offensive": Preset(
        file="hate_speech_offensive.parquet", text="tweet",
        numbers=("count", "hate_speech", "offensive_language"), labels=_annotator_shares,
        licence="MIT", source="Davidson et al. 2017",
        traps="77 % offensive, much of it friendly swearing: a small weight"),
    "contrast": Preset(
        file="package:contrast.csv", text="text", numbers=JIGSAW.names, labels=_as_they_are,
        licence="Apache-2.0", source="sentences of our own: harmless uses of risky words beside toxic ones"),
    "perspective-wikipedia": Preset(
        file="perspective_wikipedia_2k.parquet", text="comment_text", numbers=(), labels=_as_they_are,
        licence="Apache-2.0", source="conversationai/perspectiveapi",
        traps="for evaluation: scores of the Perspective API of 2018"),
    "hatecheck": Preset(
        file="hatecheck.parquet", text="test_case", numbers=(), labels=_as_they_are,
        licence="CC-BY-4.0", source="Röttger et al. 2021", traps="for evaluation only"),
    "madlibs": Preset(
        file="bias_madlibs.parquet", text="phrase", numbers=(), labels=_as_they_are,
        licence="CC-BY-4.0", source="Dixon et al. 2018", traps="for evaluation only"),
})
"""Every known data set by name."""


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        InputError: when there is none, naming those there are.
    """
    if name not in PRESETS:
        raise InputError(f"no data preset {name!r}: there are {', '.join(PRESETS)}"
                         f"{did_you_mean(name, list(PRESETS))}")
    return PRESETS[name]
