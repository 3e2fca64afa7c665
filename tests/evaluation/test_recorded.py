from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import InputError, LabelError, UnknownModel
from toxmeter.evaluation.recorded import (
    RecordedScorer,
    answers,
    is_live,
    is_recorded,
    open_scorer,
    read_scores,
)
from toxmeter.extras import need
from toxmeter.labels import JIGSAW
from toxmeter.models import DummyScorer, Scorer

HEAD = "text,TOXICITY,INSULT"


def write(folder: Path, *lines: str, name: str = "scores.csv") -> Path:
    file = folder / name
    file.write_bytes("\n".join(lines).encode())
    return file


def test_scores_are_looked_up_by_text(tmp_path: Path) -> None:
    found = read_scores(write(tmp_path, HEAD, "one,0.25,0.5", "two,1,0"))
    assert isinstance(found, Scorer)
    assert found.labels.names == ("toxic", "insult")
    assert found.labels.toxic == ("toxic", "insult")
    assert found.labels.id("TOXICITY") == 0
    assert found.thresholds == {"toxic": 0.5, "insult": 0.5}
    scores = found.score(["two", "one", "two"])
    assert scores.dtype == np.float32
    assert scores.tolist() == [[1, 0], [0.25, 0.5], [1, 0]]
    assert found.score([]).shape == (0, 2)


def test_every_kind_of_file(tmp_path: Path) -> None:
    arrow, parquet = need("pyarrow", extra="evaluate"), need("pyarrow.parquet", extra="evaluate")
    texts = ["one\ntwo", "\u202e"]
    rows: dict[str, list[Any]] = {"text": texts, "TOXICITY": [0.25, 1.0]}
    parquet.write_table(arrow.table(rows), tmp_path / "a.parquet")
    write(tmp_path, *(json.dumps(dict(zip(rows, row, strict=True))) for row in zip(*rows.values(), strict=True)),
          name="a.jsonl")
    write(tmp_path, "text\tTOXICITY", '"one\ntwo"\t0.25', "\u202e\t1.0", name="a.tsv")
    parquet.write_table(arrow.table({"text": arrow.array([], "string"), "toxic": arrow.array([], "double")}),
                        tmp_path / "none.parquet")
    with pytest.raises(InputError, match="no row with a score in toxic"):
        read_scores(tmp_path / "none.parquet")
    found = [read_scores(tmp_path / f"a.{kind}") for kind in ("parquet", "jsonl", "tsv")]
    assert [each.score(texts).tolist() for each in found] == [[[0.25], [1.0]]] * 3
    assert len({each.version for each in found}) == 3


def test_lone_surrogates_of_json_are_texts(tmp_path: Path) -> None:
    file = write(tmp_path, '{"text": "\\ud800", "toxic": 0.5}', '{"text": "?", "toxic": 0}',
                 '{"text": "\\ufffd", "toxic": 1}', name="a.jsonl")
    assert read_scores(file).score(["?", "\ud800", "\ufffd"]).tolist() == [[0], [0.5], [1]]


TEXT = st.text(st.characters(exclude_categories=()), max_size=6)


@given(st.dictionaries(TEXT, st.floats(0, 1, width=32), min_size=1, max_size=8))
def test_any_text_has_its_score_to_the_last_digit(scores: dict[str, float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder), *(json.dumps({"text": text, "toxic": score}) for text, score in scores.items()),
                     name="a.jsonl")
        assert read_scores(file).score([*scores]).tolist() == [[score] for score in scores.values()]


@pytest.mark.parametrize("text", ['said "no", twice', "two\r\nlines", "  spaces  ", "tab\there", "", "'"])
def test_windows_line_ends_quotes_and_marks(text: str, tmp_path: Path) -> None:
    quoted = text.replace('"', '""')
    (tmp_path / "a.csv").write_bytes(f'\ufefftext,TOXICITY\r\n"{quoted}",0.25\r\n\r\nother,1\r\n'.encode())
    found = read_scores(tmp_path / "a.csv")
    assert found.score([text, "other"]).tolist() == [[0.25], [1.0]]
    assert answers(found, [f"{text}\r", f"{text} "]).tolist() == [False, False]


@pytest.mark.parametrize(("alias", "label"), [*JIGSAW.aliases.items(), *zip(JIGSAW.names, JIGSAW.names, strict=True)])
def test_every_name_of_a_label_is_known(alias: str, label: str, tmp_path: Path) -> None:
    found = read_scores(write(tmp_path, f"id,text,{alias}", "7,one,0.25"))
    assert (found.labels.names, found.labels.toxic) == ((label,), (label,))
    assert found.score(["one"]).tolist() == [[0.25]]


def test_columns_may_be_named(tmp_path: Path) -> None:
    file = write(tmp_path, "comment,TOXICITY@6,SPAM,INSULT", "one,0.25,0.5,0.75")
    found = read_scores(file, text="comment", columns={"TOXICITY": "TOXICITY@6", "spam": "SPAM"})
    assert found.labels.names == ("toxic", "spam")
    assert found.labels.toxic == ("toxic",)
    assert found.score(["one"]).tolist() == [[0.25, 0.5]]


