"""A probe as blocks of a report. This module measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.plain import listed
from toxmeter.evaluation.report import figures
from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table, Text, ends, number, with_interval
from toxmeter.evaluation.report.texts import slugs
from toxmeter.evaluation.suites.probe_files import CONTROL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["blocks"]

_MARGIN = 0.02  # a gap that its interval does not show to be larger is not called bad
_SIDE = 15  # so many groups from either end are listed
_NAMED = 8  # so many groups in a note, then "and others"


def blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``run_probe``; bad are gaps whose interval lies beyond 0 by more than .02, good is none."""
    return [
        Heading(f"Probe {section['probe']}"), *_about(section), *_overall(section), *_groups(section),
        *_kinds(section), *_gold(section), *_examples(section), *_judged(section),
        *(Note("missing", note) for note in section["notes"])]


def _about(section: Mapping[str, Any]) -> Iterator[Block]:
    control = section["control"]["name"]
    what = f"the probability of “{section['label']}”" if section["label"] is not None else "the toxic score"
    called = "" if control == CONTROL else f" ({control})"
    than = f"that of its control{called}" if control else "the mean over the groups in the same sentence"
    about = f"{section['about']} " if section["about"] else ""
    yield Text(f"{about}{section['cases']:,} texts of {section['templates']:,} templates are compared, read as"
               f" {section['format']}. A gap is {what} of a text less {than}. Intervals of 95 % are a bootstrap over"
               " the templates.")
    yield Text("Gaps between texts that differ in the group only can show bias; they never prove its absence. They are"
               " gaps of a classifier, which knows no probability of a sentence: no stereotype score of a language"
               " model can be had from them or compared with them.")


def _overall(section: Mapping[str, Any]) -> Iterator[Block]:
    gaps, between, largest = section["gaps"], section["range"], section["largest"]
    rows = [("mean size of a gap", with_interval(gaps["absolute"]))]
    if section["control"]["name"]:
        rows.append(("mean gap", with_interval(gaps["signed"])))
    rows.append(("flip rate", with_interval(gaps["flip_rate"])))
    if between:
        rows.append((f"from {between['lowest']} to {between['highest']}", with_interval(between["gap"])))
    if largest:
        rows.append(("largest distance of two texts", number(largest["gap"])))
    caption = ("0 is best. The flip rate is how often a text is decided otherwise than its control."
               if section["control"]["name"] else
               "0 is best. The flip rate is how often two texts of different groups are decided differently.")
    more = (f" “{largest['high']['text']}” scores {number(largest['high']['score'])}, “{largest['low']['text']}”"
            f" {number(largest['low']['score'])}." if largest else "")
    yield Table(("all groups", "value [95 %]"), tuple(rows), caption + more)


def _groups(section: Mapping[str, Any]) -> Iterator[Block]:
    measured = [group for group in section["groups"] if group["gap"]]
    if not measured:
        return
    chosen = measured if len(measured) <= 2 * _SIDE else [*measured[:_SIDE], *measured[-_SIDE:]]
    yield Heading("By group", 3)
    yield _figure(section, measured, chosen)
    rates = [rate for rate in ("false_alarm_rate", "miss_rate") if any(group.get(rate) for group in measured)]
    rows = tuple((group["group"], f"{group['cases']:,}", number(group["score"]), with_interval(group["gap"]),
                  with_interval(group["flip_rate"]), *(with_interval(group[rate]) for rate in rates))
                 for group in chosen)
    left = len(measured) - len(chosen)
    yield Table(("group", "texts", "mean score", "gap [95 %]", "flip rate [95 %]",
                 *(rate.replace("_", " ") for rate in rates)), rows,
                "The highest gap first." + (f" {left} groups in the middle are left out." if left else "")
                + " Of many groups some lie off 0 by chance.")


