"""Symbols in words: what they are spelt as, and that the saved tokenizer spells them too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.extras import need
from toxmeter.labels import LabelSet
from toxmeter.models.pretrained import quiet
from toxmeter.recipe.fitting import TransformerModel
from toxmeter.training.encoder import load_network
from toxmeter.training.symbols import spell_symbols, spellings

if TYPE_CHECKING:
    from pathlib import Path

PAIR = LabelSet(("safe", "toxic"), "binary", ("toxic",))


@pytest.fixture(scope="module")
def plain(tiny_encoder: Path) -> Any:
    return load_network(TransformerModel(base=str(tiny_encoder)), PAIR)[1]


@pytest.fixture(scope="module")
def spelling(tiny_encoder: Path) -> Any:
    return load_network(TransformerModel(base=str(tiny_encoder), symbols="spell"), PAIR)[1]


@pytest.mark.parametrize(("symbol", "words"), [
    ("🔪", " kitchen knife "), ("❤", " red heart "), ("💩", " pile of poo "), ("ｓ", "s"), ("𝓼", "s"), ("ⓢ", "s"),
    ("²", "2")])
def test_what_symbols_are_spelt_as(symbol: str, words: str) -> None:
    assert spellings()[symbol] == words


def test_letters_are_left_alone() -> None:
    assert not {"s", "é", "ß", "你", "я", " ", "\n", "."} & spellings().keys()


@pytest.mark.parametrize(("symbols", "words"), [
    ("you 🔪", "you kitchen knife"), ("I❤you", "I red heart you"), ("ｓｔｕｐｉｄ", "stupid"),
    ("𝓼𝓽𝓾𝓹𝓲𝓭 fool", "stupid fool"), ("Ａｎｇｒｙ", "angry")])
def test_the_tokenizer_reads_symbols_as_words(spelling: Any, plain: Any, symbols: str, words: str) -> None:
    assert spelling(symbols)["input_ids"] == plain(words)["input_ids"]
    assert plain(symbols)["input_ids"] != plain(words)["input_ids"]


@given(st.text(st.characters(max_codepoint=0x7F), max_size=60))
def test_plain_text_has_the_same_tokens(spelling: Any, plain: Any, text: str) -> None:
    assert spelling(text)["input_ids"] == plain(text)["input_ids"]


def test_a_saved_tokenizer_still_spells(spelling: Any, tmp_path: Path) -> None:
    transformers = need("transformers", extra="train")
    with quiet():
        spelling.save_pretrained(tmp_path)
        loaded = transformers.AutoTokenizer.from_pretrained(tmp_path)
    for text in ("you 🔪", "ｓｔｕｐｉｄ", "a nice day", ""):
        assert loaded(text)["input_ids"] == spelling(text)["input_ids"]
    assert (loaded.pad_token_id, loaded.model_max_length) == (spelling.pad_token_id, spelling.model_max_length)
    assert loaded(["a", "a nice day"], padding=True)["attention_mask"][0][-1] == 0


def test_a_tokenizer_that_is_none_of_the_library_is_refused() -> None:
    class Slow:
        is_fast = False

    with pytest.raises(ValueError, match="cannot learn to spell symbols"):
        spell_symbols(Slow())


def test_nothing_is_printed(tiny_encoder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_network(TransformerModel(base=str(tiny_encoder), symbols="spell"), PAIR)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
