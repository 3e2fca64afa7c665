"""What the guardrail answers: a verdict on a text, and the pieces of a stream.

This module holds results only; it judges nothing and keeps no text that it was not given.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

__all__ = ["Action", "Label", "StreamPiece", "Verdict", "VerdictSpan"]

Label = Literal["safe", "unsafe"]
Action = Literal["allow", "review", "block"]


class VerdictSpan(NamedTuple):
    """A stretch of text that speaks for the verdict, or that was not judged.

    Attributes:
        begin: its first character, as an offset in code points.
        end: one past its last character.
        label: the label whose threshold a window reached (toxic labels joined by ``+`` where only their sum
            did); ``deny`` or ``allow`` for a phrase.
        score: the score of that label there, in [0, 1]; 1 for ``deny`` and 0 for ``allow``.
        source: ``window`` of a long text, or the list that the phrase is in.
    """

    begin: int
    end: int
    label: str
    score: float
    source: Literal["window", "deny", "allow"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guardrail says about one text; ``verdict["label"]`` reads a field as well.

    Attributes:
        text: the text as it was given.
        label: ``safe`` or ``unsafe``.
        action: ``block`` for unsafe, ``allow`` for safe, ``review`` for either within the policy's band.
        confidence: the probability of ``label``, in [0, 1]: the highest flagged score when unsafe, one less
            the highest score of a judged toxic label when safe; of labels that exclude each other the sum of
            the toxic ones counts. 1 where a denied phrase decided, and for a blank text.
        scores: probability per label, over all windows the highest.
        flagged: the labels at or over their thresholds; none where only their sum, or a phrase, decided.
        spans: denied and allowed phrases, and of a long text the windows at or over a threshold, in order.
        version: the scorer's version.
    """

    text: str
    label: Label
    action: Action
    confidence: float
    scores: dict[str, float]
    flagged: tuple[str, ...]
    spans: tuple[VerdictSpan, ...]
    version: str

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - fields of several types
        if name not in _FIELDS:
            raise KeyError(name)
        return getattr(self, name)

    def to_dict(self) -> dict[str, Any]:
        """The verdict as plain JSON values."""
        plain = {name: getattr(self, name) for name in _FIELDS}
        return plain | {"scores": dict(self.scores), "flagged": list(self.flagged),
                        "spans": [span._asdict() for span in self.spans]}


_FIELDS = tuple(f.name for f in fields(Verdict))


@dataclass(frozen=True, slots=True)
class StreamPiece:
    """A part of a stream, in the order received; ``text`` of all pieces together is what may be shown.

    Attributes:
        text: what is released, exactly as received; empty for a blocked piece.
        held: what is not released: the unsafe text of a blocked piece, which is the last; otherwise empty.
        begin: where ``text`` or ``held`` begins, as an offset in code points into the whole stream.
        end: one past its last character.
        verdict: on this piece and the text before it that was judged with it. ``verdict.text`` ends where the
            piece ends, and offsets of ``verdict.spans`` are into it.
    """

    text: str
    held: str
    begin: int
    end: int
    verdict: Verdict

    @property
    def blocked(self) -> bool:
        """Whether this is the end, and ``held`` the reason; a piece to be reviewed is released."""
        return self.verdict.action == "block"
