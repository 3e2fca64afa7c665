"""The hub: files in a cache that huggingface_hub itself reads, without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toxmeter.data.hub import commit_of, fetch
from toxmeter.data.presets import PRESETS
from toxmeter.data.read import labels_of, read_rows
from toxmeter.data.split import TEST, split
from toxmeter.errors import InputError

if TYPE_CHECKING:
    from toxmeter.data.read import Rows

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SENTENCES = {"sst2/train-00000-of-00001.parquet": pa.table(
                 {"sentence": ["a delight", "a bore", "so so"], "label": [1, 0, 0], "idx": [0, 1, 2]}),
             "sst2/validation-00000-of-00001.parquet": pa.table(
                 {"sentence": ["a fine film"], "label": [1], "idx": [0]})}
TWEETS = {"data/train-00000-of-00001.parquet": pa.table({
    "count": [3, 4], "hate_speech_count": [0, 1], "offensive_language_count": [3, 1], "neither_count": [0, 2],
    "class": [1, 2], "tweet": ["rude", "fine"]})}


def lay_out(cache: Path, repository: str, files: dict[str, pa.Table]) -> None:
    """A repository as the cache of huggingface_hub holds it."""
    folder = cache / f"datasets--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    for name, table in files.items():
        file = folder / "snapshots" / COMMIT / name
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, file)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of an offline huggingface_hub."""
    # it reads its environment once, when it is imported, which another test may have done
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def of_hub(name: str) -> Rows:
    return read_rows(name, None, labels_of(name, None))


def test_sst2_is_read_from_the_hub(cache: Path) -> None:
    lay_out(cache, "nyu-mll/glue", SENTENCES)
    rows = of_hub("sst2")
    assert rows.texts == ["a delight", "a bore", "so so", "a fine film"]
    assert rows.labels.tolist() == [[0, 1], [1, 0], [1, 0], [0, 1]]
    assert rows.part == ["train", "train", "train", "test"]
    assert rows.origin["hub"] == f"nyu-mll/glue@{COMMIT}"
    assert rows.origin["file"] == "glue"
    assert (split(rows, "given", 0.3, 0.0, 1) == TEST).tolist() == [False, False, False, True]


def test_tweets_of_the_hub_have_columns_of_other_names(cache: Path) -> None:
    lay_out(cache, "tdavidson/hate_speech_offensive", TWEETS)
    classes, shares, votes = (of_hub(f"hate-speech-offensive{kind}") for kind in ("", "-shares", "-votes"))
    assert classes.labels.tolist() == [[0, 1, 0], [0, 0, 1]]
    assert shares.labels.tolist() == [[1, 0], [0.5, 0.25]]
    assert votes.labels.tolist() == [[0, 1, 0], [0.25, 0.25, 0.5]]
    assert classes.part is None


def test_the_cache_of_the_environment_is_used(tmp_path: Path) -> None:
    lay_out(tmp_path, "nyu-mll/glue", SENTENCES)
    code = ("from toxmeter.data.read import labels_of, read_rows; "
            "print(len(read_rows('sst2', None, labels_of('sst2', None)).texts))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                          env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path)})
    assert (done.stdout, done.stderr) == ("4\n", "")


def test_what_cannot_be_fetched_says_so(cache: Path) -> None:
    with pytest.raises(InputError) as caught:
        of_hub("sst2")
    assert str(caught.value).startswith("data set 'nyu-mll/glue' cannot be had from the Hugging Face hub (")
    assert str(caught.value).endswith("): mend that, or name the folder that holds its file with --data")
    assert "\n" not in str(caught.value)


def test_a_name_that_cannot_be_a_repository_is_refused(cache: Path) -> None:
    with pytest.raises(InputError, match="data set 'no/such/id' cannot be had"):
        fetch("no/such/id", ["a.parquet"])


def test_a_damaged_file_of_the_hub_is_named(cache: Path) -> None:
    lay_out(cache, "nyu-mll/glue", SENTENCES)
    file = next(cache.rglob("train-*.parquet"))
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"train-00000-of-00001.parquet: damaged"):
        of_hub("sst2")


@pytest.mark.parametrize("name", [name for name, known in PRESETS.items()
                                  if not known.hub and not known.files[0].startswith("package:")])
def test_a_set_that_is_not_on_the_hub_asks_for_its_folder(name: str) -> None:
    with pytest.raises(InputError) as caught:
        read_rows(name, None, None)
    assert str(caught.value) == (f"data set {name!r} is not on the Hugging Face hub: name the folder that holds"
                                 f" {PRESETS[name].files[0]} with --data")


def test_the_commit_is_in_the_path() -> None:
    assert commit_of(Path("/home/snapshots/hub/datasets--a--b/snapshots/abc/data/train.parquet")) == "abc"
