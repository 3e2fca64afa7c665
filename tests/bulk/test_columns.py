"""Which column holds the text."""

from __future__ import annotations

import pytest

from toxmeter.bulk.columns import check_added, choose_column
from toxmeter.errors import InputError


@pytest.mark.parametrize(("names", "wanted", "expected"), [
    (["id", "text"], None, "text"),
    (["id", "text", "comment_text"], None, "text"),
    (["id", "comment_text"], None, "comment_text"),
    (["id", "Tweet"], None, "Tweet"),
    (["id", "said"], "said", "said"),
    (["text", "said"], "said", "said"),
])
def test_the_column_is_found(names: list[str], wanted: str | None, expected: str) -> None:
    assert choose_column(names, wanted) == expected


@pytest.mark.parametrize(("names", "wanted", "message"), [
    (["id", "said"], None, "no column is named 'text'; the columns are 'id', 'said': name one with --column"),
    (["tweet", "comment"], None, "several columns could hold the text"),
    (["id", "comment_text"], "coment_text", r"no column 'coment_text' \(did you mean 'comment_text'\?\)"),
    (["id", "text"], "xyz", "no column 'xyz'; the columns are 'id', 'text'"),
    (["text", "text"], None, "'text' is there 2 times"),
])
def test_a_column_that_cannot_be_chosen(names: list[str], wanted: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        choose_column(names, wanted)


def test_an_added_column_that_is_there_already() -> None:
    assert check_added(["text"], ["rude"]) == {"rude"}
    with pytest.raises(InputError, match=r"already has 'rude', 'worse': .*--prefix"):
        check_added(["text", "rude", "worse"], ["rude", "worse", "model_version"])
