"""Two scorers as one: a fast one answers where it is sure that a text is harmless, a better one all the rest.

Most texts of most platforms are harmless, and plainly so; the better scorer, which costs a thousand times as much,
need not see them. Where the first is sure that a text is toxic, the second is asked all the same: such texts are few,
and to decide alike at any threshold the first would have to know how toxic they are, not only that they are. Scores
are not mixed: those of a text are all of one scorer.

This module does not say where "sure" begins (``toxmeter.models.deferral``), and finds no model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toxmeter.errors import ArtifactError, ToxmeterError
from toxmeter.models.calibrated import RescaledScorer, rescaled
from toxmeter.models.deferral import Deferral, cut, joined
from toxmeter.models.scorer import FloatArray, Scorer, Staged, check_texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from toxmeter.artifact import Artifact
    from toxmeter.labels import LabelSet

__all__ = ["CascadeScorer", "RescaledCascade"]

_STAGES = ("first", "second")


class CascadeScorer:
    """Scores by two scorers of the same labels; a ``Scorer``, and a ``Staged`` one.

    Which scorer a text goes to depends on the text alone, not on the batch.

    Attributes:
        labels: those of the second.
        version: of the artifact.
        thresholds: those of the second.
        window: the smaller one of both; each joins windows of long text by itself.
        stages: names of the first and the second.
        first: the fast one.
        second: the better one.
        deferral: the rule by which the second is asked.
    """

    def __init__(
        self,
        first: Scorer,
        second: Scorer,
        deferral: Deferral,
        *,
        version: str | None = None,
        labels: LabelSet | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        """Put two scorers together.

        Args:
            first: the fast one.
            second: the better one, with the same labels in the same order.
            deferral: which texts, and which windows of them, the second is asked for. Of a second that is not
                ``Windowed``, each text is one window.
            version: of the artifact; None for one that is made of both versions and the rule.
            labels: where other ones are to mean toxic; None for those of the second.
            thresholds: per label; None for those of the second.

        Raises:
            ValueError: when the labels are not the same, or the rule cannot be followed; see ``Deferral.check``.
            LabelError: when a low is of no label.
        """
        if (first.labels.names, first.labels.kind) != (second.labels.names, second.labels.kind):
            raise ValueError(f"{first.version} has the labels {_told(first.labels)}, {second.version}"
                             f" {_told(second.labels)}: both must have the same in the same order")
        deferral.check(second.labels)
        self.labels = second.labels if labels is None else labels
        self.version = version or _version(first, second, deferral)
        self.thresholds: Mapping[str, float] = second.thresholds if thresholds is None else thresholds
        self.window = min(first.window, second.window)
        self.deferral = deferral
        self.stages = _names(first.version, second.version)
        self.first, self.second = first, second

    @classmethod
    def from_artifact(
        cls, artifact: Artifact, find: Callable[[str | Path], Artifact], load: Callable[[Artifact], Scorer]
    ) -> CascadeScorer:
        """The scorer of a ``cascade`` artifact, which names its two models::

            {"first": {"name": "nano", "version": "nano@1+…"}, "second": {"name": "../mini", …}, "low": {"toxic": .02},
             "dilution": 1.75, "relative": 0.3}

        A name with a slash is a path, and begins at the folder of the cascade unless it is absolute; one without is a
        shipped model.

        Args:
            artifact: of the cascade.
            find: the artifact of a shipped model by name, or of a folder by path.
            load: the scorer of an artifact, on its natural scale.

        Raises:
            ArtifactError: when a setting is missing, or a model cannot be had or is not the one that was chosen for.
        """
        model, manifest = artifact.manifest.model, artifact.manifest
        try:
            named = [(str(model[stage]["name"]), str(model[stage]["version"])) for stage in _STAGES]
            deferral = Deferral({str(name): float(value) for name, value in model["low"].items()},
                                float(model["dilution"]), float(model["relative"]))
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise ArtifactError(f"{artifact.path}: not a cascade of its manifest ({err!r})") from err
        # verified before they are loaded: a cascade that names itself would not end otherwise
        stages = [_verified(artifact, find, stage, *names) for stage, names in zip(_STAGES, named, strict=True)]
        first, second = map(load, stages)
        try:
            return cls(first, second, deferral, version=artifact.version, labels=manifest.labels,
                       thresholds=manifest.thresholds)
        except ValueError as err:
            raise ArtifactError(f"{artifact.path}: not a cascade of its models ({err})") from err

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Score texts; see ``Scorer.score``."""
        return self.score_staged(texts)[0]

    def score_staged(self, texts: Sequence[str]) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
        """Score texts, all by the first and the unsure by the second in one call; see ``Staged.score_staged``."""
        rows = check_texts(texts)
        scores = np.array(self.first.score(rows), np.float32)
        stage = np.zeros(len(rows), np.uint8)
        unsure = np.flatnonzero(self.deferral.texts(scores, self.labels))
        if len(unsure):
            scores[unsure], stage[unsure] = self._by_windows([rows[place] for place in unsure.tolist()])
        return scores, stage

    def _by_windows(self, texts: list[str]) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Scores of texts by those of their windows, and which are the second's."""
        pieces = cut(self.second, texts)
        scores = np.array(self.first.score(pieces.texts), np.float32)
        asked = self.deferral.windows(scores, pieces.owners, self.labels)
        if asked.any():
            scores[asked] = self.second.score([pieces.texts[place] for place in np.flatnonzero(asked).tolist()])
        return joined(scores, asked, pieces.owners)


class RescaledCascade(RescaledScorer):
    """A cascade, or another ``Staged`` scorer, on a named scale; a ``Staged`` scorer itself.

    Attributes:
        stages: those of the other.
    """

    def __init__(self, scorer: Staged, scale: str, calibration: Mapping[str, Any]) -> None:
        """Hold a scorer; see ``RescaledScorer``."""
        super().__init__(scorer, scale, calibration)
        self.stages = scorer.stages
        self._staged = scorer

    def score_staged(self, texts: Sequence[str]) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
        """Score texts, and tell by which stage; see ``Staged.score_staged``."""
        scores, stage = self._staged.score_staged(texts)
        return rescaled(scores, self.labels.kind, self._calibration), stage


def _verified(
    artifact: Artifact, find: Callable[[str | Path], Artifact], stage: str, name: str, version: str
) -> Artifact:
    """One of the two artifacts, once it is certain that it is the one that the lows were chosen for."""
    try:
        # absolute, or what is not there would be looked for on the hub
        found = find((artifact.path / name).resolve() if "/" in name else name)
    except ToxmeterError as err:
        raise ArtifactError(f"{artifact.path}: its {stage} model {name!r} cannot be had ({err}). Put {version} there,"
                            " or make the cascade again (toxmeter cascade)") from err
    if found.version != version:
        raise ArtifactError(f"{artifact.path}: its {stage} model {name!r} is {found.version}, and the cascade was made"
                            f" for {version}. Put that there, or make the cascade again (toxmeter cascade)")
    return found


def _names(first: str, second: str) -> tuple[str, str]:
    """What both are called; versions where the names do not tell them apart."""
    names = first.partition("@")[0], second.partition("@")[0]
    return names if names[0] != names[1] else (first, second)


def _version(first: Scorer, second: Scorer, deferral: Deferral) -> str:
    low, *rest = astuple(deferral)
    made_of = json.dumps([first.version, second.version, sorted(low.items()), *rest]).encode()
    return f"cascade@0+{hashlib.sha256(made_of).hexdigest()[:8]}"


def _told(labels: LabelSet) -> str:
    return f"{', '.join(labels.names)} ({labels.kind})"
