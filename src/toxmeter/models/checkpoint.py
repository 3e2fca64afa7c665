"""Classifiers that toxmeter did not train: any Hugging Face checkpoint, from a folder or the hub.

A checkpoint says less than an artifact: labels come from its configuration, thresholds are .5, nothing is
calibrated. No code of a checkpoint runs and no pickled weights are read or downloaded. This module does not
decide where a name leads (``catalog.py``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toxmeter.artifact import CARD, MANIFEST
from toxmeter.errors import ArtifactError, LabelError, UnknownModel
from toxmeter.extras import need
from toxmeter.labels import LabelSet
from toxmeter.models.pretrained import brief, load_classifier, quiet
from toxmeter.models.transformer import TransformerScorer

if TYPE_CHECKING:
    from toxmeter.labels import Kind

__all__ = ["TOXIC", "download", "fingerprint", "is_hub_id", "open_checkpoint"]

TOXIC = frozenset({
    "abuse", "abusive", "cyberbullying", "harassment", "hate", "hate_speech", "hateful", "hatespeech",
    "identity_attack", "identity_hate", "insult", "obscene", "offensive", "offensive_language", "profanity",
    "racism", "racist", "severe_toxic", "severe_toxicity", "sexism", "sexist", "sexual_explicit",
    "sexually_explicit", "threat", "toxic", "toxicity", "unsafe",
})
"""Labels that mean toxic wherever they occur, in lower case with ``_`` between words."""

_WINDOW = 512  # tokens: an insult would be lost among the thousands that some models can read at once
_SCORES_DEPEND_ON = ("config.json", "model*.safetensors", "model.safetensors.index.json", "tokenizer.json",
                     "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt",
                     "vocab.json", "merges.txt", "*.model")


def is_hub_id(name: str) -> bool:
    """Whether a name has the form of a model on the hub, ``owner/name``."""
    return re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", name, re.ASCII) is not None


def download(repository: str, revision: str | None = None) -> Path:
    """The folder of a hub model, from the local cache where it is there already.

    Args:
        repository: ``owner/name``.
        revision: commit, tag or branch; None for the newest.

    Raises:
        UnknownModel: when the hub cannot be reached or has no such model; the message says which.
        MissingExtra: without huggingface_hub.
    """
    hub = need("huggingface_hub", extra="train")
    with quiet():
        try:
            return Path(hub.snapshot_download(
                repository, revision=revision, ignore_patterns=["*/*"],
                allow_patterns=[*_SCORES_DEPEND_ON, MANIFEST, CARD, "*.npy"]))
        except Exception as err:  # the hub's client passes on errors of several HTTP libraries
            at = f" at revision {revision!r}" if revision else ""
            raise UnknownModel(f"no model {repository!r}: not shipped, no folder of that name, and not to be had"
                               f" from the Hugging Face hub or its cache{at} ({brief(err)})") from err


def open_checkpoint(folder: Path, *, name: str, toxic: Sequence[str] | None = None) -> TransformerScorer:
    """The scorer of a checkpoint folder.

    The kind follows ``problem_type``; without one, one label is a multilabel set of one, two are binary, and
    more are multiclass. Multi-label checkpoints say so there, ``unitary/toxic-bert`` for instance. Its
    version is ``name@0+`` and eight digits of the sha256 over configuration, tokenizer and weights.

    Args:
        folder: with ``config.json``, a tokenizer and ``model.safetensors``.
        name: of the model, for its version.
        toxic: labels that mean toxic; None for those whose name says so (``TOXIC``).

    Raises:
        ArtifactError: when something is missing or unreadable, the checkpoint has no classification head,
            or its outputs are no logits (``regression``).
        LabelError: when ``toxic`` names a label that the checkpoint does not have.
        MissingExtra: without torch or transformers.
    """
    model, tokenizer = load_classifier(folder)
    labels = _labels(folder, model.config)
    if toxic is not None:
        labels = replace(labels, toxic=toxic)  # type: ignore[arg-type]  # checked and made a tuple there
    try:
        return TransformerScorer(model, tokenizer, labels=labels, thresholds={},
                                 version=f"{name}@0+{fingerprint(folder)[:8]}",
                                 max_length=_max_length(model.config, tokenizer))
    except ValueError as err:
        raise ArtifactError(f"{folder}: {err}") from err


def _labels(folder: Path, config: Any) -> LabelSet:  # noqa: ANN401 - a configuration of transformers
    if config.problem_type == "regression":
        raise ArtifactError(f"{folder}: its problem_type is regression, so its outputs are no probabilities")
    count = config.num_labels
    multilabel = config.problem_type == "multi_label_classification" or count == 1
    kind: Kind = "multilabel" if multilabel else "binary" if count == 2 else "multiclass"
    try:
        names = tuple(config.id2label[column] for column in range(count))
        known = tuple(name for name in names if re.sub(r"[\s-]+", "_", name.strip().lower()) in TOXIC)
        # labels that exclude each other cannot all be toxic: which are, is then for the user to say
        return LabelSet(names, kind, toxic=known if multilabel or len(known) < count else ())
    except (KeyError, AttributeError, LabelError) as err:
        raise ArtifactError(f"{folder}: id2label in config.json does not name {count} labels ({err})") from err


def _max_length(config: Any, tokenizer: Any) -> int:  # noqa: ANN401 - of transformers
    """Tokens to read at once: as tokenizer and model say, at most 512."""
    positions = getattr(config, "max_position_embeddings", None) or _WINDOW
    declared: int = tokenizer.model_max_length  # astronomical where nobody said
    # without it, two fewer than the positions: RoBERTa and its kin set two aside
    return min(_WINDOW, declared if declared <= positions else positions - 2)


def fingerprint(folder: Path) -> str:
    """sha256 over what the scores of a checkpoint folder depend on: configuration, tokenizer and weights."""
    files = sorted({file for pattern in _SCORES_DEPEND_ON for file in folder.glob(pattern)})
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{file.name} {content}\n".encode())
    return digest.hexdigest()