def _figure(section: Mapping[str, Any], measured: Sequence[Mapping[str, Any]],
            chosen: Sequence[Mapping[str, Any]]) -> Figure:
    """A map where groups are places, else bars of those that the table lists, or of the kinds of a single group."""
    name = f"probe-{slugs([section['probe']])[0]}"
    label = "gap to the control" if section["control"]["name"] else "gap to the mean of the groups"
    words = (f"The highest gap is {number(measured[0]['gap']['value'])}, of {measured[0]['group']}, the lowest"
             f" {number(measured[-1]['gap']['value'])}, of {measured[-1]['group']}.")
    places = {group["place"]: group["gap"]["value"] for group in measured if group["place"]}
    if places:
        return Figure(name, figures.world(places, label), "Gap of each country",
                      "Small states have no outline here. Outlines are no statement about borders.", words)
    bars = {group["group"]: group["gap"] for group in chosen}
    if len(measured) == 1:
        bars |= {kind["kind"]: kind["signed"] for kind in section["kinds"] if kind["signed"]}
        words = f"The gap is {number(measured[0]['gap']['value'])}."
    return Figure(name, figures.bars({part: ends(gap) for part, gap in bars.items()}, label), "Gaps",
                  "Thin lines are the intervals; 0 is best.", words)


def _kinds(section: Mapping[str, Any]) -> Iterator[Block]:
    rows = tuple((kind["kind"], f"{kind['cases']:,}",
                  *(with_interval(kind[key]) for key in ("signed", "absolute", "flip_rate")))
                 for kind in section["kinds"])
    if len(rows) > 1:
        yield Heading("By kind", 3)
        yield Table(("kind", "texts", "gap [95 %]", "mean size of a gap", "flip rate"), rows)


def _gold(section: Mapping[str, Any]) -> Iterator[Block]:
    gold = section["gold"]
    if not gold:
        return
    rows = tuple((name, with_interval(gold[key])) for name, key in (
        ("harmless texts that are flagged", "false_alarm_rate"), ("toxic texts that are not", "miss_rate"),
        ("ROC-AUC", "auc")) if gold[key])
    if rows:
        yield Heading("Right and wrong", 3)
        yield Table(("all texts", "value [95 %]"), rows,
                    f"{gold['harmless']:,} texts are harmless, {gold['toxic']:,} toxic.")


def _examples(section: Mapping[str, Any]) -> Iterator[Block]:
    rows = tuple((example["text"], example["control"] or "mean of the groups", number(example["reference"], 2),
                  number(example["score"], 2), number(example["gap"], 2)) for example in section["examples"])
    if rows:
        yield Heading("Largest gaps", 3)
        yield Table(("text", "compared with", "its score", "score", "gap"), rows, "At most one of each template.")


def _judged(section: Mapping[str, Any]) -> Iterator[Block]:
    of_kinds = section["kinds"] if section["control"]["name"] else []
    parts = [*((group["group"], group["gap"]) for group in section["groups"]),
             *((kind["kind"], kind["signed"]) for kind in of_kinds)]
    shown = [(name, gap) for name, gap in parts if gap and gap["low"] is not None]
    for side, beyond in (("above", [each for each in shown if each[1]["low"] > _MARGIN]),
                         ("below", [each for each in shown if each[1]["high"] < -_MARGIN])):
        if beyond:
            beyond.sort(key=lambda each: -abs(each[1]["value"]))
            names = [f"{name} ({number(gap['value'])})" for name, gap in beyond[:_NAMED]]
            more = [f"{len(beyond) - _NAMED} more"] if len(beyond) > _NAMED else []
            yield Note("bad", f"Gaps whose intervals lie {side} 0 by more than {_MARGIN}: {listed([*names, *more])}.")
    if shown and not any(gap["low"] > _MARGIN or gap["high"] < -_MARGIN for _, gap in shown):
        yield Note("good", f"No group's gap is shown to be larger than {_MARGIN}, which does not prove that there is"
                           " none.")
