"""The scorer protocol: what counts as texts, and what counts as a scorer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from toxmeter.errors import InputError
from toxmeter.models.scorer import Scorer, check_texts


@pytest.mark.parametrize("texts", [["a", ""], ("a", ""), iter(["a", ""]), np.array(["a", ""], object)])
def test_any_sequence_of_texts_becomes_a_list(texts: Any) -> None:
    assert check_texts(texts) == ["a", ""]


def test_a_list_is_not_copied() -> None:
    texts = ["a"]
    assert check_texts(texts) is texts


@pytest.mark.parametrize("bare", ["one text", b"one text"])
def test_one_bare_text_is_refused(bare: Any) -> None:
    with pytest.raises(InputError, match=r"score\(\[text\]\)"):
        check_texts(bare)


@pytest.mark.parametrize(("entry", "kind"), [
    (None, "NoneType"), (1, "int"), (float("nan"), "float"), (b"a", "bytes"), (["a"], "list"),
])
def test_the_entry_that_is_no_text_is_named(entry: Any, kind: str) -> None:
    with pytest.raises(InputError, match=rf"texts\[2\] is .*\({kind}\)"):
        check_texts(["a", "b", entry])


def test_a_long_entry_is_not_repeated_in_the_message() -> None:
    with pytest.raises(InputError) as caught:
        check_texts([b"x" * 10_000])  # type: ignore[list-item]
    assert len(str(caught.value)) < 120


def test_what_cannot_score_is_no_scorer() -> None:
    assert not isinstance(object(), Scorer)
