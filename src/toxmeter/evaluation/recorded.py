"""Somebody's scores in a file as a ``Scorer``: another system is judged by the same yardstick as a model.

A file has a column of texts and one of scores per label. It answers for its own texts only: what makes up texts
(probes, perturbations, speed) needs a live model, and can ask ``is_live``; ``answers`` tells which texts there is a
score of. This module calls no service.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toxmeter.data.formats import KINDS
from toxmeter.data.tables import Table, column_names, data_files, read_table
from toxmeter.errors import InputError
from toxmeter.labels import JIGSAW, Kind, LabelSet
from toxmeter.models.catalog import load
from toxmeter.models.checkpoint import TOXIC
from toxmeter.models.scorer import check_texts

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from toxmeter.models.scorer import FloatArray, Scorer

__all__ = ["RecordedScorer", "answers", "is_live", "is_recorded", "open_scorer", "read_scores"]

_SUM = 0.01  # how far from 1 the scores of a row may add up where labels exclude each other
_SAME = 1e-6  # scores that differ by less are equal: of one text, and a score beside 0 or 1 from it


class RecordedScorer:
    """Scores that were written down; a ``Scorer`` of the texts that it knows.

    Attributes:
        labels: the label set.
        version: ``file@1+digest``, over the content of the file and which columns were read.
        thresholds: per label, .5 unless told otherwise.
        window: larger than any text.
        live: False: it cannot score other texts.
    """

    live = False
    window = sys.maxsize

    def __init__(
        self, texts: Sequence[str], scores: FloatArray, *, labels: LabelSet, version: str,
        thresholds: Mapping[str, float], source: str,
    ) -> None:
        """Hold scores.

        Args:
            texts: ``n`` texts; of equal ones the last counts.
            scores: ``[n, k]`` in [0, 1].
            labels: of ``k`` names.
            version: see the class.
            thresholds: per label.
            source: where they come from, for messages.
        """
        self.labels = labels
        self.version = version
        self.thresholds: Mapping[str, float] = dict.fromkeys(labels.names, 0.5) | dict(thresholds)
        self._places = {text: place for place, text in enumerate(texts)}
        self._scores = scores
        self._source = source

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Look scores up; see ``Scorer.score``.

        Raises:
            InputError: also when there is no score of a text; names its index.
        """
        rows = check_texts(texts)
        places = np.array([self._places.get(text, -1) for text in rows], np.int64)
        unknown = np.flatnonzero(places < 0)
        if len(unknown):
            raise InputError(f"texts[{unknown[0]}] has no score in {self._source}: {len(unknown):,} of {len(rows):,}"
                             " texts have none. Leave them out; probes and perturbations need a live model")
        return self._scores[places]

    def knows(self, texts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """``[n]``: which of the texts have a score."""
        return np.array([text in self._places for text in texts], np.bool_)


def answers(scorer: Scorer, texts: Sequence[str]) -> npt.NDArray[np.bool_]:
    """``[n]``: which texts a scorer can score; all of them unless it is recorded."""
    knows: Callable[[Sequence[str]], npt.NDArray[np.bool_]] | None = getattr(scorer, "knows", None)
    return np.ones(len(texts), np.bool_) if knows is None else knows(texts)


def is_live(scorer: Scorer) -> bool:
    """Whether a scorer scores any text, and not only those that it has on record."""
    return bool(getattr(scorer, "live", True))


def is_recorded(name: str | os.PathLike[str]) -> bool:
    """Whether ``open_scorer`` takes a name for a file of scores: by its ending."""
    return Path(name).suffix.lower() in KINDS and not Path(name).is_dir()


def open_scorer(
    name: str | os.PathLike[str],
    *,
    scale: str | None = None,
    toxic: Sequence[str] | None = None,
    text: str = "text",
    columns: Mapping[str, str] | None = None,
) -> Scorer:
    """The scorer of a shipped model, an artifact folder, a hub id, or a file of scores.

    Args:
        name: what ``toxmeter.load`` takes, or a CSV, TSV, JSONL or Parquet file.
        scale: named scale of a model; files have none.
        toxic: labels that mean toxic; None for what is declared.
        text: of a file, the column of the texts.
        columns: of a file, the column of each label; see ``read_scores``.

    Raises:
        ToxmeterError: as ``load`` and ``read_scores`` do.
    """
    if not is_recorded(name):
        return load(name, scale=scale, toxic=toxic)
    if scale is not None:
        raise InputError(f"scale {scale!r}: {name} is a file of scores, which are on the scale of who wrote them")
    return read_scores(name, text=text, columns=columns, toxic=toxic)


def read_scores(
    path: str | os.PathLike[str],
    *,
    text: str = "text",
    columns: Mapping[str, str] | None = None,
    kind: Kind = "multilabel",
    toxic: Sequence[str] | None = None,
    name: str | None = None,
    thresholds: Mapping[str, float] | None = None,
    vocabulary: LabelSet = JIGSAW,
) -> RecordedScorer:
    """Read a file of scores. Rows that lack one of the scores are left out: ``answers`` tells which texts are there.

    Args:
        path: CSV, TSV, JSONL or Parquet.
        text: the column of the texts.
        columns: per label the column of its scores, and no others: ``{"toxic": "TOXICITY@6"}``. None for those
            that are called as a label or alias of the vocabulary.
        kind: how the labels relate.
        toxic: labels that mean toxic; None for those whose name says so.
        name: in the version, in place of the file's name.
        thresholds: per label, .5 where nothing is said.
        vocabulary: names of labels and their aliases; others may be given in ``columns``.

    Raises:
        InputError: when the file is damaged or a column missing, a score is no number or outside [0, 1] by more than
            rounding, no row has all scores, a text has two different ones, or scores that exclude each other do not
            sum to 1; names the row. Also when a threshold is outside [0, 1].
        LabelError: when the labels do not fit their kind, or ``toxic`` or a threshold names another.
        MissingExtra: without pyarrow, for Parquet.
    """
    path = Path(path)
    named = _named(path, columns, vocabulary)
    labels = _label_set(tuple(named), kind, toxic, vocabulary)
    table = read_table(path, data_files(path), list(dict.fromkeys([text, *named.values()])))
    found = np.stack([_probabilities(table, column) for column in named.values()], axis=1).astype(np.float32)
    whole = np.asarray(~np.isnan(found).any(axis=1))
    if not whole.any():
        raise InputError(f"{path}: no row with a score in {', '.join(named.values())}")
    table, scores = table.take(whole), found[whole]
    texts = table.texts(text)
    if kind != "multilabel":
        _check_sums(table, scores)
    _check_doubles(table, texts, scores)
    read = json.dumps([table.sha256, text, [*named.items()], kind]).encode()  # in another order, other scores
    version = f"{name or path.name}@1+{hashlib.sha256(read).hexdigest()[:8]}"
    given = {labels.names[labels.id(label)]: value for label, value in (thresholds or {}).items()}
    for label, value in given.items():
        if not 0 <= value <= 1:
            raise InputError(f"threshold of {label!r} is {value:g}: it is a probability in [0, 1]")
    return RecordedScorer(texts, scores, labels=labels, version=version, thresholds=given, source=str(path))


def _named(path: Path, columns: Mapping[str, str] | None, vocabulary: LabelSet) -> dict[str, str]:
    """The column of each label, labels by their own names."""
    if columns:
        named = {_name(label, vocabulary): column for label, column in columns.items()}
        if len(named) < len(columns):
            raise InputError(f"{path}: two columns are given for one label: {', '.join(columns)}")
        return named
    there = column_names(path)
    found: dict[str, str] = {}
    for alias in vocabulary.ids:  # names stand before aliases
        if alias in there:
            found.setdefault(_name(alias, vocabulary), alias)
    if not found:
        raise InputError(f"{path}: no column of the labels {', '.join(vocabulary.ids)}; there are {', '.join(there)}."
                         f" Say which one holds the scores of a label with --column {vocabulary.names[0]}=COLUMN")
    return {label: found[label] for label in vocabulary.names if label in found}


def _name(label: str, vocabulary: LabelSet) -> str:
    return vocabulary.names[vocabulary.ids[label]] if label in vocabulary.ids else label


def _label_set(names: tuple[str, ...], kind: Kind, toxic: Sequence[str] | None, vocabulary: LabelSet) -> LabelSet:
    aliases = {alias: name for alias, name in vocabulary.aliases.items() if name in names and alias not in names}
    if toxic is not None:
        return LabelSet(names, kind, tuple(_name(label, vocabulary) for label in toxic), aliases)
    known = tuple(name for name in names if name in vocabulary.toxic or name.lower() in TOXIC)
    # labels that exclude each other cannot all be toxic: which are, is then for the user to say
    return LabelSet(names, kind, known if kind == "multilabel" or len(known) < len(names) else (), aliases)


def _probabilities(table: Table, column: str) -> npt.NDArray[np.float64]:
    """A column of scores, NaN where one is missing."""
    values = table.numbers(column)
    wrong = np.flatnonzero((values < -_SAME) | (values > 1 + _SAME))
    if len(wrong):
        row = int(wrong[0])
        raise InputError(f"{table.where(row)}: column {column!r} is {values[row]}; a score is a probability in"
                         " [0, 1]: divide percentages by 100")
    return values.clip(0, 1)


def _check_sums(table: Table, scores: FloatArray) -> None:
    wrong = np.flatnonzero(np.abs(scores.sum(axis=1) - 1) > _SUM)
    if len(wrong):
        raise InputError(f"{table.where(int(wrong[0]))}: the scores sum to {scores[wrong[0]].sum():.3g}, but labels"
                         " that exclude each other sum to 1")


def _check_doubles(table: Table, texts: list[str], scores: FloatArray) -> None:
    first: dict[str, int] = {}
    for row, text in enumerate(texts):
        earlier = first.setdefault(text, row)
        if earlier != row and np.abs(scores[row] - scores[earlier]).max() > _SAME:
            raise InputError(f"{table.where(row)}: its text has other scores than the same text in row"
                             f" {table.row[earlier]}; keep one of them")
