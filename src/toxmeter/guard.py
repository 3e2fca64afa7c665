"""The guardrail: text in, verdict out.

``TextGuardrail`` puts a scorer and a policy together: it blanks what the policy allows, finds what it denies,
scores the rest in one call, however many or long the texts are, and compares with the thresholds. This
module holds no model and no thresholds of its own, keeps no text, and translates or rewrites none.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toxmeter.errors import LabelError, ToxmeterError
from toxmeter.models.catalog import DEFAULT, load
from toxmeter.models.scorer import check_texts
from toxmeter.policy import Policy
from toxmeter.stream import StreamJudge, areleased, check_chunks, released
from toxmeter.text import is_blank, windows
from toxmeter.verdict import Action, Label, StreamPiece, Verdict, VerdictSpan
from toxmeter.wordlist import Phrases, blanked, distinct, uncovered

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence

    from toxmeter.models.scorer import Scorer
    from toxmeter.text import Span

__all__ = ["Action", "Label", "StreamPiece", "TextGuardrail", "Verdict", "VerdictSpan"]

_ROUNDING = 1e-6  # scores are float32: .55 lies within .05 of .5


class TextGuardrail:
    """Judges texts by a scorer and a policy.

    A text without a visible character is safe and allowed with all scores 0; the scorer is not asked. The
    same holds for one that the allow list covers whole.

    Args:
        model: a scorer, or the name or folder of one.
        policy: a policy, the name of a shipped one or a TOML file; None for the scorer's own thresholds.

    Attributes:
        scorer: the scorer.
        policy: the policy.

    Raises:
        LabelError: when the scorer declares no label toxic.
        PolicyError: when the policy has mistakes or does not fit the scorer's labels.
        UnknownModel: when there is no model of that name.
        ArtifactError: when the model is broken.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Scorer = DEFAULT,
        *,
        policy: Policy | str | os.PathLike[str] | None = None,
    ) -> None:
        self.scorer = load(model) if isinstance(model, (str, os.PathLike)) else model
        if not self.scorer.labels.toxic_ids:
            raise LabelError(f"{'/'.join(self.scorer.labels.names)} say nothing about toxicity: declare"
                             " which do, load(model, toxic=[...]), or take a model of toxicity")
        if policy is None:
            policy = Policy()
        self.policy = policy if isinstance(policy, Policy) else Policy.from_toml(policy)
        self._version = self.scorer.version
        compiled = cache(Phrases)  # communities mostly share their lists
        self._rules = {name: _Rules.bind(self.policy.for_community(name), self.scorer, compiled)
                       for name in (None, *self.policy.communities)}

    def check_text(self, text: str, *, community: str | None = None) -> Verdict:
        """Judge one text.

        Args:
            text: any text, of any length.
            community: whose thresholds and lists hold; None for the policy's own.

        Raises:
            InputError: when ``text`` is no str.
            PolicyError: when the policy has no such community.
            ToxmeterError: when the scorer answers NaN.
        """
        return self.batch_check([text], community=community)[0]

    def batch_check(self, texts: Sequence[str], *, community: str | None = None) -> list[Verdict]:
        """Judge texts, with all of them and all windows of the long ones in one call of the scorer.

        Args:
            texts: any number of texts, of any length.
            community: whose thresholds and lists hold; None for the policy's own.

        Returns:
            a verdict for each text, in order.

        Raises:
            InputError: when ``texts`` is one bare text, or an entry is no str; the message names its index.
            PolicyError: when the policy has no such community.
            ToxmeterError: when the scorer answers NaN, which no threshold would hold back.
        """
        rules = self._rules_of(community)
        return self._judge([_prepare(text, rules, self.scorer.window) for text in check_texts(texts)], rules)

    def stream(self, chunks: Iterable[str], *, community: str | None = None) -> Generator[StreamPiece, None, None]:
        """Judge a text while it arrives, such as a language model's tokens, and release what is safe.

        Holds back the unfinished sentence, or the last 400 characters of an endless one. At the first text to
        block the stream ends: its piece has ``blocked``, and no ``text``. The source is closed at the end, also
        when the caller closes the generator. A denied phrase across two sentences is found with the second.

        Args:
            chunks: the text, cut anywhere.
            community: whose thresholds and lists hold; None for the policy's own.

        Returns:
            pieces in order; without a blocked one, their texts together are the whole text. The same text
            gives the same pieces, however it is cut.

        Raises:
            InputError: when ``chunks`` is one bare text or cannot be iterated over; while iterating, when a
                chunk is no str: the message names its index.
            PolicyError: when the policy has no such community.
            ToxmeterError: while iterating, when the scorer answers NaN.
        """
        check_chunks(chunks, Iterable)
        return released(chunks, self._stream_judge(community))

    def astream(
        self, chunks: AsyncIterable[str], *, community: str | None = None
    ) -> AsyncGenerator[StreamPiece, None]:
        """As ``stream``, for an async iterable; a worker thread judges, so that the event loop goes on."""
        check_chunks(chunks, AsyncIterable)
        return areleased(chunks, self._stream_judge(community))

    def _stream_judge(self, community: str | None) -> StreamJudge:
        rules = self._rules_of(community)

        def check(text: str, new: int, parts: Sequence[Span]) -> Verdict:
            return self._judge([_prepare(text, rules, self.scorer.window, new, parts)], rules)[0]

        return StreamJudge(check, rules.policy)

    def _rules_of(self, community: str | None) -> _Rules:
        if community not in self._rules:
            self.policy.for_community(community)  # raises, with the names that there are
        return self._rules[community]

    def _judge(self, cases: list[_Case], rules: _Rules) -> list[Verdict]:
        pieces = [case.judged[begin:end] for case in cases for begin, end in case.windows]
        rows: list[list[float]] = self.scorer.score(pieces).tolist() if pieces else []
        if isnan(sum(map(sum, rows))):
            raise ToxmeterError(f"{self._version} answers NaN: the model is broken; fetch or export it again")
        if len(cases) == 1:
            return [self._verdict(cases[0], rows, rules)]
        each = iter(rows)
        return [self._verdict(case, list(islice(each, len(case.windows))), rules) for case in cases]

    def _verdict(self, case: _Case, rows: list[list[float]], rules: _Rules) -> Verdict:
        names = self.scorer.labels.names
        if rows:
            row = rows[0] if len(rows) == 1 else [max(column) for column in zip(*rows, strict=True)]
            label, action, confidence, flagged = rules.judge(row, rules.total(rows))
        else:
            row, label, action, confidence, flagged = [0.0] * len(names), "safe", "allow", 1.0, ()
        if case.denied:
            label, action, confidence = "unsafe", "block", 1.0
        over = rules.window_spans(case.windows, rows) if len(case.text) > self.scorer.window else ()
        spans = tuple(sorted([*case.spans, *over]))
        scores = dict(zip(names, row, strict=True))
        return Verdict(case.text, label, action, confidence, scores, flagged, spans, self._version)


