"""Words and phrases found in text, whatever their case, width, accents' encoding or hidden characters.

``Phrases`` serves the deny and allow lists of a policy. Text and phrases are compared character by character
after NFKD and case folding, without invisible characters (zero-width spaces, soft hyphens, variation
selectors), and any run of white space counts as one space. This module does not undo disguises that are
visible (``1d10t``, ``i d i o t``), does not know grammar (``idiots`` is not ``idiot``), and finds no words in
scripts that are written without spaces unless something other than a letter stands on both sides.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from toxmeter.errors import InputError
from toxmeter.text import IGNORABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from toxmeter.text import Span

__all__ = ["Phrases", "blanked", "distinct", "phrase_problem", "uncovered"]

_MARKS_WITHIN = range(0x300, 0x20000)  # all other marks; the planes above hold ideographs
_DEEPEST = 50  # nested groups that Python's regex compiler takes with ease


class Phrases:
    """A set of words and phrases to look for.

    A match begins and ends at a word border: not between two characters that are letters, digits or marks.
    So ``ass`` is not found in ``class``, while an emoji is found right after a word.

    Args:
        entries: words or phrases, none of them blank.

    Raises:
        InputError: when ``entries`` is one bare str, or an entry is blank or no str; the message names its
            index.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        if isinstance(entries, (str, bytes)):
            raise InputError("phrases are one bare text: pass a list of words or phrases")
        rows = list(entries)
        for index, entry in enumerate(rows):
            if problem := phrase_problem(entry):
                raise InputError(f"phrases[{index}]: {problem}")
        folded = sorted({_fold_phrase(entry) for entry in rows})
        self._size = len(folded)
        self._pattern = _compile(folded) if folded else None

    def __len__(self) -> int:
        """How many different phrases there are, after folding."""
        return self._size

    def find(self, text: str) -> list[Span]:
        """Where the phrases are, without overlaps: of those that overlap, the longest stays.

        Args:
            text: any text, of any length.

        Returns:
            spans in order, as offsets into ``text`` (code points, end exclusive).
        """
        return distinct(self.hits(text), len(text))

    def hits(self, text: str) -> list[Span]:
        """Where the phrases are, overlaps included: for every place where one begins, the longest.

        Args:
            text: any text, of any length.

        Returns:
            spans in order, as offsets into ``text`` (code points, end exclusive).
        """
        if self._pattern is None:
            return []
        table = {} if text.isascii() else {ord(char): _fold(char) for char in set(text)}
        folded = _ordered(text.translate(table)) if table else text.lower()
        found = [match.span(1) for match in self._pattern.finditer(folded)]
        if not found or all(len(fold) == 1 for fold in table.values()):
            return found
        origin = _origins(text, table)
        return [(int(origin[begin]), int(origin[end - 1]) + 1) for begin, end in found]


def distinct(spans: Iterable[Span], size: int) -> list[Span]:
    """Spans without overlaps: the longest first, and of equally long ones the first.

    Args:
        spans: spans in any order, none of them empty.
        size: the length of the text.

    Returns:
        those that stay, in order.
    """
    rows = sorted(spans, key=lambda span: (span[0] - span[1], span[0]))
    if len(rows) < 2:
        return rows
    taken = bytearray(size)
    kept: list[Span] = []
    for begin, end in rows:
        # a span is never longer than those before it, so one that overlaps them does so at one of its ends
        if not taken[begin] and not taken[end - 1]:
            taken[begin:end] = b"\1" * (end - begin)
            kept.append((begin, end))
    return sorted(kept)


def uncovered(spans: list[Span], covers: list[Span]) -> list[Span]:
    """The spans that do not lie wholly inside one of the covers.

    Args:
        spans: spans sorted by their beginning.
        covers: spans sorted by their beginning; they may overlap.
    """
    kept: list[Span] = []
    at = reach = 0
    for begin, end in spans:
        while at < len(covers) and covers[at][0] <= begin:
            reach = max(reach, covers[at][1])
            at += 1
        if end > reach:
            kept.append((begin, end))
    return kept


