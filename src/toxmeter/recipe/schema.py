"""The fields of a recipe, as frozen dataclasses: one docstring entry per field, bounds beside the default.

``read.py`` fills them from TOML, ``describe.py`` turns the docstrings into help and documentation. This
module does not read files and holds no training code. How models are shaped and fitted: ``fitting.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from toxmeter.labels import Kind
from toxmeter.recipe.fitting import BagModel, FineTuning, HashedModel, LinearTraining, TransformerModel, bounded

__all__ = ["Data", "Dimension", "Evaluation", "Labels", "OwnSet", "Recipe", "Search", "Source", "Tracking"]

_SET = {"set": True}  # a text that names a data preset, or a set of data.files


@dataclass(frozen=True, kw_only=True)
class OwnSet:
    """A data set of your own: a file, and what its columns mean.

    Attributes:
        file: CSV, TSV, JSONL or Parquet file, or a folder of them, below the data folder or absolute.
        text: column with the text.
        labels: one column per label, each 0, 1, a score in [0, 1], or empty where nobody knows.
        label: instead of labels, one column with the name of the label, a list of names, or a score in [0, 1].
        group: column whose equal values stay on one side of every split, for instance the author; "" for none.
        part: column that says train, validation or test, for split = "given"; "" for none.
        licence: SPDX name of what may be done with the rows, for the model card.
        source: where it comes from, for the model card.
    """

    file: str
    text: str = "text"
    labels: tuple[str, ...] = ()
    label: str = field(default="", metadata={"blank": True})
    group: str = field(default="", metadata={"blank": True})
    part: str = field(default="", metadata={"blank": True})
    licence: str = "unstated"
    source: str = field(default="", metadata={"blank": True})


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What the model tells apart; without this table, the labels of the main data set.

    Attributes:
        names: of the labels, in the order of the scores.
        kind: binary (two names that exclude each other), multiclass (one of several) or multilabel (any of them).
        toxic: which of the names mean toxic; without one, a guardrail refuses the model.
    """

    names: tuple[str, ...]
    kind: Kind
    toxic: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source:
    """One more data set that the model is trained on.

    Attributes:
        set: name of a data preset, or of a set of data.files.
        weight: what one of its rows counts, beside 1 for a row of the main set.
        diluted: share of its rows that get the first two to six words of a harmless row of training put before
            them, with or without an English conjunction, so that a harmless beginning does not hide what follows; 0
            for none. Give sets of toxic and of harmless texts the same share, or such beginnings become a sign of what
            follows.
    """

    set: str = field(metadata=_SET)
    weight: float = bounded(1.0, 0.0, 1_000.0)
    diluted: float = bounded(0.0, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Data:
    """Where rows come from and what they are used for.

    Attributes:
        main: preset, or set of data.files, whose rows are split into train, validation and test.
        files: data sets of your own by name, to be used like presets.
        split: hash (a text always lands in the same part, whatever other rows there are), stratified (every
            part has its share of each label) or given (test rows as the data set declares them).
        validation: share of the rows on which the best checkpoint, thresholds and calibration are chosen.
        test: share of the rows that is reported, once; not used where the data set declares its test rows.
        rows: use at most so many rows of the main set, drawn by the seed; 0 for all.
        min_words: leave out rows to train on or to choose by that have fewer words (what spaces part); 0 for none.
            Test rows stay, all of them.
        sources: further sets, for training only.
        keep_out: sets whose texts must not be trained on, because others evaluate with them.
    """

    main: str = field(metadata=_SET)
    files: Mapping[str, OwnSet] = field(default_factory=lambda: MappingProxyType({}))
    split: Literal["stratified", "hash", "given"] = "stratified"
    validation: float = bounded(0.15, 0.01, 0.49)
    test: float = bounded(0.25, 0.01, 0.49)
    rows: int = bounded(0, 0, 10**9)
    min_words: int = bounded(0, 0, 1_000)
    sources: tuple[Source, ...] = ()
    keep_out: tuple[str, ...] = field(default=(), metadata=_SET)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What happens once a transformer is fitted; validation rows decide, test rows report.

    Attributes:
        calibration: temperature (one divisor of all logits), platt (slope and intercept per label), isotonic
            (any rising curve per label) or none.
        thresholds: f1 (per label, the threshold of the best F1 on the validation rows) or fixed.
        f1_slack: where thresholds = "f1", F1 that one may lose on the validation rows against the best; above 0, the
            highest such threshold is taken. Around the best, F1 is nearly flat and chance chooses; a high threshold
            flags less harmless text.
        threshold: where thresholds = "fixed", from which probability on a text has a label.
        balanced: multilabel only: keep a second scale, balanced, on which a score is the probability among as many
            texts with the label as without it. Perspective API's thresholds (.7 to .9) live on such a scale.
        probes: texts whose scores the report shows.
        resamples: of the bootstrap behind each 95 % interval.
    """

    calibration: Literal["temperature", "platt", "isotonic", "none"] = "temperature"
    thresholds: Literal["f1", "fixed"] = "f1"
    f1_slack: float = bounded(0.0, 0.0, 0.5)
    threshold: float = bounded(0.5, 0.0, 1.0)
    balanced: bool = False
    probes: tuple[str, ...] = ()
    resamples: int = bounded(1_000, 10, 100_000)


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """Where a run is recorded besides its own folder. Nothing is recorded elsewhere unless asked for.

    Attributes:
        to: none, tensorboard (below the output), mlflow (the store of MLFLOW_TRACKING_URI, or ./mlruns.db) or
            wandb (offline unless WANDB_MODE says otherwise).
        project: experiment or project there; "" for the name of the recipe.
        energy: measure energy and CO2 by codecarbon, offline.
        country: three-letter code (ISO 3166) of the country whose electricity mix turns energy into CO2.
    """

    to: Literal["none", "tensorboard", "mlflow", "wandb"] = "none"
    project: str = field(default="", metadata={"blank": True})
    energy: bool = True
    country: str = field(default="USA", metadata={"pattern": r"[A-Z]{3}", "form": "three capital letters"})


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One field that a search varies: between low and high, or among choices.

    Attributes:
        field: its path in the recipe, for instance train.lr.
        low: smallest value.
        high: largest value.
        log: draw evenly on a logarithmic scale.
        choices: instead of low and high, the values to try.
    """

    field: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[str | float | bool, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Search:
    """What ``toxmeter search`` tries.

    Attributes:
        trials: how many in all, those of earlier runs of the study included.
        space: the fields to vary.
        prune: give up trials whose validation metric is below the median of the others at the same step.
    """

    trials: int = bounded(20, 1, 100_000)
    space: tuple[Dimension, ...] = ()
    prune: bool = True


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole training run.

    Attributes:
        name: of the model.
        number: release number of the model; raise it with every release.
        seed: of everything that is drawn: split, initial weights, order of the rows, resampling.
        licence: SPDX name, of the weights.
        data: where rows come from.
        labels: what the model tells apart.
        model: its shape; format chooses which.
        train: how it is fitted.
        evaluate: what happens once it is fitted.
        track: where the run is recorded.
        search: what a search tries.
        limits: what the model is bad at, a sentence each, for its card.
    """

    name: str = field(
        metadata={"pattern": r"[A-Za-z0-9][A-Za-z0-9._-]*", "form": "a word of letters, digits, . _ and -"})
    number: int = bounded(1, 1, 10_000)
    seed: int = bounded(42, 0, 2**32 - 1)
    licence: str = "Apache-2.0"
    data: Data
    labels: Labels | None = None
    model: HashedModel | TransformerModel | BagModel
    train: LinearTraining | FineTuning
    evaluate: Evaluation = field(default_factory=Evaluation)
    track: Tracking = field(default_factory=Tracking)
    search: Search = field(default_factory=Search)
    limits: tuple[str, ...] = ()

