"""Texts of any length as rows of tokens that a model can read, and rows as batches.

A text of more tokens than the model reads becomes several windows, which begin and end between sentences
where possible. This module does not run the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toxmeter.text import Span, encode, windows

__all__ = ["Row", "TokenReader", "by_tokens", "legible_to"]

Row = npt.NDArray[np.int32]
"""One window, ``[f, t]``: token ids and, where the model wants them, segment ids, for ``t`` tokens."""

_CHARACTERS = 8  # a token; English has 4 to 5, so a text that fits in tokens hardly ever exceeds this
_MARGIN = 0.9  # windows of equal length differ in tokens
_CHUNK = 1_000  # windows that are tokenised at once, which bounds memory


class TokenReader:
    """Turns texts into windows of at most ``max_length`` tokens; safe to use from several threads.

    Attributes:
        window: characters that are tokenised at once; longer text is cut into windows of this length first.
        fields: inputs of the model that the rows hold, ``input_ids`` first.
    """

    def __init__(self, tokenizer: Any, max_length: int) -> None:  # noqa: ANN401 - one of transformers
        """Read with a tokenizer.

        Args:
            tokenizer: one of transformers; it is used without padding and truncation from now on.
            max_length: tokens in a window, special ones included; more than those alone.
        """
        self._tokenizer = tokenizer
        self._max_length = max_length
        unknown = getattr(tokenizer, "unk_token_id", None)
        self._unknown = -1 if unknown is None else int(unknown)
        self._legible = legible_to(tokenizer)
        self._padding = {"input_ids": tokenizer.pad_token_id or 0, "token_type_ids": tokenizer.pad_token_type_id}
        self._pad_left = tokenizer.padding_side == "left"
        self.window = _CHARACTERS * max_length
        # this first call also drops padding and truncation saved with the tokenizer: later ones only read it
        given = self._call([""])
        self.fields = ["input_ids", *(["token_type_ids"] if "token_type_ids" in given else [])]
        self._empty = next(self._arrays(given))
        self._special = self._empty.shape[1]
        self._blank = {*self._empty[0].tolist(), self._unknown}

    def read(self, texts: list[str]) -> tuple[list[Row], list[int]]:
        """Windows of texts.

        Every visible character is in a window. Only where a single character has more tokens than a window
        holds, it loses the last of them. A window of nothing but characters that the vocabulary lacks is read as
        an empty one: what models make of unknown tokens alone is chance.

        Returns:
            the windows, at least one for each text, and for each window the index of its text; windows of
            one text need not be neighbours.
        """
        found = [*self._windows(texts)]
        return [row for *_, row in found], [owner for owner, *_ in found]

    def spans(self, texts: list[str]) -> list[list[Span]]:
        """Where the windows of each text begin and end; ``text[begin:end]`` by itself is that one window again.

        A text of no more characters than a window has tokens is told as a whole, without being tokenised; should it
        have more tokens than that, as emoji may, it is one span of several windows.
        """
        long = [place for place, text in enumerate(texts) if len(text) > self._max_length - self._special]
        found: list[list[Span]] = [[(0, len(text))] for text in texts]
        for place in long:
            found[place] = []
        for owner, begin, end, _ in self._windows([texts[place] for place in long]):
            found[long[owner]].append((begin, end))
        return found

    def _windows(self, texts: list[str]) -> Iterator[tuple[int, int, int, Row]]:
        """Index of the text, begin, end and tokens of each window."""
        pending = [(owner, begin, end) for owner, text in enumerate(texts)
                   for begin, end in windows(text, self.window)]
        share = None
        while pending:
            split: list[tuple[int, int, int]] = []
            rows = self._rows([texts[owner][begin:end] for owner, begin, end in pending])
            for (owner, begin, end), row in zip(pending, rows, strict=True):
                if row.shape[1] <= self._max_length or end - begin < 2:
                    yield owner, begin, end, self._cut(row)
                else:
                    limit = max(1, int((end - begin) * (share or self._share(row))))
                    split += [(owner, begin + first, begin + last)
                              for first, last in windows(texts[owner][begin:end], limit)]
            # halves from now on: each round ends sooner, so that repeated overlaps cannot pile up
            pending, share = split, 0.5

    def stack(self, rows: Sequence[Row]) -> dict[str, npt.NDArray[np.int64]]:
        """Rows as padded inputs ``[m, t]`` of a model, with their ``attention_mask``."""
        longest = max(row.shape[1] for row in rows)
        inputs = {field: np.full((len(rows), longest), self._padding[field], np.int64) for field in self.fields}
        mask = np.zeros((len(rows), longest), np.int64)
        for at, row in enumerate(rows):
            place = slice(longest - row.shape[1], None) if self._pad_left else slice(row.shape[1])
            mask[at, place] = 1
            for field, values in zip(self.fields, row, strict=True):
                inputs[field][at, place] = values
        return inputs | {"attention_mask": mask}

    def _rows(self, pieces: list[str]) -> Iterator[Row]:
        for begin in range(0, len(pieces), _CHUNK):
            for row in self._arrays(self._call(pieces[begin : begin + _CHUNK])):
                yield self._empty if self._unknown in row[0] and self._blank.issuperset(row[0].tolist()) else row

    def _arrays(self, given: Any) -> Iterator[Row]:  # noqa: ANN401 - lists of lists, by field
        for values in zip(*(given[field] for field in self.fields), strict=True):
            yield np.array(values, np.int32).reshape(len(self.fields), -1)

    def _call(self, pieces: list[str]) -> Any:  # noqa: ANN401 - lists of lists, by field
        return self._tokenizer([*map(self._legible, pieces)], padding=False, truncation=False,
                               return_attention_mask=False, verbose=False)

    def _share(self, row: Row) -> float:
        """Of a window that is too long, the share that should fit."""
        room, taken = self._max_length - self._special, row.shape[1] - self._special
        share: float = _MARGIN * room / taken
        return share

    def _cut(self, row: Row) -> Row:
        if row.shape[1] <= self._max_length:
            return row
        return np.concatenate([row[:, : self._max_length - 1], row[:, -1:]], axis=1)


def legible_to(tokenizer: Any) -> Callable[[str], str]:  # noqa: ANN401 - see TokenReader
    """What makes texts such that a tokenizer reads all of them.

    No tokenizer takes a lone surrogate, which becomes ``?``. Those with WordPiece vocabularies take words beyond some
    length for unknown, whatever is in them: such words are broken. To raise that limit would take seconds a word.
    """
    longest = getattr(getattr(getattr(tokenizer, "backend_tokenizer", None), "model", None),
                      "max_input_chars_per_word", None)
    if longest is None:
        return lambda text: encode(text).decode()
    word = re.compile(rf"[^\s!-/:-@\[-`{{-~]{{{longest + 1},}}")  # they end at white space and ASCII punctuation
    part = re.compile(rf".{{1,{longest // 2}}}", re.DOTALL)

    def legible(text: str) -> str:
        text = encode(text).decode()
        if all(len(each) <= longest for each in text.split()):
            return text
        return word.sub(lambda found: " ".join(part.findall(found[0])), text)

    return legible


def by_tokens(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Batches of rows of like length.

    Args:
        lengths: tokens of each row.
        budget: tokens in a batch, padding included; a longer row is a batch of its own.

    Yields:
        row numbers of a batch, each row in one of them, short rows first.
    """
    batch: list[int] = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if batch and lengths[row] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
