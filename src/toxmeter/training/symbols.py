"""Emoji and styled letters in words that an encoder knows, as a part of its tokenizer.

Most encoders of English text have no emoji in their vocabulary: a knife and a heart are the same unknown token
to them. ``spell_symbols`` puts a map in front of the tokenizer's own normalisation – emoji to their short names in
Unicode's CLDR, and styled letters and digits (full width, mathematical, circled) to plain ones – which is saved
in ``tokenizer.json`` and so holds wherever the model runs. This module does not touch the vocabulary.
"""

from __future__ import annotations

import sys
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

from toxmeter.extras import need

__all__ = ["spell_symbols", "spellings"]


def spellings() -> dict[str, str]:
    """What is written for each symbol: names of emoji between spaces, plain letters for styled ones.

    Emoji of several code points (flags, families, skin tones) are spelt code point by code point.
    """
    emoji = need("emoji", extra="train")
    names = {sign: emoji.demojize(sign, delimiters=("", "")) for sign in emoji.EMOJI_DATA if len(sign) == 1}
    found = {sign: f" {name.replace('_', ' ')} " for sign, name in names.items()}
    for sign in map(chr, range(0x80, sys.maxunicode + 1)):
        plain = unicodedata.normalize("NFKC", sign)
        if sign not in found and plain.isascii() and plain.isalnum():
            found[sign] = plain
    return found


def spell_symbols(tokenizer: Any) -> Any:  # noqa: ANN401 - tokenizers of transformers
    """A tokenizer that reads ``spellings``, and else as the one that is given.

    Raises:
        ValueError: when the tokenizer is not one of the tokenizers library.
        MissingExtra: without emoji or sentencepiece.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise ValueError("its tokenizer is not of the tokenizers library, so it cannot learn to spell symbols")
    normalizers = need("tokenizers", extra="train").normalizers
    transformers = need("transformers", extra="train")
    backend = tokenizer.backend_tokenizer
    own = [] if backend.normalizer is None else [backend.normalizer]
    backend.normalizer = normalizers.Sequence([normalizers.Precompiled(_charsmap(spellings())), *own])
    # a class of its own would build the normalisation anew when it is loaded, without the map
    special = {name: str(value) for name, value in tokenizer.special_tokens_map.items()}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=tokenizer.model_max_length, padding_side=tokenizer.padding_side,
        model_input_names=tokenizer.model_input_names, **special)


def _charsmap(rules: dict[str, str]) -> bytes:
    """The rules in the binary form that sentencepiece and tokenizers share."""
    sentencepiece = need("sentencepiece", extra="train")
    messages = need("sentencepiece.sentencepiece_model_pb2", extra="train")

    sentencepiece.set_min_log_level(2)  # warnings: it tells of each step on standard error
    lines = ["\t".join(" ".join(f"{ord(sign):X}" for sign in side) for side in rule) for rule in sorted(rules.items())]
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "rules.tsv"
        table.write_text("\n".join(lines) + "\n", "ascii")
        normalizer = sentencepiece.SentencePieceNormalizer(rule_tsv=str(table))
    model = messages.ModelProto()
    model.ParseFromString(normalizer.serialized_model_proto())
    found: bytes = model.normalizer_spec.precompiled_charsmap
    return found
