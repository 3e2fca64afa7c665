"""Streams: text that arrives in chunks, such as a language model's tokens, released sentence by sentence.

``SentenceBuffer`` cuts the stream, wherever the chunks were cut, ``StreamJudge`` decides on each sentence, and
``released`` and ``areleased`` carry chunks to it and pieces from it. A sentence is judged by itself, since harmless
text around it would hide its toxicity, and together with the one before it. Phrases of the policy are looked
for in more of what was released, so that one which began there is found, though its beginning is already out.

This module scores nothing (``toxmeter.guard`` does), alters no text, and never takes back what it released. A
word of more than 400 characters is cut anywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from contextlib import aclosing
from functools import lru_cache
from inspect import isawaitable
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from toxmeter.errors import InputError
from toxmeter.text import Span, sentences
from toxmeter.verdict import StreamPiece, Verdict
from toxmeter.wordlist import Phrases, phrase_problem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator

    from toxmeter.policy import Policy

__all__ = ["SentenceBuffer", "StreamJudge", "areleased", "check_chunks", "released"]

Check = Callable[[str, int, Sequence[Span]], Verdict]
"""Judges a text by parts of it; the offset is where what is new begins."""

_LIMIT = 400  # characters of a sentence that are held back at most
_LEAD = 30  # "1." or "Mr." alone is no sentence to judge the next one with
_UNDECIDED = "”"  # may follow a full stop without ending the sentence: what ends before it has surely ended


class SentenceBuffer:
    """Holds back the unfinished sentence of a stream.

    Sentences end where ``toxmeter.text.sentences`` says, as soon as no further character can change that: at the
    white space after a full stop. The white space itself belongs to the next sentence. However a text is cut
    into chunks, it gives the same sentences.

    Args:
        limit: characters that are held back at most, at least 1; a longer sentence is cut before white space,
            or anywhere if it has none.
    """

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._text = ""
        self._searched = 0  # no sentence ends before this offset

    def push(self, chunk: str) -> Iterator[str]:
        """Take a chunk; gives the sentences that it completes, exactly as received."""
        at = 0
        while at < len(chunk):  # in steps, as one huge chunk must be cut where many small ones are
            step = chunk[at:at + self._limit + 1 - len(self._text)]
            at += len(step)
            self._text += step
            yield from self._complete()

    def rest(self) -> str:
        """Take out what is held back; empty when nothing is."""
        text, self._text, self._searched = self._text, "", 0
        return text

    def _complete(self) -> Iterator[str]:
        spans = sentences(self._text[self._searched:] + _UNDECIDED)
        ends = [self._searched + end for _, end in spans[:-1]]
        if not ends and len(self._text) > self._limit:
            ends = [_last_word(self._text + _UNDECIDED) or self._limit]
        begin = 0
        for end in ends:
            yield self._text[begin:end]
            begin = end
        self._text = self._text[begin:]
        self._searched = _last_word(self._text)  # its end may turn out to be the sentence's


def _last_word(text: str) -> int:
    """Where the white space before the last word begins; 0 where no other word is before it."""
    words = text.rsplit(None, 1)
    return len(words[0]) if len(words) > 1 else 0


class StreamJudge:
    """Decides on the sentences of one stream.

    Args:
        check: judges text.
        policy: whose phrases ``check`` looks for.
    """

    def __init__(self, check: Check, policy: Policy) -> None:
        self._check = check
        self._openings, reach = _lists(tuple(policy.deny), tuple(policy.allow))
        self._buffer = SentenceBuffer()
        self._before = _Before(reach)
        self._held = ""
        self._ends: list[int] = []  # of the sentences in it
        self._begin = 0
        self._chunks = 0

    def sentences(self, chunk: str) -> Iterator[str]:
        """The sentences that a chunk completes; each goes to ``judge`` before the next is taken.

        Raises:
            InputError: when the chunk is no str; the message names its index.
        """
        if not isinstance(chunk, str):
            raise InputError(f"chunks[{self._chunks}] is {chunk!r:.40} ({type(chunk).__name__}): every chunk is a str")
        self._chunks += 1
        return self._buffer.push(chunk)

    def judge(self, sentence: str, *, last: bool = False) -> StreamPiece | None:
        """Decide on a sentence.

        Args:
            sentence: the next one.
            last: nothing comes after it.

        Returns:
            a piece; None where there is nothing to decide, or where the next sentence may complete an allowed
            phrase: then both are decided on together.
        """
        self._held += sentence
        if not self._held:
            return None
        self._ends.append(len(self._held))
        text = self._before.text + self._held
        verdict = self._check(text, len(self._before.text), self._parts())
        blocked = verdict.action == "block"
        if blocked and not last and self._may_be_lifted(text):
            return None
        held, self._held, self._ends = self._held, "", []
        begin, self._begin = self._begin, self._begin + len(held)
        self._before.add(held)
        return StreamPiece("" if blocked else held, held if blocked else "", begin, self._begin, verdict)

    def finish(self) -> StreamPiece | None:
        """Decide on what is still held back when the source has ended."""
        return self.judge(self._buffer.rest(), last=True)

    def _parts(self) -> list[Span]:
        """What is judged of the text before and what is held: each sentence, and up to its end from the lead on."""
        lead, own = self._before.lead, len(self._before.text)
        ends = [own + end for end in self._ends]
        return sorted({*((begin, end) for begin, end in pairwise([own, *ends]) if begin < end),
                       *((lead, end) for end in ends)})

    def _may_be_lifted(self, text: str) -> bool:
        """Whether the text ends within what may become an allowed phrase; not for ever, so that memory is bounded."""
        if not self._openings or len(self._held) > _LIMIT + self._before.reach:
            return False
        end = len(text.rstrip())
        return any(hit[1] == end for hit in self._openings.hits(text))


class _Before:
    """What was released last, from the beginning of a sentence on.

    Attributes:
        reach: characters before ``lead`` that are kept at least.
        text: what is kept.
        lead: where in it begins what the next sentence is judged together with.
    """

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self.text = ""
        self.lead = 0
        self._begins: list[int] = []  # of the sentences in the text

    def add(self, sentence: str) -> None:
        self._begins.append(len(self.text))
        self.text += sentence
        self.lead = self._latest(len(self.text) - _LEAD)
        cut = self._latest(self.lead - self.reach)
        self.text, self.lead = self.text[cut:], self.lead - cut
        self._begins = [begin - cut for begin in self._begins if begin >= cut]

    def _latest(self, limit: int) -> int:
        return max((begin for begin in self._begins if begin <= limit), default=0)


class _Lists(NamedTuple):
    """What a stream must know of a policy's phrases.

    Attributes:
        openings: the beginnings of allowed phrases, up to where a stream may be cut.
        reach: how far back a phrase may begin, in characters.
    """

    openings: Phrases
    reach: int


@lru_cache(maxsize=32)
def _lists(deny: tuple[str, ...], allow: tuple[str, ...]) -> _Lists:
    longest = max((len(unicodedata.normalize("NFKD", phrase).casefold()) for phrase in (*deny, *allow)), default=0)
    openings = {opening for phrase in allow for opening in _openings(phrase) if not phrase_problem(opening)}
    return _Lists(Phrases(openings), 2 * longest)  # twice, for runs of white space and invisible characters


def _openings(phrase: str) -> Iterator[str]:
    phrase = phrase.strip()
    yield from (phrase[:blank.start()] for blank in re.finditer(r"\s+", phrase))
    yield from (phrase[:end] for _, end in sentences(phrase)[:-1])


# ------------------------------------------------------------------ from a source of chunks to pieces


def check_chunks(chunks: object, kind: type[Iterable[str]] | type[AsyncIterable[str]]) -> None:
    """See that chunks can be iterated over.

    Args:
        chunks: what was passed.
        kind: ``Iterable`` or ``AsyncIterable``.

    Raises:
        InputError: when ``chunks`` is one bare text, or not of that kind.
    """
    if isinstance(chunks, (str, bytes)):
        raise InputError("chunks is one bare text: pass an iterable of str, or use check_text")
    if not isinstance(chunks, kind):
        wanted = "an iterable of str, or async ones to astream" if kind is Iterable else \
            "an async iterable of str, or plain ones to stream"
        raise InputError(f"chunks is {chunks!r:.40} ({type(chunks).__name__}): pass {wanted}")


def released(chunks: Iterable[str], judge: StreamJudge) -> Generator[StreamPiece, None, None]:
    """The pieces of a stream; closes its source at the end, which is a blocked piece, an error or the last chunk.

    Args:
        chunks: the stream, cut anywhere.
        judge: a new one.
    """
    blocked = None
    source = iter(chunks)
    try:
        for piece in _pieces(source, judge):
            if piece.blocked:
                blocked = piece
                break
            yield piece
    finally:
        for each in (source, chunks):
            if close := getattr(each, "close", None):
                close()
    if blocked:  # after closing: the source need not wait for what the caller does about it
        yield blocked


async def areleased(chunks: AsyncIterable[str], judge: StreamJudge) -> AsyncGenerator[StreamPiece, None]:
    """As ``released``, for an async source; judges in a worker thread."""
    blocked = None
    source = aiter(chunks)
    try:
        async with aclosing(_apieces(source, judge)) as pieces:
            async for piece in pieces:
                if piece.blocked:
                    blocked = piece
                    break
                yield piece
    finally:
        for each in (source, chunks):
            close = getattr(each, "aclose", None) or getattr(each, "close", None)
            if close and isawaitable(closing := close()):
                await closing
    if blocked:
        yield blocked


def _pieces(chunks: Iterable[str], judge: StreamJudge) -> Iterator[StreamPiece]:
    for chunk in chunks:
        for sentence in judge.sentences(chunk):
            if piece := judge.judge(sentence):
                yield piece
    if piece := judge.finish():
        yield piece


async def _apieces(chunks: AsyncIterable[str], judge: StreamJudge) -> AsyncGenerator[StreamPiece, None]:
    from asyncio import to_thread  # slow to import, and loaded already where this runs

    async for chunk in chunks:
        for sentence in judge.sentences(chunk):
            if piece := await to_thread(judge.judge, sentence):
                yield piece
    if piece := await to_thread(judge.finish):
        yield piece
