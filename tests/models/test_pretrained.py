"""Hugging Face's folders: read and written, silently, and opened by its own tools."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toxmeter.errors import ArtifactError
from toxmeter.extras import need
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models.pretrained import load_classifier, quiet, transformer_files

Classifier = Callable[[int], tuple[Any, Any]]


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def saved(tmp_path: Path, classifier: Classifier) -> Path:
    return write(tmp_path / "saved", transformer_files(*classifier(6), JIGSAW))


def test_the_files_have_plain_names_and_tell_the_labels(saved: Path) -> None:
    assert {file.name for file in saved.iterdir()} >= {
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    config = json.loads((saved / "config.json").read_text())
    assert list(config["id2label"].values()) == list(JIGSAW.names)
    assert config["label2id"]["threat"] == 3
    assert config["problem_type"] == "multi_label_classification"


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_labels_that_exclude_each_other(classifier: Classifier, kind: Any) -> None:
    files = transformer_files(*classifier(2), LabelSet(("kind", "rude"), kind))
    config = json.loads(files["config.json"])
    assert config["problem_type"] == "single_label_classification"
    assert config["id2label"] == {"0": "kind", "1": "rude"}


def test_the_files_do_not_tell_where_they_come_from(saved: Path, tiny_encoder: Path) -> None:
    for file in saved.glob("*.json"):
        assert str(tiny_encoder.parent) not in file.read_text(), file.name


def test_other_labels_than_outputs(classifier: Classifier) -> None:
    with pytest.raises(ValueError, match="2 outputs for 6 labels"):
        transformer_files(*classifier(2), JIGSAW)


def test_a_saved_model_is_read_back(saved: Path, classifier: Classifier) -> None:
    model, tokenizer = load_classifier(saved)
    first, _ = classifier(6)
    assert not model.training
    assert (model.classifier.weight == first.classifier.weight).all()
    assert tokenizer("a nice day")["input_ids"] == classifier(6)[1]("a nice day")["input_ids"]


def test_half_precision_weights_are_computed_in_single(tmp_path: Path, classifier: Classifier) -> None:
    model, tokenizer = classifier(6)
    folder = write(tmp_path / "half", transformer_files(model.half(), tokenizer, JIGSAW))
    assert str(load_classifier(folder)[0].dtype) == "torch.float32"


def test_an_encoder_without_a_head_is_refused(tiny_encoder: Path) -> None:
    with pytest.raises(ArtifactError, match=r"no classification head.*classifier\.bias.*toxmeter train"):
        load_classifier(tiny_encoder)


def test_pickled_weights_are_not_read(saved: Path) -> None:
    (saved / "model.safetensors").rename(saved / "pytorch_model.bin")
    with pytest.raises(ArtifactError, match=r"no model\.safetensors; pickled"):
        load_classifier(saved)


def test_a_model_without_a_tokenizer_is_refused(saved: Path) -> None:
    (saved / "tokenizer.json").unlink()  # transformers would go on with a vocabulary of five words
    with pytest.raises(ArtifactError, match="no tokenizer"):
        load_classifier(saved)


@pytest.mark.parametrize(("name", "content"), [
    ("config.json", b"{"), ("config.json", b"{}"), ("config.json", b'{"model_type": "nonesuch"}'),
    ("config.json", b'{"model_type": "whisper"}'), ("config.json", b'{"model_type": "bert", "hidden_size": "x"}'),
    ("model.safetensors", b""), ("model.safetensors", b"\xff" * 100), ("tokenizer.json", b"[]"),
])
def test_a_broken_file_is_told(saved: Path, name: str, content: bytes) -> None:
    (saved / name).write_bytes(content)
    with pytest.raises(ArtifactError, match="saved"):
        load_classifier(saved)


def test_truncated_weights_are_told(saved: Path) -> None:
    file = saved / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ArtifactError, match="cannot read it"):
        load_classifier(saved)


def test_code_of_a_folder_does_not_run(saved: Path, tmp_path: Path) -> None:
    config = json.loads((saved / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "evil.Config", "AutoModelForSequenceClassification": "evil.Model"}
    (saved / "config.json").write_text(json.dumps(config))
    (saved / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    load_classifier(saved)
    assert not (tmp_path / "ran").exists()


_LOAD = """
import socket, sys
def never(*_, **__): raise AssertionError("a folder needs no network")
socket.socket.connect = socket.getaddrinfo = never
from pathlib import Path
from toxmeter.errors import ArtifactError
from toxmeter.models.pretrained import load_classifier
load_classifier(Path(sys.argv[1]))
try:
    load_classifier(Path(sys.argv[2]))
except ArtifactError:
    print("refused")
"""


def test_loading_is_silent_and_local(saved: Path, tiny_encoder: Path) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", _LOAD, saved, tiny_encoder], check=True,
                          capture_output=True, env={"HF_HUB_OFFLINE": "0"})
    assert (done.stdout, done.stderr) == (b"refused\n", b"")


def test_quiet_leaves_the_settings_as_they_were() -> None:
    logging, hub = need("transformers.utils.logging", extra="train"), need("huggingface_hub.utils", extra="train")
    before = (logging.get_verbosity(), logging.is_progress_bar_enabled(), hub.are_progress_bars_disabled())
    with pytest.raises(ZeroDivisionError), quiet():
        _ = 1 / logging.is_progress_bar_enabled()
    after = (logging.get_verbosity(), logging.is_progress_bar_enabled(), hub.are_progress_bars_disabled())
    assert after == before
