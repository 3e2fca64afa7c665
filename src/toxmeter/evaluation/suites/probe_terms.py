"""Finding the identity terms in made-up phrases, such as those of the madlibs of Dixon et al. (2018), without a list.

Phrases of one template are compared: "You are a kind X" and "You are a kind Y" differ by one run of words. A run is
*free* if exchanging it leaves the phrases as toxic as they were, and it stands in toxic and in harmless phrases: names
and identities are free, insults are not. A free run that does so in two templates or more is an identity term.
This module scores nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Found", "find_terms"]

_LONGEST = 3  # words of a term
_AGREE = 0.9  # so many of the exchanges leave the label as it is; the rest may be mistakes in the file

Run = tuple[str, ...]
Frame = tuple[str, Run, Run]


class Found(NamedTuple):
    """The term of a phrase.

    Attributes:
        term: the longest in it; empty without one.
        frame: the phrase without the term: phrases of one frame differ by the term only.
        pattern: the frame without other free runs: that a name is another one makes no new template.
    """

    term: str
    frame: str
    pattern: str


def find_terms(templates: Sequence[str], phrases: Sequence[str], toxic: Sequence[bool]) -> list[Found]:
    """Find the term of each phrase.

    Args:
        templates: name of the template of each of ``n`` phrases.
        phrases: ``n`` texts; words are separated by spaces.
        toxic: which of them are toxic.
    """
    words = [tuple(phrase.split()) for phrase in phrases]
    free = _free_runs(templates, words, toxic)
    terms = {run for run, there in free.items() if len(there) > 1}
    return [_found(template, each, terms, free) for template, each in zip(templates, words, strict=True)]


def _free_runs(templates: Sequence[str], words: Sequence[Run], toxic: Sequence[bool]) -> dict[Run, set[str]]:
    """The free runs, each with the templates in which it is exchanged."""
    frames: dict[Frame, dict[Run, bool]] = defaultdict(dict)
    for template, each, label in zip(templates, words, toxic, strict=True):
        for run, before, after in _runs(each):
            frames[template, before, after][run] = bool(label)
    exchanged: dict[Run, set[str]] = defaultdict(set)
    agree: dict[Run, float] = defaultdict(float)
    labels: dict[Run, list[bool]] = defaultdict(list)
    for (template, _, _), fillers in frames.items():
        if len(fillers) > 1:
            toxic_fillers = sum(fillers.values())
            for run, label in fillers.items():
                exchanged[run].add(template)
                labels[run].append(label)
                same = toxic_fillers if label else len(fillers) - toxic_fillers
                agree[run] += (same - 1) / (len(fillers) - 1)
    return {run: exchanged[run] for run, found in labels.items()
            if any(found) and not all(found) and agree[run] >= _AGREE * len(found)}


def _runs(words: Run) -> Iterator[tuple[Run, Run, Run]]:
    """Runs of words with what is before and after them, the longest first."""
    for length in range(min(_LONGEST, len(words) - 1), 0, -1):
        for start in range(len(words) - length, -1, -1):
            yield words[start : start + length], words[:start], words[start + length :]


def _found(template: str, words: Run, terms: set[Run], free: dict[Run, set[str]]) -> Found:
    for run, before, after in _runs(words):
        if run in terms:
            rest = (*before, "_", *after)
            return Found(" ".join(run), f"{template}: {' '.join(rest)}", f"{template}: {_without(rest, free)}")
    return Found("", f"{template}: {' '.join(words)}", f"{template}: {_without(words, free)}")


def _without(words: Run, free: dict[Run, set[str]]) -> str:
    """The words with a gap for the longest free run that is left."""
    for run, before, after in _runs(words):
        if run in free and "_" not in run:
            return " ".join((*before, "*", *after))
    return " ".join(words)
