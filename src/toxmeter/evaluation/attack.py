"""A greedy black-box attack: how many flagged texts escape when somebody may ask the model a number of times.

The word whose deletion lowers the toxic score most is rewritten first, in each way of a list, and the best kept, until
the text is not flagged any more or the queries are spent (TextFooler's order, Jin et al. 2020, with spellings in place
of synonyms). Words are respelled, never removed, so that a person still reads the same text. This module finds a way
out where there is an easy one; that it finds none proves nothing, as cleverer attacks exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError
from toxmeter.evaluation.clusters import cluster_means
from toxmeter.evaluation.guardrail import verdicts
from toxmeter.evaluation.plain import LEAST, plain
from toxmeter.evaluation.robustness import PERTURBATIONS

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from toxmeter.models.scorer import Scorer

__all__ = ["RESPELLINGS", "attack"]

Integers = npt.NDArray[np.int64]
Answer = tuple[float, bool]  # toxic score, and whether it is flagged

RESPELLINGS = ("swap", "drop", "neighbour_key", "leet", "symbols", "homoglyphs", "full_width", "zero_width",
               "spaced_words", "dotted", "stretched", "mixed_case")
"""What is tried on a word, by the names of ``PERTURBATIONS``."""

_EXAMPLES = 3
_SHOWN = 120  # characters of an example


class _Outcome(NamedTuple):
    """How the attack on a text ended."""

    text: str
    score: float
    escaped: bool
    queries: int
    changed: int
    words: int


def attack(
    scorer: Scorer,
    texts: Sequence[str],
    *,
    budget: int = 200,
    most: int = 100,
    resamples: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Attack the texts that are flagged.

    Args:
        scorer: a live one.
        texts: toxic texts; those that are not flagged are left out.
        budget: queries per text, 1 or more.
        most: attack at most so many texts.
        resamples: of the bootstrap.
        seed: of all that is drawn.

    Returns:
        plain JSON values: ``budget``; how many texts are ``flagged`` and ``attacked``; ``escaped`` – their share, with
        interval; ``within`` – pairs of a number of queries and the share that escaped with so many; of those that
        escaped, ``median_queries`` and ``words_changed`` (mean share of their words); at most three ``examples``, cut
        to 120 characters; and ``notes``. None where fewer than ten texts were attacked, or none escaped.

    Raises:
        InputError: when the budget is below 1.
    """
    if budget < 1:
        raise InputError(f"budget is {budget}: an attack takes 1 query per text or more")
    found = verdicts(scorer, texts)
    flagged = np.flatnonzero(found.unsafe)
    rows = np.sort(np.random.default_rng(seed).permutation(flagged)[:most])
    attacks = [_respell(texts[row], float(found.score[row]), budget, np.random.default_rng([seed, index]))
               for index, row in enumerate(rows)]
    outcomes = _run(scorer, attacks)
    escaped = np.array([outcome.escaped for outcome in outcomes], np.float64)
    escapes = cluster_means(escaped, np.ones((len(rows), 1), np.bool_), np.arange(len(rows)),
                            resamples=resamples, seed=seed)
    enough = len(rows) >= LEAST
    won = [(row, outcome) for row, outcome in zip(rows, outcomes, strict=True) if outcome.escaped]
    steps = sorted({step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000) if step < budget} | {budget})
    return {
        "budget": budget, "flagged": len(flagged), "attacked": len(rows),
        "escaped": escapes.share(0) if enough else None,
        "within": [[step, plain(sum(outcome.queries <= step for _, outcome in won) / len(rows))] for step in steps]
        if enough else None,
        "median_queries": plain(np.median([outcome.queries for _, outcome in won])) if won and enough else None,
        "words_changed": plain(np.mean([outcome.changed / outcome.words for _, outcome in won]))
        if won and enough else None,
        "examples": [{"before": _cut(texts[row]), "after": _cut(outcome.text), "score_before": plain(found.score[row]),
                      "score_after": plain(outcome.score), "queries": outcome.queries}
                     for row, outcome in won[:_EXAMPLES]],
        "notes": [*found.notes, *([] if enough else [f"{len(rows)} texts are flagged and were attacked: the share that"
                                                     f" escapes is not reported, it takes {LEAST}"])]}


def _run(scorer: Scorer, attacks: Sequence[Generator[list[str], list[Answer], _Outcome]]) -> list[_Outcome]:
    """Run attacks side by side, so that a round of all of them is one call of the scorer."""
    outcomes: dict[int, _Outcome] = {}
    asked: dict[int, list[str]] = {}

    def go_on(index: int, answers: list[Answer] | None) -> None:
        try:
            asked[index] = next(attacks[index]) if answers is None else attacks[index].send(answers)
        except StopIteration as end:
            outcomes[index] = end.value

    for index in range(len(attacks)):
        go_on(index, None)
    while asked:
        questions, asked = asked, {}
        found = verdicts(scorer, [text for texts in questions.values() for text in texts])
        # an attack that makes the model give no number has not escaped
        score, unsafe = np.where(found.known, found.score, np.inf), found.unsafe | ~found.known
        begin = 0
        for index, texts in questions.items():
            part = slice(begin, begin + len(texts))
            go_on(index, list(zip(score[part].tolist(), unsafe[part].tolist(), strict=True)))
            begin += len(texts)
    return [outcomes[index] for index in range(len(attacks))]


def _respell(
    text: str, score: float, budget: int, random: np.random.Generator
) -> Generator[list[str], list[Answer], _Outcome]:
    """Attack one text: yields texts to be scored, takes their answers."""
    pieces = text.split(" ")
    wordy = [place for place, word in enumerate(pieces) if any(map(str.isalnum, word))]
    # half the budget, at most, finds the words that matter
    probed = sorted(random.permutation(wordy)[: max(budget // 2, 1)].tolist()) if len(wordy) > budget // 2 else wordy
    queries = changed = 0
    without = [" ".join(pieces[:place] + pieces[place + 1 :]) for place in probed]
    drops = (yield without) if len(probed) > 1 else [(0.0, True)] * len(probed)
    queries += len(probed) if len(probed) > 1 else 0
    for _, place in sorted(zip([answer[0] for answer in drops], probed, strict=True)):
        options = list(dict.fromkeys(PERTURBATIONS[name](pieces[place], 1.0, random) for name in RESPELLINGS))
        tried = [[*pieces[:place], option, *pieces[place + 1 :]] for option in options if option != pieces[place]]
        tried = tried[: budget - queries]
        if not tried:
            continue
        answers = yield [" ".join(each) for each in tried]
        queries += len(tried)
        best = min(range(len(tried)), key=lambda at: (answers[at][1], answers[at][0]))
        lowest, still = answers[best]
        if lowest < score or not still:
            pieces, score, changed = tried[best], lowest, changed + 1
        if not still:
            return _Outcome(" ".join(pieces), score, True, queries, changed, len(wordy))
    return _Outcome(" ".join(pieces), score, False, queries, changed, len(wordy))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
