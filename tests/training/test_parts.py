"""Parts: what is split, what is kept out, several sets in one training, folds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from toxmeter.data.split import essence
from toxmeter.errors import InputError
from toxmeter.recipe import read_recipe
from toxmeter.recipe.schema import Data, Labels, OwnSet, Source
from toxmeter.training.parts import Parts, fold_parts, prepare

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.recipe import Recipe


def texts(parts: Parts) -> list[set[str]]:
    return [{essence(text) for text in rows.texts} for rows in (parts.train, parts.validation, parts.test)]


def with_data(recipe: Recipe, **fields: Any) -> Recipe:
    return replace(recipe, data=replace(recipe.data, **fields))


def test_parts_are_apart_and_have_their_shares(fine_tuning: Recipe, sayings: Path) -> None:
    parts = prepare(fine_tuning, sayings)
    train, validation, test = texts(parts)
    assert not train & validation | train & test | validation & test
    assert len(parts.test.texts) == pytest.approx(60, abs=3)
    assert len(parts.validation.texts) == pytest.approx(36, abs=3)
    rates = [rows.labels[:, 1].mean() for rows in (parts.train, parts.validation, parts.test)]
    assert max(rates) - min(rates) < 0.06


def test_recipes_of_levels_can_be_compared_on_the_same_test_rows(tmp_path: Path) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    level = np.random.default_rng(0).random(200)
    sayings = [f"saying number {number}" for number in range(200)]
    parquet.write_table(pa.table({"text": sayings, "tox_level": level}), tmp_path / "toxicity_levels.parquet")
    parquet.write_table(pa.table({"toxic": ["you foul thing"], "non_toxic": ["you good thing"]}),
                        tmp_path / "paranmt_detox_pairs.parquet")
    tested = [prepare(read_recipe(name), tmp_path).test for name in (
        "toxicity-levels", "toxicity-levels-hashed", "toxicity-levels-transformer")]
    assert tested[0].texts == tested[1].texts == tested[2].texts


def test_the_seed_decides_the_parts(fine_tuning: Recipe, sayings: Path) -> None:
    assert texts(prepare(fine_tuning, sayings)) == texts(prepare(fine_tuning, sayings))
    assert texts(prepare(fine_tuning, sayings)) != texts(prepare(replace(fine_tuning, seed=4), sayings))


def test_fewer_rows_are_drawn_on_demand(fine_tuning: Recipe, sayings: Path) -> None:
    parts = prepare(with_data(fine_tuning, rows=100), sayings)
    assert sum(len(rows.texts) for rows in (parts.train, parts.validation, parts.test)) == 100


def test_sets_with_other_labels_train_one_model(fine_tuning: Recipe, tmp_path: Path) -> None:
    (tmp_path / "main.csv").write_text("text,rude,loud\n" + "".join(f"row {i} of main,{i % 2},{i % 3 == 0:d}\n"
                                                                  for i in range(60)))
    (tmp_path / "more.csv").write_text("text,loud\n" + "".join(f"another {i},0.{i % 10}\n" for i in range(40)))
    files = {"main": OwnSet(file="main.csv", labels=("rude", "loud")),
             "more": OwnSet(file="more.csv", labels=("loud",))}
    recipe = replace(fine_tuning, labels=None,
                     data=Data(main="main", files=files, sources=(Source(set="more", weight=0.5),)))
    parts = prepare(recipe, tmp_path)
    assert parts.labels.names == ("rude", "loud")
    more = np.isnan(parts.train.labels[:, 0])
    assert more.sum() == 40
    assert set(parts.weight[more]) == {0.5}
    assert set(parts.weight[~more]) == {1.0}
    assert len(set(parts.train.labels[more, 1])) == 10


def diluted_parts(recipe: Recipe, folder: Path, *, harmless: bool = True, share: float = 0.5) -> Parts:
    (folder / "main.csv").write_text("text,rude\n" + "".join(
        f"main row {i} says this and that,{int(not harmless or i % 2)}\n" for i in range(60)))
    (folder / "more.csv").write_text("text,rude\n" + "".join(f"source {i} is rude,1\n" for i in range(200)))
    files = {name: OwnSet(file=f"{name}.csv", labels=("rude",)) for name in ("main", "more")}
    return prepare(replace(recipe, labels=Labels(names=("rude",), kind="multilabel", toxic=("rude",)), data=Data(
        main="main", files=files, sources=(Source(set="more", diluted=share),))), folder)


def test_rows_of_a_source_follow_harmless_beginnings(fine_tuning: Recipe, tmp_path: Path) -> None:
    plain, parts = (diluted_parts(fine_tuning, tmp_path, share=share) for share in (0.0, 0.5))
    np.testing.assert_array_equal(parts.train.labels, plain.train.labels)
    longer = [(text, was) for text, was in zip(parts.train.texts, plain.train.texts, strict=True) if text != was]
    assert 60 < len(longer) < 140
    assert all(was.startswith("source") and text.startswith("main row") and text.endswith(was) for text, was in longer)
    assert {int(number) % 2 for text, _ in longer if (number := text.split()[2]).isdigit()} == {0}
    assert [each.get("diluted") for each in parts.train.origin["sets"]] == [None, 0.5]
    assert all("diluted" not in each for each in plain.train.origin["sets"])
    assert (parts.validation.texts, parts.test.texts) == (plain.validation.texts, plain.test.texts)


def test_without_harmless_rows_nothing_is_diluted(fine_tuning: Recipe, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="diluted needs harmless rows"):
        diluted_parts(fine_tuning, tmp_path, harmless=False)


def test_rows_that_a_source_keeps_for_testing_do_not_train(fine_tuning: Recipe, tmp_path: Path) -> None:
    (tmp_path / "main.csv").write_text("text,loud\n" + "".join(f"row {i} of main,{i % 2}\n" for i in range(60)))
    (tmp_path / "more.csv").write_text("text,loud,part\n" + "".join(
        f"another {i},1,{('train', 'dev', 'test')[i % 3]}\n" for i in range(30)))
    files = {"main": OwnSet(file="main.csv", labels=("loud",)),
             "more": OwnSet(file="more.csv", labels=("loud",), part="part")}
    recipe = replace(fine_tuning, labels=None, data=Data(main="main", files=files, sources=(Source(set="more"),)))
    more = [text for text in prepare(recipe, tmp_path).train.texts if text.startswith("another")]
    assert more == [f"another {i}" for i in range(0, 30, 3)]


def test_short_rows_neither_train_nor_choose_and_are_tested_all_the_same(fine_tuning: Recipe, tmp_path: Path) -> None:
    (tmp_path / "main.csv").write_text("text,loud\n" + "".join(
        f"{'  '.join(['word'] * (1 + i % 4))}{i},{i // 4 % 2}\n" for i in range(160)))
    (tmp_path / "more.csv").write_text("text,loud\ntwo words,1\nthree more words,0\n ,1\n")
    files = {name: OwnSet(file=f"{name}.csv", labels=("loud",)) for name in ("main", "more")}
    recipe = replace(fine_tuning, labels=None, data=Data(main="main", files=files, sources=(Source(set="more"),)))
    every = prepare(recipe, tmp_path)
    parts = prepare(with_data(recipe, min_words=3), tmp_path)
    for kept, whole in ((parts.train, every.train), (parts.validation, every.validation)):
        assert kept.texts == [text for text in whole.texts if len(text.split()) >= 3] != whole.texts
        assert len(kept.labels) == len(kept.texts)
    assert len(parts.weight) == len(parts.train.texts) == parts.train.origin["rows"]
    assert "three more words" in parts.train.texts
    assert parts.test.texts == every.test.texts


def test_where_no_row_is_long_enough_that_is_said(fine_tuning: Recipe, tmp_path: Path) -> None:
    (tmp_path / "sayings.csv").write_text("text,rude\n" + "".join(f"row {i},{i % 2}\n" for i in range(40)))
    with pytest.raises(InputError, match=r"no rows left .* data\.min_words"):
        prepare(with_data(fine_tuning, min_words=3), tmp_path)


def test_rows_that_others_evaluate_with_are_kept_out(fine_tuning: Recipe, sayings: Path, tmp_path: Path) -> None:
    (tmp_path / "sayings.csv").write_bytes((sayings / "sayings.csv").read_bytes())
    whole = prepare(fine_tuning, tmp_path)
    kept = whole.train.texts[:5]
    (tmp_path / "suite.csv").write_text("text,rude\n" + "".join(f"{text.upper()}!!,0\n" for text in kept))
    files = dict(fine_tuning.data.files) | {"suite": OwnSet(file="suite.csv", label="rude")}
    parts = prepare(with_data(fine_tuning, files=files, keep_out=("suite",)), tmp_path)
    assert len(parts.train.texts) == len(whole.train.texts) - 5
    assert not texts(parts)[0] & {essence(text) for text in kept}
    assert parts.train.origin["left_out_as_near_copies"] == 5


def test_a_label_that_no_row_has_is_named(fine_tuning: Recipe, tmp_path: Path) -> None:
    (tmp_path / "sayings.csv").write_text("text,rude\n" + "".join(f"row {i},{i % 2}\n" for i in range(40)))
    files = {"sayings": OwnSet(file="sayings.csv", labels=("rude",))}
    labels = Labels(names=("rude", "loud"), kind="multilabel")
    with pytest.raises(InputError, match=r"data\.main: no row of 'sayings' has a label 'loud'"):
        prepare(replace(with_data(fine_tuning, files=files), labels=labels), tmp_path)


def test_rows_without_any_label_are_left_out(fine_tuning: Recipe, tmp_path: Path) -> None:
    lines = [f"row {i},{i % 2 if i % 4 else ''}" for i in range(80)]
    (tmp_path / "sayings.csv").write_text("text,rude\n" + "\n".join(lines) + "\n")
    parts = prepare(fine_tuning, tmp_path)
    assert sum(len(rows.texts) for rows in (parts.train, parts.validation, parts.test)) == 60
    assert not any(np.isnan(rows.labels).any() for rows in (parts.train, parts.validation, parts.test))


def test_a_copy_without_labels_takes_no_row_away(fine_tuning: Recipe, tmp_path: Path) -> None:
    (tmp_path / "main.csv").write_text("text,rude\n" + "".join(f"row {i} of main,{i % 2}\n" for i in range(60)))
    for name, label in (("unlabelled", ""), ("labelled", "0")):
        (tmp_path / f"{name}.csv").write_text("text,rude\n" + "".join(f"another {i},{label}\n" for i in range(20))
                                              + "one that is rude,1\n")
    files = {name: OwnSet(file=f"{name}.csv", labels=("rude",)) for name in ("main", "unlabelled", "labelled")}
    sources = (Source(set="unlabelled"), Source(set="labelled"))
    labels = Labels(names=("rude",), kind="multilabel", toxic=("rude",))
    recipe = replace(fine_tuning, labels=labels, data=Data(main="main", files=files, sources=sources))
    train = prepare(recipe, tmp_path).train
    assert sum(text.startswith("another") for text in train.texts) == 20
    assert train.origin["left_out_as_near_copies"] == 1


def test_near_copies_of_a_given_split_are_counted(fine_tuning: Recipe, tmp_path: Path) -> None:
    rows = [f"row {i},{i % 2},{part}" for part, span in (("train", range(40)), ("dev", range(40, 60)),
                                                         ("test", range(58, 80))) for i in span]
    (tmp_path / "sayings.csv").write_text("text,rude,part\n" + "\n".join([*rows, "ROW 3!,1,test"]) + "\n")
    files = {"sayings": OwnSet(file="sayings.csv", label="rude", part="part")}
    parts = prepare(with_data(fine_tuning, files=files, split="given"), tmp_path)
    assert (len(parts.validation.texts), len(parts.test.texts)) == (20, 23)
    assert parts.test.origin["near_copies_of_validation_rows"] == 2
    assert "row 3" not in parts.train.texts


def test_folds_test_every_row_once(fine_tuning: Recipe, sayings: Path) -> None:
    found = fold_parts(fine_tuning, sayings, 4)
    assert len(found) == 4
    tested = [text for parts in found for text in parts.test.texts]
    assert len(tested) == len(set(tested)) == 240
    for parts in found:
        train, validation, test = texts(parts)
        assert not train & validation | train & test | validation & test
        assert len(validation) == pytest.approx(27, abs=3)


@pytest.mark.parametrize("count", [1, 0, -1])
def test_one_fold_is_none(fine_tuning: Recipe, sayings: Path, count: int) -> None:
    with pytest.raises(InputError, match="needs at least 2"):
        fold_parts(fine_tuning, sayings, count)