@dataclass(frozen=True, slots=True)
class _Rules:
    """A policy bound to a scorer.

    Attributes:
        policy: the policy.
        toxic: column, name and threshold of each toxic label that is judged; one with a threshold of 1 is not.
        lowest: of labels that exclude each other, the smallest threshold, which holds for the sum of the
            toxic ones too; None for a multilabel set.
        review: half the width of the band around a threshold.
        deny: phrases that make a text unsafe.
        allow: phrases that are not judged.
    """

    policy: Policy
    toxic: tuple[tuple[int, str, float], ...]
    lowest: float | None
    review: float
    deny: Phrases
    allow: Phrases

    @classmethod
    def bind(cls, policy: Policy, scorer: Scorer, compiled: Callable[[tuple[str, ...]], Phrases]) -> _Rules:
        labels = scorer.labels
        thresholds = policy.bind(labels, scorer.thresholds).tolist()
        toxic = tuple((column, labels.names[column], thresholds[column]) for column in labels.toxic_ids
                      if thresholds[column] < 1.0)
        lowest = None if labels.kind == "multilabel" or not toxic else min(threshold for _, _, threshold in toxic)
        deny, allow = compiled(tuple(policy.deny)), compiled(tuple(policy.allow))
        return cls(policy, toxic, lowest, policy.review, deny, allow)

    def total(self, rows: list[list[float]]) -> float | None:
        """The largest sum of the toxic labels in any window; None for a multilabel set.

        The maxima per label of several windows do not belong together and are not added.
        """
        return None if self.lowest is None else max(map(self._sum, rows))

    def judge(self, row: list[float], total: float | None) -> tuple[Label, Action, float, tuple[str, ...]]:
        """Label, action, confidence and flagged labels of a text by its scores per label and their total."""
        margin, top, flagged = -1.0, 0.0, []
        for column, name, threshold in self.toxic:
            score = row[column]
            if score >= threshold:
                flagged.append(name)
                top = max(top, score)
            margin = max(margin, score - threshold)  # the label furthest over its threshold decides
        if total is not None and self.lowest is not None:
            margin, top = max(margin, total - self.lowest), total
        elif not flagged:
            top = max([row[column] for column, _, _ in self.toxic], default=0.0)
        unsafe = margin >= 0.0
        label: Label = "unsafe" if unsafe else "safe"
        action: Action = "block" if unsafe else "allow"
        if self.review and abs(margin) <= self.review + _ROUNDING:
            action = "review"
        return label, action, top if unsafe else 1.0 - top, tuple(flagged)

    def window_spans(self, places: list[Span], rows: list[list[float]]) -> Iterator[VerdictSpan]:
        """The windows at or over a threshold, once for each label."""
        for (begin, end), row in zip(places, rows, strict=True):
            over = [(name, row[column]) for column, name, threshold in self.toxic if row[column] >= threshold]
            if not over and self.lowest is not None and self._sum(row) >= self.lowest:
                over = [("+".join(name for _, name, _ in self.toxic), self._sum(row))]
            for name, score in over:
                yield VerdictSpan(begin, end, name, score, "window")

    def _sum(self, row: list[float]) -> float:
        # in float32 as the thresholds are, so that .45 + .05 reaches .5
        return min(1.0, float(np.float32(sum([row[column] for column, _, _ in self.toxic]))))


