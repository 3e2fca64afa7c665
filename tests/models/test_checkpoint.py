"""Other people's checkpoints, from folders and from the hub's cache."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toxmeter import TextGuardrail, load
from toxmeter.errors import ArtifactError, InputError, LabelError, UnknownModel
from toxmeter.extras import need
from toxmeter.models import Scorer
from toxmeter.models.checkpoint import is_hub_id

MULTI = {"problem_type": "multi_label_classification"}
Make = Callable[..., Path]


@pytest.mark.parametrize(("names", "settings", "kind", "toxic"), [
    (["toxic", "insult", "female"], MULTI, "multilabel", ["toxic", "insult"]),
    (["Hate Speech", "offensive-language", "neither"], {}, "multiclass", ["Hate Speech", "offensive-language"]),
    (["non-toxic", "TOXIC"], {}, "binary", ["TOXIC"]),
    (["nothate", "hate"], {}, "binary", ["hate"]),
    (["toxicity"], {}, "multilabel", ["toxicity"]),
    (["NEGATIVE", "POSITIVE"], {}, "binary", []),
    (["LABEL_0", "LABEL_1"], {}, "binary", []),
    (["hate", "offensive"], {}, "binary", []),  # which of both is the harmless one, nobody said
])
def test_labels_come_from_the_configuration(
    checkpoint: Make, names: list[str], settings: dict[str, Any], kind: str, toxic: list[str]
) -> None:
    scorer = load(checkpoint(names, **settings))
    assert isinstance(scorer, Scorer)
    assert scorer.labels.names == tuple(names)
    assert scorer.labels.kind == kind
    assert list(scorer.labels.toxic) == toxic
    assert scorer.thresholds == dict.fromkeys(names, 0.5)
    assert scorer.score(["a nice day", ""]).shape == (2, len(names))


def test_scores_are_those_of_a_pipeline(checkpoint: Make) -> None:
    folder = checkpoint(["toxic", "insult"], **MULTI)
    pipeline = need("transformers", extra="train").pipeline("text-classification", str(folder), top_k=None)
    (found,) = pipeline(["you are rude"])
    scores = {each["label"]: each["score"] for each in found}
    np.testing.assert_allclose(load(folder).score(["you are rude"]), [[scores["toxic"], scores["insult"]]], atol=1e-5)


def test_the_version_changes_with_the_weights_and_with_nothing_else(checkpoint: Make) -> None:
    folder = checkpoint(["fine", "toxic"])
    version = load(folder).version
    assert version.startswith("foreign@0+")
    assert len(version) == len("foreign@0+") + 8
    (folder / "README.md").write_text("a card")
    (folder / "optimizer.pt").write_bytes(b"")
    assert load(folder, toxic=["fine"]).version == version
    torch_file = folder / "model.safetensors"
    content = torch_file.read_bytes()
    torch_file.write_bytes(content[:-4] + bytes(4))
    assert load(folder).version != version


def test_toxic_labels_can_be_declared(checkpoint: Make) -> None:
    folder = checkpoint(["LABEL_0", "LABEL_1"])
    with pytest.raises(LabelError, match="declare"):
        TextGuardrail(folder)
    scorer = load(folder, toxic=("LABEL_1",))
    assert TextGuardrail(scorer).check_text("a nice day").scores.keys() == {"LABEL_0", "LABEL_1"}
    with pytest.raises(LabelError, match=r"'LABEL_2' is not among LABEL_0, LABEL_1"):
        load(folder, toxic=("LABEL_2",))
    with pytest.raises(LabelError, match="bare text"):
        load(folder, toxic="LABEL_1")


def test_declaring_replaces_what_names_say(checkpoint: Make) -> None:
    folder = checkpoint(["toxic", "insult"], **MULTI)
    assert load(folder, toxic=["insult"]).labels.toxic == ("insult",)
    assert load(folder, toxic=[]).labels.toxic == ()


def test_an_encoder_is_refused(tiny_encoder: Path) -> None:
    with pytest.raises(ArtifactError, match="no classification head"):
        load(tiny_encoder)


def test_a_regression_is_refused(checkpoint: Make) -> None:
    with pytest.raises(ArtifactError, match="regression"):
        load(checkpoint(["toxicity"], problem_type="regression"))


def test_labels_of_one_name_are_refused(checkpoint: Make) -> None:
    folder = checkpoint(["a", "b"])
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {"0": "a", "1": "a"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ArtifactError, match=r"id2label.*occur twice: a"):
        load(folder)


@pytest.mark.parametrize(("declared", "positions", "expected"), [
    (128, 128, 128), (64, 128, 64), (10**30, 128, 126), (512, 514, 512), (10**30, 514, 512), (8192, 8192, 512),
    (10**30, None, 510),
])
def test_how_many_tokens_are_read_at_once(declared: int, positions: int | None, expected: int) -> None:
    from types import SimpleNamespace

    from toxmeter.models.checkpoint import _max_length

    config = SimpleNamespace(max_position_embeddings=positions)
    assert _max_length(config, SimpleNamespace(model_max_length=declared)) == expected


@pytest.mark.parametrize(("name", "expected"), [
    ("unitary/toxic-bert", True), ("a/b.c_d-e", True), ("nano", False), ("./a", False), ("a/b/c", False),
    ("/a/b", False), ("../a", False), ("a/", False), ("a/..", False), ("~/a", False), ("a b/c", False), ("", False),
])
def test_what_a_hub_id_looks_like(name: str, expected: bool) -> None:
    assert is_hub_id(name) is expected


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, which itself cannot be reached."""
    constants = need("huggingface_hub", extra="train").constants
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "hub"


