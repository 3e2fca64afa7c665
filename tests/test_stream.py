"""Streams: cut anywhere, released sentence by sentence, stopped at what is unsafe, with nothing lost on the way."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import aclosing, closing
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import InputError, PolicyError, ToxmeterError
from toxmeter.guard import StreamPiece, TextGuardrail
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.policy import Policy
from toxmeter.stream import SentenceBuffer
from toxmeter.text import sentences

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from toxmeter.models.scorer import FloatArray

BAD = "insult=0.9"
PARTS = ["Well", "hello.", "And", "so", "on!", "\n", "  ", "一。", "」", "...", "fool", "nice", "kill", "the",
         "process", "x" * 50, "\ud83d", "\ude00", BAD]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=60).map(" ".join)
TRICKY = st.text(
    st.sampled_from("ab.!?…。！」”\"') \n\t\r\u00a0\u3000\u2028\u0301\ud800😀") | st.characters(), max_size=200)
CUTS = st.lists(st.integers(0, 200), max_size=30)
LISTS = Policy(deny=["nice fool", "the process"], allow=["kill the process", "hello. and"], review=0.05)


class Counting(DummyScorer):
    """Counts the characters that it scores, and knows the thread that it ran in."""

    def __init__(self) -> None:
        super().__init__()
        self.characters = 0
        self.threads: set[int] = set()

    def score(self, texts: Sequence[str]) -> FloatArray:
        self.characters += sum(map(len, texts))
        self.threads.add(threading.get_ident())
        return super().score(texts)


class Source:
    """Chunks that remember how many were taken, and whether they were closed."""

    def __init__(self, chunks: Iterable[str]) -> None:
        self.chunks = iter(chunks)
        self.taken = 0
        self.closed = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        chunk = next(self.chunks)
        self.taken += 1
        return chunk

    def close(self) -> None:
        self.closed = True


class AsyncSource(Source):
    """The same for ``async for``."""

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        try:
            return next(self)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self.close()


def guardrail(**policy: Any) -> TextGuardrail:
    return TextGuardrail(DummyScorer(), policy=Policy(**policy))


def stream(chunks: Iterable[str], **policy: Any) -> list[StreamPiece]:
    """The pieces of a stream; a str stands for its characters."""
    return list(guardrail(**policy).stream(iter(chunks)))


def astream(chunks: Iterable[str], guard: TextGuardrail | None = None) -> list[StreamPiece]:
    async def collect() -> list[StreamPiece]:
        return [piece async for piece in (guard or guardrail()).astream(AsyncSource(chunks))]

    return asyncio.run(collect())


def shown(pieces: Iterable[StreamPiece]) -> list[str]:
    return [piece.text for piece in pieces]


def cut(text: str, places: Iterable[int]) -> list[str]:
    """The text in chunks, some of them empty."""
    return [text[begin:end] for begin, end in pairwise([0, *sorted(min(p, len(text)) for p in places), len(text)])]


# ---------------------------------------------------------------- sentences


def buffered(chunks: Iterable[str], limit: int = 400) -> list[str]:
    buffer = SentenceBuffer(limit)
    done = [sentence for chunk in chunks for sentence in buffer.push(chunk)]
    assert all(done)
    return [*done, buffer.rest()]


@pytest.mark.parametrize(("text", "expected"), [
    ("", [""]),
    (" \n", [" \n"]),
    ("One. Two", ["One.", " Two"]),
    ("One.\n\nTwo!  ", ["One.", "\n\nTwo!", "  "]),
    ("no stop \nnext", ["no stop", " \nnext"]),
    ("pi is 3.14 or so", ["pi is 3.14 or so"]),
    ("一。」二。", ["一。」", "二。"]),
    ("The end.", ["The end."]),
])
def test_a_sentence_takes_the_white_space_before_it(text: str, expected: list[str]) -> None:
    assert buffered([text]) == buffered(text) == expected


@given(TRICKY)
def test_sentences_end_where_those_of_a_whole_text_end(text: str) -> None:
    *done, rest = buffered(text)
    ends = [sum(map(len, done[:count + 1])) for count in range(len(done))]
    whole = [end for _, end in sentences(text)]
    assert ends in (whole, whole[:-1])
    assert not rest.strip() or ends == whole[:-1]


@given(TRICKY, CUTS, st.integers(1, 40))
def test_any_cutting_gives_the_same_sentences(text: str, places: list[int], limit: int) -> None:
    found = buffered(cut(text, places), limit)
    assert found == buffered(text, limit) == buffered([text], limit)
    assert "".join(found) == text
    assert max(map(len, found)) <= limit


@pytest.mark.parametrize(("chunks", "after"), [
    (["Hello", ".", " ", "You"], 3),
    (["Hello.", " You"], 2),
    (["Hello. You"], 1),
    (["a line", "\n", "more"], 2),
    (["一。", "二"], 2),
    (['He said "go.', '"', " Then"], 3),
])
def test_a_sentence_comes_as_soon_as_its_end_is_certain(chunks: list[str], after: int) -> None:
    source = Source(chunks)
    next(guardrail().stream(source))
    assert source.taken == after


def test_an_endless_sentence_is_cut_before_white_space() -> None:
    *done, rest = buffered("word " * 1_000)
    assert {len(sentence) for sentence in done[1:]} == {400}
    assert all(sentence.startswith(" word") and sentence.endswith("word") for sentence in done[1:])
    assert 0 < len(rest) <= 400


@pytest.mark.parametrize("unit", ["x", " ", ".", "。", "\n", "”", "\ud800"])
def test_what_has_no_place_to_cut_is_cut_anywhere(unit: str) -> None:
    text = unit * 5_000
    assert "".join(buffered(text)) == "".join(buffered([text])) == text
    assert max(map(len, buffered(text))) <= 400


@pytest.mark.parametrize("unit", ["x", "word ", "No. ", " ", ".", "一二三"])
def test_cutting_takes_linear_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    started = time.perf_counter()
    assert "".join(buffered([text])) == text
    assert "".join(buffered(text[:20_000])) == text[:20_000]
    assert time.perf_counter() - started < 10


# ---------------------------------------------------------------- pieces


def test_safe_text_comes_out_as_it_went_in() -> None:
    pieces = stream(["How ", "are", "", " you? I", " am fine.\n", "\tBye "])
    assert shown(pieces) == ["How are you?", " I am fine.", "\n\tBye "]
    assert [(piece.begin, piece.end) for piece in pieces] == [(0, 12), (12, 23), (23, 29)]
    assert not any(piece.blocked or piece.held for piece in pieces)


def test_the_first_unsafe_sentence_is_the_end_and_is_not_shown() -> None:
    pieces = stream(["Fine. ", "Now ", BAD, ". ", "More. Much more."])
    assert shown(pieces) == ["Fine.", ""]
    last = pieces[-1]
    assert (last.blocked, last.held, last.begin, last.end) == (True, f" Now {BAD}.", 5, 21)
    assert (last.verdict.label, last.verdict.flagged) == ("unsafe", ("insult",))


def test_a_verdict_ends_where_its_piece_ends() -> None:
    text = f"A first sentence of some length. A second sentence of some length. Third {BAD}"
    for piece in stream(text, deny=["buy followers"]):
        assert text[:piece.end].endswith(piece.verdict.text)
        assert piece.verdict.text.endswith(piece.text + piece.held)


def test_what_a_person_should_look_at_is_released() -> None:
    pieces = stream(["Hm insult=0.45. Hm insult=0.55. Fine."], review=0.1)
    assert [piece.verdict.action for piece in pieces[:2]] == ["review", "review"]
    assert [piece.verdict.label for piece in pieces[:2]] == ["safe", "unsafe"]
    assert "".join(shown(pieces)) == "Hm insult=0.45. Hm insult=0.55. Fine."


@pytest.mark.parametrize("text", ["hello", f"{BAD} hello", " ", "a fool."])
def test_a_single_sentence_gets_the_verdict_of_check_text(text: str) -> None:
    guard = guardrail(deny=["fool"])
    (piece,) = guard.stream([text])
    assert piece.verdict == guard.check_text(text)


@pytest.mark.parametrize("chunks", [[], [""], ["", ""]])
def test_an_empty_stream_has_no_pieces(chunks: list[str]) -> None:
    assert stream(chunks) == []


def test_blank_text_is_released_unscored() -> None:
    scorer = Counting()
    pieces = list(TextGuardrail(scorer).stream([" ", "\n", " "]))
    assert (shown(pieces), scorer.characters) == ([" \n "], 0)
    assert shown(stream(["Hello.", " \n"])) == ["Hello.", " \n"]


def test_what_ends_the_source_is_judged_too() -> None:
    assert stream(["Fine. ", BAD])[-1].blocked


def test_the_halves_of_a_character_may_come_apart() -> None:
    assert "".join(shown(stream(["a \ud83d", "\ude00", " b"]))) == "a \ud83d\ude00 b"


@given(TEXTS, CUTS)
def test_any_cutting_gives_the_same_pieces(text: str, places: list[int]) -> None:
    guard = TextGuardrail(DummyScorer(), policy=LISTS)
    expected = list(guard.stream([text]))
    assert list(guard.stream(cut(text, places))) == expected
    assert list(guard.stream(text[at] for at in range(len(text)))) == expected


@given(TRICKY | TEXTS, CUTS)
def test_nothing_is_lost_or_altered(text: str, places: list[int]) -> None:
    pieces = list(TextGuardrail(DummyScorer(), policy=LISTS).stream(cut(text, places)))
    whole = "".join(piece.text + piece.held for piece in pieces)
    blocked = [piece.blocked for piece in pieces]
    assert text.startswith(whole) if any(blocked) else whole == text
    assert not any(blocked[:-1])
    for piece in pieces:
        assert text[piece.begin:piece.end] == piece.text + piece.held
        assert bool(piece.held) == piece.blocked == (not piece.text)


@given(st.lists(st.sampled_from(["kill", "the", "process", "fool.", "fool", "nice", BAD]).flatmap(
    lambda word: st.sampled_from([" ", " ", "\n"]).map(lambda space: space + word)), max_size=50).map("".join))
def test_a_stream_is_blocked_where_the_whole_text_would_be(text: str) -> None:
    guard = guardrail(deny=["nice fool", "the process", "fool nice kill"],
                      allow=["kill the process", f"{BAD} the fool", f"fool {BAD} {BAD}", "so nice fool. The kill"])
    blocked = guard.check_text(text).action == "block"
    assert [piece.blocked for piece in guard.stream(iter(text))][-1:] == ([blocked] if text else [])


# ---------------------------------------------------------------- what is judged together


class Diluting(DummyScorer):
    """Scores an insult by the share of the text that it makes up, and one that spans sentences."""

    def _score_short(self, texts: list[str]) -> FloatArray:
        scores = np.zeros((len(texts), len(self.labels)), np.float32)
        scores[:, 0] = [8 * text.count("idiot") / max(len(text), 1) or 0.9 * ("go. Die" in text.replace("\n1.", ""))
                        for text in texts]
        return scores


def test_a_sentence_is_judged_by_itself_since_others_may_hide_it() -> None:
    guard = TextGuardrail(Diluting())
    text = "The weather is nice this week, and the garden does well. You idiot."
    assert guard.check_text(text).label == "safe"
    assert [piece.blocked for piece in guard.stream([text])] == [False, True]


@pytest.mark.parametrize("after", ["process soon", "garden"])
def test_a_sentence_that_waits_for_its_phrase_to_end_is_judged_by_itself(after: str) -> None:
    guard = TextGuardrail(Diluting(), policy=Policy(allow=["the idiot process"]))
    text = f"Nice. See the idiot\n{after} does very well, and all of the neighbours have come to look at it. Bye."
    pieces = list(guard.stream([text]))
    assert [piece.blocked for piece in pieces] == ([False] * 3 if after == "process soon" else [False, True])


def test_a_sentence_is_judged_with_the_one_before_it() -> None:
    pieces = list(TextGuardrail(Diluting()).stream(["You can just go.", " Die now. Bye."]))
    assert [piece.blocked for piece in pieces] == [False, True]


def test_a_number_is_no_sentence_to_judge_the_next_one_with() -> None:
    pieces = list(TextGuardrail(Diluting()).stream(["You can just go.", "\n1. Die now. Bye."]))
    assert [piece.blocked for piece in pieces] == [False, False, True]


def test_no_more_than_that_is_judged_again() -> None:
    pieces = stream("".join(f"A sentence that is {'very ' * (count % 5)}short and ends. " for count in range(40)))
    for before, piece in pairwise(pieces):
        assert piece.verdict.text == before.text + piece.text


def test_classes_that_exclude_each_other_are_summed() -> None:
    labels = LabelSet(("hate", "offensive", "neither"), "multiclass", ("hate", "offensive"))
    guard = TextGuardrail(DummyScorer(labels))
    pieces = list(guard.stream(["Fine neither=1.0. ", "hate=0.375 offensive=0.375 neither=0.25."]))
    assert [piece.blocked for piece in pieces] == [False, True]


def test_a_small_window_of_the_model_is_no_obstacle() -> None:
    guard = TextGuardrail(DummyScorer(window=20))
    pieces = list(guard.stream(["Some words in front, and more words, then " + BAD + " and words again. Bye."]))
    assert pieces[0].blocked
    assert [span.label for span in pieces[0].verdict.spans] == ["insult"]


# ---------------------------------------------------------------- lists


@pytest.mark.parametrize("chunks", [
    ["You can buy foll", "owers here."],
    ["B", "UY", "  ", "Followers"],
    ["Here you can buy\n", "\n followers. Or not."],
    ["word " * 78 + "I say buy", " followers are here. ", "So."],
    ["word " * 79 + "buy", " followers are here. ", "So."],
])
def test_a_denied_phrase_is_found_across_chunks_and_sentences(chunks: list[str]) -> None:
    pieces = stream(chunks, deny=["buy followers"])
    assert pieces[-1].blocked
    assert [span.source for span in pieces[-1].verdict.spans] == ["deny"]
    assert not any("ollowers" in text for text in shown(pieces))


def test_the_longest_denied_phrase_fits_in_what_is_looked_at() -> None:
    lines = [f"line {number}" for number in range(200)]
    phrase = "\n".join(lines)
    text = "Well.\n" + "\n\u200b".join(lines) + "\nThe end."
    pieces = stream(text, deny=[phrase])
    assert (pieces[-1].blocked, pieces[-1].held) == (True, "\n\u200bline 199")
    assert not any(piece.blocked for piece in stream(text.replace("line 100", "line"), deny=[phrase]))


def test_a_denied_phrase_in_what_was_released_for_good_reason_does_not_count_again() -> None:
    text = "We kill the\nprocess. " + "And so on, for ever and ever. " * 20
    assert "".join(shown(stream(text, deny=["process", "the process"], allow=["kill the process"]))) == text


@pytest.mark.parametrize("cut_at", range(0, 30, 3))
@pytest.mark.parametrize("text", [
    "We insult=0.9 the process. Bye.",
    "We insult=0.9\nthe process. Bye.",
    "We insult=0.9 the\n\nprocess.\nBye.",
    "We insult=0.9\nthe\nprocess",
    "word " * 77 + "insult=0.9 the process and so on.",
    "A line to begin with. " * 20 + "Then\ninsult=0.9\nthe\nprocess. " + "More lines to end with. " * 20,
])
def test_an_allowed_phrase_keeps_its_effect_across_sentences(text: str, cut_at: int) -> None:
    pieces = stream(cut(text, [cut_at, len(text) - cut_at]), allow=["insult=0.9 the process"])
    assert "".join(shown(pieces)) == text
    assert "allow" in {span.source for piece in pieces for span in piece.verdict.spans}


@pytest.mark.parametrize(("text", "held"), [
    ("Ok. We insult=0.9\nthe procession. Bye.", " We insult=0.9\nthe procession."),
    ("Ok. We insult=0.9\nthe", " We insult=0.9\nthe"),
    ("Ok. We insult=0.9\n", " We insult=0.9\n"),
    ("Ok. We insult=0.9 a\nprocess. Bye.", " We insult=0.9 a"),
])
def test_the_beginning_of_an_allowed_phrase_alone_lifts_nothing(text: str, held: str) -> None:
    pieces = stream(text, allow=["insult=0.9 the process"])
    assert (shown(pieces), pieces[-1].held) == (["Ok.", ""], held)


def test_waiting_for_an_allowed_phrase_has_an_end() -> None:
    source = Source(["a\n"] * 10_000)
    pieces = list(guardrail(deny=["a"], allow=["a a a b"]).stream(source))
    assert pieces[-1].blocked
    assert source.taken < 1_000


@pytest.mark.parametrize("allow", [["\u200b hello there"], [" hello  there "], ["一。二"], ["Mr. Fool vs. State"]])
def test_odd_allowed_phrases(allow: list[str]) -> None:
    text = f"So {allow[0].strip()} it is. Bye."
    assert "".join(shown(stream(text, deny=["hello", "一", "Fool"], allow=allow))) == text


def test_communities_have_rules_of_their_own() -> None:
    guard = guardrail(communities={"kids": Policy(deny=["darn"])})
    assert not any(piece.blocked for piece in guard.stream(["Oh darn."]))
    assert [piece.blocked for piece in guard.stream(["Oh darn."], community="kids")] == [True]


# ---------------------------------------------------------------- the source


def test_the_source_is_closed_before_the_blocked_piece_comes() -> None:
    source = Source(["Fine. ", f"{BAD}. ", "More. ", "More."])
    for piece in guardrail().stream(source):
        assert source.closed == piece.blocked
    assert source.taken == 2


def test_a_caller_who_stops_early_closes_the_source() -> None:
    source = Source(["Fine. ", "Fine. ", "Fine. "])
    with closing(guardrail().stream(source)) as pieces:
        next(pieces)
    assert (source.closed, source.taken) == (True, 1)


def test_a_generator_is_closed_too() -> None:
    ended = []

    def tokens() -> Iterator[str]:
        try:
            yield from ["Fine. ", f"{BAD} ", ". ", "More."]
        finally:
            ended.append(True)

    source = tokens()
    assert stream(source)[-1].blocked
    assert ended == [True]


def test_a_response_that_makes_its_iterator_is_closed() -> None:
    class Response:
        closed = False

        def __iter__(self) -> Iterator[str]:
            yield "Hello."

        def close(self) -> None:
            self.closed = True

    response = Response()
    assert shown(guardrail().stream(response)) == ["Hello."]
    assert response.closed


def failing(error: BaseException) -> Iterator[str]:
    yield "Fine. Not"
    raise error


def test_errors_of_the_source_pass_and_what_was_held_stays_held() -> None:
    source = Source(failing(ConnectionError("gone")))
    pieces = guardrail().stream(source)
    assert next(pieces).text == "Fine."
    with pytest.raises(ConnectionError, match="gone"):
        next(pieces)
    assert source.closed


def test_a_broken_model_closes_the_source() -> None:
    class Broken(DummyScorer):
        def score(self, texts: Sequence[str]) -> FloatArray:
            return np.full((len(texts), len(self.labels)), np.nan, np.float32)

    source = Source(["Hello. ", "You"])
    with pytest.raises(ToxmeterError, match="answers NaN"):
        list(TextGuardrail(Broken()).stream(source))
    assert source.closed


@pytest.mark.parametrize("bad", [None, 3, 2.5, b"bytes", ["list"]])
def test_a_chunk_that_is_no_text_is_named_by_its_index(bad: Any) -> None:
    for collect in (stream, astream):
        with pytest.raises(InputError, match=r"chunks\[2\] is .*every chunk is a str"):
            collect(["good", "", bad])


@pytest.mark.parametrize("bad", ["hello", b"hello", None, 3])
def test_what_is_no_stream_is_refused_at_once(bad: Any) -> None:
    with pytest.raises(InputError, match="chunks is "):
        guardrail().stream(bad)
    with pytest.raises(InputError, match="chunks is "):
        guardrail().astream(bad)


def test_each_kind_of_source_has_its_own_method() -> None:
    async def tokens() -> AsyncIterator[str]:
        yield "hello"

    with pytest.raises(InputError, match="to astream"):
        guardrail().stream(tokens())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="to stream"):
        guardrail().astream(["hello"])  # type: ignore[arg-type]


def test_an_unknown_community_is_an_error_at_once() -> None:
    guard = guardrail(communities={"kids": Policy()})
    with pytest.raises(PolicyError, match="did you mean 'kids'"):
        guard.stream([], community="kid")
    with pytest.raises(PolicyError, match="did you mean 'kids'"):
        guard.astream(AsyncSource([]), community="kid")


# ---------------------------------------------------------------- cost


@pytest.mark.parametrize(("text", "most"), [
    ("Plain words in a sentence of usual length. " * 500, 3),
    ("words without a stop " * 1_000, 3),
    ("x" * 20_000, 3),
    ("Short. Ones. " * 1_500, 10),
    ("。a" * 3_000, 20),
])
@pytest.mark.parametrize("policy", [Policy(), Policy(deny=["y " * 500], allow=["z " * 500])], ids=["", "lists"])
def test_the_work_grows_with_the_length_of_the_stream(text: str, most: int, policy: Policy) -> None:
    for length in (len(text) // 4, len(text)):
        scorer = Counting()
        pieces = TextGuardrail(scorer, policy=policy).stream(iter(text[:length]))  # one character each
        assert "".join(shown(pieces)) == text[:length]
        assert length <= scorer.characters <= most * length


def test_a_megabyte_in_one_chunk() -> None:
    text = "Words in a sentence. " * 50_000
    assert sum(len(piece.text) for piece in guardrail(deny=["fool"]).stream([text])) == len(text)


# ---------------------------------------------------------------- async


@given(TEXTS, CUTS)
def test_async_streams_give_the_same_pieces(text: str, places: list[int]) -> None:
    guard = TextGuardrail(DummyScorer(), policy=LISTS)
    assert astream(cut(text, places), guard) == list(guard.stream([text]))


def test_the_event_loop_does_not_judge() -> None:
    scorer = Counting()
    astream(["Hello. ", "Bye"], TextGuardrail(scorer))
    assert scorer.threads
    assert threading.get_ident() not in scorer.threads


def test_the_event_loop_goes_on_while_a_sentence_is_judged() -> None:
    class Waiting(DummyScorer):
        def score(self, texts: Sequence[str]) -> FloatArray:
            assert released.wait(timeout=30), "the loop stood still"
            return super().score(texts)

    released = threading.Event()

    async def main() -> list[StreamPiece]:
        asyncio.get_running_loop().call_later(0.01, released.set)
        return [piece async for piece in TextGuardrail(Waiting()).astream(AsyncSource(["Hello."]))]

    assert shown(asyncio.run(main())) == ["Hello."]


def test_an_async_source_is_closed_before_the_blocked_piece_comes() -> None:
    source = AsyncSource(["Fine. ", f"{BAD}. ", "More. "])

    async def main() -> None:
        async for piece in guardrail().astream(source):
            assert source.closed == piece.blocked

    asyncio.run(main())
    assert source.taken == 2


def test_a_caller_who_stops_early_closes_an_async_source() -> None:
    source = AsyncSource(["Fine. ", "Fine. "])

    async def main() -> None:
        async with aclosing(guardrail().astream(source)) as pieces:
            await anext(pieces)

    asyncio.run(main())
    assert source.closed


def test_a_cancelled_task_closes_an_async_source() -> None:
    class Stuck(AsyncSource):
        async def __anext__(self) -> str:
            await asyncio.sleep(60)
            return "never"

    source = Stuck([])

    async def main() -> None:
        async with asyncio.timeout(0.01):
            async for _ in guardrail().astream(source):
                pass

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert source.closed


def test_a_response_is_closed_whatever_its_method_is_called() -> None:
    class Response:
        closed = ""

        def __aiter__(self) -> AsyncIterator[str]:
            return AsyncSource(["Hello"])

        async def close(self) -> None:
            self.closed = "closed"

    response = Response()

    async def main() -> list[str]:
        return [piece.text async for piece in guardrail().astream(response)]

    assert asyncio.run(main()) == ["Hello"]
    assert response.closed == "closed"


def test_errors_of_an_async_source_pass() -> None:
    async def main() -> None:
        async for piece in guardrail().astream(source):
            assert piece.text == "Fine."

    source = AsyncSource(failing(ConnectionError("gone")))
    with pytest.raises(ConnectionError, match="gone"):
        asyncio.run(main())
    assert source.closed