class _Case(NamedTuple):
    """A text made ready: what is judged of it, in which windows, and the phrases found."""

    text: str
    judged: str
    windows: list[Span]
    denied: bool
    spans: list[VerdictSpan]


def _prepare(text: str, rules: _Rules, limit: int, new: int = 0, parts: Sequence[Span] | None = None) -> _Case:
    """The text as it is judged: all of it, or by its parts, and without denied phrases that end before what is new."""
    if not (rules.deny or rules.allow):
        return _Case(text, text, _places(text, limit, new, parts), False, [])
    allowed = rules.allow.hits(text)
    denied = [hit for hit in uncovered(rules.deny.hits(text), allowed) if hit[1] > new]
    judged = blanked(text, allowed) if allowed else text
    spans = [VerdictSpan(begin, end, "deny", 1.0, "deny") for begin, end in distinct(denied, len(text))]
    spans += [VerdictSpan(begin, end, "allow", 0.0, "allow") for begin, end in distinct(allowed, len(text))]
    return _Case(text, judged, _places(judged, limit, new, parts), bool(denied), spans)


def _places(text: str, limit: int, new: int, parts: Sequence[Span] | None) -> list[Span]:
    """The windows of a text, or of parts of it; none where nothing new is to be seen."""
    if is_blank(text[new:]):
        return []
    if parts is None:
        return windows(text, limit)
    return [(first + begin, first + end) for first, last in parts if not is_blank(text[first:last])
            for begin, end in windows(text[first:last], limit)]
