"""What tests of exports share."""

from __future__ import annotations

import pytest

from toxmeter.artifact import Artifact
from toxmeter.models.transformer import TransformerScorer


@pytest.fixture
def tiny(tiny_artifact: Artifact) -> TransformerScorer:
    return TransformerScorer.from_artifact(tiny_artifact)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return ["you are a stupid idiot", "have a nice day", "what a good movie", "shut up, liar!", "",
            "I love the new city team. They are great. " * 12, "kill kill kill", "thanks for the food"]
