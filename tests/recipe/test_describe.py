"""The words about fields come from the code."""

from __future__ import annotations

import pytest

from toxmeter.recipe.describe import fields_of, tables
from toxmeter.recipe.fitting import FineTuning
from toxmeter.recipe.schema import Data, Recipe, Source


def test_fields_of() -> None:
    first, second, third = fields_of(Source)
    assert (first.name, first.holds, first.default) == ("set", "a data preset or a set of data.files", "required")
    assert (second.name, second.holds, second.default) == ("weight", "a number from 0 to 1,000", "1.0")
    assert second.meaning == "what one of its rows counts, beside 1 for a row of the main set."
    assert (third.name, third.holds, third.default) == ("diluted", "a number from 0 to 1", "0.0")


def test_a_meaning_of_several_lines_is_one() -> None:
    split = next(field for field in fields_of(Data) if field.name == "split")
    assert "\n" not in split.meaning
    assert split.meaning.startswith("hash (a text always lands")
    assert split.meaning.endswith("as the data set declares them).")
    assert split.default == '"stratified"'


def test_tables_are_all_there_the_outer_before_the_inner() -> None:
    assert [(table.header, table.when) for table in tables()] == [
        ("", ""), ("[data]", ""), ("[data.files.NAME]", ""), ("[[data.sources]]", ""), ("[labels]", ""),
        ("[model]", "hashed"), ("[model]", "transformer"), ("[model]", "bag"), ("[train]", "hashed"),
        ("[train]", 'transformer" or "bag'),
        ("[evaluate]", ""), ("[track]", ""), ("[search]", ""), ("[[search.space]]", "")]
    whole = tables()[0]
    assert [field.name for field in whole.fields] == ["name", "number", "seed", "licence", "limits"]
    assert whole.meaning == (Recipe.__doc__ or "").splitlines()[0]


def test_every_field_of_a_table_is_in_it() -> None:
    tuning = next(table for table in tables() if table.path == "train" and table.when.startswith("transformer"))
    assert list(tuning.fields) == fields_of(FineTuning)


def test_a_field_without_words_is_an_error() -> None:
    from dataclasses import make_dataclass

    with pytest.raises(KeyError, match="silent"):
        fields_of(make_dataclass("Mute", [("silent", int)]))
