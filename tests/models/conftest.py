"""Random models: the scores mean nothing, but everything that a model reads moves them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from toxmeter.extras import need
from toxmeter.models.ngrams import Fold
from toxmeter.training.fold import make_fold

BITS = 12
Pair = tuple[Any, Any]
"""A model of transformers and its tokenizer."""


@pytest.fixture(scope="session")
def fold() -> Fold:
    return make_fold()


@pytest.fixture(scope="session")
def table() -> npt.NDArray[np.uint8]:
    rows = np.random.default_rng(0).integers(0, 256, (1 << BITS, 8), np.uint8)
    rows[:, 7] = 1  # no weight of zero
    return rows


@pytest.fixture(scope="session")
def classifier(tiny_encoder: Path) -> Callable[[int], Pair]:
    """Makes the tiny encoder with a random head of so many outputs, and its tokenizer."""
    import torch

    from toxmeter.models.pretrained import quiet

    transformers = need("transformers", extra="train")

    def make(outputs: int) -> Pair:
        with quiet(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(outputs)
            model = transformers.AutoModelForSequenceClassification.from_pretrained(tiny_encoder, num_labels=outputs)
            torch.nn.init.normal_(model.classifier.weight, std=0.5)
            return model.eval(), transformers.AutoTokenizer.from_pretrained(tiny_encoder)

    return make


@pytest.fixture
def checkpoint(tmp_path: Path, classifier: Callable[[int], Pair]) -> Callable[..., Path]:
    """Makes a folder as other people's checkpoints are: the files of transformers and nothing else."""
    from toxmeter.models.pretrained import quiet

    def make(names: list[str], name: str = "foreign", **settings: Any) -> Path:
        model, tokenizer = classifier(len(names))
        model.config.update({"id2label": dict(enumerate(names)), "label2id": {n: i for i, n in enumerate(names)},
                             **settings})
        folder = tmp_path / name
        with quiet():
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        return folder

    return make
