"""A checklist as blocks of a report. This module measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.report import figures
from toxmeter.evaluation.report.blocks import (
    Block,
    Figure,
    Heading,
    Note,
    Table,
    Text,
    ends,
    number,
    percent,
    share_with_interval,
)
from toxmeter.evaluation.report.texts import slugs
from toxmeter.evaluation.suites.checklist import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["blocks"]

_MOST = 0.5  # a failure rate from which on a check stands out


def blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``run_checklist``; bad is a check of which half the cases fail, good a kind without failure.

    Neither is said where there are too few cases for a rate.
    """
    return [
        Heading(f"Checklist {section['checklist']}"),
        Text(f"{section['cases']:,} made-up cases. MFT: a case is flagged or not, as its author expects. INV: a change"
             " that says nothing new must not change the decision and move the score. DIR: after a change the score may"
             " move one way only. Failures are faults to look at; no failure proves nothing about other texts."),
        *_kinds(section), *_checks(section), *_examples(section), *_judged(section),
        *(Note("missing", note) for note in section["notes"])]


def _kinds(section: Mapping[str, Any]) -> Iterator[Block]:
    rows = tuple((f"{kind}, {KINDS[kind]}", str(found["checks"]), f"{found['cases']:,}", f"{found['failures']:,}",
                  share_with_interval(found["failure_rate"])) for kind, found in section["kinds"].items())
    yield Table(("kind", "checks", "cases", "failures", "failure rate [95 %]"), rows,
                "Lower is better. The intervals are a bootstrap over templates: few templates, wide intervals.")


def _checks(section: Mapping[str, Any]) -> Iterator[Block]:
    rates = {check["name"]: ends(check["failure_rate"]) for check in section["checks"] if check["failure_rate"]}
    if rates:
        worst = max(rates, key=lambda name: rates[name][0])
        yield Figure(f"checklist-{slugs([section['checklist']])[0]}", figures.bars(rates, "failure rate"),
                     "Failure rate of each check", "0 is best.",
                     f"The highest is {percent(rates[worst][0])}, of {worst}.")
    rows = tuple((check["name"], check["about"], check["kind"], f"{check['failures']} of {check['cases']}",
                  share_with_interval(check["failure_rate"])) for check in section["checks"])
    yield Table(("check", "what it asks", "kind", "failures", "failure rate [95 %]"), rows)


def _examples(section: Mapping[str, Any]) -> Iterator[Block]:
    rows = tuple((check["name"], example["text"] if example["changed"] is None
                  else f"{example['text']} → {example['changed']}", _wanted(check, example), _scores(example))
                 for check in section["checks"] for example in check["examples"])
    if rows:
        yield Heading("Failures", 3)
        yield Table(("check", "case", "expected", "toxic score"), rows, "At most three of each check, the worst first.")


def _wanted(check: Mapping[str, Any], example: Mapping[str, Any]) -> str:
    if check["kind"] == "MFT":
        return str(example["expected"])
    return "the same decision" if check["kind"] == "INV" else f"not {'down' if check['direction'] == 'up' else 'up'}"


def _scores(example: Mapping[str, Any]) -> str:
    after = example["changed_score"]
    return number(example["score"], 2) + ("" if after is None else f" → {number(after, 2)}")


def _judged(section: Mapping[str, Any]) -> Iterator[Block]:
    bad = [check["name"] for check in section["checks"]
           if check["failure_rate"] and check["failure_rate"]["value"] >= _MOST]
    if bad:
        yield Note("bad", f"Half of the cases or more fail: {', '.join(bad)}.")
    for kind, found in section["kinds"].items():
        if found["failure_rate"] and not found["failures"]:
            yield Note("good", f"No case of {kind} fails.")
