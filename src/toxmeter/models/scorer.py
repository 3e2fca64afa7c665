"""The one protocol in the middle: every model is a ``Scorer``, and everything above speaks only this.

This module holds no model, finds none (``models/catalog.py``), and does not decide what a score means for a
user (``toxmeter.guard``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError
from toxmeter.labels import LabelSet
from toxmeter.text import Span

__all__ = ["FloatArray", "Scorer", "Staged", "Windowed", "check_texts", "processors", "spans_of"]

FloatArray = npt.NDArray[np.float32]


@runtime_checkable
class Scorer(Protocol):
    """A model that gives each text a probability per label."""

    @property
    def labels(self) -> LabelSet:
        """What the columns of the scores mean."""

    @property
    def version(self) -> str:
        """``name@N+fingerprint``: equal versions give equal scores."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Per label, the probability in [0, 1] from which the model's makers call a text toxic."""

    @property
    def window(self) -> int:
        """How many characters are read at once; ``score`` joins windows over longer text by the maximum."""

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Score texts.

        Args:
            texts: any number of texts, of any length; none is cut.

        Returns:
            ``[n, k]`` float32 probabilities in [0, 1], one row per text and one column per label.

        Raises:
            InputError: when ``texts`` is one bare text, or an entry is no text; the message names its index.
        """


@runtime_checkable
class Staged(Scorer, Protocol):
    """A scorer of several models, each text being scored by one of them, which can tell by which."""

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the models, all different."""

    def score_staged(self, texts: Sequence[str]) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
        """Score texts, and tell who gave the scores.

        Args:
            texts: as for ``score``.

        Returns:
            scores ``[n, k]`` as ``score`` gives them, and ``[n]`` for each text the place of its model in ``stages``.

        Raises:
            InputError: as ``score``.
        """


@runtime_checkable
class Windowed(Scorer, Protocol):
    """A scorer that can tell which windows of a text it joins."""

    def spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Where the windows of texts begin and end.

        Args:
            texts: as for ``score``.

        Returns:
            for each text at least one ``(begin, end)``, in characters. ``score([text[begin:end]])`` is the row of that
            window, and the largest per label of these are the row of the text.

        Raises:
            InputError: as ``score``.
        """


def spans_of(scorer: Scorer, texts: Sequence[str]) -> list[list[Span]]:
    """The windows of texts, as ``Windowed.spans``; of a scorer that cannot tell them, each text as a whole."""
    return scorer.spans(texts) if isinstance(scorer, Windowed) else [[(0, len(text))] for text in check_texts(texts)]


def check_texts(texts: Sequence[str]) -> list[str]:
    """Texts as a list, or an error that names the entry which is no text.

    Raises:
        InputError: when ``texts`` is a bare str or bytes or no sequence, or an entry is not a str.
    """
    if isinstance(texts, (str, bytes)):
        raise InputError("texts is one bare text: pass a list, score([text])")
    if not isinstance(texts, Iterable):
        raise InputError(f"texts is {texts!r:.40} ({type(texts).__name__}): pass a list of str")
    rows = texts if isinstance(texts, list) else list(texts)
    for index, text in enumerate(rows):
        if not isinstance(text, str):
            raise InputError(f"texts[{index}] is {text!r:.40} ({type(text).__name__}): every text is a str")
    return rows


def processors() -> int:
    """How many processors this process may use, at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