def lay(hub: Path, repository: str, content: Path) -> Path:
    """Put a folder into the cache as the newest commit of a repository."""
    cached = hub / f"models--{repository.replace('/', '--')}"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text(COMMIT)
    (cached / "snapshots").mkdir()
    return content.rename(cached / "snapshots" / COMMIT)


def test_a_hub_model_is_loaded_from_the_cache(checkpoint: Make, hub: Path) -> None:
    lay(hub, "someone/rude-bert", checkpoint(["fine", "toxic"]))
    scorer = load("someone/rude-bert")
    assert scorer.labels.toxic == ("toxic",)
    assert scorer.version.startswith("rude-bert@0+")
    assert load("someone/rude-bert", revision="main").version == scorer.version
    assert load("someone/rude-bert", revision=COMMIT, toxic=["fine"]).labels.toxic == ("fine",)


@pytest.mark.parametrize(("name", "revision", "message"), [
    ("someone/absent", None, r"'someone/absent': not shipped, no folder of that name, .* hub or its cache \(Local"),
    ("someone/rude-bert", "v9", "at revision 'v9'"),
    ("rude-bert", None, "no folder of that name; models of the Hugging Face hub are called owner/name"),
    ("some--one/a", None, "not to be had"),
])
def test_what_is_not_to_be_had(checkpoint: Make, hub: Path, name: str, revision: str | None, message: str) -> None:
    lay(hub, "someone/rude-bert", checkpoint(["fine", "toxic"]))
    with pytest.raises(UnknownModel, match=message):
        load(name, revision=revision)


def test_a_folder_comes_before_the_hub(checkpoint: Make, hub: Path) -> None:
    checkpoint(["fine", "toxic"], "here/model")
    assert load("here/model").version.startswith("model@0+")
    with pytest.raises(InputError, match="here/model is a folder"):
        load("here/model", revision="main")


def test_a_hub_model_of_pickles_is_refused(checkpoint: Make, hub: Path) -> None:
    folder = lay(hub, "someone/old-bert", checkpoint(["fine", "toxic"]))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ArtifactError, match=r"no model\.safetensors"):
        load("someone/old-bert")


def test_only_what_scores_depend_on_is_downloaded(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huggingface = need("huggingface_hub", extra="train")
    asked: dict[str, Any] = {}
    monkeypatch.setattr(huggingface, "snapshot_download", lambda _, **settings: asked.update(settings) or "nowhere")
    with pytest.raises(ArtifactError):
        load("someone/model")
    files = ["config.json", "model.safetensors", "model-00001-of-00002.safetensors", "vocab.txt", "toxmeter.json",
             "spiece.model", "pytorch_model.bin", "tf_model.h5", "onnx/model.safetensors", "modeling_evil.py",
             "training_args.bin", "model.onnx"]
    wanted = huggingface.utils.filter_repo_objects(
        files, allow_patterns=asked["allow_patterns"], ignore_patterns=asked["ignore_patterns"])
    assert list(wanted) == files[:6]


_WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
import toxmeter
toxmeter.load(sys.argv[2])
"""


@pytest.mark.parametrize("module", ["torch", "transformers"])
def test_a_missing_extra_is_named(checkpoint: Make, module: str) -> None:
    done = subprocess.run([sys.executable, "-c", _WITHOUT, module, checkpoint(["fine", "toxic"])], check=False,
                          capture_output=True, text=True)
    assert f"MissingExtra: {module}" in done.stderr
    assert "pip install 'toxmeter[train]'" in done.stderr