def test_names_stand_before_aliases(tmp_path: Path) -> None:
    found = read_scores(write(tmp_path, "text,TOXICITY,toxic,PROFANITY", "one,0,1,0.5"))
    assert found.labels.names == ("toxic", "obscene")
    assert found.score(["one"]).tolist() == [[1, 0.5]]


def test_a_version_is_of_the_content_and_the_columns(tmp_path: Path) -> None:
    file = write(tmp_path, HEAD, "one,0.25,0.5")
    version = read_scores(file).version
    assert version.startswith("scores.csv@1+")
    assert version == read_scores(file).version
    assert read_scores(file, name="perspective").version == version.replace("scores.csv", "perspective")
    others = [read_scores(file, columns={"toxic": "INSULT"}), read_scores(file, columns={"toxic": "TOXICITY"}),
              read_scores(file, columns={"insult": "INSULT", "toxic": "TOXICITY"}),  # the same scores, in another order
              read_scores(write(tmp_path, HEAD, "one,0.25,0.51"))]
    assert len({version, *(each.version for each in others)}) == 5


def test_rows_without_a_score_are_left_out(tmp_path: Path) -> None:
    found = read_scores(write(tmp_path, HEAD, "one,0.25,0.5", "two,,0.5", "three,0.5, ", "four,nan,1", "five,0,1"))
    assert answers(found, ["one", "two", "three", "four", "five", "six"]).tolist() == [
        True, False, False, False, True, False]
    assert answers(DummyScorer(), ["one", "six"]).all()
    with pytest.raises(InputError, match=r"texts\[1\] has no score in .*scores\.csv: 2 of 3 texts have none\. Leave"):
        found.score(["one", "two", "six"])
    alone = read_scores(write(tmp_path, HEAD, "two,,0.5"), columns={"insult": "INSULT"})
    assert alone.score(["two"]).tolist() == [[0.5]]


