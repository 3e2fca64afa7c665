"""A transformer artifact small enough to be exported in a second."""

from __future__ import annotations

from pathlib import Path

import pytest

from toxmeter.artifact import Artifact, Manifest, write_artifact
from toxmeter.extras import need
from toxmeter.labels import JIGSAW
from toxmeter.models.pretrained import quiet, transformer_files
from toxmeter.models.transformer import TransformerScorer


@pytest.fixture(scope="session")
def tiny_artifact(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """A random classifier of the six labels, whose logits are far from 0."""
    import torch

    transformers = need("transformers", extra="train")
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(tiny_encoder, num_labels=len(JIGSAW))
        torch.nn.init.normal_(model.classifier.weight, std=0.7)
        tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_encoder)
    manifest = Manifest(
        name="tiny", number=3, format="transformer", labels=JIGSAW, model={"max_length": 32},
        thresholds=dict.fromkeys(JIGSAW.names, 0.4),
        calibration={"natural": {"kind": "temperature", "temperature": 2.0}})
    folder = tmp_path_factory.mktemp("artifacts") / "tiny"
    return write_artifact(folder, manifest, transformer_files(model.eval(), tokenizer, JIGSAW), card="# tiny\n")


@pytest.fixture
def tiny(tiny_artifact: Artifact) -> TransformerScorer:
    return TransformerScorer.from_artifact(tiny_artifact)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return ["you are a stupid idiot", "have a nice day", "what a good movie", "shut up, liar!", "",
            "I love the new city team. They are great. " * 12, "kill kill kill", "thanks for the food"]