def blanked(text: str, spans: list[Span]) -> str:
    """The text with as many spaces in place of the spans, so that offsets into it hold.

    Args:
        text: any text.
        spans: spans sorted by their beginning; they may overlap.
    """
    parts: list[str] = []
    at = 0
    for begin, end in spans:
        if end > at:
            begin = max(begin, at)
            parts += [text[at:begin], " " * (end - begin)]
            at = end
    return "".join([*parts, text[at:]])


def phrase_problem(entry: object) -> str | None:
    """What is wrong with an entry of a word list, or None."""
    if not isinstance(entry, str):
        return f"{entry!r:.40} ({type(entry).__name__}) is no text"
    return None if _fold_phrase(entry) else f"{entry!r:.40} is blank"


def _fold_phrase(entry: str) -> str:
    return " ".join(_ordered("".join(map(_fold, entry))).split())


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    """What a character is compared as: none, one or several characters."""
    if char in IGNORABLE or unicodedata.category(char) == "Cf":
        return ""
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())


def _ordered(folded: str) -> str:
    """Folded text with the marks on each letter in their canonical order, as long as it was.

    No phrase begins or ends between two marks, so that its offsets hold as well.
    """
    return unicodedata.normalize("NFD", folded)


def _origins(text: str, table: dict[int, str]) -> npt.NDArray[np.intp]:
    """For each character of the folded text, the offset in ``text`` of the one that it came from."""
    sizes = {chr(code): len(fold) for code, fold in table.items()}
    repeats = np.fromiter(map(sizes.__getitem__, text), np.intp, len(text))
    return np.repeat(np.arange(len(text)), repeats)


def _compile(phrases: list[str]) -> re.Pattern[str]:
    """A pattern whose group 1 is the longest of some sorted phrases that begins at a place."""
    firsts = re.escape("".join(sorted({phrase[0] for phrase in phrases})))
    return re.compile(f"(?=[{firsts}]){_border()}(?=({_tree(phrases)}){_border()})")


def _tree(phrases: list[str], depth: int = 0) -> str:
    """A pattern for the longest of some sorted phrases: a tree over their shared beginnings.

    A plain alternation would try thousands of phrases at every word.
    """
    if depth == _DEEPEST:
        return f"(?:{'|'.join(map(_literal, reversed(phrases)))})"  # reversed: the longer of two comes first
    shared = _shared_beginning(phrases[0], phrases[-1])
    rests = [phrase[len(shared):] for phrase in phrases]
    groups = groupby(filter(None, rests), lambda rest: rest[0])
    branches = [_tree(list(group), depth + 1) for _, group in groups]
    if not branches:
        return _literal(shared)
    return f"{_literal(shared)}(?:{'|'.join(branches)}){'?' if '' in rests else ''}"


def _shared_beginning(one: str, other: str) -> str:
    unequal = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return one[:next(unequal, min(len(one), len(other)))]


def _literal(phrase: str) -> str:
    return re.escape(phrase).replace(r"\ ", r"\s++")  # possessive: no stepping back through blanks


@cache
def _border() -> str:
    """A pattern for a place that is not between two letters, digits or marks."""
    marks = [code for code in _MARKS_WITHIN if unicodedata.category(chr(code))[0] == "M"]
    runs = np.split(np.array(marks), np.flatnonzero(np.diff(marks) > 1) + 1)
    near = "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs if run[0] < 0x10000)
    far = "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs if run[0] >= 0x10000)
    # the regex engine tries ranges beyond U+FFFF one by one, so they wait behind a quick test
    inner = rf"(?:[^\W_]|[{near}]|(?![\0-\uffff])[{far}])"
    return f"(?:(?<!{inner})|(?!{inner}))"