@pytest.mark.parametrize(("lines", "said"), [
    ([HEAD, "one,0.5,1", "two,1.5,1"], "row 1: column 'TOXICITY' is 1.5; a score is a probability"),
    ([HEAD, "one,0.5,1", "two,0.5,85"], "row 1: column 'INSULT' is 85.0; a score is a probability in [0, 1]: divide"),
    ([HEAD, "one,1.00001,1"], "column 'TOXICITY' is 1.00001;"),
    ([HEAD, '"one,0.5,1', "two,0.5,1"], "line 3: unexpected end of data"),
    ([HEAD, "one,-0.1,1"], "row 0: column 'TOXICITY' is -0.1"),
    ([HEAD, "one,inf,1"], "column 'TOXICITY' is inf"),
    ([HEAD, "one,high,1"], "row 0: column 'TOXICITY' is 'high', not a number"),
    ([HEAD, "one,,1"], "no row with a score in TOXICITY, INSULT"),
    ([HEAD], "no row with a score in TOXICITY, INSULT"),
    ([HEAD, "one,0.5"], "row 0 has 2 cells"),
    ([HEAD, "one,0.5,1", "one,0.6,1"], "row 1: its text has other scores than the same text in row 0; keep one"),
    (["text,TOX", "one,0.5"], "Say which one holds the scores of a label with --column toxic=COLUMN"),
    (["comment,TOXICITY", "one,0.5"], "no column 'text'"),
    (["texts,TOXICITY", "one,0.5"], "no column 'text' (did you mean 'texts'"),
    (["text,TOXICITY,TOXICITY", "one,0.5,0.6"], "column 'TOXICITY' is there twice"),
    ([""], "no header line"),
])
def test_files_that_cannot_be_used(lines: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_scores(write(tmp_path, *lines))
    assert said in str(caught.value)
    assert "scores.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "content", "said"), [
    ("a.csv", b"text,TOXICITY\ncaf\xe9,0.5\n", "line 2 is not UTF-8"),
    ("a.tsv", "text\tTOXICITY\n".encode("utf-16"), "line 1 is not UTF-8"),
    ("a.tsv", b"text\tTOXICITY\n", "no row with a score in TOXICITY"),
    ("a.jsonl", b"", "no row"),
    ("a.parquet", b"", "damaged"),
    ("a.jsonl", b'{"text": null, "toxic": 0.5}\n', "row 0: column 'text' is None, not a text"),
    ("a.jsonl", b'{"text": "a", "toxic": 1e999}\n', "row 0: column 'toxic' is inf"),
    ("a.parquet", b"PAR1 half a file", "damaged, or not of the kind its name says"),
    ("a.jsonl", b'{"text": "a", "toxic": 0.5}\n{"text": "b", "to', "line 2 is not JSON"),
    ("a.jsonl", b'{"text": 5, "toxic": 0.5}\n', "row 0: column 'text' is 5, not a text"),
    ("a.jsonl", b'{"text": "a", "toxic": "0.5"}\n', "row 0: column 'toxic' is '0.5', not a number"),
])
def test_damaged_files(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_scores(tmp_path / name)
    assert said in str(caught.value)
    assert name in str(caught.value)


def test_a_text_twice_with_the_same_scores(tmp_path: Path) -> None:
    found = read_scores(write(tmp_path, HEAD, "one,0.25,0.5", "one,0.2500000001,0.5"))
    assert found.score(["one"]).tolist() == [[0.25, 0.5]]


def test_rounding_beside_0_and_1_is_none_to_complain_of(tmp_path: Path) -> None:
    found = read_scores(write(tmp_path, HEAD, "one,1.0000000000000002,-0.0000001"))
    assert found.score(["one"]).tolist() == [[1, 0]]


def test_two_classes_sum_to_one(tmp_path: Path) -> None:
    columns = {"fine": "no", "toxic": "yes"}
    file = write(tmp_path, "text,no,yes", "one,0.25,0.75", "two,,0.5", "three,0.5,0.52")
    with pytest.raises(InputError, match=r"row 2: the scores sum to 1\.02, but labels that exclude"):
        read_scores(file, columns=columns, kind="binary")
    found = read_scores(write(tmp_path, "text,no,yes", "one,0.25,0.755"), columns=columns, kind="binary")
    assert (found.labels.kind, found.labels.toxic) == ("binary", ("toxic",))


def test_labels_that_exclude_each_other_sum_to_one(tmp_path: Path) -> None:
    columns = {"kind": "a", "rude": "b", "vile": "c"}
    file = write(tmp_path, "text,a,b,c", "one,0.2,0.3,0.5", "two,0.2,0.2,0.2")
    with pytest.raises(InputError, match=r"row 1: the scores sum to 0\.6"):
        read_scores(file, columns=columns, kind="multiclass")
    found = read_scores(write(tmp_path, "text,a,b,c", "one,0.2,0.3,0.5"), columns=columns, kind="multiclass",
                        toxic=["vile"])
    assert found.labels.kind == "multiclass"
    assert found.labels.toxic == ("vile",)


@pytest.mark.parametrize(("options", "error", "said"), [
    ({"toxic": ["vile"]}, LabelError, "'vile' is not among"),
    ({"thresholds": {"vile": 0.5}}, LabelError, "no label 'vile'"),
    ({"thresholds": {"INSULT": 70}}, InputError, "threshold of 'insult' is 70"),
    ({"thresholds": {"toxic": float("nan")}}, InputError, "threshold of 'toxic' is nan"),
    ({"columns": {"toxic": "TOXICITY", "TOXICITY": "INSULT"}}, InputError, "two columns are given for one label"),
    ({"columns": {"toxic": "TOXICITI"}}, InputError, "no column 'TOXICITI' .did you mean 'TOXICITY'"),
    ({"kind": "binary", "columns": {"toxic": "TOXICITY"}}, LabelError, "binary label set of 1"),
])
def test_options_that_do_not_fit(options: dict[str, Any], error: type[Exception], said: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=said):
        read_scores(write(tmp_path, HEAD, "one,0.25,0.5"), **options)


def test_thresholds_by_name_or_alias(tmp_path: Path) -> None:
    found = read_scores(write(tmp_path, HEAD, "one,0.25,0.5"), thresholds={"TOXICITY": 0.7}, toxic=["INSULT"])
    assert found.thresholds == {"toxic": 0.7, "insult": 0.5}
    assert found.labels.toxic == ("insult",)


def test_opening_by_name(tmp_path: Path) -> None:
    file = write(tmp_path, HEAD, "one,0.25,0.5")
    assert isinstance(open_scorer(file), RecordedScorer)
    assert open_scorer("nano").version.startswith("nano@")
    assert open_scorer("dummy", toxic=["threat"]).labels.toxic == ("threat",)
    with pytest.raises(InputError, match=r"scale 'perspective': .* is a file of scores"):
        open_scorer(file, scale="perspective")
    with pytest.raises(UnknownModel):
        open_scorer("nono")
    with pytest.raises(InputError, match="cannot be read"):
        open_scorer(tmp_path / "none.csv")


def test_only_files_are_recorded_and_only_models_live(tmp_path: Path) -> None:
    (tmp_path / "model.csv").mkdir()
    names: list[str | Path] = ["a.csv", "b.JSONL", "owner/c.parquet", "nano", "runs/my", tmp_path / "model.csv"]
    assert [is_recorded(name) for name in names] == [True, True, True, False, False, False]
    assert is_live(DummyScorer())
    assert not is_live(read_scores(write(tmp_path, HEAD, "one,0.25,0.5")))


@pytest.mark.realdata
def test_scores_of_perspective_as_they_were_published(real_data: Path) -> None:
    found = read_scores(real_data / "perspective_wikipedia_2k.parquet", text="comment_text",
                        columns={"toxic": "TOXICITY@6"})
    assert found.labels.toxic == ("toxic",)
    prompts = read_scores(real_data / "perspective_rtp.parquet", text="prompt_text",
                          columns={"toxic": "prompt_toxicity", "obscene": "prompt_profanity"})
    assert prompts.labels.names == ("toxic", "obscene")
