from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from toxmeter.errors import InputError, LabelError
from toxmeter.evaluation.data import read_labelled
from toxmeter.labels import JIGSAW, LabelSet

MOOD = LabelSet(("fine", "toxic"), "binary", toxic=("toxic",))


def written(folder: Path, text: str, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_labels_are_found_by_name_and_alias(tmp_path: Path) -> None:
    path = written(tmp_path, "text,toxic,THREAT,other\nhello,0,0.25,9\nyou,1,,9\n")
    data = read_labelled(path, JIGSAW)
    assert data.texts == ["hello", "you"]
    assert data.labels[:, JIGSAW.id("toxic")].tolist() == [0, 1]
    threat = data.labels[:, JIGSAW.id("threat")]
    assert threat[0] == 0.25
    assert np.isnan(threat[1])
    assert np.isnan(data.labels[:, JIGSAW.id("insult")]).all()
    assert data.origin["columns"] == {"toxic": "toxic", "threat": "THREAT"}
    assert data.origin["rows"] == 2


def test_other_names_by_option(tmp_path: Path) -> None:
    path = written(tmp_path, "body,TOXICITY@6\nhello,0\n")
    data = read_labelled(path, JIGSAW, text="body", columns={"toxic": "TOXICITY@6"})
    assert data.labels[0, 0] == 0


def test_one_column_tells_both_labels_of_a_binary_set(tmp_path: Path) -> None:
    data = read_labelled(written(tmp_path, "text,toxic\nhello,0.25\n"), MOOD)
    assert data.labels.tolist() == [[0.75, 0.25]]


def test_a_column_of_names(tmp_path: Path) -> None:
    path = written(tmp_path, "text,class\nhello,fine\nyou,toxic\n")
    assert read_labelled(path, MOOD, label="class").labels.tolist() == [[1, 0], [0, 1]]


def test_a_column_of_lists(tmp_path: Path) -> None:
    rows = [{"text": "hello", "labels": []}, {"text": "you", "labels": ["insult", "toxic"]}]
    path = written(tmp_path, "\n".join(map(json.dumps, rows)), "rows.jsonl")
    data = read_labelled(path, JIGSAW, label="labels")
    assert data.labels[:, JIGSAW.id("insult")].tolist() == [0, 1]


def test_groups_may_be_unknown(tmp_path: Path) -> None:
    path = written(tmp_path, "text,toxic,women\nhello,0,0.6\nyou,1,\n")
    women = read_labelled(path, JIGSAW, groups=["women"]).groups["women"]
    assert women[0] == 0.6
    assert np.isnan(women[1])


def test_no_column_of_a_label_says_what_to_do(tmp_path: Path) -> None:
    path = written(tmp_path, "text,toxicity_score\nhello,0\n")
    with pytest.raises(InputError, match=r"no column of the labels toxic.*--label toxic=COLUMN"):
        read_labelled(path, JIGSAW)


@pytest.mark.parametrize(("content", "problem"), [
    ("text,toxic\nhello,2\n", "row 0.*outside"),
    ("text,toxic\nhello,bad\n", "row 0.*not a number"),
    ("texts,toxic\nhello,0\n", "no column 'text'"),
    ("text,toxic,women\nhello,0,7\n", "row 0.*column 'women' is 7"),
    ("", "no header"),
])
def test_bad_values_are_named(tmp_path: Path, content: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_labelled(written(tmp_path, content), JIGSAW, groups=["women"] if "women" in content else [])


def test_a_label_that_the_model_has_not(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="no label 'toxicc'"):
        read_labelled(written(tmp_path, "text,a\nhello,0\n"), JIGSAW, columns={"toxicc": "a"})


def test_a_folder_of_files_is_one_set(tmp_path: Path) -> None:
    written(tmp_path, "text,toxic,more\nhello,0,1\n", "a.csv")
    written(tmp_path, "toxic,text\n1,you\n", "b.csv")
    assert read_labelled(tmp_path, JIGSAW).texts == ["hello", "you"]
