"""What ``toxmeter check --explain`` shows: the words of a text that speak for its labels.

Marks by colour where the terminal has it, else in brackets: ``[strong]`` and ``(weak)``. The weights are those of
``toxmeter.models.explain``; this module judges nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from toxmeter.cli.terminal import paint, printable
from toxmeter.models.explain import SHARE, Evidence, explain, toxic_spans

if TYPE_CHECKING:
    from toxmeter.models.scorer import Scorer
    from toxmeter.verdict import Verdict

__all__ = ["explanation", "explanation_lines", "marked"]

_WEAK = 0.25  # of the strongest word's weight
_LEAST = 0.5  # logits; what adds less is not worth a mark


def explanation(scorer: Scorer, text: str) -> dict[str, Any]:
    """The fields ``evidence`` and ``toxic_spans`` of a verdict in JSON."""
    evidence = [{**each._asdict(), "weight": round(each.weight, 4)} for each in explain(scorer, text)]
    return {"evidence": evidence, "toxic_spans": [list(span) for span in toxic_spans(scorer, text)]}


def explanation_lines(scorer: Scorer, verdict: Verdict, *, colour: bool, room: int) -> list[str]:
    """A line for each flagged label, or else for the one with the highest score, if any word speaks for it.

    Args:
        scorer: who judged.
        verdict: its verdict.
        colour: whether the terminal takes colour.
        room: characters of text in a line.
    """
    toxic = [scorer.labels.names[column] for column in scorer.labels.toxic_ids]
    names = [name for name in verdict.flagged if name in toxic]
    if not names and toxic:
        names = [max(toxic, key=lambda name: verdict.scores[name])]
    evidence = explain(scorer, verdict.text, labels=names) if verdict.text.strip() else []
    lines = []
    for name in names:
        words = [each for each in evidence if each.label == name and each.weight >= _LEAST]
        if words:
            lines.append(f"    {printable(name):16}  {marked(verdict.text, words, colour=colour, room=room)}")
    return lines


def marked(text: str, words: Sequence[Evidence], *, colour: bool, room: int) -> str:
    """One line of the text with the words marked that have a quarter or more of the strongest one's weight.

    Args:
        text: any text.
        words: some of its words, at least one, for one label.
        colour: red and yellow in place of brackets.
        room: about how many characters to show, around the strongest word.
    """
    strongest = max(words, key=lambda each: each.weight)
    middle = (strongest.begin + strongest.end) // 2
    first = max(0, min(middle - room // 2, len(text) - room))
    last = min(len(text), first + room)
    parts, at = ["…" if first else ""], first
    for each in sorted(words):
        if each.weight < _WEAK * strongest.weight or each.begin < at or each.end > last:
            continue
        strong = each.weight >= SHARE * strongest.weight
        word = _line(text[each.begin : each.end])
        parts.append(_line(text[at : each.begin]))
        parts.append(paint(word, "red" if strong else "yellow") if colour else f"[{word}]" if strong else f"({word})")
        at = each.end
    return "".join([*parts, _line(text[at:last]), "…" if last < len(text) else ""])


def _line(text: str) -> str:
    """The text on one line, with nothing in it that acts on a terminal."""
    return printable("".join(" " if char.isspace() else char for char in text))
